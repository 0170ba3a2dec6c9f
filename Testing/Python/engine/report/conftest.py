"""What a browser draws of the report's pages."""

import base64

import cv2
import numpy as np
import pytest


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
