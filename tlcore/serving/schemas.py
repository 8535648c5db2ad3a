"""What the server says, as it stands in its OpenAPI description.

It knows names, units and ranges. It does not know how answers are found.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from tlcore.contract import AnswerSet, Contract, Threshold
from tlcore.serving.limits import Limits

STRANGE = (
    "How unlike the training items it is: above 1 it is less like them than 95 % of the validation items were, "
    "and the answer means little. Null where the model does not say."
)


class Prediction(BaseModel):
    """What the model says of one item."""

    name: str = Field(description="The file's name, as it was sent; empty where none was.")
    label: str = Field(description="The likeliest class.")
    confidence: float = Field(description="Its probability, 0 to 1.")
    probabilities: dict[str, float] = Field(description="Of every class; they add up to 1.")
    sure: bool = Field(description="Whether the likeliest class is likelier than all others together.")
    unfamiliarity: float | None = Field(description=STRANGE)


class LabelsPrediction(BaseModel):
    """What a model of several labels says of one item."""

    name: str = Field(description="The file's name, as it was sent; empty where none was.")
    labels: list[str] = Field(description="Those whose probabilities reach their thresholds, the likeliest first.")
    probabilities: dict[str, float] = Field(description="Of every label, each 0 to 1 by itself.")
    unfamiliarity: float | None = Field(description=STRANGE)


class ValuePrediction(BaseModel):
    """What a model that predicts a number says of one item."""

    name: str = Field(description="The file's name, as it was sent; empty where none was.")
    value: float = Field(description="The predicted value, in its unit.")
    low: float | None = Field(description="The lower end of the prediction interval; null where there is none.")
    high: float | None = Field(description="The upper end.")
    coverage: float = Field(description="The share of such intervals that hold the true value, 0 to 1.")
    value_name: str = Field(description="What the value is, for people; empty where that is not known.")
    unit: str = Field(description="Of the value; empty where it has none.")
    unfamiliarity: float | None = Field(description=STRANGE)


class Predictions(BaseModel):
    """The answers to a request, in the order of its items."""

    model: str = Field(description="Which model answered: as `GET /model` calls it.")
    predictions: list[Prediction]


class LabelsPredictions(BaseModel):
    """The answers to a request, in the order of its items."""

    model: str = Field(description="Which model answered: as `GET /model` calls it.")
    predictions: list[LabelsPrediction]


class ValuePredictions(BaseModel):
    """The answers to a request, in the order of its items."""

    model: str = Field(description="Which model answered: as `GET /model` calls it.")
    predictions: list[ValuePrediction]


OF_TASK: dict[str, type[BaseModel]] = {
    "classification": Predictions,
    "multilabel": LabelsPredictions,
    "regression": ValuePredictions,
}


class FaultyItem(BaseModel):
    """An item for whose sake a request was refused."""

    index: int = Field(description="Which of the request's items, from 0.")
    name: str
    reason: str


class Fault(BaseModel):
    """Why a request was refused: what is needed, what came, what to do."""

    detail: str
    items: list[FaultyItem] = Field(default_factory=list, description="Those that are in the way.")


class ModelCard(BaseModel):
    """What answers here."""

    model: str = Field(description="The run that made it.")
    labels: list[str] = Field(description="The classes; none where a value is predicted.")
    backbone: str
    dataset: str = Field(description="What it was trained on.")
    temperature: float | None = Field(
        description="By which its logits are divided, so that probabilities mean something."
    )
    tells_unfamiliar: bool = Field(description="Whether it says how unlike the training items an item is.")
    thresholds: tuple[Threshold, ...]
    sets: tuple[AnswerSet, ...]
    contract: Contract = Field(description="All that is needed to use the model: its `contract.json`.")
    sha256: str = Field(description="Of the file `model.onnx`.")
    limits: Limits


class Health(BaseModel):
    """That the server answers."""

    status: Literal["ok"] = "ok"
