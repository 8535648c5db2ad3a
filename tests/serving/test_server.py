"""The server as a process: it starts quickly, takes its key from the environment and stops when it is asked to."""

from __future__ import annotations

import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.graphs import make_answerable_run
from tests.serving.conftest import picture
from tlcore.__main__ import main
from tlcore.serving.server import main as program

ROOT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def serving(run: str, **environment: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Serve a run on a free port, which it says; ended with SIGTERM at the latest."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tlcore", "serve", run, "--port", "0", "--threads", "1"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = process.stderr.readline()
        yield int(said.partition("http://127.0.0.1:")[2].partition(".")[0]), process
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stderr.close()


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    said = json.loads(answer.read())
    connection.close()
    return answer.status, said


@pytest.mark.slow
def test_a_run_is_served_with_the_key_of_the_environment_until_it_is_asked_to_stop(workspace, tiny_dataset):
    run = make_answerable_run(workspace, tiny_dataset)
    with serving(run.id, GRAFT_API_KEY="secret") as (port, process):
        assert ask(port, "GET", "/healthz") == (200, {"status": "ok"})  # as soon as it has said its address
        assert ask(port, "GET", "/model")[0] == 401
        key = {"Authorization": "Bearer secret"}
        status, said = ask(port, "GET", "/model", **key)
        assert (status, said["model"]) == (200, run.id)
        status, said = ask(port, "POST", "/predict", picture("circle"), **key)
        assert (status, said["predictions"][0]["label"]) == (200, "circle")
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        assert "Traceback" not in process.stderr.read()


@pytest.mark.slow
def test_starting_takes_less_than_two_seconds_and_no_tensorflow(model_folder):
    program = (
        "import sys, json\n"
        "from pathlib import Path\n"
        "import uvicorn\n"
        "from tlcore.serving.server import serve\n"
        "uvicorn.Server.run = lambda self, sockets: self.config.load()\n"
        f"serve(Path({str(model_folder)!r}), model='shapes', port=0)\n"
        "heavy = {'tensorflow', 'keras', 'jax', 'torch', 'pandas', 'scipy', 'sklearn', 'streamlit', 'typer'}\n"
        "print(json.dumps(sorted(heavy & set(sys.modules))))\n"
    )

    def processor_seconds() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    # Processor time, not the clock's: whatever else the machine does is no fault.
    before = processor_seconds()
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
    assert processor_seconds() - before < 2


def test_an_address_that_is_taken_is_a_sentence(workspace, tiny_dataset, capsys):
    run = make_answerable_run(workspace, tiny_dataset)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", run.id, "--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert f"127.0.0.1:{port} is not" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "option", ["--port=99999", "--threads=0", "--max-items=-1", "--max-pictures=-1", "--max-pixels=many"]
)
def test_the_exported_program_says_which_numbers_it_takes(model_folder, option, capsys):
    with pytest.raises(SystemExit) as ended:
        program([option], folder=model_folder)
    assert ended.value.code == 2
    assert "is needed. Received" in capsys.readouterr().err


def test_a_run_without_a_model_cannot_be_served(workspace, tiny_dataset, capsys):
    run = make_answerable_run(workspace, tiny_dataset)
    run.model_onnx.unlink()
    assert main(["serve", run.id]) == 1
    assert "has none" in capsys.readouterr().err
