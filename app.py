"""The order of the pages, their titles and icons; nothing else.

Start it with `make run`, or `streamlit run app.py`.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

# Before the navigation: it would take the icon of the page for the browser's tab, and fetch it from the network.
st.set_page_config(page_icon=Path(__file__).with_name("pages") / "components" / "leaf.svg", layout="wide")

# Each page is a complete script: a deep link may run it before this file has run.
st.navigation(
    [
        st.Page("pages/1_data.py", title="Data", icon=":material/photo_library:", default=True),
        st.Page("pages/11_label.py", title="Label", icon=":material/new_label:"),
        st.Page("pages/9_check.py", title="Check", icon=":material/health_and_safety:"),
        st.Page("pages/10_history.py", title="History", icon=":material/history:"),
        st.Page("pages/2_train.py", title="Train", icon=":material/model_training:"),
        st.Page("pages/7_sweep.py", title="Sweep", icon=":material/manage_search:"),
        st.Page("pages/3_runs.py", title="Runs", icon=":material/monitoring:"),
        st.Page("pages/4_evaluate.py", title="Evaluate", icon=":material/fact_check:"),
        st.Page("pages/5_try.py", title="Try", icon=":material/image_search:"),
        st.Page("pages/6_export.py", title="Export", icon=":material/download:"),
        st.Page("pages/8_storage.py", title="Storage", icon=":material/database:"),
    ],
    position="top",
).run()
