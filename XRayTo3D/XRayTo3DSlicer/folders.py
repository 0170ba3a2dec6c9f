"""Nodes that belong to a model: those it refers to, kept in folders of their own beside it."""

import slicer


def nodesOf(modelNode, role) -> list:
    """Return the nodes to which a model refers in a role, as far as they are in the scene."""
    count = modelNode.GetNumberOfNodeReferences(role)
    identifiers = [modelNode.GetNthNodeReferenceID(role, number) for number in range(count)]
    return list(filter(None, map(slicer.mrmlScene.GetNodeByID, filter(None, identifiers))))


def putIntoFolder(nodes, modelNode, kind, owner, name) -> int:
    """Put nodes into a folder beside their model: the one that they are in, or else a new one.

    :param nodes: in the order in which the folder has them
    :param modelNode: the model
    :param kind: attribute by which folders of this kind are told apart
    :param owner: its value: whose folder it is
    :param name: of a new folder
    :return: the folder's item; 0 if model or nodes have none
    """
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    modelItem = hierarchy.GetItemByDataNode(modelNode)
    items = [item for item in map(hierarchy.GetItemByDataNode, nodes) if item]
    if not modelItem or not items:
        return 0
    folders, parent = map(hierarchy.GetItemParent, items), hierarchy.GetItemParent(modelItem)
    folder = next((each for each in folders if hierarchy.GetItemAttribute(each, kind) == owner), 0)
    if folder:
        hierarchy.SetItemParent(folder, parent)
    else:
        folder = hierarchy.CreateFolderItem(parent, name)
        hierarchy.SetItemAttribute(folder, kind, owner)
    for item in items:
        hierarchy.SetItemParent(item, folder)
    return folder


def removeWithFolders(nodes, kind) -> None:
    """Remove nodes from the scene, and their folders of a kind (see `putIntoFolder`) if nothing else is in them."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    folders = set()
    for node in nodes:
        if item := hierarchy.GetItemByDataNode(node):
            folders.add(hierarchy.GetItemParent(item))
            hierarchy.RemoveItem(item, False)
        slicer.mrmlScene.RemoveNode(node)
    for folder in folders:
        if hierarchy.HasItemAttribute(folder, kind) and not hierarchy.GetNumberOfItemChildren(folder):
            hierarchy.RemoveItem(folder)
