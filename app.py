"""The groups and the order of the pages, their titles and icons; nothing else.

Start it with `make run`, or `streamlit run app.py`.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

# Before the navigation: it would take the icon of the page for the browser's tab, and fetch it from the network.
st.set_page_config(page_icon=Path(__file__).with_name("pages") / "components" / "shell" / "leaf.svg", layout="wide")

FIRST = {"page": "pages/data.py", "title": "Import and browse", "icon": ":material/photo_library:"}
# Each page is a complete script: a deep link may run it before this file has run.
st.navigation(
    {
        "Data": [
            st.Page(**FIRST, url_path="", default=True),
            # Streamlit has the first page at `/` alone; its name typed as the address is to lead there, too.
            *(st.Page(**FIRST, url_path=address, visibility="hidden") for address in ("data", "import")),
            st.Page("pages/label.py", title="Label", icon=":material/new_label:"),
            st.Page("pages/check.py", title="Check", icon=":material/health_and_safety:"),
            st.Page("pages/history.py", title="History", icon=":material/history:"),
        ],
        "Model": [
            st.Page("pages/train.py", title="Train", icon=":material/model_training:"),
            st.Page("pages/sweep.py", title="Sweep", icon=":material/manage_search:"),
            st.Page("pages/runs.py", title="Runs", icon=":material/monitoring:"),
        ],
        "Results": [
            st.Page("pages/evaluate.py", title="Evaluate", icon=":material/fact_check:"),
            st.Page("pages/try.py", title="Try", icon=":material/image_search:"),
            st.Page("pages/export.py", title="Export", icon=":material/download:"),
        ],
        "Machine": [st.Page("pages/storage.py", title="Storage", icon=":material/database:")],
    },
    position="top",
).run()
