"""The caches: how much they take, what each holds, and the buttons that clear them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.components import frame, words
from tlcore.data.caches import Cache, Kind, clear, limit_bytes, list_caches
from tlcore.errors import GraftError
from tlcore.workspace import Workspace

TITLES: dict[Kind, str] = {
    "pictures": "Decoded pictures",
    "features": "Features below a cut",
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
            "Nothing is kept yet",
            "The first run on a dataset decodes its pictures and computes what lies below the cut. Both are kept here, "
            "so that the next run starts training at once.",
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
        st.metric("Caches take", words.size(total), border=True)
        st.metric(
            "They may take",
            words.size(limit),
            border=True,
            help="Above this, what was used least recently is deleted, never what is in use. GRAFT_CACHE_GB sets it.",
        )
        st.metric("Free on the disk", words.size(shutil.disk_usage(folder).free), border=True)
    share = min(total / limit, 1.0) if limit else 1.0
    st.progress(share, text=f"{words.percent(share, 0)} of the bound · {folder}")


def _row(cache: Cache, folder: Path) -> None:
    what, facts = st.columns(WIDTHS, vertical_alignment="center")
    with what, st.container(gap=None):
        badge = " &nbsp; :blue-badge[:material/lock: in use]" if cache.in_use else ""
        st.markdown(f"**{TITLES[cache.kind]}**{badge}")
        st.caption(cache.holds() or cache.name)
    with facts, st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{words.size(cache.bytes)}**", width=90)
        st.caption(f"last used {words.moment(cache.last_used)}", width=170)
        st.space("stretch")
        why = "A run uses it now." if cache.in_use else "Delete it; it is computed anew when it is needed."
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
            help="All that no run uses now. No dataset, no run and no model is touched.",
        )
        return
    freed = words.size(sum(cache.bytes for cache in idle))
    st.warning(f"This frees {freed}. The next run decodes its pictures and computes its features anew.")
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
        st.error(str(error))
        return
    in_use = f" {words.plural(len(kept), 'is', 'are')} in use and stay." if kept else ""
    st.toast(f"{words.size(sum(cache.bytes for cache in gone))} are free again.{in_use}", icon=":material/check:")
    st.rerun()
