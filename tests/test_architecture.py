"""The laws of the design, held by reading the code: what may import what, what is never called, how big things get."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from tlcore.modalities import MODALITIES

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = sorted((ROOT / "tlcore").rglob("*.py"))
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]

HEAVY_PACKAGES = {"keras", "tensorflow", "jax", "torch", "tf2onnx", "keras_hub"}
HEAVY_ROOMS = (
    *("tlcore.training", "tlcore.export", "tlcore.evaluation.explain", "tlcore.health.work"),
    "tlcore.modalities.image.formats",
)
# A run as text, which the pages offer, and what it is told from: these modules of heavy rooms need no backend.
LIGHT_MODULES = (
    *("tlcore.export.training_script", "tlcore.export.script_parts"),
    *("tlcore.modalities.image.formats.table", "tlcore.modalities.image.formats.script"),
    *("tlcore.training.phases", "tlcore.training.views"),
)

# Law 2: a room may import itself and what stands in a lower rank. Ranks are whole numbers: a room that fits only
# between two of them is in the wrong place.
RANKS = {
    "errors": 0,
    "disk": 1,
    "file_format": 1,
    "files": 1,
    "intervals": 1,
    "items": 1,
    "keyed": 1,
    "markup": 1,
    "numbers": 1,
    "settings": 1,
    "spreadsheet": 1,
    "threads": 1,
    "memmap": 2,
    "progress": 2,
    "shell_words": 2,
    "workspace": 3,
    "modalities": 4,
    "tasks": 4,
    "contract": 5,
    "backbones": 6,
    "data": 6,
    "jobs": 6,
    "inference": 7,
    "runs": 7,
    "health": 8,
    "serving": 8,
    "sweeps": 8,
    "training": 9,
    "evaluation": 10,
    "export": 11,
    "labelling": 11,
    "report": 12,
    "publishing": 13,
    "commands": 15,
    "__main__": 16,
}
# The workers stand at the end of the line: that of a run calls evaluation and export, that of a check training.
# What a modality has beside files and arrays stands above the room that it needs: a camera's frames become a dataset,
# what builds its backbones knows their rows, what it draws of a model's answers opens the model, as the evaluation
# does, and its formats are exports. Its row names them by text.
EXPLAIN, FORMATS = "tlcore.modalities.image.explain", "tlcore.modalities.image.formats"
RANK_OF_MODULE = {
    "tlcore.training.work": 14,
    "tlcore.health.work": 14,
    "tlcore.modalities.image.bursts": 7,
    **{f"tlcore.modalities.image.keras_{name}": 8 for name in ("build", "hugging_face", "own", "presets")},
    "tlcore.modalities.image.range_command": 16,
    **{f"{EXPLAIN}.{name}": 11 for name in ("grad_cam", "saliency", "explanations")},
    **{f"{FORMATS}.{name}": 12 for name in ("exports", "fullsize", "pixel_parity", "saved_model", "script", "web")},
}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Every module that a file imports, at the top or inside a function, as a full dotted name."""
    names: list[str] = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names += (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
    return tuple(names)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_heavy(name: str) -> bool:
    of_keras = name.startswith(("tlcore.tasks", "tlcore.modalities", "tlcore.backbones")) and name.rpartition(".")[
        2
    ].startswith("keras_")
    return of_keras or (name.startswith(HEAVY_ROOMS) and not name.startswith(LIGHT_MODULES))


def names_a_backend(name: str) -> bool:
    return name.split(".")[0] in HEAVY_PACKAGES or is_heavy(name)


def is_light(module: str) -> bool:
    return not is_heavy(module) and not module.startswith(("tlcore.commands", "tlcore.__main__"))


def rank(module: str) -> int:
    return RANK_OF_MODULE.get(module, RANKS[module.split(".")[1]])


def imported(paths: Iterable[Path], forbidden: Callable[[str], bool]) -> list[str]:
    """The imports that a law forbids, each with the file where it stands."""
    return [f"{path.relative_to(ROOT)}: {name}" for path in paths for name in imports(path) if forbidden(name)]


def found(paths: Iterable[Path], forbidden: Callable[[ast.AST], bool]) -> list[str]:
    """The pieces of code that a law forbids, each with its file and line."""
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)[:120]}"
        for path in paths
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.stmt | ast.expr) and forbidden(node)
    ]


