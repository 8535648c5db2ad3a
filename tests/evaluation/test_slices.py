"""Slices are found where a model is worse than chance would make it, and are said to be nowhere else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter
from scipy.stats import fisher_exact

from tlcore.evaluation.clusters import cluster_traits, principal
from tlcore.evaluation.significance import by_groups, fisher
from tlcore.evaluation.slice_features import bands, column_traits, item_traits
from tlcore.evaluation.slices import RATE, Trait, find_slices, slice_items, traits_table
from tlcore.modalities.analysis import Measurement
from tlcore.modalities.image.explain.analysis import measure
from tlcore.modalities.image.image_statistics import brightness, sharpness


def answers(right, labels=None):
    n = len(right)
    return pd.DataFrame(
        {
            "sha256": [f"{place:064d}" for place in range(n)],
            "label": ["cat", "dog"] * (n // 2) + ["cat"] * (n % 2) if labels is None else labels,
            "correct": np.array(right, bool),
        }
    )


def trait(values, **more):
    return Trait("light", np.array(values, object), "that are {value}", **more)


def test_a_slice_is_tested_as_fisher_does():
    # 3 of 10 dark pictures and 27 of 30 others are right.
    right = [1] * 3 + [0] * 7 + [1] * 27 + [0] * 3
    (found,) = find_slices(answers(right), [trait(["dark"] * 10 + [""] * 30)], items="pictures").slices
    assert found.p == pytest.approx(fisher_exact([[3, 7], [27, 3]], alternative="less").pvalue)
    assert (found.n, found.right, found.accuracy, found.elsewhere) == (10, 3, 0.3, 0.9)
    assert found.worse
    assert found.says.startswith(
        "3 of the 10 pictures that are dark are answered right (30%), against 90% of the others."
    )


def test_many_looks_are_paid_for():
    # By hand, Benjamini and Hochberg: of three p the smallest counts three times, unless a larger one counts less.
    right = [1] * 3 + [0] * 7 + [1] * 27 + [0] * 3
    once = find_slices(answers(right), [trait(["dark"] * 10 + [""] * 30)]).slices[0]
    sides = trait(["left", "left", "right", "right"] * 10)
    found = find_slices(answers(right), [trait(["dark"] * 10 + [""] * 30), sides]).slices
    assert [each.value for each in found] == ["dark", "left", "right"]
    assert found[0].q == pytest.approx(3 * once.p)


def test_where_nothing_is_worse_hardly_anything_is_called_so():
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(120):
        right = rng.random(90) < 0.8
        traits = [trait(rng.choice(["a", "b", "c"], 90)), trait(rng.choice(["a", "b"], 90, p=[0.2, 0.8]))]
        alarms += bool(find_slices(answers(right), traits).worse)
    assert alarms / 120 <= RATE + 2 * np.sqrt(RATE * (1 - RATE) / 120)


def test_a_planted_slice_is_found_among_many_and_its_pictures_can_be_named():
    rng = np.random.default_rng(1)
    kind = rng.choice(["phone", "camera", "scanner"], 300)
    right = np.where(kind == "phone", rng.random(300) < 0.55, rng.random(300) < 0.95)
    predictions = answers(right)
    traits = [Trait("column device", kind.astype(object), "with device '{value}'"), trait(rng.choice(["a", "b"], 300))]
    found = find_slices(predictions, traits)
    assert [each.value for each in found.worse] == ["phone"]
    table = traits_table(predictions, traits)
    assert slice_items(table, found.worse[0]) == list(predictions["sha256"][kind == "phone"])
    assert set(found.worse[0].examples) <= set(slice_items(table, found.worse[0]))


def test_a_burst_that_is_wrong_as_a_whole_is_one_mistake():
    # 30 bursts of 6, each right or wrong as a whole, however the slice is drawn: pictures alone would cry wolf.
    rng = np.random.default_rng(0)
    groups, alarms, wolves = np.repeat(np.arange(30), 6), 0, 0
    for _ in range(60):
        right = (rng.random(30) < 0.8)[groups]
        here = trait(np.where((rng.random(30) < 0.3)[groups], "dark", ""))
        alarms += bool(find_slices(answers(right), [here], groups=groups).worse)
        wolves += bool(find_slices(answers(right), [here]).worse)
    assert alarms / 60 <= RATE + 2 * np.sqrt(RATE * (1 - RATE) / 60)
    assert wolves / 60 > 0.15


def test_dealing_out_pictures_that_stand_alone_is_fishers_test():
    rng = np.random.default_rng(2)
    here = np.arange(60) < 20
    for share, most in ((0.8, 0.1), (0.35, 0.005)):
        right = rng.random(60) < np.where(here, share, 0.8)
        assert by_groups(right, here, np.arange(60)) == pytest.approx(fisher(right, here), abs=most)


def test_a_slice_says_what_its_classes_alone_would_lead_one_to_expect():
    labels = ["hard"] * 40 + ["easy"] * 40
    right = [1, 0] * 20 + [1] * 40
    dark = ["dark"] * 30 + [""] * 40 + ["dark"] * 5 + [""] * 5
    (found,) = find_slices(answers(right, labels), [trait(dark)]).slices
    assert found.expected == pytest.approx((30 * 0.5 + 5 * 1.0) / 35)
    assert "Their classes alone would lead one to expect 57%" in found.says


def test_a_slice_within_a_class_is_held_against_that_class():
    labels = ["cat"] * 20 + ["dog"] * 20
    right = [0] * 8 + [1] * 12 + [0] * 20
    (found,) = find_slices(answers(right, labels), [trait(["from above"] * 8 + [""] * 32, within="cat")]).slices
    assert found.elsewhere == 1.0
    assert found.p == pytest.approx(fisher_exact([[0, 8], [12, 0]], alternative="less").pvalue)


def test_a_class_is_no_slice_and_neither_are_few_pictures():
    labels = ["cat"] * 20 + ["dog"] * 20
    found = find_slices(answers([1] * 40, labels), [trait(labels), trait(["few"] * 4 + [""] * 36)], items="pictures")
    assert found.slices == ()
    assert "at least 5 pictures" in found.notes[0]
    assert find_slices(answers([]), [trait([])]).slices == ()


def test_numbers_are_parted_in_thirds_and_equal_ones_are_not():
    found = bands(np.array([1.0, 2, 3, 4, 5, 6, np.nan]), ("to {high:g}", "middle", "from {low:g}"))
    assert list(found) == ["to 2", "to 2", "middle", "middle", "from 5", "from 5", ""]
    assert not bands(np.full(9, 3.0), ("low", "middle", "high")).any()
    assert not bands(np.array([np.nan]), ("low", "middle", "high")).any()


def test_a_blurred_picture_is_less_sharp_and_a_dim_one_is_not():
    rng = np.random.default_rng(0)
    item = Image.fromarray(rng.integers(0, 256, (48, 48, 3), dtype=np.uint8)).resize((96, 96))
    blurred, dim = item.filter(ImageFilter.GaussianBlur(3)), item.point(lambda value: 2 * value // 5)
    assert sharpness(blurred) < 0.3 * sharpness(item)
    assert sharpness(dim) == pytest.approx(sharpness(item), rel=0.1)
    assert brightness(dim) == pytest.approx(0.4 * brightness(item), rel=0.05)
    assert sharpness(Image.new("RGB", (9, 9), "gray")) == 0


def test_pictures_are_sorted_by_what_they_are_and_where_they_came_from():
    items = pd.DataFrame(
        {
            "width": range(100, 109),
            "height": range(100, 109),
            "source": ["a/1.jpg"] * 4 + ["a\\b\\2.jpg"] * 4 + ["3.jpg"],
        }
    )
    grays = (np.full((8, 8, 3), 255 * share, np.uint8) for share in np.linspace(0.1, 0.9, 9))
    measured = measure(items, grays)
    assert [each.name for each in measured] == ["size", "brightness", "blur"]
    blurred = Measurement("blur", np.linspace(1, 2, 9), measured[2].bands)
    size, light, blur, folder = item_traits(items, [*measured[:2], blurred])
    assert size.values[0] == "small (side up to 102 pixels)"
    assert light.values[8] == "bright (from 70% of white)"
    assert blur.values[0].startswith("blurred")
    assert list(folder.values) == ["a"] * 4 + ["a/b"] * 4 + [""]


def test_columns_of_numbers_are_banded_and_names_are_left_alone():
    n = 60
    columns = pd.DataFrame(
        {
            "age": [str(place) for place in range(n)],
            "site {x}": ["Bonn", "Oslo"] * (n // 2),
            "file": [f"name {place}" for place in range(n)],
            "silent": [""] * n,
        }
    )
    age, site = column_traits(columns)
    assert set(age.values) == {"up to 19", "in the middle", "from 40"}
    assert site.phrase.format(value="Bonn") == "with site {x} 'Bonn'"


def test_a_hidden_kind_within_a_class_is_found_by_its_features():
    rng = np.random.default_rng(0)
    middles = {"cat": [[5, 0, 0, 0]] * 30 + [[0, 5, 0, 0]] * 30, "dog": [[0, 0, 5, 0]] * 60}
    features = np.concatenate([np.array(rows) for rows in middles.values()]) + rng.normal(0, 0.2, (120, 4))
    labels = np.array(["cat"] * 60 + ["dog"] * 60, object)
    right = np.ones(120, bool)
    right[30:60] = rng.random(30) < 0.4  # the second kind of cats
    sources = [f"{place}.jpg" for place in range(120)]
    traits = list(cluster_traits(features.astype(np.float32), labels, sources))
    found = find_slices(answers(right, labels), traits)
    worst = found.worse[0]
    hidden = {f"{place:064d}" for place in range(30, 60)}
    assert set(worst.examples) <= hidden
    within = [each for each in found.worse if each.within == "cat"]
    assert within
    assert all("look like '" in each.says for each in within)


def test_clusters_do_not_know_which_answers_were_right():
    rng = np.random.default_rng(0)
    labels = np.array(["cat", "dog"] * 30, object)
    features = rng.normal(size=(60, 8)).astype(np.float32)
    first, second = (list(cluster_traits(features, labels, [""] * 60)) for _ in range(2))
    assert all((one.values == other.values).all() for one, other in zip(first, second, strict=True))
    assert list(cluster_traits(features[:5], labels[:5], [""] * 5)) == []
    assert principal(features[:1], 3).shape == (1, 1)
