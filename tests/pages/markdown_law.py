"""Finds text on the pages that Streamlit reads as Markdown or HTML and that nobody has made plain.

It follows an expression to where it comes from: constants, numbers, the app's own words and whatever `formats.plain` or
`html.escape` returned are safe. A parameter is as safe as what every call hands over. What is left is a finding.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pages.components.items import DISPLAYS

# The arguments of Streamlit that are read as Markdown, or as HTML, by their place; `options` are what `format_func`
# gives. Options of selectbox and multiselect are plain text in the browser.
SHOWN: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("markdown", "caption", "error", "warning", "info", "success", "title", "header", "write"), (0,)),
    **dict.fromkeys(("subheader", "toast", "spinner", "status", "dialog", "badge", "expander", "popover"), (0,)),
    **dict.fromkeys(("button", "download_button", "link_button", "form_submit_button", "checkbox", "toggle"), (0,)),
    **dict.fromkeys(("radio", "selectbox", "multiselect", "pills", "segmented_control", "select_slider"), (0,)),
    **dict.fromkeys(("slider", "number_input", "text_input", "text_area", "file_uploader", "color_picker"), (0,)),
    **dict.fromkeys(("tabs", "table", "html", "write_stream"), (0,)),
    **dict.fromkeys(("progress", "image", "page_link"), (1,)),
    "metric": (0, 1, 2),
}
KEYWORDS = {"help", "label", "caption", "captions", "text", "body", "delta", "hovertemplate", "texttemplate"}
READS_OPTIONS = {"radio", "pills", "segmented_control", "select_slider"}
MAKES_PLAIN = {"html.escape", "len", "round", "int", "abs", "float", "sum", "ceil", "st.slider"}
OF_TEXT = {"strip", "rstrip", "lower", "upper", "capitalize", "partition", "removesuffix", "removeprefix", "get"}
COLLECTIONS = {
    "str",
    "min",
    "max",
    "list",
    "tuple",
    "sorted",
    "reversed",
    "dict",
    "enumerate",
    "zip",
    "next",
    "iter",
    "set",
}
NUMBERS = {"int", "float", "bool", "int | None", "float | None", "Sequence[float]", "list[float]", "datetime"}


@dataclass(frozen=True)
class Finding:
    """A piece of text that may be a person's, and where it is shown."""

    where: str
    code: str


class Pages:
    """All modules of the pages, by their last name; `known` are expressions that are the app's own, or numbers."""

    def __init__(self, root: Path, known: frozenset[str]) -> None:
        self.known = known
        self.modules = {path.stem: Module(path, self) for path in sorted((root / "pages").rglob("*.py"))}

    def findings(self) -> list[Finding]:
        found: dict[Finding, None] = {}
        for module in self.modules.values():
            for call in module.calls:
                for shown in module.shown(call):
                    for code in module.unsafe(shown, call, ()):
                        found[Finding(f"{module.path.name}:{call.lineno}", code)] = None
        return list(found)


