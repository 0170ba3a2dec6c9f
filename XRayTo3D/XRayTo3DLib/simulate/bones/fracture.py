"""A bone broken in two, and its lower fragment displaced.

The break is a height over the plane across the bone's long axis: flat, tilted or winding, and a little rough.
What lies above it is one closed solid; inside it is the upper fragment, outside it the lower one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...choices import FRACTURES
from ...errors import SimulationError
from ...surface.samples import spread
from ...surface.section import section
from ...surface.trim import solid_of, triangles_of
from .bone import Bone, Mesh

if TYPE_CHECKING:
    from manifold3d import Manifold

_STEEPEST_DEG = 75.0
_GRID_MM = 1.0  # of the break's surface
_GRAIN_MM = 2.0  # size of the break's teeth
_EXTENTS_MM = (20.0, 1000.0)
_CHIP = 1e-3  # share of the bone's volume up to which a loose piece is left out


@dataclass(frozen=True)
class Fracture:
    """Where and how a bone breaks, and how its lower fragment is displaced.

    Attributes
    ----------
    kind : {"transverse", "oblique", "spiral"}
    place : float
        Where the break crosses the bone's axis, as a share of its length from the top.
    angle_deg : float
        Slope of the break against the plane across the bone: of an oblique one as a whole, of a spiral one
        where its helix reaches the bone's surface (negative: left-handed); 0 for a transverse one.
    towards_deg : float
        Direction in which an oblique break rises, or opposite to which a spiral's two ends are joined: about
        the bone's axis, 0 to the patient's left, 90 to the back.
    roughness_mm : float
        Standard deviation of the teeth's height.
    shift_mm : (float, float, float)
        Of the lower fragment: to the patient's left, to the back, and up along the bone (which shortens it;
        negative leaves a gap).
    turn_deg : (float, float, float)
        Rotation vector of the lower fragment about the break's centre, in the same directions: angulation
        seen from the side, angulation seen from the front, torsion.
    seed : int
        Of the teeth.
    """

    kind: str = "transverse"
    place: float = 0.5
    angle_deg: float = 0.0
    towards_deg: float = 0.0
    roughness_mm: float = 0.5
    shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turn_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in FRACTURES:
            raise SimulationError(f"kind: {self.kind!r} is no kind of fracture; choose from {', '.join(FRACTURES)}.")
        if not 0 < self.place < 1:
            raise SimulationError(f"place: {self.place:g}; it must lie between 0 (the top) and 1 (the bottom).")
        if not abs(self.angle_deg) <= _STEEPEST_DEG:
            raise SimulationError(f"angle_deg: {self.angle_deg:g}; it must lie within {_STEEPEST_DEG:g} degrees.")
        if self.kind == "transverse" and self.angle_deg != 0:
            raise SimulationError(f"angle_deg: {self.angle_deg:g}, but a transverse break has none; make it oblique.")
        if not 0 <= self.roughness_mm <= 5:
            raise SimulationError(f"roughness_mm: {self.roughness_mm:g}; it must lie between 0 and 5.")
        for name in ("shift_mm", "turn_deg"):
            value = np.asarray(getattr(self, name), float)
            if value.shape != (3,) or not np.isfinite(value).all():
                raise SimulationError(f"{name}: {getattr(self, name)}; it must be three finite numbers.")
        if not np.isfinite(self.towards_deg):
            raise SimulationError(f"towards_deg: {self.towards_deg:g}; it must be a finite number.")


def random_fracture(rng: np.random.Generator, displaced: bool = True, kind: str | None = None) -> Fracture:
    """Draw a fracture of a long bone's shaft.

    Parameters
    ----------
    rng : numpy.random.Generator
    displaced : bool
        In a third of the displaced ones the fragments lie beside each other and the bone is shorter; in the
        others they are apart by some mm, an oblique one having slid along its slope and a spiral one having
        turned open. One that is not displaced has a crack of half a mm.
    kind : {"transverse", "oblique", "spiral"}, optional
        By default any.

    Raises
    ------
    SimulationError
        If there is no such kind.
    """
    if kind is None:
        kind = str(rng.choice(FRACTURES))
    elif kind not in FRACTURES:
        raise SimulationError(f"kind: {kind!r} is no kind of fracture; choose from {', '.join(FRACTURES)}.")
    angle = {"transverse": 0.0, "oblique": rng.uniform(25, 60), "spiral": rng.uniform(35, 60) * rng.choice([-1, 1])}[
        kind
    ]
    towards = rng.uniform(0, 360)
    shift, turn = (0.0, 0.0, -0.5), (0.0, 0.0, 0.0)
    if displaced:
        shift, turn = _random_displacement(rng, kind, angle, towards)
    return Fracture(
        kind=kind,
        place=float(rng.uniform(0.3, 0.7)),
        angle_deg=float(angle),
        towards_deg=float(towards),
        roughness_mm=float(rng.uniform(0.3, 1.0)),
        shift_mm=shift,
        turn_deg=turn,
        seed=int(rng.integers(2**31)),
    )


def _random_displacement(rng: np.random.Generator, kind: str, angle: float, towards: float) -> tuple:
    """Shift (mm) and turn (degrees) of a fracture's lower fragment that does not push it into the upper one."""
    turn = rng.normal(0, (3, 3, 5))
    aside = rng.uniform(-30, 30)
    if rng.random() < 1 / 3:
        direction, away, along = rng.uniform(0, 360), rng.uniform(32, 42), rng.uniform(5, 25)
    elif kind == "transverse":
        direction, away, along = rng.uniform(0, 360), rng.uniform(2, 15), -rng.uniform(3, 8)
    elif kind == "oblique":
        direction, away = towards + aside, rng.uniform(2, 12)
        slid = rng.uniform(0, 0.8) * away * np.tan(np.radians(angle)) * np.cos(np.radians(aside))
        along = slid - rng.uniform(2, 6)
    else:  # away from the wall that joins the spiral's ends; what that closes elsewhere is drawn apart
        direction, away = towards + np.sign(angle) * 90 + aside, rng.uniform(0.5, 3)
        turn *= (0.3, 0.3, -np.sign(angle * turn[2]))  # its long lips leave no room for tilting
        along = -rng.uniform(4, 7) - away * np.tan(np.radians(abs(angle)))
    shift = away * np.cos(np.radians(direction)), away * np.sin(np.radians(direction)), along
    return tuple(float(value) for value in shift), tuple(turn.tolist())


