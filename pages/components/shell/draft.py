"""The draft of a run, kept in the session until Start: each setting follows what is recommended until it is changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.components.shell.fields import ABOUT, AUGMENTATIONS, FIELDS, Field
from tlcore.backbones.backbone import Backbone
from tlcore.backbones.catalogue import CATALOGUE, find, usual_backbone
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.recommend import Recommendation, made_for

Values = dict[str, Any]


def key(field: str) -> str:
    """The widget of a field."""
    return f"train-{field}"


def begin(source: str, config: TrainingConfig) -> None:
    """Fill the draft once for each source: the defaults, or the run that is repeated."""
    if st.session_state.get(key("source")) == source:
        return
    for field, value in config.values().items():
        _write(field, value)
    st.session_state[key("source")] = source
    st.session_state[key("followed")] = {}


def follow(recipe: Recommendation, fields: dict[str, Field], *, fresh: bool) -> Values:
    """Let every field that nobody has changed take the recommended value; give all recommended values.

    A `fresh` draft takes them all; a repeated run keeps its own, which then count as changed. What is not among the
    `fields` of the task, or no choice there, is not kept.
    """
    recommended: Values = {field: recipe.values.get(field, _default(field)) for field in FIELDS}
    followed: Values = st.session_state[key("followed")]
    for field, value in recommended.items():
        choices = fields[field].choices if field in fields else {value: ""}
        unfit = bool(choices) and read(field) not in choices
        if unfit or (fresh and not followed) or (field in followed and read(field) in (followed[field], None)):
            _write(field, value)
    st.session_state[key("followed")] = recommended
    return recommended


def backbone_of(suitable: Sequence[Backbone]) -> Backbone:
    """Give the chosen backbone; one that does not suit the dataset gives way to the default of those that do."""
    if not suitable:
        return find(read("backbone"))
    chosen = CATALOGUE.get(read("backbone"))  # one of a person's own may have been removed meanwhile
    if chosen is not None and chosen in suitable:
        return chosen
    usual = usual_backbone(suitable[0].modality)
    fit = usual if usual is not None and usual in suitable else suitable[0]
    choose_backbone(fit.key)
    return fit


def choose_backbone(name: str) -> None:
    """Take another backbone; what was made for the one before is recommended anew."""
    st.session_state[key("backbone")] = name
    followed: Values = st.session_state[key("followed")]
    for field in ("blocks", *made_for(find(name))):
        followed[field] = read(field)


def adopt(**values: Any) -> None:
    """Take these values as a person's own: what is recommended does not change them."""
    for field, value in values.items():
        st.session_state[key("followed")].pop(field, None)
        _write(field, value)


def reset(*fields: str) -> None:
    """Take the recommended values of these fields, or of all."""
    recommended: Values = st.session_state[key("followed")]
    for field in fields or tuple(recommended):
        _write(field, recommended[field])


def changed(recommended: Values) -> list[str]:
    """The fields whose value is a person's own."""
    return [field for field, value in recommended.items() if read(field) not in (value, None)]


def read(field: str) -> Any:
    """The value of a field as it stands; None where it was emptied."""
    if field == "augment":
        return tuple(name for name in AUGMENTATIONS if st.session_state[key(name)])
    if field == "fractions":
        first, second = st.session_state[key(field)]
        return Fractions(train=first / 100, val=(second - first) / 100, test=(100 - second) / 100)
    return st.session_state[key(field)]


def config(dataset: str, recommended: Values) -> TrainingConfig:
    """The settings as they stand; a field that was emptied shows its recommended value in grey, and has it."""
    values = {field: value if (value := read(field)) is not None else recommended[field] for field in FIELDS}
    start = st.session_state[key("start")] or None
    return TrainingConfig(dataset=dataset, backbone=st.session_state[key("backbone")], start=start, **values)


def _write(field: str, value: Any) -> None:
    if field == "augment":
        for name in AUGMENTATIONS:
            st.session_state[key(name)] = name in value
    elif field == "fractions":
        st.session_state[key(field)] = (round(100 * value.train), round(100 * (value.train + value.val)))
    elif field == "start":
        st.session_state[key(field)] = value or ""  # a widget takes None for no choice
    else:
        st.session_state[key(field)] = value


def _default(field: str) -> Any:
    return ABOUT[field].default
