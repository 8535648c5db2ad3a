"""One artefact of a run: what it is, how it was proven, and its download; refused where it does not agree."""

from __future__ import annotations

import streamlit as st

from pages.components import words
from tlcore.errors import ExportError
from tlcore.runs.manifest import Manifest, artefact
from tlcore.runs.run import Run

ICONS = {"keras": ":material/hub:", "onnx": ":material/bolt:", "bundle": ":material/inventory_2:"}
STYLE = """
<style>
.proof { display: grid; grid-template-columns: auto 1fr; gap: 0.35rem 1rem; font-size: 0.9rem; }
.proof span { opacity: 0.7; }
.proof b { font-weight: 400; text-align: right; font-variant-numeric: tabular-nums; }
</style>
"""
USES = {
    "keras": """import keras

model = keras.models.load_model("{file}")
model.predict(pixels)  # (n, size, size, 3), RGB, 0 to 255""",
    "onnx": """import onnxruntime

model = onnxruntime.InferenceSession("{file}")
model.run(None, {{"pixels": pixels}})  # float32, 0 to 255""",
    "bundle": """unzip {file} -d model && cd model
pip install -r requirements.txt
python predict.py picture.jpg""",
}


def card(run: Run, manifest: Manifest, *, primary: bool) -> None:
    """Show one artefact; only what was proven equal to the app can be downloaded."""
    with st.container(border=True, height="stretch"):
        st.subheader(f"{ICONS.get(manifest.format, '')} {manifest.title}", anchor=False)
        st.markdown(manifest.description)
        _proof(manifest)
        if not manifest.agrees:
            st.error(f"Not offered: its answers differ from the app's. {manifest.reason}", icon=":material/block:")
            return
        if manifest.reason:
            st.caption(manifest.reason)
        _download(run, manifest, primary=primary)
        with st.expander("How to use it", icon=":material/code:"):
            if use := USES.get(manifest.format):
                st.code(use.format(file=manifest.file), language="bash" if manifest.format == "bundle" else "python")
            st.caption("SHA-256 of the file")
            st.code(manifest.sha256, language=None, wrap_lines=True)


def _download(run: Run, manifest: Manifest, *, primary: bool) -> None:
    try:
        path = artefact(run.path, manifest.format)
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
        st.markdown(":green-badge[:material/verified: agrees with the app]")
    else:
        st.markdown(":red-badge[:material/gpp_bad: disagrees]")
    same = round(manifest.same_answers * manifest.n)
    rows = {
        "Size": f"{manifest.bytes / 1e6:.3g}{words.THIN}MB"
        if manifest.bytes >= 1e5
        else f"{manifest.bytes / 1e3:.3g}{words.THIN}kB",
        "Same answers": f"{words.count(same)} of {words.count(manifest.n)}",
        "Largest difference": _difference(manifest.largest_difference),
    }
    if manifest.milliseconds_per_picture is not None:
        rows["Per picture"] = f"{manifest.milliseconds_per_picture:.3g}{words.THIN}ms"
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
