"""What becomes of a film on its way to a file keeps its shape, its range and its seed."""

import numpy as np
import pytest

from XRayTo3DLib.simulate import looks
from XRayTo3DLib.simulate.film import MU_FAT, MU_MUSCLE
from XRayTo3DLib.simulate.flesh import flesh

SHAPE = (120, 120)


@pytest.fixture
def image():
    ramp = np.linspace(0, 1, SHAPE[1], dtype=np.float32)
    return np.tile(ramp, (SHAPE[0], 1))


@pytest.mark.parametrize("seed", range(12))
def test_pictures_stay_pictures(image, seed):
    whole = np.ones(SHAPE, bool)
    steps = {
        "windowed": lambda rng: looks.windowed(image * 3 - 1, rng, whole),
        "processed": lambda rng: looks.processed(image, rng),
        "lettered": lambda rng: looks.lettered(image, rng, "left", "ap"),
        "framed": lambda rng: looks.framed(image, rng, looks.open_field(rng, SHAPE)),
        "stored": lambda rng: looks.stored(image, rng),
    }
    for name, step in steps.items():
        made, again = (step(np.random.default_rng(seed)) for _ in range(2))
        assert made.shape == SHAPE and made.dtype == np.float32, name
        assert made.min() >= 0 and made.max() <= 1, name
        assert np.array_equal(made, again), name


def test_windowing_keeps_the_order_of_greys(image):
    for seed in range(10):
        made = looks.windowed(image, np.random.default_rng(seed), np.ones(SHAPE, bool))
        assert (np.diff(made[0]) >= 0).all() and np.ptp(made) > 0.5


def test_compression_takes_away_large_differences_and_keeps_small_ones():
    x = np.arange(400)
    film = (np.where(x < 200, 1.0, 3.0) + 0.2 * np.sin(x * 2))[None].repeat(400, axis=0).astype(np.float32)
    made = looks.compressed(film, np.random.default_rng(0))
    level = lambda picture, place: picture[200, place - 30 : place + 30].mean()  # noqa: E731
    assert level(made, 350) - level(made, 50) < 0.85 * (level(film, 350) - level(film, 50))
    assert made[200, 20:80].std() == pytest.approx(film[200, 20:80].std(), rel=0.2)


def test_fields_are_open_in_the_middle():
    shares = []
    for seed in range(100):
        field = looks.open_field(np.random.default_rng(seed), SHAPE)
        assert field[60, 60] and field.dtype == bool
        shares.append(field.mean())
    assert min(shares) > 0.4 and max(shares) == 1.0 and len(set(shares)) > 20


def test_a_straight_limb_is_a_round_tube():
    joints = np.array([[[60, -300], [60, 40], [60, 80], [60, 400]]], float)
    made = flesh(joints, None, 2.0, 120, np.random.default_rng(0))
    middle = made[60]
    assert made.dtype == np.float32 and (made >= 0).all()
    assert abs(int(np.argmax(middle)) - 60) < 15
    assert 2 * 40 * MU_FAT < middle.max() < 2 * 140 * MU_MUSCLE
    assert middle[0] < 0.3 * middle.max()


def test_a_trunk_adds_tissue():
    joints = np.array([[[60, -100], [60, 40], [60, 80], [60, 400]]], float)
    made = [flesh(joints, trunk, 2.0, 120, np.random.default_rng(0)) for trunk in (None, (60.0, 0.0))]
    assert made[1].sum() > made[0].sum()
