"""The caches: how much they take, what each holds, and the buttons that clear them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.components.shell import formats, frame
from tlcore.data.caches import Cache, Kind, clear, limit_bytes, list_caches
from tlcore.errors import GraftError
from tlcore.workspace import Workspace

TITLES: dict[Kind, str] = {
    "items": "Decoded pictures",
    "features": "Frozen-block features",
    "graph": "Converted backbone",
    "unfinished": "Unfinished work",
    "other": "Measurements of this machine",
}
WIDTHS = [2.4, 2]
SURE = "clear-sure"


def show(workspace: Workspace) -> None:
    """Show the caches of a workspace."""
    caches = list_caches(workspace.cache)
    if not caches:
        frame.empty_state(
            ":material/database:",
            "The cache is empty",
            "The first run on a dataset decodes its pictures and computes the output of the frozen blocks. Both are "
            "cached here, so that the next run starts training at once.",
            action="Train a model",
            target=frame.TRAIN,
        )
        return
    _sums(caches, workspace.cache)
    _clear_all(caches, workspace.cache)
    for cache in caches:
        with st.container(border=True, key=f"cache-{cache.name}"):
            _row(cache, workspace.cache)


def _sums(caches: Sequence[Cache], folder: Path) -> None:
    total, limit = sum(cache.bytes for cache in caches), limit_bytes()
    with st.grid(3, min_column_width=150):
        st.metric("Cache size", formats.size(total), border=True)
        st.metric(
            "Limit",
            formats.size(limit),
            border=True,
            help="Above this, the least recently used caches are deleted, never those in use. Set it with "
            "GRAFT_CACHE_GB.",
        )
        st.metric("Free on the disk", formats.size(shutil.disk_usage(folder).free), border=True)
    share = min(total / limit, 1.0) if limit else 1.0
    st.progress(share, text=f"{formats.percent(share, 0)} of the limit · {formats.plain(folder)}")


def _row(cache: Cache, folder: Path) -> None:
    what, facts = st.columns(WIDTHS, vertical_alignment="center")
    with what, st.container(gap=None):
        badge = " &nbsp; :blue-badge[:material/lock: in use]" if cache.in_use else ""
        st.markdown(f"**{TITLES[cache.kind]}**{badge}")
        st.caption(formats.plain(cache.holds() or cache.name))
    with facts, st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{formats.size(cache.bytes)}**", width=90)
        st.caption(f"last used {formats.moment(cache.last_used)}", width=170)
        st.space("stretch")
        why = "A run is using it." if cache.in_use else "Delete it; it is recomputed when needed."
        if st.button("", key=f"clear-{cache.name}", icon=":material/delete:", disabled=cache.in_use, help=why):
            _clear(folder, [cache.name])


def _clear_all(caches: Sequence[Cache], folder: Path) -> None:
    idle = [cache for cache in caches if not cache.in_use]
    if not st.session_state.get(SURE):
        st.button(
            "Clear all",
            icon=":material/delete_sweep:",
            disabled=not idle,
            on_click=_ask,
            args=(True,),
            help="Deletes every cache that no run is using. Datasets, runs and models are not touched.",
        )
        return
    freed = formats.size(sum(cache.bytes for cache in idle))
    st.warning(f"This frees {freed}. The next run then has to decode pictures and compute features again.")
    with st.container(horizontal=True):
        st.button("Keep them", on_click=_ask, args=(False,))
        if st.button("Clear for good", type="primary", icon=":material/delete_forever:"):
            _ask(False)
            _clear(folder, None)


def _ask(sure: bool) -> None:
    st.session_state[SURE] = sure


def _clear(folder: Path, names: Sequence[str] | None) -> None:
    try:
        gone, kept = clear(folder, names)
    except GraftError as error:
        st.error(formats.lines(error))
        return
    in_use = f" {formats.plural(len(kept), 'is', 'are')} in use and stay." if kept else ""
    st.toast(f"{formats.size(sum(cache.bytes for cache in gone))} freed.{in_use}", icon=":material/check:")
    st.rerun()
