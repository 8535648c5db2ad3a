"""One artefact of a run: what it is, how it was proven, and its download; behind a warning where something was lost."""

from __future__ import annotations

import streamlit as st

from pages.components import words
from tlcore.errors import ExportError
from tlcore.runs.manifest import Manifest, artefact
from tlcore.runs.run import Run

ICONS = {
    "bundle": ":material/inventory_2:",
    "onnx": ":material/bolt:",
    "onnx-fp16": ":material/bolt:",
    "onnx-int8": ":material/bolt:",
    "onnx-fullsize": ":material/photo_size_select_large:",
    "web": ":material/language:",
    "server": ":material/dns:",
    "keras": ":material/hub:",
    "savedmodel": ":material/cloud:",
    "litert": ":material/phone_android:",
    "litert-fp16": ":material/phone_android:",
    "litert-int8": ":material/phone_android:",
    "openvino": ":material/memory:",
    "coreml": ":material/phone_iphone:",
    "code": ":material/code:",
}
STYLE = """
<style>
.proof { display: grid; grid-template-columns: auto 1fr; gap: 0.35rem 1rem; font-size: 0.9rem; }
.proof span { opacity: 0.7; }
.proof b { font-weight: 400; text-align: right; font-variant-numeric: tabular-nums; }
</style>
"""
_ONNX = """import onnxruntime

model = onnxruntime.InferenceSession("{file}")
model.run(None, {{"pixels": pixels}})  # float32, 0 to 255"""
_LITE = """from ai_edge_litert.interpreter import Interpreter

model = Interpreter("{file}").get_signature_runner("serving_default")
model(pixels=pixels)  # (1, size, size, 3), float32, 0 to 255"""
USES = {
    "keras": """import keras

model = keras.models.load_model("{file}")
model.predict(pixels)  # (n, size, size, 3), RGB, 0 to 255""",
    "onnx": _ONNX,
    "onnx-fp16": _ONNX,
    "onnx-int8": _ONNX,
    "onnx-fullsize": """import numpy as np, onnxruntime

model = onnxruntime.InferenceSession("{file}")
model.run(None, {{"picture": picture, "jpeg": np.array(True)}})  # (height, width, 3), uint8, RGB""",
    "web": """unzip {file} -d page
# Open page/index.html by a double click; for a phone, put the folder on any server of files.""",
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
model(pixels)  # (n, size, size, 3), float32, 0 to 255""",
    "code": """unzip {file} -d code && cd code
pip install -r requirements.txt notebook
jupyter notebook predict.ipynb""",
}
IN_A_TERMINAL = ("bundle", "web", "savedmodel", "code")


def card(run: Run, manifest: Manifest, *, primary: bool) -> None:
    """Show one artefact; what does not answer as the app does can be downloaded only after saying so."""
    with st.container(border=True, height="stretch"):
        st.subheader(f"{ICONS.get(manifest.format, '')} {manifest.title}", anchor=False)
        st.markdown(manifest.description)
        _proof(manifest)
        if not manifest.kept:
            st.error(f"Not offered. {manifest.reason}", icon=":material/block:")
            return
        taken = manifest.agrees or _taken_anyway(manifest)
        if manifest.agrees and manifest.reason:
            st.caption(manifest.reason)
        if not taken:
            return
        _download(run, manifest, primary=primary)
        with st.expander("How to use it", icon=":material/code:"):
            if use := USES.get(manifest.format):
                language = "bash" if manifest.format in IN_A_TERMINAL else "python"
                st.code(use.format(file=manifest.file), language=language)
            st.caption("SHA-256 of the file")
            st.code(manifest.sha256, language=None, wrap_lines=True)


def _taken_anyway(manifest: Manifest) -> bool:
    why, borne = "its answers differ from the app's", "what was lost"
    if not manifest.n:
        why, borne = "nobody here could ask it", "that it is not proven"
    st.warning(f"Not offered: {why}. {manifest.reason}", icon=":material/warning:")
    return st.checkbox(f"I know {borne}, and want it", key=f"anyway-{manifest.format}")


def _download(run: Run, manifest: Manifest, *, primary: bool) -> None:
    try:
        path = artefact(run.path, manifest.format, whatever_was_lost=True)
    except ExportError as error:
        st.error(str(error), icon=":material/block:")
        return
    st.download_button(
        f"Download {manifest.file}",
        path.read_bytes,  # read when it is asked for: a model may have hundreds of megabytes
        file_name=manifest.file,
        mime="application/zip" if path.suffix == ".zip" else "application/octet-stream",
        type="primary" if primary else "secondary",
        icon=":material/download:",
        width="stretch",
        key=f"download-{manifest.format}",
        on_click="ignore",
    )


def _proof(manifest: Manifest) -> None:
    if manifest.agrees:
        said = "agrees with the app" if manifest.precision == "fp32" else "within what its precision may lose"
        st.markdown(f":green-badge[:material/verified: {said}]")
    elif manifest.kept:
        said = "answers otherwise" if manifest.n else "not proven here"
        st.markdown(f":orange-badge[:material/gpp_maybe: {said}]")
    else:
        st.markdown(":red-badge[:material/gpp_bad: disagrees]")
        return
    same = round(manifest.same_answers * manifest.n)
    rows = {
        "Size": f"{manifest.bytes / 1e6:.3g}{words.THIN}MB"
        if manifest.bytes >= 1e5
        else f"{manifest.bytes / 1e3:.3g}{words.THIN}kB",
    }
    if manifest.n:
        rows["Same answers"] = f"{words.count(same)} of {words.count(manifest.n)}"
        rows["Largest difference"] = _difference(manifest.largest_difference)
    if manifest.accuracy is not None:
        low, high = words.percent(manifest.accuracy.low), words.percent(manifest.accuracy.high)
        rows["Accuracy"] = f"{words.percent(manifest.accuracy.value)} ({low} to {high})"
    if manifest.milliseconds_per_picture is not None:
        rows["Per picture"] = f"{manifest.milliseconds_per_picture:.3g}{words.THIN}ms"
        if manifest.milliseconds_p95 is not None:
            rows["Per picture"] += f", 95 % within {manifest.milliseconds_p95:.3g}{words.THIN}ms"
    cells = "".join(f"<span>{name}</span><b>{value}</b>" for name, value in rows.items())
    st.html(f'{STYLE}<div class="proof">{cells}</div>')


def _difference(value: float) -> str:
    """`0`, `2 × 10⁻⁷`, `0.0031`: small ones by their power of ten."""
    if value == 0:
        return "0"
    if value >= 1e-3:
        return f"{value:.2g}"
    mantissa, power = f"{value:.0e}".split("e")
    return f"{mantissa} × 10{str(int(power)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
