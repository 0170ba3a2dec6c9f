"""The report: one web page that opens from disk, with everything in it."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..case import VIEW_NUMBERS
from ..helpers.files import make_folder, replacing
from .bodies import bodies_of
from .fracture import about_fragments
from .reduction import reduction_slider
from .stages import segmentation_pictures, stage_pictures
from .view3d import surface_view

if TYPE_CHECKING:
    from ..case import Segmentation
    from ..pipeline import Reconstruction

PAGE = "index.html"
_TEMPLATE = Path(__file__).with_name("report.html")
_JPEG_QUALITY = 88
_CAPTIONS = {
    "radiograph": "As it was read, bone bright.",
    "region": "Where the bone was looked for; the rest is blue.",
    "flattened": "Gray values against those around them.",
    "clusters": "K-means clusters of the flattened picture.",
    "bones": "What the reader network sees: femur yellow, shin blue, patella green, pelvis pink, metal red.",
    "outline": "Yellow: an edge was seen; blue: a border; pink: another bone over it. Rings: landmarks, how sure.",
    "mask": "The bone that was found.",
    "masked": "The radiograph under the mask.",
    "base-layer": "What varies slowly, and the large edges.",
    "detail-layer": "The rest: base and detail add up to the radiograph.",
    "tone-mapped": "Base compressed, detail raised.",
    "depth": "Estimated depth: bright is deep.",
    "fitted-shape": "Yellow: the outline that was found; blue-green: that of the surface's shadow.",
    **{f"fitted-shape-{number}-view": f"The same in the {number} view." for number in VIEW_NUMBERS},
    "fragments": "Yellow: the outline that was found; red and blue: those of the upper and the lower fragment as they "
    "were fitted (violet and green: of others between them); blue-green: of a whole bone beside them.",
    **{f"fragments-{number}-view": f"The same in the {number} view." for number in VIEW_NUMBERS},
    "measures": "Lines and places that bones and legs are measured by.",
    **{f"measures-{number}-view": f"The same in the {number} view." for number in VIEW_NUMBERS},
    "surface": "The surface as the X-ray source sees it, turned, and from the side.",
}
_CLAIMS = {
    "shape": {
        "observed": "The outline: points of the surface that rays graze, where an edge was seen in a picture and met.",
        "inferred": "All else: it is what the shape model holds to be probable with that outline. Each point has a "
        "standard deviation, which the surface file holds (.vtp, .ply). What no picture shows is a usual bone's, not "
        "this one's; a fracture or a deformity that no outline shows is not in it.",
    },
    "volume": {
        "observed": "The outlines: points of the surface that rays graze at the edge of the bone that was found, in "
        "any of the views.",
        "inferred": "All else: a network that has seen simulated bones alone, usual, bowed, shortened and broken ones, "
        "holds it to be so. Each point has a standard deviation, which the surface file holds (.vtp, .ply).",
    },
    "solid": {
        "observed": "The outline, to a fraction of a pixel, and the gray values of the side that faces the source.",
        "inferred": "How thick the bone is along each ray: estimated from the outline and the gray values. The back is "
        "the mirror image of what was assumed of the front. This is an estimate of the shape, not a measurement.",
    },
    "relief": {
        "observed": "The gray values, shown as height, and the outline.",
        "inferred": "That bright is high, and the flat back. This is a picture in relief, not the bone's anatomy.",
    },
}


def write_report(result: Reconstruction, folder: str | os.PathLike) -> Path:
    """Write a page with the stages, the numbers, what was observed, and the surface to be turned.

    Returns
    -------
    Path
        Of the page; it needs no other file and no network.

    Raises
    ------
    ReconstructionError
        If it cannot be written.
    """
    numbers, bodies = result.as_json(), bodies_of(result)
    return _write(
        folder,
        numbers,
        stage_pictures(result),
        view=reduction_slider(bodies) + surface_view(bodies),
        claims=_CLAIMS[result.surface.method],
        tables=tables(numbers),
    )


def write_segmentation_report(result: Segmentation, folder: str | os.PathLike) -> Path:
    """Write a page with the stages up to the bone's mask; see `write_report`."""
    numbers = result.as_json()
    return _write(
        folder, numbers, segmentation_pictures(result), tables=[*_about_scale(numbers), *_about_bone(numbers)]
    )


