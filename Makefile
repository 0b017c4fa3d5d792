# train         the notebook's job, from nothing: environment, embedded Redis, workers, 30 epochs
# test          real workers, a real Redis, real crashes, from nothing
# test-fast     what needs no Redis and no process: half a minute
# chaos         hundreds of faults, from a printed seed, and thousands of damaged messages and files
# soak          the same, with other networks and faults, for HOURS=8; build/soak.md tells what came of it
# test-anywhere the same bits with other NumPys, BLAS libraries and emulated processors; half an hour, what can be had
# test-cluster  the cluster of docker-compose.yml, on a real Docker engine
# fuzz          mutated inputs of every kind that is read, guided by coverage; FUZZ='--inputs 1000000 --only csv'
# audit         known vulnerabilities and licences of what we depend on; build/sbom.json: what is in the image
# check         format, lint, types
# docs          the documentation, in build/docs
# image         the image of docker-compose.yml, with its revision and date
# lock          requirements/, from pyproject.toml; the only target that needs uv, and gets it
# bench         GradMQ beside its peers, which get an environment of their own: a step, and how soon they know 99 %
# bench-step    a gradient and a step beside the notebook's loop, and where the time goes
# bench-faults  what a fault costs, and being prepared for it
# bench-local   how well local steps learn, and how long until 95 %
# bench-optimizers what an optimizer's step costs beside plain SGD's
# bench-scale   what a step costs coordinator and Redis with 1 to 64 workers, and `gradmq plan` beside real runs
# bench-exact   how well exact arithmetic learns, beside native; and what a slow worker costs
# bench-estimators the estimators beside scikit-learn's own perceptron
# bench-sweep   a sweep with one worker and with two
# bench-memory  memory of all processes over 30 epochs
# bench-events  what Celery's events and Flower cost a step
# bench-image   the image's size, and how soon a cluster of containers works; needs a Docker engine
# clean         the environments, build/ and caches; never runs/
# help          this list

PYTHON ?= python3
ENV := .venv
PEERS := .peers
IMAGE ?= gradmq
INSTALLED := $(ENV)/train
DEVELOP := $(ENV)/dev
BENCH := $(ENV)/bench
FUZZER := $(ENV)/fuzz
AUDIT := .audit
DOCS := $(ENV)/docs
HOURS ?= 8
QUIETLY := --quiet --disable-pip-version-check
# More processes of tests than processors, because tests wait; see tests/conftest.py.
SIDE_BY_SIDE := -n auto
# Tests start our programs a thousand times: what is compiled once is kept, also where the environment says otherwise.
unexport PYTHONDONTWRITEBYTECODE
# One version of each package for every Python from 3.11, system and processor: NumPy's decides the bits.
COMPILE := build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --annotation-style line --custom-compile-command 'make lock'
SUBSET := $(COMPILE) --constraints requirements/all.txt

.PHONY: train test test-fast chaos soak test-anywhere test-cluster fuzz audit check docs image lock bench bench-step bench-faults \
	bench-local bench-optimizers bench-scale bench-exact bench-estimators bench-sweep \
	bench-memory bench-events bench-image clean help
# Two at a time in one environment would be in each other's way.
.NOTPARALLEL:

train: $(INSTALLED)
	$(ENV)/bin/gradmq train

test: $(DEVELOP)
	$(ENV)/bin/python -m pytest $(SIDE_BY_SIDE)

test-fast: $(DEVELOP)
	$(ENV)/bin/python -m pytest -q $(SIDE_BY_SIDE) tests/unit tests/test_structure.py

chaos: $(DEVELOP)
	$(ENV)/bin/python -m pytest -s -m chaos
	GRADMQ_MUTATIONS=1000 $(ENV)/bin/python -m pytest -s -k 'damaged or mutated' tests/unit tests/integration

# OPTIONS='--seed 4711': the same again; with --only 3 the fourth scenario of them alone.
soak: $(DEVELOP)
	$(ENV)/bin/python -m tests.chaos --hours $(HOURS) $(OPTIONS)

# ONLY='ARM64': the environments whose name has this pattern. What they need stays in build/anywhere.
test-anywhere: $(DEVELOP)
	$(ENV)/bin/python -m tests.anywhere --only '$(ONLY)'

test-cluster: $(DEVELOP)
	$(ENV)/bin/python -m pytest -m docker

fuzz: $(FUZZER)
	$(ENV)/bin/python -m tests.fuzz $(FUZZ)

# 69: nobody could be asked about vulnerabilities.
audit: $(AUDIT)/installed $(DEVELOP)
	$(AUDIT)/bin/python -m tests.audit $(ENV)/bin/python

check: $(DEVELOP)
	$(ENV)/bin/ruff format --check .
	$(ENV)/bin/ruff check .
	$(ENV)/bin/mypy

docs: $(DOCS)
	$(ENV)/bin/sphinx-build -W --keep-going docs build/docs

