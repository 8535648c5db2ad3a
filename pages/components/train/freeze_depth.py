"""The cut: which blocks are frozen and which are trained, drawn as the backbone itself."""

from __future__ import annotations

import html

import streamlit as st

from pages.components.shell import draft, formats
from pages.components.shell.settings import Form
from pages.components.shell.theme import ACCENT
from tlcore.backbones.backbone import Backbone
from tlcore.runs.config import Mode, TrainingConfig

HEAD_WIDTH = 1.4  # of a block
FROZEN = "rgba(138, 143, 152, 0.22)"
MODES: dict[Mode, str] = {
    "auto": ":material/auto_awesome: Auto",
    "freeze": ":material/ac_unit: Freeze",
    "fine-tune": ":material/local_fire_department: Fine-tune",
}
ABOUT: dict[Mode, str] = {
    "auto": "Tries one way after the other, the quickest first, and keeps the best: a new head on the frozen backbone, "
    "then more detail, other backbones and fine-tuning, for as long as the budget lasts. The first model can be tried "
    "while the search goes on.",
    "freeze": "The backbone keeps its pretrained weights; only a new head is trained. Fast and hard to get "
    "wrong: start here.",
    "fine-tune": "The head is trained first, then the last blocks of the backbone together with it. Slower, and often "
    "much better if your pictures do not look like everyday photos.",
}
STYLE = """
<style>
.cut { display: flex; gap: 3px; height: 46px; }
.cut > div { flex: 1 1 0; min-width: 0; border-radius: 5px; display: flex; align-items: center;
  justify-content: center; font-size: 0.78rem; overflow: hidden; white-space: nowrap; transition: background 0.25s; }
.cut-ends { display: flex; justify-content: space-between; font-size: 0.8rem; opacity: 0.75; margin-top: 4px; }
.cut-key { display: inline-block; width: 0.8em; height: 0.8em; border-radius: 3px; margin: 0 0.35em 0 0.9em; }
.st-key-train-mode button { min-height: 3.2rem; }
.st-key-train-mode button p { font-size: 1.1rem; font-weight: 600; }
.st-key-train-blocks-track [role="group"] > div > div:first-child { background: rgba(138, 143, 152, 0.45) !important; }
@media (max-width: 640px) { .cut > div:not(.cut-head) { font-size: 0; } }
</style>
"""


def choose(backbone: Backbone, config: TrainingConfig, form: Form) -> None:
    """Let the person choose the mode, and how long Auto may look or how many blocks are trained."""
    st.segmented_control(
        "Mode",
        list(MODES),
        format_func=MODES.__getitem__,
        key=draft.key("mode"),
        label_visibility="collapsed",
        required=True,
        width="stretch",
        persist_state="session",
    )
    st.markdown(ABOUT[config.mode])
    with st.container():  # it stays, so that what stands below keeps its place
        if config.mode == "auto":
            for name, column in zip(("budget", "minutes"), st.columns([1, 1, 1]), strict=False):
                with column:
                    form.field(name)
            return
        st.html(bar(backbone, config.blocks if config.mode == "fine-tune" else 0))
        if config.mode == "fine-tune":
            _slider(backbone, draft.key("blocks"))


def bar(backbone: Backbone, unfrozen: int) -> str:
    """The blocks from the picture to the answer, in HTML; what is trained has the accent's colour."""
    first_trained = len(backbone.blocks) - unfrozen
    cells = []
    for place, block in enumerate(backbone.blocks):
        trained = place >= first_trained
        fill = f"background:{ACCENT};color:white" if trained else f"background:{FROZEN}"
        hint = f"{block.name}: {formats.weights(block.parameters)} weights, {'trained' if trained else 'frozen'}"
        label = html.escape(block.name.removeprefix("block ").removeprefix("stage "))
        cells.append(f'<div style="{fill}" title="{html.escape(hint)}">{label}</div>')
    cells.append(
        f'<div class="cut-head" style="flex-grow:{HEAD_WIDTH};background:{ACCENT};color:white" '
        'title="the new head: always trained">head</div>'
    )
    key = (
        f'<span><span class="cut-key" style="background:{FROZEN}"></span>frozen'
        f'<span class="cut-key" style="background:{ACCENT}"></span>trained</span>'
    )
    return (
        f'{STYLE}<div class="cut" role="img" aria-label="{first_trained} blocks frozen, {unfrozen} trained">'
        f'{"".join(cells)}</div><div class="cut-ends"><span>picture →</span>{key}<span>→ answer</span></div>'
    )


def _slider(backbone: Backbone, key: str) -> None:
    """Let the person move the cut; the handle stands where the cut stands in the bar above."""
    total = len(backbone.blocks)
    if total == 1:
        st.caption(
            f"{formats.plain(backbone.title)} can only be frozen or trained as a whole: fine-tuning trains all of it."
        )
        return
    track, _ = st.columns([total - 1, 1 + HEAD_WIDTH], gap=None, wrap=False)
    with track.container(key="train-blocks-track"):
        st.select_slider(
            "Blocks to unfreeze",
            options=list(range(total, 0, -1)),
            format_func=lambda blocks: "every block" if blocks == total else formats.plural(blocks, "block"),
            key=key,
            persist_state="session",
            help="Drag the boundary: blocks to its right are trained, blocks to its left keep their pretrained "
            "weights. More trained blocks adapt better to your pictures and take longer.",
        )


def sentence(backbone: Backbone, config: TrainingConfig, outputs: int) -> str:
    """Say how many weights will be trained, of how many; the model has so many outputs."""
    head = (backbone.feature_length + 1) * outputs
    trained = head + (backbone.trained_parameters(config.blocks) if config.mode == "fine-tune" else 0)
    total = head + backbone.parameters
    share = trained / total
    said = formats.percent(share, 0 if share >= 0.1 else 1) if share >= 0.001 else "less than 0.1 %"
    return f"**{formats.weights(trained)}** of {formats.weights(total)} weights will be trained ({said})."
