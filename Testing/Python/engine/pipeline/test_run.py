"""The whole way on bones whose size is known: closed, true to size, in place, within budget, or refused in words."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import trimesh
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import ndimage
from vtkmodules.util.numpy_support import vtk_to_numpy

from XRayTo3DLib import (
    Cancelled,
    ReconstructionError,
    Settings,
    estimate_depth,
    find_layers,
    find_region,
    generate_surface,
    radiograph_from_array,
    read_radiograph,
    reconstruct,
    segment,
    segmentation,
)
from XRayTo3DLib.geometry.outline import BORDER
from XRayTo3DLib.methods import auto
from XRayTo3DLib.segmentation import Seeds, clustered
from XRayTo3DLib.segmentation.by_network import find_by_network
from XRayTo3DLib.segmentation.network.loading import forget
from XRayTo3DLib.surface import GREY, OBSERVED, OVER_FILM, arrays

SHAPE = (160, 120)
SAMPLE = Path(__file__).resolve().parents[4] / "Resources" / "Samples" / "femur_ap.dcm"

SOLID = Settings(method="solid", triangles=5000)
BY_CLUSTERS = replace(SOLID, segmentation="clusters")
RELIEF = replace(SOLID, method="relief")

pytestmark = pytest.mark.usefixtures("seen_once")


@pytest.fixture(scope="module")
def shaft(draw):
    return draw.strip(SHAPE, 20) > 0


def bounds(mesh):
    return np.ptp(mesh.bounds, axis=0)


@pytest.mark.parametrize("triangles", [500, 2000, 20_000, 200_000])
def test_volume_of_a_shaft_that_leaves_the_picture(from_mask, shaft, as_trimesh, check_closed, triangles):
    """A cylinder, cut off flat at both borders: pi r^2 L."""
    found = from_mask(shaft, emboss_mm=0, triangles=triangles, pixel_size_mm=0.5)
    mesh = as_trimesh(found.surface.polydata)
    check_closed(mesh)
    assert len(mesh.faces) <= triangles
    assert mesh.volume == pytest.approx(np.pi * 10**2 * 80, rel=0.02)
    step = found.depth.grid.step
    assert np.allclose(bounds(mesh), [20, 80, 20], atol=step)


@pytest.mark.parametrize(("triangles", "error"), [(2000, 0.06), (50_000, 0.02)])
def test_volume_of_a_ball(from_mask, draw, as_trimesh, check_closed, triangles, error):
    found = from_mask(draw.disc(SHAPE, 40) > 0, emboss_mm=0, triangles=triangles)
    mesh = as_trimesh(found.surface.polydata)
    check_closed(mesh)
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 40**3, rel=error)
    assert np.allclose(bounds(mesh), 80, atol=max(1.0, found.depth.grid.step))


@pytest.mark.parametrize("method", ["solid", "relief"])
@pytest.mark.parametrize("pixel", [(0.5, 0.5), (1.0, 0.5), (0.3, 0.9)])
def test_the_bone_stands_over_its_mask(from_mask, draw, as_trimesh, method, pixel):
    """Its box is that of the mask in mm, whatever the shape of a pixel."""
    x, y = np.arange(SHAPE[1]), np.arange(SHAPE[0])[:, None]
    mask = (np.abs(x - 70) <= 18) & (np.abs(y - 60) <= 40)
    found = from_mask(mask, method=method, triangles=50_000, pixel_size_mm=pixel)
    mesh = as_trimesh(found.surface.polydata)
    expected = np.array([[51.5, 19.5], [88.5, 100.5]]) * pixel
    assert np.allclose(mesh.bounds[:, :2], expected, atol=1.5 * found.depth.grid.step)
    assert mesh.bounds[0, 2] == pytest.approx(0, abs=1e-5)


def test_magnification_halves_every_length(from_mask, draw, as_trimesh):
    disc = draw.disc(SHAPE, 30) > 0
    whole, half = (
        bounds(as_trimesh(from_mask(disc, emboss_mm=0, triangles=20_000, magnification=m).surface.polydata))
        for m in (1.0, 2.0)
    )
    assert np.allclose(half, whole / 2, rtol=0.01)


@pytest.mark.parametrize("scale", [1e-2, 50.0])
def test_scale_of_the_pixel_is_scale_of_the_bone(from_mask, draw, as_trimesh, check_closed, scale):
    disc = draw.disc(SHAPE, 30) > 0
    mesh = as_trimesh(from_mask(disc, emboss_mm=0, triangles=20_000, pixel_size_mm=scale).surface.polydata)
    check_closed(mesh)
    assert np.allclose(bounds(mesh) / scale, 60, atol=1)


def test_detail_is_embossed_on_the_front_alone(from_mask, shaft, as_trimesh):
    pixels = np.where(shaft, 0.6 + 0.05 * np.sin(np.arange(160)[:, None] * 1.0), 0.1)
    plain, raised = (from_mask(shaft, pixels, emboss_mm=h, triangles=60_000) for h in (0, 1.5))
    assert not plain.depth.raised.any() and 1 < np.abs(raised.depth.raised).max() <= 1.5

    def waviness(result, side):
        """Spread of z along the middle of the front (1) or back (-1)."""
        points, face = trimesh.sample.sample_surface(mesh := as_trimesh(result.surface.polydata), 40_000, seed=0)
        middle = (np.abs(points[:, 0] - 59.5) < 3) & (np.abs(points[:, 1] - 80) < 60)
        return points[middle & (side * mesh.face_normals[face, 2] > 0)][:, 2].std()

    assert waviness(raised, 1) > 2 * waviness(plain, 1) + 0.1
    assert waviness(raised, -1) < waviness(plain, -1) + 0.05


def test_relief_has_a_flat_back_walls_and_a_height(from_mask, draw, as_trimesh, check_closed):
    mask = draw.disc(SHAPE, 40) > 0
    tone = np.where(mask, 0.3 + 0.5 * np.arange(120) / 120, 0.0)
    found = from_mask(mask, tone, method="relief", triangles=50_000)
    mesh = as_trimesh(found.surface.polydata)
    check_closed(mesh)
    assert found.surface.method == "relief"
    assert bounds(mesh)[2] == pytest.approx(40, rel=0.06)  # as high as the bone's half width
    step = found.depth.grid.step
    back = mesh.face_normals[:, 2] < -0.95
    assert mesh.area_faces[back].sum() == pytest.approx(np.pi * 40**2, rel=0.07)  # less its rim
    assert (mesh.triangles[back][..., 2] < step).all()
    flat = np.hypot(*(mesh.vertices[:, :2] - [59.5, 79.5]).T) < 40 - 4 * step
    assert mesh.vertices[flat & (mesh.vertices[:, 2] < step), 2].max(initial=0) < 0.05
    # Bright is high.
    x, _, z = mesh.triangles_center[mesh.face_normals[:, 2] > 0.3].T
    assert np.corrcoef(x, z)[0, 1] > 0.9
    radius = np.hypot(*(mesh.vertices[:, :2] - [59.5, 79.5]).T)
    assert radius.max() == pytest.approx(40, abs=1.0)


@pytest.mark.parametrize("method", ["solid", "relief"])
def test_observed_is_what_faces_the_source(from_mask, draw, as_trimesh, method):
    found = from_mask(draw.disc(SHAPE, 40) > 0, method=method, triangles=20_000)
    mesh = as_trimesh(found.surface.polydata)
    array = found.surface.polydata.GetPointData().GetArray(OBSERVED)
    seen = np.array([array.GetValue(i) for i in range(array.GetNumberOfValues())], bool)
    normals = mesh.vertex_normals[:, 2]
    assert seen[normals > 0.5].all() and not seen[normals < -0.9].any()
    by_area = (mesh.area_faces * seen[mesh.faces].mean(axis=1)).sum() / mesh.area
    assert found.surface.describe()["observed_fraction"] == pytest.approx(by_area, rel=1e-4)
    assert 0.4 < by_area < 0.85


def test_where_the_picture_cuts_the_bone_off_nothing_was_observed(from_mask, shaft):
    polydata = from_mask(shaft, triangles=20_000).surface.polydata
    points = arrays(polydata)[0]
    array = polydata.GetPointData().GetArray(OBSERVED)
    seen = np.array([array.GetValue(i) for i in range(array.GetNumberOfValues())], bool)
    ends = (points[:, 1] < -0.45) | (points[:, 1] > 159.45)
    assert ends.sum() > 10 and not seen[ends].any()


def test_points_carry_their_height_and_the_grey_value_below(phantom_radiograph):
    radiograph = replace(phantom_radiograph, pixel_size_mm=(0.4, 0.6), magnification=1.2, sid_mm=1200, sod_mm=1000)
    polydata = reconstruct(radiograph, BY_CLUSTERS).surface.polydata
    points = arrays(polydata)[0]
    height, grey = (vtk_to_numpy(polydata.GetPointData().GetArray(name)) for name in (OVER_FILM, GREY))
    assert np.array_equal(height, points[:, 2])
    rows, columns = radiograph.pixels.shape
    middle = (np.array([columns, rows]) - 1) / 2
    x, y = (middle + (points[:, :2] - middle * (0.4, 0.6)) * 1.2 / (0.4, 0.6)).T
    nearest = radiograph.pixels[np.rint(y).astype(int).clip(0, rows - 1), np.rint(x).astype(int).clip(0, columns - 1)]
    assert np.abs(grey - nearest).mean() < 0.02 and np.corrcoef(grey, nearest)[0, 1] > 0.95


@st.composite
def blob_masks(draw):
    """Masks of one to some pieces, of any outline, with holes, touching the border or not."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(st.integers(30, 80), st.integers(30, 80)))
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), draw(st.floats(2.5, 10)))
    mask = noise > draw(st.floats(-0.5, 1.2)) * noise.std()
    return ndimage.binary_opening(mask, np.ones((5, 5)), iterations=1)


