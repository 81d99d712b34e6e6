# make study   set up, run the quick study, draw its figures
# make figures   set up, run a reduced study for every figure, measure, draw all (SMALL="" for full ones)
# make matrix   set up, run forms of rule on four tasks, measure them, join and draw: about two hours
# make test    set up, then ruff, mypy and pytest
# make test-newest, test-oldest   the tests on the newest or oldest Brian2, each in a .venv of its own
# make strain  set up, then the long and the statistical tests, which make test leaves out
# make docs    set up, then the site with its notebooks executed, into output/site; a warning is an error
# make lint    ruff (rules and format) and mypy only
# make sanitize   the generated code of every test network under AddressSanitizer and UBSan
# make fuzz    set up, then random bad input of every kind for ten minutes (SECONDS=60, SEED=7)
# make wheel   build the archive of sources and the wheel, install it elsewhere and try it there
# make gpu-check   set up, then everything that a machine with a GPU can say, in under nine minutes
# make gpu-wheels   what gpu-check needs on a machine without a network, into WHEELS
# make clean   remove the environment and every cache of the checkout (runs/ is kept)

STUDY  ?= studies/pdlf_copy_quick.toml
FIGURES ?= pdlf_fig2b pdlf_recall
BIN     = .venv/bin

# Studies, with two seeds and small budgets, that between them feed every figure script.
# Another SMALL is another study: give it other folders with REDUCED=..., or remove the old ones.
COPIES   ?= pdlf_copy_quick pdlf_copy_l8_d0
CONTROLS ?= control_point_direction control_velocity control_reacher control_cart_pole \
	control_swimmer
SWEEPS   ?= pdlf_terms memories_copy memories_reach
PATHS    ?= control_point_direction
CUES     ?= cue_association memories_cues memories_maze
MAZES    ?= t_maze
BANDITS  ?= cue_bandit
ALIKE    ?= degeneracy_bandit
FAMILIES ?= family_all
GATES    ?= context_gating
# Left out where Omniglot is not in NEUROMODELS_DATA.
SHOTS    ?= few_shot_1
# Sweeps whose bodies MuJoCo moves, on a smaller budget still; left out where it is not installed.
BODIES   ?= halfcheetah_run
LEAST    ?= --set search.trials=2 --set search.generations=20 --set test.every=10 \
	--set test.trials=32 --set test.curve_trials=16
REDUCED  ?= runs/figures
PICTURES ?= output/figures
MEASURED ?= 400
SMALL    ?= --set 'seeds=[1,2]' --set search.candidates=64 --set search.trials=16 \
	--set search.generations=200 --set test.every=50 --set test.trials=1000 \
	--set test.curve_trials=128

# Releases of Brian2: the oldest and the newest that setup.cfg allows. The newest needs Python 3.13.
OLDEST ?= 2.10.*
NEWEST ?= 2.11.*

# Of matrix: studies, what each battery is asked for, where runs, tables and the figure go.
# TABLES=figures/data joins them to the committed tables.  To see that it works, in minutes:
# make matrix RULED=runs/try FEWER="--set 'seeds=[1,2]' --set search.generations=2 --set test.every=2"
MATRIX   ?= rules_copy rules_cues rules_maze rules_body
RULED    ?= runs/matrix
TABLES   ?= output/matrix
FEWER    ?=
SPIKES    = --only score --only noise --only activity
ASKED_rules_copy ?= --trials 208
ASKED_rules_cues ?= --trials 208 $(SPIKES)
ASKED_rules_maze ?= --trials 104 $(SPIKES)
ASKED_rules_body ?= --trials 104 --only score --only regrowth

# Test files that run side by side, if there are so many processors.
PROCESSES ?= 4

# Of fuzz: how long, from which seed (none: a new one each time), and which targets (TARGETS=networks).
SECONDS ?= 600
SEED    ?=
TARGETS ?=

# Of docs: where the site goes.
SITE    ?= output/site

# Of gpu-wheels: the folder, and packages that the other machine has (WITHOUT="numpy scipy pandas").
WHEELS  ?= output/wheels
WITHOUT ?=
# Of gpu-check: --out FILE, --seconds N, --only STAGE; and FROM=folder, where there is no network.
CHECK   ?=

# Else each process that a test starts would compile all that it imports once more.
export PYTHONDONTWRITEBYTECODE =

