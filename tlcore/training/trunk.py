"""A trunk over every picture of a run: which engine, how many views, and the features on the disk.

It knows one cut's model, the engines, the cache and the room there is. It does not know the parts of the split, nor
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

from tlcore.data.caches import evict
from tlcore.data.progress import Progress, drain
from tlcore.data.rows import MappedRows
from tlcore.runs.config import TrainingConfig
from tlcore.runs.decoded import Decoded
from tlcore.training.choice import Choice, Choosing, Sample
from tlcore.training.engine import Engine, Precision, answer_all, engines
from tlcore.training.save import trunk_graph
from tlcore.training.stretch import Report, Stop, stretch
from tlcore.training.trunk_cache import Features, TrunkCache
from tlcore.training.views import asked_views, picture_keys, view, view_name

# Of one trunk cache. Features of an early block are larger than the pictures.
CACHE_BYTES = 8 * 10**9
CACHE_SHARE_OF_FREE_DISK = 0.25
# What all views but the first may take together where nobody asked for a number.
SECONDS_FOR_VIEWS = 60.0
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")


class Trunk:
    """What lies below one cut.

    Args:
        model: Pixels to features.
        identity: What the function of the trunk depends on.
        sample: Pictures to measure engines with.
        say: Takes a sentence about what was chosen.
    """

    def __init__(
        self,
        model: keras.Model,
        identity: dict[str, Any],
        *,
        config: TrainingConfig,
        decoded: Decoded,
        sample: Sample,
        cache: Path,
        say: Callable[[str], None],
        report: Report,
        stop: Stop,
    ) -> None:
        self.model, self.identity, self.config, self.decoded = model, identity, config, decoded
        self.cache, self.say, self.report, self.stop = cache, say, report, stop
        lower = config.precision == "auto"
        self.choosing = Choosing(cache, identity, engines(model, lambda: self.graph, lower=lower), sample)
        self._pixels = MappedRows(decoded.store.pixels)
        self._computed = False

    @cached_property
    def graph(self) -> onnx.ModelProto:
        """The trunk as ONNX."""
        return trunk_graph(self.model, self.identity, self.cache)

    def views(self, *, epochs: int) -> list[Features]:
        """The features of every picture of the run, `(n, …)` for each view; none where not even one view fits."""
        return self._ready(lambda: self._count(epochs))

    def plain(self) -> Features | None:
        """The features of every picture as it is; None where they do not fit."""
        views = self._ready(lambda: min(1, self._fitting()))
        return views[0] if views else None

    def _ready(self, count_views: Callable[[], int]) -> list[Features]:
        if self.choosing.known and (found := self._found(count_views())):
            return found
        with stretch(self.report, self.stop, "trunk", "Computing features below the cut") as computing:
            count = count_views()
            if not count:
                self.say("What lies below the cut does not fit on the disk: it is computed anew for each batch.")
                return []
            cache, choice = self._choose(count)
            self.say(choice.reason)
            began = time.monotonic()
            drain(self._compute(cache, choice.engine, count), computing.show)
            computing.seconds = time.monotonic() - began
            self._computed = True
        self.choosing.forget()
        evict(self.cache, keep=[cache.path, self.decoded.store.path])
        return self._read(cache, count)

    def answer(self, pixels: npt.NDArray[Any] | MappedRows) -> npt.NDArray[np.float32]:
        """Features of pixels, `(n, …)`, computed now and not kept."""
        engine = self.choosing.fastest("float32").engine
        return answer_all(self.choosing.start(engine), pixels, at_once=engine.at_once, threads=engine.threads)

    def _count(self, epochs: int) -> int:
        """How many views to learn from; 0 where not even one fits."""
        names, asked = self.config.augment, self.config.views
        wanted, why = asked_views(names, asked, epochs=epochs)
        pictures, rate = len(self.decoded.shas), self.choosing.fastest("float32").rate
        in_time = wanted if asked else 1 + int(SECONDS_FOR_VIEWS * rate / pictures)
        count = min(wanted, in_time, self._fitting())
        if names and count:
            if count == in_time < wanted:
                why = f"more would take over {SECONDS_FOR_VIEWS:.0f} seconds"
            elif count < wanted:
                why = "more would not fit the part of the disk that caches may take"
            self.say(f"{_views(count)} of each picture, about {pictures / rate:.0f} seconds a view: {why}.")
        return count

    def _fitting(self) -> int:
        """How many views there is room for."""
        there = sum(self._cache(precision).bytes() for precision in PRECISIONS)
        room = min(CACHE_BYTES, there + CACHE_SHARE_OF_FREE_DISK * shutil.disk_usage(self.cache).free)
        return int(room // self._cache("float32").view_bytes)

    def _found(self, count: int) -> list[Features]:
        """The features of the first views, all of one precision, where they are all in the cache."""
        for precision in PRECISIONS:
            if precision in self.choosing.precisions and (found := self._read(self._cache(precision), count)):
                if not self._computed:  # else it is what was said of just now
                    self.say(f"What lies below the cut was found in the cache, computed in {precision}.")
                return found
        return []

    def _read(self, cache: TrunkCache, count: int) -> list[Features]:
        found = [features for name in self._names(count) if (features := cache.read(name)) is not None]
        return found if len(found) == count else []

    def _choose(self, count: int) -> tuple[TrunkCache, Choice]:
        """The engine, and where its features go. Views of one picture are of one precision."""
        for precision in PRECISIONS:
            if precision in self.choosing.precisions and self._read(self._cache(precision), 1):
                return self._cache(precision), self.choosing.fastest(precision)
        choice = self.choosing.choose(count * len(self.decoded.shas))
        return self._cache(choice.engine.precision), choice

    def _compute(self, cache: TrunkCache, engine: Engine, count: int) -> Generator[Progress, None, None]:
        names, keys = self.config.augment, picture_keys(self.decoded.shas)
        missing = [number for number, name in enumerate(self._names(count)) if cache.read(name) is None]
        answer, total = self.choosing.start(engine), len(missing) * len(keys)
        plain = self._plain_answers(engine)
        for place, number in enumerate(missing):

            def compute(rows: npt.NDArray[np.int64], number: int = number) -> npt.NDArray[np.float32]:
                if not number:
                    return plain(rows)
                return answer(view(self._pixels[rows], names, number=number, keys=keys[rows]))

            steps = cache.build(view_name(names, number), compute, at_once=engine.at_once, threads=engine.threads)
            for step in steps:
                done = place * len(keys) + step.done
                yield Progress(done, total, step.rate, (total - done) / step.rate if step.rate else None)

    def _plain_answers(self, engine: Engine) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]]:
        """Features of plain pictures by their rows: the engine is not asked again what it has told the guard."""
        answer, asked = self.choosing.start(engine), self.choosing.asked(engine)
        if asked is None:
            return lambda rows: answer(self._pixels[rows])
        place = np.full(len(self._pixels), -1)
        place[self.choosing.sample.pixels.rows[: len(asked)]] = np.arange(len(asked))

        def features(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
            known = place[rows] >= 0
            found = np.empty((len(rows), *asked.shape[1:]), np.float32)
            found[known] = asked[place[rows[known]]]
            if not known.all():
                found[~known] = answer(self._pixels[rows[~known]])
            return found

        return features

    def _names(self, count: int) -> list[str]:
        return [view_name(self.config.augment, number) for number in range(count)]

    def _cache(self, precision: Precision) -> TrunkCache:
        less = {} if precision == "float32" else {"precision": precision}
        shape = (len(self.decoded.shas), *self.model.output.shape[1:])
        return TrunkCache(self.cache, {**self.identity, "pictures": self.decoded.store.key, **less}, shape)


def _views(count: int) -> str:
    return "One view" if count == 1 else f"{count} views"
