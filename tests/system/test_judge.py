# SPDX-License-Identifier: BSD-3-Clause
"""beampress judge: verdicts whose right answer is known, and what cannot be judged."""
import h5py
import numpy as np
import pytest

SCIENCE = ("--science", "segment:volume=0,min_size=4")


def discs(seed, frames=40, side=96, number=8, extra=0.0):
    """SIMULATED slices: counts of bright discs at random places; extra: further radius of every disc."""
    places, noise = np.random.default_rng(seed), np.random.default_rng(seed + 1000)
    y, x = np.mgrid[:side, :side]
    out = []
    for _ in range(frames):
        dark, bright = noise.poisson(100, (side, side)), noise.poisson(200, (side, side))
        inside = np.zeros((side, side), bool)
        for cy, cx, radius in zip(places.uniform(0, side, number), places.uniform(0, side, number), places.uniform(5, 9, number)):
            inside |= (y - cy) ** 2 + (x - cx) ** 2 < (radius + extra) ** 2
        out.append(np.where(inside, bright, dark))
    return np.array(out, np.uint16)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder, scan = tmp_path_factory.mktemp("judge"), discs(1)
    files = {"scan": scan, "fine": np.rint(scan / 2) * 2, "coarse": np.rint(scan / 48) * 48, "grown": discs(1, extra=0.3),
             "ones": np.ones_like(scan), "short": scan[:30], "narrow": scan[:, :, :90]}
    for name, values in files.items():
        with h5py.File(folder / f"{name}.h5", "w") as f:
            f["x"] = values.astype(np.uint16)
    with h5py.File(folder / "elsewhere.h5", "w") as f:
        f["a/y"] = scan.astype(np.float32)
        f["other"] = scan
    return folder


def judge(beampress, desk, test, *words, code=0):
    done = beampress("judge", "scan.h5", test, *SCIENCE, "--json", *words, code=code, cwd=desk)
    return done.json, {q["name"]: q for q in done.json.get("quantities", [])}


def test_the_same_values_pass(beampress, desk):
    said, rows = judge(beampress, desk, "scan.h5")
    assert said["verdict"] == "pass" and said["exit_code"] == 0
    judged = [q for q in rows.values() if q["pass"] is not None]
    assert all(q["difference"] == 0 and q["z"] == 0 and q["pass"] for q in judged if not q["agreement"])
    assert rows["dice"]["test"] == 1 > rows["dice"]["reference"] and rows["dice"]["pass"]
    assert {"name", "reference", "test", "difference", "sigma", "z", "budget", "pass"} <= set(rows["phase_fraction"])
    assert rows["otsu_threshold"]["pass"] is None and "on the way" in rows["otsu_threshold"]["reason"]


def test_fine_steps_pass_and_coarse_ones_fail(beampress, desk):
    said, rows = judge(beampress, desk, "fine.h5")
    assert said["verdict"] == "pass" and abs(rows["phase_fraction"]["z"]) < 0.1
    said, rows = judge(beampress, desk, "coarse.h5", code=1)
    assert said["verdict"] == "fail" and said["exit_code"] == 1
    row = rows["phase_fraction"]
    assert row["z"] == pytest.approx(row["difference"] / row["sigma"]) and not row["pass"]
    assert row["bin"]["lower"] > row["budget"] == 0.2 and row["units"] == 20


def test_a_shift_of_the_answer_fails(beampress, desk):
    said, rows = judge(beampress, desk, "grown.h5", code=1)
    assert rows["phase_fraction"]["verdict"] == "fail" and rows["phase_fraction"]["z"] > 1
    assert rows["dice"]["agreement"] and rows["dice"]["verdict"] == "fail"  # noise alone moves edges less


def test_budgets(beampress, desk):
    said, rows = judge(beampress, desk, "coarse.h5", "budget=2", "random=2", "budget.object_mean_size=0.01", code=1)
    assert rows["phase_fraction"]["pass"] and rows["phase_fraction"]["budget"] == 2
    assert rows["object_mean_size"]["budget"] == 0.01 and not rows["object_mean_size"]["pass"]
    said, rows = judge(beampress, desk, "coarse.h5", "budget=2", "random=2")
    assert said["verdict"] == "pass"
    for words in (["budget=none"], ["random=-1"], ["budget"], ["bins=x"], ["nosuch=1"], ["=3"]):
        judge(beampress, desk, "scan.h5", *words, code=2)


def test_parameters_as_words(beampress, desk):
    said, rows = judge(beampress, desk, "scan.h5", "connectivity=faces")
    assert "connectivity=faces" in said["techniques"][0]["params"]
    done = beampress("judge", "scan.h5", "fine.h5", "--science", "segment:volume=0,min_size=4,xpcs:buffers=8,levels=2", "--json",
                     code=None, cwd=desk)
    assert [t["technique"] for t in done.json["techniques"]] == ["segment", "xpcs"]


def test_undecided_says_so(beampress, desk, tmp_path):
    """Two units alone cannot tell much."""
    few = discs(3, frames=1, side=11, number=3)
    for name, values in (("a", few), ("b", np.rint(few / 24) * 24)):
        with h5py.File(tmp_path / f"{name}.h5", "w") as f:
            f["x"] = values.astype(np.uint16)
    done = beampress("judge", "a.h5", "b.h5", "--science", "segment", code=6, cwd=tmp_path)
    assert "verdict: undecided" in done.stdout and "not enough data to tell" in done.stderr
    assert beampress("judge", "a.h5", "b.h5", "--science", "segment", "--json", code=6, cwd=tmp_path).json["verdict"] == "undecided"


def test_files_of_any_program(beampress, desk):
    said, _ = judge(beampress, desk, "elsewhere.h5", "--dataset", "/x", "--dataset", "/a/y")
    assert said["verdict"] == "pass" and said["test_dataset"] == "/a/y"
    beampress("decompress", "scan.h5", "scan.tif", "--to", "tiff", "-f", cwd=desk)
    assert judge(beampress, desk, "scan.tif")[0]["verdict"] == "pass"


def test_an_analysis_that_fails_on_the_test(beampress, desk):
    said, rows = judge(beampress, desk, "ones.h5", code=1)
    assert said["verdict"] == "fail" and "no threshold between phases" in rows["phase_fraction"]["reason"]
    assert rows["phase_fraction"]["test"] is None and "ones" not in said["techniques"][0]["params"]
    assert "no threshold between phases" in beampress("judge", "ones.h5", "scan.h5", *SCIENCE, code=3, cwd=desk).stderr


@pytest.mark.parametrize("test, code, says", [("short.h5", 4, "30 of 96x96"), ("narrow.h5", 4, "40 of 96x90"),
                                              ("missing.h5", 3, "missing.h5")])
def test_files_that_do_not_fit(beampress, desk, test, code, says):
    assert says in beampress("judge", "scan.h5", test, *SCIENCE, code=code, cwd=desk).stderr


def test_wrong_use(beampress, desk):
    for words, says in ((["scan.h5", "fine.h5"], "--science"), (["scan.h5", "fine.h5", "--science", "dreams"], "dreams"),
                        (["scan.h5", "fine.h5", "--science", "segment,dreams"], "dreams"),
                        (["scan.h5", "fine.h5", "--science", "segment:classes=99"], "classes"), (["scan.h5"], "missing")):
        assert says in beampress("judge", *words, code=2, cwd=desk).stderr
