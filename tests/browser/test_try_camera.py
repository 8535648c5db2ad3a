"""The Try page before Chromium's fake camera: answers several times a second, and a wrong one put right."""

from __future__ import annotations

import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.conftest import Server, Wire
from tests.browser.test_label import becomes, said
from tests.pages.small_models import answering
from tlcore.data.inbox import Inbox
from tlcore.data.intake import ingest
from tlcore.progress import drain
from tlcore.workspace import Workspace

pytestmark = pytest.mark.slow


@pytest.fixture
def inbox(server: Server, tiny_folder, monkeypatch) -> Inbox:
    monkeypatch.setenv("GRAFT_HOME", str(server.home / "workspace"))
    workspace = Workspace.default()
    dataset = drain(ingest(workspace, tiny_folder), lambda step: None).dataset
    answering(workspace, dataset)
    return Inbox(dataset)


def test_the_camera_is_answered_live_and_a_held_picture_goes_to_the_inbox(server: Server, page: Page, inbox: Inbox):
    page.goto(f"{server.url}/try")
    page.get_by_text("Camera", exact=True).click()
    page.get_by_role("button", name="Start the camera").click()
    answer = page.get_by_role("status", name="What the model says")
    expect(answer).to_contain_text("square")  # green, to a model that goes by colour
    expect(page.get_by_text(re.compile(r"\d\.\d pictures a second"))).to_be_visible()

    hold = page.get_by_role("button", name="Hold still")
    hold.click()
    expect(page.get_by_text("held still")).to_be_visible()
    expect(page.get_by_label("Camera", exact=True)).to_have_js_property("paused", True)
    page.get_by_label("What it shows").fill("disc")
    page.get_by_role("button", name="Send to the inbox").click()
    expect(page.get_by_text("disc: 1 picture in the inbox.")).to_be_visible()
    becomes(lambda: said(inbox), ["disc"])
    with Image.open(inbox.image_path(inbox.items()["file"][0])) as item:
        red, green, blue = item.convert("RGB").resize((1, 1)).getpixel((0, 0))
    assert green > 2 * max(red, blue), "the picture of the camera, not another one"

    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text(re.compile(r"\d\.\d pictures a second"))).to_be_visible()
    page.get_by_role("button", name="Stop the camera").click()
    expect(page.get_by_text("The camera is off.")).to_be_visible()
    expect(answer).to_be_empty()
    # It is off when another way is chosen, too.
    page.get_by_role("button", name="Start the camera").click()
    expect(hold).to_be_visible()
    page.get_by_text("Test set").click()
    expect(hold).to_be_hidden()
    page.get_by_text("Camera", exact=True).click()
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()


def says_idle(message: ForwardMsg) -> bool:
    """Tell whether a message tells the browser that the page has come to rest."""
    kind = message.WhichOneof("type")
    return kind == "script_finished" or (
        kind == "session_status_changed" and not message.session_status_changed.script_is_running
    )


def test_a_picture_that_is_held_is_put_right_only_once_it_was_answered(server: Server, page: Page, inbox: Inbox):
    wire = Wire(page, says_idle)
    page.goto(f"{server.url}/try")
    page.get_by_text("Camera", exact=True).click()
    page.get_by_role("button", name="Start the camera").click()
    expect(page.get_by_text(re.compile(r"\d\.\d pictures a second"))).to_be_visible()

    wire.hold()  # so the page still runs, as far as the browser knows
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=running]")
    page.wait_for_timeout(1000)  # the last answer has come; no other is asked for while the page runs
    page.get_by_role("button", name="Hold still").click()
    page.get_by_label("What it shows").fill("disc")
    send = page.get_by_role("button", name="Send to the inbox")
    expect(send).to_be_disabled()
    expect(page.get_by_text("held still")).to_be_hidden()

    wire.let_go()
    expect(page.get_by_text("held still")).to_be_visible()
    send.click()
    expect(page.get_by_text("disc: 1 picture in the inbox.")).to_be_visible()
