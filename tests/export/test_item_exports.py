"""A modality brings formats, checks and texts of its own; one that has none of them is exported without."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts import image_contract
from tlcore.errors import ExportError
from tlcore.export.bundle import requirements
from tlcore.export.item_exports import check_reading, item_exports, reading_piece
from tlcore.export.library import LIBRARY, needed_by
from tlcore.export.registry import find
from tlcore.export.script_parts import item_script
from tlcore.export.wording import words
from tlcore.modalities import MODALITIES, Noun
from tlcore.modalities.image import IMAGE
from tlcore.runs.formats import FORMATS
from tlcore.tasks import TASKS


@pytest.fixture
def bare(monkeypatch):
    """A modality that has nothing of its own but how it is read."""
    made = replace(IMAGE, key="series", noun=Noun("series", "series"), formats=(), exports="", script="")
    monkeypatch.setitem(MODALITIES, "series", made)
    return image_contract(("a", "b"), 32).model_copy(update={"modality": "series"})


def test_pictures_alone_have_a_web_page_and_a_graph_that_takes_any_size(bare):
    own = {key for key, form in FORMATS.items() if form.modality == "image"}
    assert own == {"web", "onnx-fullsize"} == {exporter.key for exporter in item_exports("image").formats}
    assert all(form.fits("image") for form in FORMATS.values())
    assert {key for key, form in FORMATS.items() if not form.fits("series")} == own
    assert {exporter.key for exporter in find(None, "series")} == {exporter.key for exporter in find(None, "image")}
    with pytest.raises(ExportError, match="Received: web"):
        find(["onnx", "web"], "series")


def test_a_modality_without_a_check_a_program_or_a_script_says_so(bare, tmp_path):
    assert check_reading(tmp_path, bare, None, tmp_path) is None
    assert item_script("series") is None
    with pytest.raises(ExportError, match="reads series yet"):
        reading_piece(bare)
    assert requirements(bare, ("numpy",)).startswith("numpy==")
    assert "pillow" not in requirements(bare, ("numpy",))


@pytest.mark.parametrize("task", TASKS)
def test_a_readme_calls_an_item_what_its_modality_does(bare, task):
    contract = image_contract(() if task == "regression" else ("a", "b"), 32, task=task)
    said = words(contract)
    assert "picture" in said["title"]
    assert "$" not in "".join(said.values())
    assert "picture" not in "".join(words(contract.model_copy(update={"modality": "series"})).values())


def test_the_files_that_a_program_needs_are_found_by_their_imports(tmp_path):
    found = needed_by("tlcore.serving.server")
    assert {"__init__.py", "serving/__init__.py", "serving/api.py", "inference/predictor.py"} <= set(found)
    assert all((LIBRARY / name).is_file() for name in found)
    assert not [name for name in found if name.startswith(("training/", "export/", "data/", "runs/"))]
    assert "tasks/classification/keras_head.py" not in found, "it is imported inside a function"
    assert needed_by("tlcore.errors") == ("__init__.py", "errors.py")
