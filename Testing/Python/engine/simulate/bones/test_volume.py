"""A CT volume's radiographs: known integrals, an independent projector, any orientation; bad files in words."""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from XRayTo3DLib.errors import SimulationError
from XRayTo3DLib.simulate.bones.volume import Volume, attenuation, integrate, is_volume_path, read_volume
from XRayTo3DLib.simulate.film.projector import path_length

SPACING = np.array([0.8, 1.1, 1.4])  # i, j, k


def standing(shape=(60, 50, 40), attitude=None):
    """IJK-to-LPS of a volume of (k, j, i) shape with its middle at the origin."""
    matrix = np.eye(4)
    matrix[:3, :3] = (np.eye(3) if attitude is None else attitude) @ np.diag(SPACING)
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(shape[::-1]) - 1) / 2)
    return matrix


def soft_ball(shape, matrix, centre, radius):
    """A ball that fades out over its outer part: smooth enough for voxels of a millimetre."""
    k, j, i = np.indices(shape)
    place = np.stack([i, j, k], axis=-1) @ matrix[:3, :3].T + matrix[:3, 3]
    return np.clip(1 - np.linalg.norm(place - centre, axis=-1) / radius, 0, None).astype(np.float32) ** 1.5


@pytest.mark.parametrize("view", ["ap", "lateral", "oblique"])
def test_agrees_with_an_independent_projector(stand, rtk_joseph, view):
    camera = stand(view, shape=(90, 80))
    shape, matrix = (60, 50, 40), standing()
    volume = soft_ball(shape, matrix, (3, -5, 8), 14.0)
    ours = integrate(volume, matrix, camera)
    # The same body, sampled anew on a grid along the camera's own axes, where RTK expects it.
    middle = np.array([*(camera.middle * camera.pixel_size_mm), 0.0])
    centre = (camera.from_lps @ [3, -5, 8, 1])[:3] - middle
    grid = np.diag([0.7, 0.7, 0.7, 1.0])
    grid[:3, 3] = -25.0
    theirs = rtk_joseph(soft_ball((72, 72, 72), grid, centre, 14.0), 0.7, (-25, -25, -25), camera)
    assert theirs.max() > 5
    assert np.abs(ours - theirs).max() < 0.02 * theirs.max()


def test_the_same_body_in_another_orientation_gives_the_same_picture(stand):
    camera = stand("oblique", shape=(90, 80))
    attitude, _ = np.linalg.qr(np.random.default_rng(4).standard_normal((3, 3)))
    pictures = []
    for turned in (np.eye(3), attitude, attitude @ np.diag([-1, 1, 1])):
        matrix = standing((70, 70, 70), turned)
        pictures.append(integrate(soft_ball((70, 70, 70), matrix, (2, 3, 4), 15.0), matrix, camera))
    for picture in pictures[1:]:
        assert np.abs(picture - pictures[0]).max() < 0.02 * pictures[0].max()


def test_a_slabs_integral_is_the_way_through_it(stand):
    camera = stand(shape=(21, 21))
    matrix = standing((80, 31, 80))
    slab = np.ones((80, 31, 80), np.float32)
    # Each of the 31 slices stands for one spacing along j.
    assert integrate(slab, matrix, camera) == pytest.approx(31 * 1.1 * camera.obliquity(), rel=1e-4)


def test_voxels_and_surfaces_agree(stand, sphere):
    camera = stand("lateral", shape=(80, 80))
    matrix = standing((90, 90, 90))
    k, j, i = np.indices((90, 90, 90))
    place = np.stack([i, j, k], axis=-1) @ matrix[:3, :3].T + matrix[:3, 3]
    voxels = np.clip(0.5 + 20 - np.linalg.norm(place, axis=-1), 0, 1)
    by_voxels = integrate(voxels.astype(np.float32), matrix, camera)
    by_surface = path_length([sphere(20.0)], camera)[0]
    deep = by_surface > 15
    assert np.abs(by_voxels - by_surface)[deep].max() < 0.03 * 40
    assert by_voxels.sum() == pytest.approx(by_surface.sum(), rel=5e-3)


def test_volume_round_the_source(stand):
    with pytest.raises(SimulationError, match="reaches the X-ray source"):
        integrate(np.ones((9, 9, 9)), np.diag([400.0, -400, 400, 1]), stand())


def test_hounsfield_units_by_definition():
    assert attenuation(np.array([-1000, -1024, 0, 1000])) == pytest.approx([0, 0, 0.0206, 0.0412])


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".nii.gz"])
def test_files_keep_their_place(tmp_path, suffix):
    values = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    attitude, _ = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(SPACING.tolist())
    image.SetOrigin((1.0, -2.0, 3.0))
    image.SetDirection((attitude * np.sign(np.linalg.det(attitude))).ravel().tolist())
    path = tmp_path / f"ct{suffix}"
    sitk.WriteImage(image, str(path))
    volume = read_volume(path)
    assert np.array_equal(volume.hounsfield, values)
    for ijk in ((0, 0, 0), (4, 3, 2), (1, 2, 0)):
        expected = image.TransformIndexToPhysicalPoint(ijk)
        assert (volume.ijk_to_lps @ [*ijk, 1])[:3] == pytest.approx(expected, abs=1e-4)
    assert volume.corners.shape == (8, 3)
    assert np.ptp(volume.corners, axis=0).max() > 3


def test_names_of_volumes():
    assert is_volume_path("a/ct.nii.gz") and is_volume_path("CT.NRRD")
    assert not is_volume_path("bone.stl") and not is_volume_path("nrrd")


def test_bad_files(tmp_path):
    with pytest.raises(SimulationError, match=r"missing\.nrrd"):
        read_volume(tmp_path / "missing.nrrd")
    (tmp_path / "text.nrrd").write_text("hello")
    with pytest.raises(SimulationError, match=r"text\.nrrd.*cannot be read"):
        read_volume(tmp_path / "text.nrrd")
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((5, 5), np.uint8)), str(tmp_path / "flat.nrrd"))
    with pytest.raises(SimulationError, match="three dimensions"):
        read_volume(tmp_path / "flat.nrrd")
    assert Volume(np.zeros((2, 2, 2)), np.eye(4)).corners.max() == 1
