# make study   set up, run the quick study, draw its figures
# make test    set up, then ruff, mypy and pytest
# make lint    ruff and mypy only
# make sanitize   the generated code of every test network under AddressSanitizer and UBSan
# make clean   remove the environment and every cache of the checkout (runs/ is kept)

STUDY  ?= studies/pdlf_copy_quick.toml
FIGURES ?= pdlf_fig2b pdlf_recall
BIN     = .venv/bin

.PHONY: study test lint sanitize clean

study: .venv/.installed
	$(BIN)/neuromodels run $(STUDY)
	@for figure in $(FIGURES); do $(BIN)/neuromodels figure $$figure || exit; done

test: lint
	$(BIN)/python -m pytest

lint: .venv/.installed-test
	$(BIN)/ruff check .
	$(BIN)/mypy

# Both libraries must be loaded before Python: the compiled networks need the sanitizers' own.
sanitize: .venv/.installed-test
	NEUROMODELS_SANITIZE=1 ASAN_OPTIONS=detect_leaks=0 \
	LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libstdc++.so)" \
	$(BIN)/python -m pytest tests/simulation/test_sanitizers.py -v --capture=sys

.venv/.installed: setup.cfg pyproject.toml
	@sh .ci/environment
	@touch $@

.venv/.installed-test: setup.cfg pyproject.toml
	@sh .ci/environment test
	@touch .venv/.installed $@

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
