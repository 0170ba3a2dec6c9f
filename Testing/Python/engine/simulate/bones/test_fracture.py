"""A broken cylinder: pieces of known volume, a break of known slope, a fragment that moves exactly as told."""

import manifold3d
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from XRayTo3DLib.choices import FRACTURES
from XRayTo3DLib.errors import SimulationError
from XRayTo3DLib.simulate.bones.bone import Bone, Mesh
from XRayTo3DLib.simulate.bones.fracture import Fracture, break_bone, break_frame, displacement, random_fracture
from XRayTo3DLib.surface import is_closed

LENGTH, RADIUS, INNER = 200.0, 12.0, 7.0


def mesh_of(shape):
    return Mesh(np.array(shape.vertices, float), np.array(shape.faces, np.int64))


def cylinder(radius, length=LENGTH):
    return mesh_of(trimesh.creation.cylinder(radius, length, sections=96))


@pytest.fixture(scope="module")
def tube():
    """A straight long bone: a cylinder with a marrow cavity, its middle in the origin."""
    return Bone(cylinder(RADIUS), cylinder(INNER, LENGTH - 20))


def as_trimesh(mesh):
    return trimesh.Trimesh(mesh.points, mesh.faces, process=False)


def volume(mesh):
    return as_trimesh(mesh).volume


def broken_points(piece, frame):
    """Points of a fragment on its break, in the break's frame: those away from the tube's side and ends."""
    local = (piece.points - frame[:3, 3]) @ frame[:3, :3]
    return local[(np.hypot(*local[:, :2].T) < 0.95 * RADIUS) & (np.abs(piece.points[:, 2]) < LENGTH / 2 - 1)]


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.85])
def test_a_transverse_break_gives_pieces_of_known_volume(tube, place):
    upper, lower = break_bone(tube, Fracture(place=place, roughness_mm=0))
    whole = volume(tube.outer)
    assert volume(upper.outer) == pytest.approx(place * whole, rel=1e-6)
    assert volume(lower.outer) == pytest.approx((1 - place) * whole, rel=1e-6)
    assert volume(upper.inner) == pytest.approx(volume(tube.inner) * (place * LENGTH - 10) / (LENGTH - 20), rel=1e-6)
    level = LENGTH / 2 - place * LENGTH
    assert upper.outer.points[:, 2].min() == pytest.approx(level, abs=1e-6)
    assert lower.inner.points[:, 2].max() == pytest.approx(level, abs=1e-6)


@settings(max_examples=12, deadline=None)
@given(
    kind=st.sampled_from(FRACTURES),
    place=st.floats(0.35, 0.65),
    angle=st.floats(-60, 60),
    towards=st.floats(0, 360),
    roughness=st.floats(0, 1.5),
    seed=st.integers(0, 10**6),
)
def test_the_pieces_are_closed_and_make_the_whole(tube, kind, place, angle, towards, roughness, seed):
    fracture = Fracture(kind, place, 0 if kind == "transverse" else angle, towards, roughness, seed=seed)
    pieces = break_bone(tube, fracture)
    for name in ("outer", "inner"):
        parts = [getattr(piece, name) for piece in pieces]
        for part in parts:
            assert is_closed(part.faces) and volume(part) > 0
        assert sum(map(volume, parts)) == pytest.approx(volume(getattr(tube, name)), rel=1e-3)
    for piece in pieces:
        assert as_trimesh(piece.outer).body_count == 1


@pytest.mark.parametrize(("angle", "towards"), [(30, 0), (45, 90), (60, 200), (-40, 10)])
def test_an_oblique_break_is_a_plane_of_known_slope(tube, angle, towards):
    fracture = Fracture("oblique", 0.4, angle, towards, roughness_mm=0)
    upper, lower = break_bone(tube, fracture)
    frame = break_frame(tube.outer, 0.4)
    slope = np.tan(np.radians(angle)) * np.array([np.cos(np.radians(towards)), np.sin(np.radians(towards))])
    for piece in (upper.outer, lower.outer, upper.inner, lower.inner):
        x, y, z = broken_points(piece, frame).T
        on_plane = np.abs(z) < 40
        assert on_plane.sum() > 3
        assert z[on_plane] == pytest.approx(slope @ np.stack([x, y])[:, on_plane], abs=1e-6)
    reach = RADIUS * abs(np.tan(np.radians(angle)))
    assert np.ptp(upper.outer.points[:, 2]) == pytest.approx(0.4 * LENGTH + reach, abs=0.1)
    assert volume(upper.outer) == pytest.approx(0.4 * volume(tube.outer), rel=1e-4)


