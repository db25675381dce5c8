# Works with GNU make and with FreeBSD's make. Two targets matter: build and test.

PYTHON != sh tests/requirements.sh python || true
VENV = .venv
RUN = PYTHONDONTWRITEBYTECODE= $(VENV)/bin

all: build

# Compile the example site into build/.
build: ready
	$(RUN)/hivewright build

# Everything that continuous integration runs.
test: ready-test
	$(RUN)/pytest -n 3 --dist worksteal

# The everyday run: what is not marked slow.
quick: ready-test
	$(RUN)/pytest -n 3 --dist worksteal -m "not slow"

# Each scenario of the stand-in host in each shell; make test runs it in two.
shells: ready-test
	$(RUN)/pytest -n 3 --dist worksteal --all-shells tests/host/scenarios

# Every step of each verb killed, failed and without space on the stand-in host; make test tries a part of them.
campaigns: ready-test
	HIVEWRIGHT_EVERY_STEP=yes $(RUN)/pytest -n 3 --dist worksteal tests/host/campaigns tests/host/cases

# Write all that is expected anew: look at git diff afterwards.
golden: ready-test
	$(RUN)/hivewright build
	$(RUN)/python -m hivewright.schema.manual_page docs/man/hivewright.toml.5
	$(RUN)/pytest -n 3 --dist worksteal --snapshot-update --allow-snapshot-deletion

# Figures, each beside the floor measured in the same run.
bench: ready-test
	$(RUN)/python tests/bench.py

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# What the virtual environment needs may be installed here, so another make looks for Python once more.
ready:
	@sh tests/requirements.sh build
	@$(MAKE) -s $(VENV)/ready

ready-test:
	@sh tests/requirements.sh test
	@$(MAKE) -s $(VENV)/ready-test

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/ready: $(VENV)/bin/pip pyproject.toml
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -e '.[hooks]'
	touch $@

$(VENV)/ready-test: $(VENV)/ready
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -e '.[test]'
	touch $@

.PHONY: all build test quick shells campaigns golden bench clean ready ready-test
