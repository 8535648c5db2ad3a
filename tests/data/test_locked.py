"""The split of a dataset: drawn once, kept through whatever happens to the pictures, groups on one side."""

from __future__ import annotations

import itertools
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.edited import add, make_dataset, sha_of
from tlcore.data.dataset import Dataset
from tlcore.data.edits.operations import apply, redo, undo
from tlcore.data.edits.types import Delete, Exclude, Group, Relabel, Restore
from tlcore.data.split.file import read_draw
from tlcore.data.split.locked import cost_of_drawing_anew, draw_parts, parts_for_run, read_parts, regroup
from tlcore.data.test_usage import count_look, flattery, read_looks, sentence
from tlcore.errors import DataError, WorkspaceError
from tlcore.workspace import Workspace

USUAL = {"train": 0.7, "val": 0.15, "test": 0.15}
CHANGES = ("add", "exclude", "delete", "restore", "relabel", "undo", "redo", "other run", "group new")


@pytest.fixture
def dataset(workspace) -> Dataset:
    return make_dataset(workspace, 60)


def sides(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["sha256"], table["split"], strict=True))


def checked(dataset: Dataset, *clusters: list[str]) -> None:
    """Write what the health check would, had it found these near-copies."""
    folder = dataset.path / "health"
    folder.mkdir(exist_ok=True)
    found = [(sha, number) for number, shas in enumerate(clusters) for sha in shas]
    pd.DataFrame(found, columns=["sha256", "cluster"]).to_parquet(folder / "clusters.parquet")
    dataset.items()[["sha256"]].to_parquet(folder / "pictures.parquet")
    (folder / "check.json").write_text("{}")


@pytest.mark.slow
@settings(max_examples=6)
@given(seed=st.integers(0, 3), changes=st.lists(st.sampled_from(CHANGES), min_size=2, max_size=8), chance=st.randoms())
def test_no_picture_changes_sides_through_any_sequence_of_additions_and_edits(seed, changes, chance):
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        dataset, names = make_dataset(workspace, 24), itertools.count(1000)
        ever = sides(parts_for_run(dataset, **USUAL, seed=seed).table)
        for change in changes:
            some = [str(sha) for sha in chance.sample(sorted(dataset.items()["sha256"]), 3)]
            try:
                match change:
                    case "add":
                        add(workspace, dataset, *((str(next(names)), chance.choice("abc")) for _ in range(3)))
                    case "group new":  # a burst, half of it of a class that is new
                        new = [str(next(names)) for _ in range(4)]
                        add(workspace, dataset, *zip(new, "aadd", strict=True))
                        apply(dataset, Group(groups={sha_of(name): f"burst {new[0]}" for name in new}))
                    case "exclude":
                        apply(dataset, Exclude(shas=tuple(some)))
                    case "delete":
                        apply(dataset, Delete(shas=tuple(some)))
                    case "restore":
                        away = dataset.all_items().query("state != ''")["sha256"]
                        apply(dataset, Restore(shas=tuple(away)))
                    case "relabel":
                        apply(dataset, Relabel(labels=dict.fromkeys(some, chance.choice("abcd"))))
                    case "undo":
                        undo(dataset)
                    case "redo":
                        redo(dataset)
                    case _:
                        other = parts_for_run(dataset, train=0.5, val=0.3, test=0.2, seed=seed + 1)
                        tests = {sha for sha, part in sides(other.table).items() if part == "test"}
                        assert tests == {sha for sha in sides(other.table) if ever.get(sha) == "test"} | (
                            tests - set(ever)
                        )
            except DataError:
                continue  # such as nothing to restore
            parts = read_parts(dataset)
            assert parts is not None
            now = sides(parts.table)
            assert all(ever.setdefault(sha, part) == part for sha, part in now.items())
            assert set(now.values()) <= {"train", "val", "test"}
            grouped = parts.table[parts.table["group"] != ""]
            assert (grouped.groupby("group")["split"].nunique() <= 1).all()


def test_a_restored_picture_returns_to_its_part(dataset):
    before = sides(draw_parts(dataset).table)
    (away,) = {sha for sha, part in before.items() if part == "test"} & {sha_of(str(n)) for n in range(60)} - set(
        sorted(sha for sha, part in before.items() if part == "test")[1:]
    )
    apply(dataset, Exclude(shas=(away,)))
    assert away not in sides(read_parts(dataset).table)
    apply(dataset, Restore(shas=(away,)))
    assert sides(read_parts(dataset).table) == before


def test_another_seed_keeps_the_test_part_and_deals_the_others_anew(dataset):
    first = parts_for_run(dataset, **USUAL, seed=0)
    again = parts_for_run(dataset, **USUAL, seed=0)
    other = parts_for_run(dataset, **USUAL, seed=1)
    assert sides(first.table) == sides(again.table)
    tests = [set(parts.table.loc[parts.table["split"] == "test", "sha256"]) for parts in (first, other)]
    assert tests[0] == tests[1]
    assert sides(first.table) != sides(other.table)
    assert (other.table["split"].value_counts() == first.table["split"].value_counts()).all()
    assert any("The test set stays as it was drawn" in note for note in other.notes)
    assert not any("stays as it was drawn" in note for note in again.notes)


def test_the_shares_of_a_later_run_divide_what_is_not_for_the_test(dataset):
    parts_for_run(dataset, **USUAL, seed=0)
    later = parts_for_run(dataset, train=0.4, val=0.2, test=0.4, seed=0).table["split"].value_counts()
    assert later.to_dict() == {"train": 33, "val": 18, "test": 9}


def test_a_trial_of_which_nothing_is_kept_locks_nothing(dataset):
    trial = parts_for_run(dataset, **USUAL, seed=0, keep=False)
    assert read_draw(dataset) is None
    assert sides(parts_for_run(dataset, **USUAL, seed=0).table) == sides(trial.table)


