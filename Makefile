# Everything a developer or a visitor types. CI calls the same names.
#
#   make demo       read plates from a short clip, here, on the CPU (installs the device part only)
#   make test       install everything, run the plain tests;  make test-all adds the slow ones
#   make check      format, lint, types, words that hide meaning, and whether README and docs are up to date
#   make docs       the documentation as a site in build/site, from docs/
#   make coverage   the plain tests with their coverage, page in build/coverage; fails below the floor in pyproject.toml
#   make faults     what goes wrong in months at a gate, on purpose, and a table of what was lost
#   make cuts       CUTS=1000 kills of devices, broker, consumers and database at random, and what was lost (RabbitMQ, PostgreSQL)
#                   in rounds; started again, it goes on to that number; NODES=3: a cluster, one node of which is killed at a time
#   make updates    what a device does with wrong, old and broken model releases, and with power cuts (lpr-edge --models)
#   make fleet-load DEVICES=2000 simulated at one centre: bursts, an hour's outage, what each part takes; TLS=1: all by TLS
#   make search     EVENTS=1000000 in a PostgreSQL of its own, and how long each kind of search takes there (FOLDER=DIR)
#   make soak       FRAMES=200000 from a looped clip with all sinks on, and a table of what was lost and what was left over
#                   with CAMERAS=4 MINUTES=60: so many streams in one process, frames read of each, memory; JSON=FILE
#                   keeps the result
#   make accessibility  every screen of the web page under axe-core, in Chromium
#   make archives   lpr-batch on one core and the single process, in turns; make two-machines: training on two, as root
#   make bench      speed, start and memory on this machine: lpr-bench
#   make bench-short  the same with few frames, into build/: what CI keeps
#   make bench-arm64  the device part on an emulated Raspberry Pi OS: tests, demo, parity (needs root, takes half an hour)
#   make bench-armhf  the same on an emulated 32-bit one
#   make deb        Debian packages into build/deb: lpr, its Python packages and the service, for RELEASES and ARCHS
#   make deb-test   install, run, upgrade, remove and purge them in fresh roots of Debian (needs root, half an hour and more)
#   make container-test  do what Containerfile and compose.yaml say, in plain roots: no engine (needs root, minutes)
#   make addon      lpr's wheel into home-assistant/lpr, the add-on for Home Assistant
#   make models DATA=DIR   train, pack, export, measure and describe all shipped models anew; stopped, it goes on
#   make folds DATA=DIR    cross-validate detector and reader, and measure whole photographs, each by folds that hadn't seen it
#   make fine-tune-gain DATA=DIR FROM=RUN   what a reader gains from photographs of a source that it hasn't seen (half an hour)
#   make collected-gain DATA=DIR FROM=RUN   what a reader gains from the votes that --collect stores (an hour)
#   make rivals DATA=DIR   Tesseract, fast-plate-ocr, a nano detector and lpr side by side (an environment of its own, an hour)
#   make clean      remove environments and caches;  runs/ stays
#
# PYTHON=python3.12 make demo  takes another Python than the one found here.

