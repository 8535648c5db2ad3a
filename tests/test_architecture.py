"""The laws of the design, held by reading the code: what may import what, what is never called, how big things get."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = sorted((ROOT / "tlcore").rglob("*.py"))
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]

HEAVY_PACKAGES = {"keras", "tensorflow", "jax", "torch", "tf2onnx", "keras_hub"}
HEAVY_ROOMS = ("tlcore.training", "tlcore.export", "tlcore.evaluation.explain", "tlcore.health.work")
# A run as text, which the pages offer, and what it is told from: these modules of heavy rooms need no backend.
LIGHT_MODULES = ("tlcore.export.training_script", "tlcore.training.phases", "tlcore.training.views")

# Law 2: a room may import itself and what stands in a lower rank.
RANKS = {
    "errors": -1,
    "files": 0,
    "workspace": 1,
    "data": 2,
    "backbones": 2,
    "runs": 3,
    "inference": 3,
    "serving": 3.4,
    "sweeps": 3.5,
    "health": 3.6,
    "evaluation": 4.5,
    "labelling": 4.6,
    "training": 4,
    "export": 4.55,
    "report": 4.7,
    "publishing": 4.8,
    "commands": 5,
    "__main__": 6,
}
# The workers stand at the end of the line: that of a run calls evaluation and export, that of a check training.
RANK_OF_MODULE = {"tlcore.training.work": 4.9, "tlcore.health.work": 4.95}


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, at the top or inside a function, as a full dotted name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_heavy(name: str) -> bool:
    return name.startswith(HEAVY_ROOMS) and not name.startswith(LIGHT_MODULES)


def is_light(module: str) -> bool:
    return not is_heavy(module) and not module.startswith(("tlcore.commands", "tlcore.__main__"))


def rank(module: str) -> float:
    return RANK_OF_MODULE.get(module, RANKS[module.split(".")[1]])


@pytest.mark.parametrize("path", LIBRARY, ids=module_name)
def test_the_library_never_imports_streamlit(path):
    assert not [name for name in imports(path) if name.split(".")[0] == "streamlit"]


@pytest.mark.parametrize("path", [path for path in LIBRARY if is_light(module_name(path))], ids=module_name)
def test_the_light_half_never_names_a_backend(path):
    assert not [name for name in imports(path) if name.split(".")[0] in HEAVY_PACKAGES]
    assert not [name for name in imports(path) if is_heavy(name)]


def test_importing_the_light_half_and_the_pages_components_loads_no_backend():
    light = [module_name(path) for path in LIBRARY if is_light(module_name(path))]
    components = [module_name(path) for path in PAGES if "components" in path.parts]
    program = (
        f"import sys, json, importlib\n"
        f"for name in {[*light, *components]!r}: importlib.import_module(name)\n"
        f"print(json.dumps(sorted(set(sys.modules) & {HEAVY_PACKAGES!r})))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize("path", LIBRARY, ids=module_name)
def test_imports_go_one_way(path):
    module = module_name(path)
    if module == "tlcore":
        return
    room = module.split(".")[1]
    upward = [
        name
        for name in imports(path)
        if name.startswith("tlcore.") and name.split(".")[1] in RANKS
        if name.split(".")[1] != room and rank(name) >= rank(module)
    ]
    assert not upward, f"{module} stands at {rank(module)} and imports upward or sideways: {upward}"


@pytest.mark.parametrize("path", PAGES, ids=module_name)
def test_pages_import_the_light_half_only(path):
    heavy = [name for name in imports(path) if name.split(".")[0] in HEAVY_PACKAGES or is_heavy(name)]
    assert not heavy


def test_only_the_components_cache():
    for path in PAGES:
        if "components" not in path.parts:
            assert not re.search(r"st\.cache_(data|resource)", path.read_text()), (
                f"{path.name} keeps a cache of its own"
            )


def test_app_only_orders_the_pages():
    tree = ast.parse((ROOT / "app.py").read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert len((ROOT / "app.py").read_text().splitlines()) <= 40


@pytest.mark.parametrize("path", [*LIBRARY, *PAGES], ids=module_name)
def test_nothing_a_user_gives_is_ever_executed(path):
    modules = {name.split(".")[0] for name in imports(path)}
    assert not modules & {"pickle", "dill", "joblib", "cloudpickle", "marshal", "shelve"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"eval", "exec", "compile", "np.load", "numpy.load"} or (
                called.endswith("load") and "allow_pickle=True" not in ast.unparse(node)
            ), f"{path.name}:{node.lineno} calls {called}"
            assert not called.endswith((".Lambda", "extractall")), f"{path.name}:{node.lineno} calls {called}"
            assert "safe_mode=False" not in ast.unparse(node)
            assert "shell=True" not in ast.unparse(node)


@pytest.mark.parametrize("path", LIBRARY, ids=module_name)
def test_the_library_neither_asserts_nor_prints(path):
    for node in ast.walk(ast.parse(path.read_text())):
        assert not isinstance(node, ast.Assert), f"{path.name}:{node.lineno} asserts"
        assert not (isinstance(node, ast.Call) and ast.unparse(node.func) == "print"), f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("path", [*LIBRARY, *PAGES], ids=module_name)
def test_modules_stay_small(path):
    lines = len(path.read_text().splitlines())
    is_page = path.parent == ROOT / "pages" or path.name == "app.py"
    assert lines <= (120 if is_page else 300), f"{path.relative_to(ROOT)} has {lines} lines: split it by noun"


@pytest.mark.parametrize("path", sorted((ROOT / "tlcore").rglob("__init__.py")), ids=module_name)
def test_every_room_says_what_it_knows(path):
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert "know" in docstring, f"{path.relative_to(ROOT)} does not say what the room knows and does not know"


@pytest.mark.parametrize("path", [*LIBRARY, *PAGES], ids=module_name)
def test_names_are_nouns_of_the_field(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef):
            assert not re.search(r"(Manager|Helper|Util|Utils|Service)$", node.name), f"{path.name}: {node.name}"
    assert path.stem not in {"utils", "util", "helpers", "helper", "misc", "common"}


@pytest.mark.parametrize("path", [path for path in LIBRARY if "training" in path.parts], ids=module_name)
def test_training_names_tensorflow_only_where_the_device_or_an_export_needs_it(path):
    allowed = {"device.py", "save.py"}
    if path.name not in allowed:
        assert not [name for name in imports(path) if name.split(".")[0] in {"tensorflow", "jax", "torch"}]
