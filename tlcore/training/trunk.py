"""Runs a trunk over every item of a run: chooses the number of views and stores the features on the disk.

It knows one cut's model, its engine, the cache and the room there is. It does not know the parts of the split, nor
what is trained above.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Generator
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import onnx
from pydantic import AliasChoices, BaseModel, ConfigDict
from pydantic import Field as Described

from tlcore.data.caches import evict
from tlcore.errors import WorkspaceError
from tlcore.files import read_json, write_json
from tlcore.items import Arrays, Field
from tlcore.memmap import MappedArrays
from tlcore.modalities import Noun
from tlcore.progress import Progress, drain
from tlcore.runs.config import TrainingConfig
from tlcore.runs.items import Decoded
from tlcore.training.engine import Engine, engine_of
from tlcore.training.phase_report import Report, Stop, stretch
from tlcore.training.save import trunk_graph
from tlcore.training.trunk_cache import Features, TrunkCache
from tlcore.training.views import asked_views, item_keys

# Of one trunk cache. Features of an early block are larger than the items.
CACHE_BYTES = 8 * 10**9
CACHE_SHARE_OF_FREE_DISK = 0.25
# What all views but the first may take together where nobody asked for a number.
SECONDS_FOR_VIEWS = 60.0
CALLS_TO_MEASURE = 4  # on each thread
ROWS_TO_COPY = 4096


class Rate(BaseModel):
    """`rate.json` beside the views: the speed by which their number was chosen, so that another run chooses alike."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    items_per_second: float = Described(validation_alias=AliasChoices("items_per_second", "pictures_per_second"))


