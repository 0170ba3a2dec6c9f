"""Which radiographs make a case."""

import random
import tracemalloc
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from XRayTo3DLib.batch.cases import Planned, plan_cases
from XRayTo3DLib.batch.files import Found
from XRayTo3DLib.batch.films import Film, read_films
from XRayTo3DLib.radiograph import Identity

AP = Identity("DX", "P1", "1.2", "1.2.1", "FEMUR", "left", "AP")
LATERAL = AP._replace(instance="1.2.2", view="lateral")


def files(films, *args, **kwargs):
    return [case.files for case in plan_cases(films, *args, **kwargs)]


def test_a_frontal_and_a_lateral_of_one_limb_make_a_case_the_frontal_first():
    for frontal in ("AP", "PA"):
        for lateral in ("lateral", "mediolateral", "lateromedial"):
            films = [Film("b", LATERAL._replace(view=lateral)), Film("a", AP._replace(view=frontal))]
            assert plan_cases(films) == [Planned(("a", "b"))]


def test_what_differs_is_no_case():
    for other in (
        {"patient": "P2"},
        {"study": "1.3"},
        {"study": ""},
        {"part": "KNEE"},
        {"side": "right"},
        {"view": ""},
    ):
        films = [Film("a", AP), Film("b", LATERAL._replace(**other))]
        assert plan_cases(films) == [Planned(("a",)), Planned(("b",))], other
    nowhere = [Film("a", AP._replace(study="")), Film("b", LATERAL._replace(study="")), Film("c"), Film("d")]
    assert files(nowhere) == [("a",), ("b",), ("c",), ("d",)]


def test_where_several_might_belong_together_none_are_put_together_and_it_is_said():
    films = [
        Film("a", AP),
        Film("b", LATERAL),
        Film("c", AP._replace(instance="1.2.3")),
        Film("d", AP._replace(view="", instance="")),
    ]
    cases = plan_cases(films)
    assert [case.files for case in cases] == [("a",), ("b",), ("c",), ("d",)]
    assert all("2 frontal and 1 lateral" in case.notes[0] for case in cases[:3]) and cases[3].notes == ()


def test_that_no_side_is_told_is_said():
    (case,) = plan_cases([Film("a", AP._replace(side="")), Film("b", LATERAL._replace(side=""))])
    assert case.files == ("a", "b") and "side" in case.notes[0]


def test_a_copy_is_taken_once():
    assert files([Film("a", AP), Film("copy", AP), Film("b", LATERAL)]) == [("a", "b")]
    assert files([Film("a", AP), Film("copy", AP), Film("b", LATERAL)], [("copy",)]) == [("copy",), ("b",)]


def test_a_user_has_the_last_word():
    films = [Film("x"), Film("a", AP), Film("b", LATERAL), Film("y")]
    assert files(films, [("x", "y")]) == [("x", "y"), ("a", "b")]
    assert files(films, [("b", "x")]) == [("a",), ("b", "x"), ("y",)]
    assert files(films, [("a",)]) == [("x",), ("a",), ("b",), ("y",)]


def test_a_method_of_one_view_takes_each_by_itself():
    assert files([Film("a", AP), Film("b", LATERAL)], one_view=True) == [("a",), ("b",)]


told = st.builds(
    Identity,
    st.just("DX"),
    st.sampled_from(["", "P1", "P2"]),
    st.sampled_from(["", "1", "2"]),
    st.just(""),
    st.sampled_from(["", "KNEE"]),
    st.sampled_from(["", "left", "right"]),
    st.sampled_from(["", "AP", "PA", "lateral", "mediolateral", "OBLIQUE"]),
)


@given(st.lists(st.none() | told, max_size=12), st.randoms(use_true_random=False))
def test_every_film_is_in_one_case_and_their_order_changes_nothing(identities, chance: random.Random):
    films = [Film(f"{number:02}", identity) for number, identity in enumerate(identities)]
    cases = files(films)
    assert sorted(chain(*cases)) == [film.path for film in films]
    assert sorted(cases, key=lambda case: [film.path for film in films].index(case[0])) == cases
    shuffled = chance.sample(films, len(films))
    assert sorted(files(shuffled)) == sorted(cases)


def test_names_are_harmless_and_differ(tmp_path):
    names = [
        Planned((path,)).name for path in ("/a/../x <y>\n.dcm", "/b/x <y>\n.dcm", "/ü/\udcff.png", "/" + "x" * 300)
    ]
    assert len(set(names)) == 4
    assert all(name.replace("-", "").replace("_", "").isalnum() and name.isascii() and len(name) < 60 for name in names)


def test_other_modalities_are_passed_over_unless_they_are_named(tmp_path, write_film):
    slice_ = write_film(tmp_path / "slice.dcm", pixels=False, Modality="CT")
    film = write_film(tmp_path / "film.dcm", pixels=False, PatientID="P", ViewPosition="LL", ImageLaterality="R")
    (tmp_path / "damaged.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 50)
    told = list(read_films(Found(path, False) for path in (slice_, film, str(tmp_path / "damaged.dcm"))))
    assert told[0] is None and told[2].path == str(tmp_path / "damaged.dcm")
    assert told[1].identity._replace(instance="") == Identity("CR", "P", "", "", "", "right", "lateral")
    assert next(read_films([Found(slice_, True)])).path == slice_


def test_planning_holds_little_of_each_film():
    """50,000 films stay under 100 MB: a process with the engine has another 300 MB."""
    count = 5000
    tracemalloc.start()
    films = (
        Film(
            f"/archive/of/a/hospital/{n:09}/study/series/image-{n:09}.dcm",
            AP._replace(
                study=f"1.2.{n // 2}", instance=f"1.2.840.113619.2.55.3.{n:030}", view=("AP", "lateral")[n % 2]
            ),
        )
        for n in range(count)
    )
    cases = plan_cases(films)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(cases) == count // 2
    assert most / count < 2000  # bytes