def pieces_of(mask):
    return ndimage.label(mask, np.ones((3, 3)))[1]


@settings(max_examples=6, deadline=None)
@given(blob_masks(), st.sampled_from(["solid", "relief"]))
def test_any_mask_becomes_as_many_closed_pieces(from_mask, as_trimesh, check_closed, mask, method):
    count = pieces_of(mask)
    # Pieces that nearly touch or nearly part may join or split on the grid.
    assume(count > 0 and pieces_of(ndimage.binary_dilation(mask, np.ones((3, 3)), iterations=2)) == count)
    assume(pieces_of(ndimage.binary_erosion(mask, np.ones((3, 3)), border_value=1)) == count)
    pixels = 0.5 + 0.4 * np.sin(np.arange(mask.size) / 7).reshape(mask.shape)
    found = from_mask(mask, pixels, method=method, triangles=20_000)
    mesh = as_trimesh(found.surface.polydata, flip_z=True)
    check_closed(mesh, count)
    assert len(mesh.faces) <= 20_000
    told = found.surface.describe()
    assert told["closed"] and told["triangles"] == len(mesh.faces)
    assert told["volume_mm3"] == pytest.approx(mesh.volume, rel=1e-3)


@pytest.mark.parametrize("triangles", [500, 1000, 10_000, 60_000])
@pytest.mark.parametrize("method", ["solid", "relief"])
def test_triangle_budget(phantom_radiograph, as_trimesh, check_closed, triangles, method):
    found = reconstruct(phantom_radiograph, Settings(method=method, triangles=triangles, segmentation="clusters"))
    mesh = as_trimesh(found.surface.polydata)
    check_closed(mesh)
    assert len(mesh.faces) <= triangles
    assert len(mesh.faces) > 0.25 * triangles  # and it is made use of
    assert 0 < found.surface.decimation_error_mm < 2


