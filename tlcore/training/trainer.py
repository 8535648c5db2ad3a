"""Trains the model of a run, phase by phase. One trainer serves every mode: a phase only says where its cut is.

It knows how trunk, cache and training follow one another, and how an interrupted training goes on. It writes nothing
into the run folder but the checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import keras
import numpy as np
import numpy.typing as npt

from tlcore.backbones.catalogue import find
from tlcore.backbones.weights import weights_state
from tlcore.jobs.writer import StoppedError
from tlcore.modalities import find_modality
from tlcore.progress import drain
from tlcore.runs.events import Noted
from tlcore.runs.initial_weights import read_start
from tlcore.runs.items import Items, read_items, units
from tlcore.runs.run import Run
from tlcore.tasks import find_task
from tlcore.tasks.head import standardizing
from tlcore.training import device
from tlcore.training.backbones import fetch_weights
from tlcore.training.batches import Batches, Labelled, mixing
from tlcore.training.features import BelowTheCut
from tlcore.training.finalize import Finished, Finishing
from tlcore.training.fit import Best, Standing, Watch, answer, assign, train_phase, validate, values
from tlcore.training.initial_model import begin
from tlcore.training.judging import is_clear
from tlcore.training.logistic_training import LEARNT_FROM_ALL, Features, are_few, judge_few, solve_head
from tlcore.training.normalization import estimate_statistics, statistics_that_keep_up, trainable_normalizations
from tlcore.training.oom import is_out_of_memory
from tlcore.training.optimizer import compile_for
from tlcore.training.phase_report import Report, Stop, stretch
from tlcore.training.phases import Phase, plan
from tlcore.training.precision import FLOAT32, Choice, choose_precision, copy_weights, in_precision
from tlcore.training.training_state import TrainingState
from tlcore.training.views import Source
from tlcore.workspace import Workspace

# Enough for statistics; more would cost as much as an epoch.
BATCHES_OF_STATISTICS = 64
# Where the head is solved for first, that is the first epoch.
EXACT_EPOCH = 1


@dataclass(frozen=True)
class TrainedModel:
    """The result of training.

    Attributes:
        model: The arrays of items to the task's outputs, in plain Keras layers.
        finish: Brings the outputs to their scale, once, and the same for ONNX Runtime.
        stopped: Whether somebody ended the training early.
    """

    model: keras.Model
    finish: Callable[[], Finished]
    stopped: bool


def train(run: Run, *, report: Report, stop: Stop, pause: Stop = lambda: False) -> TrainedModel:
    """Carry out every phase of a run, from its checkpoint where it has one, and give the best model.

    `stop` ends the training at the next batch; where `pause` says that it is to go on later, there is no model then.

    Raises:
        GraftError: The items, the weights or the settings cannot be used.
        StoppedError: The run was asked to pause, or to stop before the first phase of training.
    """
    training = Training(run, report=report, stop=stop)
    training.course.take_up()
    while not training.stopped and not training.over:
        training.carry_out_next()
    if training.stopped and pause():
        raise StoppedError
    training.judge_by_folds()
    return TrainedModel(training.model.whole, training.finish, training.stopped)


class Training:
    """A run's model and items, and what has been done of its phases.

    Attributes:
        head: Of the task; its exact solution standardizes features of several blocks first.
        plain_head: The same, without that.

    Args:
        workspace: Where items, weights and caches are.
        candidate: Of Auto, whose phases have its name.
    """

    def __init__(
        self,
        run: Run,
        *,
        report: Report,
        stop: Stop,
        workspace: Workspace | None = None,
        candidate: str = "",
    ) -> None:
        self.config, self.report, self.stop = run.config, report, stop
        workspace = workspace or Workspace.default()
        self.backbone = find(self.config.backbone)
        self.task, self.classes = find_task(run.dataset.task), len(run.dataset.classes)
        self.unit, self.noun = run.dataset.unit, find_modality(self.config.input.modality).noun
        self.phases = tuple(
            replace(phase, name=f"{candidate}-{phase.name}" if candidate else phase.name)
            for phase in plan(self.config, self.backbone, self.task)
        )
        self.stopped = False
        self.strengths: tuple[float, ...] | None = None
        self._download(run, workspace)
        with stretch(report, stop, "prepare", "Building the model") as preparing:
            device.prepare(self.config.seed)
            self.items: dict[str, Items] = drain(read_items(run, workspace), preparing.show)
            preparing.items = 0
            self.head = self.task.build_head(
                self.classes,
                self.items["train"].targets,
                label_smoothing=self.config.label_smoothing,
                loss=self.config.loss,
            )
            self.plain_head = self.head
            if self.config.features == "every":
                self.head = replace(self.head, solve=standardizing(self.head.solve))
            self.target = self.task.find_metric(self.config.target_metric)
            with device.scope():
                self.model, weights = begin(run, self.backbone, self.head, workspace)
            self.course = TrainingState(run.checkpoint, self.model.whole, self.config.batch_size)
            self.below = BelowTheCut(
                self.config,
                self.model,
                self.items,
                weights=weights,
                workspace=workspace,
                report=report,
                stop=stop,
            )

    def _download(self, run: Run, workspace: Workspace) -> None:
        """Fetch the pretrained weights where they are needed and not on this machine."""
        if read_start(run) is not None or weights_state(self.backbone, workspace).where != "missing":
            return
        title = f"Downloading the weights of {self.backbone.title}"
        with stretch(self.report, self.stop, "download", title) as downloading:
            downloading.unit = "MB"
            fetch_weights(self.backbone, workspace, downloading.show)

    @property
    def over(self) -> bool:
        return self.course.number == len(self.phases)

    @property
    def planned(self) -> int:
        """Epochs of the whole run: those of the phases that are over, and those that are still planned."""
        return self.course.epoch - 1 + sum(later.epochs for later in self.phases[self.course.number :])

    def carry_out_next(self) -> None:
        """Compute what lies below the cut of the next phase, then train what lies above it."""
        phase = self.phases[self.course.number]
        if phase.exact:
            self._solve(phase)
        else:
            with device.scope():
                self._train(phase)
        if not self.stopped:
            self.course.number += 1
            self.course.save()

    def judge_by_folds(self) -> None:
        """Cross-validate the exact head over all training and validation items, if there are few."""
        # Not where another run went before: its backbone may know by heart what a fold would ask it.
        if self.config.start is None and are_few(self.items, self.task, classes=self.classes):
            title, found = f"Judging by folds, since the {self.noun.many} are few", None
            with stretch(self.report, self.stop, "folds", title) as judging, suppress(StoppedError):
                judging.unit = "folds"
                found = judge_few(
                    self.features(), self.items, self.head, self.task, self.config.seed, self._note, judging.show
                )
            if found:
                self.report(found.model_copy(update={"unit": self.unit}))

    def _train(self, phase: Phase) -> None:
        sources = self.below.sources(phase.cut, epochs=phase.epochs)
        above = self.model.above(phase.cut)
        with stretch(
            self.report,
            self.stop,
            phase.name,
            phase.title,
            epochs=phase.epochs,
            first_epoch=self.course.epoch,
            planned=self.planned,
            trained_parameters=sum(math.prod(variable.shape) for variable in above.trainable_variables),
        ) as training:
            try:
                standing = self._fit(phase, above, sources)
            except Exception as error:
                standing = self._fit_with_less_memory(error, phase, above, sources)
            training.items = standing.done * len(self.items["train"].targets)
            training.seconds = standing.seconds
        if not self.stopped and standing.done < phase.epochs:
            fewer = phase.epochs - standing.done
            self._note(
                f"{phase.title} stopped early, after {standing.done} of {phase.epochs} epochs: the last "
                f"{standing.worse} were not better. The run has at most {self.planned - fewer} epochs now."
            )
        self.course.epoch += standing.done

    def _solve(self, phase: Phase) -> None:
        features = self.features()
        with stretch(
            self.report,
            self.stop,
            phase.name,
            phase.title,
            epochs=1,
            first_epoch=self.course.epoch,
            planned=self.planned,
            trained_parameters=sum(each.size for each in self.model.head),
        ) as solving:
            solved, val, ended = solve_head(
                phase, features, self.items, self.config, self.head, epoch=self.course.epoch
            )
            if self.config.learns_from_validation:
                self._note(LEARNT_FROM_ALL)
            self.strengths = solved.strengths
            self.model.set_head(solved.kernel, solved.bias)
            self.course.best = Best(val.score(self.target), ended.epoch)
            self.report(ended)
            solving.items = len(self.items["train"].targets)
        self.course.epoch += 1

    def features(self) -> Features:
        """Return the head's inputs for the plain items, `(n, features)` for each part."""
        return {part: each.astype(np.float32) for part, each in self.below.features(len(self.backbone.blocks)).items()}

    def finish(self) -> Finished:
        """Bring the model's outputs to their scale, and make the graph of it."""
        finishing = Finishing(self.model, self.below, self.config, self.task, self.head, cut=self.phases[-1].cut)
        return finishing.finish(self.strengths)

    def validation_outputs(self) -> npt.NDArray[np.float32]:
        """The raw outputs `(n, width)` of the model as it stands for the plain validation items."""
        cut = self.phases[-1].cut
        source = self.below.sources(cut, epochs=self.phases[-1].epochs)["val"]
        with device.scope():
            return answer(self.model.above(cut), self._labelled("val", source), batch_size=self.course.batch_size)

    def batches(self, phase: Phase, source: Source) -> Batches:
        """The training items, as a phase sees them."""
        return Batches(
            self._labelled("train", source),
            batch_size=self.course.batch_size,
            seed=self.config.seed,
            # Cached features are ready; items that are augmented on the way must not keep the device waiting.
            workers=1 if phase.cut else device.loading_threads(),
            mixing=mixing(self.config),
            sampling=self.config.balancing == "sampling",
        )

    def _labelled(self, part: str, source: Source) -> Labelled:
        targets = self.items[part].targets
        return Labelled(source, targets, self.head.weights(targets, self.config.balancing), self.head)

    def _fit(self, phase: Phase, above: keras.Model, sources: dict[str, Source]) -> Standing:
        standing, arrays = self.course.under_way or (Standing(self.course.epoch), {})
        self.course.under_way = None
        batches = self.batches(phase, sources["train"])
        if not arrays:
            self.course.choice = self._choose(phase, above, batches)
        model = above if self.course.choice.policy == FLOAT32 else in_precision(above, self.course.choice.policy)
        compile_for(
            model,
            phase,
            self.config,
            self.head,
            steps=batches.number,
            rates=self.model.rates(above.trainable_variables, self.config.layer_decay),
            accumulate=self.course.accumulate,
        )
        model.optimizer.build(model.trainable_variables)
        beats = self._beats(phase, model, standing)
        if arrays:
            assign(model.variables, arrays["above"])
            assign(model.optimizer.variables, arrays["optimizer"])
        watch = Watch(
            phase,
            self.course.best,
            standing,
            batches,
            validation=self._labelled("val", sources["val"]),
            batch_size=self.course.batch_size,
            target=self.target,
            epochs=self.planned,
            report=self.report,
            stop=self.stop,
            save=lambda: self.course.save(standing, model),
            beats=beats,
        )
        with statistics_that_keep_up(model, steps=batches.number):
            train_phase(model, watch)
        if model is not above:
            copy_weights(model, above)
        self.stopped = watch.stopped
        if not self.stopped:
            self._settle(above, watch)
        return standing

    def _beats(self, phase: Phase, model: keras.Model, standing: Standing) -> Callable[[npt.NDArray[np.float32]], bool]:
        """Say when a trained head may replace the exact one: when it is better by more than one standard error.

        Epochs are many, and the best of many is a little better by luck.
        """
        if not self.config.prefers_exact_head or self.course.best.epoch != EXACT_EPOCH:
            return lambda raw: True
        if standing.kept:
            assign(model.variables, standing.kept)
        items = self.items["val"]
        exact, groups = self.head.errors(self.validation_outputs(), items.targets), units(items)

        def beats(raw: npt.NDArray[np.float32]) -> bool:
            if self.course.best.epoch != EXACT_EPOCH:
                return True
            return is_clear(exact - self.head.errors(raw, items.targets), groups)

        return beats

    def _choose(self, phase: Phase, above: keras.Model, batches: Batches) -> Choice:
        """Choose the precision of a phase; for a head alone it is not worth measuring."""
        if self.config.precision == FLOAT32 or phase.cut == len(self.backbone.blocks):
            return Choice(FLOAT32, "")
        choice = choose_precision(above, batches[0], self.head.loss, expected_steps=phase.epochs * batches.number)
        if choice.seconds:
            self._note(f"{phase.title}: {choice.reason}")
        return choice

    def _fit_with_less_memory(
        self, error: Exception, phase: Phase, above: keras.Model, sources: dict[str, Source]
    ) -> Standing:
        """Go on from the last checkpoint with half the batch and the gradients of two added up: the same steps."""
        if self.course.accumulate > 1 or self.course.batch_size < 2 or not is_out_of_memory(error):
            raise error
        asked, half = self.course.batch_size, self.course.batch_size // 2
        self._note(
            f"Batches of {asked} {self.noun.many} did not fit into memory. Going on with {half} {self.noun.many} at a "
            "time and the gradients of two such batches added up, which gives the same steps."
        )
        self.course.take_up()
        if self.course.under_way:
            standing, arrays = self.course.under_way
            # Gradients that are added up are variables of the optimizer too: it begins anew, at a whole epoch.
            self.course.under_way = replace(standing, batch=0), {}
            assign(above.variables, arrays["above"])
        self.course.batch_size, self.course.accumulate = half, 2
        return self._fit(phase, above, sources)

    def _settle(self, above: keras.Model, watch: Watch) -> None:
        """Estimate the statistics of normalization anew, with the weights as they are kept, where that is better."""
        if not trainable_normalizations(above):
            return
        before = values(above.variables)
        watch.batches.deal(1)
        number = min(watch.batches.number, BATCHES_OF_STATISTICS)
        estimate_statistics(above, (watch.batches[index][0] for index in range(number)))
        validated = validate(above, watch.validation, batch_size=self.course.batch_size)
        score = validated.score(self.target)
        if score > self.course.best.score:
            self.course.best.score = score
            self._note(
                "The statistics of BatchNormalization were estimated anew over the training "
                f"{self.noun.many}: validation loss {validated.loss:.3f}."
            )
        else:
            assign(above.variables, before)

    def _note(self, message: str) -> None:
        self.report(Noted(message=message))
