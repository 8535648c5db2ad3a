"""Whatever is made up from the server's own description, it never fails, and answers as it says it does."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks

from tests.serving.conftest import LIMITS
from tlcore.inference.predictor import Predictor
from tlcore.serving.app import create_app

CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
EXAMPLES = int(os.environ.get("GRAFT_FUZZ_EXAMPLES", "25"))


@pytest.fixture(scope="module")
def described(model_folder: Path) -> Iterator[schemathesis.BaseSchema]:
    """The description of a server that answers at a real port."""
    app = create_app(Predictor.from_run(model_folder, threads=1), model="shapes-1", sha256="0" * 64, limits=LIMITS)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")
    server.should_exit = True
    thread.join()


@pytest.mark.slow
@pytest.mark.parametrize("mode", GenerationMode)
def test_no_request_makes_it_fail(described, mode):
    """As it says, and then as it says not."""
    tried = []
    for operation in described.get_all_operations():

        @settings(max_examples=EXAMPLES, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(case=operation.ok().as_strategy(generation_mode=mode))
        def ask(case):
            tried.append(case.path)
            case.call_and_validate(checks=CHECKS)

        try:
            ask()
        except Unsatisfiable:  # a path that takes nothing in cannot be asked wrongly
            assert mode is GenerationMode.NEGATIVE
    assert "/predict" in tried
