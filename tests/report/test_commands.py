"""The command of a report asks for the very settings of the run."""

from __future__ import annotations

import shlex

import pytest
import typer

from tlcore.__main__ import app
from tlcore.commands.settings import augmentations, fractions_of
from tlcore.report.commands import NAMES, PROGRAM, command_line
from tlcore.runs.config import INPUT, Fractions, TrainingConfig, settings

SETTINGS = [
    {},
    {"mode": "fine-tune", "blocks": 9, "gradual": True, "layer_decay": 0.85, "augment": (), "views": 3, "seed": 7},
    {
        "start": "my runs/best one.keras",
        "augment": ("rotate", "erase"),
        "fractions": Fractions(train=0.5, val=0.2, test=0.3),
    },
    {"head_learning_rate": 1e-5, "label_smoothing": 0.1, "target_metric": "macro_f1", "balancing": "sampling"},
]


@pytest.mark.parametrize("given", SETTINGS)
def test_the_command_asks_for_the_settings_of_the_run(given):
    config = TrainingConfig(dataset="20261121-101500-my-pictures-0001", **given)
    words = shlex.split(command_line(config))
    assert " ".join(words[:3]) == PROGRAM
    command = typer.main.get_command(app).commands[words[3]]
    asked = command.make_context("train", words[4:]).params
    assert asked.pop("data") == config.dataset
    asked |= {"augment": augmentations(asked["augment"]), "fractions": fractions_of(asked["fractions"])}
    named = {"from": "start", **{option.strip("-"): field for field, option in NAMES.items()}}
    read = {named.get(name.strip("_"), name): value for name, value in asked.items() if value not in (None, False)}
    read = {name.replace("input_", INPUT): value for name, value in read.items()}
    fields = {name: value for name, value in read.items() if name in settings()}
    assert TrainingConfig(dataset=config.dataset, **fields) == config