def test_phantom_bone_is_found(phantom_radiograph, as_trimesh):
    found = reconstruct(phantom_radiograph, Settings(segmentation="clusters", triangles=20_000))
    x, y, z = bounds(as_trimesh(found.surface.polydata))
    assert y == pytest.approx(130, abs=3) and x == pytest.approx(26, abs=5) and 15 < z < 45
    bone = found.segmentation.bone
    assert bone.method == "clusters" and bone.clusters is not None and bone.bone_range[1] == 1
    assert found.mask.shape == found.segmentation.region.shape == (320, 200)


def reported(radiograph, settings=None):
    """What is made of a radiograph, and the fractions and texts that were told meanwhile."""
    told = []
    made = reconstruct(radiograph, settings, lambda fraction, text: told.append((fraction, text)))
    return SimpleNamespace(made=made, told=told)


@pytest.fixture(scope="module")
def solid(phantom_radiograph):
    """The phantom's solid."""
    return reported(phantom_radiograph, SOLID)


def test_same_input_same_surface(phantom_radiograph, solid, monkeypatch):
    """Asked anew, the network says the same."""
    monkeypatch.setattr(segmentation.find, "find_by_network", find_by_network)
    forget()
    first, second = (arrays(each.surface.polydata) for each in (solid.made, reconstruct(phantom_radiograph, SOLID)))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_nothing_given_is_changed(phantom_radiograph, shaft):
    before = phantom_radiograph.pixels.copy()
    mask = np.zeros((320, 200), np.uint8)
    mask[40:280, 85:115] = 7
    kept = mask.copy()
    reconstruct(phantom_radiograph, replace(BY_CLUSTERS, mask=mask))
    assert np.array_equal(mask, kept) and np.array_equal(phantom_radiograph.pixels, before)


