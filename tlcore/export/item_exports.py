"""Describes what exports have of the modality's own: more formats, and checks of how an artefact reads files.

It knows where the row of a modality names them. It does not know any modality.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from pkgutil import resolve_name

from tlcore.contract import Contract
from tlcore.errors import ExportError
from tlcore.export.exporter import Exporter, FreshProcess, Replay
from tlcore.modalities import find_modality
from tlcore.runs.items import TestItems
from tlcore.runs.manifest import Awkward


@dataclass(frozen=True)
class ItemExports:
    """Parts of exports that depend on what an item is. A modality may have none of them.

    Attributes:
        decoder: What the module that decodes, `Modality.decoder`, is called in archives.
        library_decoder: The module of this library that does the same, which the server carries.
        read: A file with a piece of a program: `read(file)`, which gives the model's inputs.
        input: What the inputs hold, for a README.
        packages: What it needs beside NumPy.
        optional: Packages that some files need, each with what it is for.
        example: Names of files, of which the first is sent in examples with `type`.
        type: The media type of that file.
        usual: Suffixes of files that any program of ours reads, with the dot.
        formats: Those that only its items can have, beside the rows of `Modality.formats`.
        check_python: How Python code in a folder, by the name of its module there, reads awkward files, compared with
            the app.
        bytes_reader: The function that makes arrays of a file's bytes within a TensorFlow graph, as `module:name`;
            empty where there is none.
        replay_files: Asks a SavedModel with such a signature about the test items, by their arrays and by their files.
    """

    decoder: str = "decode"
    library_decoder: str = ""
    read: Path | None = None
    input: str = ""
    packages: tuple[str, ...] = ()
    optional: Mapping[str, str] = field(default_factory=dict)
    example: tuple[str, str] = ("one", "two")
    type: str = "application/octet-stream"
    usual: tuple[str, ...] = ()
    formats: tuple[Exporter, ...] = ()
    check_python: Callable[[Path, str, Contract, FreshProcess, Path], Awkward] | None = None
    bytes_reader: str = ""
    replay_files: Callable[[Path, Contract, TestItems, FreshProcess, Path], Replay] | None = None


def item_exports(modality: str) -> ItemExports:
    """Find what the exports of a modality have of its own."""
    named = find_modality(modality).exports
    if not named:
        return ItemExports()
    found: ItemExports = resolve_name(named)
    return found


def check_reading(
    home: Path, contract: Contract, fresh: FreshProcess, scratch: Path, *, of_library: bool = False
) -> Awkward | None:
    """Check how the decoder in a folder, or the library's there, reads awkward files; None where there is no check."""
    found = item_exports(contract.modality)
    if found.check_python is None:
        return None
    return found.check_python(home, found.library_decoder if of_library else found.decoder, contract, fresh, scratch)


def decoder_file(contract: Contract) -> tuple[str, str]:
    """Give the name and the text of the module that decodes, as archives carry it."""
    return f"{item_exports(contract.modality).decoder}.py", find_modality(contract.modality).decoder()


def reading_piece(contract: Contract) -> str:
    """Read the piece of a program that makes the model's inputs of a file.

    Raises:
        ExportError: The modality has none.
    """
    path = item_exports(contract.modality).read
    if path is None:
        raise ExportError(f"No program of ours reads {find_modality(contract.modality).noun.many} yet.")
    return path.read_text(encoding="utf-8").strip("\n")
