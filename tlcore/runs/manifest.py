"""Stores the result of a file's parity check: `exports/<format>/manifest.json`.

It knows the file beside an artefact, and that an artefact which did not agree is handed out only to whoever says to
bear what was lost. It does not know how artefacts are made; that is `export`'s, which the pages must not import.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from tlcore.errors import ExportError, WorkspaceError
from tlcore.file_format import Precision
from tlcore.files import read_json
from tlcore.jobs.events import now

# On which test items a file is checked: on at most so many, drawn in proportion to the answers, or on all.
Check = Literal["sample", "all"]
MOST_CHECKED = 500


class Accuracy(BaseModel):
    """The headline metric of a task with its 95 % interval: a share from 0 to 1, or an error in the value's unit."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    value: float
    low: float
    high: float
    metric: str = "accuracy"
    unit: str = ""


class Awkward(BaseModel):
    """How a format that reads item files itself reads a set of awkward ones, drawn for the parity check.

    Attributes:
        files: How many there are.
        same: Those whose arrays are within the tolerance of the app's, or which both refuse.
        differing: Each of the others in a sentence's part: its name and how far it is off.
        unread: Kinds that the format does not read at all, with their numbers.
        largest, mean: The tolerance for a file, of 255: of any value, and of all on average. 0 is the very same.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    files: int
    same: int
    differing: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    largest: float
    mean: float

    @property
    def told(self) -> str:
        """Describe the result in a sentence."""
        near = f" to within {self.largest:g} of 255 (on average {self.mean:g})" if self.largest else ""
        said = [f"Of {self.files} awkward files, {self.same} are read as the app reads them{near}, or refused by both"]
        said += [f"{len(self.differing)} differ"] if self.differing else []
        said += [f"this format does not read {', '.join(self.unread)}"] if self.unread else []
        return "; ".join(said) + "."


class Manifest(BaseModel):
    """`manifest.json`: an artefact, and how its answers compare with the app's on the test items.

    Attributes:
        format: The key of the format, as `formats.FORMATS` has it.
        title, description: For a person to choose by.
        file: The name of the artefact, beside the manifest; it is not there when it could not be made, or not be asked.
        bytes: Size of the artefact; 0 where it is not there.
        precision: In which its numbers are; the bar that it must reach hangs on it.
        n: Test items that were answered by both.
        of: Number of test items; None in manifests of before, which answered all.
        seed: With which the `n` were drawn, where they are not all.
        same_answers: Share of the items with the same answer, as the task compares them.
        largest_difference: The largest difference of a probability, 0 to 1, or of a value as a share of their spread.
        accuracy: The headline metric of the artefact on these test items; None where there are none, or in older
            manifests.
        agrees: Whether it reaches its bar. Where it does not, it is handed out only behind a warning.
        reason: What was lost; empty where nothing was. With `agrees`, what a person should know, mostly nothing.
        milliseconds_per_item: Processor time, median. For the bundle it includes reading the file.
        milliseconds_p95: The same of the slow ones: 95 in 100 items take at most so long.
        awkward: What it sees in awkward item files; None where it reads none, or in older manifests.
        versions: Of Python and the packages with which it was loaded again.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    at: datetime = Field(default_factory=now)
    format: str
    title: str
    description: str
    file: str
    sha256: str
    bytes: int
    n: int
    of: int | None = None
    seed: int | None = None
    same_answers: float
    largest_difference: float
    agrees: bool
    precision: Precision = "fp32"
    accuracy: Accuracy | None = None
    reason: str = ""
    milliseconds_per_item: float | None = Field(
        default=None, validation_alias=AliasChoices("milliseconds_per_item", "milliseconds_per_picture")
    )
    milliseconds_p95: float | None = None
    awkward: Awkward | None = None
    versions: dict[str, str] = Field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Tell whether there is a file: it answered, well or badly."""
        return self.bytes > 0

    @property
    def checked(self) -> str:
        """The number of test items that were answered, of how many: `500 of 2,000`."""
        return f"{self.n:,} of {self.of:,}" if self.sampled else f"{self.n:,}"

    @property
    def sampled(self) -> bool:
        """Tell whether only some of the test items were answered."""
        return self.of is not None and 0 < self.n < self.of


def read_manifest(run: Path, key: str) -> Manifest | None:
    """The manifest of a run folder's artefact; None where it was not exported.

    Raises:
        ExportError: The file is damaged.
    """
    path = run / "exports" / key / "manifest.json"
    if not path.exists():
        return None
    try:
        return read_json(path, Manifest)
    except WorkspaceError as error:
        raise ExportError(f"{error} Export the run again.") from error


def read_manifests(run: Path) -> tuple[Manifest, ...]:
    """Read all manifests of a run folder, by format, without damaged ones."""
    found = []
    for path in sorted((run / "exports").glob("[!.]*/manifest.json")):  # hidden folders are being made
        try:
            manifest = read_manifest(run, path.parent.name)
        except ExportError:
            continue
        if manifest is not None:
            found.append(manifest)
    return tuple(found)


def artefact(run: Path, key: str, *, whatever_was_lost: bool = False) -> Path:
    """Return the file to download; one that failed the parity check only with `whatever_was_lost`.

    Raises:
        ExportError: It was not exported, does not agree with the app, or is not what was proven.
    """
    manifest = read_manifest(run, key)
    if manifest is None:
        raise ExportError(f"The run has not been exported as '{key}'. Export it first.")
    if not manifest.agrees and not (whatever_was_lost and manifest.kept):
        raise ExportError(manifest.reason)
    path = run / "exports" / key / manifest.file
    if not path.is_file() or path.stat().st_size != manifest.bytes:
        raise ExportError(
            f"The file that was proven is needed at {path}. It is not there, or it has been changed since. "
            "Export the run again."
        )
    return path
