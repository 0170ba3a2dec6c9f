"""A picture of every stage, each of which shows what its stage made."""

import cv2
import numpy as np
import pytest

from XRayTo3DLib import Settings, radiograph_from_array, reconstruct
from XRayTo3DLib.report import segmentation_pictures, stage_pictures


@pytest.fixture(scope="module")
def result(phantom_radiograph):
    return reconstruct(phantom_radiograph, Settings(roi=(20, 20, 180, 300), segmentation="clusters", triangles=2000))


def test_pictures_show_their_stages(result):
    pictures = stage_pictures(result)
    assert all(image.dtype == np.uint8 for image in pictures.values())
    assert np.allclose(pictures["radiograph"], 255 * result.radiograph.pixels, atol=0.51)
    assert np.array_equal(pictures["mask"] > 0, result.mask)
    assert not pictures["masked"][~result.mask].any() and pictures["masked"][result.mask].any()
    assert len(np.unique(pictures["clusters"])) == 2
    outside = ~result.segmentation.region
    assert (pictures["region"][outside][:, 2] > pictures["region"][outside][:, 0]).all()
    assert not pictures["depth"][~result.mask].any() and pictures["depth"].std() > 5
    assert np.allclose(pictures["tone-mapped"], 255 * result.layers.tone, atol=0.51)


def test_segmentation_pictures_show_the_outline(result):
    pictures = segmentation_pictures(result.segmentation)
    assert set(pictures) == {"radiograph", "region", "flattened", "clusters", "outline", "mask", "masked"}
    coloured = np.ptp(pictures["outline"].astype(int), axis=2) > 40
    edge = result.mask & ~(cv2.erode(result.mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    near = cv2.dilate(edge.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert coloured.any() and not (coloured & ~near).any()
    assert np.allclose(pictures["flattened"], 255 * result.segmentation.bone.flattened, atol=0.51)


def test_colours_stay_under_the_mask(phantom):
    colour = np.stack([phantom >> 8, phantom >> 9, phantom >> 10], axis=-1).astype(np.uint8)
    mask = np.zeros(phantom.shape, bool)
    mask[40:280, 85:115] = True
    found = reconstruct(radiograph_from_array(colour, bone="bright"), Settings(mask=mask, triangles=2000))
    masked = stage_pictures(found)["masked"]
    assert np.array_equal(masked[mask], colour[mask]) and not masked[~mask].any()
    assert "clusters" not in stage_pictures(found)  # none were made


def test_large_pictures_are_shrunk(from_mask):
    mask = np.zeros((2000, 300), bool)
    mask[100:1900, 100:200] = True
    pictures = stage_pictures(from_mask(mask, triangles=2000))
    assert pictures["radiograph"].shape == (1600, 240)