def test_auto_is_solid(from_mask, shaft):
    assert from_mask(shaft, triangles=2000).surface.method == "solid"


def test_marks_limit_the_bone(phantom_radiograph):
    settings = replace(SOLID, roi=(60, 100, 140, 200))
    region = find_region(phantom_radiograph, settings)
    rows, columns = np.nonzero(region)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (100, 200, 60, 140)
    mask = reconstruct(phantom_radiograph, settings).mask
    assert mask.any() and not (mask & ~region).any()
    polygon = [(50, 90), (150, 90), (100, 250)]
    both = find_region(phantom_radiograph, replace(settings, polygon=polygon))
    assert both.sum() < region.sum() and not (both & ~region).any()


def test_threshold_by_hand(phantom_radiograph):
    found = reconstruct(phantom_radiograph, Settings(threshold=(0.55, 1.0), triangles=5000))
    assert found.segmentation.bone.bone_range == (0.55, 1.0)
    assert phantom_radiograph.pixels[found.mask].mean() > 0.55


def test_stages_one_by_one_are_the_whole(phantom_radiograph, solid):
    settings, whole = SOLID, solid.made
    layers = find_layers(phantom_radiograph, whole.mask, settings)
    depth = estimate_depth(phantom_radiograph, whole.mask, layers, settings)
    surface = generate_surface(depth, settings)
    assert np.array_equal(arrays(surface.polydata)[0], arrays(whole.surface.polydata)[0])


def test_surface_of_a_depth_map_alone(from_mask, shaft):
    """Settings may be left out."""
    depth = from_mask(shaft, triangles=2000).depth
    assert generate_surface(depth).describe()["closed"]


@pytest.mark.parametrize("of", ["solid", "shape", "instead"])
def test_progress_rises_from_0_to_1(request, of):
    """Also where a shape was fitted first and a solid is made instead."""
    told = request.getfixturevalue(of).told
    fractions = [fraction for fraction, _ in told]
    assert fractions[0] == 0 and fractions[-1] == 1 and fractions == sorted(fractions)
    assert len(fractions) >= 6 and all(text for _, text in told)


