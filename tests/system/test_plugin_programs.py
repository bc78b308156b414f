# SPDX-License-Identifier: BSD-3-Clause
"""The plug-in in compiled programs: HDF5 shared, static, static and hidden, and parallel."""
import os
import shutil
import subprocess

import h5py
import pytest

# In a sanitizer run: MPI never gives back all it took, and what a plug-in keeps looks lost once HDF5 has unloaded it.
NO_LEAKS = {"ASAN_OPTIONS": "detect_leaks=0"}


@pytest.fixture
def program(build, plugins):
    """program(name, arguments..., code=0): runs a program of the build with the plug-in on the path."""
    def run(name, *arguments, code=0, before=()):
        path = build / "tests" / name
        if not path.exists():
            pytest.skip(f"SKIP: {name} was not built, its HDF5 is not installed")
        done = subprocess.run([*before, str(path), *map(str, arguments)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=120, check=False,
                              env={**os.environ, **NO_LEAKS, "HDF5_PLUGIN_PATH": str(plugins)})
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stderr
    return run


def words_and_masks(path):
    with h5py.File(path, "r") as file:
        dataset = file["data"]
        chunks = [dataset.id.get_chunk_info(i) for i in range(dataset.id.get_num_chunks())]
        return dataset.id.get_create_plist().get_filter(0)[1:3], {chunk.filter_mask for chunk in chunks}


@pytest.mark.parametrize("name", ["plugin_shared", "plugin_static_exports", "plugin_mpi_serial"])
@pytest.mark.parametrize("flag", ["mandatory", "optional"])
def test_hdf5_that_can_be_found(name, flag, program, tmp_path):
    """set_local completes the words and makes the filter mandatory, however the program asked for it."""
    for words in [(), (1,), (5,), (5, 0)]:
        program(name, "write", tmp_path / "a.h5", flag, *words)
        program(name, "read", tmp_path / "a.h5")
        (flags, stored), masks = words_and_masks(tmp_path / "a.h5")
        assert flags == 0 and stored[:4] == (0x42500001, 60 * 70 * 2, 0, 2) and masks == {0}
    stderr = program(name, "write", tmp_path / "b.h5", flag, 4242, code=1)
    assert "cd_values start with 4242, which is the number of no codec" in stderr
    stderr = program(name, "write", tmp_path / "b.h5", flag, 1, 2, 3, code=1)
    assert "2 parameters in cd_values, codec store has 0" in stderr


def test_hdf5_that_is_hidden(program, tmp_path):
    """A static program that shows nothing: full words work, short ones are an error, raw chunks never happen."""
    program("plugin_shared", "write", tmp_path / "a.h5", "mandatory", 5)
    program("plugin_static", "read", tmp_path / "a.h5")
    (_, full), _ = words_and_masks(tmp_path / "a.h5")
    for flag in ("mandatory", "optional"):
        program("plugin_static", "write", tmp_path / "b.h5", flag, *full)
        program("plugin_shared", "read", tmp_path / "b.h5")
        assert words_and_masks(tmp_path / "b.h5")[1] == {0}
    assert "filter returned failure" in program("plugin_static", "write", tmp_path / "c.h5", "mandatory", 5, code=1)
    program("plugin_static", "write", tmp_path / "d.h5", "optional", 5)
    program("plugin_shared", "read", tmp_path / "d.h5")
    assert words_and_masks(tmp_path / "d.h5")[1] == {0}
    assert (tmp_path / "d.h5").stat().st_size < 8 * 60 * 70 * 2


def test_parallel_write_and_read(program, tmp_path):
    if shutil.which("mpirun") is None:
        pytest.skip("SKIP: no mpirun")
    mpirun = ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "2"]
    program("plugin_mpi", tmp_path / "a.h5", before=mpirun)
    (flags, stored), masks = words_and_masks(tmp_path / "a.h5")
    assert flags == 0 and stored[0] == 0x42500001 and masks == {0}
    program("plugin_shared", "read", tmp_path / "a.h5")
