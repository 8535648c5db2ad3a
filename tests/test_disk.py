"""Sizes in words, figures of room that add up, and faults of the disk as sentences."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlcore import disk
from tlcore.errors import DataError, WorkspaceError
from tlcore.files import append_line, write_bytes

UNITS = {"bytes": 0, "byte": 0, "kB": 3, "MB": 6, "GB": 9, "TB": 12}


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1 kB"),
        (812_400, "812 kB"),
        (999_999, "1 MB"),
        (8_370_000, "8.4 MB"),
        (20_000_000, "20 MB"),
        (99_700_000, "100 MB"),
        (999_700_000, "1 GB"),
        (1.23e12, "1.2 TB"),
    ],
)
def test_a_size_has_a_unit_that_a_person_reads(count, said):
    assert disk.size(count) == said


def figures(text: str) -> list[float]:
    return [float(number) * 10 ** UNITS[unit] for number, unit in re.findall(r"([\d.]+) (bytes?|[kMGT]B)", text)]


@given(
    st.dictionaries(st.sampled_from(["for a", "for b", "for c"]), st.integers(0, 10**14), min_size=1),
    st.integers(0, 10**14),
)
def test_what_is_needed_is_the_sum_of_its_parts_and_more_than_is_free(parts, free):
    said = disk.lack("It needs", parts, place=Path("there"), free=free)
    if free >= sum(parts.values()) + disk.RESERVE_BYTES:
        assert said == ""
        return
    needed, *each, left = figures(said)
    assert needed == pytest.approx(sum(each), rel=1e-12)
    assert len(each) == sum(count > 0 for count in parts.values()) + 1
    assert left <= free < needed
    assert needed <= 1.05 * (sum(parts.values()) + disk.RESERVE_BYTES)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "Make room there"),
        (errno.EDQUOT, "the quota is used up"),
        (errno.EROFS, "mounted read-only"),
        (errno.EACCES, "Change the rights"),
        (errno.EPERM, "Change the rights"),
        (errno.ENAMETOOLONG, "A shorter path"),
        (errno.ENOTDIR, "in the way"),
        (errno.EISDIR, "in the way"),
        (errno.EEXIST, "in the way"),
        (errno.EIO, "Look at the disk"),
        (errno.EFBIG, "Look at the disk"),
        (errno.EMFILE, "ulimit -n"),
        (errno.ENOENT, "moved or deleted"),
    ],
)
def test_a_fault_of_the_disk_says_what_to_do_and_where(number, words, tmp_path):
    path = tmp_path / "run" / "model.onnx"
    said = str(disk.fault_of(OSError(number, os.strerror(number), str(path)), place=tmp_path))
    assert words in said
    assert str(path) in said
    assert str(tmp_path) in str(disk.fault_of(OSError(number, os.strerror(number)), place=tmp_path))
    assert disk.fault_of(OSError(number, os.strerror(number))) is not None


def test_a_person_is_not_told_the_names_of_hidden_files_of_ours(tmp_path):
    error = OSError(errno.EROFS, "no", str(tmp_path / ".intake-1" / ".items.parquet.abc"))
    assert "intake" not in str(disk.fault_of(error))
    assert str(tmp_path) in str(disk.fault_of(error))


def test_a_path_that_is_too_long_to_be_looked_at_is_shown_in_part(tmp_path):
    with pytest.raises(OSError, match="too long") as caught:
        write_bytes(tmp_path / ("x" * 300), b"")
    said = str(disk.fault_of(caught.value, place=tmp_path / ("y" * 3000)))
    assert "A shorter path is needed" in said
    assert len(said) < 1000


def test_bugs_and_faults_of_the_network_stay_what_they_are():
    for error in (ValueError("x"), OSError("x"), ConnectionResetError(errno.ECONNRESET, "x"), TimeoutError("x")):
        assert disk.fault_of(error) is None
    wrapped = ValueError("x")
    wrapped.__cause__ = DataError("a sentence of its own")
    wrapped.__cause__.__cause__ = OSError(errno.ENOSPC, "full")
    assert disk.fault_of(wrapped) is None
    bug = KeyError("met where a missing file was handled")
    bug.__context__ = FileNotFoundError(errno.ENOENT, "x")
    assert disk.fault_of(bug) is None


def test_a_full_disk_that_a_library_met_is_found_among_the_causes():
    wrapped = RuntimeError("it failed")
    wrapped.__cause__ = OSError("[Errno 28] Unable to write (errno = 28, error message = 'No space left on device')")
    assert "Make room" in str(disk.fault_of(wrapped))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_disk_that_is_full_in_the_middle_of_a_write_is_said(tmp_path):
    full = tmp_path / "full.npy"
    full.symlink_to("/dev/full")
    for write in (
        lambda: append_line(Path("/dev/full"), "x"),
        lambda: pd.DataFrame({"a": [1]}).to_parquet("/dev/full"),
        lambda: np.save(full, np.zeros(100_000)),
    ):
        with pytest.raises(WorkspaceError, match="Room on the disk is needed"), disk.writing(Path("/dev/full")):
            write()


def test_a_file_that_may_not_grow_further_is_a_sentence_and_leaves_nothing(tmp_path):
    """As where a limit of the system cuts a write short."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(WorkspaceError, match="has to be read or written"), disk.writing(tmp_path):
            write_bytes(tmp_path / "large", bytes(50_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["~", "~nobody-is-called-so", "~/x", "a~b", "~a [1] %"])
def test_a_tilde_is_somebodys_home_or_part_of_a_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert disk.expanded(Path(name)) == Path(name.replace("~", "/home/me") if name in {"~", "~/x"} else name)
    if "/" not in name:
        Path(name).mkdir()
        assert disk.expanded(Path(name)) == Path(name)


def test_only_a_place_that_cannot_be_written_is_done_without():
    with disk.keeping():
        raise OSError(errno.EROFS, "read-only")
    with pytest.raises(FileNotFoundError), disk.keeping():
        raise FileNotFoundError(errno.ENOENT, "a bug")
