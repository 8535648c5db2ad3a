"""The light table in a real browser: pictures picked by mouse and by keyboard, edits on the disk, undone again."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.test_journey import settled
from tests.task_datasets import with_numbers, with_several_labels
from tlcore.data.dataset import Dataset
from tlcore.data.intake import ingest
from tlcore.progress import drain
from tlcore.workspace import Workspace

pytestmark = pytest.mark.slow


@pytest.fixture
def dataset(server: Server, tiny_folder) -> Dataset:
    """The shapes of the other tests, in the server's workspace."""
    workspace = Workspace(server.home / "workspace")
    return drain(ingest(workspace, tiny_folder), lambda progress: None).dataset


def becomes(look, wanted) -> None:
    """Wait until the disk says so."""
    deadline = time.monotonic() + 20
    while (seen := look()) != wanted:
        assert time.monotonic() < deadline, f"still {seen}, not {wanted}"
        time.sleep(0.05)


def test_pictures_are_picked_by_mouse_and_by_keyboard_moved_and_moved_back(server: Server, page: Page, dataset):
    page.goto(f"{server.url}/?dataset={dataset.id}")
    options = page.get_by_role("option")
    selected = page.get_by_role("option", selected=True)
    expect(options).to_have_count(36)
    expect(options.first.locator("img")).to_have_js_property("complete", True)
    settled(page)
    shas = list(dataset.items()["sha256"])

    def labels(*places: int) -> list[str]:
        table = dataset.all_items().set_index("sha256")
        return [table["state"][shas[place]] or table["label"][shas[place]] for place in places]

    # A click and a shift-click take all between; the digit of a class moves them there.
    options.nth(1).click()
    options.nth(4).click(modifiers=["Shift"])
    expect(selected).to_have_count(4)
    page.keyboard.press("2")
    becomes(lambda: labels(0, 1, 4, 5), ["circle", "square", "square", "circle"])
    expect(page.get_by_text("Moved 4 pictures to 'square'.")).to_be_visible()
    expect(selected).to_have_count(0)
    settled(page)

    # By the keys alone: to the right, two more with shift, left out, and back again.
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(selected).to_have_count(2)
    page.keyboard.press("x")
    becomes(lambda: labels(4, 5, 6, 7), ["square", "excluded", "excluded", "circle"])
    # The table takes no keys while an edit is on its way to it.
    expect(options).to_have_count(34)
    settled(page)
    page.keyboard.press("Control+z")
    becomes(lambda: labels(4, 5, 6, 7), ["square", "circle", "circle", "circle"])
    expect(options).to_have_count(36)
    settled(page)
    page.keyboard.press("Control+z")
    becomes(lambda: labels(0, 1, 4, 5), ["circle"] * 4)
    expect(options.nth(1)).to_have_attribute("aria-label", re.compile("circle"))
    settled(page)
    page.keyboard.press("Control+Shift+z")
    becomes(lambda: labels(1), ["square"])
    # The keys wait until an edit has arrived.
    expect(options.nth(1)).to_have_attribute("aria-label", re.compile("square"))
    settled(page)

    # All shown, to a class that is not there yet.
    options.nth(0).click()
    page.keyboard.press("a")
    expect(selected).to_have_count(36)
    page.keyboard.press("m")
    page.get_by_label("Move to the class").fill("shape")
    page.keyboard.press("Enter")
    becomes(dataset.counts, {"shape": 36})


def test_what_is_picked_while_an_edit_is_on_its_way_stays_picked(server: Server, page: Page, dataset):
    # As one types the address, on a server that has drawn a page before; the page itself stands at `/`.
    page.goto(f"{server.url}/data?dataset={dataset.id}")
    options = page.get_by_role("option")
    expect(options).to_have_count(36)
    settled(page)
    expect(page.get_by_role("dialog")).to_have_count(0)
    shas = list(dataset.items()["sha256"])

    options.nth(1).click()
    page.keyboard.press("2")
    options.nth(5).click()
    options.nth(6).click()
    expect(page.get_by_text("Moved 1 picture to 'square'.")).to_be_visible()
    settled(page)
    selected = page.get_by_role("option", selected=True)
    expect(selected).to_have_count(2)
    page.keyboard.press("3")
    expect(selected).to_have_count(0)
    becomes(
        lambda: list(dataset.all_items().set_index("sha256")["label"][[shas[place] for place in (1, 5, 6)]]),
        ["square", "triangle", "triangle"],
    )


def labels_of(dataset: Dataset, *places: int) -> list[str]:
    table = dataset.items()
    return [table["label"][place] for place in places]


def test_labels_are_added_and_removed_by_chips_and_keys(server: Server, page: Page, dataset):
    with_several_labels(dataset)
    page.goto(f"{server.url}/?dataset={dataset.id}")
    options = page.get_by_role("option")
    expect(options).to_have_count(36)
    settled(page)
    assert labels_of(dataset, 0, 1, 2) == ["", "big|circle", "circle"]
    chips = page.get_by_role("group", name="Labels of the selected pictures")
    big, circle = (chips.get_by_role("checkbox", name=name) for name in ("big", "circle"))
    expect(big).to_be_disabled()
    expect(options.nth(0)).to_contain_text("no label")

    # What some of the selected pictures have is given to all, then taken from all; they stay selected.
    for place in (0, 1, 2):
        options.nth(place).click()
    expect(big).to_have_attribute("aria-checked", "mixed")
    expect(big).to_contain_text("1/3")
    big.click()
    becomes(lambda: labels_of(dataset, 0, 1, 2), ["big", "big|circle", "big|circle"])
    expect(big).to_have_attribute("aria-checked", "true")
    expect(circle).to_have_attribute("aria-checked", "mixed")
    settled(page)
    big.click()
    becomes(lambda: labels_of(dataset, 0, 1, 2), ["", "circle", "circle"])
    # The keys wait until an edit has arrived.
    expect(big).to_have_attribute("aria-checked", "false")
    expect(page.get_by_role("option", selected=True)).to_have_count(3)
    settled(page)

    # By the keys alone: a digit, and a label that is not there yet.
    options.nth(0).focus()
    page.keyboard.press("2")
    becomes(lambda: labels_of(dataset, 0, 1, 2), ["circle", "circle", "circle"])
    expect(circle).to_have_attribute("aria-checked", "true")
    settled(page)
    options.nth(0).focus()
    page.keyboard.press("m")
    page.keyboard.type("new")
    page.keyboard.press("Enter")
    becomes(lambda: labels_of(dataset, 0, 1, 2), ["circle|new"] * 3)
    expect(options.nth(0)).to_have_attribute("aria-label", re.compile("circle, new"))


def test_a_number_is_set_for_the_selected_pictures(server: Server, page: Page, dataset):
    with_numbers(dataset)
    page.goto(f"{server.url}/?dataset={dataset.id}")
    options = page.get_by_role("option")
    expect(options).to_have_count(36)
    settled(page)
    options.nth(3).click()
    options.nth(4).click()
    page.keyboard.press("m")
    page.get_by_role("textbox", name="weight (kg)").fill("12,5")
    page.keyboard.press("Enter")
    becomes(lambda: labels_of(dataset, 3, 4, 5), ["12.5", "12.5", "0.5"])
    expect(options.nth(3)).to_contain_text("12.5 kg")
