"""An app that answers by mean colour, and a client of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from PIL import Image

from tests.conftest import CLASSES
from tests.contracts import image_contract
from tests.graphs import write_colour_model
from tlcore.files import write_json
from tlcore.inference.predictor import Predictor
from tlcore.serving.api import create_app
from tlcore.serving.limits import Limits

LABELS = image_contract(classes=tuple(CLASSES), size=32, resize="crop", backbone="colours", dataset="shapes")
LIMITS = Limits(item_bytes=50_000, items=4, extent=100_000)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    write_colour_model(folder / "model.onnx")
    write_json(folder / "contract.json", LABELS)
    return folder


@pytest.fixture
def client(model_folder: Path) -> Iterator[TestClient]:
    predictor = Predictor.from_run(model_folder, threads=2)
    with TestClient(create_app(predictor, model="shapes-1", sha256="0" * 64, limits=LIMITS)) as client:
        yield client


@pytest.fixture
def guarded(model_folder: Path) -> Iterator[TestClient]:
    """The same app with a key."""
    predictor = Predictor.from_run(model_folder, threads=1)
    with TestClient(create_app(predictor, model="shapes-1", sha256="0" * 64, key="geheim-é")) as client:
        yield client


@pytest.fixture(scope="module")
def live(model_folder: Path) -> Iterator[str]:
    """The address of a server that answers at a real port."""
    app = create_app(Predictor.from_run(model_folder, threads=1), model="shapes-1", sha256="0" * 64, limits=LIMITS)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def picture(label: str, size: tuple[int, int] = (40, 30), kind: str = "PNG") -> bytes:
    """A file in the colour of a class."""
    stream = BytesIO()
    Image.new("RGB", size, CLASSES[label]).save(stream, kind)
    return stream.getvalue()
