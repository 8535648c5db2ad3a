"""The locked split of a dataset: its shares, what stays together, what that cost, and how often the test was seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.components.shell import (
    class_counts,
    formats,
    frame,
    split_chart,
    split_groups,
    tables,
    task_words,
    value_counts,
)
from pages.components.shell.plotly_chart import plotly_chart
from tlcore.data.dataset import Dataset
from tlcore.data.label_counts import values
from tlcore.data.split.file import Draw, Parts
from tlcore.data.split.grouping import asks_for_check
from tlcore.data.split.locked import cost_of_drawing_anew, draw_parts, read_parts, regroup
from tlcore.data.test_usage import MANY, read_looks, sentence
from tlcore.errors import GraftError

MOST_ROWS = 10
MOST_SAID = 3
ALL = "all pictures"
NOT_YET = (
    "The first run splits the pictures into training, validation and test sets. The test set is then **locked**: it "
    "is drawn once, so that runs can be compared, and pictures that you add later are split by the same rule. Split "
    "now to see the sets, or to choose first which pictures must stay together."
)
STAMPED = ("items.parquet", "edits.jsonl", "parts.parquet", "columns.parquet", "health/check.json")


def show(dataset: Dataset) -> None:
    """The section of the Data page."""
    st.subheader("Train, validation and test split", anchor=False)
    parts = read(dataset)
    if parts is None:
        st.markdown(NOT_YET)
        with st.expander("Groups", icon=":material/join_inner:"):
            grouping = split_groups.choose(dataset, None)
        if st.button("Split now", icon=":material/call_split:", key=_key(dataset, "draw"), disabled=grouping is None):
            _do(lambda: draw_parts(dataset, grouping=grouping or ()))
        return
    _standing(dataset, parts)
    _change(dataset, parts.draw)


def read(dataset: Dataset) -> Parts | None:
    """The parts as they stand. Shared between sessions: never change them."""
    return _parts(str(dataset.path), tables.stamp(dataset, *STAMPED))


@st.cache_resource(max_entries=8, show_spinner="Computing the split")
def _parts(path: str, stamp: tuple[int, ...]) -> Parts | None:
    return read_parts(Dataset(Path(path)))


def _standing(dataset: Dataset, parts: Parts) -> None:
    """What there is: a chart, and sentences."""
    draw, info = parts.draw, dataset.info
    came = "The sets that came with the pictures are kept." if "test" in draw.given else ""
    shares = " / ".join(f"{100 * share:g}" for share in draw.shares.values())
    drawn = f"Drawn on {formats.moment(draw.at)} with seed {draw.seed} and shares {shares}, and **locked** since."
    st.markdown(f"{came or drawn} {formats.plain(parts.grouped)}")
    if info.task == "regression":
        _values(dataset, parts)
    else:
        _classes(dataset, parts)
    looks = len(read_looks(dataset, draw.draw))
    if looks >= MANY:
        st.warning(formats.plain(sentence(looks)), icon=":material/visibility:")
    else:
        st.caption(f":material/visibility: {formats.plain(sentence(looks))}")
    if parts.gave_up:
        st.info("  \n".join(formats.plain(said) for said in parts.gave_up[:MOST_SAID]), icon=":material/balance:")
        if len(parts.gave_up) > MOST_SAID:
            with st.expander(f"{formats.plural(len(parts.gave_up) - MOST_SAID, 'more class', 'more classes')}"):
                st.markdown("  \n".join(formats.plain(said) for said in parts.gave_up[MOST_SAID:]))
    for note in parts.notes:
        if asks_for_check(note):
            _offer_check(dataset, note)
        else:
            st.caption(f":material/info: {formats.plain(note)}")


def _classes(dataset: Dataset, parts: Parts) -> None:
    """The share of each class in each part; with several labels also that of all pictures."""
    draw, info = parts.draw, dataset.info
    counts = parts.counts(info.classes)
    classes, said = class_counts.shown({label: sum(each.values()) for label, each in counts.items()})
    counts = {label: counts[label] for label in classes}
    if info.task != "classification":
        counts[ALL if ALL not in counts else f"({ALL})"] = parts.sizes()
    with st.container(height=440 if len(counts) > MOST_ROWS else "content", border=False):
        wanted = None if draw.given else draw.shares
        plotly_chart(
            split_chart.figure(counts, wanted),
            key=_key(dataset, "chart"),
            config={"displayModeBar": False},
            alt="the share of each class in the training, validation and test sets",
        )
    if said:
        st.caption(formats.plain(said))


def _values(dataset: Dataset, parts: Parts) -> None:
    """How the numbers of each part are distributed: the three should look alike."""
    table = parts.table
    found = {part: values(table.loc[table["split"] == part, "label"]) for part in parts.sizes()}
    title = task_words.value_title(dataset.info)
    plotly_chart(
        value_counts.split_figure({part: each for part, each in found.items() if len(each)}, title),
        key=_key(dataset, "chart"),
        config={"displayModeBar": False},
        alt=f"the distribution of {title} in the training, validation and test sets",
    )


def _offer_check(dataset: Dataset, note: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f":material/content_copy: {formats.plain(note)}", width="stretch")
        frame.page_button(
            "Find near-duplicates", frame.CHECK, {"dataset": dataset.id},
            icon=":material/health_and_safety:", key=_key(dataset, "check"),
        )  # fmt: skip


def _change(dataset: Dataset, draw: Draw) -> None:
    """Other groups, and a new draw, which is asked for twice."""
    sure = _key(dataset, "sure")
    with st.expander("Change the groups, or split again", icon=":material/join_inner:"):
        grouping = split_groups.choose(dataset, draw)
        same = grouping is None or grouping == draw.grouping
        given = "test" in draw.given
        with st.container(horizontal=True):
            if st.button("Apply these groups", key=_key(dataset, "group"), disabled=same, icon=":material/join_inner:"):
                _do(lambda: _regroup(dataset, grouping or ()))
            st.button(
                "Split again …",
                key=_key(dataset, "anew"),
                icon=":material/casino:",
                disabled=given or grouping is None,
                help="The test set that came with the pictures is kept." if given else None,
                on_click=_set,
                args=(sure, True),
            )
        if not same and (straddling := st.session_state.get(_key(dataset, "straddling"), 0)):
            st.warning(
                f"The sets were kept as they are: {formats.plural(straddling, 'picture')} would be separated from "
                "others of their group. Only a new split can bring them together.",
                icon=":material/call_split:",
            )
        if st.session_state.get(sure) and grouping is not None and not given:
            _draw_anew(dataset, draw, grouping, sure)


def _regroup(dataset: Dataset, grouping: tuple[str, ...]) -> None:
    st.session_state[_key(dataset, "straddling")] = regroup(dataset, grouping)[1]


def _draw_anew(dataset: Dataset, draw: Draw, grouping: tuple[str, ...], sure: str) -> None:
    st.warning(formats.plain(cost_of_drawing_anew(dataset)), icon=":material/warning:")
    first, second = st.slider(
        "End of the training set and start of the test set (%)",
        1,
        99,
        (round(100 * draw.train), round(100 * (draw.train + draw.val))),
        key=_key(dataset, f"shares-{draw.draw}"),
    )
    seed = st.number_input(
        "Seed",
        min_value=0,
        max_value=2**31 - 1,
        value=draw.seed + 1,
        help="Another seed gives another split.",
        key=_key(dataset, f"seed-{draw.draw}"),
    )
    shares = {"train": first / 100, "val": (second - first) / 100, "test": (100 - second) / 100}

    def draw_it() -> None:
        draw_parts(dataset, shares=shares, seed=int(seed), grouping=grouping)
        _set(sure, False)

    with st.container(horizontal=True):
        if st.button(
            "Split again",
            type="primary",
            icon=":material/casino:",
            disabled=second <= first,
            key=_key(dataset, "really-anew"),
        ):
            _do(draw_it)
        st.button("Keep the current split", key=_key(dataset, "keep"), on_click=_set, args=(sure, False))


def _set(key: str, value: bool) -> None:
    st.session_state[key] = value


def _do(action: Callable[[], object]) -> None:
    """Carry out what was asked for and show the page anew; a fault stands where it was asked."""
    try:
        action()
    except GraftError as error:
        frame.show_fault(error)
    else:
        st.rerun()


def _key(dataset: Dataset, name: str) -> str:
    return f"split-{name}-{dataset.id}"
