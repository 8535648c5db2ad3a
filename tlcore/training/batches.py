"""Makes batches of one part of the split: their order, their sampling and their mixing.

It knows sources, labels and chance. It does not know models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from tlcore.runs.config import TrainingConfig
from tlcore.tasks.head import Head
from tlcore.tasks.task import Targets
from tlcore.training import device
from tlcore.training.mixup import Mixing
from tlcore.training.views import Rows, Source


@dataclass(frozen=True)
class Labelled:
    """Everything a batch needs to know of its part: the inputs' source, the answers, how much each item counts.

    Attributes:
        targets: One row for each item, which the `head` turns into what its loss wants.
    """

    source: Source
    targets: Targets
    weights: npt.NDArray[np.float32]
    head: Head


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """The training items in batches; each once an epoch, or each class as often where rare ones are sampled.

    The batches differ by at most one item in size: no item is dropped, none repeated, and no last small batch
    makes a wild step. A batch depends on the seed, the epoch and its place alone, so that a resumed epoch goes on with
    the very items that were left.
    """

    def __init__(
        self,
        part: Labelled,
        *,
        batch_size: int,
        seed: int,
        workers: int = 1,
        mixing: Mixing | None = None,
        sampling: bool = False,
    ) -> None:
        super().__init__(workers=workers, max_queue_size=4 * workers)
        self.part, self.seed, self.mixing, self.sampling = part, seed, mixing, sampling
        self.number = -(-len(part.targets) // batch_size)
        self.deal(1)

    def deal(self, epoch: int, *, first_batch: int = 0) -> None:
        """Begin an epoch of the run, counted from 1; not at its beginning where a part of it has been done before."""
        self.epoch, self.first_batch = epoch, first_batch
        chance = np.random.default_rng((self.seed, epoch))
        order: Rows = np.arange(len(self.part.targets))
        if self.sampling:
            order = sampled(self.part.head.groups(self.part.targets), chance)
        chance.shuffle(order)
        self._rows = np.array_split(order, self.number)

    @property
    def num_batches(self) -> int:
        return self.number - self.first_batch

    def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
        index += self.first_batch
        rows = self._rows[index]
        inputs, weights = self.part.source(rows, self.epoch), self.part.weights[rows]
        answers = self.part.head.rows(self.part.targets[rows])
        if self.mixing:
            chance = np.random.default_rng((self.seed, self.epoch, index))
            inputs, answers, weights = self.mixing(inputs, answers, weights, chance)
        inputs, answers, weights = device.fill(inputs, answers, weights)
        return inputs, answers, weights


class InOrder(keras.utils.PyDataset):  # type: ignore[misc]
    """The inputs of items that are only looked at: plain, in their order; some again at the end, where several
    devices are to get as many each.
    """

    def __init__(self, source: Source, count: int, *, batch_size: int) -> None:
        super().__init__()
        self.source = source
        each = device.count()
        shares = np.resize(np.arange(count), (-(-count // each), each))
        self._rows = [rows.ravel() for rows in np.array_split(shares, min(len(shares), -(-count // batch_size)))]

    @property
    def num_batches(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> tuple[Any]:
        return (self.source(self._rows[index], 0),)


def sampled(labels: npt.NDArray[np.int64], chance: np.random.Generator) -> Rows:
    """Sample as many rows as there are items, every class equally often; items repeat only when all were used."""
    present = np.unique(labels)
    shares = np.full(len(present), len(labels) // len(present))
    shares[chance.permutation(len(present))[: len(labels) % len(present)]] += 1
    drawn = []
    for label, share in zip(present, shares, strict=True):
        own = np.flatnonzero(labels == label)
        rounds = [chance.permutation(own) for _ in range(-(-share // len(own)))]
        drawn.append(np.concatenate([own[:0], *rounds])[:share])
    return np.concatenate(drawn)


def mixing(config: TrainingConfig) -> Mixing | None:
    """Return how a run mixes its items; None if it does not."""
    return Mixing(mixup=config.mixup, cutmix=config.cutmix) if config.mixup or config.cutmix else None
