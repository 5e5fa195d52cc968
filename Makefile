# Python 3.11+ and make is all a machine needs; `make demo` and `make test` do the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-$(shell cat requirements.txt requirements-dev.txt pyproject.toml | cksum | cut -d' ' -f1)

.PHONY: help setup demo run check test conformance bench lock tour clean

help: ## Show what there is to do
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(READY) ## Make .venv with every locked dependency

$(READY):
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.ready-*
	@touch $@

demo: setup ## Start the demo shop Zrnko and print where to go
	@$(BIN)/kupec demo

run: setup ## Start web and worker for a real shop (settings: docs/settings.md)
	@$(BIN)/kupec run

check: setup ## Lint, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup ## Run the tests
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --max-worker-restart=1

conformance: setup ## Run the suites of others against shops of ours (docs/conformance.md)
	$(BIN)/python -m pytest -v -rs tests/machines/test_conformance.py tests/machines/test_conformance_official.py

bench: setup ## Measure what the README claims
	$(BIN)/python -m bench

lock: ## Compile the lock files from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--output-file requirements.txt pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--extra dev --output-file requirements-dev.txt pyproject.toml

tour: setup ## Take the pictures of docs/tour anew
	$(BIN)/python -m docs.tour.take

clean: ## Remove the virtual environment and the demo's data
	rm -rf $(VENV) .kupec
