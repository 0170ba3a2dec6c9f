"""Progress of a long stage, told to whoever called it, who may answer that the user wants to stop."""

from collections.abc import Callable

from ..errors import Cancelled

# Called with the fraction done (0 to 1) and what is being done; a true answer means "stop".
Progress = Callable[[float, str], object]


def tell(progress: Progress | None, fraction: float, text: str) -> None:
    """Tell `progress`, where there is one, how far the work is.

    Raises
    ------
    Cancelled
        If `progress` answers that the user wants to stop.
    """
    if progress is not None and progress(fraction, text):
        raise Cancelled(f"Stopped at the user's wish before: {text}.")


def part(progress: Progress | None, begin: float, share: float) -> Progress:
    """Progress of a part of the work, told as that of the whole."""
    return lambda fraction, text: tell(progress, begin + share * fraction, text)
