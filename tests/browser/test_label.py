"""Labelling in a real browser: one key for each picture, and a burst of Chromium's fake camera."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.conftest import draw_shape
from tests.task_datasets import with_numbers, with_several_labels
from tlcore.data.dataset import Dataset
from tlcore.data.inbox import Inbox, standing
from tlcore.data.intake import ingest
from tlcore.labelling import features
from tlcore.progress import drain
from tlcore.workspace import Workspace

pytestmark = pytest.mark.slow
expect.set_options(timeout=30_000)


@pytest.fixture
def inbox(server: Server, tiny_folder, tmp_path) -> Inbox:
    """Shapes in the server's workspace, twelve more in the inbox; their features are there, so nothing is computed."""
    workspace = Workspace(server.home / "workspace")
    dataset = drain(ingest(workspace, tiny_folder), lambda step: None).dataset
    rng = np.random.default_rng(5)
    (tmp_path / "new").mkdir()
    for number in range(12):
        draw_shape("circle", rng).save(tmp_path / "new" / f"{number}.png")
    inbox = Inbox(dataset)
    drain(inbox.put(workspace, tmp_path / "new"), lambda step: None)
    kept = features.features(inbox, workspace)
    for table, place in ((dataset.items(), dataset.image_path), (inbox.items(), inbox.image_path)):
        rows = np.stack([_feature(place(file), kept.width) for file in table["file"]])
        kept.add(list(table["sha256"]), rows.astype(np.float16))
    return inbox


def _feature(path, width: int) -> np.ndarray:
    small = np.asarray(Image.open(path).convert("RGB").resize((8, 8)), np.float32).ravel() / 255
    return np.pad(small, (0, width - len(small)))


def becomes(look, wanted) -> None:
    """Wait until the disk says so."""
    deadline = time.monotonic() + 30
    while (seen := look()) != wanted:
        assert time.monotonic() < deadline, f"still {seen}, not {wanted}"
        time.sleep(0.05)


def said(inbox: Inbox) -> list[str]:
    return [answer.label or answer.kind for answer in standing(inbox.answers()).values()]


def test_each_picture_takes_one_key_and_no_answer_is_lost(server: Server, page: Page, inbox: Inbox):
    page.goto(f"{server.url}/label?dataset={inbox.dataset.id}")
    item = page.get_by_role("figure").locator("img")
    expect(item).to_have_js_property("complete", True)
    expect(page.get_by_role("button", name="Accept circle")).to_be_enabled()

    # Faster than the page can hear: five answers in a row, and then one of each other kind.
    for key in ("Enter", "2", "Enter", "s"):
        page.keyboard.press(key)
    fifth = page.get_by_role("figure").inner_text()
    page.keyboard.press("3")
    becomes(lambda: said(inbox), ["circle", "square", "circle", "skip", "triangle"])
    page.keyboard.press("z")
    becomes(lambda: said(inbox), ["circle", "square", "circle", "skip"])
    expect(page.get_by_role("figure")).to_have_text(fifth)  # asked again at once, though the probe learnt meanwhile
    page.keyboard.press("n")
    page.keyboard.type("ring")
    page.keyboard.press("Enter")
    becomes(lambda: said(inbox), ["circle", "square", "circle", "skip", "ring"])
    # While the page is drawn anew, a metric may stand there twice for a moment.
    expect(page.get_by_text("Labels given", exact=True).first).to_be_visible()

    # They join the dataset, and what was chosen stands there.
    page.get_by_role("button", name="Add 4 labelled pictures to the dataset").click()
    becomes(lambda: inbox.dataset.counts(), {"circle": 14, "square": 13, "triangle": 12, "ring": 1})
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()


def test_a_burst_of_the_camera_becomes_pictures_of_a_class(server: Server, page: Page, inbox: Inbox):
    page.goto(f"{server.url}/label?dataset={inbox.dataset.id}&way=camera")
    page.get_by_role("combobox", name="Class").fill("disc")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Start the camera").click()
    record = page.get_by_role("button", name="Hold to record into disc")
    expect(record).to_be_enabled()
    expect(page.get_by_label("Camera", exact=True)).to_have_js_property("paused", False)

    record.hover()
    page.mouse.down()
    expect(page.get_by_role("button", name="Recording …")).to_be_visible()
    page.wait_for_timeout(1500)
    page.mouse.up()
    expect(page.get_by_text("added to the class")).to_be_visible()

    items = Dataset(inbox.dataset.path).items()
    frames = items[items["label"] == "disc"]
    assert 3 <= len(frames) <= 12  # about four a second
    assert frames["group"].str.startswith("burst-").all()
    assert frames["group"].nunique() == 1  # a small thing that moves before a still ground
    # The camera still runs for the next burst, and is off elsewhere.
    expect(record).to_be_enabled()
    page.get_by_text("Import and export", exact=True).click()
    expect(record).to_be_hidden()
    page.get_by_text("Camera", exact=True).first.click()
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()


def test_several_labels_are_chosen_by_digits_and_accepted(server: Server, page: Page, inbox: Inbox):
    with_several_labels(inbox.dataset)
    page.goto(f"{server.url}/label?dataset={inbox.dataset.id}")
    classes = page.get_by_role("group", name="Classes")
    circle = classes.get_by_role("checkbox", name="circle")
    expect(circle).to_be_enabled()
    before = circle.get_attribute("aria-checked") == "true"
    page.keyboard.press("2")  # circle stands second: it is added, or taken away
    expect(circle).to_have_attribute("aria-checked", str(not before).lower())
    if before:
        page.keyboard.press("2")
    page.keyboard.press("n")
    page.keyboard.type("new")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    becomes(lambda: len(inbox.answers()), 1)
    assert {"circle", "new"} <= set(inbox.answers()[0].label.split("|"))


def test_a_number_is_accepted_or_typed(server: Server, page: Page, inbox: Inbox):
    with_numbers(inbox.dataset)
    page.goto(f"{server.url}/label?dataset={inbox.dataset.id}")
    expect(page.get_by_role("button", name="Accept")).to_be_enabled()
    page.keyboard.press("n")
    page.keyboard.type("2,5")
    page.keyboard.press("Enter")
    becomes(lambda: said(inbox), ["2.5"])
    page.keyboard.press("Enter")
    becomes(lambda: len(said(inbox)), 2)
    assert "." in said(inbox)[1]


def test_a_burst_of_the_camera_gets_the_value_that_was_entered(server: Server, page: Page, inbox: Inbox):
    with_numbers(inbox.dataset)
    page.goto(f"{server.url}/label?dataset={inbox.dataset.id}&way=camera")
    page.get_by_label("weight (kg)").fill("3.5")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Start the camera").click()
    record = page.get_by_role("button", name="Hold to record into 3.5 kg")
    expect(record).to_be_enabled()
    record.hover()
    page.mouse.down()
    page.wait_for_timeout(800)
    page.mouse.up()
    expect(page.get_by_text("added with the value")).to_be_visible()
    assert (Dataset(inbox.dataset.path).items()["label"] == "3.5").sum() >= 2
