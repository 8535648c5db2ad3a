"""`python -m tlcore`: runs the commands and turns an error into a sentence and an exit code.

It knows the names of the commands. It does not know what they do; `tlcore.commands` does.
"""

from __future__ import annotations

import signal
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from tlcore.commands import (
    backbones,
    cache,
    check,
    compare,
    costs,
    data,
    explain,
    export,
    lr_find,
    packing,
    predict,
    publish,
    report,
    runs,
    serve,
    split,
    sweep,
    train,
    use,
)
from tlcore.commands.terminal import begin_in_utf8, escape_what_cannot_be_shown, output_is_closed
from tlcore.disk import fault_of
from tlcore.errors import ConfigError, GraftError
from tlcore.markup import lines
from tlcore.workspace import home

PROGRAM = "python -m tlcore"
USAGE_FAULT = 2
INTERRUPTED = 130

app = typer.Typer(
    help="Graft: turn labelled examples into a tested model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data.app.command("check")(check.check)
data.app.command("split")(split.split)
data.app.command("pack")(packing.pack_dataset)
data.app.command("unpack")(packing.unpack_dataset)
app.add_typer(data.app, name="data")
app.command("train")(train.train)
app.command("lr-find")(lr_find.lr_find)
app.command("sweep")(sweep.sweep)
runs.app.command("pack")(packing.pack_run)
runs.app.command("unpack")(packing.unpack_run)
app.add_typer(runs.app, name="runs")
app.add_typer(cache.app, name="cache")
app.add_typer(backbones.app, name="backbones")
app.command("evaluate")(use.evaluate)
app.command("compare")(compare.compare)
app.command("costs")(costs.costs)
app.command("understand")(explain.understand)
app.command("explain")(explain.explain)
app.command("report")(report.report)
app.command("predict")(predict.predict)
app.command("serve")(serve.serve)
app.command("export")(export.export)
app.command("publish")(publish.publish)


@app.command("work", hidden=True)
def work(run: Annotated[Path, typer.Argument(help="The folder of an existing run.")]) -> int:
    """Run the worker of a run; `train` and the Train page start it."""
    _end_when_told()
    from tlcore.training.work import work as work_on

    return work_on(run)


@app.command("sweep-work", hidden=True)
def sweep_work(folder: Annotated[Path, typer.Argument(help="The folder of an existing sweep.")]) -> int:
    """Run the worker of a sweep; `sweep` and the Sweep page start it."""
    _end_when_told()
    from tlcore.sweeps.work import work as work_on

    return work_on(folder)


@app.command("check-work", hidden=True)
def check_work(folder: Annotated[Path, typer.Argument(help="The folder of a dataset.")]) -> int:
    """Run the worker that checks a dataset; `data check` and the Check page start it."""
    _end_when_told()
    from tlcore.health.work import work as work_on

    return work_on(folder)


@app.command("understand-work", hidden=True)
def understand_work(run: Annotated[Path, typer.Argument(help="The folder of an evaluated run.")]) -> int:
    """Run the worker of an error analysis; `understand` and the Evaluate page start it."""
    _end_when_told()
    from tlcore.evaluation.error_analysis.job import work as work_on

    return work_on(run)


@app.command("export-work", hidden=True)
def export_work(
    run: Annotated[Path, typer.Argument(help="The folder of an evaluated run.")],
    key: Annotated[str, typer.Argument(help="A format, or `downloads`.")],
    check: Annotated[str, typer.Argument(help="sample or all")] = "sample",
) -> int:
    """Run the worker that makes a format, or the downloads that every run has; the Export page starts it."""
    _end_when_told()
    return export.export_work(run, key, check)


@app.command("graph-work", hidden=True)
def graph_work() -> None:
    """Write the graph of the bundled backbone to the cache, for code that computes features without Keras."""
    from tlcore.training.embedding import make_graph
    from tlcore.workspace import Workspace

    make_graph(Workspace.default())


def _end_when_told() -> None:
    """Let SIGTERM end a worker with a sentence: a machine that shuts down asks politely first."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code, 0 only for success; print errors as sentences on standard error."""
    escape_what_cannot_be_shown()
    try:
        # Not standalone: a fault of ours and a typing error are told in the same way.
        return int(app(arguments, prog_name=PROGRAM, standalone_mode=False) or 0)
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(lines(f"{problem.field}: {problem.message}"), err=True)
    except GraftError as error:
        typer.echo(lines(error), err=True)
    except typer.TyperException as error:
        typer.echo(f"{error.format_message().rstrip('.')}. `{PROGRAM} --help` shows what there is.", err=True)
        return USAGE_FAULT
    except typer.Abort:
        typer.echo("Nothing was done.", err=True)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever reads our output has seen enough; what is still unwritten must not fail once more at the exit.
        sys.stdout = None
    except Exception as error:
        if output_is_closed(error):
            typer.echo(f"The answer has to be written. Standard output takes no more: {error}.", err=True)
        elif fault := fault_of(error, place=home()):
            typer.echo(str(fault), err=True)
        else:  # a bug: show all of it
            traceback.print_exc()
    return 1


if __name__ == "__main__":
    begin_in_utf8()
    sys.exit(main())
