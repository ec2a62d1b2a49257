# `make` alone lists the targets. Everything that is installed lands in .venv.

VENV := .venv
PEER_VENV := .venv-peers
BIN := $(VENV)/bin
# The first Python that is new enough; PYTHON=... picks another.
PYTHON ?= $(shell for one in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$one" && break; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help up demo test lint bench screenshots lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

up: $(VENV)/.demo ## Start server and agent on this machine, serve the pages (PORT=8400, ZONE=FR for CO2e)
	@$(BIN)/joulebook up $(if $(ZONE),--zone $(ZONE)) $(if $(PORT),--port $(PORT))

demo: $(VENV)/.demo ## Measure a real experiment, print its table, keep serving (EXIT=1 ends, ZONE=FR for CO2e)
	@$(BIN)/joulebook demo $(if $(ZONE),--zone $(ZONE)) $(if $(PORT),--port $(PORT)) $(if $(filter-out 0,$(EXIT)),--exit)

# Tests wait more than they compute: twice as many at a time as there are processors.
AT_ONCE := $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))

test: $(VENV)/.dev ## Run the tests (ARGS="tests/core -x" for a part of them, ARGS="-n 0" one by one)
	@$(BIN)/python -m pytest -q -rfEs -n $(AT_ONCE) --dist loadfile $(ARGS)

lint: $(VENV)/.dev ## Check style, types, who imports whom, and declared dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry agents app

bench: $(VENV)/.dev $(if $(PEERS),$(PEER_VENV)/.peers) ## What measuring costs, and how exact it is (PEERS=1: beside other trackers)
	@$(BIN)/python -m benchmarks.start_cost $(if $(PEERS),--peers)
	@$(BIN)/python -m benchmarks.window_cost $(if $(PEERS),--peers)
	@$(BIN)/python -m benchmarks.accuracy
	@$(BIN)/python -m benchmarks.agent_cost

screenshots: $(VENV)/.dev ## Write pictures of the pages, light, dark and narrow, to build/screenshots (TO=docs/images)
	@$(BIN)/python -m scripts.screenshots $(or $(TO),build/screenshots)

lock: $(VENV)/.dev ## Renew requirements/*.txt (UPGRADE=1 takes newer releases)
	@BIN=$(BIN) UPGRADE=$(UPGRADE) requirements/lock

clean: ## Remove all that make created, .venv and the demo's data included
	rm -rf $(VENV) $(PEER_VENV) .joulebook build dist .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find agents app migrations tests benchmarks scripts -name __pycache__ -prune -exec rm -rf {} +

# A stamp is as new as the last install, so a second call installs nothing.
$(VENV)/.demo $(VENV)/.dev: $(VENV)/.%: pyproject.toml requirements/%.txt requirements/build.txt | $(VENV)/bin/pip
	@echo "installing requirements/$*.txt into $(VENV) (the first time takes some minutes)"
	@$(PIP) --require-hashes -r requirements/$*.txt -r requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# The peers get an environment of their own: theirs hold versions that ours do not.
$(PEER_VENV)/.peers: requirements/peers.txt | $(VENV)/bin/pip
	@echo "installing requirements/peers.txt into $(PEER_VENV)"
	@$(PYTHON) -m venv --clear $(PEER_VENV)
	@$(PEER_VENV)/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r $<
	@touch $@

$(VENV)/bin/pip:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer found; install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is no Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		version=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "make: $(PYTHON) lacks the venv module; on Debian and Ubuntu: sudo apt-get install python$$version-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
