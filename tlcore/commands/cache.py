"""`cache show` and `cache clear`.

It knows what they print. It does not know how caches are made.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tlcore.commands.terminal import AsJson, Terminal, table
from tlcore.disk import size
from tlcore.workspace import Workspace

app = typer.Typer(help="Caches: results that are kept for reuse and safe to delete.", no_args_is_help=True)


@app.command("show")
def show(as_json: AsJson = False) -> None:
    """List the caches of the workspace, the last used first, and their size limit."""
    from tlcore.data.caches import limit_bytes, list_caches

    folder = Workspace.default().cache
    found = [_content(cache) for cache in list_caches(folder)]
    total, limit = sum(cache["bytes"] for cache in found), limit_bytes()
    rows = [
        (
            cache["cache"],
            cache["kind"],
            size(cache["bytes"]),
            f"{cache['last_used']:.16}".replace("T", " "),
            "yes" if cache["in_use"] else "",
            cache["holds"],
        )
        for cache in found
    ]
    text = f"{size(total)} of at most {size(limit)}, in {folder}"
    if rows:
        text = table(("cache", "kind", "size", "last used (UTC)", "in use", "holds"), rows) + f"\n{text}"
    content = {"path": str(folder), "bytes": total, "limit_bytes": limit, "caches": found}
    Terminal(as_json=as_json).result(content, text)


@app.command("clear")
def clear(
    caches: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CACHE]…", help="Names from `cache show`; all caches if none is given."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete caches that are not in use; their content is computed again when it is needed."""
    from tlcore.data.caches import clear as clear_caches

    folder = Workspace.default().cache
    if not yes:
        which = "all caches" if not caches else ", ".join(caches)
        typer.confirm(f"Delete {which}? What they hold will be computed anew when it is needed.", abort=True, err=True)
    gone, kept = clear_caches(folder, caches or None)
    freed = sum(cache.bytes for cache in gone)
    content = {"cleared": [cache.name for cache in gone], "bytes": freed, "kept": [cache.name for cache in kept]}
    text = f"Deleted {len(gone)} of {len(gone) + len(kept)} caches: {size(freed)} are free again."
    if kept:
        text += f" In use, and so kept: {', '.join(cache.name for cache in kept)}."
    Terminal(as_json=as_json).result(content, text)


def _content(cache: Any) -> dict[str, Any]:
    return {
        "cache": cache.name,
        "kind": cache.kind,
        "holds": cache.holds(),
        "bytes": cache.bytes,
        "last_used": cache.last_used.isoformat(),
        "in_use": cache.in_use,
    }
