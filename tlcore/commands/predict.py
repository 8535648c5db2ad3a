"""`predict`: a run's model answers for items and folders of them, however many.

It knows the arguments, the order of the items and what is printed. It does not know ONNX Runtime, nor the table.
What it keeps in memory does not grow with the number of items: they are listed as they are asked about, and their
answers go to a file at once. Only `--resume` keeps the names of those that were answered before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlcore.commands.paths import count_items, items_in, others_in
from tlcore.commands.runs import RunArgument
from tlcore.commands.terminal import AsJson, Terminal, shown, table
from tlcore.contract import Contract
from tlcore.errors import DataError
from tlcore.inference.predictions_csv import SURE_FROM, AnswerTable, Row
from tlcore.markup import one_line
from tlcore.tasks import Reply

if TYPE_CHECKING:
    from tlcore.inference.predictor import Predictor

MOST_SHOWN = 100
SAME = 1e-3


def predict(
    run: RunArgument,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, or folders of them.")],
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write every answer to this file.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the predictions in --csv FILE and predict only the others.")
    ] = False,
    sure_from: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="The confidence from which the column `says` of --csv calls a prediction sure."
        ),
    ] = SURE_FROM,
    as_json: AsJson = False,
) -> None:
    """Predict with a run's model: classes, labels or values of files and folders."""
    terminal = Terminal(as_json=as_json)
    if resume and csv_file is None:
        raise DataError("--resume needs the table to go on with. Received none. Name it with --csv FILE.")
    from tlcore.commands.use import with_model  # not before a typing error could show

    found = with_model(run)
    number = count_items(paths)
    from tlcore.inference.predictor import Predictor

    predictor = Predictor.from_run(found.path)
    with AnswerTable(csv_file, predictor.labels, resume=resume, sure_from=sure_from) as answers:
        known = _check_known(answers, predictor) if resume else frozenset()
        answered = sum(1 for path in items_in(paths) if str(path) in known) if known else 0
        waiting = (path for path in items_in(paths) if str(path) not in known)
        with terminal.bar() as bar:
            for done, answer in enumerate(predictor.predict_files(waiting), answered + 1):
                answers.write(answer)
                bar.update("Asking the model", done, number)
        if as_json:
            terminal.stream(_content(found.id, answers, predictor.labels, paths))
        else:
            _print(answers, paths, csv_file, predictor.labels)
        failed = [f"{shown(row.path)}: {row.error}" for row in answers.rows() if row.error]
    for line in failed:
        typer.echo(one_line(line), err=True)
    if failed:
        raise typer.Exit(1)


def _check_known(answers: AnswerTable, predictor: Predictor) -> frozenset[str]:
    """The items that the table has answers for; the first of them is asked about once more.

    Raises:
        DataError: It has another answer now, so the table is another model's.
    """
    rows = (row for row in answers.rows() if row.outputs and Path(row.path).is_file())
    margin = predictor.labels.decision.margin or 0.0
    for row in islice(rows, 1):
        (answer,) = predictor.predict_files([Path(row.path)])
        # A value may be of any size, a probability is at most 1.
        unit = 1.0 if predictor.labels.classes else max(margin, *map(abs, row.outputs))
        if answer.outputs is None or abs(answer.outputs - row.outputs).max() > SAME * unit:
            raise DataError(
                f"--resume goes on with a table of the same model and the same files. About {row.path} the model "
                "says something else than the table. Name another file, or leave out --resume to write it anew."
            )
    return frozenset(row.path for row in answers.rows())


def _content(run: str, answers: AnswerTable, contract: Contract, paths: Sequence[Path]) -> dict[str, Any]:
    return {
        "run": run,
        "predictions": (_prediction(row, row.reply, contract) for row in answers.rows() if row.reply),
        "failed": ({"path": row.path, "reason": row.error} for row in answers.rows() if row.error),
        "ignored": (str(path) for path in others_in(paths)),
    }


def _prediction(row: Row, reply: Reply, contract: Contract) -> dict[str, Any]:
    if reply.value is not None:
        ends = {"low": reply.low, "high": reply.high}
        said: dict[str, Any] = {
            "value": row.outputs[0],
            **ends,
            "unit": contract.unit,
            "value_name": contract.value_name,
        }
    else:
        name = {"labels": list(reply.labels)} if contract.task == "multilabel" else {"label": reply.label}
        shares = dict(zip(contract.classes, row.outputs, strict=True))
        said = {**name, "confidence": _confidence(row, reply, contract), "probabilities": shares}
    return {"path": row.path, **said, "unfamiliarity": row.unfamiliarity}


def _confidence(row: Row, reply: Reply, contract: Contract) -> float:
    """The confidence as it is written in the table."""
    return max(row.outputs) if contract.task == "classification" else reply.confidence


def _print(answers: AnswerTable, paths: Sequence[Path], csv_file: Path | None, contract: Contract) -> None:
    from tlcore.modalities import find_modality

    head, line = _LINES[contract.task]
    good = ((row, row.reply) for row in answers.rows() if row.reply)
    rows = [(shown(row.path), *line(reply, contract.unit), _unfamiliar(row)) for row, reply in islice(good, MOST_SHOWN)]
    typer.echo(table(("file", *head, ""), rows) if rows else "No file could be read.")
    if (number := sum(1 for row in answers.rows() if row.reply)) > MOST_SHOWN:
        advice = "" if csv_file else " `--csv FILE` writes them all."
        typer.echo(f"… and {number - MOST_SHOWN:,} more. Of all: {_of_all(answers, contract)}.{advice}")
    if ignored := sum(1 for _ in others_in(paths)):
        items = find_modality(contract.modality).noun.many
        typer.echo(f"{ignored} files in the folders were ignored: their names do not end as those of {items} do.")
    if csv_file is not None:
        typer.echo(f"Written to {csv_file}.")


def _of_all(answers: AnswerTable, contract: Contract) -> str:
    """Sum up all answers: how often each class was given, or the range of the values."""
    replies = (row.reply for row in answers.rows() if row.reply)
    if not contract.classes:
        values = sorted(reply.value for reply in replies if reply.value is not None)
        unit = f" {one_line(contract.unit)}".rstrip()
        return f"from {values[0]:.4g} to {values[-1]:.4g}{unit}, median {values[len(values) // 2]:.4g}{unit}"
    counts = Counter(label for reply in replies for label in reply.labels or ["(no label)"])
    return ", ".join(f"{one_line(label)} {number:,}" for label, number in counts.most_common(MOST_SHOWN))


def _value(reply: Reply, unit: str) -> tuple[str, ...]:
    interval = "" if reply.low is None else f"{reply.low:.4g} to {reply.high:.4g}"
    return f"{reply.value:.4g} {one_line(unit)}".rstrip(), interval


# The columns between an item and what is unfamiliar about it, and how they are filled.
_LINES: dict[str, tuple[tuple[str, ...], Callable[[Reply, str], tuple[str, ...]]]] = {
    "classification": (("label", "confidence"), lambda reply, unit: (reply.label, f"{reply.confidence:.3f}")),
    "multilabel": (
        ("labels", "confidence"),
        lambda reply, unit: (", ".join(reply.labels) or "(no label)", f"{reply.confidence:.3f}"),
    ),
    "regression": (("value", "prediction interval"), _value),
}


def _unfamiliar(row: Row) -> str:
    strange = row.unfamiliarity is not None and row.unfamiliarity > 1
    return "unlike anything it was trained on" if strange else ""
