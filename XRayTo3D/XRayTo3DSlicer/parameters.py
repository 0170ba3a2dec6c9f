"""What can be chosen in the panel; it is saved with the scene."""

from enum import Enum
from typing import Annotated

from slicer import (
    vtkMRMLMarkupsClosedCurveNode,
    vtkMRMLMarkupsFiducialNode,
    vtkMRMLMarkupsLineNode,
    vtkMRMLMarkupsPlaneNode,
    vtkMRMLMarkupsROINode,
    vtkMRMLModelNode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
    vtkMRMLVectorVolumeNode,
)
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import Default, FloatRange, RangeBounds, WithinRange, parameterNodeWrapper

from .further import furtherViews, viewAngle
from .wanted import bonesWanted

BETWEEN_FILES = ";"  # that one parameter holds


class View(Enum):
    """From where the X-ray was taken; the values are the engine's names."""

    FROM_IMAGE = ""
    AP = "AP"
    PA = "PA"
    MEDIOLATERAL = "mediolateral"
    LATEROMEDIAL = "lateromedial"
    LATERAL = "lateral"

    def label(self) -> str:
        """Text in the panel."""
        return {
            View.FROM_IMAGE: _("As the image tells"),
            View.AP: _("From the front (AP)"),
            View.PA: _("From behind (PA)"),
            View.MEDIOLATERAL: _("Mediolateral"),
            View.LATEROMEDIAL: _("Lateromedial"),
            View.LATERAL: _("Lateral"),
        }[self]


class Tone(Enum):
    """How bone is shown; the values are the engine's names."""

    AUTO = "auto"
    BRIGHT = "bright"
    DARK = "dark"

    def label(self) -> str:
        """Text in the panel."""
        return {Tone.AUTO: _("Automatic"), Tone.BRIGHT: _("Bright"), Tone.DARK: _("Dark")}[self]


class Finder(Enum):
    """What finds the bone; the values are the engine's names."""

    AUTO = "auto"
    NETWORK = "network"
    CLUSTERS = "clusters"

    def label(self) -> str:
        """Text in the panel."""
        return {
            Finder.AUTO: _("Automatic"),
            Finder.NETWORK: _("Neural network"),
            Finder.CLUSTERS: _("Gray values"),
        }[self]


class Pieces(Enum):
    """Which pieces of bone are kept; the values are the engine's names."""

    NEAR = "near"
    MAIN = "main"
    ALL = "all"

    def label(self) -> str:
        """Text in the panel."""
        return {Pieces.NEAR: _("Near the largest"), Pieces.MAIN: _("The largest"), Pieces.ALL: _("All")}[self]


class Method(Enum):
    """How the surface is made; the values are the engine's names."""

    AUTO = "auto"
    SHAPE = "shape"
    VOLUME = "volume"
    SOLID = "solid"
    RELIEF = "relief"

    def label(self) -> str:
        """Text in the panel."""
        return {
            Method.AUTO: _("Automatic"),
            Method.SHAPE: _("Shape model"),
            Method.VOLUME: _("Volume network"),
            Method.SOLID: _("Solid"),
            Method.RELIEF: _("Relief"),
        }[self]


class Bones(Enum):
    """Which bones are made; the values are the engine's names."""

    MAIN = "main"
    ALL = "all"
    CHECKED = "checked"  # the engine takes their names in its place

    def label(self) -> str:
        """Text in the panel."""
        return {
            Bones.MAIN: _("The one that is marked"),
            Bones.ALL: _("All of the leg"),
            Bones.CHECKED: _("Those that are checked"),
        }[self]


class Side(Enum):
    """Of the patient; the values are the engine's names."""

    AUTO = "auto"
    LEFT = "left"
    RIGHT = "right"

    def label(self) -> str:
        """Text in the panel."""
        return {Side.AUTO: _("Automatic"), Side.LEFT: _("Left"), Side.RIGHT: _("Right")}[self]


class Sex(Enum):
    """Of the patient; the values are the engine's names."""

    UNKNOWN = ""
    FEMALE = "female"
    MALE = "male"

    def label(self) -> str:
        """Text in the panel."""
        return {Sex.UNKNOWN: _("Unknown"), Sex.FEMALE: _("Female"), Sex.MALE: _("Male")}[self]


