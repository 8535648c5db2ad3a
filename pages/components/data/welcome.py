"""The first visit: three ways to begin, and what a good collection looks like."""

from __future__ import annotations

import streamlit as st

from pages.components.data import intake
from tlcore.modalities import NOUN
from tlcore.workspace import Workspace

FOLDERS = """
flowers.zip
├── daisy
│   ├── 001.jpg
│   └── 002.jpg
└── tulip
    ├── 001.jpg
    └── 002.jpg
"""


def show(workspace: Workspace) -> None:
    """Offer the three things a newcomer can do: import items, open the sample, watch an example run."""
    own, others = st.columns([3, 2], gap="large")
    with own:
        st.subheader(f"Import your {NOUN.many}", anchor=False)
        intake.offer(workspace, "first", with_sample=False)
        st.caption(
            f"About 20 {NOUN.many} of each class are enough to start, and 100 are better. Files that cannot be used "
            "are left out and listed with the reason. Everything stays on this machine."
        )
        with st.expander(f"How to arrange the {NOUN.many}: one folder for each class", icon=":material/folder_open:"):
            st.code(FOLDERS.strip(), language=None)
    with others:
        with st.container(border=True):
            st.subheader("Open a sample dataset", anchor=False)
            st.caption(
                "2,000 photographs of woven textile in three classes: sound cloth, and cloth with a defect in one "
                "place or all over. Look through them, then train a model."
            )
            intake.offer_sample("first")
        with st.container(border=True):
            st.subheader("See an example run", anchor=False)
            st.caption(
                "Imports the same sample and trains a small model on it while you watch. It takes about a minute on "
                "two cores, and then every page has something to show: curves, evaluation, predictions, downloads."
            )
            intake.offer_example("first")
