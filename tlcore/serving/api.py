"""The app: `POST /predict`, `GET /model`, `/healthz`, `/metrics`, and their description at `/openapi.json`.

It knows paths, statuses and who may ask. It does not know where the model comes from, nor how a server is started.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from tlcore import __version__
from tlcore.contract import Contract
from tlcore.inference.predictor import Predictor
from tlcore.modalities import Modality, Noun, find_modality
from tlcore.serving.batcher import Batcher, BusyError, Outcome, Said, TooLargeError
from tlcore.serving.head_requests import HeadRequests
from tlcore.serving.limits import Limits
from tlcore.serving.metrics import CONTENT_TYPE_LATEST, Counting, Metrics
from tlcore.serving.schemas import (
    OF_TASK,
    Fault,
    FaultyItem,
    Health,
    LabelsPrediction,
    ModelCard,
    Prediction,
    ValuePrediction,
)
from tlcore.serving.uploads import FORM, RefusedError, Upload, read_uploads
from tlcore.tasks import Reply

SURE = 0.5
UNFAMILIAR = 1.0
RETRY_SECONDS = 1
ANY_TYPE = "application/octet-stream"
BINARY = {"type": "string", "format": "binary"}
DESCRIPTION = """Ask a model about {many}.

`curl -F items=@ONE -F items=@ANOTHER http://localhost:8000/predict`

A request is answered whole or refused whole: a refusal names the {many} that are in the way."""


def create_app(
    predictor: Predictor,
    *,
    model: str,
    sha256: str,
    limits: Limits | None = None,
    key: str | None = None,
) -> FastAPI:
    """Make the app that answers with a model.

    Args:
        predictor: The model; its `threads` say how many items are worked on at a time.
        model: What it is called, mostly the run's id.
        sha256: Of its file.
        limits: What a request may be.
        key: Whoever asks must bring it, but for `/healthz`; None lets everybody ask.
    """
    limits, contract = limits or Limits(), predictor.labels
    said_as, modality = OF_TASK[contract.task], find_modality(contract.modality)
    noun = modality.noun
    metrics = Metrics(lambda: len(line), contract)
    line = Batcher(predictor, limits, metrics.together.observe)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        line.open()
        yield
        line.close()

    # The pages with which FastAPI shows the description load their script from another site.
    app = FastAPI(
        title="Graft model server",
        version=__version__,
        description=DESCRIPTION.format(many=noun.many),
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    guarded: dict[str, Any] = {"dependencies": [Depends(_guard(key))], "responses": _faults(noun, 401)} if key else {}

    @app.post(
        "/predict",
        response_model=said_as,
        summary=f"Ask about one {noun.one} or several",
        dependencies=guarded.get("dependencies"),
        responses=_faults(noun, *([401] if key else []), 400, 413, 415, 422, 503),
        openapi_extra={"requestBody": _body(limits, modality)},
    )
    async def predict(request: Request) -> Response:
        uploads = await read_uploads(request, limits, line.check_room, modality)
        outcomes = await line.ask([upload.content for upload in uploads])
        _check(uploads, outcomes, noun)
        predictions = []
        for upload, outcome in zip(uploads, outcomes, strict=True):
            if not isinstance(outcome, Said):
                continue
            reply = predictor.reply(outcome.outputs)
            metrics.count(reply)
            if outcome.unfamiliarity is not None and outcome.unfamiliarity > UNFAMILIAR:
                metrics.unfamiliar.inc()
            predictions.append(_prediction(upload.name, outcome, reply, contract))
        said = said_as.model_validate({"model": model, "predictions": predictions})
        return Response(said.model_dump_json(), media_type="application/json")  # ours already: not checked once more

    @app.get("/model", summary="What answers here, and the limits of a request", **guarded)
    async def card() -> ModelCard:
        return ModelCard(
            model=model,
            labels=list(contract.classes),
            backbone=contract.backbone,
            dataset=contract.dataset,
            temperature=contract.temperature,
            tells_unfamiliar=predictor.tells_unfamiliar,
            thresholds=contract.thresholds,
            sets=contract.sets,
            contract=contract,
            sha256=sha256,
            limits=limits,
        )

    @app.get("/healthz", summary="Whether the server answers")
    async def health() -> Health:
        return Health()

    described = {
        "description": "Text in Prometheus' format.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
    answers = {**guarded.get("responses", {}), 200: described}

    @app.get(
        "/metrics",
        summary="Figures for a monitor",
        response_class=Response,
        dependencies=guarded.get("dependencies"),
        responses=answers,
    )
    async def figures() -> Response:
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    _answer_faults(app)
    app.add_middleware(HeadRequests)
    app.add_middleware(
        Counting, metrics=metrics, paths=frozenset(("/predict", "/model", "/healthz", "/metrics", "/openapi.json"))
    )
    return app


def _prediction(name: str, said: Said, reply: Reply, contract: Contract) -> BaseModel:
    """Say the answer for an item as the model's task has it."""
    strange = said.unfamiliarity
    if reply.value is not None:
        return ValuePrediction(
            name=name,
            value=reply.value,
            low=reply.low,
            high=reply.high,
            coverage=contract.decision.coverage,
            value_name=contract.value_name,
            unit=contract.unit,
            unfamiliarity=strange,
        )
    shares = dict(zip(contract.classes, said.outputs.tolist(), strict=True))
    if contract.task == "multilabel":
        return LabelsPrediction(name=name, labels=list(reply.labels), probabilities=shares, unfamiliarity=strange)
    return Prediction(
        name=name,
        label=reply.label,
        confidence=reply.confidence,
        probabilities=shares,
        sure=reply.confidence > SURE,
        unfamiliarity=strange,
    )


