"""One simulated radiograph: what is bright, what is cut, and that its truth belongs to it."""

import numpy as np
import pytest
import trimesh

from XRayTo3DLib.errors import SimulationError
from XRayTo3DLib.simulate.bones.bone import Bone
from XRayTo3DLib.simulate.bones.volume import Volume
from XRayTo3DLib.simulate.film.film import MU_CORTEX, MU_SPONGY
from XRayTo3DLib.simulate.film.setup import IDEAL, Setup
from XRayTo3DLib.simulate.film.view import WHITE, simulate


@pytest.fixture(scope="module")
def shaft(to_mesh):
    """A tube of cortex with marrow in it, standing on the patient's left."""
    body = lambda r, h: trimesh.creation.cylinder(r, h, sections=200).apply_translation((100, 20, 900))  # noqa: E731
    return Bone(to_mesh(body(15.0, 200.0)), to_mesh(body(9.0, 180.0)))


BARE = Setup(exposure=IDEAL, tissue_mm=0.0, marked=False, pixel_size_mm=0.5)


def take(body, view="ap", setup=BARE, side="left", seed=0):
    return simulate(body, view, side, setup, np.random.default_rng(seed))


def test_an_ideal_radiograph_of_a_bare_tube(shaft):
    made = take([shaft])
    row, column = made.pixels.shape[0] // 2, made.pixels.shape[1] // 2
    assert made.thickness_mm[row, column] == pytest.approx(30, abs=0.05)
    through_middle = MU_CORTEX * 12 + MU_SPONGY * 18
    through_cortex = 2 * MU_CORTEX * np.sqrt(15**2 - 9**2)
    side = column + round(9.05 * 1.15 / 0.5)
    assert made.pixels[row, side] / made.pixels[row, column] == pytest.approx(through_cortex / through_middle, rel=0.03)
    assert made.pixels.dtype == np.uint16 and made.pixels.max() == WHITE
    assert (made.pixels[~made.mask] == 0).all()


def test_the_detector_holds_the_bone_and_its_ball(shaft):
    for ball in (0.0, 25.0):
        made = take([shaft], setup=Setup(exposure=IDEAL, tissue_mm=0.0, marked=False, ball_mm=ball))
        border = np.ones(made.mask.shape, bool)
        border[10:-10, 10:-10] = False
        assert not made.pixels[border].any()
        pieces = trimesh.graph.connected_components(_neighbours(made.pixels > 0))
        assert len(pieces) == (2 if ball else 1)


def _neighbours(mask):
    """Pairs of neighbouring pixels of a mask."""
    number = np.where(mask, np.arange(mask.size).reshape(mask.shape), -1)
    pairs = [np.stack([number[:, :-1], number[:, 1:]], -1), np.stack([number[:-1], number[1:]], -1)]
    pairs = np.concatenate([p.reshape(-1, 2) for p in pairs])
    return pairs[(pairs >= 0).all(axis=1)]


@pytest.mark.parametrize("view", ["ap", "lateral"])
def test_the_balls_shadow_gives_the_scale(shaft, view):
    made = take([shaft], view, Setup(exposure=IDEAL, tissue_mm=0.0, marked=False, ball_mm=30.0, pixel_size_mm=0.25))
    ball = (made.pixels == WHITE) & ~made.mask
    across = np.ptp(np.flatnonzero(ball.any(axis=0))) + 1
    # Steel is white but for its outermost rim; the ball stands within 60 mm of the bone's middle.
    assert across * 0.25 == pytest.approx(30 * 1.15, rel=0.07)


def test_tissue_covers_the_bone_and_more(shaft):
    made = take([shaft], setup=Setup(exposure=IDEAL, marked=False))
    assert (made.pixels[made.mask] > 0).all()
    assert np.count_nonzero(made.pixels) > 2 * np.count_nonzero(made.mask)


def test_collimation_leaves_a_box_open(shaft):
    made = take([shaft], setup=Setup(marked=False, collimation_mm=10.0, pixel_size_mm=0.5))
    lit = made.pixels > 0
    rows, columns = np.flatnonzero(made.mask.any(axis=1)), np.flatnonzero(made.mask.any(axis=0))
    box = np.zeros_like(lit)
    box[max(0, rows[0] - 20) : rows[-1] + 21, max(0, columns[0] - 20) : columns[-1] + 21] = True
    assert not lit[~box].any()
    assert lit[box].mean() > 0.99


def test_marks_are_white_and_can_be_left_out(shaft):
    plain, marked = (take([shaft], setup=Setup(marked=marked)) for marked in (False, True))
    ink = marked.pixels.astype(int) - plain.pixels
    assert (ink >= 0).all() and 0.001 < (ink > 0).mean() < 0.1
    assert np.array_equal(plain.thickness_mm, marked.thickness_mm)


def test_same_seed_same_picture_other_seed_other_noise(shaft):
    a, b, c = (take([shaft], setup=Setup(), seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(a.pixels, b.pixels) and not np.array_equal(a.pixels, c.pixels)


def test_fragments_add_up(shaft, to_mesh):
    half = lambda z: Bone(to_mesh(trimesh.creation.cylinder(15.0, 100.0, sections=200).apply_translation((100, 20, z))))  # noqa: E731
    whole = Bone(shaft.outer)
    broken = take([half(850), half(950)])
    assert broken.thickness_mm == pytest.approx(take([whole]).thickness_mm, abs=1e-3)


def test_a_volume_brings_its_own_tissue():
    hounsfield = np.full((60, 40, 40), -1000, np.int16)
    hounsfield[:, 5:35, 5:35] = 40
    hounsfield[:, 15:25, 15:25] = 900
    matrix = np.diag([1.0, 1.0, 2.0, 1.0])
    made = take(Volume(hounsfield, matrix), setup=Setup(exposure=IDEAL, marked=False))
    middle = made.pixels[made.pixels.shape[0] // 2]
    assert made.thickness_mm[made.pixels.shape[0] // 2].max() == pytest.approx(10, rel=0.02)
    assert len(np.unique(np.sign(np.diff(middle.astype(int))))) > 1 and (middle > 0).sum() > 25 / 0.4


def test_a_detector_that_misses_the_bone(shaft):
    with pytest.raises(SimulationError, match=r"detector.*misses the bone.*detector.*center"):
        take([shaft], setup=Setup(shape=(50, 50), center_lps=(0, 0, 0)))


def test_a_source_in_the_bone(shaft):
    with pytest.raises(SimulationError, match="reaches the X-ray source"):
        take([shaft], setup=Setup(sid_mm=20.0, sod_mm=10.0))


@pytest.mark.parametrize("changed", [{"tissue_mm": -1.0}, {"ball_mm": np.nan}, {"collimation_mm": -3.0}])
def test_impossible_setups(changed):
    with pytest.raises(SimulationError):
        Setup(**changed)
