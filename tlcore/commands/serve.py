"""`serve`: a run's model answers over HTTP.

It knows the arguments and which run is meant. It does not know HTTP; `tlcore.serving` does.
"""

from __future__ import annotations

from typing import Annotated

import typer

from tlcore.commands.runs import RunArgument


def serve(
    run: RunArgument,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 chooses a free one.")] = 8000,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 admits other machines.")] = "127.0.0.1",
    threads: Annotated[
        int | None, typer.Option(min=1, help="Requests processed at the same time.", show_default="one for each core")
    ] = None,
    max_items: Annotated[
        int, typer.Option("--max-items", min=1, help="The largest number of files in one request.")
    ] = 32,
    max_pictures: Annotated[int | None, typer.Option("--max-pictures", min=1, hidden=True)] = None,  # its old name
    max_bytes: Annotated[int, typer.Option(min=1, help="The largest size of a file, in bytes.")] = 20_000_000,
    max_extent: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="The largest item once it is decoded, such as the pixels of a picture (width × height).",
            show_default="50,000,000 pixels",
        ),
    ] = None,
    max_pixels: Annotated[int | None, typer.Option("--max-pixels", min=1, hidden=True)] = None,  # its old name
) -> None:
    """Serve predictions over HTTP until Ctrl-C; the variable GRAFT_API_KEY sets a key."""
    from tlcore.commands.use import with_model  # not before a typing error could show

    found = with_model(run)
    from tlcore.export.facts import shipped_contract
    from tlcore.modalities import find_modality
    from tlcore.serving.limits import Limits
    from tlcore.serving.server import check_extent
    from tlcore.serving.server import serve as answer

    contract = shipped_contract(found)
    extent = max_extent or max_pixels
    check_extent(extent, find_modality(contract.modality).extent)
    limits = Limits(items=max_pictures or max_items, item_bytes=max_bytes, extent=extent)
    answer(found.path, model=found.id, host=host, port=port, threads=threads, contract=contract, limits=limits)
