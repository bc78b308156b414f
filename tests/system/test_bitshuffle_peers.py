# SPDX-License-Identifier: BSD-3-Clause
"""Our bslz4 and bszstd against the bitshuffle of Debian and of a current wheel, chunk by chunk and both ways."""
import os
import pathlib
import subprocess
import sys

import pytest

from conftest import BUILD, DEFAULT_PLUGINS
from plugin_help import wheel_python

LIBRARY = BUILD / "libbeampress.so"
SCRIPT = pathlib.Path(__file__).with_name("bitshuffle_exchange.py")


@pytest.fixture(scope="module")
def library():
    if not LIBRARY.exists():
        pytest.skip("SKIP: no shared library was built")
    symbols = subprocess.run(["nm", "-D", str(LIBRARY)], capture_output=True, text=True, check=True).stdout
    if "__asan_init" in symbols or "__tsan_init" in symbols:
        pytest.skip("SKIP: Python cannot load a library built for sanitizers")
    return LIBRARY


def exchange(python, library, *words):
    """A wheel must not find Debian's plug-ins: those call the HDF5 that they are linked with."""
    environment = {name: value for name, value in os.environ.items() if name != "HDF5_PLUGIN_PATH"}
    done = subprocess.run([str(python), str(SCRIPT), str(library), *words], capture_output=True, text=True,
                          env=environment, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    word, count = done.stdout.split()
    assert word == "ok" and int(count) > 0


def test_debian(library):
    if not (DEFAULT_PLUGINS / "libh5bshuf.so").exists():
        pytest.skip("SKIP: Debian's bitshuffle is not installed")
    exchange(sys.executable, library, "lz4", "same")


@pytest.mark.parametrize("packer", ["lz4", "zstd"])
def test_wheel(library, packer):
    python = wheel_python()
    if not python:
        pytest.skip("SKIP: no current wheels can be installed")
    exchange(python, library, packer, "hdf5plugin", *(["same"] if packer == "lz4" else []))