class Trunk:
    """The part of a model below one cut.

    Args:
        model: The arrays of items to what crosses the cut, both by name.
        identity: What the function of the trunk depends on.
        head_alone: Whether nothing but the head lies above the cut.
        say: Takes a sentence about what was chosen.
    """

    def __init__(
        self,
        model: keras.Model,
        identity: dict[str, Any],
        *,
        config: TrainingConfig,
        decoded: Decoded,
        cache: Path,
        head_alone: bool,
        say: Callable[[str], None],
        report: Report,
        stop: Stop,
    ) -> None:
        self.model, self.identity, self.config, self.decoded = model, identity, config, decoded
        self.folder, self.say, self.report, self.stop = cache, say, report, stop
        self.head_alone = head_alone
        boundary = tuple(Field(name, tensor.shape[1:], tensor.dtype) for name, tensor in model.output.items())
        self.cache = TrunkCache(cache, {**identity, "pictures": decoded.store.key}, len(decoded.shas), boundary)
        self._inputs = decoded.inputs
        self._engine: Engine | None = None
        self._computed = False

    @cached_property
    def graph(self) -> onnx.ModelProto:
        """The trunk as ONNX."""
        return trunk_graph(self.model, self.identity, self.folder)

    def views(self, *, epochs: int) -> list[Features]:
        """The features of every item of the run, `(n, …)` for each view; none where not even one view fits."""
        return self._ready(lambda: self._count(epochs))

    def plain(self) -> Features | None:
        """The features of every item as it is; None where they do not fit."""
        views = self._ready(lambda: 1)
        return views[0] if views else None

    def seconds(self, *, epochs: int) -> float:
        """About how long the views for a phase of `epochs` take, by a measurement; 0 where they are in the cache."""
        if not self._fitting():
            return 0.0
        views = self._count(epochs)
        return 0.0 if self._read(views) else views * len(self.decoded.shas) / self._rate()

    def fill(self, answer: Callable[[npt.NDArray[np.int64]], Arrays]) -> None:
        """Put plain features that are known from elsewhere into the cache; `answer` gives those of rows."""
        if self._fitting():
            for _ in self.cache.build(self._names(1)[0], answer, at_once=ROWS_TO_COPY, threads=1):
                pass

    def answer(self, arrays: Arrays) -> Features:
        """Compute what crosses the cut now, without keeping it."""
        return self._started()(MappedArrays(arrays))

    def answer_all(self, inputs: MappedArrays) -> Features:
        """Compute what crosses the cut for items on disk, without keeping it."""
        return self._started()(inputs)

    def _ready(self, count_views: Callable[[], int]) -> list[Features]:
        if not self._fitting():
            self.say("What lies below the cut does not fit on the disk: it is computed anew for each batch.")
            return []
        if self._read(1) and (found := self._read(count_views())):
            if not self._computed:  # else it is what was said of just now
                self.say("What lies below the cut was found in the cache.")
            return found
        with stretch(self.report, self.stop, "trunk", "Computing features below the cut") as computing:
            count, engine = count_views(), self._started()
            began = time.monotonic()
            drain(self._compute(engine, count), computing.show)
            computing.seconds = time.monotonic() - began
            rate = computing.items / max(computing.seconds, 1e-6)
            self.say(f"{engine.title} computes what lies below the cut: {rate:.0f} {self._noun.many} a second.")
        self._computed, self._engine = True, None  # it holds all weights once more
        evict(self.folder, keep=[self.cache.path, self.decoded.store.path])
        return self._read(count)

    def _started(self) -> Engine:
        if self._engine is None:
            self._engine = engine_of(self.model, lambda: self.graph)
        return self._engine

    def _count(self, epochs: int) -> int:
        """Choose the number of views to train on."""
        names, asked = self.config.augment, self.config.views
        different = self.decoded.modality.different_views(names)
        wanted, why = asked_views(different, asked, epochs=epochs, head_alone=self.head_alone)
        if not names:
            return wanted
        if wanted == 1:
            self.say(f"{_views(1)} of each {self._noun.one}: {why}.")
            return wanted
        seconds = len(self.decoded.shas) / self._rate()
        in_time = wanted if asked else 1 + int(SECONDS_FOR_VIEWS / seconds)
        count = min(wanted, in_time, self._fitting())
        if count == in_time < wanted:
            why = f"more would take over {SECONDS_FOR_VIEWS:.0f} seconds"
        elif count < wanted:
            why = "more would not fit the part of the disk that caches may take"
        self.say(f"{_views(count)} of each {self._noun.one}, about {seconds:.0f} seconds a view: {why}.")
        return count

    def _rate(self) -> float:
        """Items a second, by a few of them; measured once for each cache."""
        file = self.cache.path / "rate.json"
        try:
            return read_json(file, Rate).items_per_second
        except WorkspaceError:
            engine = self._started()
            some = self._inputs.only(slice(CALLS_TO_MEASURE * engine.threads * engine.at_once))
            engine(some.only(slice(engine.at_once)))  # the first call also prepares
            began = time.monotonic()
            engine(some)
            found = Rate(items_per_second=len(some) / max(time.monotonic() - began, 1e-6))
            self.cache.path.mkdir(parents=True, exist_ok=True)
            write_json(file, found)
            return found.items_per_second

    def _fitting(self) -> int:
        """Return the number of views that fit on the disk."""
        room = CACHE_SHARE_OF_FREE_DISK * shutil.disk_usage(self.folder).free
        return int(min(CACHE_BYTES, self.cache.bytes() + room) // self.cache.view_bytes)

    @property
    def _noun(self) -> Noun:
        return self.decoded.modality.noun

    def _read(self, count: int) -> list[Features]:
        """The features of the first views, where they are all in the cache."""
        found = [features for name in self._names(count) if (features := self.cache.read(name)) is not None]
        return found if len(found) == count else []

    def _compute(self, engine: Engine, count: int) -> Generator[Progress, None, None]:
        names, keys, modality = self.config.augment, item_keys(self.decoded.shas), self.decoded.modality
        missing = [number for number, name in enumerate(self._names(count)) if self.cache.read(name) is None]
        total = len(missing) * len(keys)
        for place, number in enumerate(missing):

            def compute(rows: npt.NDArray[np.int64], number: int = number) -> Arrays:
                return engine.answer(modality.view(self._inputs[rows], names, number=number, keys=keys[rows]))

            steps = self.cache.build(
                modality.view_name(names, number), compute, at_once=engine.at_once, threads=engine.threads
            )
            for step in steps:
                done = place * len(keys) + step.done
                yield Progress(done, total, step.rate, (total - done) / step.rate if step.rate else None)

    def _names(self, count: int) -> list[str]:
        return [self.decoded.modality.view_name(self.config.augment, number) for number in range(count)]


def _views(count: int) -> str:
    return "One view" if count == 1 else f"{count} views"
