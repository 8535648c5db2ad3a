"""The first visit: the ways in, and what a good collection looks like."""

from __future__ import annotations

import streamlit as st

from pages.components import intake
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
    ways, advice = st.columns([3, 2], gap="large")
    with ways:
        st.subheader("Your pictures", anchor=False)
        intake.offer(workspace, "first")
    with advice:
        st.subheader("One folder for each class", anchor=False)
        st.code(FOLDERS.strip(), language=None)
        st.caption(
            "From about 20 pictures of each class on, results begin to mean something; 100 are better. Odd files do no "
            "harm: what cannot be used is left out and listed with the reason. Everything stays on this machine."
        )
