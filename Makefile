# Works with GNU make and with FreeBSD's make. Two targets matter: build and test.

# The Python of the system where it will do: others are often built without optimization, and a quarter slower.
PYTHON != for python in /usr/bin/python3 /usr/local/bin/python3 python3; do \
	"$$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	done; echo "$$python"
VENV = .venv
RUN = PYTHONDONTWRITEBYTECODE= $(VENV)/bin

all: build

# Compile the example site into build/.
build: $(VENV)/ready
	$(RUN)/hivewright build

# Everything that continuous integration runs.
test: $(VENV)/ready-test
	$(RUN)/pytest -n 3 --dist worksteal

# The everyday run: less than a minute.
quick: $(VENV)/ready-test
	$(RUN)/pytest -n 3 --dist worksteal -m "not slow"

# Figures, each beside the floor measured in the same run.
bench: $(VENV)/ready-test
	$(RUN)/python tests/bench.py

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/ready: $(VENV)/bin/pip pyproject.toml
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/ready-test: $(VENV)/ready
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -e '.[test]'
	touch $@

.PHONY: all build test quick bench clean
