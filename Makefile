# train         the seed's job, from nothing: environment, embedded Redis, workers, 30 epochs
# test          real workers, a real Redis, real crashes, from nothing
# test-fast     what needs no Redis and no process: half a minute
# chaos         hundreds of faults, from a printed seed, and thousands of damaged messages and files
# test-cluster  the cluster of docker-compose.yml, on a real Docker engine
# check         format, lint, types
# bench         GradMQ beside its peers, which get an environment of their own
# bench-step    a gradient and a step beside the notebook's loop, and where the time goes
# bench-faults  what a fault costs, and being prepared for it
# bench-local   how well local steps learn, and how long until 95 %
# bench-scale   what a step costs coordinator and Redis with 1 to 64 workers, and `gradmq plan` beside real runs
# bench-memory  memory of all processes over 30 epochs
# bench-events  what Celery's events and Flower cost a step
# bench-image   the image's size, and how soon a cluster of containers works; needs a Docker engine
# clean         the environments and caches; never runs/

PYTHON ?= python3
ENV := .venv
PEERS := .peers
INSTALLED := $(ENV)/installed
DEVELOP := $(ENV)/develop
BENCH := $(ENV)/bench

.PHONY: train test test-fast chaos test-cluster check bench bench-step bench-faults bench-local bench-scale bench-memory \
	bench-events bench-image clean

train: $(INSTALLED)
	$(ENV)/bin/gradmq train

test: $(DEVELOP)
	$(ENV)/bin/python -m pytest

test-fast: $(DEVELOP)
	$(ENV)/bin/python -m pytest -q tests/unit tests/test_structure.py

chaos: $(DEVELOP)
	$(ENV)/bin/python -m pytest -s -m chaos
	GRADMQ_MUTATIONS=1000 $(ENV)/bin/python -m pytest -s -k damaged tests/unit tests/integration

test-cluster: $(DEVELOP)
	$(ENV)/bin/python -m pytest -m docker

check: $(DEVELOP)
	$(ENV)/bin/ruff format --check .
	$(ENV)/bin/ruff check .
	$(ENV)/bin/mypy

# QUICK=--quick: seconds each, to see that all of them run.
bench: $(BENCH) $(PEERS)/installed
	$(ENV)/bin/python -m benchmarks.peers --python $(PEERS)/bin/python $(QUICK)

bench-step: $(BENCH)
	$(ENV)/bin/python -m benchmarks.gradient $(QUICK)
	$(ENV)/bin/python -m benchmarks.step $(QUICK)

bench-faults: $(BENCH)
	$(ENV)/bin/python -m benchmarks.precautions $(QUICK)
	$(ENV)/bin/python -m benchmarks.faults $(QUICK)

bench-local: $(BENCH)
	$(ENV)/bin/python -m benchmarks.local_sgd $(QUICK)
	$(ENV)/bin/python -m benchmarks.time_to_accuracy $(QUICK)

bench-scale: $(BENCH)
	$(ENV)/bin/python -m benchmarks.scaling $(QUICK)
	$(ENV)/bin/python -m benchmarks.cost_model $(QUICK)

bench-memory: $(BENCH)
	$(ENV)/bin/python -m benchmarks.memory --through-redis $(QUICK)

bench-events: $(BENCH)
	$(ENV)/bin/python -m benchmarks.events $(QUICK)

bench-image: $(BENCH)
	$(ENV)/bin/python -m benchmarks.image $(QUICK)

clean:
	rm -rf $(ENV) $(PEERS) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(ENV)
	$(ENV)/bin/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(DEVELOP): $(INSTALLED)
	$(ENV)/bin/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

$(BENCH): $(INSTALLED)
	$(ENV)/bin/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	touch $@

# One by one: who cannot be had is left out, and the table says so.
$(PEERS)/installed: benchmarks/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	grep -v '^#' $< | while read -r peer; do \
		$(PEERS)/bin/pip install --quiet --disable-pip-version-check "$$peer" || echo "left out: $$peer"; \
	done
	touch $@
