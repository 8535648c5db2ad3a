"""The worker of a run: carries out the whole run in its own process.

It knows the order: line, items, training, files, judgement; then, when the run is over, the downloads. Every step is
another module's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tlcore.contract import contract_of, write_contract
from tlcore.evaluation.feature_map import named_tensors
from tlcore.evaluation.run import evaluate_run, headline, write_validation
from tlcore.export.run import export_run
from tlcore.files import write_json
from tlcore.jobs.events import Waiting
from tlcore.jobs.progress import Progress
from tlcore.jobs.queue import turn
from tlcore.jobs.writer import StoppedError
from tlcore.jobs.writer import work as be_worker
from tlcore.modalities import Noun, find_modality
from tlcore.progress import Progress as Step
from tlcore.progress import drain
from tlcore.runs.config import TrainingConfig
from tlcore.runs.disk_space import check_room
from tlcore.runs.events import Event, Resumed, Started
from tlcore.runs.exporting import DOWNLOADS, Making
from tlcore.runs.exporting import work as work_on
from tlcore.runs.items import read_items
from tlcore.runs.recorder import Recorder
from tlcore.runs.run import Run
from tlcore.training import checkpoint, device
from tlcore.training.phase_report import Report, Stop, stretch
from tlcore.training.preload import import_trainer
from tlcore.training.resume_log import ResumeLog
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.training.trainer import TrainedModel


def work(run_dir: Path) -> int:
    """Carry out a run and give the exit code: 0 when it finished, was stopped or paused, 1 when it failed.

    A run that was interrupted goes on from its checkpoint.
    """
    run = Run(run_dir)
    device.quieten()
    return be_worker(Recorder(run), partial(_take_turn, run))


def _take_turn(run: Run, recorder: Recorder) -> Literal["finished", "stopped", "paused"]:
    said = ResumeLog(run.events())

    def report(news: Event | Progress) -> None:
        if isinstance(news, Progress):
            recorder.progress(news)
        elif news not in said:
            recorder.record(news)

    with turn(run, lambda behind: recorder.record(Waiting(behind=behind))) as ours:
        ended = _carry_out(run, recorder, report, said) if ours else _asked(run)
        if ended == "finished":
            make_downloads(run, recorder)
    return ended


def make_downloads(run: Run, recorder: Recorder) -> None:
    """End the run, whose result stands, and make its downloads: what becomes of them says nothing of the run.

    Within the run's turn: the next one would share the memory and the cores with them.
    """

    def make(show: Callable[[Step], None]) -> None:
        recorder.end("finished")  # whoever looks at the run from now on sees that its downloads are in the making
        export_run(run, show)

    downloads = Making(run, DOWNLOADS)
    with suppress(OSError):  # a full disk: the run has its model, and the Export page offers to make them
        downloads.prepare()
        work_on(downloads, make)


def _asked(run: Run) -> Literal["stopped", "paused"]:
    return run.asked() or "stopped"


def _carry_out(
    run: Run, recorder: Recorder, report: Report, said: ResumeLog
) -> Literal["finished", "stopped", "paused"]:
    def stop() -> bool:
        return run.asked() is not None

    noun = _noun(run)
    try:
        begins = _beginning(run, said)
        if isinstance(begins, Resumed):
            said.take_up(begins.epoch)
        report(begins)
        check_room(run, Workspace.default())
        with stretch(report, stop, "prepare", f"Preparing the {noun.many}") as preparing:
            # The backend takes seconds to import and one core; decoding items meanwhile takes the others.
            importing = threading.Thread(target=import_trainer)
            importing.start()
            try:
                drain(read_items(run, Workspace.default()), preparing.show)
            finally:
                importing.join()
            recorder.record_environment(device=device.prepare(run.given.seed))
        if not said.judged:
            stopped = _train_and_save(run, report, stop)
            _judge(run, report)
            if stopped:
                return "stopped"  # quickly: whoever wants the files has them made on the export page
        if stop():
            return _asked(run)
    except StoppedError:
        return _asked(run)
    checkpoint.remove(run.checkpoint)
    return "finished"


def _beginning(run: Run, said: ResumeLog) -> Event:
    if not said.begun:
        return Started.here()
    folders = [run.checkpoint, *run.checkpoint.glob("*/")]  # each candidate of Auto has its own
    places = [place for folder in folders if (place := checkpoint.place(folder))]
    return Resumed.here(epoch=max((place.epoch for place in places), default=1))


def _noun(run: Run) -> Noun:
    return find_modality(run.config.input.modality).noun


def _judge(run: Run, report: Report) -> None:
    # Whoever stops a run wants to know how good it had become: judging is not stopped.
    noun = _noun(run)
    with stretch(report, lambda: False, "evaluate", f"Judging the model on the test {noun.many}") as judging:
        found = evaluate_run(run, judging.show, ask_validation=False)  # training wrote their answers
        report(headline(found))


def _train_and_save(run: Run, report: Report, stop: Stop) -> bool:
    """Train, write the model's files, and say whether somebody stopped it."""
    from tlcore.training.ladder import Ladder
    from tlcore.training.trainer import train

    def keep(trained: TrainedModel, config: TrainingConfig) -> None:
        with stretch(report, lambda: False, "save", "Saving the model"):
            save_model(run, trained, config)

    if run.given.mode == "auto":
        Ladder(run, report=report, stop=stop, keep=keep).climb()
        stopped = run.asked() == "stopped"
    else:
        trained = train(run, report=report, stop=stop, pause=lambda: run.asked() == "paused")
        stopped = trained.stopped
    if run.given.mode != "auto":
        keep(trained, run.given)
    return stopped


def save_model(run: Run, trained: TrainedModel, config: TrainingConfig) -> None:
    """Write a model's files; of a candidate of Auto also its settings, which are from then on the run's."""
    from tlcore.training.save import save_keras, save_onnx

    finished = trained.finish()
    save_keras(trained.model, run.model_keras)
    save_onnx(finished.graph, run.model_onnx)
    if run.given.mode == "auto":
        write_json(run.best_json, config)
    about = run.dataset
    write_validation(run, *finished.validation, finished.decision)
    contract = contract_of(
        run.input,
        about.classes,
        task=about.task,
        tensors=named_tensors(finished.graph),
        temperature=finished.temperature,
        decision=finished.decision,
        value_name=about.value_name,
        unit=about.unit,
        backbone=config.backbone,
        dataset=about.name,
    )
    write_contract(run.path, contract)
