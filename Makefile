# SPDX-License-Identifier: BSD-3-Clause
# The commands a user types. CMake and Ninja do the work underneath.
#   make demo      install what is missing, build, compress the bundled samples, show what it brought, ask five questions
#   make test      install what is missing, build, run all tests
#   make build     build only: build/beampress and build/plugins/
#   make install   PREFIX=/usr/local DESTDIR=
BUILD  ?= build
PREFIX ?= /usr/local
DESTDIR ?=
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)
# Debian's own Python: it is the one that Debian's h5py, numpy, pytest and fabio are installed for
PYTHON ?= /usr/bin/python3
CMAKE_ARGS ?=
FUZZ_SECONDS ?= 60
# make bench FILES="one.h5 two.h5"; the files in the folder BEAMPRESS_DATA unless given, or the bundled samples
FILES ?=
export PYTHONDONTWRITEBYTECODE = 1

.PHONY: all build configure demo test check setup bench fuzz lint format install uninstall clean
all: build

setup:
	@sh tools/setup build

configure:
	@cmake -S . -B $(BUILD) $(if $(shell command -v ninja),-G Ninja) -DCMAKE_INSTALL_PREFIX=$(PREFIX) $(CMAKE_ARGS) \
	    > $(BUILD).configure.log 2>&1 || { cat $(BUILD).configure.log; \
	    echo "The configuration failed; 'make setup' installs the Debian packages that are needed."; exit 1; }
	@grep "left out" $(BUILD).configure.log || true
	@mv $(BUILD).configure.log $(BUILD)/configure.log

build: configure
	@cmake --build $(BUILD) --parallel $(JOBS)

demo:
	@sh tools/setup demo
	@$(MAKE) --no-print-directory build
	@$(PYTHON) tools/demo --build $(BUILD)
	@$(PYTHON) examples/run.py --build $(BUILD)

test:
	@sh tools/setup test
	@$(MAKE) --no-print-directory build check

# the tests alone, with what is installed and built
check:
	@grep SKIP $(BUILD)/configure.log || true
	@cd $(BUILD) && ctest --output-on-failure --parallel $(JOBS)

bench:
	@sh tools/setup test
	@$(MAKE) --no-print-directory build
	@$(PYTHON) tools/bench --publish --build $(BUILD) $(FILES)

# needs clang; every fuzzer runs FUZZ_SECONDS
fuzz:
	@sh tools/setup ci
	@sh tools/fuzz build-fuzz $(FUZZ_SECONDS)

lint:
	@sh tools/setup ci
	@$(MAKE) --no-print-directory build
	@sh tools/lint $(BUILD)

format:
	@clang-format -i $$(git ls-files '*.c' '*.h')

install: build
	@DESTDIR=$(DESTDIR) cmake --install $(BUILD)

uninstall:
	@test -f $(BUILD)/install_manifest.txt || { echo "nothing was installed from $(BUILD)"; exit 1; }
	@while read -r file || [ -n "$$file" ]; do rm -f "$(DESTDIR)$$file"; done < $(BUILD)/install_manifest.txt

clean:
	@rm -rf $(BUILD) build-*