def test_two_first_runs_at_once_have_one_test_part(dataset):
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda seed: parts_for_run(dataset, **USUAL, seed=seed), range(4)))
    assert len({frozenset(parts.table.loc[parts.table["split"] == "test", "sha256"]) for parts in drawn}) == 1


def test_additions_fill_up_the_shares_of_their_class(workspace, dataset):
    draw_parts(dataset)
    for number in range(0, 20, 4):
        add(workspace, dataset, *((f"new {number + more}", "a") for more in range(4)))
        read_parts(dataset)
    counts = read_parts(dataset).counts(("a", "b"))
    assert counts == {"a": {"train": 28, "val": 6, "test": 6}, "b": {"train": 14, "val": 3, "test": 3}}


def test_a_new_picture_joins_the_part_where_its_near_copy_is(workspace, dataset):
    before = sides(draw_parts(dataset).table)
    for part in ("train", "val", "test"):
        old = next(sha for sha, side in before.items() if side == part)
        add(workspace, dataset, (f"copy in {part}", "b"))
        checked(dataset, [old, sha_of(f"copy in {part}")])
        assert sides(read_parts(dataset).table)[sha_of(f"copy in {part}")] == part


def test_near_copies_that_are_found_later_are_left_out_of_training(dataset):
    before = draw_parts(dataset)
    tests = [sha for sha, part in sides(before.table).items() if part == "test"]
    train = [sha for sha, part in sides(before.table).items() if part == "train"]
    checked(dataset, [tests[0], train[0], train[1]], [train[2], train[3]])
    for seed in (0, 5):
        parts = parts_for_run(dataset, **USUAL, seed=seed)
        now = sides(parts.table)
        assert {sha for sha, part in now.items() if part == ""} == set(train[:2])
        assert {sha for sha, part in now.items() if part == "test"} == set(tests)
        assert now[train[2]] == now[train[3]]
        assert any(note.startswith("2 pictures are left out") for note in parts.notes)
    anew = draw_parts(dataset, seed=1)
    assert anew.left_out == 0
    assert (anew.table[anew.table["group"] != ""].groupby("group")["split"].nunique() == 1).all()


def test_it_is_said_where_near_copies_have_not_been_looked_for(workspace, dataset):
    assert not draw_parts(dataset).looked_for_copies
    checked(dataset)
    assert read_parts(dataset).looked_for_copies
    add(workspace, dataset, ("late", "a"))
    parts = read_parts(dataset)
    assert not parts.looked_for_copies
    assert any("1 picture that was added since the last check" in note for note in parts.notes)


def test_a_new_draw_is_another_one_and_old_looks_do_not_count_for_it(dataset):
    first = draw_parts(dataset)
    for _ in range(2):
        count_look(dataset, "run", read_draw(dataset).draw)
    assert "used 2 times" in cost_of_drawing_anew(dataset)
    second = draw_parts(dataset, seed=1)
    assert (first.draw.draw, second.draw.draw) == (1, 2)
    assert sides(first.table) != sides(second.table)
    assert read_looks(dataset, 2) == ()
    assert len(read_looks(dataset)) == 2


def test_other_groups_are_taken_only_where_the_test_part_can_stay(dataset):
    drawn = sides(draw_parts(dataset).table)
    train = [sha for sha, part in drawn.items() if part == "train"]
    apply(dataset, Group(groups=dict.fromkeys(train[:5], "one")))
    _, straddling = regroup(dataset, ())
    assert straddling == 0
    assert read_draw(dataset).grouping == ()
    _, straddling = regroup(dataset, ("folder:1",))
    assert straddling > 0
    assert read_draw(dataset).grouping == ()
    assert sides(read_parts(dataset).table) == drawn


def test_groups_too_few_for_three_parts_are_refused_and_nothing_is_kept(dataset):
    with pytest.raises(DataError, match="in 3 groups"):
        draw_parts(dataset, grouping=("folder:1",))
    assert read_draw(dataset) is None
    with pytest.raises(WorkspaceError, match="None have been drawn"):
        regroup(dataset, ())


def test_a_given_test_part_stays_and_what_belongs_to_it_is_left_out(dataset):
    table = pd.read_parquet(dataset.path / "items.parquet")
    table["split"] = ["test"] * 12 + ["train"] * 48
    table.to_parquet(dataset.path / "items.parquet")
    checked(dataset, list(table["sha256"][[0, 20, 21]]))
    for seed in (0, 1):
        parts = parts_for_run(dataset, **USUAL, seed=seed)
        now = sides(parts.table)
        assert {sha for sha, part in now.items() if part == "test"} == set(table["sha256"][:12])
        assert {sha for sha, part in now.items() if part == ""} == set(table["sha256"][[20, 21]])
    assert read_draw(dataset).given == ("test",)


def test_a_damaged_file_is_told_and_not_drawn_over(dataset):
    draw_parts(dataset)
    (dataset.path / "parts.parquet").write_bytes(b"torn")
    with pytest.raises(WorkspaceError, match="could not be read"):
        parts_for_run(dataset, **USUAL, seed=0)


def test_what_looks_mean():
    assert "not been used yet" in sentence(0)
    assert "once" in sentence(1)
    assert "14 times: trust it less." in sentence(14)
    # The best of 14 equal runs at 90 % of 100 pictures: sqrt(2 ln 14) · 3 points.
    assert flattery(14, accuracy=0.9, items=100) == pytest.approx(2.297 * 0.03, rel=1e-3)
    assert "6.9 points" in sentence(14, accuracy=0.9, items=100)
    assert flattery(1, accuracy=0.5, items=10) == 0