def displaced(
    fracture: Fracture, rng: np.random.Generator, angle_deg: float, aside_mm: float, shorter_mm: float
) -> Fracture:
    """A fracture whose lower fragment is angulated, shifted across the bone and shifted up by so much.

    Parameters
    ----------
    fracture : Fracture
    rng : numpy.random.Generator
        Draws to which side it is angulated, and to which it is shifted.
    angle_deg : float
        0 to 90; the fragment is not turned about the bone.
    aside_mm : float
        0 or more.
    shorter_mm : float
        By which the bone is shorter; negative leaves a gap.

    Raises
    ------
    SimulationError
        If a number is out of range.
    """
    if not (0 <= angle_deg <= 90 and 0 <= aside_mm < np.inf and np.isfinite(shorter_mm)):
        raise SimulationError(
            f"displacement: {angle_deg:g} {aside_mm:g} {shorter_mm:g}; an angle of 0 to 90 degrees, a shift of 0 mm or "
            "more, and mm of shortening (negative for a gap) are needed."
        )
    leans, goes = rng.uniform(0, 2 * np.pi, 2)
    return replace(
        fracture,
        turn_deg=(float(angle_deg * np.cos(leans)), float(angle_deg * np.sin(leans)), 0.0),
        shift_mm=(float(aside_mm * np.cos(goes)), float(aside_mm * np.sin(goes)), float(shorter_mm)),
    )


def break_bone(bone: Bone, fracture: Fracture) -> tuple[Bone, Bone]:
    """Break a bone in two.

    Parameters
    ----------
    bone : Bone
    fracture : Fracture

    Returns
    -------
    upper, lower : Bone
        Closed fragments, the lower one displaced. Both surfaces of the bone are cut at the same place, so
        that nothing covers the marrow there.

    Raises
    ------
    SimulationError
        If the bone is not of a bone's size in mm, a surface is not closed, or the break does not part the
        bone into two.

    Notes
    -----
    The bone's length is measured along the principal axis of its surface. Nothing keeps the fragments from
    entering each other where the displacement says so.
    """
    upper, lower, frame = split_bone(bone, fracture)
    return upper, lower.moved(displacement(frame, fracture))


