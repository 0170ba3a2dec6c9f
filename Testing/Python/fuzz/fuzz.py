"""Change files at random, and see that each ends in a result or in words: no traceback, no crash, no file left.

`python fuzz.py --minutes 5 --seed 1 [KIND ...]` runs each kind in turn in a process of its own, which Atheris
(libFuzzer) guides by what the engine's Python runs through; a file that ends it badly is kept in findings/KIND.
`--replay` reads all that were kept.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kinds import KINDS

FINDINGS = Path(__file__).with_name("findings")
MOST_MB, MOST_SECONDS = 1500, 20  # memory and time of one file
ENGINE = "XRayTo3DLib"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; all, if none is named")
    parser.add_argument("--minutes", type=float, default=5.0, help="for all kinds together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", action="store_true", help="read the findings in this process, and change nothing")
    parser.add_argument("--child", nargs=2, metavar=("KIND", "FOLDER"), help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args()
    if unknown := sorted({*options.kinds} - {*KINDS}):
        parser.error(f"there is no kind called {', '.join(unknown)}")
    if options.child:
        return fuzz(*options.child, rest)
    if options.replay:
        return replay()
    kinds = options.kinds or list(KINDS)
    found = 0
    print(f"{'kind':16} {'files':>8} {'seconds':>8} {'most MB':>8} {'findings':>8}")
    for kind in kinds:
        found += run(kind, 60 * options.minutes / len(kinds), options.seed)
    return min(found, 1)


def run(kind: str, seconds: float, seed: int) -> int:
    """Fuzz a kind for so long, in a child that is begun again when a file ends it; tell how many did."""
    files, most, kept, begun = 0, 0, set(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        while (left := seconds - (time.monotonic() - begun)) > 1 or not files:
            command = [sys.executable, __file__, "--child", kind, folder]
            limits = [f"-max_total_time={max(int(left), 1)}", f"-timeout={MOST_SECONDS}", f"-rss_limit_mb={MOST_MB}"]
            # As large as the sound ones from the beginning, where libFuzzer would begin with a few bytes.
            ended = subprocess.run(
                [*command, f"-seed={seed}", "-len_control=0", *limits], capture_output=True, check=False
            )
            said = ended.stderr.decode(errors="replace")
            counts = [int(each) for each in re.findall(r"(?m)^(?:#|stat::number_of_executed_units: *)(\d+)", said)]
            files += max(counts, default=0)
            most = max(most, *map(int, re.findall(r"rss: (\d+)Mb", said)), 0)
            if ended.returncode == 0:
                break
            ends = list(Path(folder).glob("end-*"))
            if not ends:  # it did not begin
                sys.exit(f"{kind}: {said[-3000:]}")
            for each in ends:
                kept.add(keep(kind, each, said))
            seed += 1
    print(f"{kind:16} {files:8} {time.monotonic() - begun:8.0f} {most:8} {len(kept):8}", flush=True)
    return len(kept)


def keep(kind: str, path: Path, said: str) -> str:
    """Put a file that ended its process among the findings, and print the end of what was said; return its name."""
    data = path.read_bytes()
    name = f"{path.name.split('-')[1]}-{hashlib.sha256(data).hexdigest()[:12]}"
    (FINDINGS / kind).mkdir(parents=True, exist_ok=True)
    (FINDINGS / kind / name).write_bytes(data)
    path.unlink()
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith(("INFO", "WARNING", "#", "\t"))]
    ended = next((number for number, line in enumerate(lines) if "ERROR: libFuzzer" in line), len(lines))
    print(f"{kind}: {name}: {' | '.join(lines[max(ended - 4, 0) : ended + 1])[:900]}", flush=True)
    return name


def fuzz(kind: str, folder: str, arguments: list[str]) -> int:
    import atheris

    corpus = Path(folder) / "corpus"
    corpus.mkdir(exist_ok=True)
    with atheris.instrument_imports(include=[ENGINE, "pydicom", "trimesh.exchange"]):
        read = reader(kind)
        for number, seed in enumerate(KINDS[kind].seeds()):
            (corpus / f"seed-{number}").write_bytes(seed)
            read(seed)
    atheris.Setup(
        [sys.argv[0], *arguments, f"-artifact_prefix={folder}/end-", "-print_final_stats=1", str(corpus)], read
    )
    atheris.Fuzz()
    return 0


def reader(kind: str):
    """Function that reads bytes as a file of that kind; it raises where that ends in anything but a result or words."""
    from XRayTo3DLib.errors import RadiographError, ReconstructionError, SimulationError, SurfaceError

    name, _, read = KINDS[kind]

    def once(data: bytes) -> None:
        with tempfile.TemporaryDirectory(dir=shared_memory()) as folder:
            path, tempfile.tempdir = Path(folder) / name, folder
            path.write_bytes(data)
            try:
                read(path)
            except (RadiographError, ReconstructionError, SimulationError, SurfaceError, MemoryError) as error:
                if not str(error).strip() and not isinstance(error, MemoryError):
                    raise AssertionError("refused without words") from error
            finally:
                tempfile.tempdir = None
            left = {each.name for each in Path(folder).iterdir()} - {name}
            if left:
                raise AssertionError(f"left behind: {', '.join(left)}")

    return once


def shared_memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def replay() -> int:
    """Read every finding: one that ends badly ends this process, and its name is the last that was printed."""
    for path in sorted(FINDINGS.glob("*/*")):
        print(path.relative_to(FINDINGS), flush=True)
        reader(path.parent.name)(path.read_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
