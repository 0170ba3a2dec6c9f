"""A sheet of random scenes, to be looked at.

`python -m XRayTo3DLib.simulate.scenes.contact_sheet OUT.png [--limbs FOLDER] [--masks] [--beside FOLDER]` draws one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...errors import RadiographError, ReconstructionError, SimulationError
from ...helpers.files import check_writable, replacing
from ...radiograph import read_radiograph
from .scenes import Scene, make_bank, scene

_SIZE = 288  # of a scene
_ENDINGS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".dcm")
_COLOURS = {  # RGB
    "femur": (255, 210, 60),
    "other_femur": (200, 160, 90),
    "tibia": (90, 200, 255),
    "fibula": (60, 130, 255),
    "patella": (120, 255, 140),
    "pelvis": (255, 120, 200),
    "metal": (255, 60, 60),
}


def contact_sheet(scenes: Sequence[Scene], columns: int = 8, masks: bool = False) -> np.ndarray:
    """Scenes side by side, (rows, columns, 3) uint8 RGB, with outlines of masks and visible landmarks if asked for."""
    tiles = [_tile(each, masks) for each in scenes]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.concatenate(tiles[i : i + columns], axis=1) for i in range(0, len(tiles), columns)]
    return np.concatenate(rows)


def beside(sheet: np.ndarray, pictures: Sequence[np.ndarray], size: int, columns: int = 8) -> np.ndarray:
    """A sheet with pictures of other origin, (rows, columns) float32 0 to 1, below its scenes."""
    import cv2

    tiles = []
    for picture in pictures:
        share = size / max(picture.shape)
        small = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        tile = np.zeros((size, size), np.float32)
        tile[: small.shape[0], : small.shape[1]] = small
        tiles.append(_bordered(_grey(tile)))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.concatenate(tiles[i : i + columns], axis=1) for i in range(0, len(tiles), columns)]
    return np.concatenate([sheet, *rows])


def _grey(image: np.ndarray) -> np.ndarray:
    return np.repeat(np.rint(image * 255).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def _bordered(tile: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.copyMakeBorder(tile, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(40, 40, 40))


def _tile(drawn: Scene, masks: bool) -> np.ndarray:
    import cv2

    tile = _grey(drawn.image)
    if masks:
        for name, mask in drawn.masks.items():
            outlines = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]
            cv2.drawContours(tile, outlines, -1, _COLOURS.get(name) or _COLOURS[name.removeprefix("other_")], 1)
        for name, seen in drawn.visible.items():
            if seen:
                cv2.circle(tile, tuple(np.rint(drawn.landmarks_px[name]).astype(int).tolist()), 3, (255, 0, 0), -1)
    return _bordered(tile)


def _pictures(folder: str) -> list[Path]:
    """The radiographs of a folder, by their endings."""
    found = sorted(path for path in Path(folder).glob("*") if path.suffix.lower() in _ENDINGS)
    if not found:
        raise SimulationError(f"{folder}: there are no pictures in it ({', '.join(_ENDINGS)}).")
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    import cv2

    parser = argparse.ArgumentParser(
        prog="python -m XRayTo3DLib.simulate.scenes.contact_sheet", description=__doc__.splitlines()[0]
    )
    parser.add_argument("output", metavar="OUT.png")
    parser.add_argument("--limbs", metavar="FOLDER", help="real limbs instead of analytic ones")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first scene (%(default)s)")
    parser.add_argument("--count", type=int, default=40, metavar="N", help="of scenes (%(default)s)")
    parser.add_argument("--masks", action="store_true", help="draw outlines and landmarks")
    parser.add_argument("--beside", metavar="FOLDER", help="of real radiographs, to be drawn below them")
    options = parser.parse_args(arguments)
    try:
        check_writable(options.output)
        if options.count < 1 or options.seed < 0:
            raise SimulationError("--count must be above zero, --seed zero or more.")
        specimens = make_bank(options.limbs)
        sheet = contact_sheet([scene(specimens, options.seed + i) for i in range(options.count)], masks=options.masks)
        if options.beside:
            sheet = beside(sheet, [read_radiograph(path).pixels for path in _pictures(options.beside)], _SIZE)
        with replacing(options.output) as temporary:
            temporary.write_bytes(cv2.imencode(".png", sheet[..., ::-1])[1].tobytes())
    except (SimulationError, ReconstructionError, RadiographError) as error:
        print(f"contact_sheet: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
