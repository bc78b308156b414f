# SPDX-License-Identifier: BSD-3-Clause
"""analyse sx:merge=1: half sets of shots whose reflections are known, against the formulas in NumPy, closed forms and repeats."""
import h5py
import numpy as np
import pytest

SHOTS, SPOTS, REFLECTIONS = 120, 9, 60
PLACES = [(y, x) for y in (12, 32, 52) for x in (12, 32, 52)]
CRYSTAL = np.random.default_rng(1).exponential(1000, REFLECTIONS) + 50


def shots(file, seed, noise):
    """SIMULATED: spots of one pixel, each a reflection with its intensity and noise; the indices stand beside."""
    random = np.random.default_rng(seed)
    frames = np.zeros((SHOTS, 64, 64), np.float32)
    which = np.array([random.permutation(REFLECTIONS)[:SPOTS] for _ in range(SHOTS)])
    values = np.rint(CRYSTAL[which] + random.normal(0, noise, which.shape))
    for spot, (y, x) in enumerate(PLACES):
        frames[:, y, x] = values[:, spot]
    truth = {"peak_x": np.broadcast_to([x + 0.5 for _, x in PLACES], which.shape),
             "peak_y": np.broadcast_to([y + 0.5 for y, _ in PLACES], which.shape), "peak_q": 0.1 + which / 200,
             "peak_h": which % 5 * random.choice([-1, 1], which.shape), "peak_k": which // 5, "peak_l": 0 * which}
    with h5py.File(file, "w") as f:
        f["entry/data/data"] = frames
        for name, array in truth.items():
            f[f"entry/truth/{name}"] = np.asarray(array, float)
    return which, values


def merged(beampress, file, words="", code=0):
    done = beampress("analyse", f"sx:merge=1{words}", file, "--dataset", "/entry/data/data", "--json", code=code)
    return {row["name"]: row for row in done.json["results"]} if code == 0 else done.stderr


def halves(which, values):
    return np.array([[values[half::2][which[half::2] == i].mean() for i in range(REFLECTIONS)] for half in (0, 1)])


def test_as_the_formulas_say(beampress, tmp_path):
    which, values = shots(tmp_path / "s.h5", 2, 600)
    found = merged(beampress, tmp_path / "s.h5", ",shells=4")
    a, b = halves(which, values)
    assert found["merged_reflections"]["value"] == REFLECTIONS
    for part, (cc, star, split) in ((slice(None), [found[n]["value"] for n in ("cc_half", "cc_star", "rsplit")]),
                                    *((slice(15 * k, 15 * k + 15), [found[f"shell_{n}"]["values"][k] for n in ("cc_half", "cc_star", "rsplit")])
                                      for k in range(4))):
        r = np.corrcoef(a[part], b[part])[0, 1]
        assert cc == pytest.approx(r, rel=1e-9) and star == pytest.approx(np.sqrt(2 * r / (1 + r)), rel=1e-9)
        assert split == pytest.approx(np.sqrt(2) * abs(a - b)[part].sum() / (a + b)[part].sum(), rel=1e-9)
    assert found["shell_cc_half"]["at"] == pytest.approx([0.1 + (15 * k + 7) / 200 for k in range(4)])


def test_closed_form_and_uncertainty_of_repeats(beampress, tmp_path):
    """One crystal, 40 times other shots: CC1/2 = S / (S + N), N the noise of a half's mean; sigma beside the repeats."""
    noise, runs = 800, []
    for seed in range(40):
        shots(tmp_path / "s.h5", seed, noise)
        runs.append(merged(beampress, tmp_path / "s.h5"))
    mean_of_half = noise ** 2 * REFLECTIONS * 2 / (SHOTS * SPOTS)
    expected = CRYSTAL.var() / (CRYSTAL.var() + mean_of_half * 1.12)  # 1.12: <1/n> of about nine spots
    for name in ("cc_half", "cc_star", "rsplit"):
        values, sigmas = ([run[name][key] for run in runs] for key in ("value", "sigma"))
        # of 40 repeats the scatter itself is known to 11 %
        assert 0.7 < np.sqrt(np.mean(np.square(sigmas))) / np.std(values, ddof=1) < 1.35, name
        if name == "cc_half":
            assert np.mean(values) == pytest.approx(expected, abs=0.03)


def test_no_indices(beampress, tmp_path):
    shots(tmp_path / "s.h5", 1, 10)
    with h5py.File(tmp_path / "s.h5", "r+") as f:
        del f["entry/truth/peak_k"]
        f["entry/truth/peak_k"] = np.zeros(7)
    assert "peak_k has 7 values for 120 shots" in merged(beampress, tmp_path / "s.h5", code=3)
    with h5py.File(tmp_path / "s.h5", "r+") as f:
        del f["entry/truth/peak_h"]
    assert "does not index" in merged(beampress, tmp_path / "s.h5", code=3)


def test_simulated_shots(beampress, tmp_path):
    beampress("simulate", "sx", tmp_path / "x.h5", "frames=80", "height=128", "width=128", "hits=1", "a=20", "b=20", "c=30", "gap=4",
              "background=1", "distance=0.03")
    found = merged(beampress, tmp_path / "x.h5", ",shells=3")
    assert 0.3 < found["cc_half"]["value"] < 1 and found["cc_half"]["sigma"] > 0 and len(found["shell_rsplit"]["sigma"]) == 3
