"""An option that is copied from a question and pasted into a shell gives the same text and runs nothing."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlcore.shell_words import quote

TEXTS = [
    "label", "", "two words", "it's", 'say "hi"', "$(touch here) `x` $HOME", "back\\slash", "wow!", "100%", "~", "*",
    "#1",
    "🐱 猫", "-x", "new\nline", "a\u202egnp.exe", "\x1b[31m",
    "both ' and \x07 and $x and \\", "!\x07", "trail ",
]  # fmt: skip
BASH = shutil.which("bash")


@pytest.mark.skipif(BASH is None, reason="There is no Bash here.")
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_a_shell_reads_the_same_text(encoding: str):
    words = " ".join(quote(text, encoding) for text in TEXTS)
    shown = f"printf '%s\\0' {words}".encode(encoding)  # all of it can be shown
    found = subprocess.run([BASH or "", "-c", shown], capture_output=True, check=True, env={"LC_ALL": "C"})
    assert found.stdout.decode().split("\0")[:-1] == TEXTS
    assert all(byte >= 32 for byte in shown)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=20))
def test_what_can_be_shown_is_quoted_for_every_shell_of_posix(text: str):
    assert shlex.split(quote(text)) == [text]


def test_windows_reads_what_holds_nothing_special():
    assert quote("t.xlsx / one") == '"t.xlsx / one"'
    assert quote("label") == "label"
