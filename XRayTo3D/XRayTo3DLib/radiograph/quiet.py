"""What decoders say about odd but readable files is no news for the user."""

import logging
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