class Module:
    """One module: its functions, and what is safe in them."""

    def __init__(self, path: Path, pages: Pages) -> None:
        self.path, self.pages = path, pages
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self.functions = {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)}

    @cached_property
    def calls(self) -> list[ast.Call]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]

    def shown(self, call: ast.Call) -> Iterator[ast.expr]:
        """The arguments of a call that the browser reads as Markdown or HTML."""
        if not isinstance(call.func, ast.Attribute) or ast.unparse(call.func.value) in {"markup", *self.pages.modules}:
            return
        name, keywords = call.func.attr, {each.arg: each.value for each in call.keywords}
        if name in SHOWN:
            yield from (call.args[place] for place in SHOWN[name] if place < len(call.args))
            yield from (value for key, value in keywords.items() if key in KEYWORDS)
            if name in READS_OPTIONS:
                options = keywords.get("format_func") or (call.args[1] if len(call.args) > 1 else None)
                yield from [options] if options is not None else []
        elif name.startswith("add_") or name == "update_traces":
            yield from (value for key, value in keywords.items() if key in {"hovertemplate", "texttemplate"})
        elif name.endswith("Column"):
            yield from (value for key, value in keywords.items() if key == "help")

    # === Is an expression safe? ===

    def unsafe(self, node: ast.AST | None, at: ast.AST, trail: tuple[object, ...]) -> list[str]:
        """The pieces of an expression that are not known to be safe, as code."""
        if node is None or (key := (self.path.stem, ast.unparse(node), self._function(at))) in trail:
            return []
        trail = (*trail, key)

        def of(*nodes: ast.AST | None) -> list[str]:
            return [code for each in nodes for code in self.unsafe(each, at, trail)]

        match node:
            case ast.Constant() | ast.Compare() | ast.UnaryOp():
                return []
            case ast.JoinedStr() | ast.BoolOp():
                return of(*node.values)
            case ast.FormattedValue(value=value, format_spec=form):
                return [] if form is not None and _is_number_format(form) else of(value)
            case ast.IfExp():
                return of(node.body, node.orelse)
            case ast.BinOp():
                return of(node.left, node.right)
            case ast.Tuple() | ast.List() | ast.Set():
                return of(*node.elts)
            case ast.Dict():
                return of(*node.values)
            case ast.Starred(value=value) | ast.NamedExpr(value=value):
                return of(value)
            case ast.GeneratorExp(elt=value) | ast.ListComp(elt=value) | ast.DictComp(value=value):
                return of(value)
            case ast.Lambda(body=value):
                return self.unsafe(value, node, trail)
            case ast.Call():
                return self._call(node, at, trail)
            case ast.Name():
                return self._name(node, at, trail)
            case ast.Attribute() | ast.Subscript():
                return self._part(node, at, trail)
        return [ast.unparse(node)]

    def _call(self, call: ast.Call, at: ast.AST, trail: tuple[object, ...]) -> list[str]:
        called = ast.unparse(call.func)
        if called in MAKES_PLAIN or called.startswith("formats.") or "b64encode(" in called:
            return []
        if called in self.functions:
            return self._returned(called, trail)
        if isinstance(call.func, ast.Attribute):
            owner, name = _owner(call.func.value), call.func.attr
            if owner in self.pages.modules and name in self.pages.modules[owner].functions:
                return self.pages.modules[owner]._returned(name, trail)
            if name == "join":
                return [*self.unsafe(call.func.value, at, trail), *self.unsafe(call.args[0], at, trail)]
            if name in {*OF_TEXT, "items", "values", "append", "format"}:
                arguments = [*call.args, *(each.value for each in call.keywords)] if name == "format" else []
                return [code for each in (call.func.value, *arguments) for code in self.unsafe(each, at, trail)]
        if called in COLLECTIONS:
            return [code for each in call.args for code in self.unsafe(each, at, trail)]
        return self._unless_known(call)

    def _returned(self, name: str, trail: tuple[object, ...]) -> list[str]:
        function = self.functions[name]
        own = [node for node in ast.walk(function) if self._function(node) is function]
        values = [node.value for node in own if isinstance(node, ast.Return | ast.Yield)]
        return [code for value in values for code in self.unsafe(value, function.body[0], trail)]

    def _part(self, node: ast.Attribute | ast.Subscript, at: ast.AST, trail: tuple[object, ...]) -> list[str]:
        base: ast.AST = node
        if isinstance(node, ast.Attribute) and node.attr.isupper():
            return []
        while isinstance(base, ast.Attribute | ast.Subscript):
            base = base.value
            if isinstance(base, ast.Attribute) and base.attr.isupper():
                return []  # a table of the app's own, in another module
        if isinstance(base, ast.Name) and base.id.isupper():
            return []
        if isinstance(node, ast.Subscript):
            return self.unsafe(node.value, at, trail)
        if node.attr == "__getitem__":
            return self.unsafe(node.value, at, trail)
        return self._unless_known(node)

    def _unless_known(self, node: ast.expr) -> list[str]:
        code = ast.unparse(node)
        return [] if code in self.pages.known else [code]

    # === Where does a name come from? ===

    def _name(self, name: ast.Name, at: ast.AST, trail: tuple[object, ...]) -> list[str]:
        if name.id.isupper() or name.id in self.pages.known:
            return []
        function = self._function(at)
        while function is not None:
            if name.id in _arguments(function):
                return self._handed_over(function, name.id, trail)
            if (values := list(self._assigned(function, name.id))) or name.id in _bound(function):
                return [code for value in values for code in self.unsafe(value, at, trail)]
            function = self._function(self.parents[function])
        if name.id in self.functions:
            return self._returned(name.id, trail)
        values = list(self._assigned(self.tree, name.id))
        return [code for value in values for code in self.unsafe(value, at, trail)] if values else [name.id]

    def _assigned(self, scope: ast.AST, name: str) -> Iterator[ast.AST]:
        for node in ast.walk(scope):
            match node:
                case ast.Assign(targets=[target], value=value) | ast.NamedExpr(target=target, value=value):
                    yield from _given(target, value, name)
                case ast.AugAssign(target=target, value=value) | ast.AnnAssign(target=target, value=value):
                    if value is not None:
                        yield from _given(target, value, name)
                case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                    rows = _written_out(scope, value) if isinstance(value, ast.Name) else None
                    yield from _each(target, rows or value, name)
                case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr="append"), args=[value]):
                    if owner == name:
                        yield value

    def _handed_over(self, function: ast.AST, name: str, trail: tuple[object, ...]) -> list[str]:
        """What all calls hand over for a parameter."""
        argument = _arguments(function)[name]
        kind = ast.unparse(argument.annotation) if argument.annotation is not None else ""
        if kind in NUMBERS or kind.startswith("Literal"):
            return []
        if isinstance(function, ast.Lambda):
            asked = self.parents.get(self.parents.get(function, function))
            if isinstance(asked, ast.Call) and len(asked.args) > 1:  # a `format_func`: as safe as the options
                return self.unsafe(asked.args[1], asked, trail)
            return self._unless_known(ast.Name(name))
        assert isinstance(function, ast.FunctionDef)
        place = list(_arguments(function)).index(name)
        found: list[str] = []
        called = False
        for module in self.pages.modules.values():
            for call in module.calls:
                written = ast.unparse(call.func)
                if isinstance(call.func, ast.Attribute):
                    written = f"{_owner(call.func.value)}.{call.func.attr}"
                if written not in {function.name, f"{self.path.stem}.{function.name}"}:
                    continue
                if written == function.name and module is not self and not module.imports(self, function.name):
                    continue
                called = True
                given = call.args[place] if place < len(call.args) else None
                given = next((each.value for each in call.keywords if each.arg == name), given)
                found += module.unsafe(given, call, trail)
        return found if called else self._unless_known(ast.Name(name))

    def imports(self, other: Module, name: str) -> bool:
        """Whether this module has taken a function out of another one."""
        return any(
            isinstance(node, ast.ImportFrom)
            and (node.module or "").endswith(f".{other.path.stem}")
            and name in {each.name for each in node.names}
            for node in ast.walk(self.tree)
        )

    def _function(self, node: ast.AST) -> ast.AST | None:
        """The innermost function around a node, itself counted."""
        at: ast.AST | None = node
        while at is not None and not isinstance(at, ast.FunctionDef | ast.Lambda):
            at = self.parents.get(at)
        return at


