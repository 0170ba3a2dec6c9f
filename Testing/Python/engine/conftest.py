"""Drawn bones, a phantom radiograph, independent eyes on surfaces, and a browser, for all tests of the engine."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import trimesh
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from XRayTo3DLib import Settings, radiograph_from_array, reconstruct
from XRayTo3DLib.depth import FEATURES, DepthNetwork
from XRayTo3DLib.simulate.scenes.scenes import make_bank
from XRayTo3DLib.surface import arrays, polydata


def _grid(shape):
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(float)
    return columns, rows


def strip(shape, half_width, degrees=90.0, centre=None):
    """Signed distance (pixels, positive inside) to a strip whose axis makes an angle with the columns' axis x."""
    x, y = _grid(shape)
    cx, cy = centre if centre is not None else ((shape[1] - 1) / 2, (shape[0] - 1) / 2)
    angle = np.deg2rad(degrees)
    return half_width - np.abs(-(x - cx) * np.sin(angle) + (y - cy) * np.cos(angle))


def disc(shape, radius, centre=None):
    """Signed distance (pixels, positive inside) to a disc."""
    x, y = _grid(shape)
    cx, cy = centre if centre is not None else ((shape[1] - 1) / 2, (shape[0] - 1) / 2)
    return radius - np.hypot(x - cx, y - cy)


def covered(distance):
    """Share of each pixel that a shape covers, from its signed distance."""
    return np.clip(0.5 + distance, 0, 1).astype(np.float32)


@pytest.fixture(scope="session")
def draw():
    """Analytic shapes on pixels."""
    return SimpleNamespace(strip=strip, disc=disc, covered=covered)


@pytest.fixture(scope="session")
def phantom() -> np.ndarray:
    """16-bit picture (320 x 200, bone bright) of a shaft with two ends, marrow inside, flesh round it, and noise."""
    x, y = _grid((320, 200))
    middle = 100 + 6 * np.sin(y / 90)
    radius = 14 + 12 * (np.exp(-(((y - 60) / 28) ** 2)) + np.exp(-(((y - 260) / 28) ** 2)))
    radius = np.where((y > 30) & (y < 290), radius, 0)

    def chord(r):
        return 2 * np.sqrt(np.maximum(r * r - (x - middle) ** 2, 0))

    attenuation = 0.012 * 2 * np.sqrt(np.maximum(75**2 - (x - 100) ** 2, 0)) + 0.03 * chord(radius)
    attenuation += 0.02 * (chord(radius) - chord(np.maximum(radius - 5, 0)))
    attenuation += 0.03 * np.random.default_rng(3).standard_normal(attenuation.shape)
    return np.rint(65535 * (attenuation - attenuation.min()) / np.ptp(attenuation)).astype(np.uint16)


@pytest.fixture(scope="session")
def phantom_radiograph(phantom):
    return radiograph_from_array(phantom, pixel_size_mm=0.5, pixel_size_source="the test", bone="bright")


@pytest.fixture(scope="session")
def write_film(phantom):
    """Function that writes a radiograph as DICOM, with identifiers as keywords of DICOM; without pixels if asked."""

    def write(path, pixels=True, **identifiers):
        film = Dataset()
        film.SOPClassUID, film.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1", generate_uid()
        film.Modality = "CR"
        for keyword, value in identifiers.items():
            setattr(film, keyword, value)
        if pixels:
            film.Rows, film.Columns = phantom.shape
            film.SamplesPerPixel, film.PhotometricInterpretation, film.PixelRepresentation = 1, "MONOCHROME2", 0
            film.BitsAllocated = film.BitsStored = 16
            film.HighBit = 15
            film.PixelData = phantom.tobytes()
        film.file_meta = FileMetaDataset()
        film.file_meta.MediaStorageSOPClassUID = film.SOPClassUID
        film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
        film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path.parent.mkdir(parents=True, exist_ok=True)
        film.save_as(path, enforce_file_format=True)
        return str(path)

    return write


@pytest.fixture(scope="session")
def round_sections(tmp_path_factory):
    """Depth network that always says that cross-sections are round: what it gives can be computed."""
    count = len(FEATURES)
    network = DepthNetwork(np.zeros(count), np.ones(count), (np.zeros((count, 1)),), (np.ones(1),))
    path = tmp_path_factory.mktemp("network") / "round.json"
    path.write_text(json.dumps(network.as_json()))
    return path


@pytest.fixture(scope="session")
def from_mask(round_sections):
    """Function that reconstructs a mask on an evenly bright picture, or on given pixels, with round cross-sections.

    The reader network is not asked: it sees no bone in such pictures, but takes longer than all the rest.
    """

    def build(mask, pixels=None, pixel_size_mm=1.0, magnification=1.0, depth_network=round_sections, **settings):
        if pixels is None:
            pixels = np.where(mask, 1.0, 0.0)
            pixels[0, 0] = 1 - pixels[0, 0]  # so that a mask without outside is no constant picture
        distances = {} if magnification == 1 else {"sid_mm": 1000 * magnification, "sod_mm": 1000}
        picture = radiograph_from_array(
            pixels, pixel_size_mm=pixel_size_mm, pixel_size_source="the test", bone="bright", **distances
        )
        settings = {"segmentation": "clusters", "depth_network": depth_network, **settings}
        return reconstruct(picture, Settings(mask=mask, **settings))

    return build


@pytest.fixture(scope="session")
def as_trimesh():
    """Function that gives the vtkPolyData of a surface to an independent library, vertex by vertex."""

    def convert(surface, flip_z=False):
        points, faces = arrays(surface)
        points = np.array(points, float)
        if flip_z:
            points[:, 2] *= -1
            faces = faces[:, ::-1]
        return trimesh.Trimesh(points, faces, process=False)

    return convert


@pytest.fixture(scope="session")
def check_closed():
    """Function that asks trimesh whether a mesh is a closed, outward facing surface of so many pieces."""

    def check(mesh, pieces=1):
        assert mesh.is_watertight
        assert mesh.is_winding_consistent
        assert mesh.volume > 0
        assert mesh.area_faces.min() > 0
        assert mesh.body_count == pieces
        assert all(part.volume > 0 for part in mesh.split(only_watertight=False))

    return check


@pytest.fixture(scope="session")
def ball():
    """Function that gives a sphere's surface as vtkPolyData, in any frame: radius, centre, subdivisions."""

    def make(radius=10.0, centre=(0.0, 0.0, 0.0), subdivisions=3):
        sphere = trimesh.creation.icosphere(subdivisions, radius)
        return polydata(sphere.vertices + np.asarray(centre), sphere.faces)

    return make


@pytest.fixture(scope="session")
def limbs(made_once):
    """One analytic limb, in all the ways that scenes draw it."""
    return made_once("limbs", lambda: make_bank(count=1))


@pytest.fixture(scope="module")
def browser():
    """A real Chromium without a screen, which draws WebGL in software."""
    chromium, driver = (shutil.which(name) for name in ("chromium", "chromedriver"))
    if not (chromium and driver):
        pytest.skip("the page was not opened in a browser: install chromium and chromium-driver to test that")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        "--window-size=1366,900",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    yield opened
    opened.quit()
