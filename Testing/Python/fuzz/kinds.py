"""Every kind of file that is read: small sound ones to begin with, and what reads them."""

from __future__ import annotations

import gc
import io
import json
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

GREY = ((np.mgrid[:12, :9].sum(axis=0) * 12) % 251).astype(np.uint8)
LITTLE, BIG, DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
JPEG, JPEG_2000, RLE = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5"


class Kind(NamedTuple):
    """A file's `name`, what makes sound `seeds`, and what may `read` it."""

    name: str
    seeds: Callable[[], Sequence[bytes]]
    read: Callable[[Path], object]


# Pictures


def _radiograph(path: Path) -> None:
    from XRayTo3DLib.radiograph import read_header, read_identity, read_radiograph

    read_identity(path)
    read_header(path)
    read_radiograph(path)


def _mask(path: Path) -> None:
    from XRayTo3DLib.radiograph import read_mask

    read_mask(path)


def _picture(way: str, *options: dict) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        from PIL import Image

        made = []
        for each in options or ({},):
            for array in (GREY, np.dstack([GREY] * 3), GREY.astype(np.uint16) * 256):
                file = io.BytesIO()
                try:
                    Image.fromarray(array).save(file, way, **each)
                except OSError:  # not every way has 16 bits
                    continue
                made.append(file.getvalue())
        return made

    return seeds


def _dicom(syntax: str) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        import pydicom
        from pydicom.dataset import Dataset, FileMetaDataset
        from pydicom.encaps import encapsulate

        film = Dataset()
        film.SOPClassUID, film.SOPInstanceUID, film.Modality = "1.2.840.10008.5.1.4.1.1.1", "2.25.1", "CR"
        film.StudyInstanceUID, film.SeriesInstanceUID = "2.25.2", "2.25.3"
        film.PatientID, film.PatientName = "7", "A^B"
        film.Rows, film.Columns = GREY.shape
        film.SamplesPerPixel, film.PhotometricInterpretation, film.PixelRepresentation = 1, "MONOCHROME1", 0
        film.BitsAllocated, film.BitsStored, film.HighBit = 8, 8, 7
        film.PixelSpacing, film.ImagerPixelSpacing = [0.2, 0.2], [0.25, 0.25]
        film.DistanceSourceToDetector, film.DistanceSourceToPatient = 1200, 1000
        film.WindowCenter, film.WindowWidth, film.RescaleSlope, film.RescaleIntercept = 90, 150, 2, -5
        film.ViewPosition, film.ImageLaterality = "AP", "L"
        ways = {JPEG: ("JPEG", {}), JPEG_2000: ("JPEG2000", {})}
        if syntax in ways:
            film.PixelData = encapsulate([_picture(ways[syntax][0])()[0]])
        else:
            film.PixelData = GREY.tobytes()
        film["PixelData"].VR = "OB"
        film["PixelData"].is_undefined_length = syntax in ways
        film.file_meta = FileMetaDataset()
        film.file_meta.TransferSyntaxUID = LITTLE if syntax == RLE else syntax
        if syntax == RLE:
            film.compress(RLE)
        file = io.BytesIO()
        pydicom.dcmwrite(file, film, enforce_file_format=True)
        whole = file.getvalue()
        return [whole, whole[whole.index(b"\x08\x00\x16\x00") :]] if syntax == LITTLE else [whole]

    return seeds


def _for_archive(path: Path) -> None:
    from XRayTo3DLib.archive.source import read_sources

    read_sources([path])


def _dicomdir() -> list[bytes]:
    import pydicom
    from pydicom.fileset import FileSet

    with tempfile.TemporaryDirectory() as folder:
        film = pydicom.dcmread(io.BytesIO(_dicom(LITTLE)()[0]))
        film.StudyDate, film.StudyTime, film.StudyID = "20200101", "1200", "1"
        film.SeriesNumber, film.InstanceNumber = 1, 1
        files = FileSet()
        files.add(film)
        files.write(folder)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # of the folder that pydicom made
            del files
            gc.collect()
        return [(Path(folder) / "DICOMDIR").read_bytes()]


def _listed(path: Path) -> None:
    from XRayTo3DLib.batch.files import find_files
    from XRayTo3DLib.radiograph import read_identity

    for found in find_files([path], path.parent / "out"):
        read_identity(found.path)


def _pairs(path: Path) -> None:
    from XRayTo3DLib.batch.pairs import check_pairs, read_pairs

    check_pairs(read_pairs(path), ())


def _record(path: Path) -> None:
    from XRayTo3DLib.batch.cases import Planned
    from XRayTo3DLib.batch.choices import Choices
    from XRayTo3DLib.batch.record import CASES, fingerprint, read_record, rows_of
    from XRayTo3DLib.case import Finding, Making

    planned = Planned((str(path),))
    with tempfile.TemporaryDirectory() as output:
        folder = Path(output) / CASES / planned.name
        folder.mkdir(parents=True)
        (folder / "case.json").write_bytes(path.read_bytes())
        told = read_record(planned, Path(output))
        if told is not None and told["fingerprint"] == fingerprint(planned, Choices(Finding(), Making())):
            list(rows_of(told, planned, ""))


