# SPDX-License-Identifier: BSD-3-Clause
"""Running Python programs beside the plug-in, with Debian's h5py and with that of the package index."""
import fcntl
import os
import pathlib
import subprocess
import sys

from conftest import BUILD, PLUGINS

HERE = pathlib.Path(__file__).resolve().parent
WHEELS = ["h5py", "numpy", "hdf5plugin"]


def run_script(name, *arguments, python=sys.executable, plugins=PLUGINS, **environment):
    """Runs tests/system/NAME and returns what it printed; a crash or an exception is a failure."""
    line = [str(python), str(HERE / name), *map(str, arguments)]
    done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600,
                          env={**os.environ, "HDF5_PLUGIN_PATH": str(plugins), **environment})
    assert done.returncode == 0, f"{line}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def wheel_python():
    """Python of a virtual environment with current wheels, made once per build folder; None without a network."""
    BUILD.mkdir(exist_ok=True)
    folder = BUILD / "venv-h5py"
    python, done = folder / "bin/python", folder / "complete"
    with open(BUILD / "venv-h5py.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=False)
            if made.returncode or subprocess.run([str(python), "-m", "pip", "install", "-q", *WHEELS],
                                                 check=False, timeout=600).returncode:
                return None
            done.touch()
    return python
