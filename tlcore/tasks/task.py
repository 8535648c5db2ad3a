"""The parts of a task: what a label may say, what a model gives for it, and how good that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tlcore.numbers import significant

if TYPE_CHECKING:
    import pandas as pd

    from tlcore.tasks.doubts import Doubts
    from tlcore.tasks.evaluation import Evaluation, Figure, Measure, Measures

Floats = npt.NDArray[Any]
Targets = npt.NDArray[Any]


class Decision(BaseModel):
    """What turns a model's outputs into an answer; it is found on the validation items, and shipped with the model.

    Attributes:
        thresholds: Of each label, the probability from which it is given; empty where one class is answered.
        margin: Half the width of a prediction interval, in the value's unit; None where no value is predicted.
        coverage: The share of intervals that should hold the true value, 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    thresholds: tuple[float, ...] = ()
    margin: float | None = None
    coverage: float = 0.9


@dataclass(frozen=True)
class Metric:
    """A measure of a model.

    Attributes:
        kind: `share` is 0 to 1 and shown in percent, `value` is in the unit of the predicted value, `score` a plain
            number.
        explains: What it says, in a sentence for somebody without machine learning.
    """

    key: str
    title: str
    explains: str
    higher_is_better: bool = True
    kind: Literal["share", "value", "score"] = "share"

    @property
    def name(self) -> str:
        """The title as it stands within a sentence."""
        first = self.title.split()[0]
        proper = first == "Spearman" or not first[1:].islower()
        return self.title if proper else self.title[0].lower() + self.title[1:]

    @property
    def short(self) -> str:
        """The usual abbreviation where the title has one, such as `MAE`; else the title."""
        return self.title.partition("(")[2].rstrip(")") or self.title

    @property
    def brief(self) -> str:
        """The abbreviation, or else the name, as it stands within a sentence or beside an axis."""
        return self.short if "(" in self.title else self.name

    def plain(self, value: float, unit: str = "") -> str:
        """Write a figure in digits, such as `0.935` or `12.3 kg`."""
        if self.kind == "value":
            return significant(value, unit)
        return f"{value:.3f}"

    def shown(self, value: float, unit: str = "") -> str:
        """Write a figure for a page, such as `93.5 %` or `12.3 kg`."""
        return f"{100 * value:.1f} %" if self.kind == "share" else self.plain(value, unit)

    def verdict(self, low: float, high: float) -> str:
        """Say how a model compares with another, from the interval of its figure less that of the other."""
        if low <= 0 <= high:
            return "not significantly different"
        return "significantly better" if (low > 0) == self.higher_is_better else "significantly worse"


LOSS = Metric("loss", "Loss", "What training minimizes.", higher_is_better=False, kind="score")


@dataclass(frozen=True)
class Validated:
    """One measurement of a part: the loss, and every metric of the task by its key."""

    loss: float
    figures: Mapping[str, float]

    def score(self, metric: Metric) -> tuple[float, float]:
        """Rank by a metric, higher is better; ties are decided by the lower loss."""
        if metric == LOSS:
            return 0.0, -self.loss
        value = self.figures[metric.key]
        return (value if metric.higher_is_better else -value), -self.loss


@dataclass(frozen=True)
class Evidence:
    """What an evaluation is computed from.

    Attributes:
        labels: Of the test items.
        outputs: Of the model for them, `(n, width)`.
        groups: `(n,)`, numbers from 0 on, equal for test items that belong together.
        learned: The labels of the training items.
        features: Of the frozen backbone, `(m, d)` for training items and `(n, d)` for the test items; None where they
            are not known.
        learned_with_features: The labels of those training items.
        value_name, unit: Of a predicted value.
        validation: Labels and outputs of the validation items, by a model that had not met them; None where there are
            none.
        temperature: By which the model divides its logits; None where it does not.
        noun: What a person calls one item, and several.
    """

    labels: Sequence[str]
    outputs: Floats
    groups: npt.NDArray[Any]
    learned: Sequence[str]
    features: tuple[Floats, Floats] | None = None
    learned_with_features: Sequence[str] = ()
    value_name: str = ""
    unit: str = ""
    validation: tuple[Sequence[str], Floats] | None = None
    temperature: float | None = None
    noun: tuple[str, str] = ("item", "items")


