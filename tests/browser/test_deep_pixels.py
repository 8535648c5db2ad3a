"""A web page makes the app's pixels of grey PNGs of 16 bits, by the range of values of the model."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.export.deep_pictures import RANGE, deep_pngs
from tlcore.modalities.image.pixels import read_pixels

ROOT = Path(__file__).resolve().parents[2]
SIZE = 48
READ = """async ([file, size, policy, range]) => {
  const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
  const pixels = await GraftPixels.read(new Blob([bytes]), size, policy, range);
  return Array.from(pixels);
}"""

pytestmark = pytest.mark.slow


def test_every_grey_png_of_sixteen_bits_becomes_the_very_pixels_of_the_app(browser: Browser):
    page = browser.new_page()
    page.add_script_tag(content=(ROOT / "tlcore/modalities/image/formats/web_page/pixels.js").read_text())
    off = {}
    for number, (kind, content) in enumerate(deep_pngs().items()):
        policy = ("crop", "letterbox", "stretch")[number % 3]
        found = page.evaluate(READ, [base64.b64encode(content).decode(), SIZE, policy, RANGE])
        expected = read_pixels(content, SIZE, policy, RANGE)
        off[kind] = int(np.abs(np.array(found).reshape(expected.shape) - expected).max())
    page.close()
    assert not {kind: most for kind, most in off.items() if most}


def test_the_range_touches_nothing_else_and_a_torn_file_is_refused(browser: Browser):
    page = browser.new_page()
    page.add_script_tag(content=(ROOT / "tlcore/modalities/image/formats/web_page/pixels.js").read_text())
    from tests.modalities.image.test_pixels import photo, saved

    for content in (saved(photo(), "PNG"), saved(photo(), "JPEG"), saved(photo().convert("L"), "PNG")):
        encoded = base64.b64encode(content).decode()
        plain, ranged = (page.evaluate(READ, [encoded, SIZE, "crop", each]) for each in (None, RANGE))
        assert plain == ranged
    torn = base64.b64encode(deep_pngs()["filter 1"][:-900]).decode()
    with pytest.raises(Exception, match="ends before the picture does"):
        page.evaluate(READ, [torn, SIZE, "crop", RANGE])
    page.close()
