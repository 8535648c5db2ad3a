# make run     opens the app on localhost:8501      (PORT=8765 another port, HEADLESS=1 no browser window)
# make test    lint, types and the tests, of all backbones those that have every kind of layer
# make test-all  every test for every backbone and format: what a release needs
# make fast    the quick tests
# make check   lint, format, types
# make install the environment and the run-time requirements, nothing else
# make lock    writes both requirements files anew from pyproject.toml

PORT ?= 8501
HEADLESS ?=
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# Two processes whatever the machine has: a test of training takes some gigabytes. tests/conftest.py says what one takes together.
SIDE_BY_SIDE := -n 2 --dist loadscope --no-loadscope-reorder
WITH_BROWSER = MAKEFLAGS= GRAFT_CHROMIUM="$$($(BIN)/python -m tests.browser.chromium)"
# What Python has compiled is kept: the suite starts some hundred processes that would each compile it again.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test test-all fast check lint types tests install dev lock clean

run: install
	$(BIN)/python -m streamlit run app.py --server.port $(PORT) --server.headless $(if $(HEADLESS),true,false)

install: .venv/installed

dev: .venv/installed-dev

check: lint types

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev
	$(BIN)/mypy

fast: check
	$(BIN)/python -m pytest -m "not slow" $(SIDE_BY_SIDE)

# Types are checked beside the tests: by itself that leaves one of two cores idle for half a minute.
test: lint
	@$(MAKE) --no-print-directory --jobs=2 types tests

tests: dev
	$(WITH_BROWSER) $(BIN)/python -m pytest -m "not every" --durations=30 $(SIDE_BY_SIDE)

test-all: check
	$(WITH_BROWSER) $(BIN)/python -m pytest --durations=30 $(SIDE_BY_SIDE)

lock: dev
	$(PIP) install uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links \
		pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links \
		pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis

# A stamp is newer than its requirements when they are installed: the second `make` starts at once.
.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Graft needs Python 3.11, 3.12 or 3.13, but none was found. Install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv

.venv/installed: requirements.txt | .venv/bin/python
	@echo "Installing the pinned requirements (some minutes, once)"
	@$(PIP) install -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@echo "Installing the development requirements"
	@$(PIP) install -r requirements-dev.txt
	@touch $@
