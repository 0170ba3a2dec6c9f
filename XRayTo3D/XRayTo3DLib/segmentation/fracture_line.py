"""A line along a fracture, drawn by the user: it parts the bone that was found, and tells where its edge is broken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import ReconstructionError
from ..geometry.outline import BORDER, Outline, broken, broken_stretch, outlines, smooth_field
from .broken_end import broken_end
from .found import Bone
from .fragments import Fragments
from .halves import BEYOND, halves
from .heights import heights_of

_NEAR = 2.0  # pixels, by which an outline's point lies on the line, or on the bone's own outline
_SEARCHED, _RUN = 0.3, 0.1  # of its length: so far from it corners are looked for, between edges of such a length
_SHARP = np.radians(30.0)  # turn of an outline at a corner
_FACING, _GAP = 0.5, 0.5  # cosine between an edge's normal and the way to the line; share of its length that is so far


def check_fracture_line(line: Sequence[float] | None) -> None:
    """Raise ReconstructionError unless a line is two different points, each a column and a row, or None."""
    if line is None:
        return
    ends = np.asarray(line, float)
    if ends.shape != (4,) or not np.isfinite(ends).all() or np.array_equal(ends[:2], ends[2:]):
        raise ReconstructionError(
            f"A fracture's line needs two different points, X0 Y0 X1 Y1 as columns and rows, not {line}."
        )


def split_along(bone: Bone, line: Sequence[float]) -> Fragments:
    """Part a bone that was found along a line.

    Parameters
    ----------
    bone : Bone
    line : (x0, y0, x1, y1)
        Columns and rows of its ends, at the bone's edges or beyond them.

    Returns
    -------
    Fragments
        The upper one is the one that is higher on the bone by what the network read, or else higher in the picture.

    Raises
    ------
    ReconstructionError
        If the line does not part the bone's shadow.
    """
    check_fracture_line(line)
    parts = halves(bone.mask, line)
    if parts is None:
        raise ReconstructionError(
            "The fracture's line does not part the bone in two: draw it along the break, from beyond one edge of the "
            "bone to beyond the other."
        )
    upper, lower = sorted(parts, key=_lowness(bone))
    return Fragments(1.0, upper, lower, None, tuple(map(float, line)), drawn=True, marked=True)


def broken_outlines(bone: Bone, fragments: Fragments) -> tuple[tuple[Outline, np.ndarray], tuple[Outline, np.ndarray]]:
    """Outlines of two fragments that a line parts.

    A line that was drawn runs along both broken edges. One that the network saw only parts the fragments, which may lie
    beside each other: the end of each shaft is its broken edge (see `broken_end`).

    Parameters
    ----------
    bone : Bone
    fragments : Fragments
        From `split_along` or `fragments_of`.

    Returns
    -------
    (Outline, ends), (Outline, ends)
        Of the upper and of the lower fragment: its outline, where the bone's own edge is as it was found and the broken
        one a border, and the (2, 2) columns and rows at which the broken edge ends, the same side of the bone first.
    """
    from scipy.spatial import cKDTree

    own = np.concatenate([each.points for each in bone.outlines])
    flags = np.concatenate([each.flags for each in bone.outlines])
    tree, found = cKDTree(own), []
    for mask in (fragments.upper, fragments.lower):
        longest, *_ = outlines(smooth_field(mask), np.eye(2, 3), np.zeros(mask.shape, bool))
        away, at = tree.query(longest.points)
        near = away < _NEAR
        edge = Outline(
            np.where(near[:, None], own[at], longest.points), np.where(near, flags[at], longest.flags).astype(np.uint8)
        )
        line = np.reshape(fragments.line, (2, 2))
        if fragments.drawn:
            on_break = _on_break(longest.points, ~near, line)
        else:
            on_break = broken_end(longest.points, near, mask, line)
            edge = Outline(edge.points, np.where(near, edge.flags, np.uint8(BORDER)))  # the seam is no bone's edge
        found.append(broken(edge, on_break))
    (upper, left), (lower, right) = found  # outlines run clockwise: one meets the break from right to left
    return (upper, left[::-1]), (lower, right)


def _lowness(bone: Bone):
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