def _owner(node: ast.expr) -> str:
    """The module on which a function is called; the display of a modality is the one that there is."""
    written = ast.unparse(node)
    found = written == "display" or written.startswith(("find_display(", "display_for("))
    return next(iter(DISPLAYS)) if found else written


def _is_number_format(form: ast.AST) -> bool:
    """`.1f`, `,`, `+.0%`, `%d %b`, `.{digits}f`: text has no such format."""
    assert isinstance(form, ast.JoinedStr)
    spec = "".join(str(each.value) if isinstance(each, ast.Constant) else "0" for each in form.values)
    return spec[-1:] in set("dfgeE%,") or "%b" in spec


def _arguments(function: ast.AST) -> dict[str, ast.arg]:
    assert isinstance(function, ast.FunctionDef | ast.Lambda)
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return {each.arg: each for each in every}


def _bound(function: ast.AST) -> set[str]:
    """Names that a function binds to numbers: those of `range` and the counts of `enumerate`."""
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.iter, ast.Call):
            called = ast.unparse(node.iter.func)
            if called == "range" and isinstance(node.target, ast.Name):
                found.add(node.target.id)
            if (
                called == "enumerate"
                and isinstance(node.target, ast.Tuple)
                and isinstance(node.target.elts[0], ast.Name)
            ):
                found.add(node.target.elts[0].id)
    return found


def _given(target: ast.AST, value: ast.AST, name: str) -> Iterator[ast.AST]:
    """What an assignment gives to a name."""
    if isinstance(target, ast.Name) and target.id == name:
        yield value
    elif isinstance(target, ast.Tuple):
        sides = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
        for side in sides:
            for place, each in enumerate(target.elts):
                whole = isinstance(side, ast.Tuple) and len(side.elts) == len(target.elts)
                yield from _given(each, side.elts[place] if whole and isinstance(side, ast.Tuple) else side, name)


def _written_out(scope: ast.AST, name: ast.Name) -> ast.Tuple | None:
    """The rows that a name stands for, where they are written out in one place."""
    match [node.value for node in ast.walk(scope) if isinstance(node, ast.Assign) and _is(node.targets, name)]:
        case [ast.Tuple() as rows]:
            return rows
    return None


def _is(targets: list[ast.expr], name: ast.Name) -> bool:
    return len(targets) == 1 and isinstance(targets[0], ast.Name) and targets[0].id == name.id


def _each(target: ast.AST, value: ast.AST, name: str) -> Iterator[ast.AST]:
    """What a loop gives to a name: of tuples in tuples the piece in the same place."""
    if isinstance(value, ast.Tuple | ast.List):
        for each in value.elts:
            yield from _given(target, each, name)
    elif (
        isinstance(value, ast.Call)
        and ast.unparse(value.func) in {"zip", "enumerate"}
        and isinstance(target, ast.Tuple)
    ):
        iterables = value.args if ast.unparse(value.func) == "zip" else [ast.Constant(0), value.args[0]]
        for piece, each in zip(target.elts, iterables, strict=False):
            yield from _each(piece, each, name)
    elif not (isinstance(value, ast.Call) and ast.unparse(value.func) == "range"):
        yield from _given(target, value, name)
