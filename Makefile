# Two commands: `make reproduce` writes everything to results/, `make test` checks everything.
PYTHON ?= python3
BIN := .venv/bin
# Tests start many processes: without its bytecode each of them would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# $(call environment,FOLDER) makes an environment, or says what is missing and leaves no half of one.
define environment
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pdt_evidence needs Python 3.11 or newer")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "$(PYTHON) has no ensurepip, which an environment needs: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(1) || { rm -rf $(1); exit 1; }
endef

.PHONY: reproduce test lint citation wheel-check test-floors test-newest test-abroad test-thorough r-packages browser-checks benchmark docs docs-site links-check metadata-check release-check fuzz kill reference mutants clean

reproduce: .venv/run
	$(BIN)/pdt-evidence reproduce --out results
	$(BIN)/python -W ignore tools/compare_pools.py

test: .venv/test lint citation
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: .venv/test
	$(BIN)/ruff check src tests benchmarks tools docs
	$(BIN)/ruff format --check src tests benchmarks tools docs
	$(BIN)/basedpyright --pythonpath $(BIN)/python

# cffconvert needs an older jsonschema than frictionless does, hence an environment of its own.
citation: .venv-citation/done
	.venv-citation/bin/cffconvert --validate

# The wheel alone, in an empty environment, as another user, offline.
wheel-check: .venv/wheels/done
	tools/try_wheel.sh .venv/wheels

# The promise of pyproject.toml: the oldest versions that it allows, and the newest there are.
# Pictures are pinned for one version of Matplotlib: these runs leave them out, and count them as deselected.
test-floors: .venv-floors/done
	.venv-floors/bin/python -m pytest -n 2 --dist worksteal -m "not pinned"

test-newest: .venv-newest/done
	.venv-newest/bin/python -m pytest -n 2 --dist worksteal -m "not pinned"

# Wants the locale: apt install locales && localedef -i de_DE -f UTF-8 de_DE.UTF-8
test-abroad: .venv/test
	TEST_LANG=de_DE.UTF-8 TEST_TZ=Asia/Kathmandu $(BIN)/python -m pytest -n 2 --dist worksteal

# Every test of random cases, with two to four times as many of them as `make test` draws.
test-thorough: .venv/test
	TEST_THOROUGH=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m random

# The report in a browser: what axe-core finds, widths, keyboard, paper. Wants Chromium: apt install chromium.
# Pictures of it at three widths, light and dark, are left in build/screenshots.
browser-checks: .venv/test
	$(PIP) -e '.[browser]'
	PDT_SCREENSHOTS=build/screenshots $(BIN)/python -m pytest -n 0 tests/browser

# What tests that are otherwise skipped need, and the scripts in tests/reference: R is installed by hand.
r-packages:
	Rscript -e 'install.packages(c("metafor", "clubSandwich", "jsonlite", "metadat"))'

# The peers want versions of their own, hence an environment of its own here too.
benchmark: .venv-benchmark/done
	.venv-benchmark/bin/python -m benchmarks

docs: .venv/test
	$(BIN)/python tools/draw_readme_figure.py
	$(BIN)/python tools/draw_badges.py
	$(BIN)/python tools/write_readme_answer.py
	$(BIN)/python tools/website/blocks.py
	$(BIN)/python tools/list_figures.py
	$(BIN)/python docs/gallery/draw.py
	$(BIN)/python tools/draw_architecture.py
	$(BIN)/python tools/run_notebooks.py

# The site, in build/site: strictly, so that a broken link or an unknown name fails. Installed once, it needs no network.
docs-site: .venv/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# Every address outside the site that a page names: asked once each, with a network; build the site first.
links-check: docs-site
	$(BIN)/python tools/website/external_links.py

# What describes the data package, read by the validators of Croissant and RO-Crate; the latter fetches its vocabulary from the net.
metadata-check: .venv-metadata/done
	$(PYTHON) tools/write_metadata.py
	.venv-metadata/bin/mlcroissant validate --jsonld data/croissant.json
	.venv-metadata/bin/rocrate-validator --no-interactive validate --no-paging --verbose --profile-identifier ro-crate-1.1 data

# Wheel and sdist in build/dist, checked by twine and tried on every Python from 3.11 on that the machine has, with the oldest
# libraries allowed, the newest, and pandas 2.2. Needs the package index; publishes nothing.
release-check: .venv-release/done
	PATH="$(CURDIR)/.venv-release/bin:$$PATH" .venv-release/bin/python tools/release_check.py $(PYTHONS)

fuzz: .venv/test
	$(BIN)/python tests/fuzz/fuzz_readers.py --cases 10000

# Kills each command 50 times with signal 9, at moments all over its run; an hour.
kill: .venv/test
	$(BIN)/python tests/fuzz/kill_runs.py --times 50

# Remakes the pinned values of other packages by their scripts; needs R.
reference: .venv/test
	$(BIN)/python tools/remake_reference.py

# Which small changes to the lines changed since BASE no test sees.
BASE ?= main
mutants: .venv/test
	$(BIN)/python tools/mutants.py --base $(BASE)

clean:
	rm -rf .venv .venv-citation .venv-benchmark .venv-floors .venv-newest .venv-release .venv-metadata results

.venv/python: pyproject.toml constraints.txt
	$(call environment,.venv)
	touch $@

.venv/run: .venv/python
	$(PIP) -e .
	touch $@

.venv/test: .venv/python
	$(PIP) -e '.[test,lint]'
	touch $@ .venv/run

.venv/docs: .venv/python
	$(PIP) -e '.[docs]'
	touch $@

.venv-citation/done: constraints-citation.txt
	$(call environment,.venv-citation)
	.venv-citation/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-citation.txt cffconvert
	touch $@

.venv-benchmark/done: pyproject.toml benchmarks/requirements.txt
	$(call environment,.venv-benchmark)
	.venv-benchmark/bin/python -m pip install --quiet --disable-pip-version-check -e . -r benchmarks/requirements.txt
	touch $@

.venv/wheels/done: .venv/python
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check -c constraints.txt -w .venv/wheels hatchling .
	rm .venv/wheels/pdt_evidence-*.whl
	touch $@

.venv-metadata/done: Makefile
	$(call environment,.venv-metadata)
	.venv-metadata/bin/python -m pip install --quiet --disable-pip-version-check mlcroissant==1.1.1 roc-validator==0.13.0
	touch $@

.venv-release/done: tools/release_requirements.txt
	$(call environment,.venv-release)
	.venv-release/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

.venv-floors/done: pyproject.toml tools/floors.py
	$(call environment,.venv-floors)
	$(PYTHON) tools/floors.py >.venv-floors/requirements.txt
	.venv-floors/bin/python -m pip install --quiet --disable-pip-version-check -r .venv-floors/requirements.txt -e .
	touch $@

.venv-newest/done: pyproject.toml
	$(call environment,.venv-newest)
	.venv-newest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade -e '.[excel,parquet,tables,distributed,test]'
	touch $@
