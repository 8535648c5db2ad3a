"""Fixtures for every room: a workspace of one's own, and small pictures that a machine can tell apart."""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings
from PIL import Image, ImageDraw

from tests.trunk_graphs import lent
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.data.dataset import Dataset
    from tlcore.runs.run import Run

# A machine that does something else meanwhile is no fault.
settings.register_profile("graft", deadline=None)
settings.load_profile("graft")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# For processes whose backend is JAX: a network that answers once or twice is compiled longer than it computes.
QUICKLY_COMPILED = {"XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"}

CLASSES = {"circle": (200, 60, 50), "square": (50, 90, 200), "triangle": (60, 170, 70)}
ITEMS_PER_CLASS = 12


# The longest first, so that of two processes none is left alone with one of them at the end.
LONGEST = (
    "browser",
    "export/test_every_backbone.py",
    "training/test_backbones_conformance.py",
    "export/test_formats.py",
    "training/test_work.py",
    "training/test_resuming.py",
    "training",
    "export",
)


# Tests of one of these files are dealt by what stands first in their brackets, such as a backbone: each is built once.
BY_FIRST_PARAMETER = ("export/test_every_backbone.py", "training/test_backbones_conformance.py", "export/test_tasks.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that take longest first."""
    items.sort(key=_turn)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Say which tests one process takes together, since they share what takes long to build.

    Not by `xdist_group`: it renames tests, which pytest 9.2 does not let it do.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Groups(config, log)


def group_of(nodeid: str) -> str:
    """Name the group of a test: its file, its first parameter there, or all that need the browser."""
    place = nodeid.partition("::")[0].removeprefix("tests/")
    if place.startswith("browser/"):
        return "browser"
    first = re.search(r"\[(\w+)", nodeid)
    return f"{place} {first[1]}" if first and place in BY_FIRST_PARAMETER else place


def _place(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).as_posix()


def _turn(item: pytest.Item) -> tuple[bool, int]:
    place = _place(item)
    slow = item.get_closest_marker("slow") is not None
    return (not slow, next((turn for turn, start in enumerate(LONGEST) if place.startswith(start)), len(LONGEST)))


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """A folder that all processes of the session share, filled by the first that asks. Only read it, or copy it."""
    own = factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "built" / name
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (stamp := folder.with_suffix(".done")).exists():
            build(folder)
            stamp.touch()
    return folder


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Workspace]:
    """An empty workspace, and a line of runs that no other test stands in."""
    monkeypatch.setenv("GRAFT_HOME", str(tmp_path / "workspace"))
    monkeypatch.setenv("GRAFT_QUEUE", str(tmp_path / "queue"))
    if request.node.get_closest_marker("slow") is None:
        yield Workspace.default()
        return
    with lent(request.getfixturevalue("tmp_path_factory"), tmp_path / "workspace"):
        yield Workspace.default()


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Coloured shapes, a folder for each of three classes. Only read it: the whole session shares it."""
    folder = tmp_path_factory.mktemp("shapes") / "shapes"
    rng = np.random.default_rng(0)
    for label in CLASSES:
        (folder / label).mkdir(parents=True)
        for number in range(ITEMS_PER_CLASS):
            draw_shape(label, rng).save(folder / label / f"{label}-{number:02d}.png")
    return folder


@pytest.fixture(scope="session")
def tiny_zip(tiny_folder: Path) -> Path:
    """The same pictures in a zip."""
    path = tiny_folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for item in sorted(tiny_folder.rglob("*.png")):
            archive.write(item, item.relative_to(tiny_folder.parent))
    return path


@pytest.fixture(scope="session")
def built_dataset(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> Path:
    """A workspace with the same pictures, taken in once."""
    from tlcore.data.intake import ingest
    from tlcore.progress import drain

    def build(home: Path) -> None:
        drain(ingest(Workspace(home), tiny_folder), lambda progress: None)

    return built_once(tmp_path_factory, "dataset", build)


@pytest.fixture(scope="session")
def built_run(tmp_path_factory: pytest.TempPathFactory, built_dataset: Path) -> Path:
    """A workspace with a run of them that was evaluated; its model goes by colour."""
    from tests.graphs import make_answerable_run
    from tlcore.data.dataset import list_datasets
    from tlcore.evaluation.run import evaluate_run

    def build(home: Path) -> None:
        shutil.copytree(built_dataset, home, dirs_exist_ok=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GRAFT_HOME", str(home))
            patch.setenv("GRAFT_QUEUE", str(home / "queue"))
            workspace = Workspace.default()
            (dataset,) = list_datasets(workspace)
            evaluate_run(make_answerable_run(workspace, dataset), lambda step: None)

    return built_once(tmp_path_factory, "run", build)


@pytest.fixture
def tiny_dataset(workspace: Workspace, built_dataset: Path) -> Dataset:
    """The same pictures in a workspace of one's own, to do with as one likes."""
    from tlcore.data.dataset import list_datasets

    shutil.copytree(built_dataset, workspace.root, dirs_exist_ok=True)
    built = {path.name for path in (built_dataset / "datasets").iterdir()}
    (dataset,) = (each for each in list_datasets(workspace) if each.id in built)
    return dataset


