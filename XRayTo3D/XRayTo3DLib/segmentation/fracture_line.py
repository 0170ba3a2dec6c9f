"""Lines along a fracture, drawn by the user: they part the bone that was found, and tell where its edge is broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, permutations

import numpy as np

from ..errors import ReconstructionError
from ..geometry.outline import BORDER, Outline, broken, broken_stretch, outlines, smooth_field
from .broken_end import broken_end
from .found import Bone
from .fragments import FoundBreak, Fragments
from .heights import heights_of
from .pieces_along import BEYOND, pieces_along

_NEAR = 2.0  # pixels, by which an outline's point lies on the line, or on the bone's own outline
_SEARCHED, _RUN = 0.3, 0.1  # of its length: so far from it corners are looked for, between edges of such a length
_SHARP = np.radians(30.0)  # turn of an outline at a corner
_FACING, _GAP = 0.5, 0.5  # cosine between an edge's normal and the way to the line; share of its length that is so far


def check_fracture_line(line: Sequence[float]) -> None:
    """Raise ReconstructionError unless a line is two different points, each a column and a row."""
    ends = np.asarray(line, float)
    if ends.shape != (4,) or not np.isfinite(ends).all() or np.array_equal(ends[:2], ends[2:]):
        raise ReconstructionError(
            f"A fracture's line needs two different points, X0 Y0 X1 Y1 as columns and rows, not {line}."
        )


def split_along(bone: Bone, lines: Sequence[Sequence[float]]) -> Fragments:
    """Part a bone that was found along lines.

    Parameters
    ----------
    bone : Bone
    lines : sequence of (x0, y0, x1, y1)
        Columns and rows of the ends of each, at the bone's edges or beyond them.

    Returns
    -------
    Fragments
        The upper one is the one that is highest on the bone by what the network read, or else in the picture.

    Raises
    ------
    ReconstructionError
        If the lines do not part the bone's shadow in one piece more than there are.
    """
    for line in lines:
        check_fracture_line(line)
    parts = pieces_along(bone.mask, lines)
    chained = None if parts is None else _chained(parts, lines, _lowness(bone))
    if chained is None:
        raise ReconstructionError(
            "The fracture's line does not part the bone in two: draw it along the break, from beyond one edge of the "
            "bone to beyond the other."
            if len(lines) == 1
            else f"The fracture's {len(lines)} lines do not part the bone in {len(lines) + 1} pieces, one after the "
            "other: draw each along its break, from beyond one edge of the bone to beyond the other."
        )
    masks, ordered = chained
    breaks = tuple(FoundBreak(tuple(map(float, line)), drawn=True) for line in ordered)
    return Fragments(1.0, masks, breaks, marked=True)


def _chained(
    parts: Sequence[np.ndarray], lines: Sequence[Sequence[float]], low: Callable[[np.ndarray], float]
) -> tuple[tuple[np.ndarray, ...], list[Sequence[float]]] | None:
    """Pieces and lines in the order in which they follow each other down the bone; None where they do not.

    A line lies between the two pieces to which its middle is nearest; `low` tells which end of the row is the upper.
    """
    places, between = [np.argwhere(part)[:, ::-1] for part in parts], {}
    for line in lines:
        middle = np.reshape(line, (2, 2)).mean(axis=0)
        nearest = np.argsort([np.square(each - middle).sum(axis=1).min() for each in places])[:2]
        between[frozenset(nearest.tolist())] = line
    rows = [row for row in permutations(range(len(parts))) if set(map(frozenset, pairwise(row))) == set(between)]
    if not rows:
        return None
    lowness = [low(part) for part in parts]
    row = min(rows, key=lambda each: lowness[each[0]] - lowness[each[-1]])
    return tuple(parts[number] for number in row), [between[frozenset(pair)] for pair in pairwise(row)]


def broken_outlines(bone: Bone, fragments: Fragments) -> list[tuple[Outline, np.ndarray | None, np.ndarray | None]]:
    """Outlines of the fragments of a parted bone.

    A line that was drawn runs along both broken edges. One that the network saw only parts the fragments, which may lie
    beside each other: the end of each shaft is its broken edge (see `broken_end`).

    Parameters
    ----------
    bone : Bone
    fragments : Fragments
        From `split_along` or `fragments_of`.

    Returns
    -------
    list of (Outline, above, below)
        Of each fragment its outline, where the bone's own edge is as it was found and the broken ones a border, and the
        (2, 2) columns and rows at which the broken edge above it ends, and that below it: of both fragments at a break
        the same side of the bone first. None at an end of the bone.
    """
    from scipy.spatial import cKDTree

    own = np.concatenate([each.points for each in bone.outlines])
    flags = np.concatenate([each.flags for each in bone.outlines])
    tree, found = cKDTree(own), []
    for number, mask in enumerate(fragments.masks):
        longest, *_ = outlines(smooth_field(mask), np.eye(2, 3), np.zeros(mask.shape, bool))
        away, at = tree.query(longest.points)
        near = away < _NEAR
        edge = Outline(
            np.where(near[:, None], own[at], longest.points), np.where(near, flags[at], longest.flags).astype(np.uint8)
        )
        beside = {side: fragments.breaks[side] for side in (number - 1, number) if 0 <= side < len(fragments.breaks)}
        if not all(each.drawn for each in beside.values()):
            edge = Outline(edge.points, np.where(near, edge.flags, np.uint8(BORDER)))  # the seam is no bone's edge
        closest = _closest(longest.points, [each.line for each in beside.values()])
        ends = {}
        for nth, (side, each) in enumerate(beside.items()):
            line, seam = np.reshape(each.line, (2, 2)), ~near & (closest == nth)
            on_break = (
                _on_break(longest.points, seam, line) if each.drawn else broken_end(longest.points, ~seam, mask, line)
            )
            edge, ends[side] = broken(edge, on_break)
        above, below = ends.get(number - 1), ends.get(number)
        found.append((edge, above, None if below is None else below[::-1]))  # clockwise, it is met from right to left
    return found


def _closest(points: np.ndarray, lines: Sequence[Sequence[float]]) -> np.ndarray:
    """Number (n,) of the line that is nearest to each point (n, 2)."""
    away = []
    for line in lines:
        start, end = np.reshape(line, (2, 2))
        along = np.clip((points - start) @ (end - start) / np.square(end - start).sum(), 0, 1)
        away.append(np.linalg.norm(points - start - along[:, None] * (end - start), axis=1))
    return np.argmin(away, axis=0)


def _lowness(bone: Bone) -> Callable[[np.ndarray], float]:
    """Function that tells how low on the bone, or in the picture, a part (rows, columns) of its shadow is."""
    read = heights_of(bone)

    def low(part: np.ndarray) -> float:
        if read is not None:
            column, row = np.rint(read.points).astype(int).T
            inside = part[row.clip(0, part.shape[0] - 1), column.clip(0, part.shape[1] - 1)]
            if inside.any():
                return -float(read.shares[inside].mean())
        return float(np.nonzero(part)[0].mean()) / part.shape[0]

    return low


def _on_break(points: np.ndarray, beside: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Which points (n, 2) of a fragment's outline lie on the break, given those that are `beside` the bone's own one.

    About where the outline comes to the line, its own edge ends at the first corner: the fragments may be shifted
    against each other, or apart, so that one line meets the corners of neither.
    """
    stretch, length = broken_stretch(beside | _faces(points, line)), np.linalg.norm(line[1] - line[0])
    if stretch is None:
        return np.zeros(len(points), bool)
    reach, step = (max(3, round(share * length)) for share in (_SEARCHED, _RUN))
    ahead, behind = np.roll(points, -step, axis=0) - points, points - np.roll(points, step, axis=0)
    cosine = (ahead * behind).sum(axis=1) / np.maximum(
        np.linalg.norm(ahead, axis=1) * np.linalg.norm(behind, axis=1), 1e-9
    )
    turn, ends = np.arccos(np.clip(cosine, -1, 1)), []
    for end, inwards in zip(stretch, (1, -1), strict=True):
        walked = (end + inwards * np.arange(-reach, reach + 1)) % len(points)  # from the bone's own edge to the break
        around = np.array([turn[(each + np.arange(-step, step + 1)) % len(points)].max() for each in walked])
        corners = walked[(turn[walked] >= around) & (turn[walked] > _SHARP)]
        ends.append(int(corners[0]) if len(corners) else end)
    return (np.arange(len(points)) - ends[0]) % len(points) <= (ends[1] - ends[0]) % len(points)


def _faces(points: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Whether each point (n, 2) of an outline lies on a line, or faces it across a gap between fragments."""
    start, along = line[0], line[1] - line[0]
    length = np.linalg.norm(along)
    along = along / length
    across = np.array([-along[1], along[0]])
    place, off = (points - start) @ along, (points - start) @ across
    tangents = np.roll(points, -3, axis=0) - np.roll(points, 3, axis=0)
    normals = np.column_stack([tangents[:, 1], -tangents[:, 0]])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    beside = (place > 0) & (place < length)
    towards = normals @ across * -np.sign(off)
    on_it = (np.abs(off) < _NEAR) & (place > -BEYOND * length) & (place < (1 + BEYOND) * length)
    return on_it | (beside & (np.abs(off) < _GAP * length) & (towards > _FACING))
