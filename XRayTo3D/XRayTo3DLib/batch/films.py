"""Radiographs with their identifiers: what is known of a file before its pixels are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..radiograph import Identity, read_identity
from .files import Found

_RADIOGRAPHS = ("CR", "DX", "RF", "XA", "RG", "OT", "")  # modalities; the last ones are scans of films, and untold


@dataclass(frozen=True, slots=True)
class Film:
    """A file that is worked on; `identity` is None where it has none, as a PNG, or tells none, being damaged."""

    path: str
    identity: Identity | None = None


def read_films(files: Iterable[Found]) -> Iterator[Film | None]:
    """Each file with its identifiers; None for what is no radiograph, such as a slice of a CT, and was not named."""
    for path, named in files:
        identity = read_identity(path)
        other = identity is not None and identity.modality not in _RADIOGRAPHS
        yield None if other and not named else Film(path, identity)