PYTHON ?= $(shell for python in python3.11 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
ifeq ($(strip $(PYTHON)),)
$(error No Python 3.11 or newer found. Install it with venv (Debian: apt install python3 python3-venv), or set PYTHON=...)
endif

# constraints.txt is what was seen to work together on these Pythons. For newer ones pyproject.toml's ranges decide.
PYTHON_VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
ifneq ($(filter $(PYTHON_VERSION),3.11 3.12 3.13),)
export PIP_CONSTRAINT := constraints.txt
endif
export PIP_DISABLE_PIP_VERSION_CHECK := 1

DEVICE := .venv-device
EVERYTHING := .venv
RIVALS := .venv-rivals

.PHONY: demo test test-slow test-all coverage faults cuts search fleet-load soak accessibility check docs format deb deb-test container-test bench bench-short bench-arm64 bench-armhf addon models folds rivals clean
.DELETE_ON_ERROR:

demo: $(DEVICE)/installed
	$(DEVICE)/bin/lpr-edge --demo

bench: $(DEVICE)/installed
	$(DEVICE)/bin/lpr-bench

# No figure of it may be quoted, and none is asserted: it shows that the benchmarks run, and keeps what they wrote.
bench-short: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/lpr-bench frames --frames 10 --processes 2 --board short --json build/bench/short.json
	$(EVERYTHING)/bin/lpr-bench latency --rounds 2 --thread-counts 1 --board short --json build/bench/short.json
	$(EVERYTHING)/bin/lpr-bench parity --board short --json build/bench/short.json
	$(EVERYTHING)/bin/lpr-bench roofline --rounds 10 --board short --json build/bench/short.json
	$(EVERYTHING)/bin/lpr-bench report build/bench/short.json --out build/bench

RELEASES ?= bookworm trixie

ARCHS ?= amd64 arm64

deb: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/python -m tools.deb $(RELEASES:%=--release %) $(ARCHS:%=--arch %)

deb-test:
	for release in $(RELEASES); do for arch in $(ARCHS); do tools/deb/try-package $$release $$arch || exit 1; done; done

container-test: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/python -m tools.container

bench-arm64:
	benchmarks/arm/arm64

bench-armhf:
	benchmarks/arm/armhf

test: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/python -m pytest

test-slow: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/python -m pytest -m slow

test-all: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/python -m pytest -m ''

coverage: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/python -m pytest --cov --cov-report=term --cov-report=html:build/coverage

faults: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/python -m pytest -m faults

CUTS := 1000

NODES := 1

cuts: $(EVERYTHING)/installed
	nice $(EVERYTHING)/bin/python -m tests.support.cuts --cuts $(CUTS) --nodes $(NODES) \
		--results benchmarks/results/centre/cuts$(if $(filter-out 1,$(NODES)),-$(NODES)-nodes).jsonl

DEVICES := 2000

fleet-load: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/python -m tests.support.fleet_load --devices $(DEVICES) $(if $(TLS),--tls) \
		--json benchmarks/results/centre/load$(if $(TLS),-tls).json

EVENTS := 1000000

ROUNDS := 100

# A folder that was filled once is measured again without that.
FOLDER ?= build/centre/$(EVENTS)

search: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/python -m tests.support.time_search --events $(EVENTS) --rounds $(ROUNDS) --folder $(FOLDER) \
		--json benchmarks/results/centre/search-$(EVENTS).json

FRAMES := 200000

MINUTES := 60

# With CAMERAS: so many streams at once for MINUTES.
soak: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/python -m tests.support.$(if $(CAMERAS),soak_cameras --cameras $(CAMERAS) --minutes $(MINUTES),soak --frames $(FRAMES)) \
		$(if $(JSON),--json $(JSON))

accessibility: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/python -m tests.support.accessibility --json benchmarks/results/accessibility.json

# lpr-batch on one core and the single process, in turns: benchmarks/results/archives.
.PHONY: archives two-machines
archives: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/python -m tests.support.time_archives --json benchmarks/results/archives/throughput.json

# What a reader gains from photographs of a new source. FROM is a run of a reader that hasn't seen this one.
.PHONY: fine-tune-gain
fine-tune-gain: $(EVERYTHING)/installed
	$(has_data)nice $(EVERYTHING)/bin/python -m tests.support.fine_tune_gain --data $(DATA) --from $(FROM) \
		--folder build/fine-tune-gain --json benchmarks/results/accuracy/fine-tune.json

# What a reader gains from the votes that a device collects. FROM is a run of a reader that hasn't seen one of the sources.
.PHONY: collected-gain
collected-gain: $(EVERYTHING)/installed
	$(has_data)nice $(EVERYTHING)/bin/python -m tests.support.collected_gain --data $(DATA) --from $(FROM) \
		--folder build/collected-gain --json benchmarks/results/accuracy/collected-gain.json

# Training on two machines that are network namespaces: needs root and iproute2.
two-machines: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/python -m tests.support.two_machines --json benchmarks/results/training/two-machines.json

.PHONY: updates
updates: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/python -m tests.support.update_scenarios --json benchmarks/results/updates/scenarios.json

check: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/ruff format --check .
	$(EVERYTHING)/bin/ruff check .
	$(EVERYTHING)/bin/mypy
	$(EVERYTHING)/bin/python -m tests.house.words
	$(EVERYTHING)/bin/python -m tools.docs --check

docs: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/python -m tools.docs
	NO_MKDOCS_2_WARNING=1 $(EVERYTHING)/bin/python -m mkdocs build --quiet --strict

format: $(EVERYTHING)/installed
	$(EVERYTHING)/bin/ruff format .
	$(EVERYTHING)/bin/ruff check --fix .

# All of the shipped models from nothing, by the settings below and else the commands' own; what is finished has a stamp in
# RUNS and isn't done again, what was stopped goes on from its last whole epoch. `TF_NUM_INTRAOP_THREADS=1 make -j2 models`
# trains two at once, a core each: on two cores that does a sixth more an hour than one after the other.
# FLAGS_detector="--seed 2" and the like change a run's settings.
RUNS ?= runs/models
NETWORKS := detector reader characters
SHIPPED := edge/lpr_edge/models
PACKED := export/lpr_export/models
MAX_DROP ?= 2
LPR = $(EVERYTHING)/bin
EXPORTED := $(RUNS)/int8
ON_EXPORTED := --detector $(EXPORTED)/detector.int8.tflite --reader $(EXPORTED)/reader.int8.tflite
FOLDED := detector reader
BY_FOLDS := $(foreach network,$(FOLDED),--$(network) $(RUNS)/folds-$(network)/int8/*.int8.tflite)
has_data = $(if $(DATA),,$(error Give the folder that holds plates/ and characters/: make $(MAKECMDGOALS) DATA=DIR))

# The shipped reader: rendered plates; then street and Koshi photographs alone; then all of the data, crops and partly
# legible plates too, in seven runs that hold out the same plates, which fit its confidence: three with milder and milder
# augmentation, two with pasted digits and single characters, in small batches, one that learns the plate's corners, and one
# with changed shapes, the noise of the dark and dropout, since the former knew its training plates by heart. (Of the first
# of the seven, seven of nine epochs were trained; of the fourth, six of 18; the first five without a head for corners, which
# the sixth adds, the first six without changed shapes, noise of the dark and dropout.) From there it went on learning with a
# teacher of fifty times the size, for nine minutes on a machine of 16 cores with a GPU. TEACHER=no leaves the teacher out
# where no GPU is at hand. The shipped detector: rendered scenes; then photographs (there were those of street and Koshi alone at the time, with views that lean less); then all of
# them in two runs that hold out the same tenth; a longer third one, with views from afar and upright ones and hard negatives
# from windows of photographs, that holds out a little more (its first 18 epochs on a schedule of 40); and one with stretched
# views. What none of them has seen chose epoch and threshold. Each run leaves a network that can be exported.
# Detector and reader learn rendered pictures first, and then all of the real ones too, to the last epoch. Every fold of a
# cross-validation begins from the former as well, which have seen no photograph: so a fold costs minutes, and what it holds
# out is unseen all the same. The folds tell how well such networks do, and fit the reader's confidence.
FLAGS_rendered-detector ?= --real-share 0 --holdout 0 --epochs 15 --validate-every 5
FLAGS_photo-detector ?= --init $(RUNS)/rendered-detector --holdout 0 --epochs 40
OF_ALL_SOURCES := --steps-per-epoch 75 --validate-every 4 --learning-rate 0.002 --real-share 0.85 --swap-share 0.9
FLAGS_sources-detector ?= --init $(RUNS)/photo-detector --epochs 20 $(OF_ALL_SOURCES)
FLAGS_leaning-detector ?= --init $(RUNS)/sources-detector --epochs 17 $(OF_ALL_SOURCES)
FLAGS_distant-detector ?= --init $(RUNS)/leaning-detector --epochs 33 --steps-per-epoch 150 --validate-every 11 \
	--learning-rate 0.002 --warmup-epochs 0.5 --ema 0.999 --real-share 0.83 --repaint-share 0.25 --swap-share 0.9 --holdout 0.12
FLAGS_detector ?= --init $(RUNS)/distant-detector --epochs 18 --steps-per-epoch 150 --validate-every 6 \
	--learning-rate 0.0012 --warmup-epochs 0.5 --ema 0.999 --real-share 0.83 --repaint-share 0.25 --swap-share 0.9 --holdout 0.12
FLAGS_folds-detector ?= --init $(RUNS)/rendered-detector --epochs 15
FLAGS_rendered-reader ?= --real-share 0 --holdout 0 --epochs 36 --validate-every 4
FINISHING := --init $(RUNS)/rendered-reader --learning-rate 0.002
FLAGS_street-reader ?= $(FINISHING) --sources street,koshi --holdout 0 --epochs 18
FLAGS_crops-reader ?= --init $(RUNS)/street-reader --learning-rate 0.002 --epochs 9 --steps-per-epoch 250 \
	--validate-every 3 --warmup-epochs 0.4 --real-share 0.75 --ema 0.997 --digit-paste-share 0
MILDER := --copy-paste-share 0.35 --letter-paste-share 0.12 --boxed-share 0.08 --inverted-share 0.05 --strength 0.4
FLAGS_milder-reader ?= --init $(RUNS)/crops-reader --learning-rate 0.0008 --epochs 5 --steps-per-epoch 250 \
	--validate-every 5 --warmup-epochs 0.2 --real-share 0.8 --ema 0.996 $(MILDER) --corner-jitter 0.045 --digit-paste-share 0
MILDEST := --copy-paste-share 0.3 --letter-paste-share 0.05 --boxed-share 0.03 --inverted-share 0.02 --strength 0.25
FLAGS_mildest-reader ?= --init $(RUNS)/milder-reader --learning-rate 0.001 --epochs 3 --steps-per-epoch 150 \
	--validate-every 3 --warmup-epochs 0.1 --real-share 0.9 --ema 0.99 $(MILDEST) --corner-jitter 0.04 --digit-paste-share 0
SMALL_BATCHES := --batch-size 24 --steps-per-epoch 200 --ema 0.998 --hard-example-weight 4 --corner-jitter 0.045
FLAGS_pasted-reader ?= --init $(RUNS)/mildest-reader --learning-rate 0.0012 --epochs 18 --validate-every 6 \
	--warmup-epochs 0.5 --real-share 0.85 $(SMALL_BATCHES) --copy-paste-share 0.5 --letter-paste-share 0.25 \
	--digit-paste-share 0.2 --boxed-share 0.06 --inverted-share 0.03 --strength 0.35
FLAGS_longer-reader ?= --init $(RUNS)/pasted-reader --learning-rate 0.001 --epochs 10 --validate-every 5 \
	--warmup-epochs 0.3 --real-share 0.82 $(SMALL_BATCHES) --copy-paste-share 0.4 --letter-paste-share 0.2 \
	--digit-paste-share 0.15 --boxed-share 0.05 --inverted-share 0.02 --strength 0.3
FLAGS_corners-reader ?= --init $(RUNS)/longer-reader --learning-rate 0.0015 --epochs 40 --validate-every 5 \
	--warmup-epochs 0.5 --real-share 0.74 --batch-size 24 --steps-per-epoch 200 --ema 0.998 --hard-example-weight 4 \
	--copy-paste-share 0.4 --letter-paste-share 0.2 --digit-paste-share 0.12 --one-row-share 0.25 --inverted-share 0.04 \
	--boxed-share 0.08 --corner-jitter 0.05 --strength 0.42
STRONGER := --weight-decay 0.05 --warmup-epochs 0.5 --real-share 0.74 --hard-example-weight 2 --copy-paste-share 0.5 \
	--one-row-share 0.25 --inverted-share 0.04 --boxed-share 0.08 --corner-jitter 0.05 --shape-strength 0.8 --dropout 0.1
FLAGS_deformed-reader ?= --init $(RUNS)/corners-reader --learning-rate 0.0025 --epochs 40 --validate-every 5 --ema 0.998 \
	--batch-size 24 --steps-per-epoch 200 $(STRONGER) --letter-paste-share 0.3 --digit-paste-share 0.3 --strength 0.65
STRONGEST := $(STRONGER) --copy-paste-share 0.55 --letter-paste-share 0.35 --digit-paste-share 0.35 --strength 0.7 \
	--ema 0.999 --holdout 0.12 --repeats 3
ifeq ($(TEACHER),no)
FLAGS_reader ?= $(FLAGS_deformed-reader)
else
FLAGS_reader ?= --init $(RUNS)/deformed-reader --align $(RUNS)/aligner/deformed-reader.int8.tflite --workers 16 --steps-per-epoch 100 --epochs 55 \
	--kept-batches 300 --validate-every 55 --learning-rate 0.003 $(STRONGEST)
endif
FLAGS_folds-reader ?= $(FINISHING) --epochs 8
FOLDS := 1 2 3
WAY := photo-detector sources-detector leaning-detector distant-detector street-reader crops-reader \
	milder-reader mildest-reader pasted-reader longer-reader corners-reader deformed-reader first-characters

# The characters learn from what a reader cuts out of plates as well, so they wait for it: first an early one, then a better.
FLAGS_first-characters ?= --alphabet wide --reader $(RUNS)/street-reader --epochs 32 --validate-every 4
FLAGS_characters ?= --alphabet wide --init $(RUNS)/first-characters --reader $(RUNS)/corners-reader --epochs 40 \
	--validate-every 4 --learning-rate 0.003 --strength 0.65 --real-share 0.75

models: $(RUNS)/described

begins = $(RUNS)/$(1)/trained $(FOLDS:%=$(RUNS)/folds-$(1)/fold-%/trained): $(RUNS)/rendered-$(1)/trained
$(foreach network,$(FOLDED),$(eval $(call begins,$(network))))
# The ways of detector and reader, each run from the one before it.
$(RUNS)/photo-detector/trained: $(RUNS)/rendered-detector/trained
$(RUNS)/sources-detector/trained: $(RUNS)/photo-detector/trained
$(RUNS)/leaning-detector/trained: $(RUNS)/sources-detector/trained
$(RUNS)/distant-detector/trained: $(RUNS)/leaning-detector/trained
$(RUNS)/detector/trained: $(RUNS)/distant-detector/trained
$(RUNS)/street-reader/trained: $(RUNS)/rendered-reader/trained
$(RUNS)/crops-reader/trained: $(RUNS)/street-reader/trained
$(RUNS)/milder-reader/trained: $(RUNS)/crops-reader/trained
$(RUNS)/mildest-reader/trained: $(RUNS)/milder-reader/trained
$(RUNS)/pasted-reader/trained: $(RUNS)/mildest-reader/trained
$(RUNS)/longer-reader/trained: $(RUNS)/pasted-reader/trained
$(RUNS)/corners-reader/trained: $(RUNS)/longer-reader/trained
$(RUNS)/deformed-reader/trained: $(RUNS)/corners-reader/trained
ifeq ($(TEACHER),no)
$(RUNS)/reader/trained: $(RUNS)/corners-reader/trained
else
$(RUNS)/reader/trained: $(RUNS)/aligner/exported
	$(has_data)test -f $(@D)/metrics.json || $(LPR)/lpr-train distill --data $(DATA) --out $(@D) $(FLAGS_reader)
	@touch $@
$(RUNS)/aligner/exported: $(RUNS)/deformed-reader/trained
	$(LPR)/lpr-export --int8 $(RUNS)/deformed-reader --max-drop 100 --out $(@D)
	@touch $@
endif
$(RUNS)/first-characters/trained: $(RUNS)/street-reader/trained
$(RUNS)/characters/trained: $(RUNS)/first-characters/trained $(RUNS)/corners-reader/trained
# A finished network needs no beginning any more.
.SECONDARY: $(FOLDED:%=$(RUNS)/rendered-%/trained) $(WAY:%=$(RUNS)/%/trained) $(RUNS)/aligner/exported

# A run is called NETWORK, STAGE-NETWORK or folds-NETWORK/fold-NUMBER.
settings = $(firstword $(subst /, ,$*))
network = $(patsubst folds-%,%,$(lastword $(subst -, ,$(settings))))
fold_flags = $(if $(findstring /,$*),--fold $(subst fold-,,$(notdir $*)) --folds $(words $(FOLDS)))

.PRECIOUS: $(RUNS)/%/trained
$(RUNS)/%/trained: | $(EVERYTHING)/installed
	$(has_data)@echo "Training $* in $(@D) ..."
	if test -f $(@D)/checkpoint/last.npz; then $(LPR)/lpr-train $(network) --out $(@D) --resume; \
	else $(LPR)/lpr-train $(network) --data $(DATA) --out $(@D) $(FLAGS_$(settings)) $(fold_flags); fi
	@touch $@

# The folds are trained by now: cross-validate puts together what became of each plate.
.PRECIOUS: $(RUNS)/folds-%/exported
$(RUNS)/folds-%/exported: $(foreach fold,$(FOLDS),$(RUNS)/folds-%/fold-$(fold)/trained)
	$(LPR)/lpr-train cross-validate $* --data $(DATA) --out $(@D) $(FLAGS_folds-$*) --folds $(words $(FOLDS))
	$(LPR)/lpr-export --int8 $(FOLDS:%=$(@D)/fold-%) --max-drop 100 --out $(@D)/int8
	@touch $@

folds: $(RUNS)/folds.json

$(RUNS)/folds.json: $(FOLDED:%=$(RUNS)/folds-%/exported)
	$(LPR)/lpr-bench accuracy --data $(DATA) --split train $(BY_FOLDS) --json $@ --page $(RUNS)/folds.html

# Its confidence is fitted to what its runs held out.
$(RUNS)/reader/confidence.json: $(RUNS)/reader/trained $(FOLDED:%=$(RUNS)/folds-%/exported)
	$(LPR)/lpr-export --int8 $(RUNS)/reader --max-drop 100 --out $(RUNS)/reader/int8
	$(LPR)/lpr-train clip --seed 2 --vehicles 60 --out $(RUNS)/clips
	$(LPR)/lpr-bench calibrate --data $(DATA) --reader $(RUNS)/reader/int8/reader.int8.tflite --clips $(RUNS)/clips \
		--out $@

$(RUNS)/exported: $(NETWORKS:%=$(RUNS)/%/trained) $(RUNS)/reader/confidence.json
	$(foreach network,$(NETWORKS),$(LPR)/lpr-train pack $(RUNS)/$(network) --out $(PACKED)/$(network) &&) true
	$(LPR)/lpr-export --int8 $(NETWORKS:%=$(PACKED)/%) --data $(DATA) --max-drop $(MAX_DROP) --out $(EXPORTED)
	@touch $@

$(RUNS)/described: $(RUNS)/exported $(RUNS)/folds.json
	$(LPR)/lpr-bench accuracy --data $(DATA) $(ON_EXPORTED) --json $(RUNS)/plates.json --page $(RUNS)/misses.html
	$(LPR)/lpr-bench accuracy --rendered $(ON_EXPORTED) --json $(RUNS)/painted.json
	$(LPR)/lpr-bench accuracy --data $(DATA) --characters --classifier $(EXPORTED)/characters.int8.tflite \
		--json $(RUNS)/characters.json
	cp $(NETWORKS:%=$(EXPORTED)/%.int8.tflite) $(SHIPPED)/
	$(LPR)/lpr-bench cards --plates $(RUNS)/plates.json --crops $(RUNS)/characters.json --painted $(RUNS)/painted.json \
		--folds $(RUNS)/folds.json --figures benchmarks/results/accuracy
	$(LPR)/python -m tools.docs --pictures
	@touch $@

rivals: $(RIVALS)/installed
	$(has_data)$(RIVALS)/bin/python -m rivals.run --data $(DATA) $(FLAGS_rivals)

clean:
	rm -rf $(DEVICE) $(EVERYTHING) $(RIVALS) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is newer than what it was made from, so a second call installs nothing and a changed pin installs again.
$(DEVICE)/installed: pyproject.toml constraints.txt
	@echo "Installing the device part into $(DEVICE) ..."
	test -x $(DEVICE)/bin/python || $(PYTHON) -m venv $(DEVICE)
	$(DEVICE)/bin/python -m pip install --quiet --editable .
	@touch $@

$(EVERYTHING)/installed: pyproject.toml constraints.txt
	@echo "Installing everything into $(EVERYTHING): TensorFlow is large, this takes minutes ..."
	test -x $(EVERYTHING)/bin/python || $(PYTHON) -m venv $(EVERYTHING)
	$(EVERYTHING)/bin/python -m pip install --quiet --editable '.[dev]'
	@touch $@

addon:
	rm -f home-assistant/lpr/lpr-*.whl
	$(PYTHON) -m pip wheel --quiet --no-deps --wheel-dir home-assistant/lpr .

# lpr and what it is compared with; none of the latter is ever shipped. Keras runs under TensorFlow and PyTorch there.
$(RIVALS)/installed: pyproject.toml constraints.txt benchmarks/rivals/requirements.txt
	@echo "Installing lpr and its rivals into $(RIVALS): TensorFlow and PyTorch are large, this takes minutes ..."
	test -x $(RIVALS)/bin/python || $(PYTHON) -m venv $(RIVALS)
	$(RIVALS)/bin/python -m pip install --quiet --editable '.[train,export,onnx]' -r benchmarks/rivals/requirements.txt
	# ultralytics brings the build with windows, whose files take the place of the other one's and need libGL.
	$(RIVALS)/bin/python -m pip uninstall --quiet --yes opencv-python
	$(RIVALS)/bin/python -m pip install --quiet --no-deps --force-reinstall opencv-python-headless
	@touch $@
