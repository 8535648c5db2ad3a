"""What is found about single pictures, classes and splits; and the table it is kept in."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter

from tests.health.test_near_duplicates import thumbnail
from tlcore.health.classes import (
    confusable_findings,
    imbalance_findings,
    outlier_findings,
    split_class_findings,
)
from tlcore.health.findings import KINDS, ranked, read_findings, to_csv, write_findings
from tlcore.health.shortcuts import shortcut_findings
from tlcore.memmap import MappedRows
from tlcore.modalities.checks import Finding, Trait
from tlcore.modalities.image import IMAGE
from tlcore.modalities.image.checks.frames import group_findings
from tlcore.modalities.image.checks.perceptual_hash import SIDE
from tlcore.modalities.image.checks.quality import fault_findings
from tlcore.modalities.image.image_statistics import TINT_SIDE, border, measure
from tlcore.progress import drain

PICTURE = IMAGE.noun


def table(count, **columns):
    shas = [f"{number:02x}" * 32 for number in range(count)]
    basic = {"sha256": shas, "source": [f"{number}.jpg" for number in range(count)], "width": 100, "height": 100}
    return pd.DataFrame({**basic, "label": "a", "group": "", **columns})


# === The table ===


def test_findings_come_back_as_they_were_the_worthiest_first(tmp_path):
    findings = [
        Finding("outlier", ("a",), 0.2, "Far off."),
        Finding("label_suspect", ("b",), 0.7, "Wrong.", suggested={"b": "Küche"}),
        Finding("groups", ("c", "d"), 0.6, "One film.", group="film 1"),
    ]
    write_findings(tmp_path / "findings.parquet", ranked(findings))
    assert read_findings(tmp_path / "findings.parquet", KINDS) == [findings[1], findings[2], findings[0]]


def test_no_cell_of_the_csv_is_a_formula():
    text = to_csv([Finding("dark", ("a",), 0.5, "=1+1")], {"a": "@SUM(A1).jpg"}, PICTURE)
    row = list(csv.reader(io.StringIO(text)))[1]
    assert "'@SUM(A1).jpg" in row
    assert not [cell for cell in row if cell[:1] in "=@+-" and cell]


# === Single pictures ===


def stretched(item):
    return item.point(lambda value: min(255, max(0, 4 * value - 384)))


@pytest.fixture(scope="module")
def faulty(scenes):
    """Twelve good pictures, then one each: blurred, dark, blown out, uniform, grey."""
    good = [Image.fromarray(scene).resize((224, 224), Image.Resampling.NEAREST) for scene in scenes[:12]]
    dark = good[1].point(lambda value: value // 5)
    bright = stretched(good[2]).point(lambda value: 243 + value // 20)
    uniform = Image.new("RGB", (224, 224), (90, 120, 90))
    blurred = stretched(good[0].filter(ImageFilter.GaussianBlur(6))).filter(ImageFilter.GaussianBlur(8))
    bad = [blurred, dark, bright, uniform, good[3].convert("L").convert("RGB")]
    pixels = np.stack([np.asarray(item) for item in [*good, *bad]])
    small, tints = (
        np.empty((len(pixels), SIDE, SIDE), np.uint8),
        np.empty((len(pixels), TINT_SIDE, TINT_SIDE, 2), np.int16),
    )
    measures = drain(measure(MappedRows(pixels), small, tints), lambda step: None)
    return table(len(pixels)), measures


@pytest.mark.parametrize(
    ("kind", "row"), [("blurred", 12), ("dark", 13), ("blown_out", 14), ("uniform", 15), ("grey", 16)]
)
def test_each_fault_of_a_picture_is_found_and_said_once(faulty, kind, row):
    items, measures = faulty
    findings = fault_findings(items, measures)
    assert [finding.items for finding in findings if finding.kind == kind] == [(items["sha256"][row],)]
    assert len(findings) == 5


def test_odd_sizes_are_told_from_usual_ones(faulty):
    _, measures = faulty
    items = table(17, width=[100] * 15 + [1000, 20], height=[100] * 15 + [90, 20])
    odd = [finding for finding in fault_findings(items, measures) if finding.kind == "odd_size"]
    assert {finding.items[0] for finding in odd} == set(items["sha256"][15:])


def test_two_usual_sizes_are_no_oddity(faulty):
    _, measures = faulty
    items = table(17, width=[85] * 13 + [224] * 4, height=[85] * 13 + [224] * 4)
    assert not [finding for finding in fault_findings(items, measures) if finding.kind == "odd_size"]


def test_bars_are_a_border_and_a_plain_ground_on_one_side_is_not(scenes):
    item = Image.fromarray(scenes[0])
    barred = Image.new("RGB", (160, 200))
    barred.paste(item, (0, 20))
    assert border(barred) == "top and bottom"
    assert border(item) == ""


# === Classes ===


def formats(values):
    return Trait(pd.Series(values), "are {value} files")


def cameras(values):
    return Trait(pd.Series(values), "were taken with {value}", "name no camera")


def halves():
    return {"a": np.arange(20), "b": np.arange(20, 40)}


def test_a_class_that_its_format_gives_away_is_told_and_the_items_are_its_pictures():
    labels = ["a"] * 20 + ["b"] * 20
    items = table(40, label=labels)
    traits = {"format": formats(["PNG"] * 20 + ["JPG"] * 20), "camera": cameras([""] * 40)}
    findings = shortcut_findings(items, traits, halves(), PICTURE)
    assert {finding.items for finding in findings} == {tuple(items["sha256"][:20]), tuple(items["sha256"][20:])}
    assert "100% of the pictures of 'a' are PNG files, against 0% of the others" in findings[0].says


def test_what_both_classes_have_gives_neither_away():
    items = table(40, label=["a"] * 20 + ["b"] * 20)
    assert shortcut_findings(items, {"format": formats(["PNG", "JPG"] * 20)}, halves(), PICTURE) == []


def test_the_class_with_a_camera_is_told_rather_than_the_one_without():
    items = table(40, label=["a"] * 20 + ["b"] * 20)
    traits = {"camera": cameras(["Canon"] * 20 + [""] * 20)}
    (finding,) = shortcut_findings(items, traits, halves(), PICTURE)
    assert "'a' were taken with Canon" in finding.says


def test_a_rare_class_is_told():
    (finding,) = imbalance_findings(np.array([100, 90, 10]), ("a", "b", "c"), PICTURE)
    assert "'c' has 10 pictures and 'a' 100, 10 times as many" in finding.says


def test_classes_that_the_probe_mixes_up_are_told_and_others_are_not():
    labels = np.repeat([0, 1, 2], 30)
    chances = np.full((90, 3), 0.1)
    chances[np.arange(90), labels] = 0.8
    chances[:15, :2] = [0.3, 0.6]
    chances[30:48, :2] = [0.6, 0.3]
    (finding,) = confusable_findings(table(90)["sha256"].to_numpy(object), chances, labels, ("a", "b", "c"), PICTURE)
    assert "'a' and 'b'" in finding.says
    assert len(finding.items) == 33


def test_a_class_of_two_clouds_falls_into_two_and_one_cloud_does_not():
    rng = np.random.default_rng(0)
    turned = rng.normal(size=(200, 24)).astype(np.float32)
    labels = np.repeat([0, 1], 100)
    turned[:30] += 2.0
    shas = table(200)["sha256"].to_numpy(object)
    (finding,) = split_class_findings(shas, turned, labels, ("two", "one"), PICTURE)
    assert "'two' falls into two clusters of 70 and 30 pictures" in finding.says
    assert set(finding.items) == set(shas[:30])


def test_the_odd_one_out_of_a_class_is_told():
    rng = np.random.default_rng(0)
    compact = rng.normal(size=(60, 16)) * 0.05 + np.eye(16)[0]
    compact[7] = np.eye(16)[5]
    compact /= np.linalg.norm(compact, axis=1, keepdims=True)
    items = table(60)
    (finding,) = outlier_findings(items, compact, np.zeros(60, np.int64), ("a",), PICTURE)
    assert finding.items == (items["sha256"][7],)


# === Frames ===


def walk(steps, rng):
    """Features that change a little with every step, of length 1."""
    path = np.cumsum(rng.normal(size=(steps, 24)) * 0.4, axis=0) + rng.normal(size=24)
    return path / np.linalg.norm(path, axis=1, keepdims=True)


def groups_of(items, compact):
    nothing = np.zeros((len(items), SIDE, SIDE), np.uint8)
    return drain(group_findings(items, nothing, compact), lambda step: None)


def test_frames_of_a_video_are_proposed_as_groups_that_run_on():
    items = table(100, source=[f"film/frame{number}.jpg" for number in range(100)])
    shuffled = np.random.default_rng(1).permutation(100)
    compact = walk(100, np.random.default_rng(0))
    findings = groups_of(items.iloc[shuffled].reset_index(drop=True), compact[shuffled])
    assert len(findings) >= 5
    numbers = [[int(sha[:2], 16) for sha in finding.items] for finding in findings]
    assert sorted(number for group in numbers for number in group) == list(range(100))
    assert all(group == list(range(group[0], group[-1] + 1)) for group in numbers)
    assert len({finding.group for finding in findings}) == len(findings)


def test_numbered_pictures_that_are_not_alike_are_no_film():
    rng = np.random.default_rng(0)
    compact = rng.normal(size=(60, 24))
    compact /= np.linalg.norm(compact, axis=1, keepdims=True)
    items = table(60, source=[f"scan/img_{number:04d}.png" for number in range(60)])
    assert groups_of(items, compact) == []


def test_frames_that_were_shuffled_before_they_were_numbered_are_found_by_what_they_show(scenes):
    moments = [np.roll(scene, shift, axis=1) for scene in scenes[:10] for shift in (0, 3, 6)]
    thumbnails = np.stack([thumbnail(Image.fromarray(moment)) for moment in moments])
    shuffled = np.random.default_rng(2).permutation(30)
    items = table(30, source=[f"over/frame{number}.jpg" for number in range(30)])
    compact = np.random.default_rng(0).normal(size=(30, 24))
    compact /= np.linalg.norm(compact, axis=1, keepdims=True)
    findings = drain(group_findings(items, thumbnails[shuffled], compact), lambda step: None)
    found = {frozenset(int(shuffled[int(sha[:2], 16)]) // 3 for sha in finding.items) for finding in findings}
    assert found == {frozenset({scene}) for scene in range(10)}
    assert all(len(finding.items) == 3 for finding in findings)
