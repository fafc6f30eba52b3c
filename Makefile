.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CODE := $(wildcard src tests tools benchmarks)
WORKERS ?= logical
ARGS ?=

AGENTS := .agents

.PHONY: help demo test test-agents lint hazards bench reference lock fmt clean

help:  ## these lines
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 13

# uv installs from the hashed lock in seconds; where it cannot be had, pip does the same, slower.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: Python 3.11 or newer is needed, $(PYTHON) is older"; \
	    echo "hint: make PYTHON=/path/to/python3.11"; exit 1; } >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.txt
	@{ $(BIN)/python -m pip install -q --require-hashes --no-deps -r $(VENV)/uv.txt && \
	   $(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes requirements.lock && \
	   $(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e . ; } || \
	 { echo "uv could not do it: installing with pip" >&2; \
	   $(BIN)/python -m pip install -q --require-hashes --no-deps -r requirements.lock && \
	   $(BIN)/python -m pip install -q --no-deps --no-build-isolation -e . ; }
	@touch $@

demo: $(READY)  ## an epic from plan to landing in a throw-away repository, no account needed
	@$(BIN)/ropewalk demo

test: $(READY)  ## all tests but hazards and live ones, then the floors of coverage
	@rm -f .coverage .coverage.* coverage.json
	@$(BIN)/coverage run -m pytest -n $(WORKERS) $(ARGS)
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage json -q
	@$(BIN)/python -m tools.coverage_gate

$(AGENTS)/.ready: tests/real/package.json tests/real/package-lock.json
	@command -v npm >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  apt-get install -y -qq npm >/dev/null; } || \
	  { echo "error: npm is not there and cannot be installed from here"; \
	    echo "hint: install it (Debian: apt-get install npm), then make test-agents"; exit 1; } >&2
	@mkdir -p $(AGENTS)
	@cp tests/real/package.json tests/real/package-lock.json $(AGENTS)/
	@cd $(AGENTS) && npm install --no-audit --no-fund --loglevel=error
	@touch $@

test-agents: $(READY) $(AGENTS)/.ready  ## real coding agents, pinned, each against a model server on loopback
	@$(BIN)/python -m tools.loopback $(BIN)/pytest -n 0 -p no:randomly -m real \
	  --basetemp=$(AGENTS)/tmp -o tmp_path_retention_policy=failed $(ARGS) tests/real

lint: $(READY)  ## ruff, mypy, import-linter, sizes, hygiene
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	$(BIN)/python -m tools.sizes
	$(BIN)/python -m tools.hygiene

hazards: $(READY)  ## the cases in which work could be lost
	@$(BIN)/pytest -n $(WORKERS) -m hazard $(ARGS) tests/hazards
	@command -v strace >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  apt-get install -y -qq strace >/dev/null; } || \
	  { echo "error: strace is not there and cannot be installed from here"; \
	    echo "hint: install it (Debian: apt-get install strace), then make hazards"; exit 1; } >&2
	@$(BIN)/python -m tests.hazards.strace_kills

bench: $(READY)  ## every benchmark, one after another
	@failed=0; for name in $(basename $(notdir $(wildcard benchmarks/bench_*.py))); do \
	   echo "== $$name"; $(BIN)/python -m "benchmarks.$$name" || failed=1; done; exit $$failed

reference: $(READY)  ## write docs/reference from the code
	@$(BIN)/python -m tools.reference

lock: $(READY)  ## resolve requirements.lock again, for all platforms, with hashes
	$(BIN)/uv pip compile -q pyproject.toml --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements.lock

fmt: $(READY)  ## format the code and fix what ruff can fix
	$(BIN)/ruff check --fix-only $(CODE)
	$(BIN)/ruff format $(CODE)

clean:  ## remove everything that make and the tools wrote
	rm -rf $(VENV) $(AGENTS) build dist htmlcov .coverage .coverage.* coverage.json .hypothesis \
	  .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
