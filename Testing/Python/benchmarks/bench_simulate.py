"""The simulator measured: how exact its radiographs are, how close its femora come to real ones, how fast it is.

`make bench-simulate` prints the tables. Real femora are looked for in ../shared/data/limbs or in LIMBS.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

# One core, where scenes a second are counted: to be set before the libraries start their threads.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VTK_SMP_MAX_THREADS"):
    os.environ.setdefault(name, "1")

import itk
import numpy as np
import trimesh

from XRayTo3DLib.geometry.camera import Camera, place, view_directions
from XRayTo3DLib.simulate.bones.bone import Mesh
from XRayTo3DLib.simulate.film.projector import path_length

LIMBS = Path(os.environ.get("LIMBS", Path(__file__).resolve().parents[3].parent / "shared" / "data" / "limbs"))
ROUNDS = 5


def main() -> None:
    """Run all benchmarks."""
    exactness()
    agreement()
    two_views()
    pictures_a_second()
    scenes_a_second()
    family()


def camera_for(points: np.ndarray, view: str, shape: tuple[int, int], pixel: float) -> Camera:
    """Camera of the accuracy protocol, the points in its middle."""
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    return place(*view_directions(view, "left"), middle, shape, (pixel, pixel), 1500.0, 1200.0)


def exactness() -> None:
    """Thickness of a sphere and a cylinder, by the formula, where they are thicker than a fifth of their most."""
    print("path length, largest error / the body's diameter (wanted: below 0.1 %)")
    camera = camera_for(np.zeros((1, 3)), "oblique", (300, 300), 0.4)
    source = camera.source_lps
    back = np.linalg.inv(camera.from_lps)
    column, row = np.meshgrid(np.arange(300), np.arange(300))
    detector = np.stack([column * 0.4, row * 0.4, np.full(column.shape, camera.sod_mm - camera.sid_mm)], axis=-1)
    ray = detector @ back[:3, :3].T + back[:3, 3] - source
    ray /= np.linalg.norm(ray, axis=-1, keepdims=True)

    def chord(direction: np.ndarray, to_axis: np.ndarray, radius: float) -> np.ndarray:
        slope = np.linalg.norm(direction, axis=-1)
        off = (to_axis @ to_axis) - ((direction / slope[..., None]) @ to_axis) ** 2
        return 2 * np.sqrt(np.maximum(radius**2 - off, 0)) / slope

    sphere = trimesh.creation.icosphere(6, 25.0)
    cylinder = trimesh.creation.cylinder(15.0, 400.0, sections=1000)
    for what, body, exact in (
        ("sphere of 82,000 triangles", sphere, chord(ray, -source, 25.0)),
        ("cylinder of 1000 sides", cylinder, chord(ray[..., :2], -source[:2], 15.0)),
    ):
        found = path_length([Mesh(body.vertices, body.faces)], camera)[0]
        thick = exact > 0.2 * exact.max()
        print(f"  {what:<60} {100 * np.abs(found - exact)[thick].max() / exact.max():.4f} %")


def agreement() -> None:
    """Against RTK: its exact ellipsoid, and its Joseph projector through a femur's voxels."""
    print("agreement with RTK, largest difference / largest thickness (wanted: below 2 %)")

    camera = camera_for(np.zeros((1, 3)), "ap", (260, 200), 0.8)
    picture, geometry = empty_picture(camera)
    exact = itk.RTK.RayEllipsoidIntersectionImageFilter[type(picture), type(picture)].New()
    exact.SetInput(picture)
    exact.SetGeometry(geometry)
    exact.SetAxis((18.0, 60.0, 27.0))
    exact.SetCenter((6.0, -9.0, 20.0))
    exact.SetDensity(1.0)
    exact.Update()
    theirs = itk.array_from_image(exact.GetOutput())[0]
    body = trimesh.creation.icosphere(6, 1.0)
    body.apply_scale((18, 60, 27))
    body.apply_translation(np.add((6, -9, 20), (*(camera.middle * camera.pixel_size_mm), 0)))
    ours = path_length([Mesh(body.vertices, body.faces).moved(np.linalg.inv(camera.from_lps))], camera)[0]
    print(f"  {'ellipsoid, everywhere':<60} {100 * np.abs(ours - theirs).max() / theirs.max():.2f} %")

    femur = mean_femur()
    for view in ("ap", "lateral"):
        camera = camera_for(femur.points, view, (2600, 800), 0.25)
        theirs = joseph(voxelised(femur, camera, step=0.6), camera)
        ours = path_length([femur], camera)[0]
        # Voxels cannot show where a ray only grazes the bone: both are averaged over 2 mm of the detector.
        mean = [picture.reshape(325, 8, 100, 8).mean(axis=(1, 3)) for picture in (ours, theirs)]
        difference = np.abs(mean[0] - mean[1]) / ours.max()
        what = f"femur, {view}, voxels of 0.6 mm, over 2 mm of detector"
        print(f"  {what:<60} {100 * difference.max():.2f} %, mean {100 * difference[mean[0] > 0].mean():.3f} %")


