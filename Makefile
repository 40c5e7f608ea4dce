# Everything a stranger needs: `make demo`, `make test`. Each sets up what it needs by itself.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check
OUT ?= greenlight-demo

.PHONY: demo test check bench format lock clean

demo: $(VENV)/run.stamp  ## Screen and film the samples against a local studio
	$(BIN)/greenlight demo --out $(OUT)

test: $(VENV)/dev.stamp  ## Run the tests
	$(BIN)/pytest -n 3

check: $(VENV)/dev.stamp  ## Lint, format and type checks, and whether the reference fits the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=docs $(BIN)/mypy docs/generate.py docs/generator/*.py
	$(BIN)/python docs/generate.py --check

bench: $(VENV)/dev.stamp  ## Print what is measured
	$(BIN)/python -m benchmarks

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/dev.stamp  ## Resolve the versions anew
	$(BIN)/uv pip compile pyproject.toml -q -U --group build --generate-hashes --no-header --no-annotate --python-version 3.11 -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml -q -U --group dev --generate-hashes --no-header --no-annotate --python-version 3.11 -c requirements.txt -o requirements-dev.txt

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The lock is whole, so nothing is left to resolve: pip would take a pin of `name` for none of `name[extra]`.
# The checkout is put on the path as it is, so that a change needs no new installation.
$(VENV)/run.stamp: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --no-deps --require-hashes -r requirements.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q greenlight blocks tasks flows deployments cli
	touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	$(PIP) install --no-deps --require-hashes -r requirements-dev.txt
	$(PIP) check
	touch $@