@pytest.fixture
def evaluated_run(workspace: Workspace, built_run: Path) -> Run:
    """A run of these pictures that was evaluated, in a workspace of one's own."""
    from tlcore.runs.run import list_runs

    shutil.copytree(built_run, workspace.root, dirs_exist_ok=True)
    (run,) = list_runs(workspace)
    return run


@pytest.fixture(scope="session")
def built_multilabel_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a multi-label dataset and a run of it, trained, evaluated and exported. Only read it."""
    return _trained_once(tmp_path_factory, "multilabel")


@pytest.fixture(scope="session")
def built_regression_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a dataset of discs, their diameter in mm, and a run of it. Only read it."""
    return _trained_once(tmp_path_factory, "regression")


@pytest.fixture
def multilabel_run(workspace: Workspace, built_multilabel_run: Path) -> Run:
    """A run of multi-label classification by the real worker, in a workspace of one's own."""
    return _own_run(workspace, built_multilabel_run)


@pytest.fixture
def regression_run(workspace: Workspace, built_regression_run: Path) -> Run:
    """A run of regression by the real worker, in a workspace of one's own."""
    return _own_run(workspace, built_regression_run)


def _trained_once(factory: pytest.TempPathFactory, task: str) -> Path:
    """A workspace with a run of a task, trained, evaluated and exported by the real worker."""
    from tests.task_runs import make_dataset, train_run

    def build(home: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GRAFT_HOME", str(home))
            patch.setenv("GRAFT_QUEUE", str(home / "queue"))
            workspace = Workspace.default()
            with lent(factory, home):
                train_run(workspace, make_dataset(workspace, factory.mktemp(task) / task, task))

    return built_once(factory, f"{task}-run", build)


def _own_run(workspace: Workspace, built: Path) -> Run:
    """Copy a built workspace and give its run; datasets and runs that were there before stay."""
    from tlcore.runs.run import list_runs

    # Graphs that were lent are there, as links to what might be copied.
    shutil.copytree(built, workspace.root, dirs_exist_ok=True, copy_function=_copy_new)
    names = {path.name for path in (built / "runs").iterdir()}
    (run,) = (each for each in list_runs(workspace) if each.id in names)
    return run


def _copy_new(source: str, target: str) -> None:
    if not Path(target).exists():
        shutil.copy2(source, target)


def draw_shape(label: str, rng: np.random.Generator, size: int = 64) -> Image.Image:
    """Draw one shape of the class's colour on a noisy ground."""
    ground = rng.integers(150, 256, (size, size, 3), dtype=np.uint8)
    item = Image.fromarray(ground)
    left, top = (int(value) for value in rng.integers(2, size // 3, 2))
    side = int(rng.integers(size // 3, size // 2))
    box = (left, top, left + side, top + side)
    draw = ImageDraw.Draw(item)
    if label == "circle":
        draw.ellipse(box, fill=CLASSES[label])
    elif label == "square":
        draw.rectangle(box, fill=CLASSES[label])
    else:
        corners = [(left, top + side), (left + side, top + side), (left + side // 2, top)]
        draw.polygon(corners, fill=CLASSES[label])
    return item
