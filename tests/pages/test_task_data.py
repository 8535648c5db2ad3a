"""The pages of a dataset whose pictures have several labels or a number."""

from __future__ import annotations

import json

import pytest

from pages.components.items import item_edits
from pages.components.items.light_table import Act
from pages.components.shell import value_counts
from tests.pages.opening import button, on_the_table, open_page, words
from tests.task_datasets import with_numbers, with_several_labels
from tlcore.data.edits.operations import apply, history
from tlcore.data.edits.types import AddLabel, Relabel, RemoveLabel
from tlcore.data.split.locked import draw_parts


@pytest.fixture
def several(tiny_dataset):
    return with_several_labels(tiny_dataset)


@pytest.fixture
def numbers(tiny_dataset):
    return with_numbers(tiny_dataset)


def metrics(app) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def charts(app) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def test_the_data_page_counts_labels_and_shows_chips(several):
    app = open_page("data", dataset=several.id)
    assert metrics(app)["Labels"] == "5"
    assert metrics(app)["Labels per picture"] == "1.4"
    assert "8 pictures have no label." in words(app)
    bars = next(chart for chart in charts(app) if chart["data"][0]["type"] == "bar")
    assert dict(zip(bars["data"][0]["y"], bars["data"][0]["x"], strict=True)) == several.counts()
    table = on_the_table(app)
    assert [action["do"] for action in table["actions"]] == ["labels", "exclude", "delete", "like"]
    items = several.items()
    assert [tile["labels"] for tile in table["tiles"]] == [text.split("|") if text else [] for text in items["label"]]
    assert table["tiles"][0]["label"] == "no label"
    assert f"split-{several.id}" not in [field.key for field in app.selectbox]


def test_pictures_of_one_label_and_of_none_can_be_looked_at(several):
    app = open_page("data", dataset=several.id, show="class:big")
    shown = on_the_table(app)["tiles"]
    assert len(shown) == several.counts()["big"]
    assert all("big" in tile["labels"] for tile in shown)
    none = on_the_table(open_page("data", dataset=several.id, show="none"))["tiles"]
    assert len(none) == 8
    assert all(tile["labels"] == [] for tile in none)


def test_co_occurrence_is_drawn_on_demand(several):
    app = open_page("data", dataset=several.id)
    assert all(chart["data"][0]["type"] != "heatmap" for chart in charts(app))
    app.toggle(key=f"co-occurrence-{several.id}").set_value(True).run()
    heat = next(chart for chart in charts(app) if chart["data"][0]["type"] == "heatmap")["data"][0]
    assert heat["x"] == list(several.info.classes)
    assert not app.exception


def test_the_split_of_several_labels_has_a_bar_for_each_and_one_for_all(several):
    parts = draw_parts(several)
    app = open_page("data", dataset=several.id)
    chart = next(chart for chart in charts(app) if chart["data"][0].get("name") == "training")
    assert chart["data"][0]["y"] == [*several.info.classes, "all pictures"]
    assert chart["data"][0]["customdata"][-1] == parts.sizes()["train"]


def test_a_label_is_renamed_on_the_page(several):
    app = open_page("data", dataset=several.id)
    app.selectbox(key=f"rename-old-{several.id}").set_value("big")
    app.text_input(key=f"rename-new-{several.id}").set_value("large")
    button(app, "Rename the label").click().run()
    assert not app.exception
    assert "large" in several.info.classes


def test_acts_of_the_table_become_edits_of_labels_and_numbers(several):
    shas = tuple(several.items()["sha256"][:2])
    assert item_edits.change_of(several, Act("add-label", shas, "new")) == AddLabel(label="new", shas=shas)
    assert item_edits.change_of(several, Act("remove-label", shas, "big")) == RemoveLabel(label="big", shas=shas)
    assert item_edits.change_of(several, Act("value", shas, "12,5")) == Relabel(labels=dict.fromkeys(shas, "12.5"))
    assert item_edits.change_of(several, Act("add-label", shas)) is None


def test_a_dataset_without_any_label_says_what_to_do(several):
    apply(several, Relabel(labels=dict.fromkeys(several.items().query("label != ''")["sha256"], "")))
    said = words(open_page("data", dataset=several.id))
    assert "A model needs at least one label to learn" in said
    assert "No picture has a label yet." in said


def test_the_data_page_of_numbers_shows_their_distribution(numbers):
    app = open_page("data", dataset=numbers.id)
    assert metrics(app)["Weight"] == "0 to 8.5 kg"
    assert "Weight" in [heading.value for heading in app.subheader]
    (histogram, *_) = charts(app)
    assert histogram["layout"]["xaxis"]["title"]["text"] == "weight (kg)"
    assert sum(histogram["data"][0]["y"]) == 36
    table = on_the_table(app)
    assert [action["do"] for action in table["actions"]] == ["value", "exclude", "delete", "like"]
    assert table["valueTitle"] == "weight (kg)"
    assert table["tiles"][1]["label"] == "0.1 kg"
    assert f"rename-old-{numbers.id}" not in [field.key for field in app.selectbox]
    assert "Median" in words(app)


def test_numbers_can_be_looked_at_in_order(numbers):
    app = open_page("data", dataset=numbers.id, show="falling")
    shown = [float(tile["value"]) for tile in on_the_table(app)["tiles"]]
    assert shown == sorted(shown, reverse=True)


def test_the_split_of_numbers_shows_the_distribution_of_each_set(numbers):
    draw_parts(numbers)
    app = open_page("data", dataset=numbers.id)
    names = [line.get("name") for chart in charts(app) for line in chart["data"]]
    assert [name.split(" (")[0] for name in names if name] == ["training", "validation", "test"]


def test_whole_numbers_have_a_bar_each():
    import numpy as np

    assert value_counts.edges(np.array([0.0, 2.0, 5.0])).tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert len(value_counts.edges(np.array([1.0, 1.0]))) == 2
    assert len(value_counts.edges(np.linspace(0, 1, 1000) ** 3)) <= 41


def test_the_history_tells_edits_of_labels(several):
    shas = tuple(several.items()["sha256"][:2])
    apply(several, AddLabel(label="new", shas=shas))
    app = open_page("history", dataset=several.id)
    assert "Added the label 'new' to 2 pictures." in words(app)
    assert history(several)[-1].says in words(app)
