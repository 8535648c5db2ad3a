"""Lists the export formats: those of any item, and those that a modality has of its own.

It knows the rows of the table, in the order in which they are shown. It does not know how a file is made; that is
`export`'s, which the pages must not import.
"""

from __future__ import annotations

from tlcore.file_format import Format
from tlcore.keyed import by_key
from tlcore.modalities import MODALITIES

_FIRST = (
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
        "The smallest, and the fastest on most processors. Calibrated on training examples.",
        "model-int8.onnx",
        "int8",
    ),
)
_LAST = (
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
        "For TensorFlow Serving and the cloud: one signature takes arrays, another one files.",
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
        "The smallest, and the fastest on phones and boards. Calibrated on training examples.",
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


FORMATS = by_key((*_FIRST, *(form for modality in MODALITIES.values() for form in modality.formats), *_LAST))
WITH_RUN = tuple(key for key, form in FORMATS.items() if form.with_run)