.PHONY: study figures matrix test test-oldest test-newest docs strain lint sanitize fuzz wheel gpu-check gpu-wheels clean

study: .venv/.installed
	$(BIN)/neuromodels run $(STUDY)
	@for figure in $(FIGURES); do $(BIN)/neuromodels figure $$figure || exit; done

figures: .venv/.installed
	@for study in $(COPIES) $(CONTROLS) $(SWEEPS); do \
	    $(BIN)/neuromodels run studies/$$study.toml $(SMALL) --out $(REDUCED)/$$study || exit; done
	@for study in $(COPIES); do \
	    $(BIN)/neuromodels measure $(REDUCED)/$$study memory --trials $(MEASURED) || exit; \
	    $(BIN)/neuromodels measure $(REDUCED)/$$study imprint || exit; done
	@for study in $(CONTROLS); do for measure in injury weights goals states; do \
	    $(BIN)/neuromodels measure $(REDUCED)/$$study $$measure --trials $(MEASURED) || exit; \
	done; done
	@for study in $(PATHS); do \
	    $(BIN)/neuromodels measure $(REDUCED)/$$study path --trials $(MEASURED) || exit; done
	@for study in $(CUES); do \
	    $(BIN)/neuromodels run studies/$$study.toml $(SMALL) --set search.candidates=24 \
	        --set search.generations=20 --set test.every=10 --out $(REDUCED)/$$study || exit; \
	    for run in $(REDUCED)/$$study/*/; do \
	        $(BIN)/neuromodels measure $$run transfer --trials $(MEASURED) \
	            --vary task.delay=300,1050 || exit; done; done
	@for study in $(MAZES); do \
	    $(BIN)/neuromodels run studies/$$study.toml $(SMALL) --set search.candidates=16 \
	        --set search.generations=30 --set test.every=10 --out $(REDUCED)/$$study || exit; \
	    for swept in training=1,2 cues=3,7; do \
	        $(BIN)/neuromodels measure $(REDUCED)/$$study transfer --only plastic \
	            --trials $(MEASURED) --vary task.$$swept || exit; done; done
	@for study in $(BANDITS); do \
	    $(BIN)/neuromodels run studies/$$study.toml $(SMALL) --set search.candidates=16 \
	        --set search.trials=8 --set search.generations=10 --set test.every=10 \
	        --set test.trials=50 --set test.curve_trials=16 --out $(REDUCED)/$$study || exit; \
	    for run in $(REDUCED)/$$study/*/; do \
	        $(BIN)/neuromodels measure $$run yoked --trials 50 || exit; done; done
	@for study in $(ALIKE); do \
	    $(BIN)/neuromodels run studies/$$study.toml $(SMALL) --set 'seeds=[1,2,3,4]' \
	        --set search.candidates=16 --set search.trials=8 --set search.generations=10 \
	        --set test.every=10 --set test.trials=50 --set test.curve_trials=16 \
	        --out $(REDUCED)/$$study || exit; \
	    for run in $(REDUCED)/$$study/*/; do \
	        $(BIN)/neuromodels measure $$run window || exit; done; \
	    $(BIN)/neuromodels degeneracy $(REDUCED)/$$study --trials 10 --bends 0 || \
	        echo "left out, too few of its searches end above chance: $$study"; done
	@for study in $(FAMILIES); do \
	    $(BIN)/neuromodels run studies/$$study.toml $(SMALL) --set search.candidates=10 \
	        --set search.trials=12 --set search.generations=4 --set test.every=4 \
	        --set test.trials=28 --set test.curve_trials=14 --out $(REDUCED)/$$study || exit; \
	    $(BIN)/neuromodels measure $(REDUCED)/$$study members --trials 56 || exit; done
	@for study in $(GATES); do \
	    $(BIN)/neuromodels run studies/neighbours/$$study.toml $(SMALL) --set search.candidates=8 \
	        --set search.trials=2 --set search.generations=2 --set test.every=2 \
	        --set test.trials=10 --set test.curve_trials=5 --out $(REDUCED)/$$study || exit; done
	@for study in $(SHOTS); do \
	    $(BIN)/python -c 'from neuromodels.tasks.characters import is_there as i; exit(not i())' || \
	        { echo "left out, needs Omniglot in NEUROMODELS_DATA: $$study"; continue; }; \
	    $(BIN)/neuromodels run studies/$$study.toml $(SMALL) --set search.candidates=16 \
	        --set search.generations=20 --set test.every=10 --out $(REDUCED)/$$study || exit; done
	@for study in $(BODIES); do \
	    $(BIN)/python -c 'import mujoco, gymnasium' 2> /dev/null || \
	        { echo "left out, needs brian2-neuromodels[mujoco]: $$study"; continue; }; \
	    $(BIN)/neuromodels run studies/$$study.toml $(SMALL) $(LEAST) --out $(REDUCED)/$$study || exit; \
	    for run in $(REDUCED)/$$study/*/; do \
	        $(BIN)/neuromodels measure $$run novel --trials 8 || exit; done; done
	$(BIN)/neuromodels figure all --run $(REDUCED) --out $(PICTURES)