def empty_picture(camera: Camera) -> tuple[itk.Image, itk.RTK.ThreeDCircularProjectionGeometry]:
    """A picture and its geometry, as RTK takes them."""
    picture = itk.image_from_array(np.zeros((1, *camera.shape), np.float32))
    picture.SetSpacing([*map(float, camera.pixel_size_mm), 1.0])
    picture.SetOrigin([*(float(x) for x in -camera.middle * camera.pixel_size_mm), 0.0])
    geometry = itk.RTK.ThreeDCircularProjectionGeometry.New()
    geometry.AddProjection(camera.sod_mm, camera.sid_mm, 0.0)
    return picture, geometry


def joseph(volume: itk.Image, camera: Camera) -> np.ndarray:
    """Path lengths through a volume by RTK's projector (mm)."""
    picture, geometry = empty_picture(camera)
    projector = itk.RTK.JosephForwardProjectionImageFilter[type(picture), type(picture)].New()
    projector.SetInput(0, picture)
    projector.SetInput(1, volume)
    projector.SetGeometry(geometry)
    projector.Update()
    return itk.array_from_image(projector.GetOutput())[0]


def voxelised(body: Mesh, camera: Camera, step: float) -> itk.Image:
    """Share of each voxel of `step` mm that a surface covers, where a camera sees it, in RTK's frame."""
    from XRayTo3DLib.surface import inside_of

    engine = body.moved(camera.from_lps)
    points = engine.points - [*(camera.middle * camera.pixel_size_mm), 0]
    half, low = step / 2, points.min(axis=0) - 2 * step
    count = np.ceil((points.max(axis=0) + 2 * step - low) / step).astype(int)[::-1]
    fine = inside_of(points, engine.faces, low, half, 2 * count)
    k, j, i = count
    volume = itk.image_from_array(fine.reshape(k, 2, j, 2, i, 2).mean(axis=(1, 3, 5), dtype=np.float32))
    volume.SetSpacing([step] * 3)
    volume.SetOrigin([float(x) for x in low + half / 2])
    return volume


def mean_femur(triangles: int = 20_000) -> Mesh:
    """The family's mean femur with so many triangles."""
    from XRayTo3DLib.simulate.bones.bone import lighter
    from XRayTo3DLib.simulate.bones.family import mean_femur as mean_parameters
    from XRayTo3DLib.simulate.bones.femur import femur

    return lighter(femur(mean_parameters("left"), step_mm=1.2).outer, round(1.25 * triangles))


def two_views() -> None:
    """Thickness of two views of a femur of 20,000 triangles on 900 x 1500 pixels; and a whole command."""
    femur = mean_femur()
    cameras = [camera_for(femur.points, view, (1500, 900), 0.45) for view in ("ap", "lateral")]
    seconds = [timed(lambda: [path_length([femur], camera) for camera in cameras]) for _ in range(ROUNDS)]
    print(f"two views of 1500 x 900 pixels, {len(femur.faces)} triangles: {median(seconds):.2f} s (wanted: below 2 s)")
    other = trimesh.Trimesh(femur.points, femur.faces, process=False)
    rays = 2000
    source = np.repeat(cameras[0].source_lps[None], rays, axis=0)
    aims = femur.points[np.random.default_rng(0).integers(len(femur.points), size=rays)] - source
    caster = trimesh.ray.ray_triangle.RayMeshIntersector(other)
    theirs = timed(lambda: caster.intersects_location(source, aims)) / rays * 2 * 1500 * 900
    print(f"  ray casting by trimesh, as many rays / ours: {theirs / median(seconds):.0f}")


