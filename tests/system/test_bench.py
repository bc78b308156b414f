# SPDX-License-Identifier: BSD-3-Clause
"""tools/bench: rows of one run, how they are compared, and what the documentation makes of them."""
import csv
import json
import math
import re
import subprocess
import sys

import numpy
import pytest

import conftest

TOP = conftest.SOURCE
sys.path.insert(0, str(TOP / "bench"))
import peers  # noqa: E402
import picture  # noqa: E402
import rows as table  # noqa: E402
import verdict  # noqa: E402

PUBLISHED = TOP / "docs/bench/peers.csv"


def run(*words, code=0):
    done = subprocess.run([sys.executable, "-B", str(TOP / "tools/bench"), *map(str, words)], capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_published_rows_are_sound():
    with open(PUBLISHED, newline="") as file:
        assert csv.DictReader(file).fieldnames == table.COLUMNS
    rows = table.read(PUBLISHED)
    assert len(table.sets(rows)) >= 3 and {"photon balanced", "bslz4", "bslz4 plug-in"} <= {row.name for row in rows}
    for row in rows:
        assert row["failed"] or row["lossless"] or row["group"] == "peer", row
        if row.good:
            assert math.isclose(row["ratio"], row["raw_bytes"] / row["stored_bytes"], rel_tol=1e-4)
            assert math.isclose(row["bpp"], row.bits(row["measured"]), rel_tol=1e-3), row
            assert row["encode_MBps"] > 0 and row["first_bytes"] == sorted(row["first_bytes"])
    machine = picture.read_machine(PUBLISHED.with_name("machine.txt"))
    assert {"processor", "compiler", "libraries", "packages", "plug-ins"} <= set(machine)
    assert not re.search(r"/\w+/\w+/", PUBLISHED.read_text() + "".join(machine.values())), "a path of the machine"


def test_picture_and_table_are_what_the_rows_make_them():
    assert run("--check") == ""
    shown = (TOP / "docs/bench.svg").read_text()
    assert "photon balanced" in shown and "prefers-color-scheme: dark" in shown


def test_the_verdict_of_the_published_rows():
    said = run("--verdict", "--csv", PUBLISHED)
    assert "photon balanced, one frame per chunk" in said and "asked every set" in said


def test_a_quick_run(tmp_path, monkeypatch):
    monkeypatch.delenv("BEAMPRESS_DATA", raising=False)
    said = run("--quick", "--no-python", "--build", conftest.BUILD, "--csv", tmp_path / "peers.csv", "--only", "counting,rate=0.1")
    assert "photon balanced, one frame per chunk" in said
    rows = table.read(tmp_path / "peers.csv")
    names = {row.name for row in rows if row.good}
    assert {"photon balanced", "photon fast", "photon max", "bslz4", "bszstd", "gzip-6"} <= names
    assert all(row["lossless"] for row in rows if not row["failed"])
    simulated = [row for row in rows if math.isfinite(row["floor_bpp"])]
    assert simulated and all(row["bpp"] > row["floor_bpp"] for row in simulated if row.good)
    assert {row["chunk_frames"] for row in rows} > {1}
    before = {(row["set"], row.name) for row in rows}
    run("--quick", "--ours", "--level", "fast", "--build", conftest.BUILD, "--csv", tmp_path / "peers.csv", "--only", "counting")
    assert {(row["set"], row.name) for row in table.read(tmp_path / "peers.csv")} == before


def test_peers_of_python_skip_what_is_not_there(tmp_path):
    numpy.save(tmp_path / "frames.npy", numpy.zeros((3, 16, 16), "uint16"))
    done = subprocess.run([sys.executable, "-B", str(TOP / "bench/peers.py"), str(tmp_path / "frames.npy"), "--time", "0.01"],
                          capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    assert {row["codec"] for row in said["results"]} or {skip["package"] for skip in said["skipped"]} == {"imagecodecs", "pyterse"}


def test_a_peer_is_measured_and_compared(tmp_path):
    frames = numpy.random.default_rng(3).poisson(3, (12, 32, 32)).astype("uint16")
    good = peers.Peer("raw", "", lambda frame: peers.sized(frame.tobytes()), lambda data, frame: numpy.frombuffer(data, "uint16"))
    row = peers.row_of(good, frames, frames, "", 0.01, 0.01)
    assert row["lossless"] and row["measured"] == 12 and row["stored_bytes"] == row["raw_bytes"] == frames.nbytes
    assert row["first_bytes"] == [2048 * n for n in (1, 2, 4, 8)] and row["bpp"] == 16
    bad = peers.Peer("bad", "", lambda frame: peers.sized(frame.tobytes()), lambda data, frame: numpy.zeros_like(frame))
    assert not peers.row_of(bad, frames, frames, "", 0.01, 0.01)["lossless"]
    broken = peers.Peer("broken", "", lambda frame: 1 / 0, None)
    assert "division" in peers.row_of(broken, frames, frames, "", 0.01, 0.01)["failed"]


def test_all_measure_the_frames_in_the_same_order(beampress, tmp_path):
    """Frame i takes bytes that tell i, so sums of first frames tell the order."""
    random = numpy.random.default_rng(5)
    frames = numpy.zeros((11, 64, 64), "uint8")
    for i, frame in enumerate(frames):
        frame.flat[:300 * i] = random.integers(0, 256, 300 * i)
    numpy.save(tmp_path / "frames.npy", frames)
    sizes = []
    for frame in frames:
        numpy.save(tmp_path / "one.npy", frame[None])
        sizes.append(beampress("bench", "one.npy", "-d", "/", "-c", "zstd", "--quick", "--json", cwd=tmp_path).json["results"][0]["stored_bytes"])
    row = beampress("bench", "frames.npy", "-c", "zstd", "--quick", "--json", cwd=tmp_path).json["results"][0]
    sums = numpy.cumsum([sizes[i] for i in peers.order_of(len(frames))])
    assert row["first_bytes"] == [sums[n - 1] for n in (1, 2, 4, 8)] and row["stored_bytes"] == sums[-1]


@pytest.mark.parametrize("theirs, said", [(700, "yes"), (500, "NO ")])
def test_verdict_compares_on_the_frames_that_both_measured(theirs, said):
    def row(codec, params, group, stored, measured, firsts):
        return table.Row({name: "" for name in table.COLUMNS} | {
            "set": "one", "dtype": "uint16", "frame": "10x10", "chunk_frames": 1, "chunks": 4, "measured": measured, "group": group,
            "codec": codec, "params": params, "via": "", "lossless": True, "raw_bytes": 200 * measured, "stored_bytes": stored,
            "ratio": 200 * measured / stored, "bpp": 8 * stored / 100 / measured, "floor_bpp": math.nan, "encode_MBps": 50.0,
            "decode_MBps": 50.0, "first_bytes": firsts, "failed": ""})
    ours = row("photon", "level=max", "own", 9000, 4, [300, 600, 9000])  # the last frames are large: they do not count
    peer = row("jpegxl", "effort=9", "peer", theirs, 2, [theirs // 2, theirs])
    lines = verdict.verdict([ours, peer], ["max"])
    assert [line for line in lines if "ratio: JPEG XL e9" in line][0].strip().startswith(said.strip())


def test_bench_tells_the_entropy_of_simulated_frames(beampress, tmp_path):
    entropy = beampress("simulate", "poisson", "sim.h5", "rate=2", "frames=2", "--json", cwd=tmp_path).json["entropy"]
    row = beampress("bench", "sim.h5", "-d", "/entry/data/data", "-c", "photon", "--quick", "--json", cwd=tmp_path).json["results"][0]
    assert math.isclose(row["floor_bpp"], entropy, rel_tol=1e-9) and entropy < row["bpp"] < 1.1 * entropy
    text = beampress("bench", "sim.h5", "-d", "/entry/data/data", "-c", "photon", "--quick", cwd=tmp_path).stdout
    assert "SIMULATED, with an entropy of" in text and re.search(r"\(\+\d+\.\d %\)", text)
