"""Export a run: make each artefact, load it again in a fresh process, compare, write down what came of it.

It knows the order of the steps and the folder. It does not know formats, nor what agreement is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tlcore.contract import read_contract
from tlcore.disk import fault_of
from tlcore.errors import ExportError, GraftError
from tlcore.export.exporter import Exporter, FreshProcess, UnprovenError
from tlcore.export.parity import REFUSED, Agreement, AppAnswers, agreement, app_answers, compare, draw, reading_fault
from tlcore.export.registry import find
from tlcore.file_format import Precision
from tlcore.files import remove_tree, sha256, temporary_folder, write_json
from tlcore.modalities import find_modality
from tlcore.progress import Pace, Progress, drain
from tlcore.runs.formats import FORMATS
from tlcore.runs.items import TestItems, read_test_items
from tlcore.runs.manifest import MOST_CHECKED, Check, Manifest
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

SECONDS_BETWEEN_REPORTS = 0.5
AT_ONCE = 3  # a converter holds the model several times over


@dataclass(frozen=True)
class Subject:
    """What every artefact of a run is asked about, and what it should answer.

    Attributes:
        of: The number of test items of which `items` are some, or all.
        seed: With which some were drawn; None where they are all.
    """

    run: Run
    items: TestItems
    expected: AppAnswers
    of: int
    seed: int | None


def export_run(
    run: Run,
    report: Callable[[Progress], None],
    formats: Sequence[str] | None = None,
    *,
    check: Check = "sample",
    workspace: Workspace | None = None,
) -> tuple[Manifest, ...]:
    """Make and prove artefacts of a run, those that every run has where none are named.

    What gives no answers is not kept; what gives others than it should is, and its manifest says what was lost. Each is
    asked about a sample of the test items, or about all of them.

    The proofs run side by side. When `report` raises, they are ended.

    Raises:
        ExportError: There is no such format, or the run has not been evaluated.
        DataError: The dataset is gone.
    """
    contract = read_contract(run.path)
    exporters = find(formats, contract.modality)
    expected = app_answers(run)
    items = drain(read_test_items(run, workspace or Workspace.default()), report)
    of, seed = len(items.paths), None
    if check == "sample" and of > MOST_CHECKED:
        seed = run.config.seed
        rows = draw(expected.task.strata(list(items.rows["label"])), MOST_CHECKED, seed=seed)
        items, expected = items.only(rows), expected.only(rows)
    subject = Subject(run, items, expected, of, seed)
    fresh = FreshProcess()
    converted: list[str] = []
    n = len(expected.outputs)
    pace = Pace(len(exporters) * n)
    converting, asking = "Converting", f"Asking it again about {n} test {find_modality(contract.modality).noun.many}"
    report(replace(pace.at(0), note=converting))
    with ThreadPoolExecutor(min(AT_ONCE, len(exporters))) as pool:
        try:
            jobs = [pool.submit(_make, subject, exporter, fresh, converted.append) for exporter in exporters]
            waiting = set(jobs)
            while waiting:
                note = converting if len(converted) < len(jobs) else asking
                report(replace(pace.at((len(jobs) - len(waiting)) * n), note=note))
                _, waiting = wait(waiting, timeout=SECONDS_BETWEEN_REPORTS)
            report(replace(pace.at(len(jobs) * n), note=asking))
        finally:
            fresh.end()
            pool.shutdown(cancel_futures=True)  # who breaks off waits for what is begun, and nothing else begins
    return tuple(job.result() for job in jobs)


def _make(subject: Subject, exporter: Exporter, fresh: FreshProcess, on_converted: Callable[[str], None]) -> Manifest:
    # Made beside and renamed: nobody sees an artefact that is not proven yet.
    run = subject.run
    making = run.exports / f".making-{exporter.key}-{secrets.token_hex(2)}"
    making.mkdir(parents=True)
    try:
        manifest = _prove(subject, exporter, fresh, making, on_converted)
        if fresh.ended:  # stopped in the middle: that says nothing about the artefact
            raise ExportError("The export was broken off. Start it again.")
        if not manifest.kept:
            (making / exporter.file).unlink(missing_ok=True)
        write_json(making / "manifest.json", manifest)
        remove_tree(run.exports / exporter.key)
        making.replace(run.exports / exporter.key)
        return manifest
    except OSError as error:
        raise ExportError(str(fault_of(error, place=making) or f"{making} cannot be written: {error}.")) from error
    finally:
        with suppress(OSError):  # what is left of it says nothing against the artefact, and is removed another time
            remove_tree(making)


def _prove(
    subject: Subject, exporter: Exporter, fresh: FreshProcess, folder: Path, on_converted: Callable[[str], None]
) -> Manifest:
    run, items, expected = subject.run, subject.items, subject.expected
    file, n = folder / exporter.file, len(expected.outputs)
    precision: Precision = FORMATS[exporter.key].precision if exporter.key in FORMATS else "fp32"
    replay = None
    try:
        exporter.export(run, folder)
        on_converted(exporter.key)
        if not n:
            found = compare(expected, expected.outputs, exporter.file)
        else:
            with temporary_folder("graft-proof-") as scratch:
                replay = exporter.predict(file, items, fresh, scratch)
            found = agreement(expected, replay, exporter.file, precision)
            if (said := reading_fault(replay.awkward, exporter.file)) and not found.failed:
                found = replace(found, agrees=False, reason=" ".join(filter(None, [found.reason, said])))
    except UnprovenError as error:
        found, n = Agreement(0.0, 0.0, False, str(error)), 0
    except (GraftError, ValueError, KeyError, IndexError) as error:
        reason = str(error).rstrip(".")  # some are sentences
        said = f"{exporter.file} could not be loaded and asked in a fresh process: {reason}. {REFUSED}"
        found = Agreement(0.0, 1.0, False, said, failed=True)
    kept = file.exists() and not found.failed
    return Manifest(
        format=exporter.key,
        title=exporter.title,
        description=exporter.description,
        file=exporter.file,
        sha256=sha256(file) if kept else "",
        bytes=file.stat().st_size if kept else 0,
        n=n,
        of=subject.of,
        seed=subject.seed,
        same_answers=found.same_answers,
        largest_difference=found.largest_difference,
        agrees=found.agrees,
        precision=precision,
        accuracy=found.accuracy,
        reason=found.reason,
        milliseconds_per_item=replay.milliseconds_per_item if replay else None,
        milliseconds_p95=replay.milliseconds_p95 if replay else None,
        awkward=replay.awkward if replay else None,
        versions=dict(replay.versions) if replay else {},
    )
