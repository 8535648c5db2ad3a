"""A model as a LiteRT file, in 32, 16 or 8 bits.

It knows TensorFlow's converter. Like an ONNX file in 8 bits it is calibrated on training items, chosen by validation
items, keeps its head in 32 bits, and leaves more in 32 bits where too much would be lost.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from tlcore.contract import CONTRACT, Contract
from tlcore.export.calibration_data import PARTS
from tlcore.export.eight_bits import ATTEMPTS, ENOUGH, Attempt, score
from tlcore.export.facts import as_json
from tlcore.export.signatures import as_inputs, as_taken, signature_of, traced
from tlcore.inference.ood import FAMILIAR_SHARE
from tlcore.items import Arrays, Spec, count, take
from tlcore.tasks import Task

WITH_WEIGHTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
POOLING = "MEAN"
# A limit that is so much off, as a share, is set right by converting once more.
LIMIT_OFF = 0.05


Build = Callable[[float | None], keras.Model]


@dataclass(frozen=True)
class Items:
    """Arrays of items, `(n, …)` each, to calibrate by and to choose by; `targets` are of the latter."""

    training: Arrays
    validation: Arrays
    targets: npt.NDArray[Any]
    task: Task


def convert_to_lite(build: Build, target: Path, asked: dict[str, Any]) -> None:
    """Write the file.

    Args:
        build: Makes the model, with a limit of its unfamiliarity or, for None, with its own.
        target: The file; a folder beside it is used and left.
        asked: `precision` and `contract`; for 8 bits also `samples`, an .npz file as `Items` has them, and `limit`,
            the model's own, or None.
    """
    folder, contract = target.with_name("frozen"), Contract.model_validate(asked["contract"])
    if asked["precision"] == "int8":
        with np.load(asked["samples"]) as samples:
            training, validation = (
                {each.name: samples[f"{part}/{each.name}"] for each in contract.inputs} for part in PARTS
            )
            items = Items(training, validation, samples["targets"], contract.kind)
        made = _in_eight_bits(build, folder, items, asked["limit"], contract.inputs)
    else:
        converter = _converter(build(None), folder, contract.inputs)
        if asked["precision"] == "fp16":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        made = converter.convert()
    target.write_bytes(made)
    with zipfile.ZipFile(target, "a") as beside:  # behind the model, where TensorFlow Lite's metadata has its files
        beside.writestr(CONTRACT, as_json(contract))
        beside.writestr("labels.txt", "\n".join(contract.classes))


def _in_eight_bits(build: Build, folder: Path, items: Items, limit: float | None, inputs: Spec) -> bytes:
    model = build(None)
    output = items.task.output
    said = np.asarray(model.predict(as_inputs(items.validation, inputs), batch_size=16, verbose=0)[output])
    wanted = score(said, items.targets, items.task)
    best, most, scores, chosen = b"", -math.inf, None, ATTEMPTS[0]
    for attempt in ATTEMPTS:
        made = _quantized(model, folder, items.training, attempt, inputs)
        answers, strange = _ask(made, items.validation, output, inputs)
        if (reached := score(answers, items.targets, items.task)) > most:
            best, most, scores, chosen = made, reached, strange, attempt
        if most >= wanted - ENOUGH:
            break
    if scores is None or limit is None:
        return best
    # What is seen is seen a little differently now, so the distance that counts as unfamiliar is found anew.
    ordered = np.sort(scores)
    edge = float(ordered[min(len(ordered), math.ceil(FAMILIAR_SHARE * (len(ordered) + 1))) - 1])
    if edge <= 0 or abs(edge - 1) <= LIMIT_OFF:
        return best
    return _quantized(build(limit * edge), folder, items.training, chosen, inputs)


def _converter(model: keras.Model, folder: Path, inputs: Spec) -> Any:
    """A converter of one item at a time, its weights constants: calibration knows no variables."""
    signature = signature_of(inputs, 1)
    names = sorted(model.output)  # as a frozen function orders them
    answers = traced(lambda *arrays: dict(model(as_taken(arrays), training=False)), input_signature=signature)
    frozen = convert_variables_to_constants_v2(answers.get_concrete_function())
    home = tf.Module()
    home.serve = traced(lambda *arrays: dict(zip(names, frozen(*arrays), strict=True)), input_signature=signature)
    # Gradients of their own, as swish has, would need the variables that are gone, and nobody asks for any.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    tf.saved_model.save(home, str(folder), signatures={"serving_default": home.serve}, options=options)
    return tf.lite.TFLiteConverter.from_saved_model(str(folder))


def _quantized(model: keras.Model, folder: Path, training: Arrays, attempt: Attempt, inputs: Spec) -> bytes:
    converter = _converter(model, folder, inputs)
    exact = _exact(converter.convert(), *attempt.exact_ends)
    rows = np.unique(np.linspace(0, count(training) - 1, attempt.items).astype(int))

    def calibration() -> Iterator[dict[str, npt.NDArray[Any]]]:
        return (as_inputs(take(training, slice(row, row + 1)), inputs) for row in rows)

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = calibration
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=exact)
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=calibration, debug_options=options
    )
    made: bytes = debugger.get_nondebug_quantized_model()
    return made


def _exact(plain: bytes, first: int, last: int) -> list[str]:
    """What stays in 32 bits, by the names of what it gives: the head, and the ends of what lies below."""
    interpreter = tf.lite.Interpreter(model_content=plain)
    names = {each["index"]: each["name"] for each in interpreter.get_tensor_details()}
    steps = interpreter._get_ops_details()
    kinds = [step["op_name"] for step in steps]
    head = max((place for place, kind in enumerate(kinds) if kind == POOLING), default=len(steps)) + 1
    places = [place for place, kind in enumerate(kinds[:head]) if kind in WITH_WEIGHTS]
    if first + last >= len(places):
        first = last = 0
    begin, end = (places[first] if first else 0), (places[-last] if last else head)
    return [names[index] for step in [*steps[:begin], *steps[end:]] for index in step["outputs"]]


def _ask(
    made: bytes, arrays: Arrays, output: str, inputs: Spec
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]:
    runner = tf.lite.Interpreter(model_content=made).get_signature_runner("serving_default")
    each = (take(arrays, slice(row, row + 1)) for row in range(count(arrays)))
    said = [runner(**as_inputs(item, inputs)) for item in each]
    strange = np.concatenate([each["unfamiliarity"] for each in said]) if "unfamiliarity" in said[0] else None
    return np.concatenate([each[output] for each in said]), strange
