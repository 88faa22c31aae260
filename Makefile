# Two commands do everything on a bare Debian 12: `make demo` and `make test`. Both set up what is missing first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= data
# A folder with further data sets (CIFAR-10); nothing in the demo or the tests needs it.
SHARED_DATA ?= $(wildcard ../shared/data)

RUN_PACKAGES := python3-venv python3-dev g++ perl iverilog libngspice0 dataset-fashion-mnist
TEST_PACKAGES := $(RUN_PACKAGES) chromium

# CPU build of torch, and one version of everything else, so that set-ups are alike.
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

export NVMCOSIM_DATA ?= $(abspath $(DATA))$(if $(SHARED_DATA),:$(abspath $(SHARED_DATA)))

.PHONY: help demo test test-full lint mutation bench setup setup-test clean

help:
	@echo "make demo       set up, then one plan from device to trained network; names its page"
	@echo "make test       set up, then lint and tests (about 15 minutes on two cores)"
	@echo "make test-full  the same with the full product of cases"
	@echo "make mutation   break the golden store and the controllers in hundreds of ways; none may survive"
	@echo "make bench      measure the hot paths on this machine"
	@echo "make clean      remove what was built, the environment included"

demo: setup
	$(BIN)/nvmcosim demo examples/ono2021.toml --out out/demo

test: setup-test lint
	$(BIN)/pytest -n 2 -m "not full"

test-full: setup-test lint
	$(BIN)/pytest -n 2

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

mutation: setup-test
	$(BIN)/python tests/mutation.py store rtl gate table

bench: setup
	$(BIN)/nvmcosim bench store
	$(BIN)/nvmcosim bench training

setup: $(VENV)/.packages-run $(VENV)/.installed $(DATA)/.fetched
setup-test: $(VENV)/.packages-test setup

# $(call install_packages,LIST): whatever of LIST dpkg does not know to be installed, by apt as root.
define install_packages
	@missing=""; \
	for p in $(1); do \
	  dpkg-query -W -f='$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || missing="$$missing $$p"; \
	done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	    echo "Debian packages are missing:$$missing; install them as root with: apt-get install$$missing" >&2; exit 2; \
	  fi; \
	  echo "installing Debian packages:$$missing"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends $$missing >/dev/null || exit 2; \
	fi
	@mkdir -p $(VENV) && touch $@
endef

$(VENV)/.packages-run: Makefile
	$(call install_packages,$(RUN_PACKAGES))

$(VENV)/.packages-test: Makefile
	$(call install_packages,$(TEST_PACKAGES))

# The device cards' wheel names a whole design kit as its dependency; only its files are wanted.
$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/.packages-run
	@echo "installing Python packages"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP_INSTALL) --editable '.[dev]'
	@$(PIP_INSTALL) --no-deps c4m-pdk-freepdk45
	@touch $@

$(DATA)/.fetched: | $(VENV)/.installed
	@echo "fetching and checking the image sets"
	@$(BIN)/nvmcosim data mnist fashion-mnist --fetch --out $(DATA)
	@touch $@

clean:
	rm -rf $(VENV) $(DATA) out build dist .mypy_cache .pytest_cache .ruff_cache
