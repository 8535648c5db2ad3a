"""Put pictures to a model and see its answers, from the very file that can be downloaded."""

from __future__ import annotations

from secrets import randbelow

import streamlit as st

from pages.components import answers, corrected, frame, try_camera, try_many, words
from pages.components.answers import Asked, ask
from pages.components.pickers import no_model, pick_run
from pages.components.predictors import predictor
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
AT_ONCE = 12


def where_from() -> str:
    """Let the person choose where pictures come from; the URL says which, so that a reload stays there."""

    def follow() -> None:
        st.query_params["way"] = st.session_state["try-way"]

    asked = st.query_params.get("way", "")
    st.session_state["try-way"] = asked if asked in WAYS else next(iter(WAYS))
    way: str = st.segmented_control(
        "Where from",
        list(WAYS),
        required=True,
        format_func=lambda key: WAYS[key],
        key="try-way",
        on_change=follow,
        label_visibility="collapsed",
    )
    return way


def dropped(model: Predictor) -> list[Asked]:
    files = st.file_uploader(
        "Pictures", accept_multiple_files=True, key="try-files", label_visibility="collapsed", max_upload_size=200
    )
    if not files:
        st.caption(
            "A few pictures: JPEG, PNG, WebP, BMP, GIF, TIFF, HEIC. They stay on this machine. For hundreds, or a "
            "table to take along, choose *Folder or zip*."
        )
        return []
    page = 1
    if len(files) > AT_ONCE:
        page = st.pagination(-(-len(files) // AT_ONCE), key=f"try-page-{len(files)}")
    return [ask(model, file, file.name) for file in files[(page - 1) * AT_ONCE : page * AT_ONCE]]


def drawn(workspace: Workspace, run: Run, model: Predictor) -> list[Asked]:
    """Some test pictures of the run: the model never saw them, and their class is known."""
    try:
        images = open_dataset(workspace, run.dataset.id)
    except GraftError as error:
        st.info(f"The test pictures went with their dataset. {error}", icon=":material/image_not_supported:")
        return []
    st.session_state.setdefault("try-draw", randbelow(10**6))
    if st.button("Draw others", icon=":material/refresh:"):
        st.session_state["try-draw"] += 1
    split = run.split()
    rows = split[split["split"] == "test"]
    rows = rows.sample(min(8, len(rows)), random_state=st.session_state["try-draw"])
    return [
        ask(model, images.image_path(file), f"a test picture of {label}", str(label))
        for file, label in zip(rows["file"], rows["label"], strict=True)
    ]


def show(workspace: Workspace) -> None:
    run = pick_run(workspace)
    if run is None:
        no_model(workspace, "try it on new pictures")
        return
    model = predictor(run)
    labels = model.labels
    st.caption(
        f"Tells {words.plural(len(labels.labels), 'class', 'classes')} apart, at {labels.image_size} × "
        f"{labels.image_size} pixels. It always names one of them, whatever a picture shows"
        + (
            "; pictures unlike those it learnt from are marked, and about 1 in 20 ordinary ones."
            if model.tells_unfamiliar
            else "."
        )
    )
    way = where_from()
    if way == "Camera":
        try_camera.show(workspace, run, model)
    elif way == "Many":
        try_many.show(workspace, run, model)
    elif asked := drawn(workspace, run, model) if way == "Test" else dropped(model):
        correct = corrected.below(workspace, run, labels.labels) if way == "Pictures" else None
        answers.cards(asked, model, below=correct)
        corrected.told(workspace, run)
        if st.button("Download the model", type="primary", icon=":material/download:"):
            frame.go_to(frame.EXPORT, run=run.id)


with frame.page("Try", ":material/image_search:", "Show the model pictures that it has never seen.") as ws:
    show(ws)