# Stopped, it goes on where it was: searches and cells of the battery are kept.
define MEASURED_FORMS
	$(BIN)/neuromodels run studies/$(1).toml $(FEWER) --out $(RULED)/$(1)
	$(BIN)/neuromodels battery $(RULED)/$(1) --controls pdlf-synapse $(ASKED_$(1)) \
	    --csv $(RULED)/$(1).csv --curves $(RULED)/$(1).curves.csv
	$(BIN)/python -m figures.shared.rules_matrix $(RULED)/$(1) --tables $(TABLES) \
	    --source "neuromodels battery studies/$(1).toml --controls pdlf-synapse $(ASKED_$(1))"

endef

matrix: .venv/.installed
	$(foreach study,$(MATRIX),$(call MEASURED_FORMS,$(study)))
	$(BIN)/neuromodels figure rule_measure_matrix --out $(TABLES)/rule_measure_matrix.png \
	    --run $(MATRIX:%=$(RULED)/%)

# A file stays with one process: its tests share the networks that they build.  In the order of the
# folders long files are not left for the end, where one process would work alone.
test: lint
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses $(PROCESSES) --dist loadfile \
	    --no-loadscope-reorder

test-oldest test-newest: test-%:
	VENV=.venv-$* BRIAN2='$(if $(filter oldest,$*),$(OLDEST),$(NEWEST))' sh .ci/environment test
	.venv-$*/bin/python -m pytest --numprocesses auto --maxprocesses $(PROCESSES) \
	    --dist loadfile --no-loadscope-reorder

strain: .venv/.installed-test
	$(BIN)/python -m pytest -m strain --numprocesses auto --maxprocesses $(PROCESSES) --dist loadfile

# Notebooks run once, and again when they change: docs/_build keeps what they printed.
docs: .venv/.installed-docs
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going \
	    --quiet docs $(SITE)
	@echo "The site: $(SITE)/index.html"

lint: .venv/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy

# Both libraries must be loaded before Python: the compiled networks need the sanitizers' own.
sanitize: .venv/.installed-test
	NEUROMODELS_SANITIZE=1 ASAN_OPTIONS=detect_leaks=0 \
	LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libstdc++.so)" \
	$(BIN)/python -m pytest tests/simulation/test_sanitizers.py -v --capture=sys

# From the archive, so that it is seen to be whole.
wheel: .venv/.installed-test
	sh .ci/wheel

# One process after the other: each target has its share of the time.
fuzz: .venv/.installed-test
	NEUROMODELS_FUZZ_SECONDS=$(SECONDS) NEUROMODELS_FUZZ_SEED=$(SEED) \
	$(BIN)/python -m pytest tests/fuzz --capture=no -W ignore -k '$(TARGETS)'

# A machine without a network has no .venv: its own Python, and what FROM brings.
ifdef FROM
gpu-check:
	python3 benchmarks/gpu/gpu_check.py --wheels $(FROM) $(CHECK)
else
gpu-check: .venv/.installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[cuda]'
	$(BIN)/python benchmarks/gpu/gpu_check.py $(CHECK)
endif

gpu-wheels: .venv/.installed-test
	$(BIN)/python benchmarks/gpu/gpu_wheels.py $(WHEELS) --without $(WITHOUT)

.venv/.installed: setup.cfg pyproject.toml
	@sh .ci/environment
	@touch $@

.venv/.installed-docs: setup.cfg pyproject.toml
	@sh .ci/environment docs
	@touch .venv/.installed $@

.venv/.installed-test: setup.cfg pyproject.toml
	@sh .ci/environment test
	@touch .venv/.installed $@

clean:
	rm -rf .venv .venv-oldest .venv-newest build dist docs/_build docs/gallery docs/project *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
