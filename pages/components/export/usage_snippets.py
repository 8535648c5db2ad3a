"""How each format is put to use, in a few lines of code or words."""

from __future__ import annotations

import streamlit as st

from pages.components.shell import formats

_ONNX = """import onnxruntime

model = onnxruntime.InferenceSession("{file}")
model.run(None, {{"pixels": pixels}})  # float32, 0 to 255{gives}"""
_LITE = """from ai_edge_litert.interpreter import Interpreter

model = Interpreter("{file}").get_signature_runner("serving_default")
model(pixels=pixels)  # (1, size, size, 3), float32, 0 to 255{gives}"""
USES = {
    "keras": """import keras

model = keras.models.load_model("{file}")
model.predict(pixels)  # (n, size, size, 3), RGB, 0 to 255{gives}""",
    "onnx": _ONNX,
    "onnx-fp16": _ONNX,
    "onnx-int8": _ONNX,
    "onnx-fullsize": """import numpy as np, onnxruntime

model = onnxruntime.InferenceSession("{file}")
model.run(None, {{"picture": picture, "jpeg": np.array(True)}})  # (height, width, 3), uint8, RGB{gives}""",
    "bundle": """unzip {file} -d model && cd model
pip install -r requirements.txt
python predict.py picture.jpg""",
    "savedmodel": """unzip {file}
docker run -p 8501:8501 -v "$PWD/model:/models/model" tensorflow/serving
curl localhost:8501/v1/models/model:predict -d @request.json""",
    "litert": _LITE,
    "litert-fp16": _LITE,
    "litert-int8": _LITE,
    "openvino": """import openvino

model = openvino.Core().compile_model("model.xml", "CPU", {{"INFERENCE_PRECISION_HINT": "f32"}})
model(pixels)  # (n, size, size, 3), float32, 0 to 255{gives}""",
    "server": """unzip {file} -d server && cd server
GRAFT_API_KEY=a-long-secret docker compose up --build   # or: pip install -r requirements.txt && python server.py
curl -H "Authorization: Bearer a-long-secret" -F items=@picture.jpg localhost:8000/predict""",
    "coreml": """let model = try MLModel(contentsOf: MLModel.compileModel(at: url))
let answer = try model.prediction(from: MLDictionaryFeatureProvider(dictionary: ["pixels": pixels]))""",
    "code": """unzip {file} -d code && cd code
pip install -r requirements.txt notebook
jupyter notebook predict.ipynb""",
}
LANGUAGES = dict.fromkeys(("bundle", "server", "savedmodel", "code"), "bash") | {"coreml": "swift"}
WORDS = {
    "web": "Unpack **{file}** and double-click `index.html`: pictures and the camera work without a network. For "
    "phones and for other people, put the folder on any web server; a phone's camera needs an address that "
    "starts with `https`.",
}


# What a model gives, where that is not a probability for each of the classes of which one is right.
GIVES = {
    "multilabel": """

# A probability for each label. A label is given from its threshold on:
# contract.json, `decision.thresholds`, in the order of `classes`.""",
    "regression": """

# The value in its unit. Its prediction interval is the value plus or minus
# `decision.margin` of contract.json.""",
}


def show(key: str, file: str, task: str = "classification") -> None:
    """Say how `file`, of the format `key` and a model of the task, is used."""
    if said := WORDS.get(key):
        st.markdown(said.format(file=formats.plain(file)))
    if use := USES.get(key):
        st.code(
            use.format(file=file, gives=GIVES.get(task, "")), language=LANGUAGES.get(key, "python"), wrap_lines=True
        )
