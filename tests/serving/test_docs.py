"""What the documents show of asking the server works as it stands there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from string import Template

import pytest

from tests.serving.conftest import LABELS, picture
from tlcore.export.wording import words
from tlcore.modalities.image import IMAGE
from tlcore.serving.limits import Limits

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ("docs/serving.md", "tlcore/export/bundled/server/README.md")


def filled(text: str, address: str) -> str:
    """What a person sees who reads the text beside a model, with the address of a server."""
    return Template(text).safe_substitute(words(LABELS)).replace("http://localhost:8000", address)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    (tmp_path / "one.jpg").write_bytes(picture("circle", kind="JPEG"))
    (tmp_path / "two.png").write_bytes(picture("square"))
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_the_python_that_is_shown_asks_and_understands(page, live, pictures):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    code = filled(code, live)
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=pictures, capture_output=True, text=True)
    assert done.stdout.startswith("circle"), done.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("page", PAGES)
def test_the_lines_for_a_terminal_ask_and_understand(page, live, pictures):
    lines = re.findall(r"^ *(curl .*)$", (ROOT / page).read_text(), re.MULTILINE)
    assert len(lines) >= 2
    for line in lines:
        done = subprocess.run(["sh", "-c", filled(line, live)], cwd=pictures, capture_output=True)
        said = json.loads(done.stdout)["predictions"]
        assert said[0]["label"] == "circle"
        assert len(said) == line.count("items=@") or "--data-binary" in line


def test_the_limits_that_are_documented_are_the_real_ones():
    limits, text = Limits(), (ROOT / "docs/serving.md").read_text()
    assert f"more than {limits.items} pictures, a file above {limits.item_bytes // 10**6} MB" in text
    assert f"a body above {limits.request_bytes // 10**6} MB" in text
    assert f"above {IMAGE.extent.usual // 10**6} million pixels" in text
    assert f"more than {limits.waiting:,} pictures wait" in text