# Surfaces


def _surface(path: Path) -> None:
    from XRayTo3DLib.surface import read_surface

    read_surface(path)


def _trimesh(way: str, **options) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        import trimesh

        made = trimesh.creation.box().export(file_type=way, **options)
        return [made if isinstance(made, bytes) else made.encode()]

    return seeds


def _big_ply() -> list[bytes]:
    import trimesh

    box = trimesh.creation.box()
    head = f"ply\nformat binary_big_endian 1.0\nelement vertex {len(box.vertices)}\n"
    head += "".join(f"property double {axis}\n" for axis in "xyz") + f"element face {len(box.faces)}\n"
    head += "property list uchar int vertex_indices\nend_header\n"
    sides = np.zeros(len(box.faces), [("count", "u1"), ("named", ">i4", 3)])
    sides["count"], sides["named"] = 3, box.faces
    return [head.encode() + box.vertices.astype(">f8").tobytes() + sides.tobytes()]


def _written(suffix: str) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        import trimesh

        from XRayTo3DLib.surface import polydata, write_surface

        box = trimesh.creation.box()
        with tempfile.TemporaryDirectory() as folder:
            write_surface(polydata(box.vertices, box.faces), path := Path(folder) / f"a{suffix}")
            return [path.read_bytes()]

    return seeds


# Volumes: none of them is a radiograph, and a file beside it that a header names is not looked for


def _volume(suffix: str) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        import SimpleITK as sitk  # noqa: N813  (its usual name)

        with tempfile.TemporaryDirectory() as folder:
            sitk.WriteImage(sitk.GetImageFromArray(GREY), path := f"{folder}/a{suffix}")
            return [Path(path).read_bytes()]

    return seeds


# Numbers


def _shape_model(path: Path) -> None:
    from XRayTo3DLib.shape import load_shape_model

    load_shape_model(path)


def _shape_models() -> list[bytes]:
    import trimesh

    box, file = trimesh.creation.box(), io.BytesIO()
    modes = np.ones((1, len(box.vertices), 3)) / np.sqrt(3)
    landmarks = {"landmark_names": np.array(["tip"]), "landmark_mean": np.zeros((1, 3))}
    np.savez(
        file,
        bone=np.array("egg"),
        side=np.array("left"),
        mean=box.vertices,
        modes=modes,
        deviations=np.ones(1),
        faces=box.faces,
        landmark_modes=np.zeros((1, 1, 3)),
        **landmarks,
    )
    return [file.getvalue()]


def _limbs(path: Path) -> None:
    from XRayTo3DLib.simulate.bones.limbs import _arrays

    _arrays(path)


def _limb_files() -> list[bytes]:
    file = io.BytesIO()
    np.savez_compressed(file, vertices=np.zeros((2, 4, 3)), faces=np.array([[0, 1, 2], [0, 2, 3]]))
    return [file.getvalue()]


def _depth(path: Path) -> None:
    from XRayTo3DLib.depth.network import _loaded, load_depth_network

    _loaded.cache_clear()
    load_depth_network(path)


def _depths() -> list[bytes]:
    from XRayTo3DLib.depth import FEATURES, DepthNetwork

    count = len(FEATURES)
    network = DepthNetwork(np.zeros(count), np.ones(count), (np.ones((count, 1)),), (np.zeros(1),))
    return [json.dumps(network.as_json()).encode()]


def _calibration(path: Path) -> None:
    from XRayTo3DLib.segmentation.network.calibration import _weights, probability

    _weights.cache_clear()
    probability("femur", ("a", "b"), np.ones(2), path.with_suffix(".onnx"))


def _family(path: Path) -> None:
    from XRayTo3DLib.simulate.bones.family import read_family

    read_family(path)


def _families() -> list[bytes]:
    from XRayTo3DLib.simulate.bones.family import FILE

    return [FILE.read_bytes()]


def _cameras(path: Path) -> None:
    from XRayTo3DLib.geometry.camera_files import read_cameras

    read_cameras([path], [(12, 9)])


POSED = {
    "image_size": [9, 12],
    "columns": [1, 0, 0],
    "rows": [0, 0, -1],
    "center": [0, 0, 0],
    "sid_mm": 1200,
    "sod_mm": 1000,
    "pixel_size_mm": 0.2,
    "principal_point": [4, 6],
}
PROJECTION = [[-6000, 0, 4, 4000], [0, -6000, 6, 6000], [0, 0, 1, 1000]]
MAYACAM_1 = b"0,0,1000\n0,0,0\n0,0,0\n4,6,6000\n1,9,12\n"
MAYACAM_2 = (
    b"image size\n9,12\n\ncamera matrix\n6000,0,4\n0,6000,6\n0,0,1\n\n"
    b"rotation\n1,0,0\n0,1,0\n0,0,1\n\ntranslation\n0\n0\n1000\n"
)