def called(node: ast.AST) -> str:
    """What a call calls, as it is written; nothing for other code."""
    function = node.func if isinstance(node, ast.Call) else None
    names: list[str] = []
    while isinstance(function, ast.Attribute):
        names, function = [function.attr, *names], function.value
    return ".".join([function.id if isinstance(function, ast.Name) else "", *names])


def test_the_library_never_imports_streamlit():
    assert imported(LIBRARY, lambda name: name.split(".")[0] == "streamlit") == []


def test_the_light_half_never_names_a_backend():
    light = [path for path in LIBRARY if is_light(module_name(path))]
    assert imported(light, names_a_backend) == []


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


def upward_imports(path: Path) -> Iterator[str]:
    """What a module imports from a room that stands as high as its own, or higher."""
    module = module_name(path)
    if module == "tlcore":
        return
    room = module.split(".")[1]
    for name in imports(path):
        elsewhere = name.startswith("tlcore.") and name.split(".")[1] in RANKS.keys() - {room}
        if elsewhere and rank(name) >= rank(module):
            yield f"{module}, of rank {rank(module)}, imports {name}, of rank {rank(name)}"


def test_ranks_are_whole_numbers():
    assert {type(each) for each in (*RANKS.values(), *RANK_OF_MODULE.values())} == {int}
    rooms = {room(path) for path in LIBRARY if path != ROOT / "tlcore/__init__.py"}
    assert rooms == set(RANKS), "a room has a rank, and a rank a room"


def test_imports_go_one_way():
    assert [upward for path in LIBRARY for upward in upward_imports(path)] == []


def test_pages_import_the_light_half_only():
    assert imported(PAGES, names_a_backend) == []


def test_components_import_their_own_folder_and_what_is_shared():
    shared, crossing = {"shell", "items", "answers"}, []
    for path in PAGES:
        _, _, own = module_name(path).partition("pages.components.")
        for name in imports(path):
            _, _, below = name.partition("pages.components.")
            if own and below and below.split(".")[0] not in {own.split(".")[0], *shared}:
                crossing.append(f"{path.relative_to(ROOT)}: {name}")
    assert crossing == []


def test_only_the_components_cache():
    for path in PAGES:
        if "components" not in path.parts:
            assert not re.search(r"st\.cache_(data|resource)", path.read_text()), (
                f"{path.name} keeps a cache of its own"
            )


def test_app_only_orders_the_pages():
    assert found([ROOT / "app.py"], lambda node: isinstance(node, ast.FunctionDef | ast.ClassDef)) == []
    assert len((ROOT / "app.py").read_text().splitlines()) <= 40


def executes(node: ast.AST) -> bool:
    """Whether a call could carry out what somebody gave as data."""
    if not isinstance(node, ast.Call):
        return False
    asked = {f"{each.arg}={each.value.value}" for each in node.keywords if isinstance(each.value, ast.Constant)}
    return (
        called(node) in {"eval", "exec", "compile"}
        or called(node).endswith((".Lambda", "extractall"))
        or bool(asked & {"safe_mode=False", "shell=True", "allow_pickle=True"})
    )


def test_nothing_a_user_gives_is_ever_executed():
    everything = [*LIBRARY, *PAGES]
    unpickling = {"pickle", "dill", "joblib", "cloudpickle", "marshal", "shelve"}
    assert imported(everything, lambda name: name.split(".")[0] in unpickling) == []
    assert found(everything, executes) == []


def test_the_library_neither_asserts_nor_prints():
    def asserts_or_prints(node: ast.AST) -> bool:
        return isinstance(node, ast.Assert) or called(node) == "print"

    assert found(LIBRARY, asserts_or_prints) == []


def test_tables_are_opened_once():
    def opens_a_path(node: ast.AST) -> bool:
        reads = isinstance(node, ast.Call) and called(node) in {"pd.read_parquet", "pq.read_table"}
        return reads and ast.unparse(node.args[0]) != "stream"

    assert found([*LIBRARY, *PAGES], opens_a_path) == []


def test_modules_stay_small():
    too_long = []
    for path in [*LIBRARY, *PAGES]:
        lines = len(path.read_text().splitlines())
        is_page = path.parent == ROOT / "pages" or path.name == "app.py"
        if lines > (120 if is_page else 400):
            too_long.append(f"{path.relative_to(ROOT)} has {lines} lines: split it by noun")
    assert too_long == []


def test_every_room_says_what_it_knows():
    rooms = (ROOT / "tlcore").rglob("__init__.py")
    silent = [str(path.relative_to(ROOT)) for path in rooms if "know" not in (ast.get_docstring(parsed(path)) or "")]
    assert silent == []


