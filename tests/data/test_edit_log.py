"""The log is the truth: whatever is killed, whoever else edits, whatever an older Graft left."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.data.edited import add, make_dataset, sha_of, truth
from tlcore.data.dataset import Dataset
from tlcore.data.edits import log
from tlcore.data.edits.operations import apply, at_version, compare, history, redo, undo
from tlcore.data.edits.types import Exclude, MergeClasses, Relabel
from tlcore.errors import DataError, WorkspaceError
from tlcore.files import write_json

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def dataset(workspace):
    return make_dataset(workspace)


class Crash(BaseException):
    """The machine stops here."""


@contextmanager
def crashing(nth: int) -> Iterator[None]:
    """Stop at the n-th write of an edit, before it is made."""
    count = 0

    def stopping(write):
        def counted(*arguments):
            nonlocal count
            count += 1
            if count == nth:
                raise Crash
            return write(*arguments)

        return counted

    with pytest.MonkeyPatch.context() as patch:
        for name in ("append_line", "write_table", "write_json"):
            patch.setattr(log, name, stopping(getattr(log, name)))
        with pytest.raises(Crash):
            yield


# base.json, dataset.json, the line, items.parquet, dataset.json
@pytest.mark.parametrize(("nth", "is_done"), [(1, False), (2, False), (3, False), (4, True), (5, True)])
@pytest.mark.parametrize("read_first", [True, False], ids=["read", "edited"])
def test_a_crash_in_the_first_edit_leaves_the_dataset_as_it_was_or_the_edit_done(dataset, nth, is_done, read_first):
    before = truth(dataset)
    with crashing(nth):
        apply(dataset, Exclude(shas=(sha_of("0"),)))
    if read_first:
        assert len(dataset.items()) == (5 if is_done else 6)
        assert dataset.info.version == (2 if is_done else 1)
        assert (truth(dataset) == before) == (not is_done)
    apply(dataset, Exclude(shas=(sha_of("1"),)))
    assert len(dataset.items()) == (4 if is_done else 5)
    while undo(dataset):
        pass
    assert truth(dataset) == before


# items and triage of the addition, base.json, dataset.json, the line, items.parquet, dataset.json
@pytest.mark.parametrize(("nth", "is_done"), [(n, n > 5) for n in range(1, 8)])
def test_a_crash_in_an_addition_leaves_the_dataset_as_it_was_or_the_pictures_added(dataset, workspace, nth, is_done):
    before = truth(dataset)
    with crashing(nth):
        add(workspace, dataset, ("new", "d"))
    assert (dataset.info.version, len(dataset.items()), len(dataset.triage())) == ((2, 7, 7) if is_done else (1, 6, 6))
    if not is_done:
        assert truth(dataset) == before
        add(workspace, dataset, ("new", "d"))
    assert dataset.counts() == {"a": 2, "b": 2, "c": 2, "d": 1}
    assert dataset.info.classes == ("a", "b", "c", "d")


def test_a_crash_in_an_undo_is_finished_by_whoever_reads_next(dataset):
    before = truth(dataset)
    apply(dataset, Exclude(shas=(sha_of("0"),)))
    with crashing(2):
        undo(dataset)
    assert dataset.counts() == {"a": 2, "b": 2, "c": 2}
    assert truth(dataset) == before
    assert redo(dataset).version == 4


def test_a_torn_line_never_was(dataset):
    apply(dataset, Exclude(shas=(sha_of("0"),)))
    before, log = truth(dataset), dataset.path / "edits.jsonl"
    with log.open("ab") as stream:
        stream.write(log.read_bytes()[:60])
    assert truth(dataset) == before
    assert len(history(dataset)) == 2
    apply(dataset, Exclude(shas=(sha_of("1"),)))
    assert [json.loads(line)["version"] for line in log.read_text().splitlines()] == [2, 3]
    assert len(dataset.items()) == 4


@pytest.mark.parametrize("damage", [b"not json\n", b'{"version": 3, "change": {"kind": "paint"}}\n'])
def test_a_line_that_cannot_be_read_is_a_sentence(dataset, damage):
    apply(dataset, Exclude(shas=(sha_of("0"),)))
    with (dataset.path / "edits.jsonl").open("ab") as stream:
        stream.write(damage)
    with pytest.raises(WorkspaceError, match="restore the file"):
        dataset.items()


def test_a_history_whose_beginning_is_lost_is_a_sentence(dataset):
    apply(dataset, Exclude(shas=(sha_of("0"),)))
    log = dataset.path / "edits.jsonl"
    log.write_bytes(log.read_bytes() * 2)
    (dataset.path / "base.json").unlink()
    with pytest.raises(WorkspaceError, match=r"base\.json and base\.parquet"):
        dataset.items()


def test_a_history_that_is_lost_keeps_the_pictures_readable(dataset):
    apply(dataset, Exclude(shas=(sha_of("0"),)))
    (dataset.path / "edits.jsonl").unlink()
    assert len(dataset.items()) == 5


# === Datasets of an older Graft ===


def test_a_dataset_with_additions_of_an_older_graft_goes_on(dataset):
    old = {"schema_version": 1, "kind": "add", "version": 2, "added": [{"sha256": "x", "label": "a"}], "removed": []}
    (dataset.path / "edits.jsonl").write_text(json.dumps(old) + "\n" + '{"torn": ')
    known = json.loads((dataset.path / "dataset.json").read_text())
    for new in ("colours", "additions", "edits_bytes"):
        del known[new]
    write_json(dataset.path / "dataset.json", known | {"version": 2})
    before = truth(dataset) | {"colours": {}, "additions": []}

    assert [(entry.version, entry.says) for entry in history(dataset)] == [
        (2, "Took in the first pictures, and more in 1 addition that cannot be undone.")
    ]
    assert undo(dataset) is None
    assert apply(dataset, Exclude(shas=(sha_of("0"),))).version == 3
    assert dataset.counts() == {"a": 1, "b": 2, "c": 2}
    with pytest.raises(DataError, match="2 to 3"):
        at_version(dataset, 1)
    assert undo(dataset).version == 4
    assert truth(dataset) == before
    assert [entry.version for entry in history(dataset)] == [2, 3, 4]
    lines = (dataset.path / "edits.jsonl").read_text().splitlines()
    assert [json.loads(line)["version"] for line in lines] == [2, 3, 4]


# === Several at once ===


def test_two_threads_never_lose_an_edit(dataset):
    def edit(name: str) -> None:
        for number in range(8):
            apply(Dataset(dataset.path), Relabel(labels={sha_of(name): f"{name} {number}"}))

    threads = [threading.Thread(target=edit, args=(name,)) for name in ("0", "1")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dataset.info.version == 17
    assert [entry.version for entry in history(dataset)] == list(range(1, 18))
    assert {"0 7", "1 7"} <= set(dataset.info.classes)


def test_renaming_the_dataset_while_it_is_edited_loses_neither(dataset):
    thread = threading.Thread(
        target=lambda: [apply(dataset, Relabel(labels={sha_of("0"): f"new {number}"})) for number in range(10)]
    )
    thread.start()
    for number in range(10):
        dataset.rename(f"called {number}")
    thread.join()
    assert (dataset.info.name, dataset.info.version) == ("called 9", 11)


@pytest.mark.slow
def test_two_processes_never_lose_an_edit_also_when_they_are_killed(dataset):
    command = [sys.executable, "-m", "tests.data.edited", str(dataset.path)]
    editors = {
        name: subprocess.Popen([*command, name], cwd=ROOT, stdout=subprocess.PIPE, text=True) for name in ("0", "1")
    }
    said = {}
    for editor in editors.values():
        for _ in range(8):  # both are at it
            editor.stdout.readline()
    for name, editor in editors.items():
        editor.send_signal(signal.SIGKILL)
        said[name] = 7 + len([line for line in editor.communicate()[0].splitlines() if line])
    found = [entry.change.labels for entry in history(dataset)[1:]]
    for name, last in said.items():
        made = [labels[sha_of(name)] for labels in found if sha_of(name) in labels]
        # The last one may have been written down and not yet told.
        assert made in ([f"{name} {number}" for number in range(end + 1)] for end in (last, last + 1))
    assert dataset.info.version == 1 + len(found)
    assert dataset.all_items().equals(at_version(dataset, dataset.info.version))
    assert not list(dataset.path.glob(".items.parquet.*"))


# === Many pictures ===


@pytest.mark.slow
def test_an_edit_of_100_000_pictures_is_instant(workspace):
    dataset = make_dataset(workspace, 100_000)
    everything = dataset.items()["sha256"].tolist()

    def seconds(work) -> float:
        started = time.process_time()  # whatever else the machine does is no fault
        work()
        return time.process_time() - started

    apply(dataset, Exclude(shas=(everything[0],)))
    half = dict.fromkeys(everything[:50_000], "new")
    assert seconds(lambda: apply(dataset, Relabel(labels=half))) < 1.0
    taken = {
        "one picture": seconds(lambda: apply(dataset, Relabel(labels={everything[1]: "c"}))),
        "a merge": seconds(lambda: apply(dataset, MergeClasses(classes=("b", "new"), into="b"))),
        "an undo": seconds(lambda: undo(dataset)),
        "a redo": seconds(lambda: redo(dataset)),
        "the history": seconds(lambda: history(dataset)),
        "before and after": seconds(lambda: compare(dataset, 1, 2)),
    }
    assert max(taken.values()) < 0.5, taken
