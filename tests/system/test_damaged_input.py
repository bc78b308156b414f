# SPDX-License-Identifier: BSD-3-Clause
"""A flipped bit in the frames: whatever reads them names file, dataset and cause, ends with 3, and leaves nothing behind."""
import h5py
import pytest

from test_cli import DATASET, write_scan


@pytest.fixture(scope="module")
def desk(beampress, tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged")
    write_scan(folder / "scan.h5")
    beampress("compress", folder / "scan.h5", folder / "bad.h5", "--own")
    content = bytearray((folder / "bad.h5").read_bytes())
    with h5py.File(folder / "bad.h5") as file:
        place = file[DATASET].id.get_chunk_info(2)
    content[place.byte_offset + place.size - 5] ^= 1
    (folder / "bad.h5").write_bytes(content)
    return folder


@pytest.mark.parametrize("words", [
    ["judge", "scan.h5", "bad.h5", "--science", "segment"], ["judge", "bad.h5", "scan.h5", "--science", "segment"],
    ["analyse", "segment", "bad.h5"], ["metric", "scan.h5", "bad.h5", "point"], ["explore", "bad.h5", "--science", "segment"],
    ["run", "crop x=1 | photon", "bad.h5", "out.h5"], ["run", "denoise method=median gain=1 | photon", "bad.h5", "out.h5"]], ids=" ".join)
def test_what_is_damaged_is_named(beampress, desk, words):
    said = beampress(*words, "--dataset", DATASET, cwd=desk, code=3).stderr
    assert said.startswith("beampress: bad.h5: " + DATASET) and "damaged" in said and ".tmp" not in said, said
    assert sorted(path.name for path in desk.iterdir()) == ["bad.h5", "scan.h5"]


def test_reproduce_reads_what_the_file_holds(beampress, desk, tmp_path):
    beampress("run", "crop x=1 | photon", desk / "scan.h5", tmp_path / "out.h5", "--dataset", DATASET)
    good = beampress("reproduce", tmp_path / "out.h5", desk / "scan.h5", "--json").json
    assert good["same_input"] and good["same_output"] and good["same_file"]
    with h5py.File(tmp_path / "out.h5") as file:
        place = file[DATASET].id.get_chunk_info(0)
    content = bytearray((tmp_path / "out.h5").read_bytes())
    content[place.byte_offset + place.size - 3] ^= 1
    (tmp_path / "out.h5").write_bytes(content)
    said = beampress("reproduce", tmp_path / "out.h5", desk / "scan.h5", code=None)
    assert said.returncode in (1, 3) and ("damaged" in said.stderr or "out.h5: other frames" in said.stdout)
