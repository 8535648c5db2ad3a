"""What other programs say of items, as tables: CVAT's XML, Label Studio's JSON, Hugging Face's `metadata.jsonl`.

It knows their formats, and that a file may be made to harm who reads it. It does not know where the items are, nor
which column is which; `tables` and `labels` find that out, as with any CSV.

* "CVAT for images 1.1": https://docs.cvat.ai/docs/other/xml_format. Only tags of whole items are read, not boxes.
* Label Studio's JSON and JSON-MIN: https://labelstud.io/guide/export. Only choices are read.
* `metadata.jsonl`: https://huggingface.co/docs/datasets/image_dataset, one JSON object on a line.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.parsers import expat

from tlcore.data.encodings import decode
from tlcore.data.json_tables import read_json, table_of
from tlcore.data.object_annotations import RefusedXmlError, safe_parser
from tlcore.data.parquet_tables import read_parquet_table
from tlcore.data.tables import Table, read_tables
from tlcore.data.workbooks import SUFFIXES as SUFFIXES_OF_WORKBOOKS
from tlcore.errors import DataError
from tlcore.modalities import NOUN, SUFFIXES

# A collection has one such file or a few; many are one for each item, of a kind that is not read here.
MOST_FILES = 20
MOST_BYTES = 64 * 10**6
SUFFIXES_OF_LINES = frozenset({".jsonl", ".ndjson", ".manifest"})
SUFFIX_OF_PARQUET = ".parquet"
SUFFIXES_OF_TABLES = frozenset({".csv", ".tsv", ".lst", SUFFIX_OF_PARQUET, *SUFFIXES_OF_LINES}) | SUFFIXES_OF_WORKBOOKS
SUFFIXES_OF_EXPORTS = frozenset({".xml", ".json"})
_HEADER = ("file_name", "label", "split")
_UNTAGGED = ""
# What the choices are usually called, and what stands beside them in JSON-MIN.
_QUESTIONS = frozenset({"choice", "choices", "label", "class", "category"})
_BESIDE = frozenset({"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"})
# What Label Studio puts before the name of a file that was uploaded to it.
_UPLOAD_MARK = re.compile(r"[0-9a-f]{8}-(?=.)")


def as_tables(path: PurePosixPath, content: bytes, encoding: str | None = None) -> list[Table]:
    """Read every table in a file, one for each sheet of a workbook; empty where it is of no kind that is known.

    A file of a known kind that cannot be used is a table without rows, its `fault` the reason. `encoding` is that of
    its text, as a person chose it.
    """
    suffix = path.suffix.casefold()
    if suffix == SUFFIX_OF_PARQUET:
        return [read_parquet_table(content)]
    if suffix in SUFFIXES_OF_LINES:
        return [_json_lines(content, encoding)]
    if suffix not in SUFFIXES_OF_EXPORTS:
        return read_tables(content, encoding, path.name)
    table = _cvat(content) if suffix == ".xml" else _label_studio(content) or read_json(content)
    return [table] if table is not None else []


def tables_in(
    files: Sequence[PurePosixPath], read: Callable[[PurePosixPath], bytes], encoding: str | None = None
) -> list[tuple[PurePosixPath, Table]]:
    """Read every file that may say which class others have; `read` gives the bytes of one."""
    exports = [path for path in files if path.suffix.casefold() in SUFFIXES_OF_EXPORTS]
    texts = [path for path in files if path.suffix.casefold() == ".txt"]
    few = [path for some in (exports, texts) if len(some) <= MOST_FILES for path in some]
    likely = [path for path in files if path.suffix.casefold() in SUFFIXES_OF_TABLES]
    return [(path, table) for path in (*likely, *few) for table in as_tables(path, read(path), encoding)]


def without_upload_mark(name: str) -> str:
    """The name that a file had before it was uploaded to Label Studio: `1a2b3c4d-cat.jpg` was `cat.jpg`."""
    return _UPLOAD_MARK.sub("", name, count=1) if _UPLOAD_MARK.match(name) else name


def _fault(reason: str) -> Table:
    return Table((), (), fault=reason)


# === CVAT ===


def _cvat(content: bytes) -> Table | None:
    if b"<annotations" not in content[:4096]:
        return None
    if len(content) > MOST_BYTES:
        return _fault(f"This XML is larger than {MOST_BYTES // 10**6} MB. Give the {NOUN.many} in parts.")
    reader = _CvatReader()
    try:
        reader.read(content)
    except RefusedXmlError:
        return _fault("This XML declares a document type or entities. Such files are not read; export it again.")
    except (expat.ExpatError, LookupError, ValueError) as error:
        return _fault(f"This XML is damaged: {error}.")
    return Table(_HEADER, tuple(reader.rows), origin=f"CVAT's tags of whole {NOUN.many}")


class _CvatReader:
    """Collects `<image name= subset=>` with its `<tag label=>`, one row for each tag."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, ...]] = []
        self._image: tuple[str, str] | None = None
        self._tags: list[str] = []

    def read(self, content: bytes) -> None:
        parser = safe_parser()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.Parse(content, True)

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
        return _fault(f"This JSON is larger than {MOST_BYTES // 10**6} MB. Give the {NOUN.many} in parts.")
    try:
        tasks = json.loads(content)
    except (ValueError, RecursionError) as error:
        return _fault(f"This JSON is damaged: {error}.")
    tasks = [task for task in tasks if isinstance(task, dict)]
    whole = any("annotations" in task or "completions" in task for task in tasks)
    said = [(item_of(_part(task, "data") if whole else task), _choices(task, whole=whole)) for task in tasks]
    question = _question([choices for file, choices in said if file], sure=whole)
    if question is None:
        return None
    rows = [(file, label) for file, choices in said if file for label in choices.get(question) or [_UNTAGGED]]
    return Table(_HEADER[:2], tuple(rows), origin=f"Label Studio's choices for '{question}'")