def tables(numbers: dict) -> list[tuple[str, list[tuple[str, str]]]]:
    """Titles, and rows of a name and a text each, of what `Reconstruction.as_json` tells."""
    main, *others = numbers["bones"]
    made = [(_called(main) if others else "The surface", _about_surface(main["surface"]))]
    for bone in (main, *others):
        if bone["fragments"]:
            name = f"{_called(bone)}, fragments" if others else "The fragments"
            made.append((f"{name} (± standard deviation)", about_fragments(bone)))
    made += _about_scale(numbers)
    for bone in (main, *others):
        if bone is not main:
            made.append((_called(bone), _about_surface(bone["surface"])))
        if bone["shape"]:
            made.append((f"{_called(bone)}, fitted" if others else "The fitted shape", _about_shape(bone["shape"])))
        if bone["volume"]:
            made.append((f"{_called(bone)}, seen in a grid" if others else "The grid", _about_volume(bone["volume"])))
    made += [(f"{leg['side'].capitalize()} leg", _about_measures(leg["measures"])) for leg in numbers["legs"]]
    return [*made, *_about_bone(numbers), ("Scores", _scores(numbers))]


def _called(bone: dict) -> str:
    """What a bone of the JSON is called: Left femur."""
    return " ".join(filter(None, (bone["side"], bone["name"] or "bone"))).capitalize()


def _write(folder: str | os.PathLike, numbers: dict, pictures: dict[str, np.ndarray], **parts: object) -> Path:
    import jinja2

    template = jinja2.Environment(autoescape=True, undefined=jinja2.ChainableUndefined).from_string(
        _TEMPLATE.read_text(encoding="utf-8")
    )
    picture = numbers["input"]
    page = template.render(
        title=Path(picture["path"]).name if picture["path"] else "Radiograph",
        subtitle=_subtitle(picture),
        warnings=numbers["warnings"],
        pictures=[_figure(name, image) for name, image in pictures.items()],
        numbers=json.dumps(numbers, indent=2),
        version=numbers["version"],
        **parts,
    )
    path = make_folder(folder) / PAGE
    with replacing(path) as temporary:
        # A file's name may hold bytes that are no text: they are written as \x..
        temporary.write_text(page, encoding="utf-8", errors="backslashreplace")
    return path


def _figure(name: str, image: np.ndarray) -> dict:
    import cv2

    bgr = np.ascontiguousarray(image if image.ndim == 2 else image[..., ::-1])
    code = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
    return {
        "name": name.replace("-", " ").capitalize(),
        "caption": _CAPTIONS[name],
        "source": "data:image/jpeg;base64," + base64.b64encode(code).decode("ascii"),
        "width": image.shape[1],
        "height": image.shape[0],
        "wide": name == "surface",
    }


def _subtitle(picture: dict) -> str:
    size = picture["pixel_size_mm"]
    size = f"{size:.4g}" if isinstance(size, float | int) else " x ".join(f"{each:.4g}" for each in size)
    words = [
        f"{picture['rows']} x {picture['columns']} pixels of {size} mm ({picture['pixel_size_source']})",
        f"magnification {_magnification(picture)}",
        *(str(picture[key]) for key in ("view", "side") if picture[key]),
    ]
    return ", ".join(words)


def _about_surface(made: dict) -> list[tuple[str, str]]:
    low_high = np.reshape(made["bounds_mm"], (3, 2))
    width, height, depth = np.ptp(low_high, axis=1)
    return [
        ("Method", made["method"]),
        ("Size", f"{width:.1f} x {height:.1f} x {depth:.1f} mm (across, along, deep)"),
        ("Volume", f"{made['volume_mm3'] / 1000:.1f} cm³"),
        ("Area", f"{made['area_mm2'] / 100:.0f} cm²"),
        ("Observed", f"{made['observed_fraction']:.0%} of the area"),
        ("Triangles", f"{made['triangles']:,}, {'closed' if made['closed'] else 'not closed'}"),
    ]


