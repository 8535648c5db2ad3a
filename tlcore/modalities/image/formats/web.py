"""The web page: the model in a browser, offline, by a double click or from any server of files.

It knows what is in the folder and how a browser is asked about the test pictures. It does not know the page's code.
"""

from __future__ import annotations

import base64
import json
import zipfile
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from tlcore.contract import Contract
from tlcore.errors import ExportError
from tlcore.export.bundle import TIME
from tlcore.export.exporter import FreshProcess, Replay, UnprovenError
from tlcore.export.facts import shipped_contract
from tlcore.export.replies import outputs_of, unfamiliarity_of
from tlcore.export.wording import words
from tlcore.markup import markdown
from tlcore.modalities.image.formats.browser import find_browser
from tlcore.modalities.image.formats.pixel_parity import OTHER_DECODERS, Sight, answered, judge, laid_out
from tlcore.modalities.image.pixels import ValueRange, open_picture
from tlcore.runs.formats import FORMATS
from tlcore.runs.items import TestItems
from tlcore.runs.run import Run

PAGE = Path(__file__).with_name("web_page")
VENDOR = PAGE / "vendor"
CODE = ("index.html", "style.css", "app.js", "model-runner.js", "pixels.js")
REPLAY = Path(__file__).with_name("verify_web.py")
UNREADABLE = frozenset({".tif", ".tiff", ".heic", ".heif"})  # for most browsers


class WebPage:
    """A zip with a page, the model, and ONNX Runtime Web as its npm package has it."""

    form = FORMATS["web"]
    key, title, description, file = form.key, form.title, form.description, form.file

    def export(self, run: Run, folder: Path) -> None:
        contract = shipped_contract(run)
        try:
            model = run.model_onnx.read_bytes()
        except FileNotFoundError as error:
            raise ExportError(
                f"The web page needs model.onnx. It is not in {run.path}. Train the run again."
            ) from error
        engine = (VENDOR / "ort-wasm-simd-threaded.wasm.gz").read_bytes()
        runtime = (VENDOR / "ort.wasm.bundle.min.mjs").read_bytes()
        readme = Template((PAGE / "README.md").read_text(encoding="utf-8")).substitute(
            words(contract),
            run=contract.run,
            dataset=markdown(contract.dataset),
            backbone=contract.backbone,
            size=contract.input.size,
            resize=contract.input.resize,
            version=_vendored()["version"],
        )
        files = {
            **{name: (PAGE / name).read_bytes() for name in CODE},
            "contract.js": _script(contract=contract.model_dump(mode="json")),
            "model.js": _script(model=model),
            "runtime.js": _script(runtime=runtime, engine=engine),
            "README.md": readme.encode(),
            "LICENSE-onnxruntime.txt": (VENDOR / "LICENSE").read_bytes(),
            "NOTICES-onnxruntime.txt": _notices(),
        }
        with zipfile.ZipFile(folder / self.file, "w") as archive:
            for name, content in files.items():
                entry = zipfile.ZipInfo(name, TIME)
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, content)

    def predict(self, artefact: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
        browser = find_browser()
        if browser is None:
            raise UnprovenError(
                f"{self.file} is not proven here: that needs Chromium or Google Chrome, and none was found. "
                "Install one, or set GRAFT_CHROMIUM to its path, and export again."
            )
        home = scratch / "page"
        home.mkdir()
        with zipfile.ZipFile(artefact) as archive:
            for name in archive.namelist():  # plain names of our own, so no path leads out of the folder
                (home / name).write_bytes(archive.read(name))
        contract = _contract(home)
        settings = contract.input
        battery = laid_out(settings.size, scratch)
        asked = {
            "battery": battery,
            "browser": str(browser),
            "page": str(home),
            "scratch": str(scratch),
            "pictures": [
                str(_readable(path, scratch / f"{place}.png", settings.value_range))
                for place, path in enumerate(items.paths)
            ],
        }
        output = fresh.run(REPLAY, [], asked=json.dumps(asked), folder=scratch, items=len(items.paths))
        said: dict[str, Any] = json.loads(output.splitlines()[-1])
        median, slow = np.percentile([answer["milliseconds"] for answer in said["answers"]], (50, 95)).tolist()
        return Replay(
            outputs_of([_named(answer, contract) for answer in said["answers"]], contract),
            median,
            {"browser": said["browser"], "onnxruntime-web": _vendored()["version"]},
            unfamiliarity=unfamiliarity_of(said["answers"]),
            milliseconds_p95=slow,
            awkward=judge(Sight(answered(battery, said["refused"]), OTHER_DECODERS), settings),
        )


def _readable(path: Path, converted: Path, value_range: ValueRange | None) -> Path:
    """Hand a browser what it can read: the others' pixels as PNG, upright and in full size."""
    if path.suffix.lower() not in UNREADABLE:
        return path
    open_picture(path, value_range=value_range).save(converted)
    return converted


def _script(**parts: Any) -> bytes:
    """JavaScript that hands over bytes, as base64, and whatever else JSON can hold."""
    lines = ["globalThis.GraftData = globalThis.GraftData || {};"]
    for name, content in parts.items():
        value = base64.b64encode(content).decode() if isinstance(content, bytes) else content
        lines.append(f"GraftData.{name} = {json.dumps(value)};")
    return ("\n".join(lines) + "\n").encode()


def _contract(home: Path) -> Contract:
    """Read the contract that the page has in its script."""
    text = (home / "contract.js").read_text(encoding="utf-8")
    return Contract.model_validate_json(text.partition("GraftData.contract = ")[2].strip().removesuffix(";"))


def _named(answer: dict[str, Any], contract: Contract) -> dict[str, Any]:
    """Give probabilities the names of their classes: the page has them in order."""
    if "probabilities" not in answer:
        return answer
    return {**answer, "probabilities": dict(zip(contract.classes, answer["probabilities"], strict=True))}


def _vendored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((VENDOR / "onnxruntime-web.json").read_text(encoding="utf-8"))
    return found


def _notices() -> bytes:
    """What ONNX Runtime is made of and by whom, as its Python package has it."""
    import onnxruntime

    return Path(onnxruntime.__file__).with_name("ThirdPartyNotices.txt").read_bytes()


WEB = WebPage()
