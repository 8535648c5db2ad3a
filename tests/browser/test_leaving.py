"""Leaving a page while parts of it still ask for something by themselves: the next page comes, whole."""

from __future__ import annotations

import shutil

import conformal_clip_data
import pytest
from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.conftest import Server
from tests.browser.test_journey import settled
from tlcore.data.dataset import Dataset
from tlcore.data.intake import ingest
from tlcore.progress import drain
from tlcore.workspace import Workspace

pytestmark = pytest.mark.slow

ITEMS_PER_CLASS = 60  # more than are drawn at once


@pytest.fixture
def dataset(server: Server, tmp_path) -> Dataset:
    """Photographs that nobody has looked at yet, in the server's workspace."""
    folder = tmp_path / "photographs"
    for label in ("nominal", "local", "global"):
        (folder / label).mkdir(parents=True)
        for item in sorted((conformal_clip_data.textile_simulated_root() / label).glob("*.jpg"))[:ITEMS_PER_CLASS]:
            shutil.copy(item, folder / label)
    workspace = Workspace(server.home / "workspace")
    return drain(ingest(workspace, folder), lambda progress: None).dataset


def fragment_of(message: bytes | str) -> str:
    """The part of the page that is asked to run; empty where it is the whole or something else is said."""
    said = BackMsg.FromString(message)
    return said.rerun_script.fragment_id if said.WhichOneof("type") == "rerun_script" else ""


def of_the_whole_page(message: bytes | str) -> bytes:
    """The same request, made as a widget outside of every part would make it."""
    said = BackMsg.FromString(message)
    said.rerun_script.fragment_id = ""
    return said.SerializeToString()


@pytest.mark.parametrize("asks", [bytes, of_the_whole_page], ids=["a part", "the whole page"])
def test_what_a_page_asked_while_it_was_left_does_not_take_the_place_of_the_next(
    server: Server, page: Page, dataset, asks
):
    late: list[bytes | str] = []  # a request of the gallery's, which comes again when the other page is on its way
    leaving = False

    def pass_on(socket: WebSocketRoute) -> None:
        onward = socket.connect_to_server()

        def to_server(message: bytes | str) -> None:
            onward.send(message)
            if fragment_of(message) and not leaving:
                late[:] = [message]

        def to_browser(message: bytes | str) -> None:
            if leaving and late and ForwardMsg.FromString(message).WhichOneof("type") == "new_session":
                onward.send(asks(late.pop()))
            socket.send(message)

        socket.on_message(to_server)
        onward.on_message(to_browser)

    page.route_web_socket("**/_stcore/stream", pass_on)
    page.goto(f"{server.url}/?dataset={dataset.id}")
    page.get_by_text("nominal 60", exact=True).click()
    expect(page.get_by_role("option").first).to_be_visible()
    settled(page)
    assert late, "the gallery runs alone when a class is chosen"

    leaving = True
    page.get_by_role("button", name="Train a model").click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    expect(page.locator(".st-key-start button")).to_be_visible()
    settled(page)
    page.wait_for_timeout(500)
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    assert not late, "the late request was made"


def test_pictures_that_are_still_to_be_drawn_wait_for_a_press(server: Server, page: Page, dataset):
    page.add_init_script(
        """
        window.seen = [];
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (message) {
            const more = new TextDecoder().decode(message).includes('"do":"more"');
            seen.push([more ? "more" : "other", performance.now()]);
            send.call(this, message);
        };
        for (const kind of ["pointerdown", "pointerup"])
            addEventListener(kind, () => seen.push([kind, performance.now()]), true);
        """
    )
    page.goto(f"{server.url}/?dataset={dataset.id}")
    page.wait_for_function("seen.some(([kind]) => kind === 'more')")
    page.get_by_role("button", name="Train a model").click(delay=300)
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()

    seen = page.evaluate("seen")
    down, up = (next(at for kind, at in seen if kind == press) for press in ("pointerdown", "pointerup"))
    between = [kind for kind, at in seen if down < at < max(down + 300, up)]
    assert "more" not in between, "the press could have been lost"
