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

import tlcore
from tlcore.contract import CONTRACT, Contract, read_contract
from tlcore.errors import ExportError
from tlcore.export.bundle import BUNDLED, add, content_of, requirements
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.export.facts import as_json, shipped_contract
from tlcore.export.pixel_parity import seen_by_python
from tlcore.export.replies import outputs_of, unfamiliarity_of
from tlcore.export.wording import words
from tlcore.markup import markdown
from tlcore.runs.formats import FORMATS
from tlcore.runs.items import TestItems
from tlcore.runs.run import Run
from tlcore.tasks import TASKS

LIBRARY = Path(tlcore.__file__).parent
# What `tlcore.serving` may import, and nothing else: a test starts the server with these alone.
MODULES = (
    "__init__.py",
    "contract.py",
    "errors.py",
    "files.py",
    "items.py",
    "numbers.py",
    "settings.py",
    "threads.py",
    "progress.py",
    "modalities/__init__.py",
    "modalities/checks.py",
    "modalities/modality.py",
    "modalities/image/checks/__init__.py",
    *(
        f"modalities/image/{name}.py"
        for name in (
            *(
                "__init__",
                "augment",
                "containers",
                "examine",
                "exif",
                "pixels",
                "preview",
                "settings",
                "standalone",
                "value_counts",
                "value_range",
                "views",
            ),
        )
    ),
    "inference/__init__.py",
    "inference/predictor.py",
    "inference/session.py",
    "tasks/__init__.py",
    "tasks/task.py",
    *(f"tasks/{task}/{name}.py" for task in TASKS for name in ("__init__", "answers")),
    "tasks/classification/class_codes.py",
    "tasks/multilabel/labels.py",
    *(f"serving/{path.name}" for path in sorted((LIBRARY / "serving").glob("*.py"))),
)
PACKAGES = ("fastapi", "uvicorn", "prometheus-client", "python-multipart", "onnxruntime", "numpy", "pillow")
TEXTS = {
    "server.py": "server.py.txt",
    "Dockerfile": "Dockerfile",
    "compose.yaml": "compose.yaml",
    "README.md": "README.md",
}
REPLAY = Path(__file__).with_name("verify_server.py")
UNFAMILIAR = ", and how unlike the training pictures it is: above 1 the answer means little"


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
            add(archive, "requirements.txt", requirements(PACKAGES).encode(), zipfile.ZIP_DEFLATED)
            for name, text in _texts(contract).items():
                add(archive, name, text.encode(), zipfile.ZIP_DEFLATED)

    def predict(self, artefact: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
        home = scratch / "server"
        with zipfile.ZipFile(artefact) as archive:
            for name in archive.namelist():  # names of our own, so no path leads out of the folder
                (home / name).parent.mkdir(parents=True, exist_ok=True)
                (home / name).write_bytes(archive.read(name))
        listed = scratch / "pictures.txt"
        listed.write_text("".join(f"{path}\n" for path in items.paths), encoding="utf-8")
        output = fresh.run(REPLAY, [str(home), str(listed)], folder=scratch, items=len(items.paths))
        said = json.loads(output.splitlines()[-1])
        answers, contract = said["predictions"], read_contract(home / "model")
        if len(answers) != len(items.paths):
            raise ExportError(f"it answered for {len(answers)} of {len(items.paths)} pictures")
        return Replay(
            outputs_of(answers, contract),
            said["milliseconds_per_picture"],
            {"python": platform.python_version(), **said["versions"]},
            unfamiliarity=unfamiliarity_of(answers),
            milliseconds_p95=said["milliseconds_p95"],
            sight=seen_by_python(home, "tlcore.modalities.image.pixels", contract.input, fresh, scratch),
        )


def _texts(contract: Contract) -> dict[str, str]:
    known = {
        **words(contract)._asdict(),
        "run": contract.run,
        "model": repr(contract.run),
        "dataset": markdown(contract.dataset),
        "backbone": contract.backbone,
        "python": ".".join(platform.python_version_tuple()[:2]),
        "unfamiliar": UNFAMILIAR if contract.unfamiliar_above is not None else "",
    }
    texts = {name: (BUNDLED / "server" / file).read_text(encoding="utf-8") for name, file in TEXTS.items()}
    # The compose file has variables of its own, and none of ours.
    return {name: text if name == "compose.yaml" else Template(text).substitute(known) for name, text in texts.items()}


SERVER = Server()
