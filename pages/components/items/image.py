"""Pictures on a page: small in a grid, large with what is known about them, augmented, asked for."""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image
from streamlit.runtime import get_instance

from pages.components.items import image_range, tiles
from pages.components.shell import formats, task_words
from tlcore.contract import Contract
from tlcore.data.dataset import Dataset
from tlcore.errors import GraftError
from tlcore.items import Reading
from tlcore.modalities.image import bursts
from tlcore.modalities.image.augment import augment
from tlcore.modalities.image.explain.heat_overlay import over
from tlcore.modalities.image.pixels import FORMATS_FOR_PEOPLE, ValueRange, open_picture, read_pixels
from tlcore.modalities.image.preview import resized
from tlcore.modalities.image.value_range import range_of
from tlcore.runs.config import TrainingConfig

KEEP = "Keep the largest"
CAMERA = bursts  # what becomes of its frames
reading, told = image_range.show, image_range.told
LARGE = 1024
PREVIEW_SIDE, PREVIEWED, VARIANTS = 144, 3, 4
AT_ONCE = 12
Row = dict[str, Any] | pd.Series


def address(picture: bytes | np.ndarray | Image.Image) -> str:
    """Write a picture as an address that holds it as a JPEG."""
    content = picture if isinstance(picture, bytes) else jpeg(picture)
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


def jpeg(picture: np.ndarray | Image.Image) -> bytes:
    """Write a picture, or pixels `(height, width, 3)`, as a JPEG."""
    stream = io.BytesIO()
    (Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture).save(stream, "JPEG", quality=85)
    return stream.getvalue()


def small(content: bytes, side: int, value_range: ValueRange | None = None) -> str:
    """Write a picture file as the address of a small copy, its longer side at most `side`; empty if it is none."""
    try:
        picture = open_picture(content, side=side, value_range=value_range)
    except (ValueError, OSError):
        return ""
    picture.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return address(picture)


def thumbnail(dataset: Dataset, file: str, side: int, reading: Reading | None = None) -> bytes | None:
    """Give a small JPEG of a dataset's picture; None where it can no longer be read."""
    try:
        return dataset.thumbnail(file, side, reading=reading)
    except (GraftError, OSError):
        return None


def serve(content: bytes, name: str) -> str:
    """Serve a JPEG as `st.image` does; give the address, from which a browser fetches it once and keeps it."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    url = get_instance().media_file_mgr.add(content, "image/jpeg", name)
    return f"/{base}{url}" if base else str(url)


def tile(shown: str | bytes | None, *, alt: str, title: str = "", caption: str = "") -> str:
    """Lay out one picture of a grid as HTML.

    Args:
        shown: Its address or its JPEG; nothing where it can no longer be read.
        alt: What it shows, for those who cannot see it.
        title: What is said where a pointer rests on it.
        caption: HTML below it; what is not of this app's making is escaped by the caller.
    """
    if not shown:
        return tiles.figure(tiles.GONE, caption)
    said = f' title="{html.escape(title)}"' if title else ""
    source = address(shown) if isinstance(shown, bytes) else shown
    return tiles.figure(f'<img src="{html.escape(source)}" alt="{html.escape(alt)}"{said}>', caption)


def detail(dataset: Dataset, row: Row) -> None:
    """Show one picture as large as the page allows, with what is known about it: a row of the dataset's table."""
    try:
        st.image(dataset.thumbnail(str(row["file"]), LARGE), alt=str(row["source"]))
    except (GraftError, OSError) as error:
        st.warning(formats.lines(error), icon=":material/broken_image:")
    facts = {
        task_words.one(dataset.info).capitalize(): task_words.written(dataset.info, str(row["label"])),
        "File": row["source"],
        "Size": f"{formats.count(int(row['width']))} by {formats.count(int(row['height']))} pixels",
        "State": row["state"],
        "Group": row["group"],
        "Unusual": row["flags"],
    }
    st.text("\n".join(f"{name}: {value}" for name, value in facts.items() if value))


def preview(dataset: Dataset, config: TrainingConfig, draw: int) -> None:
    """Show some pictures as they are and as training may see them; `draw` chooses other chances."""
    names, cells = config.augment, []
    for place, file in enumerate(_some(dataset.id, dataset)):
        pixels = _pixels(str(dataset.image_path(file)), config.input.resize, range_of(dataset.info.reading))
        cells.append(tile(address(pixels), alt="as it is", title="as it is"))
        for variant in range(VARIANTS):
            rng = np.random.default_rng([draw, place, variant])
            said = ", ".join(names) or "unchanged"
            cells.append(tile(address(augment(pixels, names, rng) if names else pixels), alt=said, title=said))
    st.caption("On the left as it is, beside it as training may see it.")
    tiles.grid(cells, five=True)


def ask(key: str) -> list[Any]:
    """Ask for a few pictures; give the files of the page that is shown, each with its `name`."""
    files = st.file_uploader(
        "Pictures", accept_multiple_files=True, key=key, label_visibility="collapsed", max_upload_size=200
    )
    if not files:
        st.caption(
            f"A few pictures: {FORMATS_FOR_PEOPLE}. They stay on this machine. For hundreds, or to "
            "get a table of predictions, choose *Folder or zip*."
        )
        return []
    page = st.pagination(-(-len(files) // AT_ONCE), key=f"{key}-page-{len(files)}") if len(files) > AT_ONCE else 1
    return list(files[(page - 1) * AT_ONCE : page * AT_ONCE])


def with_heat(source: Path | np.ndarray, heat: np.ndarray, side: int, contract: Contract) -> bytes:
    """Draw a heat map over what a model sees of a picture, a file or its pixels; give a JPEG of that side."""
    if isinstance(source, Path):
        # The same part of the picture as the model sees, and the same greys.
        source = read_pixels(source, side, contract.input.resize, contract.input.value_range)
    return jpeg(over(resized(source, side), heat))


def seen(pixels: np.ndarray, name: str) -> None:
    """Show a picture as a model sees it."""
    st.image(pixels, caption=formats.plain(name), width="stretch", alt=name)


def seen_as(contract: Contract) -> str:
    """Say what a model sees of a picture."""
    return f"{contract.input.size} × {contract.input.size} pixels"


def column(title: str) -> Any:
    """Configure the column of a table that shows small pictures by their addresses."""
    return st.column_config.ImageColumn(title, width=80)


def extent(items: pd.DataFrame) -> pd.Series:
    """Give the number of pixels of each row: of near-duplicates, the one with the most is kept."""
    return items["width"] * items["height"]


@st.cache_data(max_entries=16, show_spinner=False)
def _some(dataset_id: str, _dataset: Dataset) -> list[str]:
    """Find one picture of each of the first classes."""
    return _dataset.items().groupby("label", sort=True)["file"].first().head(PREVIEWED).tolist()


@st.cache_data(max_entries=64, show_spinner=False)
def _pixels(path: str, policy: str, value_range: ValueRange | None) -> np.ndarray:
    return read_pixels(path, PREVIEW_SIDE, policy, value_range)
