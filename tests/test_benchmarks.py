"""Benchmarks take hours and so do not run here; every name that they take from elsewhere in this project is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("benchmarks", "pages", "tests", "tlcore")
BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))


def programs(path: Path) -> Iterator[ast.Module]:
    """The module, and the programs that it starts, which stand in it as text."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    yield module
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "import " in node.value:
            try:
                yield ast.parse(node.value)
            except SyntaxError:
                continue  # it is prose


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Each module of ours that is imported from, and the name that is taken."""
    for program in programs(path):
        for node in ast.walk(program):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(OURS):
                yield from ((node.module, each.name) for each in node.names)


def place(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.exists()), None)


@cache
def names(path: Path) -> set[str]:
    """What a module defines or imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(each.asname or each.name).partition(".")[0] for each in node.names}
    return found


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_takes_what_is_there(path):
    missing = [
        f"{module}.{name}"
        for module, name in imported(path)
        if place(f"{module}.{name}") is None and not ((found := place(module)) and name in names(found))
    ]
    assert missing == []


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_reads_the_options_that_it_has(path):
    code = path.read_text(encoding="utf-8")
    options = {name.replace("-", "_") for name in re.findall(r"add_argument\(\s*\"-*([\w-]+)\"", code)}
    for parsed in re.findall(r"(\w+) = parser\.parse_args\(\)", code):
        assert set(re.findall(rf"\b{parsed}\.(\w+)", code)) <= options
