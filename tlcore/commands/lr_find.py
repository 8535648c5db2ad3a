"""`lr-find`: try learning rates on the first steps of a training, and suggest one.

It knows the arguments and what is printed. It does not know how rates are tried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlcore.commands.data import find_or_take_in
from tlcore.commands.import_options import with_import_options
from tlcore.commands.settings import option, settings, with_input_options
from tlcore.commands.terminal import AsJson, Terminal, table
from tlcore.jobs.progress import Progress
from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import Event
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.data.import_plan import ImportChoices

ROWS = 12


@with_input_options()
@with_import_options
def lr_find(
    data: Annotated[
        str,
        typer.Argument(metavar="DATA", help="A dataset's id or name, a folder or zip to import first, or `sample`."),
    ],
    backbone: Annotated[str | None, option("backbone")] = None,
    mode: Annotated[str | None, option("mode")] = None,
    blocks: Annotated[int | None, option("blocks")] = None,
    batch_size: Annotated[int | None, option("batch_size")] = None,
    loss: Annotated[str | None, option("loss")] = None,
    seed: Annotated[int | None, option("seed")] = None,
    as_json: AsJson = False,
    *,
    input: dict[str, Any],
    choices: ImportChoices,
) -> None:
    """Suggest a learning rate: of the head when freezing, of the unfrozen blocks when fine-tuning."""
    asked = {
        "backbone": backbone,
        "mode": mode,
        "blocks": blocks,
        "batch_size": batch_size,
        "loss": loss,
        "seed": seed,
    }
    terminal = Terminal(as_json=as_json)
    given = {field: value for field, value in asked.items() if value is not None} | input
    settings("-", given)  # a typing error shows before the items are taken in
    workspace = Workspace.default()
    dataset = find_or_take_in(workspace, data, terminal, choices)
    content = _found(settings(dataset.id, given), dataset, workspace, terminal)
    terminal.result(content, _text(content, settings(dataset.id, given)))


def _found(config: TrainingConfig, dataset: Any, workspace: Workspace, terminal: Terminal) -> dict[str, Any]:
    from tlcore.training import device

    device.quieten()
    from tlcore.training.lr_finder import find_rate

    with terminal.bar() as bar:

        def report(news: Event | Progress) -> None:
            if isinstance(news, Progress):
                bar.update(news.title, news.done, news.total, rate=0.0, seconds_left=news.seconds_left)

        curve = find_rate(config, dataset, workspace, report=report, stop=lambda: False)
    return {"rates": list(curve.rates), "losses": list(curve.losses), "suggested": curve.suggested}


def _text(content: dict[str, Any], config: TrainingConfig) -> str:
    points = list(zip(content["rates"], content["losses"], strict=True))
    some = points[:: max(1, len(points) // ROWS)]
    option = "--head-learning-rate" if config.mode == "freeze" else "--fine-tune-learning-rate"
    lines = table(("rate", "loss"), [(f"{rate:.1e}", f"{loss:.3f}") for rate, loss in some])
    return f"{lines}\nThe loss falls fastest at {content['suggested']:.1e}: `{option} {content['suggested']:.1e}`."
