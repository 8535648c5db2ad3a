"""A whole run or dataset as one zip, on the page: to take along, and to bring."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from pages.components.shell import formats, frame, tables, upload
from pages.components.shell.upload import Source
from tlcore.data.dataset import Dataset
from tlcore.data.packing import Kind, Packed, pack_dataset, packed_kind
from tlcore.data.unpacking import unpack_dataset
from tlcore.errors import GraftError
from tlcore.files import tree_bytes
from tlcore.progress import Progress, drain
from tlcore.runs.packing import pack_run, unpack_run
from tlcore.runs.run import Run
from tlcore.workspace import Workspace, slug

FAULT = "packing-fault"
# A download stands in the server's memory until the browser has it.
MOST_BYTES = 10**9
SOME = 100
Pack = Callable[[Path], Generator[Progress, None, Packed]]


def download_run(run: Run) -> None:
    """The button for a run."""
    _download(run.path, "run", run.name, tree_bytes(run.path), partial(pack_run, run))


def download_dataset(dataset: Dataset) -> None:
    """The button for a dataset. Its size is reckoned from some pictures: there may be very many."""
    files = tables.items(dataset)["file"]
    some = [dataset.image_path(file) for file in files.head(SOME)]
    known = [path.stat().st_size for path in some if path.exists()]
    size = round(len(files) * sum(known) / len(known)) if known else 0
    _download(dataset.path, "dataset", dataset.info.name, size, partial(pack_dataset, dataset))


def _download(folder: Path, kind: Kind, name: str, size: int, pack: Pack) -> None:
    """A button that packs and downloads; the command where that is too large for a browser."""
    if size > MOST_BYTES:
        group = "data" if kind == "dataset" else "runs"
        st.caption(
            f"{formats.size(size)} are too large to download here: "
            f"{formats.code(f'python -m tlcore {group} pack {folder.name}')}."
        )
        return
    file = f"{slug(name)}.{kind}.zip"

    def content() -> bytes:
        with TemporaryDirectory(prefix="graft-") as temporary:
            path = Path(temporary) / file
            drain(pack(path), lambda step: None)
            return path.read_bytes()

    st.download_button(
        "Pack", content, file, "application/zip", key=f"pack-{folder.name}", icon=":material/package_2:",
        on_click="ignore", width="stretch",
        help=f"The whole {kind} as one zip (about {formats.size(size)}), for another Graft",
    )  # fmt: skip


def bring(workspace: Workspace) -> None:
    """A place to drop a packed run, below the list of runs."""
    with st.expander("Bring a packed run", icon=":material/unarchive:"):
        if fault := st.session_state.pop(FAULT, ""):
            st.error(formats.lines(fault), icon=":material/error:")
        st.caption("A zip that *Pack* or `runs pack` wrote, here or in another Graft.")
        try:
            source = upload.one_file(workspace, "packed-run")
            if source is not None:
                unpack(workspace, source)
        except GraftError as error:
            st.session_state[FAULT] = str(error)
            st.rerun()


def kind_of(source: Source) -> Kind | None:
    """What was dropped, where it is a pack of Graft's."""
    return packed_kind(source.path) if source.path is not None and source.path.is_file() else None


def unpack(workspace: Workspace, source: Source) -> None:
    """Unpack what was dropped, and open it.

    Raises:
        GraftError: It is hostile or damaged, or it is here already.
    """
    if source.path is None:
        return
    bar = st.progress(0.0, text=f"Unpacking {formats.plain(source.name)} …")

    def show(step: Progress) -> None:
        done, total = formats.count(step.done), formats.count(step.total)
        bar.progress(step.done / max(step.total, 1), text=f"{done} of {total} files")

    try:
        if kind_of(source) == "dataset":
            with closing(unpack_dataset(workspace, source.path)) as datasets:
                target, query = frame.DATA, {"dataset": drain(datasets, show).id}
        else:
            with closing(unpack_run(workspace, source.path)) as runs:
                target, query = frame.RUNS, {"run": drain(runs, show).id}
    finally:
        source.discard()
    frame.go_to(target, **query)
