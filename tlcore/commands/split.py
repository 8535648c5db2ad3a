"""`data split`: draw the parts of a dataset, show them, group items, draw anew.

It knows its arguments and what it prints. It does not know how parts are drawn or kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlcore.commands.data import find_or_take_in
from tlcore.commands.import_options import with_import_options
from tlcore.commands.settings import fractions_of
from tlcore.commands.terminal import AsJson, Terminal, counted, noun, table
from tlcore.disk import expanded
from tlcore.errors import DataError
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.data.dataset import Dataset
    from tlcore.data.import_plan import ImportChoices
    from tlcore.data.split.file import Draw, Parts

USUAL = "0.7,0.15,0.15"


@with_import_options
def split(
    data: Annotated[str, typer.Argument(metavar="DATA", help="A dataset's id or name, a folder or zip, or `sample`.")],
    group_by: Annotated[
        list[str] | None,
        typer.Option(
            help="What to keep together: near-duplicates, column:NAME, folder:LEVEL, pattern:REGEX, exif:camera, "
            "exif:day. May be given several times.",
            show_default="near-duplicates",
        ),
    ] = None,
    near_duplicates: Annotated[
        bool | None,
        typer.Option("--near-duplicates/--no-near-duplicates", help="Also keep near-duplicates together."),
    ] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="A CSV with the columns to group by.")] = None,
    shares: Annotated[
        str | None, typer.Option(help="Shares of training, validation, test.", show_default=USUAL)
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the draw.", show_default="0")] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Draw a new test set; older results can then no longer be compared.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
    *,
    choices: ImportChoices,
) -> None:
    """Draw the locked split of a dataset, or show it."""
    from tlcore.data.split.file import read_draw
    from tlcore.data.split.locked import cost_of_drawing_anew, draw_parts, read_parts, regroup

    terminal = Terminal(as_json=as_json)
    fractions = fractions_of(shares) if shares is not None else None
    dataset = find_or_take_in(Workspace.default(), data, terminal, choices)
    if csv_file is not None:
        from tlcore.data.metadata import take_columns

        named = take_columns(dataset, csv_file.name, _content(csv_file))
        terminal.say(f"{csv_file.name} has a row for {counted(dataset, named)}.")
    before = read_draw(dataset)
    grouping = _grouping(dataset, before, group_by, near_duplicates)
    wanted = None if fractions is None else fractions.model_dump()
    if before is None or anew:
        if before is not None:
            _may_draw_anew(before)
            cost = cost_of_drawing_anew(dataset)
            terminal.say(cost)
            if not yes:
                typer.confirm("Draw a new test set?", abort=True, err=True)
        kept = {} if before is None else before.shares
        old_seed = 0 if before is None else before.seed + 1  # the same again would be no new draw
        parts = draw_parts(
            dataset,
            shares=wanted or kept or fractions_of(USUAL).model_dump(),
            seed=old_seed if seed is None else seed,
            grouping=grouping,
        )
    elif _differs(before, wanted, seed):
        raise DataError(
            f"The parts were drawn on {before.at:%d %b %Y} with seed {before.seed} and shares {_shares(before)}, and "
            f"are kept. `--anew` draws them again. {cost_of_drawing_anew(dataset)}"
        )
    elif grouping != before.grouping:
        parts, straddling = regroup(dataset, grouping)
        if straddling:
            raise DataError(
                f"The parts are kept, but then {counted(dataset, straddling)} would be in another part than the rest "
                f"of their group. `--anew` draws the parts again. {cost_of_drawing_anew(dataset)}"
            )
    else:
        found = read_parts(dataset)
        if found is None:
            raise DataError("The parts were deleted meanwhile. Run the command again to draw them.")
        parts = found
    terminal.result(*_told(dataset, parts))


def _content(file: Path) -> bytes:
    try:
        return expanded(file).read_bytes()
    except OSError as error:
        raise DataError(f"A CSV that names the files is needed. {file} cannot be read: {error.strerror}.") from error


def _grouping(
    dataset: Dataset, before: Draw | None, asked: list[str] | None, near_duplicates: bool | None
) -> tuple[str, ...]:
    """What is to stay together: what is asked for, or what did before; near-copies unless they are switched off."""
    from tlcore.data.split.grouping import NEAR_DUPLICATES, parse

    rules = [str(parse(text)) for text in asked] if asked else list(before.grouping if before else ())
    if NEAR_DUPLICATES in (asked or ()):
        from tlcore.data.split.grouping import NOT_LOOKED_FOR

        if not (dataset.path / "health" / "clusters.parquet").exists():
            raise DataError(NOT_LOOKED_FOR.format(which=f"these {noun(dataset).many}"))
    others = [rule for rule in dict.fromkeys(rules) if rule != NEAR_DUPLICATES]
    off = near_duplicates is False or (
        near_duplicates is None and before is not None and not asked and NEAR_DUPLICATES not in before.grouping
    )
    return tuple(others) if off else (NEAR_DUPLICATES, *others)


def _may_draw_anew(before: Draw) -> None:
    if "test" in before.given:
        raise DataError(
            "This dataset came with its own test set, which stays. To draw another one, import the files again "
            "without the folders or the column that name the parts of the split."
        )


def _differs(before: Draw, shares: dict[str, float] | None, seed: int | None) -> bool:
    other_seed = seed is not None and seed != before.seed
    return other_seed or (shares is not None and any(abs(shares[part] - before.shares[part]) > 1e-6 for part in shares))


def _shares(draw: Draw) -> str:
    return "/".join(f"{100 * share:g}" for share in draw.shares.values())


def _told(dataset: Dataset, parts: Parts) -> tuple[dict[str, Any], str]:
    """The object for scripts, and the words for a person."""
    from tlcore.data.test_usage import read_looks, sentence

    draw, classes = parts.draw, dataset.info.classes
    counts = parts.counts(classes)
    looks = len(read_looks(dataset, draw.draw))
    content = {
        "dataset": dataset.id,
        "draw": draw.draw,
        "seed": draw.seed,
        "shares": draw.shares,
        "group_by": list(draw.grouping),
        "given": list(draw.given),
        "groups": parts.groups,
        "classes": counts,
        "items": parts.sizes(),
        "left_out": parts.left_out,
        "looks": looks,
        "gave_up": list(parts.gave_up),
        "notes": list(parts.notes),
    }
    rows = []
    several = dataset.info.task != "classification"  # then the classes do not add up to the items
    for label, of_parts in [*counts.items(), *([("all", parts.sizes())] if several else [])]:
        whole = sum(of_parts.values()) or 1
        rows.append((label, *(f"{number:,} ({number / whole:.0%})" for number in of_parts.values())))
    lines = [
        f"{dataset.info.name}: drawn on {draw.at:%d %b %Y} with seed {draw.seed} and shares {_shares(draw)}, and kept.",
        parts.grouped,
        table(("" if not counts else "class", "training", "validation", "test"), rows),
        *parts.gave_up,
        *parts.notes,
        sentence(looks),
    ]
    return content, "\n".join(line for line in lines if line)