@dataclass(frozen=True)
class Reply:
    """The answer for one item.

    Attributes:
        label: The answer as one text: a class, labels joined by `|`, or a number.
        labels: The classes that are given: the likeliest, or all above their thresholds; none where a value is.
        confidence: As `Task.answers` has it.
        value, low, high: The value and the ends of its prediction interval, in its unit; None where classes are given,
            or where there is no interval.
    """

    label: str
    labels: tuple[str, ...] = ()
    confidence: float = 1.0
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Task:
    """A kind of answer.

    A label is one text for every task, so that tables, edits and splits need no column of their own: a class, the
    labels of an item joined by `|`, or a number. `read` and `targets` give it its meaning.

    Attributes:
        key: As written to `dataset.json`, `config.json` and `contract.json`.
        title: The field's term.
        explains: One sentence for the page that asks.
        output: The name of the model's output.
        activation: The ONNX operator that turns logits into outputs.
        balancing: How rare classes may be balanced while training.
        options: The settings of a run that apply to this task but not to every one.
        exact: The term of the head that is solved instead of trained.
        metrics: What may choose the best epoch; the first is the headline of an evaluation.
        also: What an evaluation measures besides, and no run is chosen by.
        class_metric: What is measured of each class by itself; None where there are no classes.
        few: The fewest classes that a dataset needs.
        probe: What a linear probe answers with: see `tlcore.tasks.linear_probe.LinearProbe`.
        names: The classes that a label names.
        renamed: A label after classes were renamed or merged, by a mapping of old to new names.
        read: A label in its canonical form. Raises ValueError with the reason.
        classes: The classes of some labels, in the order of the model's outputs.
        width: The number of a model's outputs, from the number of classes.
        targets: Labels as an array, a row for each item: positions `(n,)`, membership `(n, classes)`, values `(n, 1)`.
        strata: For each label what a split balances: classes, or a range of values.
        activate: Logits `(n, width)` to outputs.
        same: `(n,)`: whether two models' outputs `(n, width)` give the same answer.
        answers: Outputs as columns `predicted` (a label), `confidence` and what else the task says of an item.
        reply: The answer for one item, from its outputs `(width,)`; it needs NumPy alone.
        right: `(n,)`: whether each predicted label counts as right for a true one.
        decide: The decision from outputs and targets of the validation items.
        gradient: Outputs `(n, width)` less the answers that they give: what the last layer would learn from an item
            whose likeliest answer is right.
        head: The module of the training head, imported only by training.
        shipped: The module of its part of the programs and texts of exports, imported only for them.
        evaluation: The module that evaluates, imported only for that.
        counts_right: Whether the headline is the share of right answers, so that two models can be compared by which
            answers each has right.
    """

    key: str
    title: str
    explains: str
    output: str
    activation: str
    balancing: tuple[str, ...]
    options: tuple[str, ...]
    exact: str
    metrics: tuple[Metric, ...]
    class_metric: Metric | None
    few: int
    probe: Literal["class", "labels", "number"]
    names: Callable[[str], tuple[str, ...]]
    renamed: Callable[[str, Mapping[str, str]], str]
    read: Callable[[str], str]
    classes: Callable[[Sequence[str]], tuple[str, ...]]
    width: Callable[[int], int]
    targets: Callable[[Sequence[str], Sequence[str]], Targets]
    strata: Callable[[Sequence[str]], list[tuple[str, ...]]]
    activate: Callable[[Floats], Floats]
    same: Callable[[Floats, Floats, Decision], npt.NDArray[Any]]
    answers: Callable[[Floats, Sequence[str], Decision], pd.DataFrame]
    reply: Callable[[Floats, Sequence[str], Decision], Reply]
    right: Callable[[Sequence[str], pd.DataFrame], npt.NDArray[Any]]
    decide: Callable[[Floats, Targets], Decision]
    gradient: Callable[[Floats], Floats]
    head: str
    shipped: str
    evaluation: str
    counts_right: bool = False
    also: tuple[Metric, ...] = ()

    def columns(self, width: int) -> list[str]:
        """Name the columns of a table of predictions that hold the outputs."""
        return ["value"] if self.output == "values" else [f"p_{index}" for index in range(width)]

    def find_metric(self, key: str) -> Metric:
        """Find a metric by its key; `loss` is one of every task.

        Raises:
            KeyError: The task has no such metric.
        """
        return {metric.key: metric for metric in (*self.metrics, LOSS)}[key]

    def evaluate(self, evidence: Evidence, classes: Sequence[str], decision: Decision) -> Evaluation:
        """Compute everything that a test set says of a model."""
        found: Evaluation = import_module(self.evaluation).evaluate(evidence, classes, decision)
        return found

    def files(self, evidence: Evidence, classes: Sequence[str]) -> Mapping[str, pd.DataFrame | BaseModel | None]:
        """Make what a run folder holds beside the evaluation, by file name; None for a file that cannot be there."""
        found: Mapping[str, pd.DataFrame | BaseModel | None]
        found = import_module(self.evaluation).files(evidence, classes)
        return found

    def headline(self, outputs: Floats, targets: Targets, groups: npt.NDArray[Any] | None = None) -> Figure:
        """Compute the headline metric of outputs `(n, width)` with its interval.

        Args:
            outputs: Of a model.
            targets: Of the same items, as `targets` gives them.
            groups: `(n,)`, numbers from 0 on, equal for items that belong together; None where each is alone.
        """
        import numpy as np

        from tlcore.tasks.evaluation import NOTHING, figures, share

        each = np.arange(len(outputs)) if groups is None else groups
        if self.counts_right:
            right = import_module(f"tlcore.tasks.{self.key}.measures").right(outputs, targets)
            return share(right, each) or NOTHING
        key = self.metrics[0].key
        return figures({key: self.headline_measure(outputs, targets)}, each).get(key, NOTHING)

    def headline_measure(self, outputs: Floats, targets: Targets) -> Measure:
        """Make the headline metric a function of how often each item occurs."""
        measured: Measure = import_module(f"tlcore.tasks.{self.key}.measures").headline(outputs, targets)
        return measured

    def class_measures(self, outputs: Floats, targets: Targets) -> list[Measure]:
        """Make `class_metric` of each class a function of how often each item occurs; none without classes."""
        measured: list[Measure] = import_module(f"tlcore.tasks.{self.key}.measures").of_classes(outputs, targets)
        return measured

    def doubts(self, outputs: Floats, targets: Targets, classes: Sequence[str], unit: str = "") -> Doubts:
        """Find labels that are probably wrong, from outputs `(n, width)` of a probe that has not seen the items."""
        found: Doubts = import_module(f"tlcore.tasks.{self.key}.label_issues").doubts(outputs, targets, classes, unit)
        return found

    def measures(self, labels: Sequence[str], outputs: Floats, classes: Sequence[str], decision: Decision) -> Measures:
        """Make each metric a function of how often each item occurs, as `tasks.evaluation.figures` takes them."""
        found: Measures = import_module(self.evaluation).measures_of(labels, outputs, classes, decision)
        return found

    def item_errors(
        self, labels: Sequence[str], outputs: Floats, classes: Sequence[str], decision: Decision
    ) -> npt.NDArray[Any]:
        """Compute how wrong the answer about each item is, `(n,)`: wrong labels, or the absolute error."""
        found: npt.NDArray[Any] = import_module(self.evaluation).item_errors(labels, outputs, classes, decision)
        return found

    def fit_probe(self, features: Floats, labels: Sequence[str], classes: Sequence[str]) -> Callable[[Floats], Floats]:
        """Fit a linear probe on features `(m, d)`; it gives outputs `(n, width)` for others.

        Raises:
            ValueError: There is too little to learn from.
        """
        found: Callable[[Floats], Floats] = import_module(self.evaluation).probe(features, labels, classes)
        return found

    def build_head(self, classes: int, targets: Targets, **options: Any) -> Any:
        """Make the training head for a run; needs a backend.

        Args:
            classes: How many the dataset has.
            targets: Of the training items, as `targets` gives them.
            options: `label_smoothing` and `loss`, as in the settings of a run.
        """
        return import_module(self.head).build(classes, targets, **options)
