"""`understand` and `explain`: where a model fails, where it looks, and what of an item its answer rests on.

It knows their arguments and what they print. It does not know how heat maps are made.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlcore.commands.follow import follow_job
from tlcore.commands.runs import RunArgument
from tlcore.commands.terminal import AsJson, Terminal, table
from tlcore.contract import read_contract
from tlcore.errors import RunError
from tlcore.modalities import find_modality
from tlcore.modalities.analysis import find_analysis
from tlcore.runs.run import open_run
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.evaluation.robustness import Robustness
    from tlcore.evaluation.slices import Slices
    from tlcore.modalities.analysis import Attention
    from tlcore.tasks.evaluation import Figure

MOST_SHOWN = 10


def understand(run: RunArgument, as_json: AsJson = False) -> None:
    """Analyse the errors of a run's model: slices, embedding map, saliency maps, robustness."""
    from tlcore.evaluation.error_analysis.files import Understanding
    from tlcore.jobs.launch import launch

    terminal = Terminal(as_json=as_json)
    found = open_run(Workspace.default(), run)
    understanding = Understanding(found)
    if not understanding.alive():
        launch(understanding)
    follow_job(understanding, terminal)
    slices, attention, robustness = understanding.slices(), understanding.attention(), understanding.robustness()
    outcome = understanding.outcome()
    content: dict[str, Any] = {
        "run": found.id,
        "path": str(understanding.path.resolve()),
        "slices": [each.model_dump(mode="json") for each in slices.slices] if slices else [],
        "attention": attention.model_dump(mode="json", exclude={"schema_version"}) if attention else None,
        "robustness": robustness.model_dump(mode="json", exclude={"schema_version"}) if robustness else None,
        "notes": [*(outcome.notes if outcome else ()), *(slices.notes if slices else ())],
        "seconds": outcome.seconds if outcome else None,
    }
    noun = find_modality(read_contract(found.path).modality).noun.many
    lines = [*_of_slices(slices), *_of_attention(attention), *_of_robustness(robustness, noun), *content["notes"]]
    terminal.result(content, "\n".join(lines))


def explain(
    run: RunArgument,
    items: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Files, or folders of them.")],
    out: Annotated[Path, typer.Option("--out", help="The folder for the saliency maps.")],
    label: Annotated[
        str | None,
        typer.Option(
            "--class",
            help="The class to explain.",
            show_default="the predicted one",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw saliency maps, by Grad-CAM and by occlusion: what a prediction rests on."""
    from tlcore.commands.paths import count_items, items_in, others_in
    from tlcore.commands.use import with_model

    terminal = Terminal(as_json=as_json)
    found = with_model(run)
    modality = find_modality(read_contract(found.path).modality)
    if not (explain_with := find_analysis(modality).explain):
        raise RunError(f"There are no saliency maps of {modality.noun.many}, which {found.name} is about.")
    explain_items = import_module(explain_with).explain_items
    count_items(items)
    sources, ignored = list(items_in(items)), list(others_in(items))
    explained = terminal.steps(explain_items(found.path, sources, out, label=label), "Drawing heat maps")
    content = {
        "run": found.id,
        "out": str(out.resolve()),
        "pictures": [each.model_dump(mode="json") for each in explained.items],
        "failed": [{"path": str(path), "reason": reason} for path, reason in explained.failed],
        "ignored": [str(path) for path in ignored],
    }
    rows: list[tuple[str, ...]] = [
        (each.path, each.predicted, f"{each.confidence:.3f}", each.label, f"{each.agreement:.2f}")
        for each in explained.items
    ]
    head = ("file", "answer", "confidence", "map of", "methods agree")
    lines = [table(head, rows)] if rows else ["No file could be read."]
    if explained.trust is not None:
        lines.append(explained.trust.says)
    lines.append(f"Written to {out}.")
    terminal.result(content, "\n".join(lines))
    for path, reason in explained.failed:
        typer.echo(f"{path}: {reason}", err=True)
    if explained.failed:
        raise typer.Exit(1)


def _of_slices(slices: Slices | None) -> list[str]:
    worse = slices.worse if slices else ()
    if not worse:
        return ["On no group of test examples is the model significantly worse."]
    more = len(worse) - MOST_SHOWN
    rest = [f"and {more} more; `--json` lists them all."] if more > 0 else []
    return [*(each.says for each in worse[:MOST_SHOWN]), *rest]


def _of_attention(attention: Attention | None) -> list[str]:
    if attention is None:
        return []
    warnings = [each.warning for each in attention.classes if each.warning]
    return [*warnings, *([attention.trust.says] if attention.trust else [])]


def _of_robustness(found: Robustness | None, noun: str) -> list[str]:
    if found is None:
        return []

    def plain(figure: Figure) -> str:
        return found.of.plain(figure.value)

    rows = [(curve.title, *map(plain, curve.model), plain(curve.baseline[-1])) for curve in found.curves]
    head = ("", "mildest", "", "", "", "strongest", "frozen, strongest")
    unit = f" in {found.unit}" if found.of.kind == "value" and found.unit else ""
    whole = f"{plain(found.model)}{unit} as they are (frozen baseline {plain(found.baseline)})"
    return [f"{found.of.title} on {found.n} test {noun}: {whole}, and corrupted:", table(head, rows), *found.says]
