# Everything a newcomer runs. Each target does its own set-up: git, make and Python 3.11+ suffice.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
# pip alone finds the CPU build of torch where there is one, so it is asked for first and by name.
TORCH := $(shell grep '^torch==' constraints.txt)

# Whole test files side by side, one process a core (four at most: each imports torch), each with one
# thread. Files start in the order of their folders: those that take longest come first.
IN_PARALLEL := -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
ONE_THREAD := OMP_NUM_THREADS=1

.PHONY: help demo test check bench format clean

help:  ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/.demo  ## Install, and walk through the whole loop on real text
	$(BIN)/trueup demo

test: $(VENV)/.dev  ## Install, and run the tests
	$(ONE_THREAD) $(BIN)/pytest $(IN_PARALLEL)

check: $(VENV)/.dev  ## Format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev  ## Measure; takes hours; results go to docs/benchmarks.md
	@mkdir -p .make
	$(PIP) -c constraints.txt --group bench
	$(BIN)/python -m tests.benchmarks.bench_training
	$(BIN)/python -m tests.benchmarks.bench_methods --results .make/methods.jsonl
	$(BIN)/python -m tests.benchmarks.bench_false_alarms

format: $(VENV)/.dev  ## Format and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## Remove what the targets above made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# pip is brought up to date here: an older one, in a .venv made by hand, knows no --group.
$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing Trueup into $(VENV) (about 1.5 GB; some minutes the first time) ..."
	$(PIP) --upgrade 'pip>=25.1'
	$(PIP) -c constraints.txt $(TORCH)
	$(PIP) -c constraints.txt -e '.[demo,postgres]'
	@touch $@

$(VENV)/.dev: $(VENV)/.demo
	$(PIP) -c constraints.txt -e '.[quantized,search,ray]' --group dev
	@touch $@

$(BIN)/pip:
	$(PYTHON) -m venv $(VENV)
