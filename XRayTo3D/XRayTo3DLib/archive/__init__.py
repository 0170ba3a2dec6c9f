"""The way back into the archive: DICOM objects of what was made, in the study of its radiograph."""

import logging

from .folder import check_empty, write_archive
from .source import read_sources

# What highdicom logs quotes names of patients: no message of its own belongs on a terminal.
logging.getLogger("highdicom").addHandler(logging.NullHandler())

__all__ = ["check_empty", "read_sources", "write_archive"]
