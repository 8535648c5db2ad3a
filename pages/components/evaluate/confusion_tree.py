"""The classes as a tree: the earlier two branches join, the more of their pictures are taken for each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

import plotly.graph_objects as go
import streamlit as st

from pages.components.shell import formats
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.shell.theme import ACCENT, polish
from tlcore.tasks.evaluation import Evaluation

MOST = 30  # joints; with more, names run into each other
ROW = 24  # pixels
TICKS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)


@dataclass(frozen=True)
class Joint:
    """Two branches that join.

    Attributes:
        share: Of their pictures, the mean share that is taken for one of the other branch, more than 0.
        tops: Where each branch comes from: its place among the leaves, and its own share, 1 for a class.
        says: Which classes they hold.
    """

    share: float
    tops: tuple[tuple[float, float], tuple[float, float]]
    says: str


def show(evaluation: Evaluation) -> None:
    """The tree of the classes that are mixed up most; the others are left out, and it is said."""
    st.subheader("Classes most often confused", anchor=False)
    if not evaluation.tree:
        st.caption("This run was made by an earlier version. `python -m tlcore evaluate` computes the tree.")
        return
    leaves, joints = branches(evaluation)
    if not joints:
        st.success("No class is ever confused with another one.")
        return
    said = "A dendrogram of the classes: the further left two branches join, the more often their classes are confused."
    left_out = len(evaluation.labels) - len(leaves)
    if left_out:
        said += (
            f" {formats.plural(left_out, 'class', 'classes')} with fewer confusions, or none, {_are(left_out)} left "
            "out."
        )
    st.markdown(f"{said} With few confusions the tree is mostly chance, so look at the counts.")
    plotly_chart(
        figure(leaves, joints),
        key="class-tree",
        config={"displayModeBar": False},
        alt="tree of the classes by how often they are confused",
    )


def branches(evaluation: Evaluation) -> tuple[list[str], list[Joint]]:
    """The leaves from top to bottom, and the joints, of the classes that are mixed up most."""
    classes = len(evaluation.labels)
    merges = [merge for merge in evaluation.tree if merge.distance < 1][:MOST]
    below: dict[int, list[int]] = {place: [place] for place in range(classes)}
    for number, merge in enumerate(merges):
        below[classes + number] = below[merge.left] + below[merge.right]
    joined = {place for number in range(len(merges)) for place in below[classes + number]}
    leaves = [place for place in evaluation.order if place in joined]
    height = {place: float(row) for row, place in enumerate(leaves)}
    share = dict.fromkeys(range(classes), 1.0)
    joints = []
    for number, merge in enumerate(merges):
        node, sides = classes + number, (merge.left, merge.right)
        share[node] = 1 - merge.distance
        height[node] = (height[merge.left] + height[merge.right]) / 2
        tops = tuple((height[side], share[side]) for side in sides)
        says = " | ".join(_names([evaluation.labels[place] for place in below[side]]) for side in sides)
        joints.append(Joint(share[node], (tops[0], tops[1]), says))
    return [evaluation.labels[place] for place in leaves], joints


def figure(leaves: Sequence[str], joints: Sequence[Joint]) -> go.Figure:
    """Leaves on the left, an elbow for each joint; a share that is ten times smaller lies one step to the right."""
    chart, x, y = go.Figure(), [], []
    for joint in joints:
        (first, one), (second, other) = joint.tops
        x += [one, joint.share, joint.share, other, None]
        y += [first, first, second, second, None]
    chart.add_scatter(x=x, y=y, mode="lines", line={"color": ACCENT, "width": 1.5}, hoverinfo="skip")
    chart.add_scatter(
        x=[joint.share for joint in joints],
        y=[(joint.tops[0][0] + joint.tops[1][0]) / 2 for joint in joints],
        customdata=[joint.says for joint in joints],
        mode="markers",
        marker={"color": ACCENT, "size": 8},
        hovertemplate="%{customdata}<br>%{x:.1%} are confused<extra></extra>",
    )
    polish(chart, x="share confused", height=110 + ROW * len(leaves))
    least = min(joint.share for joint in joints) / 1.5
    chart.update_xaxes(type="log", range=[0.0, log10(least)], tickvals=TICKS, tickformat="~%")
    chart.update_yaxes(
        tickvals=list(range(len(leaves))),
        ticktext=[_short(name) for name in leaves],
        range=[len(leaves) - 0.4, -0.6],
        showgrid=False,
    )
    return chart.update_layout(showlegend=False, dragmode=False, hovermode="closest")


def _names(classes: Sequence[str], most: int = 4) -> str:
    more = len(classes) - most
    return ", ".join(classes[:most]) + (f" and {more} more" if more > 0 else "")


def _short(name: str, longest: int = 24) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
