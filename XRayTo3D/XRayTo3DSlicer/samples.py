"""The simulated radiographs in the module Sample Data."""

import os
import pathlib

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SAMPLES_URL = "https://github.com/XRayTo3D/SlicerXRayTo3D/raw/main/Resources/Samples/"
SAMPLES = {
    "Femur": {
        "femur_ap.dcm": "8de5cfb6f6a6ee134afa2ffa337c7f54b97c83fd1022723fb7a44f8dd9642709",
        "femur_lateral.dcm": "7dd0f45ef0dd6e9d7ea54e38806c87fcb0de0f4ed76fb39dd27fb71fc31648fb",
    },
    "FracturedFemur": {
        "femur_fractured_ap.dcm": "e406f9e4cbb1eaea4bde312cc345007b49c9e5df0910e07995b3c68f9cb3e2ae",
        "femur_fractured_lateral.dcm": "5a02adb9aa4366b38d498e077967c2466b8c4667bf6c7267725b7709be64ff1e",
    },
}


def registerSampleData() -> None:
    """Offer the samples, from this repository's copy where there is one."""
    import SampleData

    copies = os.path.join(os.path.dirname(HERE), "Resources", "Samples")
    for sampleName, files in SAMPLES.items():
        SampleData.SampleDataLogic.registerCustomSampleDataSource(
            category="XRayTo3D",
            sampleName=sampleName,
            thumbnailFileName=os.path.join(HERE, "Resources", "Icons", f"{sampleName}.png"),
            uris=[
                pathlib.Path(copy).as_uri()
                if os.path.exists(copy := os.path.join(copies, name))
                else SAMPLES_URL + name
                for name in files
            ],
            fileNames=[f"XRayTo3D_{name}" for name in files],
            nodeNames=[os.path.splitext(name)[0] for name in files],
            loadFileTypes="VolumeFile",
            checksums=[f"SHA256:{digest}" for digest in files.values()],
        )
