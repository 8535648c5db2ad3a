"""Awkward picture files become the same pixels on every way out of the app, as docs/pixels.md states."""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from playwright.sync_api import Browser

from tests.export.awkward import HOW_MANY, KINDS, UNREADABLE, awkward
from tlcore.data.pixels import open_picture, read_pixels
from tlcore.export.fullsize_graph import fullsize_graph

ROOT = Path(__file__).resolve().parents[2]
SIZE = 48
POLICIES = ("crop", "letterbox", "stretch")
Pictures = list[tuple[Path, str]]
READ = """async (asked) => {
  const found = [];
  for (const { file, size, policy } of asked) {
    const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
    try {
      const pixels = await GraftPixels.read(new Blob([bytes]), size, policy);
      found.push({ pixels: btoa(Array.from(pixels, (value) => String.fromCharCode(value)).join("")) });
    } catch (error) {
      found.push(error.message);
    }
  }
  return found;
}"""

pytestmark = pytest.mark.slow


def by_onnx(browser: Browser, pictures: Pictures) -> list[np.ndarray | str]:
    graphs = {policy: fullsize_graph(SIZE, policy, opset=17, ir_version=8) for policy in POLICIES}
    alone = onnxruntime.SessionOptions()
    alone.intra_op_num_threads = 1
    sessions = {
        policy: onnxruntime.InferenceSession(graph.SerializeToString(), alone, providers=["CPUExecutionProvider"])
        for policy, graph in graphs.items()
    }
    return [
        sessions[policy].run(
            None, {"picture": np.asarray(open_picture(path)), "jpeg": np.array(path.suffix == ".jpg")}
        )[0][0]
        for path, policy in pictures
    ]


def by_browser(browser: Browser, pictures: Pictures) -> list[np.ndarray | str]:
    page = browser.new_page()
    page.add_script_tag(content=(ROOT / "tlcore/export/bundled/web/pixels.js").read_text())
    asked = [
        {"file": base64.b64encode(path.read_bytes()).decode(), "size": SIZE, "policy": policy}
        for path, policy in pictures
    ]
    answers = page.evaluate(READ, asked)
    page.close()
    return [said if isinstance(said, str) else decoded(said["pixels"]) for said in answers]


def decoded(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(SIZE, SIZE, 3).astype(np.float32)


# One more way is one more line here, and a column of its own in docs/pixels.md.
WAYS: dict[str, Callable[[Browser, Pictures], list[np.ndarray | str]]] = {"ONNX": by_onnx, "Browser": by_browser}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Path]]:
    return list(awkward(tmp_path_factory.mktemp("awkward")))


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest, browser: Browser, drawn: list[tuple[str, Path]]) -> tuple[str, dict]:
    """How far its pixels are from Python's, by kind: arrays of differences, or what it said instead."""
    pictures = [(path, POLICIES[number % 3]) for number, (_, path) in enumerate(drawn)]
    found = WAYS[request.param](browser, pictures)
    off = defaultdict(list)
    for (kind, _), (path, policy), pixels in zip(drawn, pictures, found, strict=True):
        expected = read_pixels(path, SIZE, policy)
        off[kind].append(pixels if isinstance(pixels, str) else np.abs(pixels - expected))
    return request.param, off


def documented() -> dict[str, dict[str, tuple[float, float] | None]]:
    """The table of docs/pixels.md: by way and kind, the largest difference and the mean one; None where unreadable."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs/pixels.md").read_text().splitlines()
        if line.startswith("|")
    ]
    titles = next(row for row in rows if row[0] == "Kind")
    table: dict[str, dict[str, tuple[float, float] | None]] = {way: {} for way in titles[1:]}
    for row in rows:
        if row[0] in KINDS:
            for title, cell in zip(titles[1:], row[1:], strict=True):
                numbers = [float(number) for number in re.findall(r"[\d.]+", cell)]
                table[title][row[0]] = (numbers[0], numbers[1]) if numbers else None
    return table


def test_every_kind_is_as_close_as_documented(way):
    name, off = way
    stated = documented()[name]
    assert sum(map(len, off.values())) == HOW_MANY
    assert stated.keys() == off.keys() == KINDS.keys()
    for kind, differences in off.items():
        if stated[kind] is None:
            assert kind in UNREADABLE
            assert all("cannot read" in said for said in differences)
            continue
        largest, mean = stated[kind]
        found = np.stack(differences)
        assert found.max() <= largest, f"{kind}: up to {found.max()}"
        assert found.mean() <= mean + 0.005, f"{kind}: {found.mean():.3f} on average"


def test_what_is_stored_without_loss_becomes_the_very_pixels_of_the_app(way):
    _, off = way
    for kind in ("plain PNG", "BMP", "greyscale PNG", "tiny", "panorama", "large PNG", "PNG turned by EXIF"):
        assert not np.stack(off[kind]).any(), kind
