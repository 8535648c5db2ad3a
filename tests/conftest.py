"""Fixtures for every room: a workspace of one's own, and small pictures that a machine can tell apart."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image, ImageDraw

from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.data.dataset import Dataset

# A machine that does something else meanwhile is no fault.
settings.register_profile("graft", deadline=None)
settings.load_profile("graft")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

CLASSES = {"circle": (200, 60, 50), "square": (50, 90, 200), "triangle": (60, 170, 70)}
PICTURES_PER_CLASS = 12


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first: of two processes none is left alone with one of them at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, item.path.parent.name != "training"))


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An empty workspace, and a line of runs that no other test stands in."""
    monkeypatch.setenv("GRAFT_HOME", str(tmp_path / "workspace"))
    monkeypatch.setenv("GRAFT_QUEUE", str(tmp_path / "queue"))
    return Workspace.default()


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Coloured shapes, a folder for each of three classes. Only read it: the whole session shares it."""
    folder = tmp_path_factory.mktemp("shapes") / "shapes"
    rng = np.random.default_rng(0)
    for label in CLASSES:
        (folder / label).mkdir(parents=True)
        for number in range(PICTURES_PER_CLASS):
            draw_shape(label, rng).save(folder / label / f"{label}-{number:02d}.png")
    return folder


@pytest.fixture(scope="session")
def tiny_zip(tiny_folder: Path) -> Path:
    """The same pictures in a zip."""
    path = tiny_folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for picture in sorted(tiny_folder.rglob("*.png")):
            archive.write(picture, picture.relative_to(tiny_folder.parent))
    return path


@pytest.fixture
def tiny_dataset(workspace: Workspace, tiny_folder: Path) -> Dataset:
    """The same pictures, taken in."""
    from tlcore.data.intake import ingest
    from tlcore.data.progress import drain

    return drain(ingest(workspace, tiny_folder), lambda progress: None).dataset


def draw_shape(label: str, rng: np.random.Generator, size: int = 64) -> Image.Image:
    """Draw one shape of the class's colour on a noisy ground."""
    ground = rng.integers(150, 256, (size, size, 3), dtype=np.uint8)
    picture = Image.fromarray(ground)
    left, top = (int(value) for value in rng.integers(2, size // 3, 2))
    side = int(rng.integers(size // 3, size // 2))
    box = (left, top, left + side, top + side)
    draw = ImageDraw.Draw(picture)
    if label == "circle":
        draw.ellipse(box, fill=CLASSES[label])
    elif label == "square":
        draw.rectangle(box, fill=CLASSES[label])
    else:
        corners = [(left, top + side), (left + side, top + side), (left + side // 2, top)]
        draw.polygon(corners, fill=CLASSES[label])
    return picture
