"""The check page: every state of a check, what it found, and mending it."""

from __future__ import annotations

import pytest

from tests.pages import made_checks
from tests.pages.opening import button, on_the_table, open_page, words
from tests.task_datasets import with_numbers, with_several_labels
from tlcore.data.edits import operations
from tlcore.data.edits.types import ChangeTask, Exclude, Relabel
from tlcore.health.check import Check
from tlcore.health.events import CheckStarted
from tlcore.jobs.progress import Progress
from tlcore.jobs.writer import JobWriter
from tlcore.modalities.checks import Finding


@pytest.fixture
def shas(tiny_dataset) -> list[str]:
    return list(tiny_dataset.items()["sha256"])


@pytest.fixture
def checked(tiny_dataset, shas):
    """A dataset of which a check said: near-copies, two wrong labels, a burst, a blurred picture."""
    findings = [
        Finding("blurred", (shas[20],), 0.1, "One picture is blurred."),
        Finding("near_duplicate", tuple(shas[:3]), 0.4, "Three pictures are nearly the same."),
        Finding("near_duplicate", tuple(shas[6:8]), 0.3, "Two pictures are nearly the same."),
        Finding("label_suspect", (shas[12],), 0.8, "It looks like a circle.", {shas[12]: "circle"}),
        Finding("label_suspect", (shas[13],), 0.7, "It looks like a triangle.", {shas[13]: "triangle"}),
        Finding("groups", tuple(shas[30:34]), 0.2, "Four frames of one video.", None, "burst-1"),
        Finding("imbalance", (), 0.05, "One class has few pictures."),
    ]
    made_checks.finished(tiny_dataset, findings, clusters={"a": shas[:3], "b": shas[6:8]})
    return tiny_dataset


def metrics(app) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_without_a_dataset_the_way_to_one_is_offered(workspace):
    assert "No dataset yet" in words(open_page("check"))


def test_before_the_first_check_it_says_what_is_looked_for_and_how_long_it_takes(tiny_dataset):
    app = open_page("check", dataset=tiny_dataset.id)
    assert "Near-duplicates" in words(app)
    assert "about as long as preparing a run" in words(app)
    assert button(app, "Check the pictures")


def test_a_check_at_work_shows_how_far_it_is_and_can_be_stopped(tiny_dataset):
    check = Check(tiny_dataset)
    with JobWriter(check) as recorder:
        recorder.record(CheckStarted(pid=1, version=1))
        recorder.progress(
            Progress(phase="f", title="Computing features", done=9, total=36, unit="pictures", items_per_second=4.5)
        )
        app = open_page("check", dataset=tiny_dataset.id)
        (bar,) = app.get("progress")
        assert bar.value == 25
        assert "9 of 36 pictures" in bar.proto.text
        button(app, "Stop").click().run()
        assert check.asked() == "stopped"


@pytest.mark.parametrize(("state", "said"), [("failed", "The disk is full."), ("stopped", "continues from there")])
def test_a_check_that_ended_badly_says_why_and_offers_another(tiny_dataset, state, said):
    made_checks.ended(tiny_dataset, state, "The disk is full." if state == "failed" else "")
    app = open_page("check", dataset=tiny_dataset.id)
    assert said in words(app)
    assert button(app, "Check again")
    assert ("the last words of the worker" in [code.value for code in app.code]) == (state == "failed")


def test_kinds_stand_in_the_order_of_what_mending_them_is_worth(checked):
    app = open_page("check", dataset=checked.id)
    assert metrics(app)["Findings left"] == "7"
    text = words(app)
    titles = ["Labels that look wrong", "Near-duplicates", "Pictures that belong together", "Blurred", "Uneven classes"]
    assert [text.index(title) for title in titles] == sorted(text.index(title) for title in titles)
    assert "Checked, nothing found: Leaks into the test" in text
    assert app.get("plotly_chart"), "the learning curve"


def test_suggested_labels_are_shown_on_the_pictures_and_accepted_together(checked, shas):
    app = open_page("check", dataset=checked.id, kind="label_suspect")
    table = on_the_table(app)
    assert [tile["badge"] for tile in table["tiles"]] == ["→ circle", "→ triangle"]
    button(app, "Accept 2 suggestions").click().run()
    assert not app.exception
    labels = checked.items().set_index("sha256")["label"]
    assert (labels[shas[12]], labels[shas[13]]) == ("circle", "triangle")
    assert "Nothing of this kind is left" in words(app)
    button(app, "Undo").click().run()
    assert len(on_the_table(app)["tiles"]) == 2


def test_of_each_set_of_near_copies_the_largest_stays(checked, shas):
    app = open_page("check", dataset=checked.id, kind="near_duplicate")
    assert [group["title"] for group in on_the_table(app)["groups"]] == [
        "Three pictures are nearly the same.",
        "Two pictures are nearly the same.",
    ]
    button(app, "Keep the largest of each of 2 sets").click().run()
    assert set(shas) - set(checked.items()["sha256"]) == {*shas[1:3], shas[7]}


def test_sets_that_are_kept_together_are_settled(checked, shas):
    app = open_page("check", dataset=checked.id, kind="near_duplicate")
    button(app, "Keep 2 sets together").click().run()
    groups = checked.items().set_index("sha256")["group"]
    assert groups[shas[0]] == groups[shas[2]] != groups[shas[6]] == groups[shas[7]] != ""
    assert "Nothing of this kind is left" in words(app)


