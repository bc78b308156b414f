# SPDX-License-Identifier: BSD-3-Clause
"""The plug-in in Python: Debian's h5py and a current wheel, alone and beside another HDF5 in the same process."""
import ctypes.util
import subprocess
import sys

import pytest
from plugin_help import run_script, wheel_python


@pytest.fixture(scope="session")
def wheel(plugins):
    python = wheel_python()
    if python is None:
        pytest.skip("SKIP: no current h5py wheel can be installed")
    return python


def other_hdf5():
    """Another HDF5 library of this machine: the one of Open MPI, else the serial one."""
    for name in ("hdf5_openmpi", "hdf5_serial"):
        found = ctypes.util.find_library(name)
        if found:
            return found
    return pytest.skip("SKIP: no HDF5 library found")


def test_library_loads_without_hdf5(plugins):
    """Every symbol is resolved at once, in a Python without site packages that knows no HDF5."""
    for plugin in plugins.glob("*.so"):
        code = "import ctypes, os, sys; p = ctypes.CDLL(sys.argv[1], os.RTLD_NOW); " \
               "print(p.H5PLget_plugin_type(), hasattr(p, 'bp_chunk_decode'))"
        done = subprocess.run([sys.executable, "-S", "-c", code, str(plugin)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        assert (done.returncode, done.stdout.strip()) == (0, "0 False"), done.stdout


def test_debian_writes_and_reads(plugins, tmp_path):
    assert run_script("plugin_roundtrip.py", tmp_path / "a.h5", plugins=plugins).startswith("ok")


@pytest.mark.parametrize("when", ["before", "after"])
def test_debian_beside_another_hdf5(when, plugins, tmp_path):
    run_script("plugin_roundtrip.py", tmp_path / "a.h5", when, other_hdf5(), plugins=plugins)


def test_debian_beside_hdf5plugin(plugins, tmp_path):
    pytest.importorskip("hdf5plugin", reason="SKIP: no hdf5plugin package")
    run_script("plugin_roundtrip.py", tmp_path / "a.h5", "import", "hdf5plugin", plugins=plugins)


def test_debian_refuses_damage(plugins, tmp_path):
    word, count = run_script("plugin_damage.py", tmp_path / "a.h5", plugins=plugins).split()
    assert word == "ok" and int(count) > 1000


def test_wheel_writes_and_reads(wheel, plugins, tmp_path):
    assert run_script("plugin_roundtrip.py", tmp_path / "a.h5", python=wheel, plugins=plugins).startswith("ok")


def test_wheel_beside_hdf5plugin(wheel, plugins, tmp_path):
    run_script("plugin_roundtrip.py", tmp_path / "a.h5", "import", "hdf5plugin", python=wheel, plugins=plugins)


@pytest.mark.parametrize("when", ["before", "after"])
def test_wheel_beside_another_hdf5(when, wheel, plugins, tmp_path):
    run_script("plugin_roundtrip.py", tmp_path / "a.h5", when, other_hdf5(), python=wheel, plugins=plugins)


def test_wheel_refuses_damage(wheel, plugins, tmp_path):
    word, count = run_script("plugin_damage.py", tmp_path / "a.h5", python=wheel, plugins=plugins).split()
    assert word == "ok" and int(count) > 1000


def test_each_reads_what_the_other_wrote(wheel, plugins, tmp_path):
    code = "import h5py, sys, hashlib\n" \
           "with h5py.File(sys.argv[1]) as f:\n" \
           "    print(hashlib.sha256(b''.join(f[f'{i}/{k}'][...].tobytes() for i in range(20) for k in range(4)))" \
           ".hexdigest())"
    script = tmp_path / "digest.py"
    script.write_text(code)
    for writer in (sys.executable, wheel):
        path = tmp_path / "a.h5"
        run_script("plugin_roundtrip.py", path, python=writer, plugins=plugins)
        digests = {run_script(script, path, python=reader, plugins=plugins) for reader in (sys.executable, wheel)}
        assert len(digests) == 1
