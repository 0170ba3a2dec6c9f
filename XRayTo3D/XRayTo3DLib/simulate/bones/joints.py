"""Bones put together at hip and knee, for surfaces of which each stands in its own place."""

from __future__ import annotations

import numpy as np

from ...errors import SimulationError
from .bone import Mesh

_CUP_IN_PELVIS = np.array([0.77, 0.40, 0.26])  # of the box of an upright pelvis: where the left socket's centre is
_CUP_MM = (17.0, 36.0)
_BESIDE_MM = 6.0  # of the knee's middle plane, where the tibia's spines are
_FARTHER_OUT = 0.02  # of the femur's distal width: the plateau's middle lies so much farther out
_PATELLA_OUT = 0.06  # of the same width


def knee_frame(landmarks: dict[str, np.ndarray]) -> np.ndarray:
    """Matrix (4, 4) from LPS to the knee's own frame.

    Its origin is the knee's centre; x goes to the patient's left along the condyles' line, z to the head's centre.
    """
    center = landmarks["knee_center"]
    up = landmarks["head_center"] - center
    up = up / np.linalg.norm(up)
    across = landmarks["lateral_condyle"] - landmarks["medial_condyle"]
    across = across * np.sign(across[0])
    across = across - (across @ up) * up
    across = across / np.linalg.norm(across)
    matrix = np.eye(4)
    matrix[:3, :3] = across, np.cross(up, across), up
    matrix[:3, 3] = -matrix[:3, :3] @ center
    return matrix


def assemble(meshes: dict[str, Mesh], landmarks: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, Mesh]:
    """Move a left limb's bones to the femur: the socket onto the head, the plateau under the condyles.

    Parameters
    ----------
    meshes : dict of str to Mesh
        "femur", "tibia", "fibula" and "patella" of one person, upright and roughly in place; "pelvis" where it
        is to be moved too.
    landmarks : dict of str to (3,) array
        The femur's.
    rng : numpy.random.Generator
        For the joint spaces and the height of the patella.

    Returns
    -------
    dict of str to Mesh
        With 3.5 to 5.5 mm of joint space in both compartments of the knee, 3 to 4.5 mm behind the patella, and a
        patellar ligament 0.9 to 1.2 times as long as the patella.

    Raises
    ------
    SimulationError
        If the pelvis has no socket where one should be, or no knee can be made.

    References
    ----------
    J. Insall, E. Salvati, "Patella position in the normal knee joint", Radiology 101, 1971.
    """
    to_knee = knee_frame(landmarks)
    femur, tibia, patella = (meshes[name].moved(to_knee) for name in ("femur", "tibia", "patella"))
    end = _spread(femur, femur.points[:, 2] < 0.25 * femur.points[:, 2].max())
    space, behind, ratio = rng.uniform(3.5, 5.5), rng.uniform(3.0, 4.5), rng.uniform(0.9, 1.2)

    shank = _under(end, tibia, space)
    moved = tibia.moved(shank)
    cap = _before(end, patella, moved.points, behind, ratio)
    from_knee = np.linalg.inv(to_knee)
    moves = {"tibia": from_knee @ shank @ to_knee, "fibula": from_knee @ shank @ to_knee}
    moves["patella"] = from_knee @ cap @ to_knee
    if "pelvis" in meshes:
        moves["pelvis"] = _moved_by(landmarks["head_center"] - socket(meshes["pelvis"])[0])
    return {name: mesh.moved(moves[name]) if name in moves else mesh for name, mesh in meshes.items()}


