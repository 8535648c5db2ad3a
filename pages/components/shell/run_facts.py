"""What a run is called and what state it is in, in the same words everywhere."""

from __future__ import annotations

from datetime import UTC, datetime

from pages.components.shell import formats
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.errors import GraftError
from tlcore.modalities import Noun, find_modality
from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import CrossValidated
from tlcore.runs.run import Run
from tlcore.runs.state import RunState
from tlcore.tasks import Task, find_task
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.workspace import Workspace

BESIDE = "Starts now, beside the run that trains. Both share the processor and the memory, so both take longer."


def backbone(config: TrainingConfig) -> str:
    known = CATALOGUE.get(config.backbone)
    return known.title if known else config.backbone


def mode(config: TrainingConfig) -> str:
    if config.mode == "auto":
        return f"auto, {formats.plain(config.budget) if config.minutes is None else formats.duration(config.seconds)}"
    if config.mode == "freeze":
        return "freeze" if config.features == "last" else "freeze, every block's features"
    known = CATALOGUE.get(config.backbone)
    everything = known is not None and config.blocks >= len(known.blocks)
    return f"fine-tune, {'every block' if everything else formats.plural(config.blocks, 'block')}"


def noun(run: Run) -> Noun:
    """What the run's items are called."""
    return find_modality(run.config.input.modality).noun


def dataset(run: Run) -> str:
    try:
        return run.dataset.name
    except GraftError:
        return "deleted dataset"


def task(run: Run) -> tuple[Task, str]:
    """What an answer of the run is, and the unit of a predicted value; classification where nothing says it."""
    try:
        about = run.dataset
        return find_task(about.task), about.unit
    except (GraftError, ValueError):
        return CLASSIFICATION, ""


def beginning(run: Run) -> tuple[str, ...]:
    """What was said when the run was made: of the weights that it begins with, of its split."""
    try:
        return run.dataset.notes
    except GraftError:
        return ()


def _version(run: Run) -> str:
    """Which one of an edited dataset: runs before and after the pictures were mended stand side by side."""
    try:
        version = run.dataset.version
    except GraftError:
        return ""
    return f"version {version}" if version > 1 else ""


def title(run: Run) -> str:
    """The name that a person gave; else what the run is, or its id where its settings cannot be read."""
    try:
        if run.name != run.id:
            return run.name
        found = f"{backbone(run.config)}, {mode(run.config)}"
        return f"Auto: {found}" if run.given.mode == "auto" != run.config.mode else found
    except GraftError:
        return run.id


def elsewhere(run: Run) -> str:
    """The folder of a run of another workspace, as Markdown; empty for one of this workspace."""
    runs = Workspace.default().runs
    ours = {path.resolve() for path in runs.iterdir()} if runs.is_dir() else set()
    return "" if run.path.resolve() in ours else formats.plain(str(run.path))


def made(run: Run) -> str:
    """When the run was made, in the time of this machine: `21 Nov, 10:15`."""
    try:
        moment = datetime.strptime(run.id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return ""
    return formats.moment(moment)


def about(run: Run) -> str:
    """What a list says below the title, as Markdown; what the title says already is left out."""
    said = [dataset(run), _version(run)]
    if run.name != run.id:
        said += [backbone(run.config), mode(run.config)]
    return " · ".join(formats.plain(word) for word in (*said, made(run)) if word)


def seconds(state: RunState) -> float | None:
    """How long workers were at the run, or have been until now; pauses do not count."""
    if state.live and state.started is not None:
        return state.seconds_at(datetime.now(UTC))
    return state.total_seconds


def folds(found: CrossValidated) -> tuple[str, str]:
    """The headline metric over repeated folds, and of what it is the mean."""
    of, share = found.of, found.of.kind == "share"
    spread = f"{100 * found.deviation:.1f}" if share else formats.plain(of.plain(found.deviation, found.unit))
    return (
        f"{formats.figure(of, found.value, found.unit)} ± {spread}",
        f"mean over {found.repeats} × {found.folds} folds of {formats.plural(found.n, 'picture')}, ± deviation",
    )


def result(state: RunState, *, named: bool = False) -> str:
    """The headline metric on the test set with its interval, perhaps `named`; a dash where there is none."""
    if state.test is None:
        return "–"
    test, of = state.test, state.test.of
    name = f"{formats.plain(of.short)} " if named else ""
    if of.kind == "share":
        return f"{name}{formats.percent(test.value)} ({100 * test.low:.0f}–{100 * test.high:.0f})"
    low, high = (formats.plain(of.plain(each)) for each in (test.low, test.high))
    return f"{name}{formats.figure(of, test.value, test.unit)} ({low}–{high})"
