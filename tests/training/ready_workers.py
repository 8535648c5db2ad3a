"""Workers that have imported their backend before they begin: where a test starts dozens, that is most of the work.

    python -m tests.training.ready_workers SOCKET         imports, then forks a worker for each run that is asked for
    python -m tests.training.ready_workers SOCKET … RUN   asks for one, and ends as it ends

A worker is a process like any other: it has its own lock, log and session, and dies of a SIGKILL. Who asks imports
nothing of Graft: that alone would take as long as what the worker does.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path


def serve(place: str) -> None:
    from tests.training.tiny_run import WITH_TINY
    from tlcore.backbones import catalogue

    catalogue.CATALOGUE = WITH_TINY
    import tlcore.training.trainer  # noqa: F401  (what takes long; no operation is run, so a fork is safe)
    from tlcore.training.work import work

    listening = socket.socket(socket.AF_UNIX)
    listening.bind(place)
    listening.listen()
    while True:
        asking, _ = listening.accept()
        if os.fork() == 0:
            run = Path(asking.makefile().readline().strip())
            worker = os.fork()
            if worker == 0:
                _become_its_own(run)
                os._exit(work(run))
            _, status = os.waitpid(worker, 0)
            asking.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
            os._exit(0)
        asking.close()


def _become_its_own(run: Path) -> None:
    os.setsid()
    log = os.open(run / "worker.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)


def ask(place: str, run: str) -> int:
    """The worker's exit code; that of a killed one is negative."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(place)
        asking.sendall(f"{run}\n".encode())
        return int(asking.makefile().readline())


if __name__ == "__main__":
    if len(sys.argv) == 2:
        serve(sys.argv[1])
    sys.exit(abs(ask(sys.argv[1], sys.argv[-1])))
