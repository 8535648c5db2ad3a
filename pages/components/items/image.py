"""Pictures on a page: small in a grid, large with what is known about them, augmented, asked for.

Another kind of item has a module of its own with the same functions: `tile`, `detail`, `preview`, `ask`.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from pages.components.shell import formats, task_words
from pages.components.shell.theme import BAD, GOOD
from tlcore.data.dataset import Dataset
from tlcore.errors import GraftError
from tlcore.modalities.image.augment import augment
from tlcore.modalities.image.pixels import ValueRange, open_picture, read_pixels
from tlcore.modalities.image.value_range import range_of

LARGE = 1024
PREVIEW_SIDE, PREVIEWED, VARIANTS = 144, 3, 4
AT_ONCE = 12
STYLE = f"""
<style>
.tiles {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(124px, 1fr)); gap: 14px; }}
.tiles.five {{ grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 6px; max-width: 640px; }}
.tiles.five figure:nth-child(5n + 1) img {{ outline: 2px solid rgba(138,143,152,.6); outline-offset: 1px; }}
.tiles figure {{ margin: 0; }}
.tiles img, .tiles .gone {{ width: 100%; aspect-ratio: 1; object-fit: contain; border-radius: 8px; display: block;
  background: rgba(138,143,152,.14); }}
.tiles .gone {{ display: flex; align-items: center; justify-content: center; font-size: .8rem; text-align: center; }}
.tiles figcaption {{ font-size: .85rem; line-height: 1.35; margin-top: 6px; overflow-wrap: anywhere; }}
.tiles .wrong {{ border-bottom: 2px solid {BAD}; }} .tiles .right {{ border-bottom: 2px solid {GOOD}; }}
</style>
"""
Row = dict[str, Any] | pd.Series


def address(picture: bytes | np.ndarray | Image.Image) -> str:
    """Write a picture as an address that holds it: a JPEG as it is, pixels `(height, width, 3)` as a JPEG."""
    if not isinstance(picture, bytes):
        image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=85)
        picture = stream.getvalue()
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"


def small(content: bytes, side: int, value_range: ValueRange | None = None) -> str:
    """Write a picture file as the address of a small copy, its longer side at most `side`; empty if it is none."""
    try:
        picture = open_picture(content, side=side, value_range=value_range)
    except (ValueError, OSError):
        return ""
    picture.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return address(picture)


def tile(shown: str, *, alt: str, title: str = "", caption: str = "") -> str:
    """Lay out one picture of a grid as HTML.

    Args:
        shown: Its address; empty where the picture went with its dataset.
        alt: What it shows, for those who cannot see it.
        title: What is said where a pointer rests on it.
        caption: HTML below it; what is not of this app's making is escaped by the caller.
    """
    said = f' title="{html.escape(title)}"' if title else ""
    picture = (
        f'<img src="{shown}" alt="{html.escape(alt)}"{said}>'
        if shown
        else '<div class="gone">the picture is<br>no longer here</div>'
    )
    return f"<figure>{picture}{f'<figcaption>{caption}</figcaption>' if caption else ''}</figure>"


def answer(label: str, predicted: str) -> str:
    """Write a predicted class as HTML, marked as right or wrong."""
    return f'<span class="{"right" if label == predicted else "wrong"}">{html.escape(predicted)}</span>'


def grid(tiles: Iterable[str], *, five: bool = False) -> None:
    """Show tiles in rows as wide as the page, or `five` in each."""
    st.html(f'{STYLE}<div class="tiles{" five" if five else ""}">{"".join(tiles)}</div>')


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


def preview(dataset: Dataset, names: Sequence[str], policy: str, draw: int) -> None:
    """Show some pictures as they are and as training may see them; `draw` chooses other chances."""
    cells = []
    for place, file in enumerate(_some(dataset.id, dataset)):
        pixels = _pixels(str(dataset.image_path(file)), policy, range_of(dataset.info.reading))
        cells.append(tile(address(pixels), alt="as it is", title="as it is"))
        for variant in range(VARIANTS):
            rng = np.random.default_rng([draw, place, variant])
            said = ", ".join(names) or "unchanged"
            cells.append(tile(address(augment(pixels, names, rng) if names else pixels), alt=said, title=said))
    st.caption("On the left as it is, beside it as training may see it.")
    grid(cells, five=True)


def ask(key: str) -> list[Any]:
    """Ask for a few pictures; give the files of the page that is shown, each with its `name`."""
    files = st.file_uploader(
        "Pictures", accept_multiple_files=True, key=key, label_visibility="collapsed", max_upload_size=200
    )
    if not files:
        st.caption(
            "A few pictures: JPEG, PNG, WebP, BMP, GIF, TIFF, HEIC. They stay on this machine. For hundreds, or a "
            "table to take along, choose *Folder or zip*."
        )
        return []
    page = st.pagination(-(-len(files) // AT_ONCE), key=f"{key}-page-{len(files)}") if len(files) > AT_ONCE else 1
    return list(files[(page - 1) * AT_ONCE : page * AT_ONCE])


@st.cache_data(max_entries=16, show_spinner=False)
def _some(dataset_id: str, _dataset: Dataset) -> list[str]:
    """Find one picture of each of the first classes."""
    return _dataset.items().groupby("label", sort=True)["file"].first().head(PREVIEWED).tolist()


@st.cache_data(max_entries=64, show_spinner=False)
def _pixels(path: str, policy: str, value_range: ValueRange | None) -> np.ndarray:
    return read_pixels(path, PREVIEW_SIDE, policy, value_range)
