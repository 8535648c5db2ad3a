"""The server: the app that `serve` runs, with the model and what makes an image of it, in one archive.

It knows what is in the archive and how the server in it is proven. It does not know how requests are answered: the very
modules that do so here go along.
"""

from __future__ import annotations

import json
import platform
import zipfile
from pathlib import Path
from string import Template

from tlcore.contract import CONTRACT, Contract, read_contract
from tlcore.errors import ExportError
from tlcore.export.bundle import BUNDLED, add, content_of, packages_of, requirements
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.export.facts import as_json, shipped_contract
from tlcore.export.item_exports import check_reading
from tlcore.export.library import LIBRARY, needed_by
from tlcore.export.replies import outputs_of, unfamiliarity_of
from tlcore.export.wording import words
from tlcore.markup import markdown
from tlcore.modalities import find_modality
from tlcore.runs.formats import FORMATS
from tlcore.runs.items import TestItems
from tlcore.runs.run import Run

# A test starts the server with these alone.
MODULES = needed_by("tlcore.serving.server")
PACKAGES = ("fastapi", "uvicorn", "prometheus-client", "python-multipart", "onnxruntime", "numpy")
TEXTS = {
    "server.py": "server.py.txt",
    "Dockerfile": "Dockerfile",
    "compose.yaml": "compose.yaml",
    "README.md": "README.md",
}
REPLAY = Path(__file__).with_name("verify_server.py")
UNFAMILIAR = ", and how unlike the training $many it is: above 1 the answer means little"


class Server:
    """A zip with a program that answers over HTTP, its model, a `Dockerfile` and a compose file."""

    form = FORMATS["server"]
    key, title, description, file = form.key, form.title, form.description, form.file

    def export(self, run: Run, folder: Path) -> None:
        with zipfile.ZipFile(folder / self.file, "w") as archive:
            add(archive, "model/model.onnx", content_of(run.model_onnx), zipfile.ZIP_STORED)
            # All that is known, not only what the app itself needs: `GET /model` tells the thresholds.
            contract = shipped_contract(run)
            add(archive, f"model/{CONTRACT}", as_json(contract).encode(), zipfile.ZIP_DEFLATED)
            for name in MODULES:
                add(archive, f"tlcore/{name}", content_of(LIBRARY / name), zipfile.ZIP_DEFLATED)
            add(archive, "requirements.txt", requirements(contract, PACKAGES).encode(), zipfile.ZIP_DEFLATED)
            for name, text in _texts(contract).items():
                add(archive, name, text.encode(), zipfile.ZIP_DEFLATED)

    def predict(self, artefact: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
        home = scratch / "server"
        with zipfile.ZipFile(artefact) as archive:
            for name in archive.namelist():  # names of our own, so no path leads out of the folder
                (home / name).parent.mkdir(parents=True, exist_ok=True)
                (home / name).write_bytes(archive.read(name))
        listed = scratch / "items.txt"
        listed.write_text("".join(f"{path}\n" for path in items.paths), encoding="utf-8")
        contract = read_contract(home / "model")
        extent = find_modality(contract.modality).extent
        # With limits that let every item of a dataset through.
        limits = ["--max-bytes", str(1 << 30), *(["--max-extent", str(extent.most)] if extent else [])]
        packages = ",".join(packages_of(contract, PACKAGES))
        command = [str(home), str(listed), packages, *limits]
        output = fresh.run(REPLAY, command, folder=scratch, items=len(items.paths))
        said = json.loads(output.splitlines()[-1])
        answers = said["predictions"]
        if len(answers) != len(items.paths):
            raise ExportError(
                f"it answered for {len(answers)} of {len(items.paths)} {find_modality(contract.modality).noun.many}"
            )
        return Replay(
            outputs_of(answers, contract),
            said["milliseconds_per_item"],
            {"python": platform.python_version(), **said["versions"]},
            unfamiliarity=unfamiliarity_of(answers),
            milliseconds_p95=said["milliseconds_p95"],
            awkward=check_reading(home, contract, fresh, scratch, of_library=True),
        )


def _texts(contract: Contract) -> dict[str, str]:
    said = words(contract)
    strange = Template(UNFAMILIAR).substitute(said) if contract.unfamiliar_above is not None else ""
    known = {
        **said,
        "unfamiliar": strange,
        "run": contract.run,
        "model": repr(contract.run),
        "dataset": markdown(contract.dataset),
        "backbone": contract.backbone,
        "python": ".".join(platform.python_version_tuple()[:2]),
    }
    texts = {name: (BUNDLED / "server" / file).read_text(encoding="utf-8") for name, file in TEXTS.items()}
    # The compose file has variables of its own, and none of ours.
    return {name: text if name == "compose.yaml" else Template(text).substitute(known) for name, text in texts.items()}


SERVER = Server()