@pytest.mark.parametrize("angle", [40, -55])
def test_a_spiral_break_winds_once_round_the_bone(tube, angle):
    """On the bone's surface its height rises in proportion to the angle about the axis."""
    towards = 70.0
    fracture = Fracture("spiral", 0.5, angle, towards, roughness_mm=0)
    upper, lower = break_bone(tube, fracture)
    rise = 2 * np.pi * RADIUS * np.tan(np.radians(abs(angle)))
    for piece in (upper.outer, lower.outer):
        assert np.ptp(piece.points[:, 2]) == pytest.approx(LENGTH / 2 + rise / 2, abs=0.06 * rise)
    frame = break_frame(tube.outer, 0.5)
    x, y, z = broken_points(upper.outer, frame).T
    about = np.angle(np.exp(1j * (np.arctan2(y, x) - np.radians(towards))))
    helix = (np.hypot(x, y) > 6) & (np.abs(about) < 2.5)
    winding = z[helix] / (RADIUS * np.tan(np.radians(angle)))
    assert helix.sum() > 100 and np.abs(winding - about[helix]).max() < 0.05


def test_roughness_is_the_breaks_deviation_and_the_seeds_affair(tube):
    def teeth(seed, roughness=0.8):
        upper, _ = break_bone(tube, Fracture(roughness_mm=roughness, seed=seed))
        return broken_points(upper.outer, break_frame(tube.outer, 0.5))[:, 2]

    assert np.std(np.concatenate([teeth(seed) for seed in range(4)])) == pytest.approx(0.8, rel=0.2)
    assert np.array_equal(teeth(1), teeth(1)) and not np.array_equal(teeth(1), teeth(2))


@pytest.mark.parametrize("shift", [(0, 0, -5), (10, 0, 0), (3, -4, 12)])
def test_a_shifted_fragment_moves_exactly(tube, shift):
    still = break_bone(tube, Fracture(seed=3))
    upper, lower = break_bone(tube, Fracture(seed=3, shift_mm=shift))
    assert np.array_equal(upper.outer.points, still[0].outer.points)
    for name in ("outer", "inner"):
        moved = getattr(lower, name).points - getattr(still[1], name).points
        assert moved == pytest.approx(np.tile(shift, (len(moved), 1)), abs=1e-9)


@pytest.mark.parametrize(
    ("turn", "end"),
    [
        ((0, 20, 0), (-np.sin(np.radians(20)), 0, -np.cos(np.radians(20)))),
        ((30, 0, 0), (0, 0.5, -np.sqrt(0.75))),
        ((0, 0, 90), (0, 0, -1)),
    ],
)
def test_a_turned_fragment_turns_about_the_break(tube, turn, end):
    """The lower end, 120 mm below the break, goes where the rotation says."""
    fracture = Fracture(place=0.4, roughness_mm=0, turn_deg=turn)
    _, lower = break_bone(tube, fracture)
    _, still = break_bone(tube, Fracture(place=0.4, roughness_mm=0))
    ends = still.outer.points[:, 2] < -LENGTH / 2 + 1e-6
    assert lower.outer.points[ends].mean(axis=0) == pytest.approx([0, 0, 20] + 120 * np.array(end), abs=0.5)
    move = displacement(break_frame(tube.outer, 0.4), fracture)
    assert np.linalg.det(move[:3, :3]) == pytest.approx(1)
    assert move @ [0, 0, 20, 1] == pytest.approx([0, 0, 20, 1], abs=1e-6)


def test_directions_are_the_patients_also_on_a_leaning_bone(tube):
    lean = trimesh.transformations.rotation_matrix(np.radians(20), (0, 1, 0))
    frame = break_frame(tube.moved(lean).outer, 0.5)
    assert frame[:3, :3] == pytest.approx(lean[:3, :3], abs=1e-3)


def test_a_bone_without_marrow_stays_so(tube):
    for piece in break_bone(Bone(tube.outer), Fracture("oblique", angle_deg=40)):
        assert piece.inner is None


