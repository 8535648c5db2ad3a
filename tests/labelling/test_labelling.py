"""What is asked next is uncertain and unlike the rest, and the probe is judged by what it has not seen."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.conftest import draw_shape
from tests.contracts import image_contract
from tests.data.conftest import write_classes
from tests.graphs import write_colour_model
from tests.task_datasets import relabelled
from tlcore.data.edits.operations import apply, undo
from tlcore.data.edits.types import Group, SetReading
from tlcore.data.inbox import Inbox
from tlcore.data.intake import ingest
from tlcore.data.split.locked import draw_parts
from tlcore.errors import DataError
from tlcore.health import embed
from tlcore.inference.predictor import Predictor
from tlcore.labelling import features
from tlcore.labelling.acquisition import most_useful
from tlcore.labelling.feature_file import KeptRows
from tlcore.labelling.features import learnable
from tlcore.labelling.history import course
from tlcore.labelling.suggestions import Model, suggest
from tlcore.progress import Progress, drain
from tlcore.tasks import TASKS
from tlcore.tasks.multilabel.labels import join

LENGTH = 48


def silent(progress: Progress) -> None:
    pass


@pytest.fixture
def embedding(monkeypatch):
    """Features that need no network of layers: a picture made very small. Counts the pictures that were looked at."""
    seen: list[str] = []

    def small(workspace, files, value_range=None):
        yield Progress(0, len(files))
        seen.extend(file.name for file in files)
        rows = [np.asarray(Image.open(file).convert("RGB").resize((4, 4)), np.float32).ravel() / 255 for file in files]
        return np.stack(rows).astype(np.float16)

    class Tiny:
        feature_length = LENGTH

    monkeypatch.setattr(embed, "embed", small)
    monkeypatch.setattr(embed, "identity", lambda workspace: {"tiny": 1})
    monkeypatch.setattr(embed, "bundled", lambda: Tiny)
    return seen


@pytest.fixture
def inbox(workspace, tiny_dataset, tmp_path) -> Inbox:
    """Thirty shapes wait, ten of each class; their names say which."""
    rng = np.random.default_rng(7)
    (tmp_path / "new").mkdir()
    for label in ("circle", "square", "triangle"):
        for number in range(10):
            draw_shape(label, rng).save(tmp_path / "new" / f"{label}-{number}.png")
    inbox = Inbox(tiny_dataset)
    drain(inbox.put(workspace, tmp_path / "new"), silent)
    return inbox


def truth(source: str) -> str:
    return source.split("-")[0]


# === Usefulness ===

gradient = TASKS["classification"].gradient


def test_uncertain_pictures_come_before_sure_ones():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 8))
    sure = np.tile([0.998, 0.001, 0.001], (50, 1))
    unsure = np.tile([0.34, 0.33, 0.33], (10, 1))
    order = most_useful(features, gradient(np.vstack([sure, unsure])), 8)
    assert sum(row >= 50 for row in order) >= 7


def test_pictures_of_one_kind_are_not_asked_about_again_and_again():
    kinds = np.eye(6)[np.repeat(np.arange(6), [40, 1, 1, 1, 1, 1])] + 0.001
    unsure = np.full((45, 2), 0.5)
    order = most_useful(kinds, gradient(unsure), 6)
    assert len({int(kinds[row].argmax()) for row in order}) == 6


def test_without_probabilities_they_are_only_unlike():
    features = np.repeat(np.eye(3), 20, axis=0)
    assert {int(features[row].argmax()) for row in most_useful(features, None, 3)} == {0, 1, 2}


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_as_many_as_there_are_and_none_twice(rows):
    order = most_useful(np.ones((rows, 4)), gradient(np.full((rows, 2), 0.5)), 9)
    assert sorted(order) == list(range(rows))


# === Rows on the disk ===


def test_rows_are_kept_and_a_torn_end_is_written_over(tmp_path):
    kept = KeptRows(tmp_path / "in" / "features-x", 3)
    a, b, c = (letter * 64 for letter in "abc")
    kept.add([a, b], np.array([[1, 2, 3], [4, 5, 6]], np.float16))
    with (tmp_path / "in" / "features-x.f16").open("ab") as values:
        values.write(b"\1\2\3")
    with (tmp_path / "in" / "features-x.txt").open("a") as names:
        names.write("cccc")
    kept.add([b, c], np.array([[0, 0, 0], [7, 8, 9]], np.float16))
    assert kept.shas() == [a, b, c]
    assert kept.read([c, a, b]).tolist() == [[7, 8, 9], [1, 2, 3], [4, 5, 6]]


# === Suggestions ===


def test_suggestions_name_the_class_and_features_are_computed_once(inbox, workspace, embedding):
    found = drain(suggest(inbox, workspace), silent)
    assert len(embedding) == 36 + 30
    assert len(found) == 30
    assert np.mean([one.chances[0][0] == truth(one.source) for one in found]) > 0.8
    assert all(abs(sum(share for _, share in one.chances) - 1) < 1e-3 for one in found)
    drain(suggest(inbox, workspace), silent)
    assert len(embedding) == 36 + 30


def test_what_was_answered_is_not_asked_again_and_the_course_is_noted(inbox, workspace, embedding):
    first = drain(suggest(inbox, workspace), silent)
    for one in first[:10]:
        inbox.label(one.sha256, truth(one.source), suggested=one.chances[0][0])
    inbox.skip(first[10].sha256)
    second = drain(suggest(inbox, workspace), silent)
    assert not {one.sha256 for one in first[:11]} & {one.sha256 for one in second}
    assert [point.labels for point in course(inbox)] == [0, 10]
    assert {point.n for point in course(inbox)} == {36}
    low, high = course(inbox)[-1].interval
    assert low < course(inbox)[-1].accuracy <= high


def test_accuracies_that_other_pictures_judged_are_not_compared(inbox, workspace, tmp_path, embedding):
    drain(suggest(inbox, workspace), silent)
    drain(ingest(workspace, write_classes(tmp_path / "added", "circle", first_seed=600), into=inbox.dataset), silent)
    inbox.label(inbox.items()["sha256"][0], "circle")
    drain(suggest(inbox, workspace), silent)
    assert [(point.labels, point.n) for point in course(inbox)] == [(1, 38)]


def test_labels_that_were_given_here_teach_and_do_not_judge(inbox, workspace, embedding):
    """Wrong labels for the whole inbox pull the judged number down; it is still of the dataset's own pictures."""
    for row in inbox.items().itertuples():
        inbox.label(row.sha256, {"circle": "square", "square": "triangle", "triangle": "circle"}[truth(row.source)])
    inbox.join(workspace)
    drain(inbox.put(workspace, _more(inbox.path.parent / "thumbnails")), silent)
    drain(suggest(inbox, workspace), silent)
    (point,) = course(inbox)
    assert (point.labels, point.n) == (30, 36)
    assert point.accuracy < 0.9


