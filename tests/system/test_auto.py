# SPDX-License-Identifier: BSD-3-Clause
"""--codec auto: what it picks follows from data, budget and access, is the same every time, and is explained."""
import h5py
import numpy
import pytest

from test_cli import DATASET, frames, write_scan


def row_of(result):
    return next(r for r in result.json["datasets"] if r["path"] == DATASET)


@pytest.fixture
def scan(beampress, tmp_path):
    beampress("simulate", "poisson", tmp_path / "scan.h5", "frames=20", "height=128", "width=160", "rate=3", "-q")
    return tmp_path / "scan.h5"


def pick(beampress, scan, *options):
    row = row_of(beampress("compress", scan, scan.with_name("out.h5"), "-f", "--codec", "auto", "--json", *options))
    beampress("verify", scan, scan.with_name("out.h5"))
    with h5py.File(scan.with_name("out.h5")) as file, h5py.File(scan) as before:
        # Debian's bitshuffle does not read bszstd
        assert "--standard" in options or (file[DATASET][()] == before[DATASET][()]).all()
        return row, file[DATASET].chunks


def test_best_ratio_wins_and_is_explained(beampress, scan):
    row, chunks = pick(beampress, scan)
    choice = row["choice"]
    assert chunks == (1, 128, 160)
    allowed = [c for c in choice["candidates"] if c["allowed"]]
    chosen = [c for c in choice["candidates"] if c["chosen"]]
    assert len(chosen) == 1 and chosen[0]["codec"] == row["codec"]
    assert chosen[0]["ratio"] >= 0.995 * max(c["ratio"] for c in allowed)
    assert row["ratio"] == pytest.approx(chosen[0]["ratio"], rel=0.05)
    assert {c["codec"].split(":")[0] for c in choice["candidates"]} >= {"photon", "bslz4", "store"}
    text = beampress("compress", scan, scan.with_name("t.h5"), "--codec", "auto").stdout
    assert choice["why"] in text and "\n" not in choice["why"]


def test_budget_is_kept(beampress, scan):
    slowest, _ = pick(beampress, scan, "--budget", "0.001")
    for budget in (300, 1000, 2500):
        row, _ = pick(beampress, scan, "--budget", budget)
        chosen = next((c for c in row["choice"]["candidates"] if c["chosen"]), None)
        assert chosen is None or chosen["encode_MBps"] >= budget
        assert row["ratio"] <= slowest["ratio"] * 1.006
        assert all(c["allowed"] == (c["encode_MBps"] >= budget) for c in row["choice"]["candidates"])
    row, _ = pick(beampress, scan, "--budget", "1e9")
    assert not row["coded"] and "stays as it is" in row["choice"]["why"]


def test_the_same_choice_and_bytes_every_time(beampress, scan):
    row, _ = pick(beampress, scan)
    first = scan.with_name("out.h5").read_bytes()
    again, _ = pick(beampress, scan, "--threads", "3", "--memory", "8M")
    assert again["choice"] == row["choice"] and scan.with_name("out.h5").read_bytes() == first


def test_access_decides_the_chunks(beampress, tmp_path):
    values = numpy.repeat(frames(1, 100, 120), 40, axis=0)  # frames that are all alike: time helps
    write_scan(tmp_path / "still.h5", values)
    assert pick(beampress, tmp_path / "still.h5", "--access", "frame")[1] == (1, 100, 120)
    assert pick(beampress, tmp_path / "still.h5", "--access", "sinogram")[1] == (40, 1, 120)
    row, chunks = pick(beampress, tmp_path / "still.h5", "-a", "sequential")
    assert chunks[1:] == (100, 120) and chunks[0] in (1, 16)
    assert pick(beampress, tmp_path / "still.h5", "--chunk", "4x50x120")[1] == (4, 50, 120)


def test_what_is_small_already_stays(beampress, tmp_path):
    values = frames(30, 64, 64)
    write_scan(tmp_path / "scan.h5", numpy.zeros_like(values))
    beampress("compress", tmp_path / "scan.h5", tmp_path / "small.h5", "--codec", "deflate:level=9")
    row = row_of(beampress("compress", tmp_path / "small.h5", tmp_path / "out.h5", "--codec", "auto", "--json"))
    assert row["choice"] and row["ratio"] > 20


def test_standard_and_other_types(beampress, tmp_path):
    write_scan(tmp_path / "f.h5", frames().astype("float64") / 7)
    for options in ([], ["--standard"], ["--own"]):
        row, _ = pick(beampress, tmp_path / "f.h5", *options)
        assert row["coded"]
    write_scan(tmp_path / "u.h5")
    row, _ = pick(beampress, tmp_path / "u.h5", "--standard")
    assert row["codec"].startswith("bs")


def test_images_too(beampress, scan):
    beampress("decompress", scan, scan.with_name("x.tif"), "--to", "tiff", "--dataset", DATASET)
    result = beampress("compress", scan.with_name("x.tif"), scan.with_name("y.h5"), "--codec", "auto", "--json").json
    row = next(r for r in result["datasets"] if r["shape"] == [20, 128, 160])
    assert row["coded"] and row["choice"]["candidates"] and result["verified"]


@pytest.mark.parametrize("options", [
    ["--budget", "5"], ["--access", "frame"], ["--codec", "auto", "--budget", "x"], ["--codec", "auto", "--budget", "-1"],
    ["--codec", "auto", "--access", "random"], ["--codec", "auto", "--access", "frame", "--chunk", "frame"],
    ["--codec", "auto", "--codec", "bslz4"], ["--codec", "auto:level=1"]])
def test_wrong_use(beampress, scan, options):
    beampress("compress", scan, scan.with_name("out.h5"), *options, code=2)
