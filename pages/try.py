"""Put pictures to a model and see its answers, from the very file that can be downloaded."""

from __future__ import annotations

from secrets import randbelow

import streamlit as st

from pages.components.items import find_display
from pages.components.shell import formats, frame, tables
from pages.components.shell.pickers import no_model, pick_run, still_searches
from pages.components.shell.predictors import predictor
from pages.components.try_ import answers, feedback, predictions, try_camera, try_many
from pages.components.try_.answers import Asked, ask
from tlcore.data.dataset import open_dataset
from tlcore.errors import GraftError
from tlcore.inference.predictor import Predictor
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

WAYS = {
    "Pictures": ":material/upload: Pictures",
    "Many": ":material/folder_zip: Folder or zip",
    "Camera": ":material/photo_camera: Camera",
    "Test": ":material/casino: Test set",
}


def where_from(ways: list[str]) -> str:
    """Let the person choose where pictures come from; the URL says which, so that a reload stays there."""

    def follow() -> None:
        st.query_params["way"] = st.session_state["try-way"]

    asked = st.query_params.get("way", "")
    st.session_state["try-way"] = asked if asked in ways else ways[0]
    way: str = st.segmented_control(
        "Where from",
        ways,
        required=True,
        format_func=lambda key: WAYS[key],
        key="try-way",
        on_change=follow,
        label_visibility="collapsed",
    )
    return way


def dropped(model: Predictor) -> list[Asked]:
    return [ask(model, file, file.name) for file in find_display(model.labels.modality).ask("try-files")]


def drawn(workspace: Workspace, run: Run, model: Predictor) -> list[Asked]:
    """Some test pictures of the run: the model never saw them, and their label is known."""
    try:
        images = open_dataset(workspace, run.dataset.id)
    except GraftError as error:
        st.info(
            f"{tables.GONE} {formats.plain(error)}",
            icon=":material/image_not_supported:",
        )
        return []
    st.session_state.setdefault("try-draw", randbelow(10**6))
    if st.button("Draw others", icon=":material/refresh:"):
        st.session_state["try-draw"] += 1
    split = run.split()
    rows = split[split["split"] == "test"]
    rows = rows.sample(min(8, len(rows)), random_state=st.session_state["try-draw"])
    return [
        ask(model, images.image_path(file), f"a test picture of {predictions.label_text(label, model.labels)}", label)
        for file, label in zip(rows["file"], rows["label"], strict=True)
    ]


def show(workspace: Workspace) -> None:
    run = pick_run(workspace, searching=True)
    if run is None:
        no_model(workspace, "try it on new pictures")
        return
    model = predictor(run)
    contract = model.labels
    st.caption(
        predictions.purpose(contract)
        + (
            "; pictures unlike its training pictures are flagged, and about 1 in 20 ordinary ones by mistake."
            if model.tells_unfamiliar
            else "."
        )
    )
    left_out = set() if find_display(contract.modality).CAMERA else {"Camera"}
    if still_searches(run):
        st.info(
            "This is the best model so far; the search goes on. Test pictures are kept for the winner.",
            icon=":material/hourglass_top:",
        )
        left_out.add("Test")
    way = where_from([way for way in WAYS if way not in left_out])
    if way == "Camera":
        try_camera.show(workspace, run, model)
    elif way == "Many":
        try_many.show(workspace, run, model)
    elif asked := drawn(workspace, run, model) if way == "Test" else dropped(model):
        correct = feedback.below(workspace, run, contract) if way == "Pictures" else None
        answers.cards(asked, model, below=correct)
        feedback.told(workspace, run)
        frame.page_button(
            "Download the model", frame.EXPORT, {"run": run.id}, type="primary", icon=":material/download:"
        )


with frame.page("Try", ":material/image_search:", "Show the model pictures that it has never seen.") as ws:
    show(ws)
