# The newcomer's commands. `make serve` and `make test` work on a machine that has nothing but
# git, make and Python 3.11: what else they need, they install, and say so.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UNITS := tests/test_architecture.py tests/test_settings.py tests/core tests/services tests/dialects tests/providers
UV := $(BIN)/uv

.PHONY: serve test check bench setup setup-dev setup-test clean

serve: setup
	$(BIN)/sluice serve $(ARGS)

test: setup-test
	$(BIN)/python -m pytest $(ARGS)

check: setup-dev
	$(BIN)/ruff format --check src tests bench examples
	$(BIN)/ruff check src tests bench examples
	$(BIN)/basedpyright
	$(BIN)/python -m pytest -q $(UNITS) $(ARGS)

bench: setup-dev
	scripts/system-packages nginx:nginx-light
	$(BIN)/python -m bench $(ARGS)

setup: $(VENV)/.serve

setup-dev: $(VENV)/.dev

setup-test: setup-dev
	scripts/system-packages nginx:nginx-light chromium:chromium curl:curl \
		postgres:postgresql pgbouncer:pgbouncer

$(UV):
	scripts/virtual-environment $(PYTHON) $(VENV)

$(VENV)/.serve: pyproject.toml uv.lock | $(UV)
	scripts/sync $(UV) --no-dev
	@touch $@

$(VENV)/.dev: pyproject.toml uv.lock | $(UV)
	scripts/sync $(UV)
	@touch $@ $(VENV)/.serve

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