def _onnx(path: Path) -> None:
    from XRayTo3DLib.segmentation.network.loading import _loaded, forget, load_reader

    _loaded.cache_clear()
    forget()
    load_reader(path)


def _onnx_files() -> list[bytes]:
    """Small networks of the layers that ours have."""
    from onnx import TensorProto, helper

    def made(*nodes, inputs=3, **weights):
        graph = helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, inputs, "rows", "columns"])],
            [helper.make_tensor_value_info("masks", TensorProto.FLOAT, None)],
            [helper.make_tensor(name, TensorProto.FLOAT, np.shape(w), np.ravel(w)) for name, w in weights.items()],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()

    node = helper.make_node
    return [
        made(node("Relu", ["picture"], ["masks"])),
        made(
            node("Conv", ["picture", "w", "b"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]),
            node("Relu", ["c"], ["r"]),
            node("GlobalAveragePool", ["r"], ["p"]),
            node("Flatten", ["p"], ["masks"]),
            w=np.ones((2, 3, 3, 3)),
            b=np.zeros(2),
        ),
    ]


def _given(*seeds: object) -> Callable[[], list[bytes]]:
    return lambda: [each if isinstance(each, bytes) else json.dumps(each).encode() for each in seeds]


KINDS = {
    "png": Kind("a.png", _picture("PNG"), _radiograph),
    "jpeg": Kind("a.jpg", _picture("JPEG", {}, {"progressive": True}), _radiograph),
    "tiff": Kind("a.tif", _picture("TIFF", {}, {"compression": "tiff_lzw"}, {"compression": "jpeg"}), _radiograph),
    "bmp": Kind("a.bmp", _picture("BMP"), _radiograph),
    "mask": Kind("a.png", _picture("PNG"), _mask),
    "dicom": Kind("a.dcm", _dicom(LITTLE), _radiograph),
    "dicom-big": Kind("a.dcm", _dicom(BIG), _radiograph),
    "dicom-deflated": Kind("a.dcm", _dicom(DEFLATED), _radiograph),
    "dicom-jpeg": Kind("a.dcm", _dicom(JPEG), _radiograph),
    "dicom-jpeg2000": Kind("a.dcm", _dicom(JPEG_2000), _radiograph),
    "dicom-rle": Kind("a.dcm", _dicom(RLE), _radiograph),
    "archive": Kind("a.dcm", _dicom(LITTLE), _for_archive),
    "dicomdir": Kind("DICOMDIR", _dicomdir, _listed),
    "list": Kind("a.txt", _given(b"a.png\nb/c.dcm\n", "\ufeffHüfte.png\r\n".encode()), _listed),
    "pairs": Kind("a.csv", _given(b'a.png,b.png\n"c,d.dcm",e.dcm\n'), _pairs),
    "record": Kind("a.json", _given({"fingerprint": "", "bones": [], "error": "", "seconds": 1}), _record),
    "stl": Kind("a.stl", _trimesh("stl"), _surface),
    "stl-ascii": Kind("a.stl", _trimesh("stl_ascii"), _surface),
    "ply": Kind("a.ply", _written(".ply"), _surface),
    "ply-ascii": Kind("a.ply", _trimesh("ply", encoding="ascii"), _surface),
    "ply-big": Kind("a.ply", _big_ply, _surface),
    "obj": Kind("a.obj", _trimesh("obj", include_normals=True), _surface),
    "vtp": Kind("a.vtp", _written(".vtp"), _surface),
    "nrrd": Kind("a.nrrd", _volume(".nrrd"), _radiograph),
    "nhdr": Kind("a.nhdr", _volume(".nhdr"), _radiograph),
    "mha": Kind("a.mha", _volume(".mha"), _radiograph),
    "mhd": Kind("a.mhd", _volume(".mhd"), _radiograph),
    "nifti": Kind("a.nii", _volume(".nii"), _radiograph),
    "shape-model": Kind("a.npz", _shape_models, _shape_model),
    "limbs": Kind("a.npz", _limb_files, _limbs),
    "depth": Kind("a.json", _depths, _depth),
    "calibration": Kind("a.json", _given({"femur": {"weights": {"a": 1, "b": 2.5}, "bias": -1}}), _calibration),
    "family": Kind("a.json", _families, _family),
    "cameras": Kind("a.json", _given({"cameras": [POSED]}, [{"projection": PROJECTION}]), _cameras),
    "mayacam": Kind("a.txt", _given(MAYACAM_1, MAYACAM_2), _cameras),
    "onnx": Kind("a.onnx", _onnx_files, _onnx),
}
