"""Bones beside the main one as models of their own, all in one folder, and a table of what is measured on them."""

import slicer
import vtk
from slicer.i18n import tr as _

from .axes import removeAxesOf
from .names import betweenFragments, boneName, legName, unitOf
from .nodes import addNode, placeBeside, placeSurface
from .outlines import removeOutlinesOf, showOutlines

_OTHER, _MEASURES = "XRayTo3D.OtherBone", "XRayTo3D.Measures"  # roles in which the main model refers to them
_CALLED = "XRayTo3D.Bone"
_FOLDER = "XRayTo3D.Bones"


def othersOf(modelNode) -> list:
    """Return the models of the bones that were made beside a main one."""
    count = modelNode.GetNumberOfNodeReferences(_OTHER)
    return [node for node in (modelNode.GetNthNodeReference(_OTHER, number) for number in range(count)) if node]


def placeOthers(reconstruction, volumeNodes, modelNode) -> list:
    """Show the bones beside the main one, in the place of those that there were before; return their models.

    :param reconstruction: the engine's
    :param volumeNodes: X-rays of its views
    :param modelNode: the main bone's model
    """
    before = {node.GetAttribute(_CALLED): node for node in othersOf(modelNode)}
    modelNode.RemoveNodeReferenceIDs(_OTHER)
    made = []
    pixels = [view.radiograph.pixels for view in reconstruction.case.views]
    for bone, found in list(zip(reconstruction.bones, reconstruction.found, strict=True))[1:]:
        node = before.pop(bone.called, None)
        if node is None:
            node = addNode("vtkMRMLModelNode", "{name} " + boneName(bone.name, bone.side).lower(), volumeNodes[0])
            node.SetAttribute(_CALLED, bone.called)
        placeSurface(bone.surface.polydata, volumeNodes[0], node)
        seenIn = [next(n for n, each in enumerate(pixels) if each is seen.radiograph.pixels) for seen in found.seen]
        showOutlines(bone.shape.outlines if bone.shape else (), [volumeNodes[n] for n in seenIn], node)
        modelNode.AddNodeReferenceID(_OTHER, node.GetID())
        made.append(node)
    for node in before.values():
        removeOutlinesOf(node)
        removeAxesOf(node)
        slicer.mrmlScene.RemoveNode(node)
    _putIntoFolder([modelNode, *made] if made else [], volumeNodes[0], modelNode)
    return made


def _putIntoFolder(nodes, volumeNode, modelNode) -> None:
    """Put models into a folder beside their X-ray; without models there is none."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    volumeItem = hierarchy.GetItemByDataNode(volumeNode)
    if not volumeItem:
        return
    parent = hierarchy.GetItemParent(volumeItem)
    folder = _folderOf(hierarchy, parent, modelNode.GetID())
    if not nodes:
        if folder:
            hierarchy.RemoveItem(folder, False, False)
        return
    if not folder:
        folder = hierarchy.CreateFolderItem(parent, _("{name} bones").format(name=volumeNode.GetName()))
        hierarchy.SetItemAttribute(folder, _FOLDER, modelNode.GetID())
    for node in nodes:
        hierarchy.SetItemParent(hierarchy.GetItemByDataNode(node), folder)


def _folderOf(hierarchy, parent, modelID):
    """Return the folder that was made for a main model's bones; 0 if there is none."""
    children = vtk.vtkIdList()
    hierarchy.GetItemChildren(parent, children, False)
    items = [children.GetId(number) for number in range(children.GetNumberOfIds())]
    return next((item for item in items if hierarchy.GetItemAttribute(item, _FOLDER) == modelID), 0)


def placeMeasures(record, volumeNode, modelNode) -> None:
    """Put all measures of the engine's JSON into a table beside the X-ray; without measures there is none."""
    rows = list(measureRows(record))
    node = modelNode.GetNodeReference(_MEASURES)
    if not rows:
        if node:
            slicer.mrmlScene.RemoveNode(node)
        modelNode.SetNodeReferenceID(_MEASURES, None)
        return
    if node is None:
        node = addNode("vtkMRMLTableNode", _("{name} measures"), volumeNode)
        modelNode.SetNodeReferenceID(_MEASURES, node.GetID())
    titles = (_("Bone"), _("Measure"), _("Value"), _("Unit"), _("From (95 %)"), _("To (95 %)"), _("Definition"))
    with slicer.util.NodeModify(node):
        node.RemoveAllColumns()
        for title, values in zip(titles, zip(*rows, strict=True), strict=True):
            column = vtk.vtkDoubleArray() if isinstance(values[0], float) else vtk.vtkStringArray()
            column.SetName(title)
            for value in values:
                column.InsertNextValue(value)
            node.AddColumn(column)
    placeBeside(node, volumeNode)


def measureRows(record):
    """Yield bone, measure, value, unit, both ends of the 95 % interval, and the definition, of each measure."""
    from XRayTo3DLib.anatomy import DEFINITIONS

    owners = [(bone["name"], boneName(bone["name"], bone["side"]), bone["measures"]) for bone in record["bones"]]
    owners += [
        ("fracture", f"{boneName(bone['name'], bone['side'])}, {fragment or _('fragments')}", measures)
        for bone in record["bones"]
        for fragment, measures in betweenFragments(bone)
    ]
    owners += [("leg", legName(leg["side"]), leg["measures"]) for leg in record["legs"]]
    for kind, called, measures in owners:
        for name, each in measures.items():
            low, high = map(float, each["interval_95"])
            yield called, each["title"], float(each["value"]), unitOf(name), low, high, DEFINITIONS[kind][name].meaning
