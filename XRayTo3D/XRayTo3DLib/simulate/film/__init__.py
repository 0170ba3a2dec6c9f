"""From bones to film: a cone-beam projector, tissue, scatter, noise, vendors' looks, DICOM files."""
