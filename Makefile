# The few commands of this project. `make` alone lists them.
PYTHON ?= python3
# Processes that run the tests: while one waits the other computes.
TEST_WORKERS ?= 2
# What `make chaos` plays.
SEEDS ?= 7,8,9
CASES ?= 200
BIN := .venv/bin
CACHE_FILES := .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
LOCK := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help setup up down doctor demo chaos bench test lint format types imports contracts check lock clean distclean

help: ## list these commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv from the pinned requirements and fetch the engines (nothing to do the second time)
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "setup: '$(PYTHON)' not found. Install Python 3.11 or newer (Debian, Ubuntu: apt-get install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) deploy/local/setup.py

up: setup ## start engines, sandbox world and the four services; Ctrl-C stops all of it
	@$(BIN)/aftersales up

down: ## stop a stack that runs elsewhere (data stays)
	@if [ -x $(BIN)/aftersales ]; then $(BIN)/aftersales down; else echo "down: nothing is set up here"; fi

doctor: setup ## check this machine and say what is missing
	@$(BIN)/aftersales doctor

demo: setup ## replay a quarter of real orders and credit notes through the whole system
	@$(BIN)/aftersales demo

chaos: setup ## play cases while everything goes wrong, and check every promise; SEEDS=7,8,9 CASES=200
	@$(BIN)/aftersales chaos --seeds $(SEEDS) --cases $(CASES)

bench: setup ## measure how fast things are, each beside a bare program of the same run (about 15 minutes); fails where a number does not hold; ONLY=relay,consumer for some
	@$(BIN)/python -m deploy.local.bench --size=$(or $(SIZE),full) $(if $(ONLY),--only=$(ONLY))

test: setup ## all tests, on the real engines (what CI runs); TEST_WORKERS=4 is for more cores, 0 for a debugger
	@$(BIN)/pytest -q -n $(TEST_WORKERS) tests

lint: setup ## ruff: rules and format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: setup ## ruff: mend what can be mended
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .

types: setup ## mypy, strict
	@$(BIN)/mypy

imports: setup ## the rules of the house (import-linter)
	@$(BIN)/lint-imports

contracts: setup ## schemas, AsyncAPI and samples agree with the models
	@$(BIN)/python -m contracts.export --check

check: lint types imports contracts ## everything but the tests

lock: ## pin and hash requirements/*.in again (needs uv)
	@command -v uv >/dev/null 2>&1 || { echo "lock: 'uv' not found; install it outside this project" >&2; exit 1; }
	@cd requirements && for name in runtime local dev; do $(LOCK) $$name.in -o $$name.txt || exit 1; done

clean: down ## stop the stack and delete its data (.aftersales) and the caches of tools
	@home="$${AFTERSALES_HOME:-.aftersales}"; if [ -e "$$home/supervisor.lock" ]; then rm -rf "$$home"; fi
	@rm -rf $(CACHE_FILES)
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
	@echo "clean: data and caches deleted; .venv stays (make distclean removes it)"

distclean: clean ## clean, and delete .venv
	@rm -rf .venv *.egg-info