# The revision of a tree with changes ends in -dirty.
image:
	docker build --tag $(IMAGE) --build-arg CREATED="$$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
		--build-arg REVISION="$$(git describe --always --dirty --exclude '*' --abbrev=40)" .

# QUICK=--quick: seconds each, to see that all of them run.
bench: $(BENCH) $(PEERS)/installed
	$(ENV)/bin/python -m benchmarks.peers --check --python $(PEERS)/bin/python $(QUICK)
	$(ENV)/bin/python -m benchmarks.peers --python $(PEERS)/bin/python $(QUICK)
	$(ENV)/bin/python -m benchmarks.learning --python $(PEERS)/bin/python $(QUICK)

bench-step: $(BENCH)
	$(ENV)/bin/python -m benchmarks.gradient $(QUICK)
	$(ENV)/bin/python -m benchmarks.step $(QUICK)

bench-faults: $(BENCH)
	$(ENV)/bin/python -m benchmarks.precautions $(QUICK)
	$(ENV)/bin/python -m benchmarks.faults $(QUICK)
	$(ENV)/bin/python -m benchmarks.liars $(QUICK)

bench-local: $(BENCH)
	$(ENV)/bin/python -m benchmarks.local_sgd $(QUICK)
	$(ENV)/bin/python -m benchmarks.inner_state $(QUICK)
	$(ENV)/bin/python -m benchmarks.time_to_accuracy $(QUICK)

bench-optimizers: $(BENCH)
	$(ENV)/bin/python -m benchmarks.optimizers $(QUICK)

bench-scale: $(BENCH)
	$(ENV)/bin/python -m benchmarks.scaling $(QUICK)
	$(ENV)/bin/python -m benchmarks.cost_model $(QUICK)

bench-exact: $(BENCH)
	$(ENV)/bin/python -m benchmarks.accuracy $(QUICK)
	$(ENV)/bin/python -m benchmarks.uneven $(QUICK)

bench-estimators: $(BENCH)
	$(ENV)/bin/python -m benchmarks.estimators $(QUICK)

bench-sweep: $(BENCH)
	$(ENV)/bin/python -m benchmarks.sweep $(QUICK)

bench-memory: $(BENCH)
	$(ENV)/bin/python -m benchmarks.memory --through-redis $(QUICK)

bench-events: $(BENCH)
	$(ENV)/bin/python -m benchmarks.events $(QUICK)

bench-image: $(BENCH)
	$(ENV)/bin/python -m benchmarks.image $(QUICK)

# Versions stay while pyproject.toml allows them; `make lock UPGRADE=--upgrade` takes the newest. All files have the
# versions of all.txt.
lock: build/uv/bin/uv
	$(COMPILE) $(UPGRADE) pyproject.toml --extra all --group build --output-file requirements/all.txt
	$(SUBSET) --group build --output-file requirements/build.txt
	$(SUBSET) pyproject.toml --extra flower --output-file requirements/image.txt
	$(SUBSET) pyproject.toml --extra embedded --output-file requirements/train.txt
	$(SUBSET) pyproject.toml --extra dev --output-file requirements/dev.txt
	$(SUBSET) pyproject.toml --extra bench --output-file requirements/bench.txt
	$(SUBSET) pyproject.toml --extra docs --output-file requirements/docs.txt
	$(SUBSET) pyproject.toml --extra fuzz --output-file requirements/fuzz.txt
	$(COMPILE) $(UPGRADE) --group audit --output-file requirements/audit.txt

clean:
	rm -rf $(ENV) $(PEERS) $(AUDIT) build .mypy_cache .ruff_cache .pytest_cache .hypothesis

help:
	@sed -n 's/^# //p; /^$$/q' $(MAKEFILE_LIST)

# A locked environment: the same wheels, by their digests, on every machine. requirements/build.txt is what makes the
# package itself, which so needs nothing of an environment of pip's own. For tests and documentation all is compiled when
# it is imported first: most of it never is, and compiling it would take half of the time to install.
$(ENV)/%: requirements/%.txt requirements/build.txt pyproject.toml | $(ENV)/bin/pip
	$(ENV)/bin/pip install $(QUIETLY) $(if $(filter dev docs fuzz,$*),--no-compile) --require-hashes \
		--requirement requirements/build.txt --requirement $<
	$(ENV)/bin/pip install $(QUIETLY) --no-deps --no-build-isolation --editable .
	touch $@

$(ENV)/bin/pip:
	$(PYTHON) -m venv $(ENV)

# Apart from what it looks at.
$(AUDIT)/installed: requirements/audit.txt
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/pip install $(QUIETLY) --require-hashes --requirement $<
	touch $@

build/uv/bin/uv:
	$(PYTHON) -m venv build/uv
	build/uv/bin/pip install $(QUIETLY) uv==0.13.9

# One by one: who cannot be had is left out, and the table says so.
$(PEERS)/installed: benchmarks/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	grep -v '^#' $< | while read -r peer; do \
		$(PEERS)/bin/pip install --quiet --disable-pip-version-check "$$peer" || echo "left out: $$peer"; \
	done
	touch $@
