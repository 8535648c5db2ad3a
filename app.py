"""The order of the pages, their titles and icons; nothing else.

Start it with `make run`, or `streamlit run app.py`.
"""

from __future__ import annotations

import streamlit as st

# Each page is a complete script: a deep link may run it before this file has run.
st.navigation(
    [
        st.Page("pages/1_data.py", title="Data", icon=":material/photo_library:", default=True),
        st.Page("pages/2_train.py", title="Train", icon=":material/model_training:"),
        st.Page("pages/3_runs.py", title="Runs", icon=":material/monitoring:"),
        st.Page("pages/4_evaluate.py", title="Evaluate", icon=":material/fact_check:"),
        st.Page("pages/5_try.py", title="Try", icon=":material/image_search:"),
        st.Page("pages/6_export.py", title="Export", icon=":material/download:"),
    ]
).run()
