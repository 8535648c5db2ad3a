"""The split on the Data page, the Train page and the Evaluate page: drawn, shown, grouped, drawn anew, looked at."""

from __future__ import annotations

import pytest

from tests.pages.made_runs import finished
from tests.pages.opening import button, open_page, words
from tlcore.data.split.file import read_draw
from tlcore.data.split.locked import draw_parts, read_parts
from tlcore.data.test_usage import count_look


@pytest.mark.slow
def test_the_parts_are_drawn_shown_and_grouped(workspace, tiny_dataset):
    app = open_page("data", dataset=tiny_dataset.id)
    assert "The test set is then **locked**" in words(app)
    button(app, "Split now").click().run()
    assert not app.exception
    assert read_draw(tiny_dataset) is not None
    text = words(app)
    assert "and **locked** since" in text
    assert "has not been used yet" in text
    assert "Near-duplicates have not been searched for in these pictures" in text
    assert button(app, "Find near-duplicates")

    before = read_parts(tiny_dataset)
    assert button(app, "Apply these groups").disabled
    app.multiselect(key=f"groups-{tiny_dataset.id}").set_value(["pattern"]).run()
    app.text_input(key=f"groups-pattern-{tiny_dataset.id}").set_value(r"-(\d").run()
    assert "is needed, such as patient" in words(app)
    app.text_input(key=f"groups-pattern-{tiny_dataset.id}").set_value(r"-(\d\d)").run()
    assert "36 pictures in 12 groups; the largest has 3." in words(app)
    button(app, "Apply these groups").click().run()
    assert "Only a new split can bring them together" in words(app)
    assert read_parts(tiny_dataset).table.equals(before.table)

    button(app, "Split again …").click().run()
    assert "cannot be compared with those of later runs" in words(app)
    button(app, "Split again").click().run()
    assert not app.exception
    parts = read_parts(tiny_dataset)
    assert (parts.draw.draw, parts.draw.grouping) == (2, (r"pattern:-(\d\d)",))
    assert parts.groups == 12


def test_the_train_page_says_what_the_shares_of_a_later_run_mean(workspace, tiny_dataset):
    draw_parts(tiny_dataset)
    app = open_page("train", dataset=tiny_dataset.id)
    app.slider(key="train-fractions").set_value((40, 80)).run()
    text = words(app)
    assert "The test set of this dataset is locked, **6 pictures**" in text
    assert "divide the other 30: about **15** for training, **15** for validation" in text


@pytest.mark.slow
def test_the_evaluate_page_says_how_often_the_test_part_was_seen(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    for _ in range(12):
        count_look(tiny_dataset, run.id, 1)
    app = open_page("evaluate", run=run.id)
    assert "12 times: trust it less" in words(app)
    draw_parts(tiny_dataset, seed=9)
    assert "redrawn since" in words(app.run())
