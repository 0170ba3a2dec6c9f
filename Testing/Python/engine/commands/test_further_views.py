"""Options of further views: what is told of one is marked in that one, as it would be in the first."""

import argparse

import cv2
import numpy as np
import pytest

from XRayTo3DLib import Marking, ReconstructionError
from XRayTo3DLib.commands import further_views, picture_options

MARKS = ("--roi", 5, 6, 70, 80, "--polygon", 1, 2, 50, 4, 30, 60, "--mask", "mask.png", "--include", 20, 30)
MARKS += ("--include", 21.5, 31, "--exclude", 3, 4, "--fracture-line", 9, 40, 60, 41)
MARKS += ("--fracture-box", 9, 30, 60, 50, "--fracture-polygon", 9, 30, 60, 30, 30, 60)
MARKS += ("--fracture-piece", 30, 20, "--fracture-piece", 31, 60)


@pytest.fixture
def options(tmp_path, monkeypatch, phantom):
    """A function that reads arguments as a command with further views does, in a folder with pictures."""
    monkeypatch.chdir(tmp_path)
    for name, picture in (("first", phantom), ("second", phantom[::-1]), ("third", phantom[:, ::-1])):
        cv2.imwrite(f"{name}.png", picture)
    mask = np.zeros(phantom.shape, np.uint8)
    mask[40:280, 85:115] = 255
    cv2.imwrite("mask.png", mask)
    parser = argparse.ArgumentParser()
    parser.add_argument("image")
    picture_options.add_marking(parser)
    picture_options.add_reading(parser)
    further_views.add_further_views(parser)
    return lambda *arguments: parser.parse_args([*map(str, arguments)])


def of_view(arguments, prefix="--view-"):
    return [each.replace("--", prefix) if isinstance(each, str) else each for each in arguments]


def same(one: Marking, other: Marking) -> bool:
    """Whether the same is marked; masks are arrays."""
    told, expected = (vars(each) | {"mask": None} for each in (one, other))
    return told == expected and np.array_equal(one.mask, other.mask)


@pytest.mark.parametrize("prefix", ["--view-", "--lateral-"])
def test_what_can_be_marked_in_the_first_view_can_be_in_a_further_one(options, prefix):
    first = options("first.png", *MARKS)
    expected = picture_options.marking(vars(first), first)
    assert all(each is not None for name, each in vars(expected).items() if name not in ("threshold", "landmarks"))
    landmark = ("--landmark", "head_center", 40, 50)
    given = options("first.png", "--view", "second.png", *of_view((*MARKS, *landmark), prefix))
    (view,) = further_views.further_views(given)
    assert view.marking.landmarks == {"head_center": (40, 50)}
    assert same(view.marking, Marking(**{**vars(expected), "landmarks": view.marking.landmarks}))
    assert same(picture_options.marking(vars(given), given), Marking())  # nothing of it is the first view's


def test_lines_along_breaks_may_be_given_in_each_view(options):
    """One is the four numbers that it is, several are a list."""
    line, other = (9.0, 40.0, 60.0, 41.0), (9.0, 70.0, 60.0, 72.0)
    lines = ("--fracture-line", *line, "--fracture-line", *other)
    given = options(
        "first.png", *lines, "--view", "second.png", *of_view(lines), "--view", "third.png", *of_view(lines[:5])
    )
    second, third = further_views.further_views(given)
    assert picture_options.marking(vars(given), given).fracture_line == [list(line), list(other)]
    assert second.marking.fracture_line == [list(line), list(other)] and third.marking.fracture_line == list(line)


def test_clicks_are_of_the_view_before_them(options):
    given = ["--view-include", 1, 2, "--view", "second.png", "--view-exclude", 3, 4, "--view", "third.png"]
    second, third = further_views.further_views(options("first.png", *given, "--view-include", 5, 6))
    assert second.marking.seeds.as_json() == {"include": [[1, 2]], "exclude": [[3, 4]]}
    assert third.marking.seeds.as_json() == {"include": [[5, 6]], "exclude": []}


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        (("--polygon", 1, 2, 30, 4), "--view-polygon: three points"),
        (("--landmark", "head_center", "here", "there"), "--view-landmark: a name, a column and a row"),
    ],
)
def test_what_is_wrong_names_the_views_option(options, marks, words):
    with pytest.raises(ReconstructionError, match=words):
        further_views.further_views(options("first.png", "--view", "second.png", *of_view(marks)))
