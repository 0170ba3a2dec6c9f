"""The report: one page with everything in it, read as a file and opened in a real browser."""

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from XRayTo3DLib import (
    ReconstructionError,
    Settings,
    calibrated_by_ruler,
    radiograph_from_array,
    reconstruct,
    segment,
)
from XRayTo3DLib.helpers.files import check_folder
from XRayTo3DLib.report import page as page_module
from XRayTo3DLib.report import segmentation_pictures, stage_pictures, write_report, write_segmentation_report
from XRayTo3DLib.report.page import _about_scale

SETTINGS = Settings(roi=(20, 20, 180, 300), segmentation="clusters", triangles=4000)


@pytest.fixture(scope="module")
def result(phantom_radiograph):
    return reconstruct(phantom_radiograph, SETTINGS)


@pytest.fixture(scope="module")
def page(result, tmp_path_factory):
    return write_report(result, tmp_path_factory.mktemp("a") / "b" / "report")


class _Page(HTMLParser):
    """Pictures of a page, what it would load, and its words."""

    def __init__(self, text):
        super().__init__()
        self.images, self.loaded, self.words, self.inside = {}, [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.inside.append(tag)
        if tag == "img":
            self.images[attrs["alt"]] = attrs["src"]
        self.loaded += [attrs[name] for name in ("src", "href", "data", "srcset") if attrs.get(name)]

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"script", "style"} & set(self.inside):
            self.words.append(data)


def test_the_page_is_the_only_file_and_loads_nothing(page):
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]
    text = page.read_text()
    assert all(source.startswith("data:") for source in _Page(text).loaded)
    assert 'id="reduction"' not in text  # of a whole bone


def test_the_scale_has_a_place_of_its_own(phantom):
    """With what it is, how sure, and where it comes from; of one that is not known, that it is not."""
    plain = radiograph_from_array(phantom, bone="bright")
    for radiograph, rows in (
        (plain, [("A pixel at the bone", "unknown; 1 mm is assumed")]),
        (
            calibrated_by_ruler(plain, ((20, 10), (120, 10)), 50),
            [
                ("A pixel at the bone", "0.5 ± 0.0071 mm"),
                ("Source", "ruler in the picture"),
                ("Magnification", "1 (pixel size at the bone)"),
            ],
        ),
    ):
        numbers = segment(radiograph, Settings(roi=(20, 20, 180, 300), segmentation="clusters")).as_json()
        assert ("Scale", rows) == _about_scale(numbers)[0]


def test_every_stage_is_in_the_page(result, page):
    images = _Page(page.read_text()).images
    pictures = stage_pictures(result)
    assert list(images) == [name.replace("-", " ").capitalize() for name in pictures]
    for source, picture in zip(images.values(), pictures.values(), strict=True):
        code = np.frombuffer(base64.b64decode(source.split(",", 1)[1]), np.uint8)
        found = cv2.imdecode(code, cv2.IMREAD_UNCHANGED)
        found = found if found.ndim == 2 else found[..., ::-1]
        assert found.shape == picture.shape
        assert np.abs(found.astype(int) - picture).mean() < 6


def test_the_page_tells_the_numbers_and_what_is_inferred(result, page):
    words = " ".join(" ".join(_Page(page.read_text()).words).split())
    numbers = result.as_json()
    assert f"{numbers['surface']['volume_mm3'] / 1000:.1f} cm³" in words
    assert f"{numbers['quality']['ssim']:.3f}" in words and f"{numbers['quality']['ief']:.3g}" in words
    assert "non-local means" in words and "say nothing about the bone" in words
    assert "Inferred" in words and "mirror image" in words
    assert "not for diagnosis" in words
    shown = json.loads(re.search(r"\{ \"input\".*\}", words).group())
    assert shown["surface"] == numbers["surface"] and shown["settings"] == numbers["settings"]


