"""What a model predicts of one picture, drawn in the way of its task: bars of classes or labels, or a value.

It knows replies and their words. It does not know pictures, nor where a prediction comes from.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.components.items import find_display
from pages.components.shell import formats
from pages.components.shell.theme import class_colours
from tlcore.contract import Contract
from tlcore.tasks import Reply, find_task

if TYPE_CHECKING:
    from numpy.typing import NDArray

BARS = 5
MOST_LABELS = 12
STYLE = """
<style>
.answer { display: grid; grid-template-columns: minmax(5.2rem, 3fr) 3fr 4.2rem; gap: 0.3rem 0.6rem; align-items: center;
  font-size: 0.88rem; }
.answer .label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.answer .track { background: rgba(138, 143, 152, 0.18); border-radius: 0.3rem; height: 0.75rem; overflow: hidden;
  position: relative; }
.answer .bar { height: 100%; border-radius: 0.3rem; }
.answer .mark { position: absolute; top: 0; bottom: 0; width: 2px; background: currentColor; opacity: 0.75; }
.answer .share { text-align: right; font-variant-numeric: tabular-nums; }
.answer .first { font-weight: 600; }
.value { font-size: 1.6rem; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
[class*="st-key-seen"] img { aspect-ratio: 1; width: 100%; border-radius: 0.4rem; image-rendering: pixelated; }
[class*="st-key-seen"] [data-testid="stImageCaption"], [class*="st-key-seen"] [data-testid="stImageCaption"] p {
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
</style>
"""
NO_LABEL = "No label reaches its threshold."


@dataclass(frozen=True)
class Bar:
    """A class with its probability.

    Attributes:
        share: The probability, 0 to 1.
        threshold: The probability from which the label is given; None where one class is answered.
        given: Whether it is the answer, or among the labels given.
    """

    label: str
    share: float
    threshold: float | None
    given: bool


def bars(outputs: NDArray, reply: Reply, contract: Contract, *, n: int | None = None) -> list[Bar]:
    """List the classes that are shown, the likeliest first: all labels that are given, and others up to a number."""
    if not contract.classes:
        return []
    least = contract.decision.thresholds or (0.5,) * len(contract.classes)
    several = contract.task == "multilabel"
    order = sorted(range(len(outputs)), key=lambda place: -float(outputs[place]))
    most = max(n or (MOST_LABELS if several else BARS), len(reply.labels))
    return [
        Bar(
            contract.classes[place],
            float(outputs[place]),
            least[place] if several else None,
            contract.classes[place] in reply.labels,
        )
        for place in order[:most]
    ]


def value_text(value: float, unit: str = "", margin: float | None = None) -> str:
    """Write a value with its unit: `12.3 kg`, `−0.04`, `1,235`; to two digits of its margin where it has one."""
    if margin:
        digits = f"{value:,.{max(0, 1 - math.floor(math.log10(margin)))}f}"
    else:
        digits = f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return f"{digits} {unit}".rstrip().replace("-", "−", 1 if value < 0 else 0)


def interval_text(reply: Reply, contract: Contract) -> str:
    """Say the prediction interval in a phrase; empty where there is none."""
    if reply.low is None or reply.high is None:
        return ""
    return f"{formats.percent(contract.decision.coverage, 0)} prediction interval: {ends_text(reply, contract)}"


def ends_text(reply: Reply, contract: Contract) -> str:
    """Write the ends of a prediction interval: `10.1 to 14.5 kg`; nothing where there is none."""
    if reply.low is None or reply.high is None:
        return ""
    margin = contract.decision.margin
    return f"{value_text(reply.low, '', margin)} to {value_text(reply.high, contract.unit, margin)}"


def answer_text(reply: Reply, contract: Contract) -> str:
    """Write an answer in one line: a class, labels with commas, or a value with its unit."""
    if reply.value is not None:
        return value_text(reply.value, contract.unit, contract.decision.margin)
    return ", ".join(reply.labels) or "(no label)"


def label_text(label: str, contract: Contract) -> str:
    """Write a known label of an item as an answer is written."""
    if not contract.classes:
        return value_text(float(label), contract.unit)
    return ", ".join(find_task(contract.task).names(label)) or "(no label)"


def draw(outputs: NDArray, reply: Reply, contract: Contract) -> None:
    """Draw the prediction of one picture."""
    if reply.value is not None:
        st.html(f'<div class="value">{html.escape(answer_text(reply, contract))}</div>')
        if said := interval_text(reply, contract):
            st.caption(formats.plain(said))
        return
    shown = bars(outputs, reply, contract)
    if contract.task == "multilabel":
        chips = " ".join(f":blue-badge[{formats.plain(label)}]" for label in reply.labels)
        st.markdown(chips or NO_LABEL)
    _bars(shown, contract.classes)
    if (more := len(contract.classes) - len(shown)) > 0 and contract.task == "multilabel":
        st.caption(f"{formats.plural(more, 'more label')}, none of them above its threshold.")


def _bars(shown: Sequence[Bar], classes: tuple[str, ...]) -> None:
    colours = class_colours(classes)
    rows = []
    for each in shown:
        name, first = html.escape(each.label), " first" if each.given else ""
        bar = f'<div class="bar" style="width:{100 * each.share:.1f}%;background:{colours[each.label]}"></div>'
        mark = ""
        if each.threshold is not None:
            at = 100 * min(max(each.threshold, 0.0), 1.0)
            title = html.escape(f"Threshold {formats.percent(each.threshold)}")
            mark = f'<span class="mark" style="left:min({at:.1f}%, calc(100% - 2px))" title="{title}"></span>'
        rows.append(
            f'<span class="label{first}" title="{name}">{name}</span>'
            f'<div class="track">{bar}{mark}</div>'
            f'<span class="share{first}">{html.escape(_percent(each.share))}</span>'
        )
    st.html(f'<div class="answer">{"".join(rows)}</div>')


def _percent(share: float) -> str:
    """`93.1 %`; what is almost none or almost certain is not rounded to none or certain."""
    if 0 < share < 0.0005:
        return f"< {formats.percent(0.001)}"
    if 0.9995 <= share < 1:
        return f"> {formats.percent(0.999)}"
    return formats.percent(share)


def purpose(contract: Contract) -> str:
    """Say what a model does, in a sentence."""
    size = f"at {find_display(contract.modality).seen_as(contract)}"
    if not contract.classes:
        return _of_value(contract, size)
    return _of_labels(contract, size) if contract.task == "multilabel" else _of_classes(contract, size)


def _of_classes(contract: Contract, size: str) -> str:
    classes = formats.plural(len(contract.classes), "class", "classes")
    return f"Tells {classes} apart, {size}. It always names one of them, whatever a picture shows"


def _of_labels(contract: Contract, size: str) -> str:
    labels = formats.plural(len(contract.classes), "label")
    return (
        f"Gives each picture any number of {labels}, {size}. A label is given where its probability reaches its "
        "decision threshold, the mark on its bar"
    )


def _of_value(contract: Contract, size: str) -> str:
    name = formats.plain(contract.value_name or "a number")
    said = contract.unit and contract.unit not in contract.value_name
    unit = f" in {formats.plain(contract.unit)}" if said else ""
    if contract.decision.margin is None:
        return f"Predicts {name}{unit}, {size}. It gives a value whatever a picture shows"
    coverage = formats.percent(contract.decision.coverage, 0)
    return f"Predicts {name}{unit}, {size}, with a {coverage} prediction interval"


def verdict(truth: str, reply: Reply, contract: Contract) -> tuple[bool, str]:
    """Say whether an answer is right for a known label, and in what words."""
    if reply.value is not None:
        true = float(truth)
        off = value_text(abs(reply.value - true), contract.unit, contract.decision.margin)
        if reply.low is None or reply.high is None:
            return True, f"true value {value_text(true, contract.unit)}, {off} off"
        within = reply.low <= true <= reply.high
        side = "within the interval" if within else "outside the interval"
        return within, f"{side}: true value {value_text(true, contract.unit)}, {off} off"
    right = reply.label == truth
    if contract.task == "multilabel":
        return right, "all labels are right" if right else f"not all are right: true are {label_text(truth, contract)}"
    return right, "right" if right else f"wrong: it is {truth}"