def test_a_fragment_beyond_the_marrow_has_none(tube):
    short = Bone(tube.outer, cylinder(INNER, 60))
    upper, lower = break_bone(short, Fracture(place=0.2))
    assert upper.inner is None and volume(lower.inner) == pytest.approx(volume(short.inner))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "greenstick"}, "transverse, oblique, spiral"),
        ({"place": 0}, "between 0"),
        ({"place": 1.2}, "between 0"),
        ({"place": float("nan")}, "between 0"),
        ({"kind": "oblique", "angle_deg": 80}, "within 75"),
        ({"angle_deg": 20}, "make it oblique"),
        ({"roughness_mm": -1}, "roughness_mm"),
        ({"shift_mm": (1, 2)}, "shift_mm"),
        ({"turn_deg": (0, 0, float("inf"))}, "turn_deg"),
        ({"towards_deg": float("nan")}, "towards_deg"),
    ],
)
def test_a_fracture_that_cannot_be_is_refused_in_words(given, words):
    with pytest.raises(SimulationError, match=words):
        Fracture(**given)


def joined(*boxes):
    """Surface of boxes (corner, corner) joined."""
    parts = [manifold3d.Manifold.cube(np.subtract(high, low)).translate(low) for low, high in boxes]
    mesh = manifold3d.Manifold.batch_boolean(parts, manifold3d.OpType.Add).to_mesh64()
    return Mesh(np.array(mesh.vert_properties), np.array(mesh.tri_verts, np.int64))


def test_a_break_that_cuts_off_more_than_one_piece_is_refused():
    fork = joined(((0, 0, 0), (20, 20, 200)), ((0, 0, 100), (40, 20, 110)), ((30, 0, 100), (40, 20, 160)))
    with pytest.raises(SimulationError, match="more than two pieces; choose another place"):
        break_bone(Bone(fork), Fracture(place=0.3))
    assert break_bone(Bone(fork), Fracture(place=0.8))


def test_a_place_without_bone_is_refused():
    apart = joined(((0, 0, 0), (20, 20, 80)), ((0, 0, 120), (20, 20, 200)))
    with pytest.raises(SimulationError, match="no bone"):
        break_bone(Bone(apart), Fracture())


@pytest.mark.parametrize("scale", [0.001, 1000])
def test_a_bone_that_is_not_in_mm_is_refused(tube, scale):
    with pytest.raises(SimulationError, match="Give it in mm"):
        break_bone(tube.moved(np.diag([scale, scale, scale, 1])), Fracture())


def test_an_open_bone_is_refused(tube):
    with pytest.raises(SimulationError, match="outer surface"):
        break_bone(Bone(Mesh(tube.outer.points, tube.outer.faces[:-1])), Fracture())
    with pytest.raises(SimulationError, match="inner surface"):
        break_bone(Bone(tube.outer, Mesh(tube.inner.points, tube.inner.faces[:, ::-1])), Fracture())


def test_drawn_fractures_are_the_seeds_and_of_every_kind():
    drawn = [random_fracture(np.random.default_rng(seed)) for seed in range(30)]
    assert {each.kind for each in drawn} == set(FRACTURES)
    assert drawn == [random_fracture(np.random.default_rng(seed)) for seed in range(30)]
    for each in drawn:
        assert 0.3 <= each.place <= 0.7 and each.shift_mm != (0, 0, 0)
        assert np.hypot(*each.shift_mm[:2]) > 30 or each.shift_mm[2] < 15
    for seed in range(5):
        still = random_fracture(np.random.default_rng(seed), displaced=False)
        assert still.shift_mm == (0, 0, -0.5) and still.turn_deg == (0, 0, 0)


@pytest.mark.parametrize("kind", FRACTURES)
def test_the_kind_can_be_chosen(kind):
    for seed in range(10):
        drawn = random_fracture(np.random.default_rng(seed), kind=kind)
        assert drawn.kind == kind and (drawn.angle_deg == 0) == (kind == "transverse")
    with pytest.raises(SimulationError, match="'greenstick' is no kind"):
        random_fracture(np.random.default_rng(0), kind="greenstick")


def test_real_femora_break_and_their_fragments_keep_clear(shared_data):
    data = np.load(shared_data / "limbs" / "femur_26_correspondence.npz")
    rng = np.random.default_rng(0)
    for points in data["vertices"][::3]:
        femur = Mesh(points.astype(float), data["faces"].astype(np.int64))
        pieces = [piece.outer for piece in break_bone(Bone(femur), random_fracture(rng))]
        assert all(is_closed(piece.faces) for piece in pieces)
        assert sum(map(volume, pieces)) == pytest.approx(volume(femur), rel=1e-3)
        upper, lower = (
            manifold3d.Manifold(manifold3d.Mesh64(piece.points, piece.faces.astype(np.uint64))) for piece in pieces
        )
        assert (upper ^ lower).volume() < 1e-3 * volume(femur)
