"""The backbones as cards: what each is good for, how large and how good it is, where its weights stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from pages.components.shell import formats, frame
from pages.components.shell.theme import ACCENT
from tlcore.backbones.backbone import Backbone
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.backbones.download import download
from tlcore.backbones.weights import WeightsState, missing_sentence, weights_state
from tlcore.errors import GraftError
from tlcore.progress import Progress, drain
from tlcore.workspace import Workspace

COLUMNS = 3


def show(workspace: Workspace, fit: Sequence[Backbone], chosen: str, choose: Callable[[str], None]) -> None:
    """Show the backbones that fit; `choose` is called with the key of the one whose button is pressed."""
    states = {entry.key: weights_state(entry, workspace) for entry in fit}
    ready = [key for key in states if states[key].where != "missing" or key == chosen]
    others = [key for key in states if key not in ready]
    while others and len(ready) % COLUMNS:
        ready.append(others.pop(0))
    # The chosen card carries the accent as its frame.
    st.html(f"<style>.st-key-backbone-{chosen} {{ border-color: {ACCENT}; box-shadow: 0 0 0 1px {ACCENT}; }}</style>")
    _grid(ready, states, chosen, choose)
    if others:
        with st.expander(f"{formats.plural(len(others), 'more backbone')}, whose weights are downloaded first"):
            _grid(others, states, chosen, choose)
    if chosen in states and states[chosen].where == "missing":
        _offer_download(workspace, CATALOGUE[chosen])


def _offer_download(workspace: Workspace, entry: Backbone) -> None:
    st.info(
        f"The weights of {formats.plain(entry.title)} are downloaded when the run starts, or now. Without a network: "
        f"{formats.plain(missing_sentence(entry, workspace))}",
        icon=":material/cloud_download:",
    )
    if not st.button("Download now", icon=":material/download:", key="download-weights"):
        return
    bar = st.progress(0.0, f"Downloading the weights of {formats.plain(entry.title)} …")
    steps = download(entry, workspace)
    st.button("Stop", icon=":material/stop:", key="stop-download", help="The next download goes on from here.")
    try:
        drain(steps, lambda step: bar.progress(min(step.done / max(step.total, 1), 1.0), _so_far(step)))
    except GraftError as error:
        frame.show_fault(error)
        return
    finally:
        steps.close()  # whoever presses Stop or leaves the page ends the download
        bar.empty()
    st.rerun()


def _so_far(step: Progress) -> str:
    return f"{step.done:,} of {step.total:,} MB"


def _grid(keys: Sequence[str], states: dict[str, WeightsState], chosen: str, choose: Callable[[str], None]) -> None:
    for start in range(0, len(keys), COLUMNS):
        for key, column in zip(keys[start : start + COLUMNS], st.columns(COLUMNS), strict=False):
            with column.container(border=True, key=f"backbone-{key}", height="stretch", gap="small"):
                _card(CATALOGUE[key], states[key], key == chosen, choose)


def _card(entry: Backbone, state: WeightsState, chosen: bool, choose: Callable[[str], None]) -> None:
    st.markdown(f"**{formats.plain(entry.title)}**<br>{_where(entry, state)}", unsafe_allow_html=True)
    st.markdown(entry.recommendation)
    st.space("stretch")
    st.caption(
        f"{formats.weights(entry.parameters)} weights · {_published(entry)} · made for {entry.native_size} px",
        help=f"{_source(entry)} {formats.plain(entry.origin[0].upper() + entry.origin[1:])}. "
        f"Minimum image size {entry.minimum_size} px. "
        f"{formats.plural(len(entry.blocks), 'block')}. Licence: {formats.plain(entry.licence)}. "
        f"Weights: {entry.download_megabytes:,.0f} MB. {formats.plain(state.sentence)}",
    )
    st.button(
        "Chosen" if chosen else "Choose",
        key=f"choose-{entry.key}",
        icon=":material/check:" if chosen else None,
        disabled=chosen,
        on_click=choose,
        args=(entry.key,),
        width="stretch",
    )


def _published(entry: Backbone) -> str:
    if entry.published is None:
        return "accuracy not published"
    return f"{entry.published_kind} {formats.percent(entry.published)}"


def _source(entry: Backbone) -> str:
    return f"{entry.published_kind}: accuracy according to {entry.published_source}." if entry.published_kind else ""


def _where(entry: Backbone, state: WeightsState) -> str:
    size = f"{entry.download_megabytes:,.0f} MB"
    if state.where == "bundled":
        return f":green-badge[:material/check: ready · {size}]"
    if state.where == "cached":
        return f":green-badge[:material/check: on this machine · {size}]"
    return f":gray-badge[:material/cloud_download: download {size}]"