def test_a_user_may_stop_at_every_step(phantom_radiograph):
    settings = Settings(method="solid", triangles=2000)
    calls = []
    reconstruct(phantom_radiograph, settings, lambda *_: calls.append(1))
    for last in range(len(calls)):
        left = iter([False] * last + [True])
        with pytest.raises(Cancelled):
            reconstruct(phantom_radiograph, settings, lambda *_, left=left: next(left))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"method": "magic"}, "auto, relief, solid, shape, volume, not 'magic'"),
        ({"side": "both"}, "auto, left or right, not 'both'"),
        ({"pieces": "some"}, "main, near, all, not 'some'"),
        ({"triangles": 3}, "200 or more, not 3"),
        ({"hdr_strength": -1}, "hdr_strength must not be negative or huge"),
        ({"hdr_strength": np.nan}, "hdr_strength"),
        ({"emboss_mm": np.inf}, "emboss_mm"),
        ({"smoothing": -1}, "smoothing"),
        ({"clusters": 1}, "between 2 and 32, not 1"),
        ({"clusters": 99}, "between 2 and 32, not 99"),
        ({"mask": np.ones((320, 200)), "clusters": 99}, "between 2 and 32, not 99"),
        ({"mask": np.ones((320, 200)), "segmentation": "magic"}, "auto, network, clusters, not 'magic'"),
        ({"mask": np.ones((320, 200)), "seeds": Seeds([(500, 5)])}, "The click on the bone .* outside the picture"),
        ({"threshold": (0.5, 1), "seeds": Seeds([(50, 50)])}, "Clicks correct what network and clusters find"),
        ({"threshold": (0.7, 0.3)}, "LOW < HIGH"),
        ({"threshold": (np.nan, 1)}, "LOW < HIGH"),
        ({"roi": (500, 500, 600, 600)}, "marks no pixel"),
        ({"roi": (np.nan, 0, 10, 10)}, "four numbers"),
        ({"polygon": [(0, 0), (1, 1)]}, "three corners"),
        ({"mask": np.zeros((320, 200))}, "mask marks no pixel"),
        ({"mask": np.ones((10, 10))}, "10 x 10 pixels"),
        ({"roi": (0, 0, 20, 20), "polygon": [(100, 100), (150, 100), (100, 150)]}, "share no pixel"),
        ({"threshold": (0.9999, 1.0)}, "Nothing that looks like bone"),
    ],
)
def test_settings_out_of_range(phantom_radiograph, wrong, words):
    with pytest.raises(ReconstructionError, match=words):
        reconstruct(phantom_radiograph, Settings(**wrong))


def test_no_bone_in_a_region_of_one_grey():
    pixels = np.full((100, 100), 0.3)
    pixels[:20] = np.linspace(0, 1, 100)
    with pytest.raises(ReconstructionError):
        reconstruct(radiograph_from_array(pixels, bone="bright"), Settings(roi=(10, 40, 90, 90), triangles=5000))


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("method", ["solid", "relief"])
def test_masks_of_a_few_pixels(from_mask, as_trimesh, check_closed, size, method):
    """A surface or a refusal, nothing else."""
    mask = np.zeros((40, 40), bool)
    mask[20 : 20 + size, 20 : 20 + size] = True
    try:
        found = from_mask(mask, method=method, triangles=2000)
    except ReconstructionError as error:
        assert "mark more" in str(error) or "larger region" in str(error) or "too few" in str(error)
    else:
        check_closed(as_trimesh(found.surface.polydata))


@pytest.mark.parametrize("method", ["solid", "relief"])
def test_a_mask_that_is_the_whole_picture(from_mask, as_trimesh, check_closed, method):
    mesh = as_trimesh(from_mask(np.ones((60, 40), bool), method=method, triangles=5000).surface.polydata)
    check_closed(mesh)
    assert np.allclose(bounds(mesh)[:2], [40, 60], atol=1)