def socket(pelvis: Mesh) -> tuple[np.ndarray, float]:
    """Sphere of the left acetabulum of an upright pelvis: its centre (3,) and radius (mm).

    Raises
    ------
    SimulationError
        If there is none.
    """
    corners = pelvis.points[pelvis.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(normals, axis=1)
    normals, places = normals / np.maximum(areas, 1e-12)[:, None], corners.mean(axis=1)
    low, high = pelvis.points.min(axis=0), pelvis.points.max(axis=0)
    center, radius = low + _CUP_IN_PELVIS * (high - low), 25.0
    # Only what faces the centre counts, and less the farther it is off the sphere.
    for reach in np.concatenate([np.geomspace(20, 2, 15), np.full(10, 2.0)]):
        away = places - center
        distance = np.linalg.norm(away, axis=1)
        direction = away / distance[:, None]
        facing = np.clip(-2 * (normals * direction).sum(axis=1) - 0.8, 0, 1)
        weight = areas * facing * np.clip(1 - ((distance - radius) / (2 * reach)) ** 2, 0, None) ** 2
        used = np.flatnonzero(weight)
        if len(used) < 8:
            raise SimulationError("pelvis: no left acetabulum found; it must be upright, in the LPS frame.")
        slopes = np.column_stack([direction[used], np.ones(len(used))])
        weighted = (slopes * weight[used, None]).T
        step = np.linalg.lstsq(weighted @ slopes, weighted @ (distance - radius)[used], rcond=None)[0]
        center, radius = center + step[:3], float(np.clip(radius + step[3], *_CUP_MM))
    return center, radius


def gaps(upper: np.ndarray, lower: np.ndarray, axis: int, cell_mm: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Distances between two clouds of points along an axis, where they overlap seen along it.

    Parameters
    ----------
    upper, lower : (n, 3), (m, 3) arrays
        The one lies farther along the axis.

    Returns
    -------
    where : (k, 2) array
        Middles of square cells, on the other two axes in turn.
    gap : (k,) array
        Negative where the clouds reach past each other.
    """
    sides = [i for i in range(3) if i != axis]
    low = np.minimum(upper[:, sides].min(axis=0), lower[:, sides].min(axis=0))
    high = np.maximum(upper[:, sides].max(axis=0), lower[:, sides].max(axis=0))
    shape = tuple(np.ceil((high - low) / cell_mm).astype(int) + 1)
    nearest = np.full(shape, np.inf), np.full(shape, -np.inf)
    for cloud, height, keep in ((upper, nearest[0], np.minimum), (lower, nearest[1], np.maximum)):
        cell = ((cloud[:, sides] - low) / cell_mm).astype(int)
        keep.at(height, tuple(cell.T), cloud[:, axis])
    both = np.isfinite(nearest[0]) & np.isfinite(nearest[1])
    return low + (np.argwhere(both) + 0.5) * cell_mm, (nearest[0] - nearest[1])[both]


def closed_up(femur: Mesh, bone: Mesh, turn: np.ndarray, to_knee: np.ndarray, axis: int) -> np.ndarray:
    """Matrix that turns a bone about a joint and then moves it so that it is as far from the femur as before.

    Parameters
    ----------
    femur, bone : Mesh
        In LPS mm, in extension.
    turn, to_knee : (4, 4) arrays
        The turn, in LPS, and the knee's frame (`knee_frame`).
    axis : int
        Along which axis of that frame the bone is moved, before it turns: 2 for a tibia, 1 for a patella.
    """
    thigh, moved = femur.moved(to_knee), bone.moved(to_knee).points
    end = _spread(thigh, thigh.points[:, 2] < 0.25 * thigh.points[:, 2].max())
    back = to_knee @ np.linalg.inv(turn) @ np.linalg.inv(to_knee)  # the femur as the turned bone sees it
    near = _spread(bone.moved(to_knee), np.abs(moved[:, 2]) < 60)
    spaces = []
    for seen in (end, end @ back[:3, :3].T + back[:3, 3]):
        where, gap = gaps(seen, near, axis)
        if axis == 2:
            beside = np.abs(where[:, 0])
            gap = gap[(beside > _BESIDE_MM) & (beside < 0.45 * np.ptp(end[:, 0]))]
        spaces.append(np.sort(gap)[:5].mean() if len(gap) else 0.0)
    shift = np.zeros(3)
    shift[axis] = spaces[1] - spaces[0]
    return turn @ np.linalg.inv(to_knee) @ _moved_by(shift) @ to_knee


def tuberosity(tibia: np.ndarray) -> np.ndarray:
    """Where the patella's ligament ends: what lies farthest in front, below the plateau. (n, 3) to (3,)."""
    top, length = tibia[:, 2].max(), np.ptp(tibia[:, 2])
    below = tibia[(tibia[:, 2] < top - 0.07 * length) & (tibia[:, 2] > top - 0.085 * length)]
    return below[np.argmin(below[:, 1])]


def _under(end: np.ndarray, tibia: Mesh, space: float) -> np.ndarray:
    """Matrix that puts a tibia under the femur's end, with the same space in both compartments."""
    top, length = tibia.points[:, 2].max(), np.ptp(tibia.points[:, 2])
    plateau = _spread(tibia, tibia.points[:, 2] > top - 0.1 * length)
    width = np.ptp(end[:, 0])
    out = _middle(end[end[:, 2] < 15, 0]) + _FARTHER_OUT * width - _middle(plateau[:, 0])
    matrix = _moved_by(np.array([out, 0.0, end[:, 2].min() - top - 20.0]))
    for _ in range(3):
        where, gap = gaps(end, plateau @ matrix[:3, :3].T + matrix[:3, 3], axis=2)
        compartments = []
        for side in (-1, 1):
            beside = (side * where[:, 0] > _BESIDE_MM) & (side * where[:, 0] < 0.45 * width)
            if not beside.any():
                raise SimulationError("tibia: it does not stand below the femur; it must be upright, in the LPS frame.")
            compartments.append(np.sort(gap[beside])[:5].mean())
        tilt = np.degrees(np.arctan2(compartments[0] - compartments[1], 0.55 * width)).clip(-4, 4)
        matrix = _about_y(tilt) @ matrix
        where, gap = gaps(end, plateau @ matrix[:3, :3].T + matrix[:3, 3], axis=2)
        contact = np.sort(gap[(np.abs(where[:, 0]) > _BESIDE_MM) & (np.abs(where[:, 0]) < 0.45 * width)])[:5].mean()
        matrix = _moved_by(np.array([0.0, 0.0, contact - space])) @ matrix
    return matrix


def _before(end: np.ndarray, patella: Mesh, tibia: np.ndarray, behind: float, ratio: float) -> np.ndarray:
    """Matrix that puts a patella in front of the femur, as high as its ligament allows."""
    points = _spread(patella, np.ones(len(patella.points), bool))
    apex, anchor = points[np.argmin(points[:, 2])], tuberosity(tibia)
    size = np.linalg.norm(points[np.argmax(points[:, 2])] - apex)
    out = _middle(end[:, 0]) + _PATELLA_OUT * np.ptp(end[:, 0]) - _middle(points[:, 0])
    shift = np.array([out, 0.0, 0.0])
    for _ in range(5):
        across = apex + shift - anchor
        shift[2] += np.sqrt(max((ratio * size) ** 2 - across[0] ** 2 - across[1] ** 2, 1.0)) - across[2]
        gap = gaps(end, points + shift, axis=1)[1]
        if not len(gap):
            raise SimulationError("patella: it does not stand before the femur; it must be upright, in the LPS frame.")
        shift[1] += np.sort(gap)[:5].mean() - behind
    return _moved_by(shift)


def _spread(mesh: Mesh, kept: np.ndarray) -> np.ndarray:
    """Points all over the triangles whose corners are all kept, (n, 3)."""
    from .hollow import spread

    faces = mesh.faces[kept[mesh.faces].all(axis=1)]
    used, numbers = np.unique(faces, return_inverse=True)  # points without a triangle would be sampled as well
    return spread(Mesh(mesh.points[used], numbers.reshape(-1, 3)), 1.0)


def _middle(values: np.ndarray) -> float:
    return float(values.min() + values.max()) / 2


def _moved_by(shift: np.ndarray) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, 3] = shift
    return matrix


def _about_y(degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    matrix = np.eye(4)
    matrix[[0, 0, 2, 2], [0, 2, 0, 2]] = np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)
    return matrix