def _question(tasks: list[dict[str, list[str]]], *, sure: bool) -> str | None:
    """The question that most items have an answer to; where any column may be one, its answers must come back."""
    asked = Counter(question for choices in tasks for question in choices)
    answers = {question: {text for choices in tasks for text in choices.get(question, [])} for question in asked}
    if not sure:
        asked = Counter({name: n for name, n in asked.items() if name in _QUESTIONS or 2 * len(answers[name]) <= n})
    return max(asked, key=lambda name: (name in _QUESTIONS, asked[name], -len(answers[name])), default=None)


def _part(task: dict[str, Any], name: str) -> dict[str, Any]:
    found = task.get(name)
    return found if isinstance(found, dict) else {}


def item_of(data: dict[str, Any]) -> str:
    """Give the name of a task's item: a path, an address, or `/data/local-files/?d=<path>`."""
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
            if texts and question not in _BESIDE and not item_of({"": texts[0]}):
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


def _json_lines(content: bytes, encoding: str | None = None) -> Table:
    """One object on a line; of several values in a cell a text with `|` between them."""
    if len(content) > MOST_BYTES:
        return _fault(f"This table is larger than {MOST_BYTES // 10**6} MB. Give the {NOUN.many} in parts.")
    try:
        decoded = decode(content, encoding)
        # Not `splitlines`: a text may have a line separator of Unicode in it.
        lines = [json.loads(line) for line in decoded.text.split("\n") if line.strip()]
    except DataError as error:
        return _fault(str(error))
    except (ValueError, RecursionError) as error:
        return _fault(f"This table is damaged: {error}.")
    objects = [_flat(line) for line in lines if isinstance(line, dict)]
    return replace(
        table_of(objects),
        encoding=decoded.encoding,
        codec=decoded.codec,
        guessed=decoded.guessed,
        alternatives=decoded.alternatives,
    )


def _flat(line: dict[str, Any]) -> dict[str, Any]:
    """Bring a line of Vertex AI's import files or of SageMaker's manifests to plain columns; any other stays as it is.

    https://cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data
    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
    """
    if "source-ref" in line:
        about = {name: _part(line, f"{name}-metadata").get("class-name") for name in line}
        plain = {name: about[name] or value for name, value in line.items()}
        return {name: value for name, value in plain.items() if not name.endswith("-metadata")}
    if "imageGcsUri" not in line:
        return line
    found = {"imageGcsUri": line["imageGcsUri"]}
    said = line.get("classificationAnnotations") or line.get("classificationAnnotation")
    several = said if isinstance(said, list) else [said]
    labels = [str(one["displayName"]) for one in several if isinstance(one, dict) and one.get("displayName")]
    found["label"] = labels if len(labels) != 1 else labels[0]
    found["boxes"] = {"bbox": line["boundingBoxAnnotations"]} if line.get("boundingBoxAnnotations") else ""
    found["ml_use"] = _part(line, "dataItemResourceLabels").get("aiplatform.googleapis.com/ml_use", "")
    return found
