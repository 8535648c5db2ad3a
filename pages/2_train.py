"""Choose pictures, a backbone and how much of it to train, and start."""

from __future__ import annotations

import streamlit as st

from pages.components import (
    backbone_cards,
    beginning,
    cut,
    draft,
    frame,
    preview,
    rate_finder,
    recommended,
    run_facts,
    settings,
    words,
)
from pages.components.pickers import pick_dataset
from tlcore.backbones.catalogue import find
from tlcore.data.dataset import Dataset
from tlcore.runs.config import TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.launch import launch
from tlcore.runs.problems import problems
from tlcore.workspace import Workspace


def start(workspace: Workspace, dataset: Dataset, config: TrainingConfig) -> None:
    run = create_run(workspace, dataset, config)
    with st.spinner("Starting the worker …"):
        launch(run)
    frame.go_to(frame.RUNS, run=run.id)


def show(workspace: Workspace) -> None:
    fresh = beginning.begin_draft(workspace)
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
    backbone = find(draft.read("backbone"))
    recipe = recommended.recipe(dataset.id, dataset.info.version, backbone.key, dataset)
    values = draft.follow(recipe, fresh=fresh)
    config = draft.config(dataset.id, values)
    counts = dataset.counts()
    form = settings.Form(problems(config, dataset), values)
    form.faults("dataset")
    recommended.card(recipe, backbone, draft.changed(values))

    st.subheader("Backbone", anchor=False)
    st.caption("A network that already knows what pictures are made of, from a million photos of ImageNet.")
    backbone_cards.show(workspace, config.backbone, draft.choose_backbone)
    form.faults("backbone")
    beginning.choose(workspace, form)

    st.subheader("How much of it to train", anchor=False)
    cut.choose(backbone, config, draft.key)
    form.mark("mode")
    form.mark("blocks")
    form.faults("blocks")
    st.markdown(cut.sentence(backbone, config, len(counts)))
    for field, column in zip(("epochs", "image_size"), st.columns([1, 1, 1]), strict=False):
        with column:
            form.field(field)

    st.subheader("Augmentation", anchor=False)
    st.caption("Changes that do not alter the class, drawn anew each time: the model learns to look past them.")
    switches, pictures = st.columns([1, 2.4], gap="large")
    with switches:
        form.augmentations()
    with pictures:
        preview.examples(dataset, config, draft.key("draw"))

    faults = problems(config, dataset)
    with st.expander("Advanced", icon=":material/tune:"):
        for group in settings.ADVANCED:
            form.advanced(group)
            if group == "Steps":
                rate_finder.show(config, disabled=bool(faults))
        form.split(dataset)
    form.others()
    with settings.start_bar():
        if st.button("Start", type="primary", icon=":material/play_arrow:", disabled=bool(faults), key="start"):
            start(workspace, dataset, config)
        if faults:
            st.markdown(f":red[{words.plural(len(faults), 'setting')} to be put right first, marked red above.]")
        else:
            solved = config.mode == "freeze" and config.head == "logistic"
            how = "exact solution" if solved else words.plural(config.epochs, "epoch")
            said = [backbone.title, run_facts.mode(config), how]
            st.markdown(f"{' · '.join(said)}, on {words.plural(sum(counts.values()), 'picture')}")


with frame.page(
    "Train", ":material/model_training:", "Choose a backbone and press Start: the settings fit your pictures."
) as workspace:
    show(workspace)
