"""Names of dropped files: they come from a browser, and become paths."""

from __future__ import annotations

import os
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pages.components.shell.upload import FORGOTTEN_SECONDS, safe_parts, sweep


@given(st.text(max_size=400))
def test_no_name_leaves_its_folder(name):
    root = Path("/staging")
    path = root.joinpath(*safe_parts(name))
    assert Path(os.path.normpath(path)).is_relative_to(root)
    assert path != root


@given(st.text(max_size=400))
def test_every_part_of_a_name_fits_a_file_system(name):
    for part in safe_parts(name):
        assert 0 < len(part.encode(errors="surrogatepass")) <= 255
        assert "\0" not in part


def test_folders_stay_folders():
    assert safe_parts("pets/cat/1.jpg") == ("pets", "cat", "1.jpg")
    assert safe_parts("pets\\cat\\1.jpg") == ("pets", "cat", "1.jpg")
    assert safe_parts("../../etc/passwd") == ("etc", "passwd")
    assert safe_parts("") == ("unnamed",)


def test_what_a_closed_tab_left_lying_is_swept_after_a_day(workspace):
    old, new = workspace.root / "staging" / "old", workspace.root / "staging" / "new"
    for folder in (old, new):
        folder.mkdir(parents=True)
    past = time.time() - FORGOTTEN_SECONDS - 60
    os.utime(old, (past, past))
    sweep(workspace)
    assert not old.exists()
    assert new.exists()
