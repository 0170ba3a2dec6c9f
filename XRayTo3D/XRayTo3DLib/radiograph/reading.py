"""The entry: any file, or an array, becomes a `Radiograph`."""

from pathlib import Path

import numpy as np

from ..errors import RadiographError
from ..helpers.reading import opened
from .checks import check_bone, check_length, check_pixel_size, check_view
from .dicom import read_dicom
from .geometry import UNKNOWN, projection_geometry
from .grey import check_array, split_colour, stretch
from .header import positioner_of, side_of, view_of
from .photometric import bone_dark_by_tag, grey_as_shown
from .pictures import picture_format, read_picture
from .polarity import bone_is_dark
from .quiet import quiet_decoders
from .radiograph import BONE_DARK, Radiograph

PREAMBLE = 128  # bytes before "DICM"
FIRST_GROUPS = (b"\x08\x00", b"\x02\x00", b"\x00\x08")  # of a DICOM file without preamble
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".dcm")
# How a modality shows bone unless a tag denies it; fluoroscopy has both customs, other pictures mostly bright bone.
CUSTOM = {"CR": "bright", "DX": "bright", "RF": "either", "XA": "either"}
OTHER_CUSTOM = "mostly bright"


def read_radiograph(
    path, *, frame=0, bone="auto", pixel_size_mm=None, sid_mm=None, sod_mm=None, view=None, max_megapixels=200
) -> Radiograph:
    """Read a PNG, JPEG, TIFF, BMP or DICOM file as a radiograph with bone bright.

    Parameters
    ----------
    path : str or os.PathLike
    frame : int
        Which frame of a multi-frame file, from 0.
    bone : {"auto", "bright", "dark"}
        How bone is shown in the picture. "auto" goes by DICOM tags and by the picture itself.
    pixel_size_mm : float or (float, float), optional
        Distance of pixel centres at the detector, or along x and y; outranks the file's.
    sid_mm, sod_mm : float, optional
        Distance from the X-ray source to the detector and to the bone; outrank the file's.
    view : {"AP", "PA", "mediolateral", "lateromedial", "lateral"}, optional
        Where the rays went: from the front to the back, ..., from the limb's inner side to its outer one; outranks
        the file's.
    max_megapixels : float
        Larger pictures are refused before memory is taken for them.

    Returns
    -------
    Radiograph

    Raises
    ------
    RadiographError
        If the file is missing, damaged, too large or shows nothing, or an argument makes no sense. The
        message names the file or the argument, the cause, and what to do.
    """
    check_bone(bone)
    check_view(view)
    pixel_size_mm = check_pixel_size(pixel_size_mm)
    sid_mm, sod_mm = check_length("sid_mm", sid_mm), check_length("sod_mm", sod_mm)
    max_megapixels = check_length("max_megapixels", max_megapixels)
    name = str(path)
    data = _file_content(Path(path), name)
    with quiet_decoders():
        if picture_format(data) and not is_dicom(data):
            tags, dark, custom, warnings = {}, None, OTHER_CUSTOM, []
            array, photometric, bits = read_picture(data, name, frame, max_megapixels)
            grey, colour = split_colour(array)
            fields = dict(photometric=photometric, bits=bits, colour=colour)
        else:
            try:
                tags, stored = read_dicom(data, name, frame, max_megapixels)
                grey, fields, dark, custom, warnings = _understand_dicom(tags, stored)
            except RadiographError:
                raise
            except Exception as error:
                reason = " ".join(str(error).split())[:100] or type(error).__name__
                raise RadiographError(f"{name}: the DICOM file is damaged ({reason}); export it again.") from None
        geometry = projection_geometry(tags, pixel_size_mm, sid_mm, sod_mm)
    if view is not None:
        fields["view"] = view
    return _radiograph(grey, name, bone, dark, custom, geometry, warnings, path=name, frame=int(frame), **fields)


def read_mask(path, *, max_megapixels=200) -> np.ndarray:
    """Read a mask drawn in a picture program: bone is what is not black.

    Parameters
    ----------
    path : str or os.PathLike
        A PNG, JPEG, TIFF or BMP file.
    max_megapixels : float
        As in `read_radiograph`.

    Returns
    -------
    (rows, columns) bool array

    Raises
    ------
    RadiographError
        If the file is missing, damaged, too large or no picture.
    """
    name = str(path)
    data = _file_content(Path(path), name)
    if not picture_format(data):
        raise RadiographError(f"{name}: a mask must be a PNG, JPEG, TIFF or BMP file; export it as one of these.")
    return split_colour(read_picture(data, name, 0, max_megapixels)[0])[0] > 0


