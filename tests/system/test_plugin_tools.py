# SPDX-License-Identifier: BSD-3-Clause
"""The plug-in in HDF5's own tools."""
import os
import shutil
import subprocess

import h5py
import numpy as np
import pytest

FILTER = 47104
STORE, BSLZ4 = 1, 5
COUNTS = np.random.default_rng(8).poisson(2, (6, 50, 60)).astype("u2")


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
        file.create_dataset("counts", data=COUNTS, chunks=(1, 50, 60))
        file.create_dataset("turned", data=COUNTS.astype(">f4"), chunks=(2, 25, 60))
    return path


def assert_coded(path, codec=None):
    with h5py.File(path, "r") as file:
        for name in ("counts", "turned"):
            dataset = file[name]
            number, flags, words, _ = dataset.id.get_create_plist().get_filter(0)
            assert (number, flags, words[0]) == (FILTER, 0, 0x42500001)
            assert codec is None or words[5 + 3] & 0xffff == codec
            assert np.array_equal(dataset[...], COUNTS)
            masks = {dataset.id.get_chunk_info(i).filter_mask for i in range(dataset.id.get_num_chunks())}
            assert masks == {0}


def test_h5repack_writes(tool, plain, tmp_path):
    """Flag 0 (mandatory) and 1 (optional); no words, a codec, a codec with its parameter."""
    for i, (words, codec) in enumerate([("0,0", None), ("1,0", None), (f"0,1,{BSLZ4}", BSLZ4),
                                        (f"1,2,{BSLZ4},0", BSLZ4), (f"0,1,{STORE}", STORE)]):
        out = tmp_path / f"{i}.h5"
        tool("h5repack", "-f", f"UD={FILTER},{words}", plain, out)
        assert_coded(out, codec)
        tool("h5diff", plain, out)


def test_h5repack_rewrites_and_removes(tool, plain, tmp_path):
    """Other chunk shapes get words of their own; what was coded can become plain again."""
    tool("h5repack", "-f", f"UD={FILTER},0,1,{BSLZ4}", plain, tmp_path / "a.h5")
    tool("h5repack", "-l", "CHUNK=3x10x60", tmp_path / "a.h5", tmp_path / "b.h5")
    assert_coded(tmp_path / "b.h5", BSLZ4)
    with h5py.File(tmp_path / "b.h5", "r") as file:
        assert file["counts"].chunks == (3, 10, 60)
    tool("h5repack", "-f", "NONE", tmp_path / "b.h5", tmp_path / "c.h5")
    tool("h5diff", plain, tmp_path / "c.h5")
    with h5py.File(tmp_path / "c.h5", "r") as file:
        assert file["counts"].id.get_create_plist().get_nfilters() == 0


def test_h5dump_reads(tool, plain, tmp_path):
    tool("h5repack", "-f", f"UD={FILTER},0,0", plain, tmp_path / "a.h5")
    shown = [tool("h5dump", "-d", "/counts", "-y", "-w", "0", path) for path in (plain, tmp_path / "a.h5")]
    assert shown[0].split("DATA {")[1] == shown[1].split("DATA {")[1]
    assert f"FILTER_ID {FILTER}" in tool("h5dump", "-p", "-H", tmp_path / "a.h5")


def test_h5dump_refuses_damage(tool, plain, tmp_path):
    tool("h5repack", "-f", f"UD={FILTER},0,0", plain, tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r") as file:
        place = file["counts"].id.get_chunk_info(3)
    with open(tmp_path / "a.h5", "r+b") as file:
        file.seek(place.byte_offset + place.size - 5)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 16]))
    assert "unable to print data" in tool("h5dump", "-d", "/counts", tmp_path / "a.h5", code=1)


def test_a_missing_plugin_is_an_error(tool, plain, tmp_path):
    """Without the plug-in nobody gets wrong values."""
    tool("h5repack", "-f", f"UD={FILTER},0,0", plain, tmp_path / "a.h5")
    (tmp_path / "empty").mkdir()
    assert "required filter" in tool("h5dump", "-d", "/counts", "--enable-error-stack", tmp_path / "a.h5", code=1,
                                     path=tmp_path / "empty")
