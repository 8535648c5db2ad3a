"""Where items come from: a zip, a folder, single files, a path on this machine, the sample.

Dropped bytes go to the disk at once and the uploader is emptied: the server does not keep them in memory. It knows
files and names; what is in them is `tlcore.data`'s to find out.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.components.shell import formats
from tlcore.disk import expanded
from tlcore.errors import DataError
from tlcore.files import remove_tree
from tlcore.modalities import FILE_TYPES, NOUN
from tlcore.workspace import Workspace

LOCAL_ADDRESSES = {"localhost", "127.0.0.1", "::1"}
FORGOTTEN_SECONDS = 24 * 3600
LONGEST_NAME = 120
AS_THEY_ARE = (".zip", ".keras")  # what is taken as one file; items go into a folder

# Streamlit sends the path of a file in a chosen folder, but not of one in a dropped folder: there it stands in `path`.
# Without it, the folders, and so the classes, would be lost.
KEEP_FOLDERS = """
<script>
(() => {
  const native = Object.getOwnPropertyDescriptor(File.prototype, "webkitRelativePath");
  if (native.get.keepsFolders) return;
  const get = function () {
    const path = native.get.call(this) || this.path || "";
    return path.startsWith("/") ? path.slice(1) : path.startsWith("./") ? "" : path;
  };
  get.keepsFolders = true;
  Object.defineProperty(File.prototype, "webkitRelativePath", { ...native, get });
})();
</script>
"""


ITEMS = NOUN.many.capitalize()
# What each way in says of itself: for items with labels, and for those that are to get some.
LABELLED = {
    "Zip": "Drop one archive with a folder for each class. Labels in a CSV and train/val/test folders work too.",
    "Folder": f"Drop a folder that has a subfolder for each class. Files that are not {NOUN.many} are listed.",
    ITEMS: f"Drop {NOUN.many} of one class; you name the class next. {FILE_TYPES}.",
}
UNLABELLED = {
    "Zip": f"Drop one archive of {NOUN.many}. Its folders and tables are not read as labels: you label the {NOUN.many} "
    "in the next step.",
    "Folder": f"Drop a folder of {NOUN.many}. Folder names are not read as labels: you label the {NOUN.many} next.",
    ITEMS: f"Drop {NOUN.many} of any kind: you label them in the next step. {FILE_TYPES}.",
}


@dataclass(frozen=True)
class Source:
    """What a person gave: a zip or a folder; `staged` marks a copy of ours that goes when it has been taken in.

    `path` is None for the sample, which comes with a package.
    """

    path: Path | None
    name: str
    staged: bool = False

    def discard(self) -> None:
        if self.staged and self.path is not None:
            remove_tree(self.path.parent)


def local_folders_allowed() -> bool:
    """A path may be typed only by somebody at this machine, and only while nobody has switched it off."""
    return os.environ.get("GRAFT_LOCAL_FOLDERS", "1") != "0" and st.get_option("server.address") in LOCAL_ADDRESSES


def choose(
    workspace: Workspace, key: str, *, with_sample: bool, captions: Mapping[str, str] = LABELLED
) -> Source | None:
    """Show the ways in; return what was given, once."""
    ways = {"Zip": True, "Folder": True, ITEMS: True, "Path": local_folders_allowed(), "Sample": with_sample}
    titles = [title for title, shown in ways.items() if shown]
    tabs = dict(zip(titles, st.tabs(titles), strict=True))
    st.html(KEEP_FOLDERS, unsafe_allow_javascript=True)
    with tabs["Zip"]:
        st.caption(captions["Zip"])
        if source := _dropped(workspace, "Zip archive", f"{key}-zip", multiple=False, type="zip"):
            return source
    with tabs["Folder"]:
        st.caption(captions["Folder"])
        if source := _dropped(workspace, f"Folder of {NOUN.many}", f"{key}-folder", multiple="directory"):
            return source
    with tabs[ITEMS]:
        st.caption(captions[ITEMS])
        if source := _dropped(workspace, f"Single {NOUN.many}", f"{key}-files", multiple=True):
            return source
    if "Path" in tabs:
        with tabs["Path"], st.form(f"{key}-path", border=False):
            st.caption(
                "A folder, a zip or a Parquet file on this machine. Nothing is uploaded, so this suits large datasets."
            )
            typed = st.text_input("Path", placeholder=f"/home/me/{NOUN.many}", autocomplete="off")
            if st.form_submit_button("Import", icon=":material/drive_folder_upload:") and typed.strip():
                return _local(typed)
    if "Sample" in tabs:
        with tabs["Sample"]:
            st.caption(
                "2,000 photographs of woven textile from a published paper, in three classes. Train a first model in "
                "minutes."
            )
            if st.button("Open the sample", icon=":material/texture:", key=f"{key}-sample"):
                return Source(None, "the sample")
    return None


def one_file(workspace: Workspace, key: str, label: str = "Zip archive", suffix: str = ".zip") -> Source | None:
    """Show one way in, for a single file of a kind; return it, once."""
    return _dropped(workspace, label, key, multiple=False, type=suffix.removeprefix("."))


def sweep(workspace: Workspace) -> None:
    """Remove what was dropped and then left lying by a tab that was closed."""
    for folder in _staging(workspace).glob("*"):
        if time.time() - folder.stat().st_mtime > FORGOTTEN_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def safe_parts(name: str) -> tuple[str, ...]:
    """The parts of a dropped file's path that may become folders of ours: nothing that climbs, hides or overflows."""
    parts = (re.sub(r"[\x00-\x1f:]", "_", part).strip() for part in PurePosixPath(name.replace("\\", "/")).parts)
    kept = [part for part in parts if part not in {"", "/", ".", ".."}]
    return tuple(_shortened(part) for part in kept) or ("unnamed",)