def _about_scale(numbers: dict) -> list[tuple[str, list[tuple[str, str]]]]:
    scale, picture = numbers["scale"], numbers["input"]
    unknown, deviation = scale["source"] == "unknown", scale["deviation_mm"]
    size = f"{scale['pixel_size_at_bone_mm']:.4g}" + ("" if deviation is None else f" ± {deviation:.2g}") + " mm"
    rows = [("A pixel at the bone", "unknown; 1 mm is assumed" if unknown else size)]
    if not unknown:
        rows += [("Source", scale["source"]), ("Magnification", _magnification(picture))]
    return [("Scale", rows)]


def _magnification(picture: dict) -> str:
    source = picture["magnification_source"]
    return "unknown" if source == "unknown" else f"{picture['magnification']:.3g} ({source})"


def _about_shape(shape: dict) -> list[tuple[str, str]]:
    rows = [
        ("Model", f"{shape['model']} ({shape['bone']}, {shape['side'] or 'either side'})"),
        ("Views", str(shape["views"])),
        ("Residual", f"{shape['residual_mm']:.2f} mm between the outlines seen and the shape's"),
        ("Uncertainty", "{median:.1f} mm in the median, at most {largest:.1f} mm".format(**shape["uncertainty_mm"])),
        ("Next view", _next_view(shape)),
    ]
    return rows + _about_measures(shape["measures"])


def _about_volume(volume: dict) -> list[tuple[str, str]]:
    agreement = ", ".join(f"{each:.3f}" for each in volume["agreement"])
    return [
        ("Views", str(volume["views"])),
        ("Step", f"{volume['step_mm']:.1f} mm"),
        ("Agreement", f"{agreement} (Dice of its shadow and the bone that was found, in each view)"),
        ("Uncertainty", "{median:.1f} mm in the median, at most {largest:.1f} mm".format(**volume["uncertainty_mm"])),
    ]


def _about_measures(measures: dict) -> list[tuple[str, str]]:
    """Values with the interval that holds the true one with 95 %."""
    rows = []
    for name, each in measures.items():
        unit, digits = ("°", 1) if name.endswith("_deg") else (" mm", 1) if name.endswith("_mm") else ("", 2)
        low, high = each["interval_95"]
        rows.append((each["title"], f"{each['value']:.{digits}f}{unit} ({low:.{digits}f} to {high:.{digits}f})"))
    return rows


def _next_view(shape: dict) -> str:
    told, now = shape["next_view"], shape["uncertainty_mm"]["mean"]
    part = "" if told["part"] == "whole" else f" of the {told['part']} part"
    name = {"45 degrees": "oblique (45°)"}.get(told["view"], told["view"])
    return f"{name}{part}: it would lower the mean uncertainty from {now:.2f} to {told['uncertainty_mm']:.2f} mm"


def _about_bone(numbers: dict) -> list[tuple[str, list[tuple[str, str]]]]:
    bone, femur = numbers["bone"], numbers["femur"]
    way = "gray value clusters, since " if bone["method"] == "clusters" and bone["confidence"] is not None else ""
    found = [("How it was found", f"{way}{bone['reason']}")]
    if bone["confidence"] is not None:
        found.append(("Confidence", f"{bone['confidence']:.2f}"))
    found.append(("Pieces", str(bone["pieces"])))
    marks = [f"{name.replace('_', ' ')} ({mark['confidence']:.2f})" for name, mark in bone["landmarks"].items()]
    if marks:
        found.append(("Landmarks", ", ".join(marks)))
    if femur["is_femur"] is None:
        verdict = "not checked"
    else:
        verdict = f"{'yes' if femur['is_femur'] else 'perhaps not'} (score {femur['score']:.2f})"
    check = [("A femur?", verdict), ("Because", "; ".join(femur["reasons"]))]
    check += [(name.capitalize(), femur[name]) for name in ("part", "view", "side") if femur.get(name)]
    return [("The bone", found), ("Femur check", check)]


def _scores(numbers: dict) -> list[tuple[str, str]]:
    quality = numbers["quality"]
    ief = "degenerate" if quality["degenerate"] else f"{quality['ief']:.3g} ({quality['ief_db']:+.1f} dB)"
    ratio = f"{quality['numerator']:.4g} / {quality['denominator']:.4g}"
    return [
        ("IEF", f"{ief} = {ratio}"),
        ("SSIM", f"{quality['ssim']:.3f}"),
        ("Both", f"of the tone-mapped picture, against {quality['reference']}; they say nothing about the bone"),
    ]
