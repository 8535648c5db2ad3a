"""Numbers as a person reads them, with units and two or three significant figures; and a person's text as it is."""

from __future__ import annotations

import re
from datetime import datetime

from tlcore import disk, markup, numbers
from tlcore.tasks import Metric

NOTHING = ":small[]"  # of Streamlit's Markdown: small text, here without any
THIN = "\u202f"  # a narrow space that does not break


def plain(text: object) -> str:
    """A text that is not of this app's making, for whatever of Streamlit reads Markdown: it is shown as it is.

    Class names, file names, notes, sentences that quote them. A law of the tests asks for it.
    """
    written = markup.markdown(text, apart=NOTHING)
    # Streamlit cuts off spaces at the ends.
    return NOTHING * written[:1].isspace() + written + NOTHING * written[-1:].isspace()


def lines(text: object) -> str:
    """The same for a text of several lines, such as an error that lists what was seen."""
    return "  \n".join(plain(line) for line in str(text).splitlines() if line.strip())


def code(text: object) -> str:
    """A command or a name as code, in Markdown, whatever is in it."""
    line = markup.one_line(text)
    fence = "`" * (1 + max((len(found) for found in re.findall("`+", line)), default=0))
    return f"{fence} {line} {fence}" if "`" in line else f"`{line}`"


def in_chart(text: object) -> str:
    """The same for Plotly: ticks, legends, hover texts."""
    return markup.chart_text(text)


def percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f}{THIN}%"


def figure(metric: Metric, value: float, unit: str = "") -> str:
    """A figure of a metric: `93.5 %`, or `12.3 kg`."""
    return percent(value) if metric.kind == "share" else plain(metric.plain(value, unit))


def count(number: int) -> str:
    """A whole number, its thousands set apart: `3 371 000`."""
    return f"{number:,}".replace(",", THIN)


def weights(number: int) -> str:
    """A number of weights: `853`, `54 k`, `3.37 million`."""
    if number < 10_000:
        return count(number)
    if number < 1_000_000:
        return f"{number / 1000:.3g}{THIN}k"
    return f"{number / 1e6:.3g} million"


def duration(seconds: float | None) -> str:
    """A stretch of time: `8.2 s`, `3 min 20 s`, `1 h 5 min`; a dash where it is not known."""
    return "–" if seconds is None else re.sub(r"(?<=\d) ", THIN, numbers.duration(seconds))


def milliseconds(number: float) -> str:
    """A short time: `1.5 ms`, `130 ms`."""
    return f"{number:.2g}{THIN}ms" if number < 10 else f"{number:.0f}{THIN}ms"


def size(count_of_bytes: float) -> str:
    """A size on the disk: `40 bytes`, `812 kB`, `4.1 MB`, `20 GB`."""
    return disk.size(count_of_bytes).replace(" ", THIN)


def moment(when: datetime) -> str:
    """A moment in the time of this machine: `21 Nov, 10:15`."""
    return f"{when.astimezone():%d %b, %H:%M}"


def rate(images_per_second: float) -> str:
    """Pictures per second; a dash where it is not known."""
    if images_per_second <= 0:
        return "–"
    return f"{images_per_second:.3g}" if images_per_second < 1000 else count(round(images_per_second))


def plural(number: int, one: str, many: str = "") -> str:
    return f"{count(number)} {one if number == 1 else many or one + 's'}"
