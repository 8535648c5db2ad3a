"""The bundle: everything that is needed to answer for item files, in one archive.

It knows what is in the archive and how its own program is run. It does not know how items become pixels: the very
code that the app uses goes along.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import zipfile
from collections.abc import Sequence
from pathlib import Path
from string import Template

import numpy as np

from tlcore.contract import CONTRACT, Contract, read_contract
from tlcore.errors import ExportError
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.export.facts import as_json, shipped_contract
from tlcore.export.pixel_parity import seen_by_python
from tlcore.export.replies import outputs_of, unfamiliarity_of
from tlcore.export.wording import outputs, words
from tlcore.markup import markdown
from tlcore.modalities.image.standalone import pixels_py
from tlcore.runs.formats import FORMATS
from tlcore.runs.items import TestItems
from tlcore.runs.run import Run

BUNDLED = Path(__file__).with_name("bundled")
MODELS = ("model.keras", "model.onnx")
PACKAGES = ("onnxruntime", "numpy", "pillow")
OPTIONAL_PACKAGE = "pillow-heif"
UNFAMILIAR = {
    True: (
        "Its second output tells how unlike the training pictures\na picture is: above 1 it is less like them than 95 "
        "% of the validation pictures were, and the answer means little."
    ),
    False: "It cannot tell that a picture is unlike them all.",
}
# No clock time: the same run gives the same bytes.
TIME = (1980, 1, 1, 0, 0, 0)


class Bundle:
    """A zip with both models, their contract, the way to pixels, a program and what it needs."""

    form = FORMATS["bundle"]
    key, title, description, file = form.key, form.title, form.description, form.file

    def export(self, run: Run, folder: Path) -> None:
        contract = shipped_contract(run)
        with zipfile.ZipFile(folder / self.file, "w") as archive:
            for name in MODELS:
                add(archive, name, content_of(run.path / name), zipfile.ZIP_STORED)
            texts = {
                CONTRACT: as_json(contract).encode(),
                "pixels.py": pixels_py().encode(),
                "predict.py": content_of(BUNDLED / "predict.py.txt"),
                "requirements.txt": requirements().encode(),
                "README.md": _readme(contract).encode(),
            }
            for name, content in texts.items():
                add(archive, name, content, zipfile.ZIP_DEFLATED)

    def predict(self, artefact: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
        home = scratch / "bundle"
        home.mkdir()
        with zipfile.ZipFile(artefact) as archive:
            for name in archive.namelist():  # plain names of our own, so no path leads out of the folder
                (home / name).write_bytes(archive.read(name))
        listed = scratch / "pictures.txt"
        listed.write_text("".join(f"{path}\n" for path in items.paths), encoding="utf-8")
        output = fresh.run(home / "predict.py", ["--json", f"@{listed}"], folder=scratch, items=len(items.paths))
        answers = [json.loads(line) for line in output.splitlines()]
        if [answer["picture"] for answer in answers] != [str(path) for path in items.paths]:
            raise ExportError(f"it answered for {len(answers)} of {len(items.paths)} pictures")
        contract = read_contract(home)
        versions = {name: importlib.metadata.version(name) for name in PACKAGES}
        median, slow = np.percentile([answer["milliseconds"] for answer in answers], (50, 95)).tolist()
        return Replay(
            outputs_of(answers, contract),
            median,
            {"python": platform.python_version(), **versions},
            unfamiliarity=unfamiliarity_of(answers),
            milliseconds_p95=slow,
            sight=seen_by_python(home, "pixels", contract.input, fresh, scratch),
        )


def requirements(packages: Sequence[str] = PACKAGES) -> str:
    """Pin what the program needs to the versions with which it was proven."""
    lines = [f"{name}=={importlib.metadata.version(name)}" for name in packages]
    try:
        lines += ["# For HEIC pictures:", f"# {OPTIONAL_PACKAGE}=={importlib.metadata.version(OPTIONAL_PACKAGE)}"]
    except importlib.metadata.PackageNotFoundError:
        lines.pop()
    return "\n".join(lines) + "\n"


def _readme(contract: Contract) -> str:
    return Template((BUNDLED / "README.md").read_text(encoding="utf-8")).substitute(
        words(contract)._asdict(),
        run=contract.run,
        dataset=markdown(contract.dataset),
        backbone=contract.backbone,
        size=contract.input.size,
        resize=contract.input.resize,
        python=".".join(platform.python_version_tuple()[:2]),
        outputs=outputs(contract),
        unfamiliar=UNFAMILIAR[contract.unfamiliar_above is not None],
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
