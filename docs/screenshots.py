"""Makes the screenshots of README and docs anew, from a workspace that it fills first.

    python docs/screenshots.py --home FOLDER [--clothes FOLDER] [NAME …]

FOLDER keeps the workspace, so that a picture can be made again without a training: the built-in textiles trained
frozen, fine-tuned, by Auto, and once with a fifth of all labels wrong; drawn shapes with several labels, and drawn
discs with their diameter. Check and Label show clothes, a folder of pictures by class; without `--clothes` their
pictures stay as they are. NAMEs are those of the files, such as `data train`; all if none is given. Look at each
picture before it is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import conformal_clip_data
import numpy as np
from PIL import Image, ImageDraw
from playwright.sync_api import Page, TimeoutError, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs/images"
sys.path.insert(0, str(ROOT))

from benchmarks.evaluation_page import make_dataset, make_run  # noqa: E402
from benchmarks.first_page import server  # noqa: E402
from tests.browser.chromium import find_or_install  # noqa: E402
from tests.browser.test_journey import settled  # noqa: E402
from tlcore.data.dataset import list_datasets  # noqa: E402
from tlcore.data.inbox import Inbox  # noqa: E402
from tlcore.progress import drain  # noqa: E402
from tlcore.runs.run import list_runs  # noqa: E402
from tlcore.workspace import Workspace  # noqa: E402

DRAWN, TEXTILES, CLOTHES_EACH = 240, "Textile inspection", 36
FROZEN, TUNED, CORRUPTED, CORRECTED = "Frozen", "Fine-tuned, 3 blocks", "Wrong labels", "Corrected labels"
SEARCHED = "Auto"
SHAPES, DISCS, MANY = "Shapes", "Discs", "Many classes"
# Whether each picture in sight has been drawn, those of components too.
DRAWN_ALL = """() => {
  const inside = (each) => each.shadowRoot ? every(each.shadowRoot) : each
  const every = (root) => [...root.querySelectorAll("*")].flatMap(inside)
  const inSight = ({ top, height }) => top < innerHeight && height > 0
  const images = every(document).filter((each) => each.tagName === "IMG" && inSight(each.getBoundingClientRect()))
  return images.every((each) => each.naturalWidth > 0)
}"""
COLOURS = {"bar": (70, 90, 190), "disc": (190, 70, 70), "stripe": (70, 150, 90)}


@dataclass(frozen=True)
class Shot:
    """A picture of a page.

    Attributes:
        address: Of the page; `{NAME}` is the id of a run or a dataset.
        size: Width and height of the window.
        act: What is done before; it may give the part of the page that is shown.
    """

    address: str
    size: tuple[int, int] = (1280, 1000)
    act: Callable[[Page, Path], tuple[int, int, int, int] | None] = field(default=lambda page, home: None)


# === What the pages show ===


def graft(home: Path, *arguments: str) -> dict[str, object]:
    """Run a command, and give the object that it prints."""
    command = [sys.executable, "-m", "tlcore", *arguments, "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment(home), stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "GRAFT_HOME": str(home / "workspace"), "GRAFT_QUEUE": str(home / "queue")}


def ids(home: Path) -> dict[str, str]:
    """The id of each run and dataset, by its name."""
    workspace = Workspace(home / "workspace")
    found = {dataset.info.name: dataset.id for dataset in list_datasets(workspace)}
    return found | {run.name: run.id for run in list_runs(workspace)}


def prepare(home: Path, clothes: Path | None) -> None:
    """Make what is not there yet."""
    home.mkdir(parents=True, exist_ok=True)
    train = functools.partial(graft, home, "train")
    for name, data, more in (
        (FROZEN, "sample", ("--mode", "freeze", "--head", "logistic")),
        (TUNED, "sample", ("--mode", "fine-tune", "--blocks", "3", "--epochs", "8")),
        (SEARCHED, "sample", ("--mode", "auto", "--budget", "12")),
    ):
        if name not in ids(home):
            train(data, *more, "--name", name)
    for name, draw, more in (
        (SHAPES, several_labels, ()),
        (DISCS, diameters, ("--value-name", "diameter", "--unit", "mm")),
    ):
        if f"{name}, frozen" not in ids(home):
            graft(home, "data", "add", str(draw(home / name)), "--name", name, *more)
            train(name, "--mode", "freeze", "--head", "logistic", "--name", f"{name}, frozen")
    if CORRUPTED not in ids(home):
        wrong, right = with_wrong_labels(home)
        graft(home, "data", "add", str(wrong), "--name", "Textiles, a fifth wrong")
        train("Textiles, a fifth wrong", "--mode", "freeze", "--head", "logistic", "--name", CORRUPTED)
        graft(home, "data", "relabel", "Textiles, a fifth wrong", "--csv", str(right))
        train("Textiles, a fifth wrong", "--from", CORRUPTED, "--mode", "freeze", "--name", CORRECTED)
    if MANY not in ids(home):
        workspace = Workspace(home / "workspace")
        make_run(workspace, make_dataset(home / "workspace", 2000, 200), right=0.75, seed=1, name=MANY)
    if clothes is not None and "Clothes" not in ids(home):
        graft(home, "data", "add", str(some_of(clothes, home / "clothes")), "--name", "Clothes")
        graft(home, "data", "check", "Clothes")
        fill_inbox(home, clothes)
    if not (home / "understood").exists():
        graft(home, "understand", TUNED)
        graft(home, "export", FROZEN, "--format", "keras,onnx,onnx-fp16,bundle,web,server", "--out", str(home / "out"))
        (home / "understood").touch()


def several_labels(folder: Path) -> Path:
    """Draw noisy pictures of shapes, with a column of yes and no for each shape."""
    return drawn(folder, tuple(COLOURS), lambda shown, size: [str(int(here)) for here in shown])


def diameters(folder: Path) -> Path:
    """Draw noisy pictures of discs, with their diameters."""
    return drawn(folder, ("diameter",), lambda shown, size: [f"{size / 4:.1f}"])


def drawn(folder: Path, columns: tuple[str, ...], cells: Callable[[list[bool], float], list[str]]) -> Path:
    rng, rows = np.random.default_rng(0), [["file", *columns]]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number in range(DRAWN):
        size = float(rng.uniform(24, 110))
        shown = [bool(rng.random() < 0.45) if len(columns) > 1 else name == "disc" for name in COLOURS]
        image = Image.new("RGB", (160, 160), tuple(int(value) for value in rng.integers(150, 230, 3)))
        draw = ImageDraw.Draw(image)
        left, top = (float(value) for value in rng.uniform(4, 156 - size, 2))
        boxes = ((130 - size / 3, 16, 150 - size / 3, 144), (left, top, left + size, top + size), (8, 112, 150, 130))
        for (name, colour), box, here in zip(COLOURS.items(), boxes, shown, strict=True):
            if here:
                (draw.ellipse if name == "disc" else draw.rectangle)(box, fill=colour)
        # Several labels are told from faint shapes: easy pictures would show nothing but perfect figures.
        noisy = np.asarray(image, np.float32) + rng.normal(0, 45, (160, 160, 3))
        if len(columns) > 1:
            noisy = 128 + (noisy - 128) * 0.3 + rng.normal(0, 75, (160, 160, 3))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / f"{number:03d}.png")
        rows.append([f"{number:03d}.png", *cells(shown, size)])
    (folder / "labels.csv").write_text("\n".join(map(",".join, rows)), encoding="utf-8")
    return folder


def with_wrong_labels(home: Path) -> tuple[Path, Path]:
    """Copy the textiles with a fifth of all classes wrong; give the folder, and a CSV of the right classes."""
    rng, source, folder = np.random.default_rng(0), conformal_clip_data.textile_simulated_root(), home / "wrong"
    classes, lines = ("global", "local", "nominal"), ["picture,label"]
    for label in classes:
        for file in sorted((source / label).glob("*.jpg")):
            given = str(rng.choice([each for each in classes if each != label])) if rng.random() < 0.2 else label
            (folder / given).mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / given / f"{label}-{file.name}")
            if given != label:
                lines.append(f"{given}/{label}-{file.name},{label}")
    right = home / "right.csv"
    right.write_text("\n".join(lines), encoding="utf-8")
    return folder, right


def some_of(clothes: Path, folder: Path) -> Path:
    """Copy the first pictures of six classes, every twentieth into the next class."""
    classes = sorted(each for each in clothes.iterdir() if each.is_dir())[:6]
    for place, each in enumerate(classes):
        for number, file in enumerate(sorted(each.iterdir())[:CLOTHES_EACH]):
            label = classes[(place + 1) % len(classes)].name if number % 20 == 7 else each.name
            (folder / label).mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / label / file.name)
    return folder


def fill_inbox(home: Path, clothes: Path) -> None:
    """Put other clothes into the inbox, and answer for half of them."""
    workspace, folder = Workspace(home / "workspace"), home / "inbox"
    classes = sorted(each for each in clothes.iterdir() if each.is_dir())[:6]
    for each in classes:
        for file in sorted(each.iterdir())[CLOTHES_EACH : CLOTHES_EACH + 12]:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / f"{each.name}-{file.name}")
    inbox = Inbox(next(each for each in list_datasets(workspace) if each.info.name == "Clothes"))
    drain(inbox.put(workspace, folder), lambda step: None)


# === What is done on a page before its picture is taken ===


def below(heading: str, height: int) -> Callable[[Page, Path], tuple[int, int, int, int]]:
    """Show the page from a heading on."""

    def act(page: Page, home: Path) -> tuple[int, int, int, int]:
        found = page.get_by_role("heading", name=heading, exact=True).first
        found.evaluate("heading => heading.scrollIntoView()")
        page.wait_for_timeout(1500)
        box = found.bounding_box()
        assert box is not None
        return int(box["x"]) - 16, int(box["y"]) - 16, 1120, height

    return act


def drop(pattern: str, count: int, wait: str) -> Callable[[Page, Path], None]:
    """Drop some textiles on the Try page."""

    def act(page: Page, home: Path) -> None:
        found = sorted(conformal_clip_data.textile_simulated_root().glob(pattern))[-count:]
        page.locator("input[type=file]").first.set_input_files(found)
        page.get_by_text(wait).first.wait_for(timeout=120_000)

    return act


def drop_zip(page: Page, home: Path) -> None:
    """Drop a zip of textiles, with a file that is none."""
    root, path = conformal_clip_data.textile_simulated_root(), home / "cloth.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for label in ("global", "local", "nominal"):
            for file in sorted((root / label).glob("*.jpg"))[-11:]:
                archive.write(file, f"{label}-{file.name}")
        archive.writestr("broken.jpg", b"no picture")
    page.locator("input[type=file]").first.set_input_files(path)
    page.get_by_text("Confidence threshold").wait_for(timeout=120_000)


def answer(page: Page, home: Path) -> None:
    """Accept some suggestions of the inbox."""
    button = page.get_by_role("button", name="Accept")
    button.first.wait_for(timeout=240_000)
    for _ in range(14):
        page.keyboard.press("Enter")
        page.wait_for_timeout(250)
    page.wait_for_timeout(6000)


def click(title: str) -> Callable[[Page, Path], None]:
    """Press the first button of that title."""

    def act(page: Page, home: Path) -> None:
        page.get_by_role("button", name=title).first.click()
        page.wait_for_timeout(2500)

    return act


def select_some(page: Page, home: Path) -> None:
    """Open the first finding, and select five pictures."""
    page.get_by_role("button", name="Review and fix").first.click()
    options = page.get_by_role("option")
    options.first.wait_for(timeout=60_000)
    settled(page)
    options.nth(0).click()
    options.nth(4).click(modifiers=["Shift"])
    options.nth(0).scroll_into_view_if_needed()


SHOTS = {
    "data": Shot("/?dataset={Textile inspection}", (1280, 1390)),
    "train": Shot("/train?dataset={Textile inspection}", (1280, 900)),
    "run": Shot("/runs?run={Fine-tuned, 3 blocks}", (1280, 900)),
    "leaderboard": Shot("/runs?run={Auto}", (1280, 1000), below("Leaderboard", 640)),
    "evaluation": Shot("/evaluate?run={Fine-tuned, 3 blocks}&cell=1-2", (1280, 1290)),
    "classes": Shot("/evaluate?run={Fine-tuned, 3 blocks}&view=classes", (1280, 1200)),
    "compare": Shot("/evaluate?run={Fine-tuned, 3 blocks}&view=compare&with={Frozen}", (1280, 1240)),
    "before-after": Shot("/evaluate?run={Corrected labels}", (1280, 1000), below("Before and after", 400)),
    "many-classes": Shot("/evaluate?run={Many classes}", (1280, 1100), below("Confusion matrix", 760)),
    "multilabel": Shot("/evaluate?run={Shapes, frozen}&pair=0-2", (1280, 1270)),
    "regression": Shot("/evaluate?run={Discs, frozen}", (1280, 1310)),
    "try": Shot("/try?run={Frozen}", (1280, 1000), drop("global/*.jpg", 4, "pictures as the model sees them")),
    "try-many": Shot("/try?run={Frozen}&way=Many", (1280, 1030), drop_zip),
    "export": Shot("/export?run={Fine-tuned, 3 blocks}", (1280, 1150)),
    "export-more": Shot("/export?run={Fine-tuned, 3 blocks}", (1280, 1100), below("More formats", 1060)),
    "check": Shot("/check?dataset={Clothes}", (1280, 1290)),
    "light-table": Shot("/check?dataset={Clothes}", (1280, 1010), select_some),
    "label": Shot("/label?dataset={Clothes}", (1280, 1290), answer),
}


# === Taking pictures ===


def take(page: Page, url: str, shot: Shot, home: Path, known: dict[str, str]) -> bytes:
    page.set_viewport_size({"width": shot.size[0], "height": shot.size[1]})
    page.goto(url + shot.address.format_map(known))
    page.wait_for_selector("[data-testid=stApp]")
    page.wait_for_timeout(2500)
    settled(page)
    clip = shot.act(page, home)
    settled(page)
    page.mouse.move(2, 2)
    for drawn in (DRAWN_ALL, "!document.querySelector('[data-testid=stSkeleton], [data-testid=stElementSkeleton]')"):
        with contextlib.suppress(TimeoutError):  # what never comes is seen in the picture
            page.wait_for_function(drawn, timeout=20_000)
    page.wait_for_timeout(1500)
    settled(page)
    page.wait_for_timeout(500)
    if clip is None:
        return page.screenshot()
    left, top, width, height = clip
    return page.screenshot(clip={"x": left, "y": max(0, top), "width": width, "height": height})


def take_report(page: Page, home: Path) -> bytes:
    """The first page of a report."""
    graft(home, "report", TUNED, "--out", str(home / "report.html"))
    page.set_viewport_size({"width": 743, "height": 1110})
    page.goto((home / "report.html").as_uri())
    return page.screenshot()


def take_web_page(page: Page, home: Path) -> bytes:
    """The exported web page, with a picture that it answered."""
    folder = home / "web"
    with zipfile.ZipFile(next((home / "out").rglob("web.zip"))) as archive:
        archive.extractall(folder)
    with served(next(folder.rglob("index.html")).parent) as url:
        page.set_viewport_size({"width": 860, "height": 880})
        page.goto(url)
        file = sorted((conformal_clip_data.textile_simulated_root() / "global").glob("*.jpg"))[-1]
        page.locator("input[type=file]").first.set_input_files(file)
        page.wait_for_timeout(8000)
        return page.screenshot()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("localhost", 0), functools.partial(Quiet, directory=str(folder))) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://localhost:{serving.server_port}"
        serving.shutdown()


def keep(name: str, content: bytes) -> None:
    """Write a picture with the colours that it needs: few, as pages have, and the rare ones of the logo among them."""
    with Image.open(BytesIO(content)) as image:
        few = image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(IMAGES / f"{name}.png", optimize=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *SHOTS, "report", "web-page"], metavar="NAME")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--clothes", type=Path)
    asked = parser.parse_args()
    home = asked.home.resolve()
    os.environ.update(environment(home))
    prepare(home, asked.clothes)
    known = ids(home)
    others = {"report": take_report, "web-page": take_web_page}
    with server(ROOT / "app.py", str(home / "workspace")) as (url, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(find_or_install()), args=["--no-sandbox", "--disable-background-networking"]
        )
        for name in asked.names or [*SHOTS, *others]:
            if "{Clothes}" in getattr(SHOTS.get(name), "address", "") and "Clothes" not in known:
                continue
            page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
            page.set_default_timeout(60_000)
            keep(name, others[name](page, home) if name in others else take(page, url, SHOTS[name], home, known))
            page.context.close()
            print(name, flush=True)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
