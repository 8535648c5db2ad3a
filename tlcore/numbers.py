"""Formats numbers in words, with units and two or three significant figures.

It knows numbers. It does not know where they are shown; a page puts narrow spaces before the units.
"""

from __future__ import annotations


def plural(number: int, one: str, many: str = "") -> str:
    """Count things: `1 item`, `1,200 items`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def significant(value: float, unit: str = "") -> str:
    """Write a number with three significant digits, a true minus and its unit: `12.3 kg`, `−0.04`, `1,235`."""
    digits = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{digits.replace('-', '−', 1) if value < 0 else digits} {unit}".rstrip()


def signed(value: float, unit: str = "") -> str:
    """Write a number with its sign: `+12.3 kg`, `−0.04 kg`."""
    return f"{'+' if value >= 0 else ''}{significant(value, unit)}"


def duration(seconds: float) -> str:
    """Say how long: `8.2 s`, `3 min 20 s`, `1 h 5 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 and whole < 600 else "")
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 >= 60 else "")