class Color(Enum):
    """What the surface's color shows; the values are the names of its point data."""

    BONE = ""
    OBSERVED = "Observed"
    UNCERTAINTY = "Uncertainty_mm"
    HEIGHT = "Height_mm"
    RADIOGRAPH = "Radiograph"

    def label(self) -> str:
        """Text in the panel."""
        return {
            Color.BONE: _("Bone"),
            Color.OBSERVED: _("What was observed"),
            Color.UNCERTAINTY: _("Uncertainty (mm)"),
            Color.HEIGHT: _("Height over the X-ray (mm)"),
            Color.RADIOGRAPH: _("The X-ray itself"),
        }[self]


@parameterNodeWrapper
class XRayTo3DParameterNode:
    """Choices in the panel.

    inputVolume - the X-ray: a volume of one image, gray or color
    lateralVolume - a second view of the same bone, for a shape model
    thirdVolume, fourthVolume - further views of it
    view - from where the X-ray was taken
    tone - whether bone is bright or dark in it
    sid, sod - distances from the source to the detector and to the bone in mm; 0 means: as the image tells
    calibrationLine, calibrationLength - a line over an object, and the object's length in mm
    region - where the bone is: box, outline or plane; None means the whole image
    includePoints, excludePoints - clicks on the bone, and beside it
    finder - what finds the bone
    clusters - number of gray value clusters
    manualRange, grayRange - whether bone is a range of gray values, and which (0 to 1)
    pieces - which pieces of bone are kept
    preview - whether the bone is shown while choices change
    fracture - a line along a fracture, a box, outline or plane round it, or a point on each piece
    boneSegmentation - the bone drawn by hand; it takes the place of what is found
    bones - which bones are made: the one that is meant, every one of the leg that is seen, or those that are checked
    femur, tibia, fibula, patella, hip - whether this one is checked
    method - how the surface is made
    side - of the patient, for a shape model
    landmarks - points of the bone that were placed on the X-ray, by the landmarks' names
    force - whether a femur's shape is fitted to what may be none
    lateralRegion, lateralIncludePoints, lateralExcludePoints, lateralBoneSegmentation, lateralLandmarks,
    lateralFracture, lateralView - the same of the second view as of the X-ray
    viewAngle - from the first view to the second in degrees; 0 means: about 90
    thirdRegion, ..., thirdView, thirdAngle - the same of the third view; an angle of 0 means: as the files tell
    fourthRegion, ..., fourthView, fourthAngle - the same of the fourth view
    cameras - files of calibrated cameras of all views, a semicolon between them; empty means: there are none
    height - of the patient in cm; 0 means: unknown
    sex - of the patient
    otherSide - the same bone of the other leg, a closed model; None if there is none
    shapeModel - which bone is meant, or the file of another shape model; empty means: the bone that is found
    hdrStrength - how much detail is raised in the tone-mapped image
    automaticEmboss, emboss - whether the height of embossed detail is chosen, and the height in mm if not
    smoothing - passes of the smoothing filter
    triangles - largest number of triangles of the surface
    outputModel - model that receives the surface; None makes a new one
    keepImages - whether clusters, layers and depth are kept as volumes
    color - what the surface's color shows
    reduction - how far the fragments of a broken bone are put back, in percent
    """

    # The selectors take their node types from here; None is needed in a union of nodes.
    inputVolume: vtkMRMLScalarVolumeNode | vtkMRMLVectorVolumeNode | None
    lateralVolume: vtkMRMLScalarVolumeNode | vtkMRMLVectorVolumeNode | None
    thirdVolume: vtkMRMLScalarVolumeNode | vtkMRMLVectorVolumeNode | None
    fourthVolume: vtkMRMLScalarVolumeNode | vtkMRMLVectorVolumeNode | None
    view: View = View.FROM_IMAGE
    tone: Tone = Tone.AUTO
    sid: Annotated[float, WithinRange(0, 5000)] = 0.0
    sod: Annotated[float, WithinRange(0, 5000)] = 0.0
    calibrationLine: vtkMRMLMarkupsLineNode
    calibrationLength: Annotated[float, WithinRange(0.1, 1000)] = 25.0
    region: vtkMRMLMarkupsROINode | vtkMRMLMarkupsClosedCurveNode | vtkMRMLMarkupsPlaneNode | None
    includePoints: vtkMRMLMarkupsFiducialNode
    excludePoints: vtkMRMLMarkupsFiducialNode
    fracture: (
        vtkMRMLMarkupsLineNode
        | vtkMRMLMarkupsROINode
        | vtkMRMLMarkupsClosedCurveNode
        | vtkMRMLMarkupsPlaneNode
        | vtkMRMLMarkupsFiducialNode
        | None
    )
    finder: Finder = Finder.AUTO
    clusters: Annotated[int, WithinRange(2, 8)] = 2
    manualRange: bool = False
    grayRange: Annotated[FloatRange, RangeBounds(0, 1), Default(FloatRange(0.5, 1.0))]
    pieces: Pieces = Pieces.NEAR
    preview: bool = False
    boneSegmentation: vtkMRMLSegmentationNode
    bones: Bones = Bones.MAIN
    femur: bool = False
    tibia: bool = False
    fibula: bool = False
    patella: bool = False
    hip: bool = False
    method: Method = Method.AUTO
    side: Side = Side.AUTO
    landmarks: vtkMRMLMarkupsFiducialNode
    force: bool = False
    lateralRegion: vtkMRMLMarkupsROINode | vtkMRMLMarkupsClosedCurveNode | vtkMRMLMarkupsPlaneNode | None
    lateralIncludePoints: vtkMRMLMarkupsFiducialNode
    lateralExcludePoints: vtkMRMLMarkupsFiducialNode
    lateralBoneSegmentation: vtkMRMLSegmentationNode
    lateralLandmarks: vtkMRMLMarkupsFiducialNode
    lateralFracture: (
        vtkMRMLMarkupsLineNode
        | vtkMRMLMarkupsROINode
        | vtkMRMLMarkupsClosedCurveNode
        | vtkMRMLMarkupsPlaneNode
        | vtkMRMLMarkupsFiducialNode
        | None
    )
    lateralView: View = View.FROM_IMAGE
    viewAngle: Annotated[float, WithinRange(0, 160)] = 0.0
    thirdRegion: vtkMRMLMarkupsROINode | vtkMRMLMarkupsClosedCurveNode | vtkMRMLMarkupsPlaneNode | None
    thirdIncludePoints: vtkMRMLMarkupsFiducialNode
    thirdExcludePoints: vtkMRMLMarkupsFiducialNode
    thirdBoneSegmentation: vtkMRMLSegmentationNode
    thirdLandmarks: vtkMRMLMarkupsFiducialNode
    thirdFracture: (
        vtkMRMLMarkupsLineNode
        | vtkMRMLMarkupsROINode
        | vtkMRMLMarkupsClosedCurveNode
        | vtkMRMLMarkupsPlaneNode
        | vtkMRMLMarkupsFiducialNode
        | None
    )
    thirdView: View = View.FROM_IMAGE
    thirdAngle: Annotated[float, WithinRange(-160, 160)] = 0.0
    fourthRegion: vtkMRMLMarkupsROINode | vtkMRMLMarkupsClosedCurveNode | vtkMRMLMarkupsPlaneNode | None
    fourthIncludePoints: vtkMRMLMarkupsFiducialNode
    fourthExcludePoints: vtkMRMLMarkupsFiducialNode
    fourthBoneSegmentation: vtkMRMLSegmentationNode
    fourthLandmarks: vtkMRMLMarkupsFiducialNode
    fourthFracture: (
        vtkMRMLMarkupsLineNode
        | vtkMRMLMarkupsROINode
        | vtkMRMLMarkupsClosedCurveNode
        | vtkMRMLMarkupsPlaneNode
        | vtkMRMLMarkupsFiducialNode
        | None
    )
    fourthView: View = View.FROM_IMAGE
    fourthAngle: Annotated[float, WithinRange(-160, 160)] = 0.0
    cameras: str = ""
    height: Annotated[float, WithinRange(0, 250)] = 0.0
    sex: Sex = Sex.UNKNOWN
    otherSide: vtkMRMLModelNode
    shapeModel: str = ""
    hdrStrength: Annotated[float, WithinRange(0, 5)] = 1.0
    automaticEmboss: bool = True
    emboss: Annotated[float, WithinRange(0, 5)] = 0.5
    smoothing: Annotated[int, WithinRange(0, 100)] = 15
    triangles: Annotated[int, WithinRange(1000, 5000000)] = 200000
    outputModel: vtkMRMLModelNode
    keepImages: bool = False
    color: Color = Color.BONE
    reduction: Annotated[float, WithinRange(0, 100)] = 0.0


