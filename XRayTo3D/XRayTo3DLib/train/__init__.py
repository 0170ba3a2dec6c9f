"""Training what the engine ships: needs PyTorch (`pip install xrayto3d[train]`), which running it does not."""
