"""Choose pictures, a backbone and how much of it to train, and start."""

from __future__ import annotations

import streamlit as st

from pages.components import backbone_cards, cut, frame, preview, run_facts, settings, words
from pages.components.pickers import pick_dataset
from tlcore.backbones.catalogue import find
from tlcore.data.dataset import Dataset
from tlcore.runs.config import TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.launch import launch
from tlcore.runs.problems import problems
from tlcore.runs.run import open_run
from tlcore.workspace import Workspace


def begin_draft(workspace: Workspace) -> None:
    """Fill the form: from the run that the URL names, or with the defaults."""
    repeated = st.query_params.get("from", "")
    if not repeated:
        settings.begin("defaults", TrainingConfig(dataset=""))
        return
    run = open_run(workspace, repeated)
    settings.begin(repeated, run.config)
    st.query_params.setdefault("dataset", run.config.dataset)
    st.info(f"The settings of **{run_facts.escape(run_facts.title(run))}** are filled in. Change what you like.")


def start(workspace: Workspace, dataset: Dataset, config: TrainingConfig) -> None:
    run = create_run(workspace, dataset, config)
    with st.spinner("Starting the worker …"):
        launch(run)
    frame.go_to(frame.RUNS, run=run.id)


def show(workspace: Workspace) -> None:
    begin_draft(workspace)
    dataset = pick_dataset(workspace)
    if dataset is None:
        frame.empty_state(
            ":material/photo_library:",
            "First, pictures",
            "A model learns from labelled pictures: a zip with one folder for each class is enough. There is a sample "
            "to try things out with, too.",
            action="Add pictures",
            target=frame.DATA,
        )
        return
    config = settings.draft(dataset.id)
    backbone = find(config.backbone)
    counts = dataset.counts()
    form = settings.Form(problems(config, dataset))
    form.faults("dataset")

    st.subheader("Backbone", anchor=False)
    st.caption("A network that already knows what pictures are made of, from a million photos of ImageNet.")
    backbone_cards.show(workspace, config.backbone, settings.choose_backbone)
    form.faults("backbone")

    st.subheader("How much of it to train", anchor=False)
    cut.choose(backbone, config, settings.key)
    form.faults("blocks")
    st.markdown(cut.sentence(backbone, config, len(counts)))
    left, right, _ = st.columns([1, 1, 1])
    with left:
        form.number("epochs", "Epochs", "How often every training picture is looked at. It stops early by itself.")
    with right:
        form.number("image_size", "Image size (pixels)", "Larger shows more detail and takes longer.", step=32)

    st.subheader("Augmentation", anchor=False)
    st.caption("Changes that do not alter the class, drawn anew each time: the model learns to look past them.")
    switches, pictures = st.columns([1, 2.4], gap="large")
    with switches:
        form.augmentations()
    with pictures:
        draws = st.session_state.setdefault(settings.key("draw"), 0)
        preview.show(dataset, config.augment, config.resize, draws)
        if config.augment and st.button("Show other examples", icon=":material/casino:", type="tertiary"):
            st.session_state[settings.key("draw")] = draws + 1
            st.rerun()

    with st.expander("Advanced", icon=":material/tune:"):
        given = bool((dataset.items()["split"] != "").any())
        form.advanced(backbone, given_split=given, pictures=sum(counts.values()))
    form.others()
    with settings.start_bar():
        faults = len(problems(config, dataset))
        if st.button("Start", type="primary", icon=":material/play_arrow:", disabled=faults > 0, key="start"):
            start(workspace, dataset, config)
        if faults:
            st.markdown(f":red[{words.plural(faults, 'setting')} to be put right first, marked red above.]")
        else:
            said = [backbone.title, run_facts.mode(config), words.plural(config.epochs, "epoch")]
            st.markdown(f"{' · '.join(said)}, on {words.plural(sum(counts.values()), 'picture')}")


with frame.page(
    "Train", ":material/model_training:", "Choose a backbone and press Start: the settings are good as they are."
) as workspace:
    show(workspace)