def _shortened(part: str) -> str:
    suffix = PurePosixPath(part).suffix[:12]
    return part if len(part.encode()) <= LONGEST_NAME else part[: LONGEST_NAME // 4] + suffix


def _local(typed: str) -> Source:
    path = expanded(Path(typed.strip().strip("'\"")))
    if not path.exists():
        raise DataError(f"A folder or a zip on this machine is needed. There is nothing at '{path}'. Check the path.")
    return Source(path.resolve(), path.stem if path.is_file() else path.name)


def _dropped(workspace: Workspace, label: str, key: str, **options: Any) -> Source | None:
    # The key changes when the bytes are on the disk: that empties the uploader.
    turn = f"{key}-turn"
    st.session_state.setdefault(turn, 0)
    multiple = options.pop("multiple")
    given = st.file_uploader(
        label,
        accept_multiple_files=multiple,
        key=f"{key}-{st.session_state[turn]}",
        label_visibility="collapsed",
        **options,
    )
    if not given:
        return None
    st.session_state[turn] += 1
    uploads = given if isinstance(given, list) else [given]
    try:
        return _stage(workspace, uploads, folders=multiple == "directory")
    finally:
        for upload in uploads:
            _let_go(upload)


def _stage(workspace: Workspace, uploads: Sequence[Any], *, folders: bool) -> Source:
    home = _staging(workspace) / secrets.token_hex(8)
    names = [safe_parts(upload.name) for upload in uploads]
    if folders and all(len(parts) == 1 for parts in names):
        raise DataError(
            f"A folder with a subfolder for each class is needed. {formats.plural(len(names), 'file')} came without "
            f"their folders. Press Upload and choose the folder, or use a zip. {ITEMS} of one class go under {ITEMS}."
        )
    alone = len(uploads) == 1 and names[0][-1].lower().endswith(AS_THEY_ARE)
    wrapped = all(len(parts) > 1 for parts in names) and len({parts[0] for parts in names}) == 1
    title = Path(names[0][-1]).stem if alone else names[0][0] if wrapped else NOUN.many
    folder = home / title
    bar = st.progress(0.0, text=f"Writing {formats.plural(len(uploads), 'file')} to the disk …")
    try:
        for done, (upload, parts) in enumerate(zip(uploads, names, strict=True), 1):
            path = home / parts[-1] if alone else _free(folder.joinpath(*(parts[1:] if wrapped else parts)))
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as stream:
                shutil.copyfileobj(upload, stream)
            _let_go(upload)
            if done % 50 == 0:
                bar.progress(done / len(uploads), text=f"Written {done} of {formats.plural(len(uploads), 'file')}")
    except OSError as error:
        remove_tree(home)
        raise DataError(
            f"The dropped files could not be written to {home.parent}: {error.strerror}. Free some space."
        ) from error
    finally:
        bar.empty()
    return Source(home / names[0][-1] if alone else folder, title, staged=True)


def _let_go(upload: Any) -> None:
    """Take the bytes out of the server's memory: Streamlit keeps them until the tab is closed, uploader or not."""
    context = get_script_run_ctx()
    remove = getattr(context.uploaded_file_mgr, "remove_file", None) if context else None
    if remove is not None:
        remove(session_id=context.session_id, file_id=upload.file_id)


def _free(path: Path) -> Path:
    """A name that is not taken: two dropped files may be called alike."""
    for number in range(2, 10_000):
        if not path.exists():
            return path
        path = path.with_name(f"{path.stem.rsplit(' (', 1)[0]} ({number}){path.suffix}")
    return path


def _staging(workspace: Workspace) -> Path:
    return workspace.root / "staging"
