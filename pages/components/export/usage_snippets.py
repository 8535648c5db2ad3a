"""How each format is put to use, in a few lines of code or words; what a model takes is read from its contract."""

from __future__ import annotations

import streamlit as st

from pages.components.shell import formats
from tlcore.contract import Contract, taken_in
from tlcore.modalities import find_modality
from tlcore.runs.formats import FORMATS

_ONNX = """import onnxruntime

model = onnxruntime.InferenceSession("{file}")
model.run(None, {feeds})  # {takes}{gives}"""
_LITE = """from ai_edge_litert.interpreter import Interpreter

model = Interpreter("{file}").get_signature_runner("serving_default")
model({keywords})  # {takes}, n = 1{gives}"""
USES = {
    "keras": """import keras

model = keras.models.load_model("{file}")
model.predict({inputs})  # {takes}{gives}""",
    "onnx": _ONNX,
    "onnx-fp16": _ONNX,
    "onnx-int8": _ONNX,
    "bundle": """unzip {file} -d model && cd model
pip install -r requirements.txt
python predict.py FILE""",
    "savedmodel": """unzip {file}
docker run -p 8501:8501 -v "$PWD/model:/models/model" tensorflow/serving
curl localhost:8501/v1/models/model:predict -d @request.json""",
    "litert": _LITE,
    "litert-fp16": _LITE,
    "litert-int8": _LITE,
    "openvino": """import openvino

model = openvino.Core().compile_model("model.xml", "CPU", {{"INFERENCE_PRECISION_HINT": "f32"}})
model({feeds})  # {takes}{gives}""",
    "server": """unzip {file} -d server && cd server
GRAFT_API_KEY=a-long-secret docker compose up --build   # or: pip install -r requirements.txt && python server.py
curl -H "Authorization: Bearer a-long-secret" -F items=@FILE localhost:8000/predict""",
    "coreml": """let model = try MLModel(contentsOf: MLModel.compileModel(at: url))
let answer = try model.prediction(from: MLDictionaryFeatureProvider(dictionary: {swift}))""",
    "code": """unzip {file} -d code && cd code
pip install -r requirements.txt notebook
jupyter notebook predict.ipynb""",
}
LANGUAGES = dict.fromkeys(("bundle", "server", "savedmodel", "code"), "bash") | {"coreml": "swift"}


# What a model gives, where that is not a probability for each of the classes of which one is right.
GIVES = {
    "multilabel": """

# A probability for each label. A label is given from its threshold on:
# contract.json, `decision.thresholds`, in the order of `classes`.""",
    "regression": """

# The value in its unit. Its prediction interval is the value plus or minus
# `decision.margin` of contract.json.""",
}


def show(key: str, file: str, contract: Contract) -> None:
    """Say how `file`, of the format `key`, is used."""
    gives = GIVES.get(contract.task, "")
    if said := FORMATS[key].use:
        st.markdown(said.format(file=formats.plain(file), gives=gives))
    if use := USES.get(key):
        code = use.format(file=file, gives=gives, **_inputs(contract))
        st.code(code, language=LANGUAGES.get(key, "python"), wrap_lines=True)


def _inputs(contract: Contract) -> dict[str, str]:
    """Write the inputs of a model as each language passes them, and what they are."""
    modality = find_modality(contract.modality)
    fields = contract.inputs or taken_in(modality.spec(contract.input))  # a run of before does not name them
    names = [each.name for each in fields]
    named = ", ".join(f'"{name}": {name}' for name in names)
    takes = modality.takes(contract.input)[0].rstrip(",").replace("`", "")
    return {
        "feeds": f"{{{named}}}",
        "swift": f"[{named}]",
        "keywords": ", ".join(f"{name}={name}" for name in names),
        "inputs": names[0] if len(names) == 1 else f"{{{named}}}",
        "takes": ", ".join([takes, *dict.fromkeys(each.dtype for each in fields)]),
    }
