"""Telling of each stage of some work before it begins, and how long it took after it ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from .progress import Progress, tell


class Stages:
    """Tells of each stage before it begins, and how long it took after it ended."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        self.timings_s: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str, fraction: float, text: str) -> Iterator[None]:
        tell(self.progress, fraction, text)
        start = time.perf_counter()
        yield
        self.timings_s[name] = time.perf_counter() - start