def findingChoices(parameters) -> dict:
    """Return how bones are found in any view, as arguments that the logic takes."""
    return {
        "bone": parameters.tone.value,
        "sid": parameters.sid or None,
        "sod": parameters.sod or None,
        "segmentation": parameters.finder.value,
        "clusters": parameters.clusters,
        "pieces": parameters.pieces.value,
    }


def boneChoices(parameters) -> dict:
    """Return what is chosen for finding the bone in the first view, as arguments that the logic takes.

    With a bone drawn by hand they still tell how it had been found: what is known of that bone stays known.
    """
    byRange = parameters.manualRange
    chosen = findingChoices(parameters) | {
        "roiNode": parameters.region,
        "maskNode": parameters.boneSegmentation,
        # Points correct what is found; a range of grays is taken as it is.
        "includeNode": None if byRange else parameters.includePoints,
        "excludeNode": None if byRange else parameters.excludePoints,
        "view": parameters.view.value or None,
    }
    if byRange:
        chosen["threshold"] = (parameters.grayRange.minimum, parameters.grayRange.maximum)
    return chosen


def mayFitShape(parameters) -> bool:
    """Tell whether the chosen method is, or may turn out to be, a shape model."""
    return parameters.method in (Method.AUTO, Method.SHAPE)


def usesViews(parameters) -> bool:
    """Tell whether the chosen method can use more than one view."""
    return mayFitShape(parameters) or parameters.method == Method.VOLUME


