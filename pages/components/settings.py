"""The draft of a run's settings: kept in the session until Start, each fault beside its field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, get_args

import streamlit as st

from pages.components import words
from tlcore.backbones.backbone import Backbone
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.errors import Problem
from tlcore.runs.config import Augmentation, Balancing, Fractions, Optimizer, ResizePolicy, TrainingConfig

AUGMENTATIONS: dict[Augmentation, tuple[str, str]] = {
    "flip_left_right": ("Flip left-right", "Good for most things; not for text or for left and right hands."),
    "flip_up_down": ("Flip up-down", "For pictures from above, such as surfaces or satellites; not for people."),
    "rotate": ("Rotate", "For things that lie in any direction."),
    "zoom": ("Zoom", "For things that are near in one picture and far in another."),
    "shift": ("Shift", "For things that are not always in the middle."),
    "brightness": ("Brightness", "For light that changes; not where the brightness is what tells classes apart."),
    "contrast": ("Contrast", "For different cameras and weather."),
    "erase": ("Erase a piece", "For things that are often partly hidden."),
}
RESIZES: dict[ResizePolicy, str] = {
    "crop": "crop: the middle square",
    "letterbox": "letterbox: everything, with bars",
    "stretch": "stretch: everything, squeezed",
}
OPTIMIZERS: dict[Optimizer, str] = {"adamw": "AdamW", "adam": "Adam", "sgd": "SGD with momentum"}
BALANCINGS: dict[Balancing, str] = {
    "none": "every picture counts the same",
    "weights": "rare classes count more",
    "sampling": "rare classes are shown more often",
}


BAR_STYLE = """
<style>
.stVerticalBlock > [data-testid="stLayoutWrapper"]:has(> .st-key-start-bar) {{
  position: sticky; bottom: 0; z-index: 90; }}
.st-key-start-bar {{ padding: 0.8rem 0; border-top: 1px solid rgba(138, 143, 152, 0.35);
  background: light-dark({light}, {dark}); }}
</style>
"""


def key(field: str) -> str:
    """The widget of a field."""
    return f"train-{field}"


def fill(config: TrainingConfig) -> None:
    """Write settings into the draft, over what is there. Call it before the widgets are drawn, or in a callback."""
    for field in TrainingConfig.model_fields:
        st.session_state[key(field)] = getattr(config, field)
    for name in AUGMENTATIONS:
        st.session_state[key(name)] = name in config.augment
    parts = config.fractions
    st.session_state[key("fractions")] = (round(100 * parts.train), round(100 * (parts.train + parts.val)))


def begin(source: str, config: TrainingConfig) -> None:
    """Fill the draft once for each source: the defaults, or the run that is repeated."""
    if st.session_state.get(key("source")) != source:
        fill(config)
        st.session_state[key("source")] = source


def choose_backbone(name: str) -> None:
    """Take another backbone, and what was made for the one before along with it."""
    st.session_state[key("backbone")] = name
    st.session_state[key("image_size")] = CATALOGUE[name].native_size
    st.session_state[key("blocks")] = 1


def draft(dataset: str) -> TrainingConfig:
    """The settings as they stand in the widgets."""
    values: dict[str, Any] = {
        field: st.session_state[key(field)]
        for field in TrainingConfig.model_fields
        if field not in {"schema_version", "dataset", "augment", "fractions"}
        # A field that was emptied shows its default in grey, and has it.
        if st.session_state[key(field)] is not None
    }
    first, second = st.session_state[key("fractions")]
    parts = Fractions(train=first / 100, val=(second - first) / 100, test=(100 - second) / 100)
    augment = tuple(name for name in get_args(Augmentation) if st.session_state[key(name)])
    return TrainingConfig(dataset=dataset, augment=augment, fractions=parts, **values)


@contextmanager
def start_bar() -> Iterator[None]:
    """What Start will do stays in sight at the foot of the window, however long the form is."""
    ground = {side: st.get_option(f"theme.{side}.backgroundColor") or "Canvas" for side in ("light", "dark")}
    st.html(BAR_STYLE.format(**ground))
    with st.container(key="start-bar", horizontal=True, vertical_alignment="center", gap="medium"):
        yield


class Form:
    """Draws fields and the faults beside them; `rest` has the faults whose field is not on the page."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.rest = list(problems)

    def faults(self, field: str) -> None:
        for problem in [problem for problem in self.rest if problem.field == field]:
            st.markdown(f":red[:material/error: {problem.message}]")
            self.rest.remove(problem)

    def others(self) -> None:
        """The faults that no field has claimed."""
        for problem in list(self.rest):
            self.faults(problem.field)

    def number(self, field: str, label: str, help_: str, *, step: float = 1, format_: str | None = None) -> None:
        # No bounds here: the library says what fits, in a sentence.
        st.number_input(
            label,
            value=None,
            step=step,
            format=format_,
            key=key(field),
            help=help_,
            placeholder=f"{TrainingConfig.model_fields[field].default:g}",
            persist_state="session",
        )
        self.faults(field)

    def choice(self, field: str, label: str, options: dict[Any, str], help_: str) -> None:
        st.selectbox(
            label, list(options), format_func=options.__getitem__, key=key(field), help=help_, persist_state="session"
        )
        self.faults(field)

    def augmentations(self) -> None:
        for name, (title, hint) in AUGMENTATIONS.items():
            st.toggle(title, key=key(name), help=hint, persist_state="session")
        self.faults("augment")

    def advanced(self, backbone: Backbone, *, given_split: bool, pictures: int) -> None:
        """The settings that a beginner need not know."""
        left, middle, right = st.columns(3)
        with left:
            self.number("batch_size", "Batch size", "Pictures per step. Smaller ones need less memory.", step=8)
            self.choice("optimizer", "Optimizer", OPTIMIZERS, "How the weights follow the slope of the loss.")
            self.number("seed", "Seed", "The same seed gives the same split, the same start and the same order.")
        with middle:
            self.number(
                "head_learning_rate",
                "Learning rate of the head",
                "The largest step; it warms up to it and then falls along a cosine.",
                step=1e-4,
                format_="%.5f",
            )
            self.number(
                "fine_tune_learning_rate",
                "Learning rate when fine-tuning",
                "Smaller than the head's, so that what was learned on ImageNet is not washed away.",
                step=1e-5,
                format_="%.6f",
            )
            self.number("dropout", "Dropout", "Share of the features that is hidden at random.", step=0.05)
        with right:
            self.number("patience", "Patience", "Epochs without a better validation loss before it stops; 0: never.")
            self.choice("balancing", "Class balancing", BALANCINGS, "For datasets with rare classes.")
            self.choice("resize", "Resize", RESIZES, "How a picture becomes a square.")
        self.split(given_split=given_split, pictures=pictures)

    def split(self, *, given_split: bool, pictures: int) -> None:
        if given_split:
            st.caption(
                ":material/call_split: The dataset brings its own split into training, validation and test; "
                "it is kept. A part that it lacks is drawn with these shares."
            )
        first, second = st.slider(
            "Split: where training ends and where the test pictures begin (%)",
            min_value=0,
            max_value=100,
            key=key("fractions"),
            persist_state="session",
            help="Training learns from the first part; the second chooses the best epoch; the third is not touched "
            "until the end and tells how good the model is.",
        )
        parts = (("training", first), ("validation", second - first), ("test", 100 - second))
        st.caption(
            " · ".join(f"**{share} %** {name} (about {words.count(pictures * share // 100)})" for name, share in parts)
        )
        self.faults("fractions")
