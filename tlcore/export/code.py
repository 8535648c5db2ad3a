"""Code: a notebook that predicts with the model and the script that trains it, beside the model and its decoder.

It knows the notebook's cells, and runs them in order to prove them. It needs no notebook's server for that: cells of
code, one after the other, are a program.
"""

from __future__ import annotations

import json
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tlcore.contract import CONTRACT, Contract, read_contract
from tlcore.errors import ExportError
from tlcore.export.bundle import PACKAGES, content_of, packages_of, program, requirements
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.export.facts import as_json, shipped_contract
from tlcore.export.item_exports import check_reading, decoder_file, item_exports
from tlcore.export.onnx_files import OnnxFile
from tlcore.export.replies import outputs_of, unfamiliarity_of
from tlcore.export.training_script import cannot_be_told, training_script
from tlcore.export.wording import words
from tlcore.export.zip import pack, unpack
from tlcore.markup import markdown
from tlcore.modalities import find_modality
from tlcore.runs.formats import FORMATS
from tlcore.runs.items import TestItems
from tlcore.runs.run import Run

NOTEBOOK = "predict.ipynb"
SCRIPT = "train.py"
CELL, TEXT = "# %%", "# %% [markdown]"
# What is put before the notebook's cells and behind them, to ask it about a list of items.
BEFORE = "import os, sys\nos.chdir(sys.argv[1])\nsys.path.insert(0, sys.argv[1])\n"
BEHIND = """
import time
for item in Path(sys.argv[2]).read_text(encoding="utf-8").splitlines():
    began = time.thread_time()
    answer, unfamiliarity = ask(item)
    said = {**answer, "unfamiliarity": unfamiliarity}
    print("asked:" + json.dumps({**said, "milliseconds": 1000 * (time.thread_time() - began)}))
"""


class Code(OnnxFile):
    """A zip with the notebook and what it reads, and the script where the run can be told as one."""

    def export(self, run: Run, folder: Path) -> None:
        contract = shipped_contract(run)
        with tempfile.TemporaryDirectory(prefix="graft-code-", dir=folder) as scratch:
            home = Path(scratch)
            (home / NOTEBOOK).write_text(json.dumps(notebook(contract), indent=1), encoding="utf-8")
            (home / CONTRACT).write_text(as_json(contract), encoding="utf-8")
            (home / "model.onnx").write_bytes(content_of(run.model_onnx))
            decoder, text = decoder_file(contract)
            (home / decoder).write_text(text, encoding="utf-8")
            (home / "requirements.txt").write_text(requirements(contract, PACKAGES), encoding="utf-8")
            if not cannot_be_told(run):
                (home / SCRIPT).write_text(training_script(run), encoding="utf-8")
            pack(home, folder / self.file)

    def predict(self, artefact: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
        home, cells_file, listed = scratch / "code", scratch / "cells.py", scratch / "items.txt"
        unpack(artefact, home)
        cells = json.loads((home / NOTEBOOK).read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        cells_file.write_text("\n\n".join([BEFORE, *code, BEHIND]), encoding="utf-8")
        listed.write_text("".join(f"{path}\n" for path in items.paths), encoding="utf-8")
        output = fresh.run(cells_file, [str(home), str(listed)], folder=scratch, items=len(items.paths))
        contract = read_contract(home)
        answers = [json.loads(line[6:]) for line in output.splitlines() if line.startswith("asked:")]
        if len(answers) != len(items.paths):
            raise ExportError(
                f"it answered for {len(answers)} of {len(items.paths)} {find_modality(contract.modality).noun.many}"
            )
        median, slow = np.percentile([answer["milliseconds"] for answer in answers], (50, 95)).tolist()
        return Replay(
            outputs_of(answers, contract),
            median,
            {"python": platform.python_version(), **{name: version(name) for name in packages_of(contract, PACKAGES)}},
            unfamiliarity=unfamiliarity_of(answers),
            milliseconds_p95=slow,
            awkward=check_reading(home, contract, fresh, scratch),
        )


def notebook(contract: Contract) -> dict[str, Any]:
    """The notebook as JSON (nbformat 4.5), from a text in which `# %%` begins a cell."""
    known = words(contract)
    text = program(
        "notebook.py.txt",
        contract,
        purpose=known["purpose"],
        suffixes=repr(item_exports(contract.modality).usual),
        dataset=markdown(contract.dataset),
        backbone=contract.backbone,
        run=contract.run,
    )
    cells = []
    for number, block in enumerate(part.strip("\n") for part in f"\n{text}".split(f"\n{CELL}")[1:]):
        is_text = block.startswith(TEXT.removeprefix(CELL))
        lines = block.splitlines()[1:] if is_text else block.splitlines()
        source = [line.removeprefix("#").removeprefix(" ") if is_text else line for line in lines]
        while source and not source[0]:
            source.pop(0)
        cell: dict[str, Any] = {
            "cell_type": "markdown" if is_text else "code",
            "id": f"cell-{number}",
            "metadata": {},
            "source": [f"{line}\n" for line in source[:-1]] + source[-1:],
        }
        cells.append(cell if is_text else {**cell, "execution_count": None, "outputs": []})
    about = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


CODE = Code(FORMATS["code"])
