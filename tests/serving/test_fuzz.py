"""Whatever is made up from the server's own description, it never fails, and answers as it says it does."""

from __future__ import annotations

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks

CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
EXAMPLES = int(os.environ.get("GRAFT_FUZZ_EXAMPLES", "25"))


@pytest.mark.slow
@pytest.mark.parametrize("mode", GenerationMode)
def test_no_request_makes_it_fail(live, mode):
    """As it says, and then as it says not."""
    described, tried = schemathesis.openapi.from_url(f"{live}/openapi.json"), []
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
