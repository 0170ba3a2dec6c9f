"""The command `xrayto3d train-shape-model`: a shape model, with a report of how good it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from ..errors import ReconstructionError, SurfaceError
from ..helpers.files import check_writable, replacing
from ..helpers.progress import Progress, tell
from ..shape.model import ShapeModel, save_shape_model
from ..shape.train import FEWEST, corresponding, left_one_out
from ..surface import SUFFIXES
from ..surface.mesh import area_and_volume

_SHOWN, _FAR = 4, 2.0  # modes, and how many standard deviations from the mean
# From the front and from the left: x to the right, y down, z towards who looks.
_TURNED = (np.array([[1.0, 0, 0], [0, 0, -1], [0, -1, 0]]), np.array([[0.0, 1, 0], [0, 0, -1], [1, 0, 0]]))


def train_shape_model(
    folder: str | os.PathLike, output: str | os.PathLike, bone: str | None = None, progress: Progress | None = None
) -> tuple[str, ...]:
    """Train a shape model from a folder of surfaces; write it, and a report beside it.

    Parameters
    ----------
    folder : path
        With closed surfaces of one kind of bone (.stl, .ply, .obj, .vtp), in mm.
    output : path
        Model to write, .npz; a report with the same name and the endings .json and .png is written beside it.
    bone : str, optional
        What the bones are.
    progress : callable, optional

    Returns
    -------
    tuple of str
        Warnings.

    Raises
    ------
    SurfaceError
        If a surface cannot be used, or there are too few.
    ReconstructionError
        If the output cannot be written.
    """
    output = Path(output)
    if output.suffix.lower() != ".npz":
        raise ReconstructionError(f"{output}: a shape model is written as .npz; give a name that ends so.")
    report, picture = output.with_suffix(".json"), output.with_suffix(".png")
    for path in (output, report, picture):
        check_writable(path)
    paths = _surfaces_in(Path(folder))
    surfaces = []
    for number, path in enumerate(paths):
        tell(progress, 0.1 * number / len(paths), "reading")
        surfaces.append(_read(path))
    bones = corresponding(
        surfaces, [path.name for path in paths], bone, progress=lambda f, text: tell(progress, 0.1 + 0.6 * f, text)
    )
    numbers = left_one_out(bones, lambda f, text: tell(progress, 0.7 + 0.2 * f, text))
    tell(progress, 0.9, "writing")
    model = bones.model()
    numbers = {
        "bone": model.bone,
        "side": model.side or None,
        "surfaces": {
            paths[k].name: {"side": side or None, "registration_mm": round(float(off), 3)}
            for k, side, off in zip(bones.kept, bones.sides, bones.off_mm, strict=True)
        },
        **numbers,
        "warnings": list(bones.warnings),
    }
    with replacing(picture) as drawn, replacing(report) as told:
        draw_modes(model, drawn)
        told.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
        save_shape_model(model, output)
    return bones.warnings


def draw_modes(model: ShapeModel, path: Path) -> None:
    """Draw the first modes: the mean less and plus two standard deviations, from front and side, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure

    from ..report.picture import shaded

    count = min(_SHOWN, len(model.deviations))
    tall, wide = np.ptp(model.mean[:, 2]), max(np.ptp(model.mean[:, 0]), np.ptp(model.mean[:, 1]))
    width = 2.6 * count
    height = np.clip(2 * (0.85 * width / count * tall / (3 * wide + 30) + 0.4), 3, 8)
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(_TURNED), count, squeeze=False)
    for mode in range(count):
        for row, turn in enumerate(_TURNED):
            axis, beside = axes[row, mode], 0.0
            for far in (-_FAR, 0.0, _FAR):
                points = model.surface(far * np.eye(mode + 1)[mode]) @ turn.T
                triangles, colours = shaded(points, model.faces)
                triangles[..., 0] += beside - points[:, 0].min()
                beside += np.ptp(points[:, 0]) + 15
                axis.add_collection(PolyCollection(triangles, facecolors=colours, edgecolors=colours, linewidths=0.2))
            axis.autoscale_view()
            axis.set_aspect("equal")
            axis.invert_yaxis()
            axis.set_axis_off()
        axes[0, mode].set_title(f"mode {mode + 1}: {model.deviations[mode]:.1f} mm\n-2 sd, mean, +2 sd", fontsize=9)
    figure.savefig(path, dpi=90, format="png")


def _surfaces_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise SurfaceError(f"{folder}: there is no such folder.")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if len(paths) < FEWEST:
        raise SurfaceError(
            f"{folder}: {len(paths)} surfaces ({', '.join(SUFFIXES)}); a shape model needs {FEWEST} or more, better 20."
        )
    return paths


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """A closed surface whose triangles face outwards."""
    from ..evaluate.compare import read_bone

    points, faces = read_bone(path)
    points, faces = np.asarray(points, np.float64), np.asarray(faces, np.int64)
    return points, faces if area_and_volume(points, faces)[1] > 0 else faces[:, ::-1]
