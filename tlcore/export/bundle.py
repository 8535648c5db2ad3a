"""The bundle: everything that is needed to answer for item files, in one archive.

It knows what is in the archive and how its own program is run. It does not know how a file becomes arrays, nor what an
answer is: the very code that the app uses goes along, and pieces of the program are the modality's and the task's.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from string import Template

import numpy as np

from tlcore.contract import CONTRACT, Contract, read_contract
from tlcore.errors import ExportError
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.export.facts import as_json, shipped_contract
from tlcore.export.item_exports import check_reading, decoder_file, item_exports, reading_piece
from tlcore.export.replies import outputs_of, unfamiliarity_of
from tlcore.export.script_parts import shipped
from tlcore.export.wording import inputs, outputs, words
from tlcore.markup import markdown
from tlcore.modalities import find_modality
from tlcore.runs.formats import FORMATS
from tlcore.runs.items import TestItems
from tlcore.runs.run import Run

BUNDLED = Path(__file__).with_name("bundled")
MODELS = ("model.keras", "model.onnx")
PACKAGES = ("onnxruntime", "numpy")
UNFAMILIAR = {
    True: (
        "Its second output tells how unlike the training $many\na $one is: above 1 it is less like them than 95 "
        "% of the validation $many were, and the answer means little."
    ),
    False: "It cannot tell that a $one is unlike them all.",
}
# No clock time: the same run gives the same bytes.
TIME = (1980, 1, 1, 0, 0, 0)


class Bundle:
    """A zip with both models, their contract, the code that decodes, a program and what it needs."""

    form = FORMATS["bundle"]
    key, title, description, file = form.key, form.title, form.description, form.file

    def export(self, run: Run, folder: Path) -> None:
        contract = shipped_contract(run)
        with zipfile.ZipFile(folder / self.file, "w") as archive:
            for name in MODELS:
                add(archive, name, content_of(run.path / name), zipfile.ZIP_STORED)
            decoder, text = decoder_file(contract)
            texts = {
                CONTRACT: as_json(contract),
                decoder: text,
                "predict.py": program("predict.py.txt", contract),
                "requirements.txt": requirements(contract, PACKAGES),
                "README.md": _readme(contract),
            }
            for name, content in texts.items():
                add(archive, name, content.encode(), zipfile.ZIP_DEFLATED)

    def predict(self, artefact: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
        home = scratch / "bundle"
        home.mkdir()
        with zipfile.ZipFile(artefact) as archive:
            for name in archive.namelist():  # plain names of our own, so no path leads out of the folder
                (home / name).write_bytes(archive.read(name))
        listed = scratch / "items.txt"
        listed.write_text("".join(f"{path}\n" for path in items.paths), encoding="utf-8")
        output = fresh.run(home / "predict.py", ["--json", f"@{listed}"], folder=scratch, items=len(items.paths))
        answers = [json.loads(line) for line in output.splitlines()]
        contract = read_contract(home)
        noun = find_modality(contract.modality).noun
        if [answer[noun.one] for answer in answers] != [str(path) for path in items.paths]:
            raise ExportError(f"it answered for {len(answers)} of {len(items.paths)} {noun.many}")
        versions = {name: importlib.metadata.version(name) for name in packages_of(contract, PACKAGES)}
        median, slow = np.percentile([answer["milliseconds"] for answer in answers], (50, 95)).tolist()
        return Replay(
            outputs_of(answers, contract),
            median,
            {"python": platform.python_version(), **versions},
            unfamiliarity=unfamiliarity_of(answers),
            milliseconds_p95=slow,
            awkward=check_reading(home, contract, fresh, scratch),
        )


def packages_of(contract: Contract, packages: Sequence[str]) -> tuple[str, ...]:
    """Add what decoding needs to the packages of a program."""
    return (*packages, *item_exports(contract.modality).packages)


def requirements(contract: Contract, packages: Sequence[str]) -> str:
    """Pin what a program needs to the versions with which it was proven."""
    lines = [f"{name}=={importlib.metadata.version(name)}" for name in packages_of(contract, packages)]
    for name, use in item_exports(contract.modality).optional.items():
        with suppress(importlib.metadata.PackageNotFoundError):
            lines += [f"# For {use}:\n# {name}=={importlib.metadata.version(name)}"]
    return "\n".join(lines) + "\n"


def program(text: str, contract: Contract, **more: str) -> str:
    """Fill in a program of ours: how a file becomes the model's inputs, and what its outputs mean."""
    noun = find_modality(contract.modality).noun
    answers = shipped(contract.task).predict.read_text(encoding="utf-8").strip("\n")
    imports, _, read = reading_piece(contract).partition("\n\n\n")
    known = {
        "one": noun.one,
        "many": noun.many,
        "answers": answers,
        "imports": imports,
        "read": read,
        "decoder": decoder_file(contract)[0],
    }
    return Template((BUNDLED / text).read_text(encoding="utf-8")).substitute(known, **more)


def _readme(contract: Contract) -> str:
    return Template((BUNDLED / "README.md").read_text(encoding="utf-8")).substitute(
        words(contract),
        run=contract.run,
        dataset=markdown(contract.dataset),
        backbone=contract.backbone,
        python=".".join(platform.python_version_tuple()[:2]),
        inputs=inputs(contract),
        outputs=outputs(contract),
        unfamiliar=Template(UNFAMILIAR[contract.unfamiliar_above is not None]).substitute(words(contract)),
    )


def content_of(path: Path) -> bytes:
    """Read a file that goes along.

    Raises:
        ExportError: It is missing.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ExportError(f"The archive needs {path.name}. It is not in {path.parent}. Train the run again.") from error


def add(archive: zipfile.ZipFile, name: str, content: bytes, compression: int) -> None:
    """Add an entry to an archive, always with the same time."""
    entry = zipfile.ZipInfo(name, TIME)
    entry.external_attr = 0o644 << 16
    entry.compress_type = compression
    archive.writestr(entry, content)
