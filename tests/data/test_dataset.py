from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.data.conftest import write_classes, write_picture
from tlcore.data.dataset import DatasetInfo, broken_datasets, fingerprint, list_datasets, open_dataset
from tlcore.errors import DataError, ItemError, WorkspaceError


@pytest.fixture
def dataset(tmp_path, take_in):
    return take_in(write_classes(tmp_path / "pets", "cats", "dogs")).dataset


def test_a_dataset_is_found_by_its_id_and_by_its_name(workspace, dataset):
    assert open_dataset(workspace, dataset.id) == dataset
    assert open_dataset(workspace, "pets") == dataset
    with pytest.raises(DataError, match=r"'birds' is not one\. There is: 'pets'"):
        open_dataset(workspace, "birds")


def test_of_equal_names_the_newest_is_found(tmp_path, take_in, workspace, dataset):
    import time

    time.sleep(1.1)  # ids sort by the second
    newer = take_in(tmp_path / "pets", name="pets").dataset
    assert open_dataset(workspace, "pets") == newer
    assert list_datasets(workspace) == [newer, dataset]


def test_a_dataset_can_be_renamed_and_keeps_its_place(workspace, dataset):
    dataset.rename(" Haustiere 🐈 ")
    assert dataset.info.name == "Haustiere 🐈"
    assert open_dataset(workspace, "Haustiere 🐈") == dataset
    with pytest.raises(DataError, match="needs a name"):
        dataset.rename("  ")


def test_a_deleted_dataset_is_gone(workspace, dataset):
    dataset.delete()
    assert list_datasets(workspace) == []
    assert not dataset.path.exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: (path / "dataset.json").unlink(),
        lambda path: (path / "dataset.json").write_text("{"),
        lambda path: (path / "dataset.json").write_text('{"id": 1}'),
        lambda path: (path / "items.parquet").unlink(),
        lambda path: (path / "dataset.json").write_bytes(b"\xff\xfe"),
    ],
    ids=["no info", "torn info", "other schema", "no items", "bytes"],
)
def test_a_damaged_dataset_is_named_and_hides_no_other(tmp_path, take_in, workspace, dataset, damage):
    other = take_in(write_classes(tmp_path / "birds", "gulls", "owls")).dataset
    damage(dataset.path)
    assert list_datasets(workspace) == [other]
    ((id_, sentence),) = broken_datasets(workspace)
    assert id_ == dataset.id
    assert sentence.endswith(".")
    with pytest.raises(DataError):
        open_dataset(workspace, dataset.id)


def test_a_damaged_table_is_a_sentence(dataset):
    (dataset.path / "items.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(WorkspaceError, match=r"items\.parquet"):
        dataset.items()


def test_a_thumbnail_is_small_upright_and_made_once(tmp_path, take_in):
    write_picture(tmp_path / "p" / "a" / "large.jpg", size=(1200, 600))
    dataset = take_in(tmp_path / "p").dataset
    file = dataset.items()["file"][0]
    first = dataset.thumbnail(file, side=100)
    with Image.open(BytesIO(first)) as thumbnail:
        assert thumbnail.size == (100, 50)
        assert thumbnail.format == "JPEG"
    dataset.image_path(file).unlink()
    assert dataset.thumbnail(file, side=100) == first
    with pytest.raises(ItemError, match="can no longer be read"):
        dataset.thumbnail(file, side=50)


def test_the_fingerprint_follows_bytes_and_labels_only(dataset):
    items = dataset.items()
    same = items.sample(frac=1, random_state=1).assign(split="test", source="elsewhere")
    assert fingerprint(same) == dataset.info.fingerprint
    assert fingerprint(items.assign(label="one")) != dataset.info.fingerprint
    assert fingerprint(items.head(3)) != dataset.info.fingerprint


@given(
    st.builds(
        DatasetInfo,
        id=st.text(),
        name=st.text(),
        classes=st.lists(st.text()).map(tuple),
        version=st.integers(1, 9),
        fingerprint=st.text(),
        notes=st.lists(st.text()).map(tuple),
    )
)
def test_the_schema_round_trips(info):
    assert DatasetInfo.model_validate_json(info.model_dump_json()) == info