def radiograph_from_array(
    array,
    *,
    pixel_size_mm=(1.0, 1.0),
    pixel_size_source="unknown",
    bone="auto",
    sid_mm=None,
    sod_mm=None,
    geometry=None,
    name="the picture",
) -> Radiograph:
    """Take an array, such as a volume node's, as a radiograph with bone bright.

    Parameters
    ----------
    array : (rows, columns) or (rows, columns, 3 or 4) array
        Grey, RGB or RGBA values of any number type, as shown: larger is brighter.
    pixel_size_mm : float or (float, float)
        Distance of pixel centres at the detector, along x and y.
    pixel_size_source : str
        Where it comes from; "unknown" adds the warning that the scale is not known.
    bone, sid_mm, sod_mm
        As in `read_radiograph`.
    geometry : Geometry, optional
        All that is known of sizes, in the place of pixel size and distances.
    name : str
        What to call the picture in messages.

    Returns
    -------
    Radiograph

    Raises
    ------
    RadiographError
        If the array is no picture, holds NaN or infinity, or is constant, or an argument makes no sense.
    """
    check_bone(bone)
    pixel_size_mm = check_pixel_size(pixel_size_mm) or (1.0, 1.0)
    sid_mm, sod_mm = check_length("sid_mm", sid_mm), check_length("sod_mm", sod_mm)
    array = check_array(array, name)
    grey, colour = split_colour(array)
    if geometry is None:
        known = pixel_size_source != UNKNOWN
        geometry = projection_geometry({}, pixel_size_mm if known else None, sid_mm, sod_mm)
        geometry = geometry._replace(pixel_size_mm=pixel_size_mm, pixel_size_source=pixel_size_source)
    fields = dict(photometric="grey" if array.ndim == 2 else "RGB", bits=array.dtype.itemsize * 8, colour=colour)
    return _radiograph(grey, name, bone, None, OTHER_CUSTOM, geometry, [], **fields)


def looks_like_radiograph(path) -> bool:
    """Whether a file begins as one of the kinds that can be read, or has the name of one."""
    try:
        if not Path(path).is_file():  # a pipe would never end
            return False
        if Path(path).suffix.lower() in SUFFIXES:
            return True
        with opened(path) as file:
            head = file.read(PREAMBLE + 4)
    except OSError:
        return False
    return bool(picture_format(head)) or is_dicom(head)


def _file_content(path: Path, name: str) -> bytes:
    """All bytes of a file that looks like one of the kinds that can be read."""
    try:
        if path.is_dir():
            raise RadiographError(f"{name}: is a directory; give a file.")
        with opened(path) as file:
            head = file.read(PREAMBLE + 4)
            if not head:
                raise RadiographError(f"{name}: the file is empty; export or copy it again.")
            if not (picture_format(head) or is_dicom(head)):
                raise RadiographError(f"{name}: not a PNG, JPEG, TIFF, BMP or DICOM file; export it as one of these.")
            return head + file.read()
    except FileNotFoundError:
        raise RadiographError(f"{name}: there is no such file; check the path.") from None
    except RadiographError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or error
        raise RadiographError(f"{name}: the file cannot be read ({reason}); check path and permissions.") from None


def is_dicom(head: bytes) -> bool:
    """Whether a file's first bytes are those of a DICOM file, with or without preamble."""
    return head[PREAMBLE : PREAMBLE + 4] == b"DICM" or head.startswith(FIRST_GROUPS)


def _understand_dicom(tags, stored: np.ndarray):
    """Grey values as shown, fields of the radiograph, polarity by tag, polarity by custom, warnings."""
    modality = str(tags.get("Modality") or "").strip().upper()
    fields = dict(
        photometric=str(tags.get("PhotometricInterpretation") or "MONOCHROME2").strip().upper(),
        bits=int(tags.get("BitsStored") or tags.get("BitsAllocated") or 16),
        view=view_of(tags),
        side=side_of(tags),
        positioner_deg=positioner_of(tags),
    )
    if stored.ndim == 3:
        grey, fields["colour"] = split_colour(stored)
        return grey, fields, None, OTHER_CUSTOM, []
    grey, rising, warnings = grey_as_shown(stored, tags)
    return grey, fields, bone_dark_by_tag(tags, rising), CUSTOM.get(modality, OTHER_CUSTOM), warnings


def _radiograph(grey, name, bone, dark, custom, geometry, warnings, **fields) -> Radiograph:
    """Stretch, turn so that bone is bright, put together."""
    pixels = stretch(grey, name)
    warnings = [*warnings, *geometry.warnings]
    source = "file" if dark is not None or custom == "bright" else "picture"
    if bone != "auto":
        dark, source = bone == "dark", "given"
    elif dark := bone_is_dark(pixels, dark, custom):
        warnings.append(BONE_DARK)
    if dark:
        np.subtract(1, pixels, out=pixels)
    known = geometry._asdict() | {"warnings": tuple(warnings)}
    return Radiograph(pixels, **known, inverted=bool(dark), polarity_source=source, **fields)
