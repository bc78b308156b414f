# SPDX-License-Identifier: BSD-3-Clause
"""beampress judge --with PROGRAM: the field's own program beside our figures, and every way in which it can fail."""
import os
import stat
import subprocess

import h5py
import numpy as np
import pytest

PYTHON = "/usr/bin/python3"
SX = ("--science", "sx:threshold=20,min_snr=5,min_peaks=3", "--with", "dials")
SAXS = ("--science", "saxs:bins=24", "--with", "pyfai")


def installed(module):
    return subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True).returncode == 0


def write(path, values):
    with h5py.File(path, "w") as f:
        f["x"] = values


@pytest.fixture(scope="module")
def desk(beampress, tmp_path_factory):
    folder = tmp_path_factory.mktemp("with")
    random = np.random.default_rng(5)
    y, x = np.mgrid[:96, :96]
    rate = np.full((9, 96, 96), 3.0)
    for shot in rate[1:]:
        for cy, cx in random.uniform(8, 88, (10, 2)):
            shot += 300 / (2 * np.pi) * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 2)
    shots = random.poisson(rate).astype(np.uint16)
    shots[:, 40, 40] = 65535  # a mark
    write(folder / "shots.h5", shots)
    write(folder / "half.h5", np.where(shots == 65535, shots, random.binomial(shots, 0.5)).astype(np.uint16))
    write(folder / "empty.h5", np.zeros_like(shots))
    write(folder / "float.h5", np.where(shots == 65535, np.nan, shots - 0.5).astype(np.float32))
    beampress("simulate", "saxs", "saxs.h5", "frames=9", "height=64", "width=64", "pixel=2000", cwd=folder)
    with h5py.File(folder / "saxs.h5") as f:
        values = f["entry/data/data"][()]
    write(folder / "plain.h5", values)
    write(folder / "brighter.h5", (values + 1).astype(values.dtype))
    return folder


def judge(beampress, desk, reference, test, *words, code=None, **options):
    return beampress("judge", reference, test, *words, "--json", cwd=desk, code=code, **options).json


def figures(said):
    assert said["with"]["failed"] is None, said["with"]["failed"]
    return {f["name"]: f for f in said["with"]["figures"]}


def test_dials(beampress, desk):
    if not installed("dials.array_family.flex"):
        pytest.skip("SKIP: DIALS is not installed (Debian's package dials)")
    said = judge(beampress, desk, "shots.h5", "shots.h5", *SX, code=0)
    rows = figures(said)
    assert said["with"]["version"].startswith("DIALS") and said["with"]["frames"] == 9 and said["with"]["installed"]
    assert rows["frames_with_spots"]["reference"] == 8 and rows["spots"]["reference"] > 60
    assert rows["recall"]["test"] == rows["precision"]["test"] == 1 and rows["intensity_scatter"]["test"] == 0
    rows = figures(judge(beampress, desk, "shots.h5", "half.h5", *SX, code=1))
    # DIALS adds up the strong pixels alone, and there are fewer of them
    assert 0.1 < rows["intensity_ratio"]["test"] < 0.6 and rows["intensity_change"]["difference"] < -3
    rows = figures(judge(beampress, desk, "shots.h5", "empty.h5", *SX))
    assert rows["spots"]["test"] == 0 and rows["precision"]["test"] is None
    assert figures(judge(beampress, desk, "float.h5", "float.h5", *SX))["recall"]["test"] == 1
    assert "with DIALS" in beampress("judge", "shots.h5", "shots.h5", *SX, cwd=desk).stdout


def test_pyfai(beampress, desk):
    if not installed("pyFAI"):
        pytest.skip("SKIP: pyFAI is not installed (Debian's package python3-pyfai)")
    said = judge(beampress, desk, "saxs.h5", "saxs.h5", *SAXS, code=0)
    rows = figures(said)
    assert said["with"]["version"].startswith("pyFAI") and rows["bins"]["reference"] > 50 and rows["scatter"]["test"] == 0
    rows = figures(judge(beampress, desk, "saxs.h5", "brighter.h5", *SAXS, "--dataset", "/entry/data/data", "--dataset", "/x", code=1))
    assert rows["intensity"]["difference"] == pytest.approx(9, abs=0.5)  # of nine frames, per pixel; pyFAI corrects the solid angle
    assert rows["change"]["test"] > 1 and rows["largest_change"]["test"] >= rows["change"]["test"]


def test_without_geometry(beampress, desk):
    """Our own analysis cannot work either, and that is said first."""
    assert "geometry" in beampress("judge", "plain.h5", "plain.h5", *SAXS, code=3, cwd=desk).stderr


@pytest.mark.parametrize("words, says", [(("--science", "saxs", "--with", "dials"), "sx alone"), (("--science", "sx", "--with", "xds"), "dials (for sx)")])
def test_wrong_use(beampress, desk, words, says):
    assert says in beampress("judge", "saxs.h5", "saxs.h5", *words, code=2, cwd=desk).stderr


FAKES = {
    "missing": ('echo "{\\"missing\\": \\"no module\\"}" > "$2/result.json"', False, "not installed"),
    "silent": ("exit 3", True, "could not write its result"),
    "killed": ("kill -9 $$", True, "was ended"),
    "garbage": ('echo "{" > "$2/result.json"', True, "could not write its result"),
    "failed": ('echo "{\\"failed\\": \\"ValueError: bad\\"}" > "$2/result.json"; echo x > "$2/left"', True, "ValueError: bad"),
}


@pytest.mark.parametrize("name", FAKES)
def test_a_program_that_fails_is_a_message(beampress, desk, tmp_path, name):
    """The verdict stands, and nothing is left in the temporary folder."""
    script, there, says = FAKES[name]
    fake = tmp_path / "bin"
    fake.mkdir()
    (tmp_path / "tmp").mkdir()
    (fake / "python3").write_text(f"#!/bin/sh\n{script}\n")
    (fake / "python3").chmod(0o755 | stat.S_IXUSR)
    environment = dict(os.environ, PATH=str(fake), TMPDIR=str(tmp_path / "tmp"))
    said = judge(beampress, desk, "saxs.h5", "saxs.h5", *SAXS, code=0, env=environment)
    assert said["verdict"] == "pass" and says in said["with"]["failed"] and said["with"]["installed"] is there
    assert not said["with"]["figures"] and not list((tmp_path / "tmp").iterdir())
    assert says in beampress("judge", "saxs.h5", "saxs.h5", *SAXS, cwd=desk, env=environment).stdout


def test_figures_of_any_kind_are_read(beampress, desk, tmp_path):
    (tmp_path / "python3").write_text("""#!/bin/sh
echo '{"version": 3, "figures": [7, {"name": "a", "reference": 1, "test": 3}, {"unit": 2, "test": "x"}]}' > "$2/result.json"
""")
    (tmp_path / "python3").chmod(0o755)
    said = judge(beampress, desk, "saxs.h5", "saxs.h5", *SAXS, code=0, env=dict(os.environ, PATH=str(tmp_path)))
    assert [(f["name"], f["difference"]) for f in said["with"]["figures"]] == [("?", None), ("a", 2), ("?", None)]


def test_no_room_for_temporary_files(beampress, desk):
    done = beampress("judge", "saxs.h5", "saxs.h5", *SAXS, code=5, cwd=desk, env=dict(os.environ, TMPDIR="/nonexistent"))
    assert "no temporary folder" in done.stderr
