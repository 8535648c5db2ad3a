"""What other programs say of pictures, as tables: CVAT's XML, Label Studio's JSON, Hugging Face's `metadata.jsonl`.

It knows their formats, and that a file may be made to harm who reads it. It does not know where the pictures are, nor
which column is which; `tables` and `labels` find that out, as with any CSV.

* "CVAT for images 1.1": https://docs.cvat.ai/docs/other/xml_format. Only tags of whole pictures are read, not boxes.
* Label Studio's JSON and JSON-MIN: https://labelstud.io/guide/export. Only choices are read.
* `metadata.jsonl`: https://huggingface.co/docs/datasets/image_dataset, one JSON object on a line.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.parsers import expat

from tlcore.data.pixels import SUFFIXES
from tlcore.data.tables import Table, read_table

# A collection has one such file or a few; many are one for each picture, of a kind that is not read here.
MOST_FILES = 20
MOST_BYTES = 64 * 10**6
SUFFIXES_OF_TABLES = frozenset({".csv", ".tsv", ".jsonl"})
SUFFIXES_OF_EXPORTS = frozenset({".xml", ".json"})
_HEADER = ("file_name", "label", "split")
_UNTAGGED = ""
# What the choices are usually called, and what stands beside them in JSON-MIN.
_QUESTIONS = frozenset({"choice", "choices", "label", "class", "category"})
_BESIDE = frozenset({"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"})
# What Label Studio puts before the name of a file that was uploaded to it.
_UPLOAD_MARK = re.compile(r"[0-9a-f]{8}-(?=.)")


def as_table(path: PurePosixPath, content: bytes) -> Table | None:
    """Read any file that may say which class pictures have; None where it is of no kind that is known.

    A file of a known kind that cannot be used is a table without rows, its `fault` the reason.
    """
    suffix = path.suffix.casefold()
    if suffix == ".jsonl":
        return _json_lines(content)
    if suffix == ".xml":
        return _cvat(content)
    if suffix == ".json":
        return _label_studio(content)
    return read_table(content)


def without_upload_mark(name: str) -> str:
    """The name that a file had before it was uploaded to Label Studio: `1a2b3c4d-cat.jpg` was `cat.jpg`."""
    return _UPLOAD_MARK.sub("", name, count=1) if _UPLOAD_MARK.match(name) else name


def _fault(reason: str) -> Table:
    return Table((), (), fault=reason)


# === CVAT ===


class _RefusedError(Exception):
    """A document type or an entity: nothing that names pictures needs one, and both have been used to do harm."""


def _cvat(content: bytes) -> Table | None:
    if b"<annotations" not in content[:4096]:
        return None
    if len(content) > MOST_BYTES:
        return _fault(f"This XML is larger than {MOST_BYTES // 10**6} MB. Give the pictures in parts.")
    reader = _CvatReader()
    try:
        reader.read(content)
    except _RefusedError:
        return _fault("This XML declares a document type or entities. Such files are not read; export it again.")
    except (expat.ExpatError, LookupError, ValueError) as error:
        return _fault(f"This XML is damaged: {error}.")
    return Table(_HEADER, tuple(reader.rows), origin="CVAT's tags of whole pictures")


class _CvatReader:
    """Collects `<image name= subset=>` with its `<tag label=>`, one row for each tag."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, ...]] = []
        self._image: tuple[str, str] | None = None
        self._tags: list[str] = []

    def read(self, content: bytes) -> None:
        parser = expat.ParserCreate()
        # As the package defusedxml does: refused when declared, before anything could be expanded or fetched.
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.UnparsedEntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.Parse(content, True)

    def _refuse(self, *_: object) -> int:
        raise _RefusedError

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "image":
            self._image, self._tags = (attributes.get("name", ""), attributes.get("subset", "")), []
        elif name == "tag" and self._image is not None:
            self._tags.append(attributes.get("label", ""))

    def _end(self, name: str) -> None:
        if name == "image" and self._image is not None:
            file, subset = self._image
            self.rows += [(file, label, subset) for label in self._tags or [_UNTAGGED]]
            self._image = None


