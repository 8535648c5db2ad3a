"""Which engine runs a trunk: measured on the pictures of the run, and remembered.

It knows engines, the clock and one file in the cache. It does not know trunks or where features go.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tlcore.errors import WorkspaceError
from tlcore.files import read_json, write_json
from tlcore.training import device
from tlcore.training.engine import Answer, Engine, Features, Precision, answer_all
from tlcore.training.guard import PICTURES, SAME_ANSWERS, same_answers

FILE = "engines.json"
SECONDS_OF_EACH = 0.2
SHARE_OF_JOB = 0.1  # of the time that all pictures take, where they are few
ROUNDS = 2
# Times slower than the fastest: the rest of the measurement is left out. The first call also prepares, and so tells
# no more than an order of magnitude.
HOPELESS_AT_FIRST, HOPELESS = 10.0, 1.5
# Of the guard's passes, at most: features of an early block are larger than the pictures.
BYTES_ASKED = 100 * 10**6
PACKAGES = ("keras", "tensorflow", "onnxruntime", "openvino")


class Measured(BaseModel):
    """`engines.json`.

    Attributes:
        rates: Pictures a second of each engine, by its name, for each trunk on this machine.
        agreements: The guard's share of same answers for each engine of lower precision, trunk and set of pictures.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    rates: dict[str, dict[str, float]] = {}
    agreements: dict[str, float] = {}


@dataclass(frozen=True)
class Sample:
    """Pictures to measure with.

    Attributes:
        pixels: `(n, size, size, 3)`; indexed by a slice.
        labels: `(n,)`, positions among the classes.
        key: Of the set of pictures they are from.
        total: How many there are in that set.
    """

    pixels: Any
    labels: npt.NDArray[np.int64]
    key: str
    total: int


@dataclass(frozen=True)
class Choice:
    """The engine to use; `reason` is a sentence."""

    engine: Engine
    rate: float
    reason: str


