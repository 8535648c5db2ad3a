"""How large the server's image is above its slim Python: the Dockerfile's own steps, carried out in a folder.

    python benchmarks/image.py [--run RUN_DIR] [--json]

Without `--run` the sample is trained for one epoch first. The server is exported and unpacked, the `RUN` step of its
`Dockerfile` is carried out by a shell with another folder in the place of `/packages`, and `server.py` is started by a
Python that sees these packages and nothing else of this environment, until it answers. `value` is the size of packages,
model and program in MB (files in blocks of 4 kB); the bar is what an image of 300 MB leaves above a slim Python of
150 MB. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.contest import finish  # noqa: E402
from benchmarks.serve import train  # noqa: E402

BAR_MEGABYTES = 150
BLOCK = 4096
START = """
import runpy, sys
sys.path[:] = [path for path in sys.path if "site-packages" not in path] + [{packages!r}]
sys.argv = ["server.py", "--port", "0"]
runpy.run_path({program!r}, run_name="__main__")
"""


def size(folder: Path) -> int:
    """Bytes in whole blocks, as a file system and an image's layers count them."""
    return sum(-(-path.stat().st_size // BLOCK) * BLOCK for path in folder.rglob("*") if path.is_file())


def build(home: Path, packages: Path) -> None:
    """Carry out the step of the Dockerfile that installs packages."""
    text = (home / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    (step,) = re.findall(r"^RUN (pip install .*)$", text, re.MULTILINE)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(
        ["sh", "-ec", step.replace("/packages", str(packages))],
        cwd=home,
        env=environment,
        stdout=sys.stderr,
        check=True,
    )


def start(home: Path, packages: Path) -> float:
    """Seconds from nothing to the first answer, with these packages alone."""
    program = START.format(packages=str(packages), program=str(home / "server.py"))
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-I", "-c", program], cwd=home, stderr=subprocess.PIPE, text=True)
    try:
        address = re.search(r"http://[\d.]+:\d+", process.stderr.readline())
        if address is None:
            sys.exit(f"The server did not start:\n{process.stderr.read()[-2000:]}")
        with urllib.request.urlopen(f"{address[0]}/healthz") as answer:
            answer.read()
        return time.monotonic() - began
    finally:
        process.terminate()
        process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="a run's folder; the sample is trained where not given")
    parser.add_argument("--json", action="store_true", help="the last line is always JSON")
    asked = parser.parse_args()
    from tlcore.export.server import SERVER
    from tlcore.runs.run import Run

    with tempfile.TemporaryDirectory(prefix="graft-image-") as scratch:
        home, packages = Path(scratch) / "server", Path(scratch) / "packages"
        home.mkdir()
        SERVER.export(Run(asked.run or train(Path(scratch) / "home")), home)
        with zipfile.ZipFile(home / SERVER.file) as archive:
            for name in archive.namelist():  # names of our own
                (home / name).parent.mkdir(parents=True, exist_ok=True)
                (home / name).write_bytes(archive.read(name))
        (home / SERVER.file).unlink()
        build(home, packages)
        for left in packages.rglob("__pycache__"):
            if not list(left.iterdir()):
                shutil.rmtree(left)
        found = {
            "packages_megabytes": size(packages) / 1e6,
            "server_megabytes": size(home) / 1e6,
            "start_seconds": start(home, packages),
        }
    megabytes = found["packages_megabytes"] + found["server_megabytes"]
    return finish("image", megabytes, BAR_MEGABYTES, megabytes <= BAR_MEGABYTES, found)


if __name__ == "__main__":
    sys.exit(main())
