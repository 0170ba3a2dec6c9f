"""What decoders say about odd but readable files is no news for the user."""

import logging
import os
import warnings
from contextlib import contextmanager


@contextmanager
def quiet_decoders():
    """Silence Python warnings, and pydicom's log, while a file is read."""
    logger = logging.getLogger("pydicom")
    disabled, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = disabled


@contextmanager
def quiet_libraries():
    """Silence what compiled libraries print themselves: GDCM's JPEG decoder tries several depths, and tells."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error to silence
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
