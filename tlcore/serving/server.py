"""Start the server: a folder with `model.onnx` and `contract.json`, an address, and from then on answers.

It knows the environment and uvicorn. It does not know which run the folder belongs to; `serve` does. The server export
starts here, too.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from tlcore.contract import Contract, read_contract
from tlcore.errors import GraftError, RunError
from tlcore.files import sha256
from tlcore.inference.predictor import Predictor
from tlcore.modalities import Extent, find_modality
from tlcore.serving.api import create_app
from tlcore.serving.limits import Limits

KEY = "GRAFT_API_KEY"
HOST, PORT = "127.0.0.1", 8000
LEAVING_SECONDS = 10
MOST_CONNECTIONS = 1000


def serve(
    folder: Path,
    *,
    model: str,
    host: str = HOST,
    port: int = PORT,
    threads: int | None = None,
    contract: Contract | None = None,
    limits: Limits | None = None,
) -> None:
    """Answer with the model of a folder until asked to stop (Ctrl-C, SIGTERM).

    Args:
        folder: With `model.onnx` and `contract.json`.
        model: What the model is called in answers.
        host: `0.0.0.0` lets other machines ask.
        port: 0 takes a free one; it is said on standard error.
        threads: Items at a time; one for each core where not given.
        contract: What its outputs mean; the folder's own where not given.
        limits: What a request may be.

    Raises:
        RunError: The model cannot be loaded, or the address is taken.
    """
    predictor = Predictor(folder / "model.onnx", contract or read_contract(folder), threads=threads)
    key = os.environ.get(KEY) or None
    app = create_app(
        predictor,
        model=model,
        sha256=sha256(folder / "model.onnx"),
        limits=limits,
        key=key,
    )
    listening = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    _say(f"{model} answers at http://{shown}:{listening.getsockname()[1]}. Ctrl-C ends it.")
    if key is None and not _local(host):
        _say(f"Whoever reaches this machine can ask: there is no key. Set {KEY} to have one.")
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=LEAVING_SECONDS,
        server_header=False,
    )
    with listening:
        uvicorn.Server(config).run(sockets=[listening])


def main(arguments: Sequence[str] | None = None, *, folder: Path | None = None, model: str = "model") -> int:
    """Be the program of the server export; `folder` is where its model is."""
    limits = Limits()
    parser = argparse.ArgumentParser(description="Answer for files over HTTP.")
    parser.add_argument("--host", default=HOST, help="0.0.0.0 lets other machines ask (%(default)s)")
    some = _number(1)
    parser.add_argument("--port", type=_number(0, 65535), default=PORT, help="0 takes a free one (%(default)s)")
    parser.add_argument("--threads", type=some, help="items at a time (one for each core)")
    # Options of before are still read.
    parser.add_argument(
        "--max-items", "--max-pictures", type=some, default=limits.items, help="of a request (%(default)s)"
    )
    parser.add_argument("--max-bytes", type=some, default=limits.item_bytes, help="of a file (%(default)s)")
    parser.add_argument("--max-extent", "--max-pixels", type=some, help="of an item once decoded, such as its pixels")
    if folder is None:
        parser.add_argument("folder", type=Path, help="with model.onnx and contract.json")
    asked = parser.parse_args(arguments)
    home = folder or asked.folder
    try:
        contract = read_contract(home)
        check_extent(asked.max_extent, find_modality(contract.modality).extent)
        serve(
            home,
            model=model,
            host=asked.host,
            port=asked.port,
            threads=asked.threads,
            contract=contract,
            limits=Limits(items=asked.max_items, item_bytes=asked.max_bytes, extent=asked.max_extent),
        )
    except (GraftError, ValueError) as error:
        _say(str(error))
        return 1
    return 0


def check_extent(asked: int | None, extent: Extent | None) -> None:
    """Check a limit of what an item may be once it is decoded.

    Raises:
        RunError: It is more than can be decoded.
    """
    if asked is not None and extent is not None and asked > extent.most:
        raise RunError(f"At most {extent.most:,} {extent.unit} can be decoded. Received {asked:,} as the limit.")


def _number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Reads a whole number within bounds from a command line."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
            upper = "" if most is None else f" to {most:,}"
            raise argparse.ArgumentTypeError(f"A whole number from {least}{upper} is needed. Received '{text}'.")
        return int(text)

    return read


def _listen(host: str, port: int) -> socket.socket:
    listening = None
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()  # whoever asks from now on waits, and is not refused
    except OSError as error:
        if listening is not None:  # there may be no such kind of address here
            listening.close()
        raise RunError(
            f"A server needs an address that is free. {host}:{port} is not: {error.strerror}. Choose another one."
        ) from error
    return listening


def _local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