def _more(folder):
    folder.mkdir(exist_ok=True)
    draw_shape("circle", np.random.default_rng(99)).save(folder / "circle-more.png")
    return folder


def test_the_probe_never_learns_from_the_test_part(inbox):
    parts = draw_parts(inbox.dataset).table
    test = set(parts.loc[parts["split"] == "test", "sha256"])
    assert test
    assert not test & set(learnable(inbox)["sha256"])


def test_some_of_each_class_are_enough_and_stay_the_same(inbox, monkeypatch):
    monkeypatch.setattr(features, "MOST_PER_CLASS", 4)
    chosen = learnable(inbox)
    assert chosen["label"].value_counts().to_dict() == {"circle": 4, "square": 4, "triangle": 4}
    assert chosen.equals(learnable(inbox))


def test_groups_stay_together_where_the_probe_is_judged(inbox):
    some = inbox.dataset.items()["sha256"][:5]
    apply(inbox.dataset, Group(groups=dict.fromkeys(some, "burst")))
    table = learnable(inbox).set_index("sha256")
    assert table.loc[some, "together"].nunique() == 1
    assert table["together"].nunique() == 36 - 4


def test_a_runs_model_suggests_in_its_own_classes_and_is_asked_once(inbox, workspace, tmp_path, embedding):
    labels = image_contract(classes=("circle", "square", "triangle"), size=32, resize="crop", backbone="x", dataset="y")
    model = Model("a-run", Predictor(write_colour_model(tmp_path / "model.onnx"), labels, threads=1))
    found = drain(suggest(inbox, workspace, model), silent)
    assert np.mean([one.chances[0][0] == truth(one.source) for one in found]) > 0.9
    kept = features.answers(inbox, "a-run", 3)
    assert len(kept.shas()) == 30
    assert drain(suggest(inbox, workspace, model), silent) == found


