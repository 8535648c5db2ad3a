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

from tlcore.modalities.image.battery import AwkwardFile, battery
from tlcore.modalities.image.formats.fullsize_graph import fullsize_graph
from tlcore.modalities.image.pixels import open_picture, read_pixels
from tlcore.modalities.image.standalone import pixels_py

ROOT = Path(__file__).resolve().parents[2]
SIZE = 48
POLICIES = ("crop", "letterbox", "stretch")
SEEDS = (14, 15)  # as the table of docs/pixels.md was measured
NOT_EVERYWHERE = {"TIFF", "HEIC"}  # neither browsers other than Safari nor TensorFlow read these
Items = list[tuple[AwkwardFile, str]]
Answers = list[np.ndarray | str]
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


def attempt(read: Callable[[bytes, str], np.ndarray], items: Items, *faults: type[Exception]) -> Answers:
    found: Answers = []
    for file, policy in items:
        try:
            found.append(np.asarray(read(file.content, policy), np.float32))
        except (ValueError, *faults) as error:
            found.append(str(error))
    return found


def by_app(browser: Browser, items: Items) -> Answers:
    return attempt(lambda content, policy: read_pixels(content, SIZE, policy), items)


def by_bundle(browser: Browser, items: Items) -> Answers:
    space: dict = {}
    exec(compile(pixels_py(), "pixels.py", "exec"), space)
    return attempt(lambda content, policy: space["read_pixels"](content, SIZE, policy), items)


def by_onnx(browser: Browser, items: Items) -> Answers:
    graphs = {policy: fullsize_graph(SIZE, policy, opset=17, ir_version=8) for policy in POLICIES}
    alone = onnxruntime.SessionOptions()
    alone.intra_op_num_threads = 1
    sessions = {
        policy: onnxruntime.InferenceSession(graph.SerializeToString(), alone, providers=["CPUExecutionProvider"])
        for policy, graph in graphs.items()
    }

    def read(content: bytes, policy: str) -> np.ndarray:
        jpeg = np.array(content.startswith(b"\xff\xd8"))
        return sessions[policy].run(None, {"picture": np.asarray(open_picture(content)), "jpeg": jpeg})[0][0]

    return attempt(read, items)


def by_browser(browser: Browser, items: Items) -> Answers:
    page = browser.new_page()
    page.add_script_tag(content=(ROOT / "tlcore/modalities/image/formats/web_page/pixels.js").read_text())
    asked = [
        {"file": base64.b64encode(file.content).decode(), "size": SIZE, "policy": policy} for file, policy in items
    ]
    answers = page.evaluate(READ, asked)
    page.close()
    return [said if isinstance(said, str) else decoded(said["pixels"]) for said in answers]


def decoded(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(SIZE, SIZE, 3).astype(np.float32)


def by_saved_model(browser: Browser, items: Items) -> Answers:
    tf = pytest.importorskip("tensorflow")
    from tlcore.export.signatures import traced
    from tlcore.modalities.image.formats.keras_tf_decode import read_encoded

    text = [tf.TensorSpec((), tf.string)]
    readers = {
        policy: traced(lambda content, policy=policy: read_encoded(content, SIZE, policy), input_signature=text)
        for policy in POLICIES
    }
    return attempt(lambda content, policy: readers[policy](tf.constant(content)).numpy(), items, tf.errors.OpError)


# One more way is one more line here, and a column of its own in docs/pixels.md.
WAYS: dict[str, Callable[[Browser, Items], Answers]] = {
    "Bundle": by_bundle,
    "ONNX": by_onnx,
    "Browser": by_browser,
    "SavedModel": by_saved_model,
}


@pytest.fixture(scope="module")
def drawn() -> Items:
    files = [file for seed in SEEDS for file in battery(SIZE, seed)]
    return [(file, POLICIES[number % 3]) for number, file in enumerate(files)]


@pytest.fixture(scope="module")
def by_the_app(browser: Browser, drawn: Items) -> Answers:
    return by_app(browser, drawn)


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest, browser: Browser, drawn: Items, by_the_app: Answers) -> tuple[str, Answers]:
    return request.param, WAYS[request.param](browser, drawn)


def differences(drawn: Items, ours: Answers, found: Answers) -> dict[str, list[np.ndarray | None]]:
    """How far pixels are from the app's, by kind; None where the way does not read what the app reads."""
    off: dict[str, list[np.ndarray | None]] = defaultdict(list)
    for (file, _), expected, pixels in zip(drawn, ours, found, strict=True):
        if not isinstance(expected, str):
            off[file.kind].append(None if isinstance(pixels, str) else np.abs(pixels - expected))
    return off


def documented() -> dict[str, dict[str, tuple[float, float] | None]]:
    """The table of docs/pixels.md: by way and kind, the largest difference and the mean one; None where unreadable."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs/pixels.md").read_text().splitlines()
        if line.startswith("|")
    ]
    titles = next(row for row in rows if row[0] == "Kind")
    table: dict[str, dict[str, tuple[float, float] | None]] = {way: {} for way in titles[1:]}
    for row in (row for row in rows[rows.index(titles) + 2 :] if len(row) == len(titles)):
        for title, cell in zip(titles[1:], row[1:], strict=True):
            numbers = [float(number) for number in re.findall(r"[\d.]+", cell)]
            table[title][row[0]] = (numbers[0], numbers[1]) if numbers else None
    return table


def test_every_kind_is_as_close_as_documented(way, drawn, by_the_app):
    name, found = way
    stated, off = documented()[name], differences(drawn, by_the_app, found)
    assert stated.keys() == off.keys()
    for kind, differing in off.items():
        if stated[kind] is None:
            assert kind in NOT_EVERYWHERE
            assert all(each is None for each in differing)
            continue
        largest, mean = stated[kind]
        assert all(each is not None for each in differing), kind
        apart = np.stack(differing)
        assert apart.max() <= largest, f"{kind}: up to {apart.max()}"
        assert apart.mean() <= mean + 0.005, f"{kind}: {apart.mean():.3f} on average"


def test_what_the_app_refuses_is_refused_everywhere(way, drawn, by_the_app):
    name, found = way
    for (file, _), ours, theirs in zip(drawn, by_the_app, found, strict=True):
        if isinstance(ours, str):
            assert isinstance(theirs, str), f"{name} reads {file.name}"
            # TensorFlow has its own words for what is damaged, and none for RAW files.
            assert theirs == ours or name == "SavedModel", f"{file.name}: {theirs}"