def test_json_is_the_contract(phantom_radiograph):
    told = reconstruct(phantom_radiograph, replace(SOLID, roi=np.array([0, 0, 199, 319]))).as_json()
    text = json.dumps(told, allow_nan=False)
    assert json.loads(text) == told
    assert set(told) == {
        *("input", "settings", "clusters", "bone", "femur", "surface", "quality", "timings_s", "warnings", "version"),
        *("shape", "lateral", "views", "bones", "legs", "scale"),
    }
    assert told["shape"] is None and told["lateral"] is None
    keys = {"path", "rows", "columns", "pixel_size_mm", "photometric", "bits", "view", "warnings"}
    assert keys <= set(told["input"])
    assert set(told["clusters"]) == {"centers", "bone_range"}
    assert {"is_femur", "score", "reasons"} <= set(told["femur"])
    surface = {"method", "points", "triangles", "closed", "volume_mm3", "area_mm2", "bounds_mm", "observed_fraction"}
    assert surface <= set(told["surface"])
    assert {"ief", "ief_db", "ssim"} <= set(told["quality"])
    assert {"region", "bone", "femur", "layers", "depth", "surface"} <= set(told["timings_s"])
    assert told["input"]["rows"] == 320 and told["input"]["columns"] == 200


@pytest.mark.parametrize(
    "given_settings",
    [
        {"mask": np.ones((320, 200), bool)},
        {"threshold": np.array([0.55, 1.0])},
        {"polygon": np.array([[0, 0], [199, 0], [199, 319], [0, 319]])},
        {"clusters": np.int64(3), "triangles": np.int32(3000)},
    ],
)
def test_json_of_numpy_settings(phantom_radiograph, given_settings):
    settings = replace(BY_CLUSTERS, **{"triangles": 3000, **given_settings})
    json.dumps(reconstruct(phantom_radiograph, settings).as_json(), allow_nan=False)


@pytest.fixture(scope="module")
def femur():
    return read_radiograph(SAMPLE)


@pytest.fixture(scope="module")
def shape(femur):
    """The sample's femur, of which method auto takes the shape."""
    return reported(femur)


@pytest.fixture
def instead(femur, monkeypatch):
    """The sample's femur as if no shape were met: method auto makes a solid instead."""
    monkeypatch.setattr(auto, "looks_whole", lambda *_: False)
    return reported(femur, Settings(triangles=5000))


KNOWN = {
    "as it is": {},
    "a box": {"roi": (20, 30, 330, 500)},
    "clicks": {"seeds": Seeds([(170, 600)], [(30, 30)])},
    "clicks in a box": {"seeds": Seeds([(170, 300)]), "roi": (20, 30, 330, 500)},
    "clusters": {"segmentation": "clusters"},
    "clusters and a click": {"segmentation": "clusters", "seeds": Seeds([(170, 600)])},
    "a range": {"threshold": (0.6, 1.0)},
}


@pytest.mark.parametrize("how", KNOWN)
def test_a_mask_that_is_the_bone_found_is_that_bone(femur, how):
    settings = Settings(**KNOWN[how])
    found = segment(femur, settings)
    drawn = segment(femur, replace(settings, mask=np.where(found.bone.mask, 255, 0).astype(np.uint8)))
    assert drawn.bone.method == "drawn" and found.bone.method in drawn.bone.reason
    assert drawn.femur == found.femur and np.array_equal(drawn.region, found.region)
    for name in ("mask", "name", "confidence", "landmarks", "bone_range", "warnings"):
        assert np.array_equal(getattr(drawn.bone, name), getattr(found.bone, name)), name
    for one, other in zip(drawn.bone.outlines, found.bone.outlines, strict=True):
        assert np.array_equal(one.points, other.points) and np.array_equal(one.flags, other.flags)
    assert (drawn.bone.clusters is None) == (found.bone.clusters is None)


def test_with_the_mask_that_was_found_the_surface_is_the_same(femur, shape):
    first = shape.made
    again = reconstruct(femur, Settings(mask=first.mask))
    assert first.surface.method == again.surface.method == "shape"
    assert np.array_equal(*(arrays(each.surface.polydata)[0] for each in (first, again)))