def usedXrays(parameters) -> list:
    """Return the X-rays that a surface is made of: further ones count where the method uses them."""
    further = furtherViews(parameters) if usesViews(parameters) else []
    return [parameters.inputVolume, *(each["volumeNode"] for each in further)]


def camerasOf(parameters) -> list:
    """Return the files of cameras that are chosen."""
    return [path.strip() for path in parameters.cameras.split(BETWEEN_FILES) if path.strip()]


def shapeChoices(parameters) -> dict:
    """Return what is chosen for bones in three dimensions, as arguments of the logic's `process`; nothing without."""
    if not usesViews(parameters):
        return {}
    chosen = {"side": parameters.side.value}
    if mayFitShape(parameters):
        chosen |= {
            "landmarksNode": parameters.landmarks,
            "fractureNode": parameters.fracture,
            "force": parameters.force,
            "height_cm": parameters.height or None,
            "sex": parameters.sex.value,
            "otherSideNode": parameters.otherSide,
            "shape_model": parameters.shapeModel.strip() or None,
        }
    if views := furtherViews(parameters):
        chosen |= {"furtherViews": views, "view_angle": viewAngle(parameters)}
    if views and parameters.cameras:  # which tell the angles
        chosen |= {"cameras": camerasOf(parameters), "view_angle": None}
    return chosen


def choices(parameters) -> dict:
    """Return all that is chosen, as arguments that the logic's `process` takes."""
    surface = {
        "bones": bonesWanted(parameters) if parameters.bones == Bones.CHECKED else parameters.bones.value,
        "method": parameters.method.value,
        "hdr_strength": parameters.hdrStrength,
        "emboss_mm": None if parameters.automaticEmboss else parameters.emboss,
        "smoothing": parameters.smoothing,
        "triangles": parameters.triangles,
    }
    return boneChoices(parameters) | shapeChoices(parameters) | surface
