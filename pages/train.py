"""Choose pictures, a backbone and how much of it to train, and start."""

from __future__ import annotations

import streamlit as st

from pages.components.shell import draft, formats, frame, run_facts, settings, tables
from pages.components.shell.fields import fields_of
from pages.components.shell.pickers import pick_dataset
from pages.components.train import (
    augmentation_preview,
    backbone_cards,
    freeze_depth,
    initial_weights,
    lr_finder,
    own_weights,
    recommended,
)
from tlcore.backbones.catalogue import suitable
from tlcore.data.dataset import Dataset
from tlcore.jobs.launch import launch
from tlcore.modalities import find_modality
from tlcore.runs.config import TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.problems import problems
from tlcore.tasks import find_task
from tlcore.workspace import Workspace


def start(workspace: Workspace, dataset: Dataset, config: TrainingConfig) -> None:
    run = create_run(workspace, dataset, config)
    with st.spinner("Starting the worker …"):
        launch(run)
    frame.go_to(frame.RUNS, run=run.id)


def show(workspace: Workspace) -> None:
    fresh = initial_weights.begin_draft(workspace)
    dataset = pick_dataset(workspace)
    if dataset is None:
        frame.empty_state(
            ":material/photo_library:",
            "No dataset yet",
            "A model learns from labelled pictures: a zip with one folder for each class is enough. There is also a "
            "sample dataset.",
            action="Add pictures",
            target=frame.DATA,
        )
        return
    task, modality = find_task(dataset.info.task), dataset.info.modality
    backbones = suitable(modality, task.key)
    own_weights.take_over()
    backbone = draft.backbone_of(backbones)
    recipe = recommended.recipe(dataset.id, dataset.info.version, backbone.key, dataset)
    fields = fields_of(task.key, modality)
    values = draft.follow(recipe, fields, fresh=fresh)
    config = draft.config(dataset.id, values)
    form = settings.Form(problems(config, dataset), values, fields)
    form.faults("dataset")
    recommended.card(recipe, draft.changed(values), fields)

    st.subheader("Backbone", anchor=False)
    st.caption("The pretrained network that your model builds on.")
    backbone_cards.show(workspace, backbones, config.backbone, draft.choose_backbone)
    form.faults("backbone")
    own_weights.show(workspace, dataset)
    initial_weights.choose(workspace, form)

    st.subheader("Transfer learning mode", anchor=False)
    freeze_depth.choose(backbone, config, form)
    form.mark("mode")
    form.mark("blocks")
    form.faults("blocks")
    if config.mode != "auto":
        st.markdown(freeze_depth.sentence(backbone, config, task.width(len(dataset.info.classes))))
    for field, column in zip(("epochs", "input.size"), st.columns([1, 1, 1]), strict=False):
        with column:
            form.field(field)

    st.subheader("Augmentation", anchor=False)
    st.caption("Random changes that do not alter the label, so that the model learns to ignore them.")
    switches, items = st.columns([1, 2.4], gap="large")
    with switches:
        form.augmentations()
        if config.mode == "freeze" and config.augment and config.views is None:
            many = formats.plain(find_modality(modality).noun.many)
            st.caption(
                f"With a frozen backbone the head learns from the plain {many}: augmented ones seldom help it. *Cached "
                "views* above 1 adds some."
            )
    with items:
        augmentation_preview.examples(dataset, config, draft.key("draw"))

    faults = problems(config, dataset)
    with st.expander("Advanced", icon=":material/tune:"):
        for group in settings.ADVANCED:
            form.advanced(group)
            if group == "Optimization":
                lr_finder.show(config, task, disabled=bool(faults))
        form.split(dataset)
    with settings.start_bar():
        if st.button("Start", type="primary", icon=":material/play_arrow:", disabled=bool(faults), key="start"):
            start(workspace, dataset, config)
        if form.rest:  # no setting's, such as the room on the disk
            form.others()
        elif faults:
            st.markdown(f":red[{formats.plural(len(faults), 'setting')} to fix first, marked red above.]")
        else:
            said = [formats.plain(backbone.title), run_facts.mode(config)]
            if config.mode != "auto":
                solved = config.mode == "freeze" and config.head == "logistic"
                said.append(formats.plain(task.exact) if solved else formats.plural(config.epochs, "epoch"))
            st.markdown(f"{' · '.join(said)}, on {formats.plural(len(tables.items(dataset)), 'picture')}")


with frame.page(
    "Train", ":material/model_training:", "Choose a backbone and press Start: the settings fit your pictures."
) as workspace:
    show(workspace)