def test_a_mask_that_was_corrected_is_still_a_femurs(femur):
    mask = ndimage.binary_dilation(segment(femur).bone.mask, iterations=3)
    found = segment(femur, Settings(mask=mask))
    assert found.bone.name == "femur" and found.femur.is_femur and "head_center" in found.bone.landmarks
    assert np.array_equal(found.bone.mask, mask) and found.bone.clusters is not None


def test_nothing_is_known_of_a_mask_elsewhere(femur):
    mask = np.zeros(femur.pixels.shape, bool)
    mask[20:120, 10:60] = True
    bone = segment(femur, Settings(mask=mask)).bone
    assert (bone.method, bone.name, bone.first, bone.clusters) == ("drawn", "", None, None)


def test_that_no_bone_is_found_does_not_matter_to_a_mask(draw):
    """Noise, in which network and clusters find nothing."""
    noise = radiograph_from_array(np.random.default_rng(0).random(SHAPE), bone="bright")
    mask = draw.disc(SHAPE, 30) > 0
    for way in segmentation.SEGMENTATIONS:
        with pytest.raises(ReconstructionError, match=r"^No bone found"):
            segment(noise, Settings(segmentation=way))
        found = segment(noise, Settings(segmentation=way, mask=mask))
        assert np.array_equal(found.bone.mask, mask) and found.femur is None


@pytest.mark.parametrize("settings", [{"segmentation": "clusters"}, {"threshold": (0.6, 1.0)}])
def test_the_network_is_asked_for_a_mask_only_where_it_may_be(femur, monkeypatch, settings):
    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(segmentation.find, "find_by_network", refuse)
    mask = ndimage.binary_dilation(segment(femur, Settings(**settings)).bone.mask, iterations=3)
    assert segment(femur, Settings(mask=mask, **settings)).bone.first is None
    with pytest.raises(AssertionError, match="was asked"):
        segment(femur, Settings(mask=mask))


def test_the_network_is_not_asked_of_which_bone_a_relief_is(femur, monkeypatch):
    """Its surface is that of the mask; of the bone nothing is said."""
    mask = np.zeros(femur.pixels.shape, bool)
    mask[300:600, 100:260] = True
    first = reconstruct(femur, replace(RELIEF, mask=mask, bones="all", segmentation="auto"))
    monkeypatch.setattr(segmentation.find, "find_by_network", None)
    again = reconstruct(femur, replace(RELIEF, mask=mask))
    assert np.array_equal(*(arrays(each.surface.polydata)[0] for each in (first, again)))
    assert again.as_json()["bone"]["name"] is None and again.as_json()["femur"]["is_femur"] is None


def test_clusters_beside_what_the_network_found_are_made_when_they_are_looked_at(femur, monkeypatch):
    made = []
    monkeypatch.setattr(segmentation, "clustered", lambda *given: made.append(given) or clustered(*given))
    found = segment(femur)
    assert found.bone.method == "network" and not made
    assert found.as_json()["clusters"]["centers"] == found.bone.clusters.centers.tolist()
    assert len(found.bone.clusters.centers) == 2 and len(made) == 1


def test_where_the_box_cuts_a_mask_the_bone_goes_on(femur):
    mask = segment(femur).bone.mask
    found = segment(femur, Settings(mask=mask, roi=(0, 0, 339, 500)))
    assert found.region[:501].all() and not found.region[501:].any()
    assert np.array_equal(found.bone.mask, mask & found.region)
    outline = found.bone.outlines[0]
    assert (outline.flags[outline.points[:, 1] > 499.5] == BORDER).all()


def test_that_it_may_be_no_femur_is_said_of_each_view(femur):
    found = reconstruct(femur, Settings(threshold=(0.6, 1.0), triangles=2000))
    doubted = replace(found.segmentation, femur=segmentation.FemurCheck(False, 0.1, ("no head",)))
    second = replace(found, found=(replace(found.found[0], seen=(doubted, doubted)),))
    said = [warning for warning in second.warnings if "no femur" in warning]
    assert [each.split(" (")[0] for each in said] == ["This may be no femur", "Second view: This may be no femur"]
