# Two commands for a fresh machine: `make demo` and `make test`. README.md says what they do.
# docs/install.md has the plain pip commands for machines without make.

PYTHON ?= python3
PIP_VERSION := 26.3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
DEMO_OUT ?= demo

.PHONY: demo test install lint check docs wheel-alone release lock clean

# make demo                               on drawn phantoms, in demo/
# make demo DATA=/path/to/collection      on your own films
demo: $(STAMP)
	$(BIN)/osteon demo $(if $(DATA),"$(DATA)") -o "$(DEMO_OUT)"

test: lint check docs wheel-alone

install: $(STAMP)

# Made again only when the pinned versions or the package's own needs change.
$(STAMP): constraints.txt pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Osteon needs Python 3.11 or newer; name one with make PYTHON=python3.12')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "pip==$(PIP_VERSION)"
	$(BIN)/python -m pip install --quiet --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $(STAMP)

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Two workers, one arithmetic thread each: more of either only makes them wait for one another.
check: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

# The documentation site, in build/docs; a warning is an error, and nothing is fetched.
docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

# What a stranger gets: the wheel and its base needs, and none of the extras.
wheel-alone: $(STAMP)
	rm -rf dist
	$(BIN)/python -m build --quiet --wheel --no-isolation --outdir dist
	set -e; alone=$$(mktemp -d); trap 'rm -rf "$$alone"' EXIT; \
	$(PYTHON) -m venv "$$alone/venv"; \
	"$$alone/venv/bin/python" -m pip install --quiet "pip==$(PIP_VERSION)"; \
	wheel=$$(echo "$$PWD"/dist/*.whl); \
	echo "$$wheel $$($(BIN)/python -m pip hash "$$wheel" | tail -n 1)" > "$$alone/wheel.txt"; \
	"$$alone/venv/bin/python" -m pip install --quiet -r "$$alone/wheel.txt" -c constraints.txt; \
	$(BIN)/python -c "import sys; from pathlib import Path; from tests.releases import build_release; build_release(Path(sys.argv[1]))" "$$alone"; \
	cd "$$alone"; \
	venv/bin/python -I -c "import osteon, importlib.util as u; absent = [n for n in ('torch', 'polars', 'scipy') if u.find_spec(n)]; assert not absent, absent"; \
	venv/bin/osteon --version; \
	venv/bin/osteon --help > help.txt; \
	venv/bin/python -I -c "from PIL import Image; from osteon.phantoms.phantom import draw_phantom as d; Image.fromarray((d(1, has_fracture=True).radiograph.pixels * 255).astype('uint8')).save('film.png')"; \
	venv/bin/osteon inspect bright.osteon > card.txt; \
	venv/bin/osteon read film.png --release bright.osteon -o out; \
	test -f out/overlays/film.png -a -f out/readings.csv; \
	venv/bin/osteon inspect > default.txt; \
	venv/bin/osteon read film.png -o default; \
	test -f default/overlays/film.png -a -f default/readings.csv

# A dry run: what would be published is built and checked, and nothing is published.
release: $(STAMP)
	rm -rf dist
	$(BIN)/python -m build --quiet --no-isolation --outdir dist
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/python .ci/check_release.py

# Exact, hashed versions of everything, for every platform; needs uv on the path.
lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
		--python-version 3.11 --all-extras --upgrade --custom-compile-command "make lock" \
		pyproject.toml -o constraints.txt

clean:
	rm -rf $(VENV) dist build demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
