"""What was understood of a zip, in a real browser: one press where it is sure, a choice where it is not."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.test_journey import settled
from tests.conftest import draw_shape
from tlcore.data.dataset import list_datasets
from tlcore.workspace import Workspace

pytestmark = pytest.mark.slow
expect.set_options(timeout=30_000)


@pytest.fixture
def sites(tmp_path: Path) -> Path:
    """A zip whose outer and inner folders could both be the classes; one of its pictures is none."""
    rng = np.random.default_rng(1)
    path = tmp_path / "sites.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for site in ("north", "south"):
            for label in ("circle", "square"):
                for number in range(6):
                    with archive.open(f"{site}/{label}/{number}.png", "w") as stream:
                        draw_shape(label, rng).save(stream, "PNG")
        archive.writestr("north/circle/0 torn.png", b"\x89PNG and nothing")
        archive.writestr("south/square/Thumbs.db", b"\0")
    return path


def drop(page: Page, server: Server, path: Path) -> None:
    page.goto(f"{server.url}/?new=1")
    page.get_by_role("tab", name="Zip").click()
    page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(path)
    expect(page.get_by_role("heading", name="Import preview")).to_be_visible()
    settled(page)


def test_a_sure_zip_is_dropped_imported_and_trained_in_two_presses(server: Server, page: Page, tiny_zip: Path):
    workspace = Workspace(server.home / "workspace")
    before = len(list_datasets(workspace))
    drop(page, server, tiny_zip)
    expect(page.locator(".import-class")).to_have_count(3)
    loaded = page.locator(".import-class img").evaluate_all("(all) => all.map((one) => one.naturalWidth)")
    assert len(loaded) == 9
    assert min(loaded) > 0, "every thumbnail is drawn"
    assert len(list_datasets(workspace)) == before
    page.get_by_role("button", name="Import and train").click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    dataset = list_datasets(workspace)[0]
    expect(page).to_have_url(re.compile(f"dataset={dataset.id}"))
    expect(page.locator(".st-key-start button")).to_be_enabled()


def test_an_unsure_zip_waits_until_a_reading_is_chosen(server: Server, page: Page, sites: Path):
    workspace = Workspace(server.home / "workspace")
    drop(page, server, sites)
    button = page.get_by_role("button", name="Import", exact=True)
    expect(button).to_be_disabled()
    expect(page.get_by_role("radio").first).not_to_be_checked()
    page.get_by_text(re.compile("circle, square")).first.click()
    expect(button).to_be_enabled()
    settled(page)
    expect(page.locator(".import-class bdi")).to_have_text(["circle", "square"])
    expect(page.locator(".import-class img.broken")).to_have_count(1)
    page.get_by_text("Left out: 1 file").click()
    expect(page.get_by_text("By reason")).to_be_visible()
    button.click()
    expect(page.get_by_text("Import report")).to_be_visible()
    assert list_datasets(workspace)[0].counts() == {"circle": 12, "square": 12}


def test_a_draft_is_lost_by_a_reload_and_nothing_else(server: Server, page: Page, sites: Path):
    workspace = Workspace(server.home / "workspace")
    before = [dataset.id for dataset in list_datasets(workspace)]
    drop(page, server, sites)
    page.reload()
    settled(page)
    expect(page.get_by_role("heading", name="Import preview")).to_have_count(0)
    expect(page.get_by_role("tab", name="Zip")).to_be_visible()
    assert [dataset.id for dataset in list_datasets(workspace)] == before
