# 红色矩阵: `make run` starts the portal with a sample year, `make test` runs everything that CI runs.
# A machine needs Python 3.11+ (with venv), make and git; Node comes from a Python package.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := build/.stamps
export PATH := $(CURDIR)/$(BIN):$(PATH)

FRONT_END := $(shell find static scripts/build_frontend.mjs -type f 2>/dev/null)

.PHONY: run test lint build bench lock clean

run: $(STAMPS)/collected
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py load_sample --if-empty
	@exec $(BIN)/python manage.py serve

test: $(STAMPS)/requirements-dev $(STAMPS)/collected
	@$(BIN)/python scripts/test.py

lint: $(STAMPS)/requirements-dev $(STAMPS)/built
	@$(BIN)/python scripts/lint.py

build: $(STAMPS)/collected

bench: $(STAMPS)/requirements-dev
	$(BIN)/python -m benchmarks.schedule_check
	$(BIN)/python -m benchmarks.lists
	$(BIN)/python -m benchmarks.screening
	$(BIN)/python -m benchmarks.casting
	$(BIN)/python -m benchmarks.tally

lock: $(STAMPS)/requirements-dev
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-find-links --no-emit-index-url --custom-compile-command "make lock" requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-find-links --no-emit-index-url --custom-compile-command "make lock" requirements-dev.in -c requirements.txt -o requirements-dev.txt

$(BIN)/python:
	@$(PYTHON) scripts/check_machine.py
	$(PYTHON) -m venv $(VENV)

$(STAMPS)/requirements: requirements.txt | $(BIN)/python
	@mkdir -p $(STAMPS)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(STAMPS)/requirements-dev: requirements-dev.txt $(STAMPS)/requirements
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(STAMPS)/node_modules: package-lock.json $(STAMPS)/requirements
	$(BIN)/npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(STAMPS)/built: $(FRONT_END) $(STAMPS)/node_modules
	$(BIN)/node scripts/build_frontend.mjs
	@touch $@

$(STAMPS)/collected: $(STAMPS)/built
	$(BIN)/python manage.py collectstatic --noinput --verbosity 0
	@touch $@

clean:
	rm -rf build node_modules $(VENV)
