# SPDX-License-Identifier: BSD-3-Clause
"""The dictionary filter in Python (Debian's h5py, a current wheel) and in HDF5's own tools; and the file compiled as
another project would."""
import os
import shutil
import subprocess

import h5py
import numpy as np
import pytest
from plugin_help import run_script, wheel_python

FILTER = 47105
CODES = np.array([3, 17, 900, 40000, 65535], "u2")[np.random.RandomState(3).binomial(4, 0.2, (6, 50, 60))]


@pytest.fixture
def tool(plugins):
    """tool("h5dump", arguments..., code=0): stdout and stderr."""
    def run(name, *arguments, code=0, path=plugins):
        if shutil.which(name) is None:
            pytest.skip(f"SKIP: no {name}")
        done = subprocess.run([name, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=120, check=False,
                              env={**os.environ, "HDF5_PLUGIN_PATH": str(path)})
        assert done.returncode == code, done.stdout
        return done.stdout
    return run


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "plain.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("codes", data=CODES, chunks=(1, 50, 60))
        file.create_dataset("turned", data=CODES.astype(">f4"), chunks=(2, 25, 60))
    return path


def test_debian_writes_and_reads(plugins, tmp_path):
    assert run_script("dictionary_roundtrip.py", tmp_path / "a.h5", plugins=plugins).startswith("ok")


def test_wheel_writes_and_reads_and_each_reads_the_other(plugins, tmp_path):
    wheel = wheel_python()
    if wheel is None:
        pytest.skip("SKIP: no current h5py wheel can be installed")
    assert run_script("dictionary_roundtrip.py", tmp_path / "a.h5", python=wheel, plugins=plugins).startswith("ok")
    run_script("dictionary_roundtrip.py", tmp_path / "a.h5", "read", plugins=plugins)
    run_script("dictionary_roundtrip.py", tmp_path / "b.h5", plugins=plugins)
    run_script("dictionary_roundtrip.py", tmp_path / "b.h5", "read", python=wheel, plugins=plugins)


def test_h5repack_h5dump_h5diff(tool, plain, tmp_path):
    """Mandatory and optional; no words, an effort; other chunks get words of their own; and back to plain."""
    for i, words in enumerate(["0,0", "1,0", "0,1,1", "0,1,3", "1,1,2"]):
        out = tmp_path / f"{i}.h5"
        tool("h5repack", "-f", f"UD={FILTER},{words}", plain, out)
        tool("h5diff", plain, out)
        with h5py.File(out, "r") as file:
            for name, kind in (("codes", 1), ("turned", 3 + 128)):
                number, _, stored, text = file[name].id.get_create_plist().get_filter(0)
                size = file[name].dtype.itemsize
                assert (number, text) == (FILTER, b"dictionary")
                assert stored[1:] == (1, size, kind, 60, 3000 if size == 2 else 1500, 50 * 60 * size, 0)[:7], stored
                assert file[name].id.get_storage_size() < CODES.size * size / 4
    shown = [tool("h5dump", "-d", "/codes", "-y", "-w", "0", path) for path in (plain, tmp_path / "0.h5")]
    assert shown[0].split("DATA {")[1] == shown[1].split("DATA {")[1]
    tool("h5repack", "-l", "CHUNK=3x10x60", tmp_path / "0.h5", tmp_path / "b.h5")
    with h5py.File(tmp_path / "b.h5", "r") as file:
        assert file["codes"].id.get_create_plist().get_filter(0)[2][6] == 3 * 10 * 60 * 2
    tool("h5repack", "-f", "NONE", tmp_path / "b.h5", tmp_path / "c.h5")
    tool("h5diff", plain, tmp_path / "c.h5")


def test_every_flipped_byte_is_a_read_error(tool, plain, tmp_path):
    tool("h5repack", "-f", f"UD={FILTER},0,0", plain, tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r") as file:
        place = file["codes"].id.get_chunk_info(3)
    content = bytearray((tmp_path / "a.h5").read_bytes())
    for at in range(place.byte_offset, place.byte_offset + place.size, 7):
        content[at] ^= 16
        (tmp_path / "b.h5").write_bytes(content)
        content[at] ^= 16
        with h5py.File(tmp_path / "b.h5", "r") as file:
            with pytest.raises(OSError):
                file["codes"][3]
            assert np.array_equal(file["codes"][2], CODES[2])
    assert "unable to print data" in tool("h5dump", "-d", "/codes", tmp_path / "b.h5", code=1)


def test_a_missing_plugin_is_an_error(tool, plain, tmp_path):
    tool("h5repack", "-f", f"UD={FILTER},0,0", plain, tmp_path / "a.h5")
    (tmp_path / "empty").mkdir()
    assert "required filter" in tool("h5dump", "-d", "/codes", "--enable-error-stack", tmp_path / "a.h5", code=1,
                                     path=tmp_path / "empty")


@pytest.mark.parametrize("options", [[], ["-DH5Z_DICTIONARY_PLAIN"], ["-DH5Z_DICTIONARY_LINK_HDF5"]])
def test_the_file_alone(options, source, plain, tool, tmp_path):
    """As the top of the file says; what it writes the others read."""
    if shutil.which("cc") is None or shutil.which("pkg-config") is None:
        pytest.skip("SKIP: no compiler or pkg-config")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "hdf5"], capture_output=True, text=True, check=True)
    linked = flags.stdout.split() if "LINK" in "".join(options) else \
        [word for word in flags.stdout.split() if not word.startswith("-l")]
    (tmp_path / "alone").mkdir()
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden", *options,
                    str(source / "hdf5_plugin/dictionary/H5Zdictionary.c"), *linked,
                    "-o", str(tmp_path / "alone/libh5dictionary.so")], check=True)
    tool("h5repack", "-f", f"UD={FILTER},0,1,2", plain, tmp_path / "a.h5", path=tmp_path / "alone")
    with h5py.File(tmp_path / "a.h5", "r") as file:
        assert np.array_equal(file["codes"][...], CODES) and np.array_equal(file["turned"][...], CODES)


def test_command(beampress, plain, tmp_path):
    """Codec dictionary through the command, at every level."""
    for level in ("fast", "balanced", "max"):
        out = tmp_path / f"{level}.h5"
        beampress("compress", plain, out, "--codec", f"dictionary:level={level}")
        beampress("verify", plain, out)
    listed = {codec["name"]: codec for codec in beampress("list", "--json").json["codecs"]}
    assert listed["dictionary"]["number"] == 12
