"""The Data page says which values are black and white in pictures of more than 8 bits, and changes it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.pages import made_checks
from tests.pages.opening import button, open_page, words
from tlcore.data.edits import operations
from tlcore.data.edits.types import SetReading
from tlcore.data.intake import ingest
from tlcore.health.check import Check
from tlcore.progress import drain


@pytest.fixture
def scans(workspace, tmp_path):
    for label, top in (("dim", 900), ("bright", 3000)):
        (tmp_path / "scans" / label).mkdir(parents=True)
        for seed in range(3):
            values = np.random.default_rng([top, seed]).integers(200, top, (20, 20)).astype(np.uint16)
            Image.fromarray(values).save(tmp_path / "scans" / label / f"{seed}.png")
    return drain(ingest(workspace, tmp_path / "scans"), lambda step: None).dataset


def fields(app):
    return {field.label: field for field in app.number_input}


def test_the_range_is_said_with_the_dataset_and_can_be_set_undone_and_found(scans):
    found = scans.info.reading["value_range"]
    app = open_page("data", dataset=scans.id)
    assert "**6 pictures** have more than 8 bits. Values from 20" in words(app)
    assert "The pictures have more than 8 bits: values from 20" in words(app)  # as a note of the import
    fields(app)["Black up to"].set_value(0.0)
    fields(app)["White from"].set_value(4095.0)
    button(app, "Set the range").click().run()
    assert not app.exception
    assert scans.info.reading == {"value_range": (0, 4095)}
    assert words(app).count("alues from 0 to 4,095 are shown as black to white") == 3  # said, noted, and the last edit
    button(app, "Undo").click().run()
    assert scans.info.reading["value_range"] == found
    fields(app)["White from"].set_value(5000.0)
    button(app, "Set the range").click().run()
    button(app, "Find it automatically").click().run()
    assert not app.exception
    assert scans.info.reading["value_range"] == found


def test_ends_that_are_not_in_order_are_told_and_change_nothing(scans):
    found = scans.info.reading["value_range"]
    app = open_page("data", dataset=scans.id)
    fields(app)["Black up to"].set_value(5000.0)
    button(app, "Set the range").click().run()
    assert "lower end, black, is below its upper end" in words(app)
    assert scans.info.reading["value_range"] == found


def test_pictures_of_eight_bits_have_nothing_to_do_with_it(tiny_dataset):
    app = open_page("data", dataset=tiny_dataset.id)
    assert "more than 8 bits" not in words(app)
    assert "Set the range" not in [element.label for element in app.button]


def test_another_range_makes_a_check_out_of_date(scans):
    made_checks.finished(scans, [])
    assert not Check(scans).stale()
    operations.apply(scans, SetReading(reading={"value_range": (0, 4095)}))
    assert Check(scans).stale()
    operations.undo(scans)
    assert not Check(scans).stale()


def test_the_history_shows_pictures_in_the_range_before_and_after(scans):
    operations.apply(scans, SetReading(reading={"value_range": (0, 4095)}))
    operations.apply(scans, SetReading(reading={"value_range": (0, 9000)}))
    app = open_page("history", dataset=scans.id, version="3")
    assert "Before: values from 0 to 4,095" in words(app)
    assert "After: values from 0 to 9,000" in words(app)
