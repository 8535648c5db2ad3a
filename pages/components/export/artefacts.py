"""One artefact of a run: what it is, how it was proven, and its download; behind a warning where something was lost."""

from __future__ import annotations

import html
from pathlib import Path

import streamlit as st

from pages.components.export import usage_snippets
from pages.components.shell import formats
from tlcore.contract import read_contract
from tlcore.errors import ExportError
from tlcore.jobs.launch import launch
from tlcore.modalities import find_modality
from tlcore.runs.exporting import Making
from tlcore.runs.formats import FORMATS
from tlcore.runs.manifest import Manifest, artefact
from tlcore.runs.run import Run
from tlcore.tasks import Metric, Task, find_task
from tlcore.workspace import Workspace

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
.proof span { opacity: 0.75; cursor: help; }
.proof b { font-weight: 400; text-align: right; font-variant-numeric: tabular-nums; }
</style>
"""
EXPLAINED = {
    "Size": "Size of the file that you download.",
    "Largest difference": "The largest difference between a probability (0 to 1) of this file and one of the app, over "
    "the test pictures that were checked and all classes.",
    "Difficult files": "Generated for this check: every format, bit depth, orientation and colour type that the app "
    "reads, and some that it rejects. The number that give the same pixels as in the app, or are rejected by both.",
    "Per picture": "Processor time per picture on this machine: the median, and the 95th percentile.",
}


# What differs for tasks: the words for the same prediction, and for how far numbers are apart.
SAME = {
    "classification": "Test pictures for which this file and the app predict the same class.",
    "multilabel": "Test pictures for which this file and the app give exactly the same labels.",
    "regression": "Test pictures for which the values of this file and of the app differ by less than a thousandth of "
    "their spread.",
}
APART = (
    "The largest difference between a value of this file and one of the app, as a share of the spread of the app's "
    "values on the test set, the largest less the smallest."
)


def make(workspace: Workspace, making: Making) -> None:
    """Have a file made, and show the page anew; a fault in the very beginning is told."""
    try:
        with st.spinner("Starting its worker …"):
            launch(making, workspace)
    except ExportError as error:
        st.error(formats.lines(error), icon=":material/error:")
    else:
        st.rerun()


def card(run: Run, workspace: Workspace, manifest: Manifest, *, primary: bool) -> None:
    """Show one artefact; what does not answer as the app does can be downloaded only after saying so."""
    with st.container(border=True, height="stretch"):
        st.subheader(f"{ICONS.get(manifest.format, '')} {formats.plain(manifest.title)}", anchor=False)
        st.markdown(formats.plain(manifest.description))
        _proof(manifest, find_task(run.dataset.task))
        _sample(run, workspace, manifest)
        if not manifest.kept:
            st.error(formats.plain(manifest.reason), icon=":material/block:")
            _again(run, workspace, manifest)
            return
        if manifest.agrees and manifest.reason:
            st.caption(formats.plain(manifest.reason))
        if manifest.awkward and manifest.awkward.unread:  # what differs is told by the reason
            st.caption(formats.plain(manifest.awkward.told))
        if not manifest.agrees and not _taken_anyway(manifest):
            return
        try:
            path = artefact(run.path, manifest.format, whatever_was_lost=True)
        except ExportError as error:
            st.error(formats.lines(error), icon=":material/block:")
            _again(run, workspace, manifest)
            return
        _download(path, manifest, primary=primary)
        with st.expander("How to use it", icon=":material/code:"):
            usage_snippets.show(manifest.format, manifest.file, read_contract(run.path))
            st.caption("SHA-256 of the file")
            st.code(manifest.sha256, language=None, wrap_lines=True)
            st.caption(f"Made on {formats.moment(manifest.at)} with {_versions(manifest)}.")
            _again(run, workspace, manifest)


def _again(run: Run, workspace: Workspace, manifest: Manifest) -> None:
    form = FORMATS.get(manifest.format)
    if form is None or form.missing:
        return
    if st.button("Make it again", key=f"again-{manifest.format}", icon=":material/replay:"):
        make(workspace, Making(run, manifest.format))


def _sample(run: Run, workspace: Workspace, manifest: Manifest) -> None:
    """Say on how many of the test items a file was checked, and offer to check it on all of them."""
    if manifest.of is None or not manifest.sampled:
        return
    noun = find_modality(run.config.input.modality).noun
    number, every = formats.count(manifest.n), formats.count(manifest.of)
    st.caption(formats.plain(f"Checked on {number} of {every} test {noun.many}, drawn in proportion to the labels."))
    form = FORMATS.get(manifest.format)
    if form is None or form.missing:
        return
    if st.button(f"Check on all {every}", key=f"all-{manifest.format}", icon=":material/checklist:"):
        make(workspace, Making(run, manifest.format, check="all"))


def _versions(manifest: Manifest) -> str:
    return (
        ", ".join(formats.plain(f"{name} {version}") for name, version in manifest.versions.items())
        or "unknown versions"
    )


def _taken_anyway(manifest: Manifest) -> bool:
    why, borne = "its predictions differ from the app's", "what was lost"
    if not manifest.n:
        why, borne = "it could not be run here", "that it is not verified"
    instead = "" if manifest.precision == "fp32" else " The 32-bit version of this format loses nothing."
    st.warning(f"Not offered: {why}. {formats.plain(manifest.reason)}{instead}", icon=":material/warning:")
    return st.checkbox(f"Download anyway: I know {borne}", key=f"anyway-{manifest.format}")


def _download(path: Path, manifest: Manifest, *, primary: bool) -> None:
    st.download_button(
        f"Download {formats.plain(manifest.file)}",
        path.read_bytes,  # read when it is asked for: a model may have hundreds of megabytes
        file_name=manifest.file,
        mime="application/zip" if path.suffix == ".zip" else "application/octet-stream",
        type="primary" if primary else "secondary",
        icon=":material/download:",
        width="stretch",
        key=f"download-{manifest.format}",
        on_click="ignore",
    )


def _proof(manifest: Manifest, task: Task) -> None:
    if manifest.agrees:
        said = "agrees with the app" if manifest.precision == "fp32" else "within what its precision may lose"
        st.markdown(f":green-badge[:material/verified: {said}]")
    elif manifest.kept:
        said = "Differs from the app" if manifest.n else "Not verified"
        st.markdown(f":orange-badge[:material/gpp_maybe: {said}]")
    else:
        st.markdown(":red-badge[:material/gpp_bad: no file]")
        return
    explained = {**EXPLAINED, "Same predictions": SAME[task.key]}
    if task.output == "values":
        explained["Largest difference"] = APART
    title = task.metrics[0].title
    explained[title] = f"{title} of this file on the same test items, with its 95 % confidence interval."
    cells = "".join(
        f'<span title="{html.escape(explained[name])}">{html.escape(name)}</span><b>{html.escape(value)}</b>'
        for name, value in _figures(manifest, task).items()
    )
    st.html(f'{STYLE}<div class="proof">{cells}</div>')


def _figures(manifest: Manifest, task: Task) -> dict[str, str]:
    figures = {"Size": formats.size(manifest.bytes)}
    if manifest.n:
        same = round(manifest.same_answers * manifest.n)
        if manifest.precision == "fp32" or task.output != "values":  # hardly any value stays the same in fewer bits
            figures["Same predictions"] = f"{formats.count(same)} of {formats.count(manifest.n)}"
        of = " of the spread" if task.output == "values" else ""
        figures["Largest difference"] = f"{_difference(manifest.largest_difference)}{of}"
    if (found := manifest.accuracy) is not None:
        metric = task.find_metric(found.metric)
        value, low, high = (_figure(metric, each) for each in (found.value, found.low, found.high))
        unit = f" {found.unit}" if metric.kind == "value" and found.unit else ""
        figures[metric.title] = f"{value}{unit} ({low} to {high})"
    if manifest.awkward is not None:
        figures["Difficult files"] = (
            f"{formats.count(manifest.awkward.same)} of {formats.count(manifest.awkward.files)}"
        )
    if manifest.milliseconds_per_item is not None:
        figures["Per picture"] = f"{manifest.milliseconds_per_item:.3g}{formats.THIN}ms"
        if manifest.milliseconds_p95 is not None:
            figures["Per picture"] += f", 95{formats.THIN}% within {manifest.milliseconds_p95:.3g}{formats.THIN}ms"
    return figures


def _figure(metric: Metric, value: float) -> str:
    return formats.percent(value) if metric.kind == "share" else f"{value:.3g}"


def _difference(value: float) -> str:
    """`0`, `2 × 10⁻⁷`, `0.0031`: small ones by their power of ten."""
    if value == 0:
        return "0"
    if value >= 1e-3:
        return f"{value:.2g}"
    mantissa, power = f"{value:.0e}".split("e")
    return f"{mantissa} × 10{str(int(power)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