# === Label Studio ===


def _label_studio(content: bytes) -> Table | None:
    if not content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return None
    if len(content) > MOST_BYTES:
        return _fault(f"This JSON is larger than {MOST_BYTES // 10**6} MB. Give the pictures in parts.")
    try:
        tasks = json.loads(content)
    except (ValueError, RecursionError) as error:
        return _fault(f"This JSON is damaged: {error}.")
    tasks = [task for task in tasks if isinstance(task, dict)]
    whole = any("annotations" in task or "completions" in task for task in tasks)
    said = [(_picture_of(_part(task, "data") if whole else task), _choices(task, whole=whole)) for task in tasks]
    question = _question([choices for file, choices in said if file], sure=whole)
    if question is None:
        return None
    rows = [(file, label) for file, choices in said if file for label in choices.get(question) or [_UNTAGGED]]
    return Table(_HEADER[:2], tuple(rows), origin=f"Label Studio's choices for '{question}'")


def _question(tasks: list[dict[str, list[str]]], *, sure: bool) -> str | None:
    """The question that most pictures have an answer to; where any column may be one, its answers must come back."""
    asked = Counter(question for choices in tasks for question in choices)
    answers = {question: {text for choices in tasks for text in choices.get(question, [])} for question in asked}
    if not sure:
        asked = Counter({name: n for name, n in asked.items() if name in _QUESTIONS or 2 * len(answers[name]) <= n})
    return max(asked, key=lambda name: (name in _QUESTIONS, asked[name], -len(answers[name])), default=None)


def _part(task: dict[str, Any], name: str) -> dict[str, Any]:
    found = task.get(name)
    return found if isinstance(found, dict) else {}


def _picture_of(data: dict[str, Any]) -> str:
    """The name of the picture: a path, an address, or `/data/local-files/?d=<path>`."""
    for value in data.values():
        if isinstance(value, str) and value:
            address = urlsplit(value) if "://" in value or value.startswith("/data/") else None
            local = parse_qs(address.query).get("d", [""])[0] if address else ""
            name = local or (unquote(address.path) if address else value)
            if PurePosixPath(name).suffix.casefold() in SUFFIXES:
                return name
    return ""


def _choices(task: dict[str, Any], *, whole: bool) -> dict[str, list[str]]:
    """What was chosen for each question; several people who do not agree give several choices."""
    found: dict[str, list[str]] = {}
    if not whole:
        for question, value in task.items():
            several = value.get("choices") if isinstance(value, dict) else value
            texts = [text for text in (several if isinstance(several, list) else [several]) if isinstance(text, str)]
            if texts and question not in _BESIDE and not _picture_of({"": texts[0]}):
                found[question] = texts
        return found
    annotations = task.get("annotations") or task.get("completions") or []
    for annotation in annotations if isinstance(annotations, list) else []:
        for question, choice in _results(annotation):
            if choice not in found.setdefault(question, []):
                found[question].append(choice)
    return found


def _results(annotation: object) -> Iterator[tuple[str, str]]:
    if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
        return
    results = annotation.get("result")
    for result in results if isinstance(results, list) else []:
        if isinstance(result, dict) and result.get("type") == "choices":
            choices = _part(result, "value").get("choices")
            for choice in choices if isinstance(choices, list) else []:
                if isinstance(choice, str):
                    yield str(result.get("from_name", "choice")), choice


# === JSON lines ===


def _json_lines(content: bytes) -> Table:
    """One object on a line; what is neither text nor a number is left empty."""
    if len(content) > MOST_BYTES:
        return _fault(f"This table is larger than {MOST_BYTES // 10**6} MB. Give the pictures in parts.")
    try:
        lines = [json.loads(line) for line in content.decode("utf-8-sig").splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        return _fault(f"This table is damaged: {error}.")
    objects = [line for line in lines if isinstance(line, dict)]
    header = tuple(dict.fromkeys(str(name) for line in objects[:100] for name in line))
    return Table(header, tuple(tuple(_text(line.get(name)) for name in header) for line in objects))


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
