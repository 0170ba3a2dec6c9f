"""A browser for the report's pages, and what it draws."""

import base64
import shutil

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="module")
def browser():
    """A real Chromium without a screen, which draws WebGL in software."""
    chromium, driver = (shutil.which(name) for name in ("chromium", "chromedriver"))
    if not (chromium and driver):
        pytest.skip("the report was not opened in a browser: install chromium and chromium-driver to test that")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        "--window-size=1366,900",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    yield opened
    opened.quit()


@pytest.fixture
def drawn(browser):
    """Function that gives the view as the browser draws it, (rows, columns, 3) uint8, once it stays the same."""
    from selenium.webdriver.common.by import By

    def look():
        view = browser.find_element(By.CSS_SELECTOR, "#surface-view .svg-container")
        before = None
        for _ in range(60):
            png = np.frombuffer(base64.b64decode(view.screenshot_as_base64), np.uint8)
            now = cv2.imdecode(png, cv2.IMREAD_COLOR)[..., ::-1]
            if before is not None and np.array_equal(before, now) and now.std() > 1:
                break
            before = now
        return now

    return look
