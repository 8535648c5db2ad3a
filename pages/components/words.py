"""Numbers as a person reads them: with units and two or three significant figures."""

from __future__ import annotations

from datetime import datetime

THIN = "\u202f"  # a narrow space that does not break


def percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f}{THIN}%"


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
    """A stretch of time: `8 s`, `3 min 20 s`, `1 h 5 min`; a dash where it is not known."""
    if seconds is None:
        return "–"
    if seconds < 9.95:
        return f"{seconds:.1f}{THIN}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{THIN}s"
    if whole < 3600:
        return f"{whole // 60}{THIN}min" + (f" {whole % 60}{THIN}s" if whole % 60 and whole < 600 else "")
    return f"{whole // 3600}{THIN}h" + (f" {whole % 3600 // 60}{THIN}min" if whole % 3600 >= 60 else "")


def size(count_of_bytes: float) -> str:
    """A size on the disk: `40 bytes`, `812 kB`, `4.1 MB`, `20 GB`."""
    for unit, power in (("GB", 9), ("MB", 6)):
        if count_of_bytes >= 10**power:
            value = count_of_bytes / 10**power
            return f"{value:.0f}{THIN}{unit}" if value >= 99.5 else f"{value:.2g}{THIN}{unit}"
    return f"{count_of_bytes / 1000:.0f}{THIN}kB" if count_of_bytes >= 1000 else f"{count_of_bytes:.0f} bytes"


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
