"""PNG, JPEG, TIFF and BMP files, by Pillow, which notices a truncated file where OpenCV does not."""

from contextlib import contextmanager
from io import BytesIO

import numpy as np

from ..errors import RadiographError
from .checks import check_frame, check_size

FORMATS = ("PNG", "JPEG", "TIFF", "BMP")
MAGIC = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "BMP": (b"BM",),
}
TIFF_COLUMNS, TIFF_ROWS, TIFF_BITS, TIFF_PHOTOMETRIC = 256, 257, 258, 262
WHITE_IS_ZERO = 0
GREY_MODES = ("1", "L", "LA", "La", "F", "I", "I;16", "I;16B", "I;16L", "I;16N")
EXIF_ORIENTATION = 274


def picture_format(head: bytes) -> str | None:
    """ "PNG", "JPEG", "TIFF" or "BMP" by a file's first bytes; None for anything else."""
    return next((name for name, magic in MAGIC.items() if head.startswith(magic)), None)


def read_picture(data: bytes, name: str, frame: int, max_megapixels: float):
    """Decode one frame of a picture file.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        What to call it in messages.
    frame : int
        From 0; TIFF files may have several.
    max_megapixels : float
        Rows x columns that are refused above this, before they are decoded.

    Returns
    -------
    array : (rows, columns) or (rows, columns, 3 or 4) array
        Grey, RGB or RGBA, upright as the EXIF orientation says, with the file's own number type.
    photometric : str
    bits : int
        Of a grey value.

    Raises
    ------
    RadiographError
        If the file is damaged, too large or has no such frame.
    """
    from PIL import Image, UnidentifiedImageError

    kind = picture_format(data)
    try:
        with _no_size_limit_of_pillow():
            try:
                with Image.open(BytesIO(data), formats=FORMATS) as picture:
                    return _read_by_pillow(picture, kind, data, name, frame, max_megapixels)
            except UnidentifiedImageError:
                if kind != "TIFF":
                    raise
                return _read_tiff_by_opencv(data, name, frame, max_megapixels)
    except RadiographError:
        raise
    except Exception as error:  # Pillow raises OSError, SyntaxError, struct.error, ValueError, ...
        reason = " ".join(str(error).split()).replace(repr(BytesIO)[1:-1], "file")[:100] or type(error).__name__
        raise RadiographError(
            f"{name}: the {kind} file is truncated or damaged, or of a kind that cannot be read ({reason}); "
            "export or copy it again."
        ) from None


def _read_by_pillow(picture, kind: str, data: bytes, name: str, frame: int, max_megapixels: float):
    frame = check_frame(frame, getattr(picture, "n_frames", 1), name)
    if frame:
        picture.seek(frame)
    check_size(picture.height, picture.width, max_megapixels, name)
    # Pillow turns TIFF files upright by itself, and OpenCV does.
    orientation = 1 if kind == "TIFF" else picture.getexif().get(EXIF_ORIENTATION, 1)
    picture.load()  # raises where the file is truncated, also where OpenCV then decodes it
    if _is_16_bit_colour(picture, kind, data):
        array = _decode_by_opencv(data, kind, frame)
        bits, photometric = 16, "RGB"
    else:
        array = _array(picture)
        bits = 1 if picture.mode == "1" else array.dtype.itemsize * 8
        photometric = "grey" if picture.mode in GREY_MODES else picture.mode.replace("P", "palette")
        if kind == "TIFF" and picture.mode.startswith("I;16") and picture.tag_v2.get(TIFF_PHOTOMETRIC) == WHITE_IS_ZERO:
            array = 65535 - array  # Pillow does so for 8 bit only
    return _upright(array, orientation), photometric, bits


def _read_tiff_by_opencv(data: bytes, name: str, frame: int, max_megapixels: float):
    """TIFF files that Pillow refuses: float64, float colour, 16-bit white-is-zero in big-endian order."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    file = BytesIO(data)
    directory, offsets = ImageFileDirectory_v2(file.read(8)), []
    while directory.next and directory.next not in offsets:
        offsets.append(directory.next)
        file.seek(directory.next)
        directory.load(file)
        if len(offsets) == frame + 1:
            break
    check_frame(frame, max(len(offsets), 1), name)
    check_size(int(directory.get(TIFF_ROWS, 0)), int(directory.get(TIFF_COLUMNS, 0)), max_megapixels, name)
    array = _decode_by_opencv(data, "TIFF", frame)
    if array.dtype == np.uint16 and directory.get(TIFF_PHOTOMETRIC) == WHITE_IS_ZERO:
        array = 65535 - array
    return array, "grey" if array.ndim == 2 else "RGB", array.dtype.itemsize * 8


def _decode_by_opencv(data: bytes, kind: str, frame: int) -> np.ndarray:
    import cv2

    buffer = np.frombuffer(data, np.uint8)
    if kind == "TIFF":
        done, decoded = cv2.imdecodemulti(buffer, cv2.IMREAD_UNCHANGED, range=(frame, frame + 1))
        array = decoded[0] if done and len(decoded) else None
    else:
        array = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
    if array is None:
        raise ValueError("not decoded")
    return array if array.ndim == 2 else array[:, :, [2, 1, 0, 3][: array.shape[2]]]  # from BGR


def _is_16_bit_colour(picture, kind: str, data: bytes) -> bool:
    if kind == "PNG":
        return data[24] == 16 and data[25] != 0  # bit depth and colour type of the IHDR chunk
    return kind == "TIFF" and picture.mode in ("RGB", "RGBA", "RGBX") and 16 in picture.tag_v2.get(TIFF_BITS, ())


def _array(picture) -> np.ndarray:
    mode = picture.mode
    if mode == "1":
        picture = picture.convert("L")
    elif mode not in ("L", "F", "RGB", "RGBA") and not mode.startswith("I"):
        transparent = mode in ("LA", "La", "PA", "RGBa") or "transparency" in picture.info
        picture = picture.convert("RGBA" if transparent else "RGB")
    array = np.asarray(picture)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _upright(array: np.ndarray, orientation: int) -> np.ndarray:
    """Undo the EXIF orientation (1 to 8) that a camera wrote."""
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return np.ascontiguousarray(array[rows, columns])


@contextmanager
def _no_size_limit_of_pillow():
    """Our own limit rules; Pillow's is put back."""
    from PIL import Image

    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit
