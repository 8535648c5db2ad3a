"""Where things are, and names that are safe in a path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlcore.errors import WorkspaceError
from tlcore.workspace import Workspace, fresh_id, slug


def test_the_workspace_is_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAFT_HOME", str(tmp_path / "home"))
    workspace = Workspace.default()
    assert workspace.root == tmp_path / "home"
    assert workspace.runs.is_dir()


def test_a_workspace_that_cannot_be_made_says_what_to_set(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GRAFT_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(WorkspaceError, match="Set GRAFT_HOME"):
        Workspace.default()


@given(st.text())
def test_a_slug_is_one_path_part_of_any_script(text):
    part = slug(text)
    assert part
    assert Path(part).name == part
    assert part not in {".", ".."}
    assert os.sep not in part
    assert "\0" not in part


def test_ids_keep_the_name_in_its_own_script():
    assert "-жёлтые-розы-" in fresh_id("Жёлтые розы!")
