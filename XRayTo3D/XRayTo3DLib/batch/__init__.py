"""Many radiographs: which belong together, worked on by many processes, and a table of what came of them."""

from .choices import Choices
from .run import Outcome, run_batch

__all__ = ["Choices", "Outcome", "run_batch"]
