"""A broken bone in the scene: a model for each fragment, under a transform that leads from its place to where it lies.

A fragment's model has the place that the fragment has in the reduced bone. The transform above it is the identity for
the upper fragment, which the reduced bone lies as, and carries each other one to where it was found.
"""

import json

import numpy as np
import slicer
from slicer.i18n import tr as _

from .folders import nodesOf, putIntoFolder, removeWithFolders
from .names import fragmentName
from .nodes import addNode, ijkToRAS, placeSurface

# Roles in which a bone's model refers to its fragments, to the transforms above them, and to the reduced bone.
_ROLES = _FRAGMENTS, _POSES, _REDUCED = "XRayTo3D.Fragments", "XRayTo3D.FragmentPoses", "XRayTo3D.Reduced"
_FOLDER = "XRayTo3D.Fragments"
# Of a transform: the matrix, as JSON, with which its fragment is where it was found, and how far it is put back.
LIES, REDUCED = "XRayTo3D.AsItLies", "XRayTo3D.PercentReduced"
# Of that of a lower fragment: by what it is measured against the one next above it, as JSON: the engine's BreakFrame in
# the reduced bone, in its files' frame (LPS), and the matrix from there to where the X-ray is.
BREAK = "XRayTo3D.Break"


def fragmentsOf(modelNode) -> list:
    """Return the models of a broken bone's fragments, the upper one first; nothing of a whole bone."""
    return nodesOf(modelNode, _FRAGMENTS) if modelNode else []


def placeFragments(bone, volumeNode, modelNode) -> list:
    """Show a broken bone's fragments in the place of its model, and keep the reduced bone hidden; none of a whole bone.

    The model itself, which holds all fragments as they lie, is hidden: they would stand in it. What there was before
    is made anew, and stays shown or hidden as it was.

    :param bone: the engine's BoneResult
    :param volumeNode: X-ray of its first view
    :param modelNode: its model
    :return: models of the fragments and of the reduced bone
    """
    before = fragmentsOf(modelNode)
    if not bone.broken:
        if any(map(modelNode.GetNumberOfNodeReferences, _ROLES)):
            removeFragmentsOf(modelNode)
            _refer(modelNode)
            modelNode.GetDisplayNode().SetVisibility(True)
        return []
    named = _named(bone, volumeNode)
    if len(before) != len(named):  # there was none, or another number, or the user removed one
        removeFragmentsOf(modelNode)
        before = []
    made = [_placed(*each, volumeNode) for each in zip(named, before or [None] * len(named), strict=True)]
    poses = [node.GetParentTransformNode() for node in made]
    toXray = _fromFile(volumeNode).tolist()
    for node, frame in zip(poses[1:], bone.broken.break_frames, strict=True):
        node.SetAttribute(BREAK, json.dumps({"frame": frame.as_json(), "toXray": toXray}))
    reduced = _placeReduced(bone.whole, volumeNode, next(iter(nodesOf(modelNode, _REDUCED)), None))
    _refer(modelNode, made, poses, [reduced])
    if not before:
        modelNode.GetDisplayNode().SetVisibility(False)
    name = _("{name} fragments").format(name=volumeNode.GetName())
    putIntoFolder([*made, *poses, reduced], modelNode, _FOLDER, modelNode.GetID(), name)
    return [*made, reduced]


def removeFragmentsOf(modelNode) -> None:
    """Remove the fragments, their transforms and the reduced bone of a model, which may be out of the scene already."""
    removeWithFolders([node for role in _ROLES for node in nodesOf(modelNode, role)], _FOLDER)


def _refer(modelNode, *nodes) -> None:
    """Let a bone's model refer to lists of nodes, in the order of the roles; to none if they are left out."""
    for role in _ROLES:
        modelNode.RemoveNodeReferenceIDs(role)
    for role, each in zip(_ROLES, nodes, strict=False):
        for node in each:
            modelNode.AddNodeReferenceID(role, node.GetID())


def _named(bone, volumeNode) -> list:
    """Of each fragment: what it is called, its surface where it belongs, and the matrix to where it lies (RAS)."""
    from XRayTo3DLib.geometry.frames import engine_to_ras, transform
    from XRayTo3DLib.methods import fragment_names

    toRAS, fromLPS = engine_to_ras(ijkToRAS(volumeNode)), _fromFile(volumeNode)
    found = []
    for name, piece, toReduced in zip(
        fragment_names(len(bone.pieces)), bone.pieces, bone.broken.to_reduced, strict=True
    ):
        called = "{name} " + fragmentName(name)
        reducing = fromLPS @ toReduced @ np.linalg.inv(fromLPS)
        inEngine = np.linalg.inv(toRAS) @ reducing @ toRAS
        found.append((called, transform(piece.polydata, inEngine), np.linalg.inv(reducing)))
    return found


def _fromFile(volumeNode):
    """The matrix from the frame of the engine's files (LPS) to where the X-ray is (RAS)."""
    from XRayTo3DLib.geometry.frames import ENGINE_TO_LPS, engine_to_ras

    return engine_to_ras(ijkToRAS(volumeNode)) @ np.linalg.inv(ENGINE_TO_LPS)


def _placed(fragment, node, volumeNode):
    """Show a fragment under its transform, in the node that it had before, if any; return its model."""
    called, polydata, lies = fragment
    transformNode = node.GetParentTransformNode() if node else None
    if node is None:
        node = addNode("vtkMRMLModelNode", called, volumeNode)
    if transformNode is None or not transformNode.GetAttribute(LIES):  # it was hardened, or put under another one
        transformNode = addNode("vtkMRMLLinearTransformNode", _("{name} pose").replace("{name}", called), volumeNode)
    transformNode.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
    transformNode.SetAttribute(LIES, json.dumps(lies.tolist()))
    transformNode.RemoveAttribute(REDUCED)
    transformNode.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(lies))
    placeSurface(polydata, volumeNode, node)
    node.SetAndObserveTransformNodeID(transformNode.GetID())
    return node


def _placeReduced(surface, volumeNode, node):
    """Place the reduced bone, hidden when it is new; return its model."""
    isNew = node is None
    if isNew:
        node = addNode("vtkMRMLModelNode", _("{name} reduced bone"), volumeNode)
    placeSurface(surface.polydata, volumeNode, node)
    if isNew:
        node.GetDisplayNode().SetVisibility(False)
    return node