def test_the_copies_of_test_pictures_are_excluded_set_by_set(tiny_dataset, shas):
    leaks = [
        Finding("leak", (shas[4], shas[9], shas[1], shas[2]), 0.9, "2 of 7 test pictures have a near-copy."),
        Finding("leak", (shas[4], shas[1]), 0.8, "In a run: test accuracy 0.900, without the leaked pictures 0.700."),
    ]
    made_checks.finished(tiny_dataset, leaks, clusters={"a": [shas[1], shas[4]], "b": [shas[2], shas[9]]})
    app = open_page("check", dataset=tiny_dataset.id, kind="leak")
    assert "without the leaked pictures 0.700" in words(app)
    assert [(tile["id"], tile["group"]) for tile in on_the_table(app)["tiles"]] == [
        (shas[4], "a"), (shas[1], "a"), (shas[9], "b"), (shas[2], "b"),
    ]  # fmt: skip
    button(app, "Exclude the copies of test pictures").click().run()
    assert set(shas) - set(tiny_dataset.items()["sha256"]) == {shas[1], shas[2]}
    assert "Nothing of this kind is left" in words(app)


def test_a_proposed_group_is_put_in_place_under_its_name(checked, shas):
    app = open_page("check", dataset=checked.id, kind="groups")
    button(app, "Put 1 group back together").click().run()
    assert set(checked.items().set_index("sha256")["group"][shas[30:34]]) == {"burst-1"}


def test_a_finding_about_a_class_alone_is_told_without_pictures(checked):
    app = open_page("check", dataset=checked.id, kind="imbalance")
    assert "One class has few pictures." in words(app)
    assert not app.get("bidi_component")


def test_what_was_edited_since_is_counted_as_settled_and_another_check_is_offered(checked, shas):
    operations.apply(checked, Relabel(labels={shas[12]: "triangle"}))  # not what was suggested, but decided
    operations.apply(checked, Exclude(shas=(shas[20], shas[1])))
    app = open_page("check", dataset=checked.id)
    assert metrics(app)["Findings left"] == "5"
    assert "2 findings settled since" in words(app)
    assert "Resolved: Blurred pictures" in words(app)
    assert button(app, "Check again")
    near = on_the_table(open_page("check", dataset=checked.id, kind="near_duplicate"))
    assert [tile["id"] for tile in near["tiles"]] == [shas[0], shas[2], shas[6], shas[7]]


def test_findings_can_be_downloaded(checked):
    for kind in ("", "near_duplicate"):
        app = open_page("check", dataset=checked.id, kind=kind)
        assert "Download as CSV" in [element.label for element in app.get("download_button")]


@pytest.mark.parametrize(("score", "warned"), [(0.6, True), (0.95, False)])
def test_suggestions_of_a_model_that_is_often_wrong_are_shown_with_a_warning(tiny_dataset, shas, score, warned):
    suspect = Finding("label_suspect", (shas[12],), 0.8, "It looks like a circle.", {shas[12]: "circle"})
    made_checks.finished(tiny_dataset, [suspect], score=score)
    app = open_page("check", dataset=tiny_dataset.id, kind="label_suspect")
    assert ("Look at each picture before you accept" in words(app)) == warned


# === Several labels, numbers ===


def test_results_of_another_task_are_shown_as_they_were_measured(checked):
    made_checks.finished(checked, Check(checked).findings(), task="classification")
    operations.apply(checked, ChangeTask(task="multilabel"))
    app = open_page("check", dataset=checked.id)
    assert not app.exception
    assert metrics(app)["Linear probe: Accuracy"] == "91.0 %"
    assert "the task or the value range have changed" in words(app)


def test_a_suggested_set_of_labels_is_shown_and_accepted(tiny_dataset):
    dataset = with_several_labels(tiny_dataset)
    sha = dataset.items()["sha256"][1]
    suspect = Finding("label_suspect", (sha,), 0.8, "a sentence", suggested={sha: "big|square"})
    made_checks.finished(dataset, [suspect], score=None)
    app = open_page("check", dataset=dataset.id)
    assert "Linear probe: mAP" in [metric.label for metric in app.metric]
    assert "Learning curve: would more pictures help?" in words(app)
    assert "Classes that may be two" not in words(app)
    app = open_page("check", dataset=dataset.id, kind="label_suspect")
    assert on_the_table(app)["tiles"][0]["badge"] == "→ big, square"
    assert "replace all labels of a picture" in words(app)
    button(app, "Accept 1 suggestion").click().run()
    assert not app.exception
    assert dataset.items()["label"][1] == "big|square"


def test_a_number_that_looks_wrong_is_set_and_nothing_is_suggested(tiny_dataset):
    dataset = with_numbers(tiny_dataset)
    sha = dataset.items()["sha256"][1]
    made_checks.finished(dataset, [Finding("label_suspect", (sha,), 0.8, "a sentence")], score=None)
    app = open_page("check", dataset=dataset.id, kind="label_suspect")
    assert [action["do"] for action in on_the_table(app)["actions"]] == ["value", "exclude", "like"]
    assert not [each.label for each in app.button if each.label.startswith("Accept")]
    assert "nothing is suggested" in words(app)


@pytest.mark.parametrize(
    ("make", "said"), [(with_several_labels, "a label given away"), (with_numbers, "**Outliers**")]
)
def test_the_first_check_says_what_it_looks_for_by_the_task(tiny_dataset, make, said):
    assert said in words(open_page("check", dataset=make(tiny_dataset).id))