def pictures_a_second() -> None:
    """The same femur on 200 x 200 pixels, on one core: by us, by RTK, and by gvxr where that is installed."""
    femur = mean_femur()
    camera = camera_for(femur.points, "ap", (200, 200), 3.2)
    exact = path_length([femur], camera)[0]
    itk.MultiThreaderBase.SetGlobalMaximumNumberOfThreads(1)
    ways = {"ours": lambda: path_length([femur], camera)[0]}
    for step in (1.2, 0.6):
        volume = voxelised(femur, camera, step)
        ways[f"RTK, voxels of {step} mm"] = lambda volume=volume: joseph(volume, camera)
    with contextlib.suppress(ImportError):  # pip install gvxr; it needs OpenGL, and takes Mesa's where no card is
        ways["gvxr"] = by_gvxr(femur, camera)
    seconds = {name: [timed(way)] for name, way in ways.items()}
    for _ in range(10 * ROUNDS):
        for name, way in ways.items():
            seconds[name].append(timed(way))
    print(f"pictures of 200 x 200 pixels, {len(femur.faces)} triangles: a second, time / ours, farthest off")
    for name, way in ways.items():
        slower = median(theirs / ours for theirs, ours in zip(seconds[name][1:], seconds["ours"][1:], strict=True))
        off = 100 * np.abs(way() - exact).max() / exact.max()
        print(f"  {name:<60} {1 / median(seconds[name][1:]):.0f}, {slower:.1f}, {off:.2f} %")


def by_gvxr(body: Mesh, camera: Camera) -> Callable[[], np.ndarray]:
    """What makes path lengths (mm) by gvxr, a rasteriser on graphics cards."""
    from gvxrPython3 import gvxr

    gvxr.createWindow(-1, 0, "EGL")
    back = np.linalg.inv(camera.from_lps)
    center = [*(camera.middle * camera.pixel_size_mm), camera.sod_mm - camera.sid_mm]
    gvxr.usePointSource()
    gvxr.setSourcePosition(*map(float, camera.source_lps), "mm")
    gvxr.setDetectorPosition(*map(float, back[:3, :3] @ center + back[:3, 3]), "mm")
    gvxr.setDetectorUpVector(*map(float, -back[:3, 1]))
    gvxr.setDetectorNumberOfPixels(*camera.shape[::-1])
    gvxr.setDetectorPixelSize(*map(float, camera.pixel_size_mm), "mm")
    gvxr.setMonoChromaticPerPixelAtSDD(60, "keV", 1000)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "body.stl")
        trimesh.Trimesh(body.points, body.faces, process=False).export(path)
        gvxr.loadMeshFile("body", path, "mm")
    gvxr.setElement("body", "Ca")
    gvxr.setDensity("body", 1.5, "g/cm3")
    gvxr.computeXRayImage()
    return lambda: 10 * np.asarray(gvxr.computeLBuffer("body"))[::-1]


def scenes_a_second() -> None:
    """Random scenes on one core, and how long their bank of limbs took."""
    import cv2

    from XRayTo3DLib.simulate.scenes.scenes import make_bank, scene

    cv2.setNumThreads(1)
    limbs = 4
    start = time.perf_counter()
    specimens = make_bank(count=limbs)
    making = (time.perf_counter() - start) / limbs
    scene(specimens, 0)
    rates = []
    for first in range(0, 50 * ROUNDS, 50):
        seconds = timed(lambda first=first: [scene(specimens, first + number) for number in range(50)])
        rates.append(50 / seconds)
    print(f"scenes of 288 x 288 a second on one core: {median(rates):.1f} ({min(rates):.1f} to {max(rates):.1f})")
    print(f"  (wanted: 20; without the bank of limbs, made once, {making:.1f} s for each limb)")


def family() -> None:
    """How close the femur family comes to each real femur."""
    if not LIMBS.is_dir():
        print(f"femur family: no real femora at {LIMBS}; set LIMBS")
        return
    print("femur family fitted to real femora (wanted: median mean distance 1.3 mm, angle 2 degrees, radius 1 mm)")
    subprocess.run([sys.executable, "-m", "XRayTo3DLib.simulate.bones.fit", str(LIMBS), "--table"], check=True)


def timed(function) -> float:
    """Seconds that a function takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