def split_bone(bone: Bone, fracture: Fracture) -> tuple[Bone, Bone, np.ndarray]:
    """The fragments of a bone, neither of them displaced, and the break's frame (4, 4); see `break_bone`."""
    extent = float(np.ptp(bone.outer.points, axis=0).max())
    if not _EXTENTS_MM[0] <= extent <= _EXTENTS_MM[1]:
        raise SimulationError(f"bone: it is {extent:.3g} mm long; a bone is 20 to 1000 mm long. Give it in mm.")
    frame = break_frame(bone.outer, fracture.place)
    above = _above(bone.outer, frame, fracture)
    outer = [_whole(piece, fracture) for piece in _split(bone.outer, above, "outer")]
    upper, lower = (surface_of(piece) for piece in outer)
    inner = [None, None]
    if bone.inner is not None:
        inner = [None if piece.is_empty() else surface_of(piece) for piece in _split(bone.inner, above, "inner")]
    return Bone(upper, inner[0]), Bone(lower, inner[1]), frame


def break_frame(surface: Mesh, place: float) -> np.ndarray:
    """Frame of a break: its origin in the middle of the bone's section there, its z up along the bone.

    Parameters
    ----------
    surface : Mesh
    place : float
        Share of the length from the top.

    Returns
    -------
    (4, 4) float64 array
        From the frame to the patient's: x to the patient's left, y to the back, as far as they are across the
        bone.

    Raises
    ------
    SimulationError
        If there is no bone at that place.
    """
    samples = spread(surface.points, surface.faces)
    away = samples.points - np.average(samples.points, axis=0, weights=samples.areas)
    up = np.linalg.eigh((away * samples.areas[:, None]).T @ away)[1][:, -1]
    up = up * np.sign(up[2] if abs(up[2]) > 0.1 else up[np.abs(up).argmax()])
    height = surface.points @ up
    level = (1 - place) * height.max() + place * height.min()
    cut = section(surface.points, surface.faces, level * up, up)
    if not len(cut.areas) or not cut.areas[0] > 0:
        raise SimulationError(f"place: {place:g}; there is no bone at that share of its length.")
    across = np.array([1.0, 0, 0]) if abs(up[0]) < 0.9 else np.array([0, 1.0, 0])
    frame = np.eye(4)
    frame[:3, 2] = up
    frame[:3, 1] = np.cross(up, across) / np.linalg.norm(np.cross(up, across))
    frame[:3, 0] = np.cross(frame[:3, 1], up)
    frame[:3, 3] = cut.centroids[0]
    return frame


def displacement(frame: np.ndarray, fracture: Fracture) -> np.ndarray:
    """Matrix (4, 4) that displaces the lower fragment in the patient's frame, `frame` being the break's."""
    from scipy.spatial.transform import Rotation

    move = np.eye(4)
    move[:3, :3] = Rotation.from_rotvec(fracture.turn_deg, degrees=True).as_matrix()
    move[:3, 3] = fracture.shift_mm
    return frame @ move @ np.linalg.inv(frame)


def _above(surface: Mesh, frame: np.ndarray, fracture: Fracture) -> Manifold:
    """Closed solid that holds all of a surface above the break."""
    local = (spread(surface.points, surface.faces).points - frame[:3, 3]) @ frame[:3, :3]
    level = np.abs(local[:, 2])
    near = np.linalg.norm(local[level < 0.05 * np.ptp(local[:, 2]), :2], axis=1)
    radius = float(near.max(initial=_GRID_MM))  # of the bone about the break
    reach = float(np.abs(local[:, :2]).max()) + 5 * _GRID_MM
    count = 2 * int(np.ceil(reach / _GRID_MM))  # even: no line of the grid goes through a spiral's axis
    line = (np.arange(count) - (count - 1) / 2) * _GRID_MM
    x, y = np.meshgrid(line, line)
    height = _height(x, y, radius, _half_width(surface, frame), fracture)
    top = max(float(local[:, 2].max()), float(height.max())) + 10
    points, faces = _column(x, y, height, top)
    return manifold_of(Mesh(points @ frame[:3, :3].T + frame[:3, 3], faces), "the break")


