"""What can go wrong, in words that name the file or argument, the cause and what to do."""


class RadiographError(ValueError):
    """A picture cannot be used as a radiograph: missing, damaged, empty, too large."""


class ReconstructionError(ValueError):
    """A radiograph was read, but no surface can be made of it with these settings."""


class UnmetError(ReconstructionError):
    """A shape was fitted, and does not meet the outlines that were found: `fit` is how it came to lie."""

    fit = None


class NoFemurError(ReconstructionError):
    """A femur was asked for, and the picture does not seem to show one."""


class SurfaceError(ValueError):
    """A file holds no surface that can be used: missing, damaged, open."""


class SimulationError(ValueError):
    """A bone, a geometry or a view from which no radiograph can be simulated."""


class Cancelled(Exception):  # noqa: N818  (it is a request that was granted, not an error)
    """The user asked to stop; nothing half-made was left behind."""