def test_names_are_nouns_of_the_field():
    def says_nothing(node: ast.AST) -> bool:
        return isinstance(node, ast.ClassDef) and bool(re.search(r"(Manager|Helper|Utils?|Service)$", node.name))

    everything = [*LIBRARY, *PAGES]
    assert found(everything, says_nothing) == []
    assert {path.stem for path in everything} & {"utils", "util", "helpers", "helper", "misc", "common"} == set()


def test_training_names_tensorflow_only_where_the_device_or_an_export_needs_it():
    paths = [path for path in LIBRARY if room(path) == "training" and path.name not in {"device.py", "save.py"}]
    assert imported(paths, lambda name: name.split(".")[0] in {"tensorflow", "jax", "torch"}) == []


def test_models_are_opened_with_onnx_runtime_in_one_place():
    def opens(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute | ast.Name) and ast.unparse(node).endswith("InferenceSession")

    opener = ROOT / "tlcore/inference/session.py"
    # Programs that verify an export run where there is no Graft.
    rest = [path for path in LIBRARY if path != opener and not path.name.startswith("verify")]
    assert found([opener], opens) != []
    assert found([*rest, *PAGES], opens) == []


def test_cores_are_counted_and_threads_are_shared_out_in_one_place():
    def counts_or_shares(node: ast.AST) -> bool:
        return called(node).endswith(("cpu_count", "sched_getaffinity")) or called(node) == "ThreadPoolExecutor"

    # Programs that verify an export run where there is no Graft; jobs of unequal length wait for each other in `run`.
    others = {"threads.py", "verify_server.py", "run.py", "logistic_head.py"}
    assert found([path for path in [*LIBRARY, *PAGES] if path.name not in others], counts_or_shares) == []


def test_pages_draw_items_through_the_table_of_displays():
    table = ROOT / "pages/components/items/__init__.py"
    for path in PAGES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path != table else ():
            if isinstance(node, ast.ImportFrom) and node.module == "pages.components.items":
                assert not {each.name for each in node.names} & set(MODALITIES), path


def test_pages_write_pictures_as_text_in_one_place():
    image = ROOT / "pages/components/items/image.py"
    assert found([path for path in PAGES if path != image], lambda node: called(node).endswith("b64encode")) == []


def test_pillow_is_known_to_the_modality_of_pictures_alone():
    homes = (ROOT / "tlcore/modalities/image", ROOT / "pages/components/items/image.py")
    # A program that verifies an export runs where there is no Graft.
    rest = [
        path
        for path in [*LIBRARY, *PAGES]
        if not any(path.is_relative_to(home) for home in homes) and not path.name.startswith("verify")
    ]
    assert imported(rest, lambda name: name.split(".")[0] in {"PIL", "pillow_heif"}) == []


def test_training_never_sees_a_test_item():
    training = [path for path in LIBRARY if room(path) == "training"]
    judged = {"tlcore.runs.items.read_part", "tlcore.runs.items.read_test_items", "tlcore.runs.items.TestItems"}
    assert imported(training, lambda name: name in judged) == []
    assert imported(training, lambda name: name == "tlcore.runs.items.read_items") != []


def room(path: Path) -> str:
    return path.relative_to(ROOT / "tlcore").parts[0].removesuffix(".py")


def test_no_room_knows_what_an_item_looks_like():
    rest = [path for path in LIBRARY if room(path) != "modalities"]
    items = ROOT / "pages/components/items"
    rest += [path for path in PAGES if path.parent != items or not path.stem.startswith("image")]
    assert imported(rest, lambda name: name.startswith("tlcore.modalities.image")) == []


def test_what_trains_and_answers_says_nothing_of_pictures():
    rooms = {"training", "sweeps", "jobs", "backbones", "inference"}
    paths = [path for path in LIBRARY if room(path) in rooms]
    # What caches are told apart by, and how files of before call a rate.
    kept = {"pictures", "pictures_per_second"}
    assert {word for path in paths for word in re.findall(r"(?i)\w*(?:pictur|pixel)\w*", path.read_text())} <= kept


def test_only_tasks_know_what_an_answer_is():
    def decides(node: ast.AST) -> bool:
        return called(node).rpartition(".")[2] in {"argmax", "softmax", "CategoricalCrossentropy", "confusion_matrix"}

    # A modality compares pictures and finds edges in their files: no answer of a model is taken there.
    rest = [path for path in LIBRARY if room(path) not in {"tasks", "modalities"}]
    assert found(rest, decides) == []
