# Two commands: `make reproduce` writes everything to results/, `make test` checks everything.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: reproduce test lint citation benchmark docs fuzz clean

reproduce: .venv/run
	$(BIN)/pdt-evidence reproduce --out results

test: .venv/test lint citation
	$(BIN)/python -m pytest -n 2

lint: .venv/test
	$(BIN)/ruff check src tests benchmarks tools docs
	$(BIN)/ruff format --check src tests benchmarks tools docs
	$(BIN)/basedpyright --pythonpath $(BIN)/python

# cffconvert needs an older jsonschema than frictionless does, hence an environment of its own.
citation: .venv-citation/done
	.venv-citation/bin/cffconvert --validate

# The peers want versions of their own, hence an environment of its own here too.
benchmark: .venv-benchmark/done
	.venv-benchmark/bin/python -m benchmarks

docs: .venv/test
	$(BIN)/python tools/draw_readme_figure.py
	$(BIN)/python docs/gallery/draw.py
	$(BIN)/python tools/run_notebooks.py

fuzz: .venv/test
	$(BIN)/python tests/fuzz/fuzz_readers.py --cases 10000

clean:
	rm -rf .venv .venv-citation .venv-benchmark results

.venv/python: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pdt_evidence needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	touch $@

.venv/run: .venv/python
	$(PIP) -e .
	touch $@

.venv/test: .venv/python
	$(PIP) -e '.[test,lint]'
	touch $@ .venv/run

.venv-citation/done: constraints-citation.txt
	$(PYTHON) -m venv .venv-citation
	.venv-citation/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-citation.txt cffconvert
	touch $@

.venv-benchmark/done: pyproject.toml benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-benchmark
	.venv-benchmark/bin/python -m pip install --quiet --disable-pip-version-check -e . -r benchmarks/requirements.txt
	touch $@
