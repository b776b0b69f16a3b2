# Two commands for everybody: `make demo` shows the main job, `make test` runs everything a reviewer would.
# A fresh machine needs Python 3.11 or newer, make, and a network that reaches PyPI.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Most tests wait for something: twice as many workers as cores keep two cores busy.
WORKERS ?= 4
LINT = $(MAKE) --no-print-directory lint

.PHONY: setup demo test test-busy test-all test-every-case smoke emulate lint workflows format bench playground pictures fuzz sbom release lock findings docs clean help

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

setup: $(STAMP) ## make the virtual environment in .venv with appgw in it

$(STAMP): requirements/dev.txt pyproject.toml
	@echo "== setting up $(VENV): pinned dependencies, then appgw itself (about a minute the first time)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; say for example: make PYTHON=python3.12 test")'
# Debian without python3-venv leaves an environment that has Python and no pip; asked for again, it is made again.
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q bot chainlib playground
	@touch $@

demo: setup ## run /appgw-check against a lab of broken backends, through the real bot
	@$(BIN)/python -m playground.demo

test: setup ## lint, types, import contracts and the whole suite, with its coverage held
	@echo "== tests ($(WORKERS) workers), and lint beside them, whose answer comes at the end"
# The tests wait for much, and lint takes what they leave of the machine.
	@mkdir -p build; nice -n 5 $(LINT) > build/lint.log 2>&1 & lint=$$!; \
	trap 'kill $$lint 2>/dev/null' INT TERM; failed=0; \
	TEST_COVERAGE=1 $(BIN)/python -m pytest -n $(WORKERS) || failed=1; \
	wait $$lint || failed=1; cat build/lint.log; exit $$failed

test-all: ## make test with each Python from 3.11 to 3.14 that the machine has, and the SQLite that it links
	@for python in $$(.ci/interpreters); do \
	  version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])') || exit 1; \
	  echo "== Python $$version: $$($$python -c 'import sqlite3, ssl, sys; print(sys.version.split()[0], "SQLite", sqlite3.sqlite_version, ssl.OPENSSL_VERSION)')"; \
	  $(MAKE) --no-print-directory PYTHON=$$python VENV=.cache/py$$version test || exit 1; \
	done

test-busy: setup ## run the tests about time RUNS times (20) beside two busy processes
	@$(BIN)/python -m tests.support.busy --runs $(or $(RUNS),20) $(if $(PART),--part $(PART))

test-every-case: ## make test with every case of the sampled tests (minutes more)
	@TEST_EVERY_CASE=1 $(MAKE) test

smoke: setup ## the few tests that show whether a Python fits: make smoke PYTHON=python3.13 VENV=.cache/py3.13
	@$(BIN)/python -m pytest -q -m smoke $$(grep -rl --include='test_*.py' 'mark\.smoke' tests)

emulate: setup ## read a verdict back out of another project's stand-in Slack (npm fetches 200 MB once)
	@npm install --prefix playground/emulate --no-audit --no-fund --no-package-lock --loglevel=error
	@$(BIN)/python -m pytest tests/playground/test_emulate.py

lint: setup ## ruff, mypy, import contracts, Dockerfile
	@echo "== lint: ruff, mypy strict, import contracts, Dockerfile"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/hadolint Dockerfile

workflows: .cache/zizmor/.installed ## zizmor over .github and the pipelines of deploy, offline
	@.cache/zizmor/bin/zizmor --offline --quiet --persona pedantic .github deploy/github-action

.cache/zizmor/.installed: requirements/zizmor.txt
	@$(PYTHON) -m venv --clear .cache/zizmor
	@.cache/zizmor/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/zizmor.txt
	@touch $@

format: setup ## rewrite the code in the project's format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

fuzz: setup ## fuzz every reader of foreign bytes, SECONDS for each (60)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/fuzz.txt
	@$(BIN)/python -m fuzz --seconds $(or $(SECONDS),60)

bench: setup ## measure, as ratios in one run
	@mkdir -p build
	@$(BIN)/python -m compileall -q bot chainlib playground bench
	@$(BIN)/python -m bench $(BENCH) --json build/bench.json --table docs/benchmarks.md

playground: setup ## keep the stand-ins running, with a web page like a phone (needs Node 20 or newer)
	@$(BIN)/python -m playground.phone

pictures: setup ## draw every stored card at phone width into docs/pictures (needs Node 20 and Chromium)
	@$(BIN)/python -m playground.pictures

sbom: setup ## list every dependency with its hashes in dist/sbom.cdx.json (CycloneDX)
	@$(PYTHON) -m venv .cache/sbom && .cache/sbom/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/sbom.txt
	@mkdir -p dist
	@.cache/sbom/bin/cyclonedx-py requirements requirements/runtime.txt --pyproject pyproject.toml --output-reproducible --output-format JSON -o dist/sbom.cdx.json
	@echo "dist/sbom.cdx.json"

# The dates inside are those of the last commit, so that the same commit gives the same files.
release: setup sbom ## build the wheel, the sdist, the SBOM and SHA256SUMS in dist/
	@rm -f dist/*.whl dist/*.tar.gz dist/SHA256SUMS
	@SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} $(BIN)/python -m hatchling build -d dist >/dev/null
	@cd dist && sha256sum *.whl *.tar.gz sbom.cdx.json > SHA256SUMS && cat SHA256SUMS

findings: setup ## write the pages of findings, servers and gateways anew from the catalogue
	@$(BIN)/python -m playground.finding_pages

docs: .cache/docs/.installed ## build the documentation as a site, strictly, into site/
	@NO_MKDOCS_2_WARNING=1 .cache/docs/bin/mkdocs build --quiet --strict
	@echo "site/index.html"

# An environment of its own: the site needs neither the bot nor its tools.
.cache/docs/.installed: requirements/docs.txt
	@$(PYTHON) -m venv --clear .cache/docs
	@.cache/docs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.txt
	@touch $@

lock: setup ## resolve the dependencies anew into requirements/
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q -o requirements/runtime.txt
	@$(BIN)/uv pip compile pyproject.toml --extra mcp --group dev --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q -c requirements/runtime.txt -o requirements/dev.txt

clean: ## remove the virtual environment and caches
	@rm -rf $(VENV) .cache site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
