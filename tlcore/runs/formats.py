"""Lists the export formats: the description, the use and the requirements of each.

It knows words, names of packages and the bar of each precision. It does not know how a file is made; that is
`export`'s, which the pages must not import.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import Literal

SYSTEMS = {"Darwin": "Mac"}
Precision = Literal["fp32", "fp16", "int8"]


@dataclass(frozen=True)
class Bar:
    """The tolerance within which a file is offered without a warning.

    Attributes:
        same_answers: The least share of test items with the app's answer, as the task compares them.
        largest_difference: Of any probability, or of a value as a share of their spread, at most.
        lost_accuracy: By so much the headline metric may be worse than the app's, an error in units of the values'
            spread; None where it is not asked for.
    """

    same_answers: float = 0.0
    largest_difference: float = 1.0
    lost_accuracy: float | None = None


BARS: Mapping[Precision, Bar] = MappingProxyType(
    {"fp32": Bar(0.999, 1e-3), "fp16": Bar(0.995), "int8": Bar(lost_accuracy=0.02)}
)
# Values are hardly ever the same in fewer bits: what counts is how far off they are, as a share of their spread.
BARS_OF_VALUES: Mapping[Precision, Bar] = MappingProxyType({**BARS, "fp16": Bar(largest_difference=0.01)})


def bar_of(precision: Precision, *, values: bool = False) -> Bar:
    """Give the bar of a precision, for a model that predicts values or one that gives probabilities."""
    return (BARS_OF_VALUES if values else BARS)[precision]


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        key: Names its folder and is what the command line calls it.
        title, description: For a person to choose by.
        file: The name of the artefact.
        precision: In which its numbers are; the bar hangs on it.
        needs: Packages without which it cannot be made here.
        system: The one on which alone it can be asked, as `platform.system()` names it; empty for any.
        with_run: Made by every run at its end; the others when they are asked for.
    """

    key: str
    title: str
    description: str
    file: str
    precision: Precision = "fp32"
    needs: tuple[str, ...] = ()
    system: str = ""
    with_run: bool = False

    @property
    def bar(self) -> Bar:
        return BARS[self.precision]

    @property
    def missing(self) -> str:
        """Why it cannot be made here; empty where it can."""
        if self.system and platform.system() != self.system:
            return (
                f"{self.title} needs a {SYSTEMS[self.system]}: nothing else can run it, so it could not be proven here."
            )
        absent = [name for name in self.needs if find_spec(name) is None]
        if not absent:
            return ""
        return f"{self.title} needs {' and '.join(absent)}, not installed here. `pip install {' '.join(absent)}`."


_ALL = (
    Format(
        "bundle",
        "Ready-to-run bundle",
        "For any computer with Python: both models, a small program that answers for files, and a README.",
        "bundle.zip",
        with_run=True,
    ),
    Format(
        "onnx",
        "ONNX model",
        "For ONNX Runtime in any language: small and fast, on servers, desktops, phones and in browsers.",
        "model.onnx",
        with_run=True,
    ),
    Format(
        "onnx-fp16",
        "ONNX, half precision",
        "Half the size. For graphics cards and phones that compute in 16 bits; on a processor it is not faster.",
        "model-fp16.onnx",
        "fp16",
    ),
    Format(
        "onnx-int8",
        "ONNX, 8-bit",
        "The smallest, and the fastest on most processors. Calibrated on training items.",
        "model-int8.onnx",
        "int8",
    ),
    Format(
        "onnx-fullsize",
        "ONNX, any size in",
        "For programs that have decoded the picture: RGB of any size in; the graph crops and resizes as the app does.",
        "model-fullsize.onnx",
    ),
    Format(
        "web",
        "Web page",
        "For anybody with a browser, a phone too: pictures, camera, answers. Works offline; nothing is sent.",
        "web.zip",
    ),
    Format(
        "server",
        "Server",
        "For a machine that others ask over HTTP: health, metrics, limits, a key; as a container or without.",
        "server.zip",
    ),
    Format(
        "keras",
        "Keras model",
        "For Python with Keras 3: goes on training, or changes. Loads with keras.models.load_model, without Graft.",
        "model.keras",
        with_run=True,
    ),
    Format(
        "savedmodel",
        "TensorFlow SavedModel",
        "For TensorFlow Serving and the cloud: one signature takes pixels, another the bytes of picture files.",
        "savedmodel.zip",
        needs=("tensorflow",),
    ),
    Format(
        "litert",
        "LiteRT model",
        "For Android, iOS and small boards, where it was called TensorFlow Lite.",
        "model.tflite",
        needs=("tensorflow",),
    ),
    Format(
        "litert-fp16",
        "LiteRT, half precision",
        "Half the size, for phones with a graphics unit.",
        "model-fp16.tflite",
        "fp16",
        needs=("tensorflow",),
    ),
    Format(
        "litert-int8",
        "LiteRT, 8-bit",
        "The smallest, and the fastest on phones and boards. Calibrated on training items.",
        "model-int8.tflite",
        "int8",
        needs=("tensorflow",),
    ),
    Format(
        "openvino",
        "OpenVINO model",
        "For Intel's processors, graphics and neural units.",
        "openvino.zip",
        needs=("openvino",),
    ),
    Format(
        "coreml",
        "Core ML model",
        "For apps on iPhone, iPad and Mac.",
        "coreml.zip",
        needs=("coremltools",),
        system="Darwin",
    ),
    Format(
        "code",
        "Code",
        "A notebook that predicts with the model, step by step, and the plain Keras script that trains it again.",
        "code.zip",
    ),
)
FORMATS: Mapping[str, Format] = MappingProxyType({each.key: each for each in _ALL})
