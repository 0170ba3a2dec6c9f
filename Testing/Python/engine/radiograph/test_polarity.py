"""Is bone bright or dark in the picture?"""

import numpy as np
import pytest

from XRayTo3DLib.radiograph import radiograph_from_array, read_radiograph
from XRayTo3DLib.radiograph.polarity import CLEAR, bone_brightness_evidence, bone_is_dark


def test_evidence_is_odd(limb):
    assert bone_brightness_evidence(1 - limb) == pytest.approx(-bone_brightness_evidence(limb), abs=0.02)


def test_dark_bone_is_recognised(limb):
    assert bone_brightness_evidence(limb) > CLEAR
    shown, inverted = radiograph_from_array(limb), radiograph_from_array(1 - limb)
    assert not shown.inverted and inverted.inverted
    np.testing.assert_allclose(shown.pixels, inverted.pixels, atol=1e-6)
    assert any("inverted" in warning for warning in inverted.warnings)
    assert not any("--bone" in warning for warning in shown.warnings)


def test_frames_and_collimators_do_not_decide(limb):
    def framed(picture, border):
        picture = picture.copy()
        picture[:40] = picture[-40:] = border
        picture[:, :30] = picture[:, -30:] = border
        return picture

    assert not radiograph_from_array(framed(limb, 0)).inverted
    assert not radiograph_from_array(framed(limb, 1)).inverted
    assert radiograph_from_array(framed(1 - limb, 1)).inverted


def test_the_user_decides(limb):
    assert radiograph_from_array(limb, bone="dark").inverted
    assert not radiograph_from_array(1 - limb, bone="bright").inverted


def test_nothing_to_judge_by_stays_as_it_is():
    rng = np.random.default_rng(1)
    for picture in (np.eye(5), rng.random((300, 200)), np.add.outer(np.arange(200), np.arange(90)) / 288):
        assert not radiograph_from_array(picture).inverted


def test_a_clear_picture_outweighs_a_wrong_tag(limb):
    assert not bone_is_dark(limb, by_tag=True, custom="bright")
    assert bone_is_dark(1 - limb, by_tag=True, custom="bright")
    assert not bone_is_dark(1 - limb, by_tag=False, custom="bright")
    assert not bone_is_dark(1 - limb, by_tag=None, custom="bright")
    assert bone_is_dark(np.full((200, 200), 0.5, np.float32), by_tag=True, custom="bright")


def test_real_radiographs(shared_data):
    """Bright bone must stay bright; dark bone should be recognised, and mostly is."""
    folder = shared_data / "radiographs"
    names = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith("notxray")]
    pictures = [read_radiograph(path, bone="bright").pixels[::2, ::2] for path in names]
    assert len(pictures) > 20
    assert [
        path.name for path, picture in zip(names, pictures, strict=True) if bone_is_dark(picture, None, "mostly bright")
    ] == []
    recognised = sum(bone_is_dark(1 - picture, None, "mostly bright") for picture in pictures)
    assert recognised >= 0.75 * len(pictures)
    for path in (folder / "biplane_knee").glob("*.png"):
        assert read_radiograph(path).inverted


@pytest.mark.parametrize(
    ("name", "dark"),
    [
        ("966_fixed", False),  # its PixelIntensityRelationshipSign is wrong
        ("CR-MONO1-10-chest", False),
        ("Monochrome1-Jpeg", False),
        ("RG2_UNC", False),
        ("RG3_J2KI", False),
        ("JPEG2KLossless_1s_1f_u_16_16", True),
        ("KarstenHilbertRF", True),
        ("XA1_JPLL", True),
    ],
)
def test_real_dicom_files(shared_data, name, dark):
    assert read_radiograph(shared_data / f"dicom/{name}.dcm").inverted == dark
