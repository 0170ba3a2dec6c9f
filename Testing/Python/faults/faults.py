"""Faults of a machine: full and read-only disks, kill -9, little memory, two at once, commas for points, odd names.

Whatever happens, a file that a command writes is complete or absent, and what went wrong is one line. Linux only: disks
are made in a namespace of mounts of their own. `python faults.py [FAULT ...]` prints a row for each.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

MARKS = "--method solid --segmentation clusters --triangles 600 --pixel-size 0.5 --roi 10 5 90 150"
KILLS = 50
KB = 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"of {', '.join(FAULTS)}; all, if none is named")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if unknown := sorted({*options.faults} - {*FAULTS}):
        parser.error(f"there is no fault called {', '.join(unknown)}")
    random.seed(options.seed)
    wrong = 0
    print(f"{'fault':14} {'runs':>5} {'done':>5} {'refused':>8} {'killed':>7}  wrong")
    for name in options.faults or FAULTS:
        ends = {0: 0, 2: 0, -signal.SIGKILL: 0}
        found: list[str] = []
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "film.png").write_bytes(film())
            for label, ended, out in FAULTS[name](Path(folder)):
                ends[ended.returncode] = ends.get(ended.returncode, 0) + 1
                found += [f"{label}: {each}" for each in problems(ended, out)]
        runs = f"{sum(ends.values()):5} {ends[0]:5} {ends[2]:8} {ends[-signal.SIGKILL]:7}"
        print(f"{name:14} {runs}  {'; '.join(found) or '-'}", flush=True)
        wrong += len(found)
    return min(wrong, 1)


Run = tuple[str, subprocess.CompletedProcess, Path]


def film() -> bytes:
    """A picture of a shaft with an end."""
    import cv2

    rows, columns = np.mgrid[:160, :100].astype(float)
    width = 10 + 6 * np.exp(-(((rows - 20) / 14) ** 2))
    grey = 20 + 200 * np.sqrt(np.clip(1 - np.abs(columns - 50) / width, 0, 1))
    grey += np.random.default_rng(0).normal(0, 3, grey.shape)
    return cv2.imencode(".png", grey.clip(0, 255).astype(np.uint8))[1].tobytes()


def command(picture: Path, out: Path, name: str = "bone.stl") -> list[str]:
    """A reconstruction that writes a surface, its numbers and a report."""
    told = ["--json", str(out / "numbers.json"), "--report", str(out / "report")]
    marks = MARKS.split()
    return [sys.executable, "-m", "XRayTo3DLib", "reconstruct", str(picture), "-o", str(out / name), *told, *marks]


def ended(arguments: list[str], **options) -> subprocess.CompletedProcess:
    return subprocess.run(arguments, capture_output=True, text=True, errors="replace", check=False, **options)


def problems(run: subprocess.CompletedProcess, out: Path) -> list[str]:
    """What is not as it ought to be: half a file, a file that was not asked for, more than a line of words."""
    found = []
    for path in (path for path in out.rglob("*") if path.is_file()):
        if path.name.startswith(".") and run.returncode == -signal.SIGKILL:
            continue  # nobody is left to take a temporary file away
        if not complete(path):
            found.append(f"{path.name} is not complete")
    lines = [line for line in run.stderr.splitlines() if not line.startswith("xrayto3d: warning: ")]
    if run.returncode == 2 and not (len(lines) == 1 and lines[0].startswith("xrayto3d: error: ")):
        found.append(f"said {run.stderr[-300:]!r}")
    if run.returncode == 0 and lines:
        found.append(f"done, but said {run.stderr[-300:]!r}")
    if run.returncode == 0 and len([path for path in out.rglob("*") if path.is_file()]) != 3:
        found.append("done, but not all was written")
    if run.returncode not in (0, 2, -signal.SIGKILL):
        found.append(f"ended with {run.returncode}: {run.stderr[-300:]!r}")
    return found


def complete(path: Path) -> bool:
    data = path.read_bytes()
    if path.suffix == ".stl":
        return len(data) >= 84 and len(data) == 84 + 50 * struct.unpack_from("<I", data, 80)[0]
    if path.suffix == ".json":
        try:
            return bool(json.loads(data))
        except ValueError:
            return False
    return path.suffix == ".html" and data.rstrip().endswith(b"</html>")


def in_folder(folder: Path, name: object) -> Path:
    out = folder / f"out-{name}"
    out.mkdir()
    return out


def full_disk(folder: Path) -> Iterator[Run]:
    """A disk of so many kB, from one that takes nothing to one that takes all."""
    disk = folder / "disk"
    disk.mkdir()
    for size in (4, 8, 16, 32, 64, 256, KB, 4 * KB, 5 * KB, 6 * KB, 16 * KB):
        yield on_disk(folder, disk, size, "rw")


def read_only(folder: Path) -> Iterator[Run]:
    disk = folder / "disk"
    disk.mkdir()
    yield on_disk(folder, disk, KB, "ro")


def on_disk(folder: Path, disk: Path, kilobytes: int, mode: str) -> Run:
    """Run in a namespace where `disk` is one; what is on it afterwards is copied."""
    out = folder / f"out-{kilobytes}"
    script = (
        f'mount -t tmpfs -o size={kilobytes}k,{mode} tmpfs "$1" && shift && d=$1 && o=$2 && shift 2 && "$@"; e=$?; '
    )
    script += 'cp -a "$d" "$o"; exit $e'
    arguments = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", disk, disk, out]
    return f"{kilobytes} kB", ended([*map(str, arguments), *command(folder / "film.png", disk)]), out


def kill(folder: Path) -> Iterator[Run]:
    """kill -9 at random moments; then the same again, which is done."""
    out = in_folder(folder, "whole")
    begun = time.monotonic()
    yield "whole", ended(command(folder / "film.png", out)), out
    lasts = time.monotonic() - begun
    out = in_folder(folder, "killed")
    for number in range(KILLS):
        # Most of the time goes into beginning; what is written is written in the end.
        after = lasts * (random.random() if number % 2 else random.uniform(0.8, 1.05))
        process = subprocess.Popen(command(folder / "film.png", out), stderr=subprocess.PIPE, text=True)
        try:
            said = process.communicate(timeout=after)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            said = process.communicate()[1]
        yield f"killed after {after:.2f} s", subprocess.CompletedProcess([], process.returncode, "", said), out
        for left in out.rglob(".*"):
            left.unlink()
    yield "again", ended(command(folder / "film.png", out)), out


def memory(folder: Path) -> Iterator[Run]:
    """So little address space that the work, or its beginning, does not fit."""
    for megabytes in (900, 1200, 1500, 1800, 2400):

        def limit(megabytes: int = megabytes) -> None:
            resource.setrlimit(resource.RLIMIT_AS, (megabytes * KB**2, megabytes * KB**2))

        out = in_folder(folder, megabytes)
        yield f"{megabytes} MB", ended(command(folder / "film.png", out), preexec_fn=limit), out


def two_at_once(folder: Path) -> Iterator[Run]:
    out = in_folder(folder, "both")
    arguments = command(folder / "film.png", out)
    both = [subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    for process, each in zip(both, said, strict=True):
        yield "both", subprocess.CompletedProcess([], process.returncode, "", each), out


def commas(folder: Path) -> Iterator[Run]:
    """A locale that writes 0,5 for a half, in Python and in the libraries: the same surface, to the byte."""
    places = folder / "locales"
    places.mkdir()
    made = ended(["localedef", "-i", "de_DE", "-f", "UTF-8", str(places / "de_DE.UTF-8")])
    if made.returncode and not (places / "de_DE.UTF-8").exists():
        raise SystemExit("commas: no locale with commas can be made: install the package locales")
    surfaces = []
    for name in ("C", "de_DE.UTF-8"):
        out = in_folder(folder, name)
        begin = (
            f"import locale, runpy, sys; locale.setlocale(locale.LC_ALL, {name!r}); "
            "sys.argv[0] = 'xrayto3d'; runpy.run_module('XRayTo3DLib', run_name='__main__')"
        )
        arguments = command(folder / "film.png", out)
        run = ended([arguments[0], "-c", begin, *arguments[3:]], env={**os.environ, "LOCPATH": str(places)})
        surfaces.append((out / "bone.stl").read_bytes() if run.returncode == 0 else b"")
        yield name, run, out
    if len({*surfaces}) != 1:
        yield "commas", subprocess.CompletedProcess([], 1, "", "another surface with commas"), out


def names(folder: Path) -> Iterator[Run]:
    """Newlines, a terminal's commands, 250 and 300 bytes, other scripts, and bytes that are no text."""
    odd = ("a\nb", "a\x1b[31mb", "n" * 250, "n" * 300, "рентген", "射线", "🦴", "H\udcfcfte", "-o", " ", "<b>", "%s")
    for number, name in enumerate(odd):
        picture, out = folder / f"{name[:250]}.png", in_folder(folder, number)
        shutil.copy(folder / "film.png", picture)
        yield repr(name[:20]), ended(command(picture, out, f"{name}.stl")), out


def links(folder: Path) -> Iterator[Run]:
    """An output that is a link is replaced, and where it led to stays; an input that leads in a circle is refused."""
    out, kept = in_folder(folder, "link"), folder / "kept.stl"
    kept.write_text("older")
    (out / "bone.stl").symlink_to(kept)
    yield "to a file", ended(command(folder / "film.png", out)), out
    if kept.read_text() != "older":
        yield "to a file", subprocess.CompletedProcess([], 1, "", "what the link led to was overwritten"), out
    circle, out = folder / "circle.png", in_folder(folder, "circle")
    circle.symlink_to(circle)
    yield "in a circle", ended(command(circle, out)), out


FAULTS: dict[str, Callable[[Path], Iterator[Run]]] = {
    "full disk": full_disk,
    "read-only": read_only,
    "kill -9": kill,
    "little memory": memory,
    "two at once": two_at_once,
    "commas": commas,
    "names": names,
    "links": links,
}

if __name__ == "__main__":
    sys.exit(main())
