"""Training the networks that the engine ships; the reader network's needs PyTorch (`pip install xrayto3d[train]`)."""
