# The newcomer's commands. `make serve` and `make test` work on a machine that has nothing but
# git, make and Python 3.11: what else they need, they install, and say so.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UNITS := tests/test_architecture.py tests/test_settings.py tests/core tests/services tests/dialects tests/providers
UV := $(BIN)/uv
# The page as built, and all that it is built from; folders too, whose time tells of what is gone.
PAGE := src/sluice/page/built/.sources
SOURCES := scripts/page $(shell find web -name node_modules -prune -o -print)

.PHONY: serve test check bench setup setup-dev setup-test clean

serve: setup
	$(BIN)/sluice serve $(ARGS)

test: setup-test
	$(BIN)/python -m pytest -n auto $(ARGS)

check: setup-dev
	$(BIN)/ruff format --check src tests bench examples scripts/page hatch_build.py
	$(BIN)/ruff check src tests bench examples scripts/page hatch_build.py
	$(BIN)/basedpyright
	$(BIN)/python scripts/page check
	$(BIN)/python scripts/page test
	$(BIN)/python -m pytest -q $(UNITS) $(ARGS)

bench: setup-dev
	scripts/system-packages nginx:nginx-light
	$(BIN)/python -m bench $(ARGS)

setup: $(VENV)/.serve $(PAGE)

setup-dev: $(VENV)/.dev $(PAGE)

setup-test: setup-dev
	scripts/system-packages nginx:nginx-light chromium:chromium curl:curl \
		postgres:postgresql pgbouncer:pgbouncer
	-scripts/system-packages chromium-headless-shell:chromium-headless-shell  # twice as fast

$(UV):
	scripts/virtual-environment $(PYTHON) $(VENV)

$(VENV)/.serve: pyproject.toml uv.lock | $(UV)
	scripts/sync $(UV) --no-dev --group page
	@touch $@

$(VENV)/.dev: pyproject.toml uv.lock | $(UV)
	scripts/sync $(UV)
	@touch $@ $(VENV)/.serve

$(PAGE): $(SOURCES) | $(VENV)/.serve
	$(BIN)/python scripts/page build

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis web/node_modules src/sluice/page/built
