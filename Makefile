# Sauda. `make run` opens the app, `make test` runs every test; both need only Python 3.11 or newer.

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
PORT   ?= 8420
OPEN   ?= 1
DATA   ?=
JOBS   ?= 4
AGAIN  ?= --reruns 2 --reruns-delay 1

.PHONY: run test test-fast fault bench results check types lock clean help

help: ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.run ## set up, start on http://127.0.0.1:8420, open the browser (OPEN=0 does not)
	@$(BIN)/python -m server.main run --port $(PORT) $(if $(DATA),--data $(DATA)) $(if $(filter 0,$(OPEN)),--no-open)

test: $(VENV)/.dev chromium ## every test: unit, contract, property, fault, architecture, docs, browser
	@$(BIN)/python -m pytest tests --ignore tests/web -n $(JOBS) --dist worksteal $(AGAIN)
	@$(BIN)/python -m pytest tests/web -n 2 --dist loadfile $(AGAIN) # apart: a browser's event loop and asyncio tests do not mix
	@$(BIN)/python -m pytest e2e -n 2 --dist loadfile $(AGAIN)

test-fast: $(VENV)/.dev ## everything but the browser
	@$(BIN)/python -m pytest tests --ignore tests/web -n $(JOBS) --dist worksteal $(AGAIN)

fault: $(VENV)/.dev ## the long runs: 300 kills, 10,000 sequences, a million frames
	@SAUDA_LONG=1 $(BIN)/python -m pytest -m "slow or not slow" --timeout 3600 tests/fault tests/property tests/fuzz

bench: $(VENV)/.dev chromium ## measure, print the tables of tests/bench/RESULTS.md
	@$(BIN)/python -m tests.bench

results: $(VENV)/.dev chromium ## run every bench and write what it printed into tests/bench/RESULTS.md
	@$(BIN)/python -m tests.bench --write

check: $(VENV)/.dev types ## ruff, mypy strict, tsc --checkJs
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

types: ## type-check the JavaScript (needs Node; only developers do)
	@command -v npm >/dev/null || { echo "make check needs Node for the JavaScript types; nothing else does."; exit 1; }
	@test -x .venv/node/node_modules/.bin/tsc || npm install --silent --no-audit --no-fund --prefix .venv/node typescript@5.9
	@.venv/node/node_modules/.bin/tsc -p web/jsconfig.json

.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  echo "Browser tests need Chromium: installing Debian's package chromium."; \
	  SUDO=$$(test "$$(id -u)" = 0 || echo sudo); $$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq chromium >/dev/null; }

lock: $(VENV)/.dev ## write the hashed requirements files anew (needs uv)
	@uv pip compile -q --generate-hashes --universal --no-annotate --no-header --python-version 3.11 pyproject.toml -o requirements.txt
	@uv pip compile -q --generate-hashes --universal --no-annotate --no-header --python-version 3.11 --extra dev pyproject.toml -o requirements-dev.txt
	@! grep -n '://' requirements.txt requirements-dev.txt

clean: ## remove the environment and caches, never your data
	@rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis build dist *.egg-info

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Sauda needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Making the environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt | $(VENV)/bin/python
	@echo "Installing what Sauda needs (about half a minute, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)/bin/python
	@echo "Installing what the tests need (about a minute, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/.run
