"""Speed and memory, as ratios of two things measured in one run. `make bench` prints the table.

Each pair is run in turn, A B A B ..., and the median of the ratios is printed with its range, so that a
machine whose speed drifts does not decide.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import cv2
import numpy as np

ROWS, COLUMNS = 3000, 2500
HUGE = 10954, 9129  # rows and columns: 100 megapixels
ROUNDS = 5
SAMPLES = Path(__file__).resolve().parents[3] / "Resources" / "Samples"
SAMPLE, LATERAL = SAMPLES / "femur_ap.dcm", SAMPLES / "femur_lateral.dcm"


def main() -> None:
    """Run all benchmarks and print one line each."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        # Bytecode is kept, as it is of what is installed, whatever the environment says.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        pixels = large_radiograph()
        cv2.imwrite(str(folder / "large.png"), pixels)
        print(f"{'what':<66} {'ratio':>8} {'range':>15}   wanted")
        kmeans(pixels)
        whole_process(folder)
        huge_picture(folder)
        two_views(folder)
        against_lithophane(folder)
        against_height_map_meshing()


def large_radiograph(rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    """A simulated 16-bit radiograph: the limb of the sample on a large detector."""
    from XRayTo3DLib.radiograph import read_radiograph

    limb = read_radiograph(SAMPLE).pixels
    width = round(limb.shape[1] * rows / limb.shape[0])
    limb = cv2.resize(limb, (width, rows), interpolation=cv2.INTER_CUBIC)
    picture = np.zeros((rows, columns), np.float32)
    left = (columns - width) // 2
    picture[:, left : left + width] = limb
    picture += np.random.default_rng(0).normal(0, 0.01, picture.shape).astype(np.float32)
    return np.rint(np.clip(picture, 0, 1) * 65535).astype(np.uint16)


def kmeans(pixels: np.ndarray) -> None:
    """K-means of all pixels: on the histogram against scikit-learn over the pixels, one start each."""
    from sklearn.cluster import KMeans

    from XRayTo3DLib.segmentation import cluster

    grey = pixels.astype(np.float32) / 65535
    column = grey.reshape(-1, 1)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(timed(lambda: cluster(grey, 4)))
        theirs.append(timed(lambda: KMeans(4, n_init=1, random_state=0).fit(column)))
    faster = [b[0] / a[0] for a, b in zip(ours, theirs, strict=True)]
    tell("k-means: scikit-learn over 7.5 million pixels / on the histogram", faster, ">= 15")
    ratio = inertia(grey, ours[0][1].centers) / inertia(grey, theirs[0][1].cluster_centers_)
    tell("  its inertia: on the histogram / over the pixels", [ratio], "<= 1.001")


def inertia(grey: np.ndarray, centers: np.ndarray) -> float:
    """Sum of squared distances to the nearest centre, in float64: KMeans adds up float32 pixels in float32."""
    centers = np.sort(np.ravel(centers)).astype(float)
    labels = np.searchsorted((centers[1:] + centers[:-1]) / 2, grey.ravel())
    return float(((grey.ravel().astype(float) - centers[labels]) ** 2).sum())


BASELINE = """
import sys
import cv2, manifold3d, numpy, PIL.Image, tqdm
import vtkmodules.vtkCommonTransforms, vtkmodules.vtkFiltersCore, vtkmodules.vtkFiltersGeneral
from vtkmodules.util import numpy_support
from vtkmodules.vtkFiltersSources import vtkSphereSource
from vtkmodules.vtkIOGeometry import vtkSTLWriter
image = PIL.Image.open(sys.argv[1])
image.load()
sphere = vtkSphereSource()
sphere.SetThetaResolution(int((int(sys.argv[3]) / 2) ** 0.5))
sphere.SetPhiResolution(int((int(sys.argv[3]) / 2) ** 0.5))
writer = vtkSTLWriter()
writer.SetFileTypeToBinary()
writer.SetInputConnection(sphere.GetOutputPort())
writer.SetFileName(sys.argv[2])
writer.Write()
"""


def whole_process(folder: Path) -> None:
    """The command against a process that only imports, reads the picture and writes as many triangles.

    Scikit-learn, which takes most of the first baseline's time, was loaded by all versions until now.
    """
    surface, other = folder / "surface.stl", folder / "sphere.stl"
    command = solid_command(folder / "large.png", 0.143, surface)
    run(command)
    triangles = (surface.stat().st_size - 84) // 50
    own = [sys.executable, "-c", BASELINE, str(folder / "large.png"), str(other), str(triangles)]
    before = [*own[:2], own[2].replace("tqdm", "sklearn.cluster, tqdm"), *own[3:]]
    seconds = {"ours": [], "before": [], "own": []}
    for _ in range(ROUNDS + 1):
        for name, each in (("ours", command), ("before", before), ("own", own)):
            seconds[name].append(run(each))
    what = f"whole process, PNG to {triangles} triangles / import, read and write only"
    for name, which, wanted in (("before", "with scikit-learn", "<= 2.3"), ("own", "what it imports", "")):
        slower = [a / b for a, b in zip(seconds["ours"][1:], seconds[name][1:], strict=True)]
        tell(f"{what}, {which}", slower, wanted)
    tell("  its seconds", seconds["ours"][1:], "")
    tell("  its peak memory, GB", [peak_memory_gb(command)], "< 1.2")
    helped = [run([sys.executable, "-m", "XRayTo3DLib", "--help"]) for _ in range(ROUNDS)]
    tell("  seconds of --help", helped, "< 0.25")


def solid_command(picture: Path, pixel_size_mm: float, surface: Path) -> list[str]:
    """The command that makes a solid of a picture."""
    command = [sys.executable, "-m", "XRayTo3DLib", "reconstruct", str(picture), "--method", "solid"]
    return [*command, "--pixel-size", str(pixel_size_mm), "-o", str(surface)]


def huge_picture(folder: Path) -> None:
    """The same limb on 100 megapixels: time of a pixel against that on 7.5, and memory."""
    cv2.imwrite(str(folder / "huge.png"), large_radiograph(*HUGE))
    more = HUGE[0] * HUGE[1] / (ROWS * COLUMNS)
    commands = [
        solid_command(folder / "huge.png", 0.143 * ROWS / HUGE[0], folder / "surface.stl"),
        solid_command(folder / "large.png", 0.143, folder / "surface.stl"),
    ]
    seconds = [[run(command) for command in commands] for _ in range(2)]
    tell("100 megapixels / 7.5 megapixels, time of a pixel", [a / b / more for a, b in seconds], "<= 1.3")
    tell("  its peak memory, GB", [peak_memory_gb(commands[0])], "< 3")


def two_views(folder: Path) -> None:
    """Two radiographs read, the femur found in both and fitted, against each of these alone."""
    from XRayTo3DLib import Case, View, read_radiograph, reconstruct, segment, write_surface
    from XRayTo3DLib.case import Making
    from XRayTo3DLib.methods import FoundBone, find_layers
    from XRayTo3DLib.methods.shape import fit_to

    def whole() -> None:
        made = reconstruct(Case([View(read_radiograph(path)) for path in (SAMPLE, LATERAL)]))
        write_surface(made.surface.polydata, folder / "femur.stl")

    def parts() -> float:
        read = [timed(lambda path=path: read_radiograph(path)) for path in (SAMPLE, LATERAL)]
        pictures = [each for _, each in read]
        found = [timed(lambda picture=picture: segment(picture)) for picture in pictures]
        seen = tuple(each for _, each in found)
        case = Case([View(picture) for picture in pictures])
        layers = find_layers(pictures[0], seen[0].bone.mask, Making())
        fitted = timed(lambda: fit_to(FoundBone(case, seen, layers), Making()))
        return sum(seconds for seconds, _ in (*read, *found, fitted))

    whole()
    slower = [timed(whole)[0] / parts() for _ in range(ROUNDS)]
    tell("two views: read, find, fit and write / reading, finding and fitting alone", slower, "<= 1.6")


def against_lithophane(folder: Path) -> None:
    """A relief of a 128-pixel picture, in one process each time, imports left out."""
    import lithophane
    import trimesh

    from XRayTo3DLib import Settings, read_radiograph, reconstruct, write_surface

    path = folder / "small.png"
    small = cv2.resize(large_radiograph(), (128, 128), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(path), cv2.cvtColor((small >> 8).astype(np.uint8), cv2.COLOR_GRAY2BGR))
    whole = np.ones((128, 128), bool)

    def ours() -> object:
        result = reconstruct(read_radiograph(path), Settings(method="relief", mask=whole, triangles=30_000))
        write_surface(result.surface.polydata, folder / "ours.stl")
        return result

    def theirs(width_mm: float | None) -> None:
        mesh = lithophane.make_mesh(*lithophane.jpg_to_stl(path, width_mm=width_mm, show=False))
        mesh.save(folder / "theirs.stl")

    ours()
    for width_mm, rounds, what in ((None, 1, "as it comes (10 points a pixel)"), (12.8, 5, "one point a pixel")):
        pairs = [(timed(ours), timed(lambda width_mm=width_mm: theirs(width_mm))) for _ in range(rounds)]
        faster = [b[0] / a[0] for a, b in pairs]
        tell(f"relief of 128 x 128 pixels: lithophane, {what} / ours", faster, ">= 20" if rounds == 1 else "> 1")
        closed = [trimesh.load(folder / f"{name}.stl").is_watertight for name in ("ours", "theirs")]
        error = pairs[0][0][1].surface.decimation_error_mm
        print(f"  closed: ours {closed[0]}, stated error {error:.3g} mm; lithophane {closed[1]}, no error stated")


def against_height_map_meshing() -> None:
    """A relief's surface against a triangulation of the same height map, of no more error (M. Fogleman's hmm).

    Theirs has an error in height that is bounded by ours: the largest distance of the height map's points from it.
    """
    from pydelatin import Delatin

    from XRayTo3DLib import Settings, estimate_depth, find_layers, generate_surface, radiograph_from_array
    from XRayTo3DLib.surface import arrays, distance_to

    small = cv2.resize(large_radiograph(), (358, 429), interpolation=cv2.INTER_AREA)
    picture = radiograph_from_array(small, pixel_size_mm=1.0, bone="bright")
    mask = np.ones(small.shape, bool)
    settings = Settings(method="relief", mask=mask, triangles=100_000, smoothing=0)
    made = estimate_depth(picture, mask, find_layers(picture, mask, settings), settings)
    grid, height = made.grid, made.depth
    row, column = np.indices(grid.shape)
    places = np.stack([grid.origin[0] + column * grid.step, grid.origin[1] + row * grid.step, height], axis=-1)
    inner = places[grid.border > 3 * grid.step]  # walls are another matter
    slower = []
    for _ in range(ROUNDS):
        seconds, surface = timed(lambda: generate_surface(made, settings.making))
        points, faces = arrays(surface.polydata)
        error = float(np.abs(distance_to(points, faces, inner)).max())
        theirs, count = timed(lambda error=error: len(Delatin(height, max_error=error).triangles))
        slower.append(seconds / theirs)
    tell(f"relief's surface of {height.size} heights: time, ours / pydelatin's", slower, "")
    tell("  triangles, ours / pydelatin's", [len(faces) / count], "")
    print(f"  both within {error:.2f} mm; ours closed ({len(faces)} triangles), pydelatin's open ({count})")


def timed(function) -> tuple[float, object]:
    """Seconds that a function takes, and what it returns."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def run(command: list[str]) -> float:
    """Seconds of a command run as a process of its own."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def peak_memory_gb(command: list[str]) -> float:
    """Peak memory of a command; asked of a small process, since a child starts with its parent's peak."""
    ask = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
    ask += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    told = subprocess.run([sys.executable, "-c", ask, *command], capture_output=True, text=True, check=True)
    return int(told.stdout.split()[-1]) * 1024 / 1e9


def tell(what: str, ratios: list[float], wanted: str) -> None:
    """Print a line of the table."""
    spread = f"{min(ratios):.3g} to {max(ratios):.3g}" if len(ratios) > 1 else ""
    print(f"{what:<66} {median(ratios):>8.4g} {spread:>15}   {wanted}")


if __name__ == "__main__":
    main()
