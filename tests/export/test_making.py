"""The interface has artefacts made without loading what makes them."""

from __future__ import annotations

import pytest

from tlcore.data.progress import drain
from tlcore.errors import ExportError
from tlcore.runs.launch import make_artefacts
from tlcore.runs.manifest import read_manifests


@pytest.mark.slow
def test_artefacts_are_made_in_a_process_of_their_own_and_one_refusal_is_no_fault(run):
    steps = []
    drain(make_artefacts(run), steps.append)
    agreed = {manifest.format: manifest.agrees for manifest in read_manifests(run.path)}
    # The fixture's `model.keras` only stands in for one.
    assert agreed == {"bundle": True, "keras": False, "onnx": True}
    assert "fresh process" in steps[0].note


@pytest.mark.slow
def test_what_stands_in_the_way_is_said_in_the_commands_own_sentence(run):
    run.predictions.unlink()
    with pytest.raises(ExportError, match="Evaluate the run"):
        drain(make_artefacts(run), lambda step: None)
