"""Read public collections of odd files, each in a process of its own: a row for each kind of file.

`python corpus.py [FOLDER ...]` reads what pydicom brings and pydicom-data has, and all files in the folders.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from fuzz import MOST_MB, MOST_SECONDS

SURFACES = {".stl", ".ply", ".obj", ".vtp"}


def main(folders: list[str]) -> int:
    import data_store  # pydicom-data
    from pydicom.data import get_testdata_files

    brought = [Path(each) for each in get_testdata_files()]
    paths = {path.resolve() for each in [*folders, *data_store.__path__] for path in Path(each).rglob("*")}
    paths = sorted({*paths, *(path.resolve() for path in brought)})
    rows: dict[str, Counter] = defaultdict(Counter)
    spawn = multiprocessing.get_context("fork")
    for path in (path for path in paths if path.is_file() and path.suffix not in (".py", ".pyc")):
        ours, theirs = spawn.Pipe(duplex=False)
        process = spawn.Process(target=read, args=(path, theirs))
        process.start()
        theirs.close()
        try:
            end, seconds, megabytes = ours.recv() if ours.poll(MOST_SECONDS) else ("too slow", MOST_SECONDS, 0)
        except EOFError:
            end, seconds, megabytes = "crashed", 0, 0
        process.kill()
        process.join()
        row = rows[path.suffix.lower() or "none"]
        row["files"] += 1
        row[end] += 1
        row["seconds"], row["MB"] = max(row["seconds"], seconds), max(row["MB"], megabytes)
        if end not in ("read", "refused") or megabytes > MOST_MB:
            print(f"{path}: {end}, {seconds:.1f} s, {megabytes} MB")
    print(
        "| name ends in | files | read | refused | otherwise | most seconds | most MB |\n|---|---|---|---|---|---|---|"
    )
    for suffix, row in sorted(rows.items()):
        otherwise = row["files"] - row["read"] - row["refused"]
        counts = f"{row['files']} | {row['read']} | {row['refused']} | {otherwise}"
        print(f"| {suffix} | {counts} | {row['seconds']:.1f} | {row['MB']} |")
    return 0


def read(path: Path, tell) -> None:
    from XRayTo3DLib.errors import RadiographError, SurfaceError
    from XRayTo3DLib.radiograph import read_radiograph
    from XRayTo3DLib.surface import read_surface

    begun = time.monotonic()
    try:
        (read_surface if path.suffix.lower() in SURFACES else read_radiograph)(path)
        end = "read"
    except (RadiographError, SurfaceError):
        end = "refused"
    except MemoryError:
        end = "no memory"
    except Exception as error:
        end = type(error).__name__
    tell.send((end, time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
