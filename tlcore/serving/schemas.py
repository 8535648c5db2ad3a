"""What the server says, as it stands in its OpenAPI description.

It knows names, units and ranges. It does not know how answers are found.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tlcore.serving.limits import Limits


class Prediction(BaseModel):
    """What the model says of one picture."""

    name: str = Field(description="The file's name, as it was sent; empty where none was.")
    label: str = Field(description="The likeliest class.")
    confidence: float = Field(description="Its probability, 0 to 1.")
    probabilities: dict[str, float] = Field(description="Of every class; they add up to 1.")
    sure: bool = Field(description="Whether the likeliest class is likelier than all others together.")
    unfamiliarity: float | None = Field(
        description="How unlike the training pictures it is: above 1 it is less like them than 95 % of the validation "
        "pictures were, and the answer means little. Null where the model does not say."
    )


class Predictions(BaseModel):
    """The answers to a request, in the order of its pictures."""

    model: str = Field(description="Which model answered: as `GET /model` calls it.")
    predictions: list[Prediction]


class FaultyPicture(BaseModel):
    """A picture for whose sake a request was refused."""

    index: int = Field(description="Which of the request's pictures, from 0.")
    name: str
    reason: str


class Fault(BaseModel):
    """Why a request was refused: what is needed, what came, what to do."""

    detail: str
    pictures: list[FaultyPicture] = Field(default_factory=list, description="The pictures that are in the way.")


class Threshold(BaseModel):
    """From which probability on a picture should count as of a class, when missing one costs `ratio` false alarms."""

    label: str
    ratio: float
    threshold: float = Field(description="Above 1 a picture never counts.")


class AnswerSet(BaseModel):
    """How to answer with a set of classes that holds the right one with a chosen share."""

    method: str = Field(description="`lac` or `aps`.")
    wanted: float = Field(description="That share, 0 to 1.")
    threshold: float = Field(description="What it is compared with is the method's.")


class Learnt(BaseModel):
    """What was learnt of the probabilities on the validation pictures; empty where nothing was."""

    model_config = ConfigDict(extra="ignore")

    thresholds: list[Threshold] = []
    sets: list[AnswerSet] = []


class ModelCard(BaseModel):
    """What answers here."""

    model: str = Field(description="The run that made it.")
    labels: list[str] = Field(description="The classes.")
    backbone: str
    dataset: str = Field(description="What it was trained on.")
    image_size: int = Field(description="Side of the square that it sees of a picture, pixels.")
    resize: Literal["crop", "letterbox", "stretch"] = Field(description="How a picture becomes that square.")
    value_range: tuple[float, float] | None = Field(
        description="Which values of a grey picture of more than 8 bits become black and white, the same for all."
    )
    temperature: float | None = Field(
        description="By which its logits are divided, so that probabilities mean something."
    )
    tells_unfamiliar: bool = Field(description="Whether it says how unlike the training pictures a picture is.")
    thresholds: list[Threshold]
    sets: list[AnswerSet]
    sha256: str = Field(description="Of the file `model.onnx`.")
    limits: Limits


class Health(BaseModel):
    """That the server answers."""

    status: Literal["ok"] = "ok"
