"""What of XRayTo3D knows Slicer: nodes, marks, the panel and its parameters. All computing is done by XRayTo3DLib."""