def _check(uploads: list[Upload], outcomes: list[Outcome], noun: Noun) -> None:
    """Refuse a request of which an item cannot be answered.

    Raises:
        RefusedError: With all of these items and their reasons.
    """
    faults = [(index, outcome) for index, outcome in enumerate(outcomes) if not isinstance(outcome, Said)]
    for _, fault in faults:
        if not isinstance(fault, ValueError | OSError):
            raise fault  # not the item's
    if faults:
        named = [FaultyItem(index=at, name=uploads[at].name, reason=str(fault)) for at, fault in faults]
        status = 413 if any(isinstance(fault, TooLargeError) for _, fault in faults) else 422
        raise RefusedError(
            status,
            f"{noun.many.capitalize()} that can be read are needed. {len(faults)} of {len(uploads)} cannot: "
            f"{named[0].reason} Send the request without them.",
            named,
        )


def _guard(key: str) -> Any:
    async def check(
        brought: Annotated[
            HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False, description="GRAFT_API_KEY"))
        ],
    ) -> None:
        # Headers are read as Latin-1, whatever was sent: these are the bytes.
        if brought is None or not secrets.compare_digest(brought.credentials.encode("latin-1"), key.encode()):
            came = "another one" if brought else "none"
            raise RefusedError(401, f"This server needs its key as `Authorization: Bearer KEY`. Received {came}.")

    return check


def _answer_faults(app: FastAPI) -> None:
    """Give every refusal the same shape, and no request of a stranger's a trace."""

    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> JSONResponse:
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
        return _said(error.status, Fault(detail=str(error), items=error.items), headers)

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: BusyError) -> JSONResponse:
        detail = "The server needs a moment. More items wait than it may take. Ask again in a second."
        return _said(503, Fault(detail=detail), {"Retry-After": str(RETRY_SECONDS)})

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> JSONResponse:
        detail = f"{error.detail}. `GET /openapi.json` says what there is."
        return _said(error.status_code, Fault(detail=detail), dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def misshapen(request: Request, error: RequestValidationError) -> JSONResponse:
        return _said(422, Fault(detail="The request is not as `GET /openapi.json` describes it."), {})


def _said(status: int, fault: Fault, headers: dict[str, str]) -> JSONResponse:
    return JSONResponse(fault.model_dump(), status, headers)


def _faults(noun: Noun, *statuses: int) -> dict[int | str, dict[str, Any]]:
    reasons = {
        400: "The body cannot be read as what it says it is.",
        401: "The key is missing, or is another one.",
        413: f"Too many {noun.many}, too many bytes, or one is too large.",
        415: f"The body is neither a form with files nor a {noun.one}.",
        422: f"There is no {noun.one}, or some cannot be read.",
        503: f"Too many {noun.many} wait. Ask again after `Retry-After` seconds.",
    }
    return {status: {"model": Fault, "description": reasons[status]} for status in statuses}


def _body(limits: Limits, modality: Modality) -> dict[str, Any]:
    files = {"type": "array", "items": BINARY, "minItems": 1, "maxItems": limits.items}
    form = {"type": "object", "properties": {"items": files}, "required": ["items"]}
    kinds = (*([f"{modality.media_type}*"] if modality.media_type else []), ANY_TYPE)
    return {
        "required": True,
        "description": f"Files as a form, or one {modality.noun.one} as the body.",
        "content": {FORM: {"schema": form}, **{kind: {"schema": BINARY} for kind in kinds}},
    }
