# The commands that people use. `make help` lists them; `make test ARGS="-k units"` hands arguments on.
SHELL         := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS     += --no-print-directory

PYTHON  ?=
VENV    := .venv
BIN     := $(VENV)/bin
STAMPS  := $(VENV)/stamps
PIP     := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
WORKERS ?= 2
ARGS    ?=

# A venv holds absolute paths: one that was moved with its folder, or whose Python is gone, is made anew.
ifneq ($(shell $(BIN)/python -c 'import sys; print(open("$(VENV)/where").read().strip() == sys.argv[1])' "$(CURDIR)" 2>/dev/null),True)
.PHONY: $(STAMPS)/venv
endif

.PHONY: help run test lint bench fuzz record docs docs-serve clean

help: ## this list
	@awk -F ': .*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(STAMPS)/run ## install what is needed and evaluate scenarios/quickstart.tonne
	@$(BIN)/tonne run scenarios/quickstart.tonne $(ARGS)

test: $(STAMPS)/test ## all tests
	@$(BIN)/python -m pytest -q -n $(WORKERS) $(ARGS)

lint: $(STAMPS)/dev ## ruff's rules, ruff's format, mypy
	@$(BIN)/ruff check --quiet --output-format concise
	@$(BIN)/ruff format --check --quiet --output-format concise
	@$(BIN)/mypy --no-error-summary

bench: $(STAMPS)/test ## every benchmarks/bench_*.py, one after the other
	@found=0; for file in benchmarks/bench_*.py; do \
	  test -e "$$file" || continue; found=1; $(BIN)/python "$$file" $(ARGS) || exit 1; \
	done; test $$found = 1 || echo "no benchmarks yet: they go into benchmarks/bench_*.py"

fuzz: $(STAMPS)/test ## damaged and made-up files, 20,000 unless ARGS="--inputs 1000000 --seed 3"
	@$(BIN)/python tests/fuzz.py $(ARGS)

# Sphinx reads every page anew (-E), so that a warning about an old one is never passed over; a warning fails (-W).
docs: $(STAMPS)/docs ## the documentation, as a site in build/site; its links are checked
	@$(BIN)/python docs/site/stage.py build/docs
	@$(BIN)/sphinx-build -b html -q -E -W --keep-going -j auto -c docs/site -d build/doctrees build/docs build/site
	@echo "build/site/index.html"

record: $(STAMPS)/run ## docs/record.md, from the published record
	@$(BIN)/python docs/site/record.py

docs-serve: docs ## the same, on http://localhost:8000
	@$(BIN)/python -m http.server --bind localhost --directory build/site 8000

clean: ## remove the venv, builds and caches
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python that is 3.11 or newer: PYTHON when given, python3, then the numbered names.
$(STAMPS)/venv: pyproject.toml
	@set -e; python=; \
	for name in $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11 python3.14); do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python="$$name"; break; fi; \
	done; \
	if test -z "$$python"; then echo "tonne needs Python 3.11 or newer; say where it is: make PYTHON=/path/to/python3" >&2; exit 1; fi; \
	rm -rf $(VENV); echo "making $(VENV) …" >&2; \
	"$$python" -m venv $(VENV) || { rm -rf $(VENV); echo "\`$$python -m venv\` does not work; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; \
	mkdir -p $(STAMPS); echo "$(CURDIR)" > $(VENV)/where; touch $@

$(STAMPS)/run: $(STAMPS)/venv
	@$(PIP) install --editable ".[watch]"
	@touch $@

$(STAMPS)/test: $(STAMPS)/venv
	@$(PIP) install --editable ".[test]"
	@touch $(STAMPS)/run $@

$(STAMPS)/docs: $(STAMPS)/venv
	@$(PIP) install --editable ".[docs]"
	@touch $(STAMPS)/run $@

$(STAMPS)/dev: $(STAMPS)/venv
	@$(PIP) install --editable ".[dev]"
	@touch $(STAMPS)/run $(STAMPS)/test $@