class Choosing:
    """Chooses for one trunk.

    Args:
        cache: The folder in which measurements are remembered.
        trunk: Everything that the trunk depends on.
    """

    def __init__(self, cache: Path, trunk: Mapping[str, Any], engines: Iterable[Engine], sample: Sample) -> None:
        self.file, self.sample = cache / FILE, sample
        self.engines = {engine.name: engine for engine in engines}
        self._trunk = _hash({"machine": _machine(), **trunk})
        self._started: dict[str, Answer] = {}
        self._asked: dict[str, Features] = {}

    @property
    def known(self) -> bool:
        """Whether nothing has to be measured."""
        return self.engines.keys() <= self._measured().rates.get(self._trunk, {}).keys()

    @property
    def precisions(self) -> set[str]:
        return {engine.precision for engine in self.engines.values()}

    def forget(self) -> None:
        """Give the memory of the engines back; one that is needed again is made ready again."""
        self._started.clear()
        self._asked.clear()

    def asked(self, engine: Engine) -> Features | None:
        """What an engine has just answered, for the guard, about the first pictures of the sample, `(n, …)`."""
        return self._asked.get(engine.name)

    def _keep(self, engine: Engine) -> None:
        self._started = {name: answer for name, answer in self._started.items() if name == engine.name}

    def start(self, engine: Engine) -> Answer:
        """Make an engine ready, once."""
        if engine.name not in self._started:
            self._started[engine.name] = engine.start()
        return self._started[engine.name]

    def rates(self) -> dict[str, float]:
        """Pictures a second of each engine; measured where it has not been, in the time that a few pictures take."""
        known = self._measured().rates.get(self._trunk, {})
        found = {name: known[name] for name in self.engines if name in known}
        missing = [engine for name, engine in self.engines.items() if name not in found]
        if missing:
            found |= self._measure(missing)
            self._keep(self.engines[max(found, key=lambda name: found[name])])
            measured = self._measured()
            rates = {**measured.rates, self._trunk: {**known, **found}}
            write_json(self.file, measured.model_copy(update={"rates": rates}))
        return found

    def fastest(self, precision: Precision) -> Choice:
        """The fastest engine of one of the `precisions`."""
        rates = {name: rate for name, rate in self.rates().items() if self.engines[name].precision == precision}
        name = max(rates, key=lambda each: rates[each])
        others = sorted(((rate, other) for other, rate in rates.items() if other != name), reverse=True)
        against = ", ".join(f"{rate:.0f} by {other}" for rate, other in others)
        return Choice(
            self.engines[name],
            rates[name],
            f"{name} computes what lies below the cut: {rates[name]:.0f} pictures a second"
            + (f", against {against}." if against else "; here is no other engine of this precision."),
        )

    def choose(self, passes: int) -> Choice:
        """The engine for so many pictures: the fastest exact one, or a faster one of lower precision if it passes.

        The guard may refuse: it is asked only where it costs less than half of what the faster engine would save.
        """
        exact = self.fastest("float32")
        if "bfloat16" not in self.precisions:
            return exact
        lower = self.fastest("bfloat16")
        if lower.rate <= exact.rate:
            return exact
        known = self._measured().agreements.get(self._pair(lower.engine))
        saved = passes / exact.rate - passes / lower.rate
        if known is None and saved <= 2 * PICTURES * (2 / exact.rate + 1 / lower.rate):
            return Choice(
                exact.engine,
                exact.rate,
                f"{exact.reason} {lower.engine.name} ({lower.rate:.0f}) was not tried: to see whether its features are "
                "as good would take more than half of the time that it could save.",
            )
        if len(self.sample.labels) < 2 * PICTURES:
            return Choice(exact.engine, exact.rate, f"{exact.reason} There are too few pictures to judge others by.")
        share = known if known is not None else self._agreement(exact.engine, lower.engine)
        found = f"a linear head gave {share:.1%} of the same answers on {PICTURES} held-out pictures"
        if share < SAME_ANSWERS:
            return Choice(
                exact.engine,
                exact.rate,
                f"{exact.reason} {lower.engine.name} would be faster ({lower.rate:.0f}), but {found}; "
                f"{SAME_ANSWERS:.1%} are needed.",
            )
        return Choice(
            lower.engine,
            lower.rate,
            f"{lower.engine.name} computes what lies below the cut: {lower.rate:.0f} pictures a second, against "
            f"{exact.rate:.0f} by {exact.engine.name}; {found}.",
        )

    def _measure(self, engines: list[Engine]) -> dict[str, float]:
        """Pictures a second, the best of rounds taken in turn: whatever else the machine does meanwhile only slows."""
        rates: dict[str, float] = {}
        for engine in engines:
            rates[engine.name] = self._rate(engine, engine.at_once * engine.threads)
        seconds = min(SECONDS_OF_EACH, SHARE_OF_JOB * self.sample.total / max(rates.values()))
        for number in range(ROUNDS):
            for engine in engines:
                rate, fastest = rates[engine.name], max(rates.values())
                if rate * (HOPELESS if number else HOPELESS_AT_FIRST) >= fastest:
                    rates[engine.name] = max(rate, self._rate(engine, int(rate * seconds)))
                else:
                    self._started.pop(engine.name, None)  # each holds all weights once more
        return rates

    def _rate(self, engine: Engine, count: int) -> float:
        """Pictures a second, over about so many of them."""
        at_a_time = engine.at_once * engine.threads
        pixels = self.sample.pixels[: max(at_a_time, count // at_a_time * at_a_time)]
        answer = self.start(engine)
        began = time.monotonic()
        answer_all(answer, pixels, at_once=engine.at_once, threads=engine.threads)
        return len(pixels) / max(time.monotonic() - began, 1e-6)

    def _agreement(self, exact: Engine, lower: Engine) -> float:
        pixels, labels = self.sample.pixels[: 2 * PICTURES], self.sample.labels[: 2 * PICTURES]
        share = same_answers(self._ask(exact, pixels), self._ask(lower, pixels[:PICTURES]), labels)
        measured = self._measured()
        agreements = {**measured.agreements, self._pair(lower): share}
        write_json(self.file, measured.model_copy(update={"agreements": agreements}))
        return share

    def _ask(self, engine: Engine, pixels: Any) -> Features:
        found = answer_all(self.start(engine), pixels, at_once=engine.at_once, threads=engine.threads)
        if found.nbytes <= BYTES_ASKED:
            self._asked[engine.name] = found
        return found

    def _pair(self, lower: Engine) -> str:
        return _hash({"trunk": self._trunk, "pictures": self.sample.key, "engine": lower.name})

    def _measured(self) -> Measured:
        try:
            return read_json(self.file, Measured)
        except WorkspaceError:
            return Measured()


def _machine() -> dict[str, Any]:
    """What a speed depends on beside the trunk."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {"cores": device.cores(), "processor": _processor(), "accelerator": device.on_accelerator(), **versions}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _hash(identity: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:24]