def test_one_class_gives_no_suggestion_but_an_order(workspace, tmp_path, embedding):
    dataset = drain(ingest(workspace, write_classes(tmp_path / "one", "cat")), silent).dataset
    inbox = Inbox(dataset)
    drain(inbox.put(workspace, write_classes(tmp_path / "new", "x", count=5, first_seed=400)), silent)
    found = drain(suggest(inbox, workspace), silent)
    assert len(found) == 5
    assert {one.chances for one in found} == {()}
    assert course(inbox) == []


def test_an_empty_inbox_asks_nothing(workspace, tiny_dataset, embedding):
    assert drain(suggest(Inbox(tiny_dataset), workspace), silent) == []


def test_features_of_another_range_of_values_are_others(workspace, tmp_path, embedding):
    for label in ("a", "b"):
        (tmp_path / "scans" / label).mkdir(parents=True)
        for seed in range(2):
            values = np.random.default_rng([ord(label), seed]).integers(0, 4000, (9, 9)).astype(np.uint16)
            Image.fromarray(values).save(tmp_path / "scans" / label / f"{seed}.png")
    dataset = drain(ingest(workspace, tmp_path / "scans"), lambda step: None).dataset
    inbox = Inbox(dataset)
    first = features.features(inbox, workspace).path
    apply(dataset, SetReading(reading={"value_range": (0, 9000)}))
    assert features.features(inbox, workspace).path != first
    undo(dataset)
    assert features.features(inbox, workspace).path == first


# === Several labels, numbers ===


def test_sets_of_labels_that_a_model_doubts_come_first():
    rng = np.random.default_rng(0)
    sure, unsure = np.tile([0.99, 0.01, 0.98], (50, 1)), np.tile([0.5, 0.45, 0.55], (10, 1))
    order = most_useful(rng.normal(size=(60, 8)), TASKS["multilabel"].gradient(np.vstack([sure, unsure])), 8)
    assert sum(row >= 50 for row in order) >= 7


def test_several_labels_are_suggested_answered_and_join(workspace, inbox, embedding):
    dataset = inbox.dataset
    labels = dataset.items()["label"].tolist()
    relabelled(dataset, "multilabel", [join([label, "shape"] if label != "square" else [label]) for label in labels])
    found = drain(suggest(inbox, workspace), silent)
    right = sum(truth(one.source) in (one.answer or "").split("|") for one in found)
    assert right >= 25
    assert len(found[0].chances) == 4
    assert all(("shape" in one.answer) == ("square" not in one.answer) for one in found if one.answer)
    first, second, third = (one.sha256 for one in found[:3])
    inbox.label(first, "shape|new", suggested="shape")
    inbox.label(second, "")
    assert [answer.label for answer in inbox.answers()] == ["new|shape", ""]
    points = course(inbox)
    drain(suggest(inbox, workspace), silent)
    assert len(course(inbox)) == len(points) + 1
    assert inbox.join(workspace).kept == 2
    joined = dataset.items().set_index("sha256")["label"]
    assert (joined[first], joined[second], third in joined) == ("new|shape", "", False)
    assert dataset.info.classes == ("circle", "shape", "square", "triangle", "new")


def test_numbers_are_suggested_answered_and_join(workspace, inbox, embedding):
    values = {"circle": "1.0", "square": "5.0", "triangle": "9.0"}
    relabelled(inbox.dataset, "regression", [values[label] for label in inbox.dataset.items()["label"]], unit="kg")
    found = drain(suggest(inbox, workspace), silent)
    off = [abs(float(one.answer) - float(values[truth(one.source)])) for one in found]
    assert np.median(off) < 1.5
    assert found[0].chances == ()
    inbox.label(found[0].sha256, " 4.50 ", suggested=found[0].answer)
    with pytest.raises(DataError, match="has a number as its value"):
        inbox.label(found[1].sha256, "heavy")
    drain(suggest(inbox, workspace), silent)
    assert course(inbox) == []
    inbox.join(workspace)
    assert inbox.dataset.items().set_index("sha256")["label"][found[0].sha256] == "4.5"