def test_warnings_and_names_are_shown_as_text(phantom, tmp_path):
    picture = replace(radiograph_from_array(phantom, bone="bright"), path="<b>knee & hip</b>.png")
    text = write_report(reconstruct(picture, SETTINGS), tmp_path).read_text()
    assert "&lt;b&gt;knee &amp; hip&lt;/b&gt;.png" in text and "<b>knee" not in text
    words = " ".join(_Page(text).words)
    assert picture.warnings and all(" ".join(each.split()) in " ".join(words.split()) for each in picture.warnings)


TAKEN = (
    """</pre></title></script><script>document.title = "taken"</script><img src=x onerror="document.title = 'taken'">"""
)


def hostile(told):
    """What `as_json` tells, with a script in every text: a name, a view or a warning may come from a file."""
    if isinstance(told, dict):
        return {name: hostile(each) for name, each in told.items()}
    if isinstance(told, list | tuple):
        return [hostile(each) for each in told]
    return told + TAKEN if isinstance(told, str) else told


def asked_for(browser):
    """Addresses that pages asked for since this was last asked."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]


def test_scripts_in_texts_of_files_are_not_run(browser, result, tmp_path, monkeypatch):
    numbers = hostile(result.as_json())
    numbers["input"]["path"] = "a'" + TAKEN.replace("/", "") + "\udcfc\n.png"
    monkeypatch.setattr(type(result), "as_json", lambda _: numbers)
    monkeypatch.setattr(page_module, "surface_view", lambda _: "")  # no text of a file is in it
    path = write_report(result, tmp_path)
    browser.get(path.as_uri())
    shown = browser.find_element("tag name", "body").text
    assert shown.count('document.title = "taken"') > 10 and "a'<pre>" in shown
    assert browser.title.startswith("a'<pre>") and "\\udcfc" in browser.title
    assert all(url == path.as_uri() or url.startswith("data:") for url in asked_for(browser))


def test_a_relief_is_called_one(phantom_radiograph, tmp_path):
    made = reconstruct(phantom_radiograph, Settings(**{**vars(SETTINGS), "method": "relief"}))
    words = " ".join(_Page(write_report(made, tmp_path).read_text()).words)
    assert "not the bone's anatomy" in words


def test_a_segmentation_has_a_page_without_a_surface(phantom_radiograph, tmp_path):
    found = segment(phantom_radiograph, SETTINGS)
    text = write_segmentation_report(found, tmp_path).read_text()
    assert len(_Page(text).images) == len(segmentation_pictures(found))
    assert "plotly" not in text.lower() and "Inferred" not in text


def test_a_report_that_cannot_be_made(result, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReconstructionError, match="nothing can be written") as caught:
        write_report(result, tmp_path / "file")
    assert str(tmp_path / "file") in str(caught.value)
    with pytest.raises(ReconstructionError, match="nothing can be written"):
        check_folder(tmp_path / "file" / "report")


def test_the_page_in_a_browser(browser, drawn, page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    browser.get(page.as_uri())
    first = drawn()
    assert browser.execute_script(
        "const c = document.querySelector('#surface-view canvas'); return !!(c && c.getContext('webgl'));"
    )
    bone = np.abs(first.astype(int) - 255).max(axis=2) > 30
    assert 0.02 < bone.mean() < 0.6  # neither blank nor filled
    assert np.ptp(first[bone].mean(axis=1)) > 40  # shaded

    view = browser.find_element(By.CSS_SELECTOR, "#surface-view .svg-container")
    ActionChains(browser).move_to_element(view).click_and_hold().move_by_offset(120, 20).release().perform()
    turned = drawn()
    assert (np.abs(turned.astype(int) - first).max(axis=2) > 30).mean() > 0.005

    pictures = [turned]
    for name in ("observed", "height"):
        buttons = browser.find_elements(By.CSS_SELECTOR, "#surface-view .updatemenu-button")
        next(button for button in buttons if button.text == name).click()
        pictures.append(drawn())
    colours = [np.ptp(picture[bone].astype(int), axis=1).mean() for picture in pictures]
    assert colours[1] > colours[0] + 5 and colours[2] > colours[0] + 5

    asked = asked_for(browser)
    assert page.as_uri() in asked
    assert all(url == page.as_uri() or url.startswith(("data:", "blob:")) for url in asked)
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
