"""Speed and memory, as ratios of two things measured in one run. `make bench` prints the table.

Each pair is run in turn, A B A B ..., and the median of the ratios is printed with its range, so that a
machine whose speed drifts does not decide.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import cv2
import numpy as np

ROWS, COLUMNS = 3000, 2500
ROUNDS = 5
SAMPLE = Path(__file__).resolve().parents[3] / "Resources" / "Samples" / "femur_ap.dcm"


def main() -> None:
    """Run all benchmarks and print one line each."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        pixels = large_radiograph()
        cv2.imwrite(str(folder / "large.png"), pixels)
        print(f"{'what':<66} {'ratio':>8} {'range':>15}   wanted")
        kmeans(pixels)
        whole_process(folder)
        against_lithophane(folder)


def large_radiograph() -> np.ndarray:
    """A simulated 16-bit radiograph of 3000 x 2500 pixels: the limb of the sample on a large detector."""
    from XRayTo3DLib.radiograph import read_radiograph

    limb = read_radiograph(SAMPLE).pixels
    width = round(limb.shape[1] * ROWS / limb.shape[0])
    limb = cv2.resize(limb, (width, ROWS), interpolation=cv2.INTER_CUBIC)
    picture = np.zeros((ROWS, COLUMNS), np.float32)
    left = (COLUMNS - width) // 2
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
import cv2, manifold3d, numpy, PIL.Image, sklearn.cluster, tqdm
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
    """The command against a process that only imports, reads the picture and writes as many triangles."""
    surface, other = folder / "surface.stl", folder / "sphere.stl"
    command = [sys.executable, "-m", "XRayTo3DLib", "reconstruct", str(folder / "large.png"), "--method", "solid"]
    command += ["--pixel-size", "0.143", "-o", str(surface)]
    run(command)
    triangles = (surface.stat().st_size - 84) // 50
    baseline = [sys.executable, "-c", BASELINE, str(folder / "large.png"), str(other), str(triangles)]
    run(baseline)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(run(command))
        theirs.append(run(baseline))
    slower = [a / b for a, b in zip(ours, theirs, strict=True)]
    tell(f"whole process, PNG to {triangles} triangles / import, read and write only", slower, "<= 2.5")
    tell("  its peak memory, GB", [peak_memory_gb(command)], "< 1.2")


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
        tell(f"relief of 128 x 128 pixels: lithophane, {what} / ours", faster, ">= 20")
        closed = [trimesh.load(folder / f"{name}.stl").is_watertight for name in ("ours", "theirs")]
        error = pairs[0][0][1].surface.decimation_error_mm
        print(f"  closed: ours {closed[0]}, stated error {error:.3g} mm; lithophane {closed[1]}, no error stated")


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
