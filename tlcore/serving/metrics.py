"""What a monitor collects from the server, in Prometheus' format.

It knows names and units of figures. It does not know how requests are answered. A registry for each app: two of them
in one process count for themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Summary,
    generate_latest,
)
from prometheus_client.process_collector import ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tlcore.contract import Contract
from tlcore.tasks import Reply

__all__ = ["CONTENT_TYPE_LATEST", "Counting", "Metrics"]

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OTHER = "other"  # one name for all that is not there: whoever tries paths must not fill the memory


COUNTED = {
    "classification": "Items answered, by their likeliest class.",
    "multilabel": "Labels given to items; an item may have several or none.",
    "regression": "Not used: this model predicts a value.",
}


class Metrics:
    """The figures of one server."""

    def __init__(self, waiting: Callable[[], int], contract: Contract) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "graft_requests", "Requests answered, by path and status.", ["path", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "graft_request_seconds",
            "From the first byte of a request to the last of its answer.",
            ["path"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.predictions = Counter("graft_predictions", COUNTED[contract.task], ["label"], registry=self.registry)
        for label in contract.classes:
            self.predictions.labels(label)  # a class that was never named is 0, not missing
        self.values = Summary("graft_predicted_value", "Predicted values, in their unit.", registry=self.registry)
        self.unfamiliar = Counter(
            "graft_unfamiliar_items",
            "Items unlike what the model was trained on.",
            registry=self.registry,
        )
        self.together = Histogram(
            "graft_items_together",
            "Items that were taken from the line at once.",
            buckets=(1, 2, 3, 4),
            registry=self.registry,
        )
        Gauge("graft_waiting_items", "Items that wait.", registry=self.registry).set_function(waiting)

    def count(self, reply: Reply) -> None:
        """Count the answer for an item."""
        for label in reply.labels:
            self.predictions.labels(label).inc()
        if reply.value is not None:
            self.values.observe(reply.value)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class Counting:
    """Counts and times every request of an app, those that are refused, too."""

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: frozenset[str]) -> None:
        self._app, self._metrics, self._paths = app, metrics, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500
        path = scope["path"] if scope["path"] in self._paths else OTHER

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._metrics.requests.labels(path, str(status)).inc()
            self._metrics.seconds.labels(path).observe(time.perf_counter() - began)
