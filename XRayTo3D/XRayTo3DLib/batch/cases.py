"""Which radiographs make a case: by their DICOM identifiers, or as a user says.

A frontal and a lateral radiograph of one patient, study, body part and side make a case, the frontal one first. Where
there are several of either, nothing tells which belong together, and each is a case by itself, as is everything else.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .films import Film

_FRONTAL, _LATERAL = ("AP", "PA"), ("mediolateral", "lateromedial", "lateral")
_UNSURE = (
    "The study has {} frontal and {} lateral radiographs of this limb, and nothing tells which belong together, so "
    "each was taken by itself: --pair says it."
)
_SIDE_UNTOLD = "Neither radiograph tells the side: that they show one limb was assumed."


@dataclass(frozen=True, slots=True)
class Planned:
    """A case that is to be made: absolute paths of its radiographs, the first view first, and words on the choice."""

    files: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the case's folder: the first file's, made harmless, and digits that the paths alone decide."""
        digest = hashlib.sha256(b"\0".join(os.fsencode(path) for path in self.files)).hexdigest()
        stem = os.path.splitext(os.path.basename(self.files[0]))[0]
        return f"{re.sub(r'[^A-Za-z0-9_]+', '-', stem)[:40].strip('-') or 'case'}-{digest[:12]}"


def plan_cases(films: Iterable[Film], pairs: Sequence[tuple[str, ...]] = (), one_view: bool = False) -> list[Planned]:
    """Put radiographs together.

    Parameters
    ----------
    films : iterable of Film
    pairs : sequence of tuple of str
        Paths that a user put together: these films are in no other case, whatever their identifiers say.
    one_view : bool
        Put no others together.

    Returns
    -------
    list of Planned
        In the order of the films, or of each case's first one. A film that is there twice, by its SOP instance UID, is
        taken once.
    """
    given = {path for pair in pairs for path in pair}
    films = list(films)
    instances = {film.identity.instance for film in films if film.path in given and film.identity} - {""}
    place: dict[str, int] = {}
    limbs: dict[object, list[Film]] = defaultdict(list)
    for number, film in enumerate(films):
        place[film.path] = number
        if film.path in given or (film.identity and film.identity.instance in instances):
            continue
        if film.identity and film.identity.instance:
            instances.add(film.identity.instance)
        limbs[film.path if one_view else _limb(film)].append(film)
    planned = [Planned(pair) for pair in pairs] + [case for limb in limbs.values() for case in _cases_of(limb)]
    return sorted(planned, key=lambda case: place[case.files[0]])


def _limb(film: Film) -> object:
    """What all radiographs of one limb in one study share; the film itself where its file does not tell."""
    told = film.identity
    return (told.patient, told.study, told.part, told.side) if told and told.study else film.path


def _cases_of(limb: Sequence[Film]) -> list[Planned]:
    frontal = [film for film in limb if _view(film) in _FRONTAL]
    lateral = [film for film in limb if _view(film) in _LATERAL]
    if len(frontal) == len(lateral) == 1:
        pair = (frontal[0].path, lateral[0].path)
        notes = () if frontal[0].identity.side else (_SIDE_UNTOLD,)
        return [Planned(pair, notes), *(Planned((film.path,)) for film in limb if film.path not in pair)]
    notes = (_UNSURE.format(len(frontal), len(lateral)),) if frontal and lateral else ()
    return [Planned((film.path,), notes if _view(film) in (*_FRONTAL, *_LATERAL) else ()) for film in limb]


def _view(film: Film) -> str:
    return film.identity.view if film.identity else ""
