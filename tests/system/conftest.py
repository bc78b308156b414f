# SPDX-License-Identifier: BSD-3-Clause
"""What the system tests share.

Environment: BEAMPRESS_BUILD (folder of the build, default build/), BEAMPRESS_DATA (folder of real detector
files; tests that want it are skipped without), BEAMPRESS_PLUGINS (folder of the HDF5 plug-ins, default
BEAMPRESS_BUILD/plugins; a sanitizer run points it to those of a plain build, which Python can load).
"""
import json
import os
import pathlib
import subprocess
import sysconfig

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BEAMPRESS_BUILD", SOURCE / "build")).resolve()
COMMAND = BUILD / "beampress"
PLUGINS = pathlib.Path(os.environ.get("BEAMPRESS_PLUGINS", BUILD / "plugins")).resolve()

# HDF5 replaces its built-in folder by this variable, so the built-in one is named again. It is read when
# HDF5 starts: this stands before anybody imports h5py.
DEFAULT_PLUGINS = pathlib.Path("/usr/lib") / (sysconfig.get_config_var("MULTIARCH") or "") / "hdf5/serial/plugins"
os.environ["HDF5_PLUGIN_PATH"] = f"{PLUGINS}:{DEFAULT_PLUGINS}"


class Result(subprocess.CompletedProcess):
    """A finished run of the command: returncode, stdout, stderr (text), json (parsed stdout)."""

    @property
    def json(self):
        return json.loads(self.stdout)


def run_command(*arguments, code=0, command=COMMAND, **options):
    """Runs beampress and checks its exit code; code=None takes any but a crash (negative: a signal)."""
    options.setdefault("timeout", 600)
    options.setdefault("stdin", subprocess.DEVNULL)
    line = [str(command), *map(str, arguments)]
    done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", **options)
    said = f"$ {' '.join(line)}\nexit code {done.returncode}, expected {code}\n{done.stdout}\n{done.stderr}"
    assert done.returncode >= 0, "killed by a signal: " + said
    assert "Sanitizer" not in done.stderr and "runtime error:" not in done.stderr, said
    assert code is None or done.returncode == code, said
    return Result(done.args, done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def build():
    """Folder of the build."""
    return BUILD


@pytest.fixture(scope="session")
def source():
    """Top folder of the source tree."""
    return SOURCE


@pytest.fixture(scope="session")
def plugins():
    """Folder of our HDF5 plug-ins."""
    if not PLUGINS.is_dir():
        pytest.skip("SKIP: no plug-ins were built")
    return PLUGINS


@pytest.fixture(scope="session")
def beampress():
    """beampress("info", file, "--json", code=0).json ; see run_command."""
    if not COMMAND.exists():
        pytest.skip(f"SKIP: {COMMAND.name} was not built")
    return run_command


@pytest.fixture(scope="session")
def data():
    """Folder of real detector files."""
    folder = os.environ.get("BEAMPRESS_DATA")
    if not folder or not pathlib.Path(folder).is_dir():
        pytest.skip("SKIP: BEAMPRESS_DATA names no folder of detector files")
    return pathlib.Path(folder).resolve()


@pytest.fixture(scope="session")
def samples():
    """Folder of the bundled real samples."""
    return SOURCE / "samples"


@pytest.fixture(scope="session")
def sample_files(samples):
    files = sorted(samples.glob("*.h5"))
    assert files, "the samples are part of the source tree"
    return files