def _half_width(surface: Mesh, frame: np.ndarray) -> float:
    """Radius of the disc that is as large as the bone's section (mm)."""
    return float(np.sqrt(section(surface.points, surface.faces, frame[:3, 3], frame[:3, 2]).areas[0] / np.pi))


def _height(x: np.ndarray, y: np.ndarray, radius: float, half_width: float, fracture: Fracture) -> np.ndarray:
    """Height of the break over the points (x, y) of a grid across the bone.

    Beyond the bone's reach about the break it no longer rises, lest it should meet the bone's ends.
    """
    from scipy.ndimage import gaussian_filter

    slope, towards = np.tan(np.radians(fracture.angle_deg)), np.radians(fracture.towards_deg)
    along, aside = x * np.cos(towards) + y * np.sin(towards), y * np.cos(towards) - x * np.sin(towards)
    smooth = np.zeros_like(x)
    if fracture.kind == "oblique":
        smooth = slope * along * np.minimum(1, 1.25 * radius / np.hypot(x, y))
    elif fracture.kind == "spiral":  # a helicoid; its two ends are joined by a wall along the bone
        smooth = slope * half_width * np.arctan2(aside, along)
    noise = gaussian_filter(np.random.default_rng(fracture.seed).standard_normal(x.shape), _GRAIN_MM / _GRID_MM)
    return smooth + fracture.roughness_mm * noise / noise.std()


def _column(x: np.ndarray, y: np.ndarray, height: np.ndarray, top: float) -> tuple[np.ndarray, np.ndarray]:
    """Points and outward triangles of the solid between a grid's heights and a level above them."""
    rows, columns = x.shape
    number = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = (part.ravel() for part in (number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]))
    floor = np.concatenate([np.column_stack([a, c, b]), np.column_stack([a, d, c])])
    rim = np.concatenate([number[0, :-1], number[:-1, -1], number[-1, :0:-1], number[:0:-1, 0]])
    onward = np.roll(rim, -1)
    over = rows * columns + np.arange(len(rim))
    over_next, middle = np.roll(over, -1), np.full(len(rim), over[-1] + 1)
    walls = np.concatenate([np.column_stack([rim, onward, over_next]), np.column_stack([rim, over_next, over])])
    lid = np.column_stack([over, over_next, middle])
    bottom = np.column_stack([x.ravel(), y.ravel(), height.ravel()])
    points = np.concatenate([bottom, np.column_stack([bottom[rim, :2], np.full(len(rim), top)]), [[0, 0, top]]])
    return points, np.concatenate([floor, walls, lid])


def manifold_of(surface: Mesh, name: str) -> Manifold:
    """Manifold of a closed surface."""
    import manifold3d

    solid = solid_of(surface.points, surface.faces)
    if solid.status() != manifold3d.Error.NoError or not solid.volume() > 0:
        raise SimulationError(f"{name}: not a closed surface that faces outwards ({solid.status().name}); repair it.")
    return solid


def _split(surface: Mesh, above: Manifold, name: str) -> tuple[Manifold, Manifold]:
    """Parts of a surface inside and outside a solid."""
    return manifold_of(surface, f"the bone's {name} surface").split(above)


def _whole(piece: Manifold, fracture: Fracture) -> Manifold:
    """Return the one piece that a fragment is, without chips."""
    advice = "choose another place or a smaller angle"
    pieces = sorted(piece.decompose(), key=lambda part: -part.volume())
    if not pieces or not pieces[0].volume() > 0:
        raise SimulationError(f"the {fracture.kind} break at {fracture.place:g} does not cross the bone; {advice}.")
    if sum(part.volume() for part in pieces[1:]) > _CHIP * pieces[0].volume():
        raise SimulationError(
            f"the {fracture.kind} break at {fracture.place:g} parts the bone into more than two pieces; {advice}."
        )
    return pieces[0]


def surface_of(solid: Manifold) -> Mesh:
    """Surface of a Manifold."""
    return Mesh(*triangles_of(solid))
