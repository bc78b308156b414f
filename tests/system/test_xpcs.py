# SPDX-License-Identifier: BSD-3-Clause
"""beampress analyse xpcs: g2 against scikit-beam and boost_corr (reference files in $BEAMPRESS_DATA/../cases), fits, and its
uncertainties against repeats of a simulated experiment."""
import csv
import os
import pathlib
import subprocess

import h5py
import numpy as np
import pytest

DATA = os.environ.get("BEAMPRESS_DATA")
CASES = pathlib.Path(DATA).parent / "cases" if DATA else None
needs_cases = pytest.mark.skipif(not (CASES and CASES.is_dir()), reason="SKIP: no reference cases ($BEAMPRESS_DATA/../cases)")


def analyse(beampress, tmp_path, frames, regions=None, technique="xpcs", *arguments, code=0):
    """results by name; curves of several regions as a list."""
    with h5py.File(tmp_path / "x.h5", "w") as f:
        f["x"] = frames
        if regions is not None:
            f["map"] = regions
            arguments = ("--regions", "/map", "--dataset", "/x", *arguments)
    done = beampress("analyse", technique, tmp_path / "x.h5", "--json", *arguments, code=code)
    if code:
        return done
    results = done.json["results"]
    found = {r["name"]: r for r in results}
    found["g2"] = [r for r in results if r["name"] == "g2"]
    return found


@needs_cases
def test_speckle_movie_as_scikit_beam(beampress, tmp_path):
    with h5py.File(CASES / "xpcs_skbeam_boost.h5") as f:
        group = f["speckle"]
        frames, labels = group["frames"][()], group["labels"][()]
        g2, lags = group["skbeam_g2_l6_b8"][()], group["skbeam_lags"][()]
    found = analyse(beampress, tmp_path, frames, labels, "xpcs:levels=6,buffers=8")
    assert [r["region"] for r in found["g2"]] == [1, 2, 3]
    for q, curve in enumerate(found["g2"]):
        assert curve["at"][:len(lags)] == list(lags)
        assert curve["values"][:len(lags)] == pytest.approx(g2[:, q], rel=1e-10)
    with open(CASES / "xpcs_fits.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    for q, row in enumerate(rows):
        assert found["contrast"]["values"][q] == pytest.approx(float(row["skbeam_beta"]), rel=1e-4)
        assert found["rate"]["values"][q] == pytest.approx(float(row["skbeam_gamma"]), rel=1e-4)
        assert found["baseline"]["values"][q] == pytest.approx(float(row["skbeam_base"]), rel=1e-4)
        # and the truth of the simulation
        assert abs(found["rate"]["values"][q] - float(row["gamma_true"])) < 4 * found["rate"]["sigma"][q]
        assert abs(found["contrast"]["values"][q] - 1 / 3) < 4 * found["contrast"]["sigma"][q]


@needs_cases
def test_effect_of_lossy_schemes(beampress, tmp_path):
    """What rounding, clipping and dropping do to the contrast of few photons, as the reference table has it. The schemes with
    dither or noise come from other random numbers, and the binned one has another time axis."""
    with h5py.File(CASES / "xpcs_skbeam_boost.h5") as f:
        frames, labels = f["speckle/frames"][()], f["speckle/labels"][()]
    with open(CASES / "xpcs_compression_effect.csv", newline="") as f:
        table = {(row["scheme"], int(row["q"])): {k: float(row[k]) for k in ("beta", "gamma", "base")} for row in csv.DictReader(f)}
    schemes = {
        "original": frames,
        "round_to_2": (2 * np.rint(frames / 2)).astype(np.uint8),
        "clip3": np.minimum(frames, 3),
        "drop_singles": np.where(frames == 1, 0, frames).astype(np.uint8),
    }
    for name, lossy in schemes.items():
        found = analyse(beampress, tmp_path, lossy, labels, "xpcs:levels=6,buffers=8")
        for q in range(3):
            row = table[name, q + 1]
            for ours, theirs in (("contrast", "beta"), ("rate", "gamma"), ("baseline", "base")):
                assert found[ours]["values"][q] == pytest.approx(row[theirs], rel=1e-4), (name, q + 1, ours)


@needs_cases
def test_speckle_movie_as_boost_corr(beampress, tmp_path):
    """One static partition per region, where both normalisations agree."""
    with h5py.File(CASES / "xpcs_skbeam_boost.h5") as f:
        group = f["speckle"]
        frames, labels = group["frames"][()], group["labels"][()]
        g2, taus = group["boost_g2"][()], group["boost_tau"][()]
    found = analyse(beampress, tmp_path, frames, labels, "xpcs:delays=aps,buffers=8")
    for q, curve in enumerate(found["g2"]):
        common = [i for i, tau in enumerate(taus) if tau in curve["at"]]
        assert len(common) >= 20
        ours = [curve["values"][curve["at"].index(taus[i])] for i in common]
        assert ours == pytest.approx(g2[common, q], rel=2e-5)


@needs_cases
def test_delays(beampress, tmp_path):
    with h5py.File(CASES / "xpcs_skbeam_boost.h5") as f:
        lags = {name: f["lags"][name][()] for name in ("l3_b8", "l6_b4")}
    frames = np.random.default_rng(1).poisson(3, (700, 6, 6)).astype(np.uint8)
    for name, levels, buffers in (("l3_b8", 3, 8), ("l6_b4", 6, 4)):
        found = analyse(beampress, tmp_path, frames, None, f"xpcs:levels={levels},buffers={buffers}")
        assert found["g2"][0]["at"] == list(lags[name])


def maps_of(beampress, tmp_path, frames, regions, technique):
    """Two-time maps by region, and the results."""
    found = analyse(beampress, tmp_path, frames, regions, technique, "--out", tmp_path / "out.h5", "--overwrite")
    maps = []
    with h5py.File(tmp_path / "out.h5") as f:
        f.visititems(lambda name, item: maps.append(item[()]) if getattr(item, "ndim", 0) == 2 else None)
    done = beampress("analyse", technique, tmp_path / "x.h5", "--json", "--regions", "/map", "--dataset", "/x").json["results"]
    return maps, [np.array(r["values"]) for r in done if r["name"] == "one_time"], found


@needs_cases
def test_two_time_as_scikit_beam(beampress, tmp_path):
    """Its own test (test_one_time_from_two_time), and the speckle movie."""
    with h5py.File(CASES / "xpcs_skbeam_boost.h5") as f:
        group = f["skbeam_own"]
        images, roi = group["images"][()], group["roi"][()]
        one, two, err = group["one_time_from_two_time"][()], group["two_time"][()], group["err"][()]
        expected = group["expected_in_test"][()]
        movie, labels = f["speckle/frames"][:128], f["speckle/labels"][()]
        movie_one, movie_two = f["speckle/one_time_from_two_time_first128"][()], f["speckle/two_time_first128"][()]
    maps, ones, _ = maps_of(beampress, tmp_path, images, roi, "xpcs:two_time,buffers=2")
    for region in range(2):
        assert maps[region] == pytest.approx(two[region], rel=5e-7)
        assert ones[region] == pytest.approx(one[region], rel=5e-7)
        assert ones[region] == pytest.approx(expected[region], abs=1e-6)
        spread = [np.std(np.diagonal(maps[region], k)) / np.sqrt(10 - k) for k in range(10)]
        assert spread == pytest.approx(err[region], abs=1e-9)
    maps, ones, _ = maps_of(beampress, tmp_path, movie, labels, "xpcs:two_time")
    for region in range(3):
        assert maps[region] == pytest.approx(movie_two[region], rel=1e-6)  # theirs is stored in single precision
        assert ones[region] == pytest.approx(movie_one[region], rel=1e-6)


@needs_cases
def test_multi_tau_of_scikit_beams_own_test(beampress, tmp_path):
    with h5py.File(CASES / "xpcs_skbeam_boost.h5") as f:
        group = f["skbeam_own"]
        images, roi, g2 = group["images"][()], group["roi"][()], group["multi_tau_l1_b10"][()]
    found = analyse(beampress, tmp_path, images, roi, "xpcs:levels=1,buffers=10")
    for region in range(2):
        assert found["g2"][region]["values"] == pytest.approx(g2[:, region], rel=1e-10)


@needs_cases
def test_photon_statistics_as_scikit_beam(beampress, tmp_path):
    """Its test_xsvs. Its last bin holds two counts, and what is above it is lost."""
    with h5py.File(CASES / "xpcs_skbeam_boost.h5") as f:
        group = f["xsvs_own"]
        images, labels = group["images"][()], group["labels"][()]
        references = [group["P_00"][()], group["P_01"][()]]
    analyse(beampress, tmp_path, images, labels, "xpcs:statistics,buffers=2")
    done = beampress("analyse", "xpcs:statistics,buffers=2", tmp_path / "x.h5", "--json", "--regions", "/map", "--dataset", "/x").json
    shares = [r["values"] for r in done["results"] if r["name"] == "photon_statistics"]
    for share, reference in zip(shares, references):
        assert [*share[:4], share[4] + share[5]] == pytest.approx(reference, abs=1e-12)
        assert sum(share) == pytest.approx(1, abs=1e-12)


@needs_cases
def test_negative_binomial_table(build):
    with open(CASES / "negative_binomial_table.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    for column in rows[0]:
        if column == "k":
            continue
        mean, modes = column[4:].split("_M")
        numbers = np.array([float(row["k"]) for row in rows], "<f8")
        done = subprocess.run([build / "tests/programs/scattering", "photons", mean, modes], input=numbers.tobytes(),
                              stdout=subprocess.PIPE, check=True)
        assert [float(v) for v in done.stdout.split()] == pytest.approx([float(row[column]) for row in rows], rel=1e-9, abs=1e-10)  # the case by logarithms of gamma functions


def test_contrast_from_photon_statistics(beampress, tmp_path):
    """The counts of a simulated series are negative binomial, and its contrast comes out of them in three ways."""
    file = tmp_path / "s.h5"
    beampress("simulate", "xpcs", file, "counts=0.1", "modes=2", "frames=1000", "regions=1", "rate=0.5", "height=100", "width=100")
    results = beampress("analyse", "xpcs:statistics,photons=4", file, "--json").json["results"]
    found = {r["name"]: r for r in results}
    for name in ("contrast_from_statistics", "contrast_from_low_counts"):
        assert abs(found[name]["value"] - 0.5) < 4 * found[name]["sigma"] + 0.03 * (name != "contrast_from_statistics")
    share, sigma = (np.array(found["photon_statistics"][key]) for key in ("values", "sigma"))
    law = np.array([(1 + 0.1 / 2)**-2 * (k + 1) * (0.1 / 2.1)**k for k in range(5)])
    assert (abs(share - law) < 4 * sigma).all() and (sigma > 0).all()
    # longer exposures blur: Goodman's contrast of an exposure of T = n frames, as a sum over pairs of frames
    contrast = found["exposure_contrast"]
    for n, value, s in zip(contrast["at"], contrast["values"], contrast["sigma"]):
        t = np.arange(int(n))
        truth = 0.5 * np.exp(-2 * 0.5 * abs(t[:, None] - t)).mean()
        assert abs(value - truth) < 4 * s


def test_static_normalisation(beampress, tmp_path):
    """As APS: G2 / (IP IF) of each static partition, then the mean over those of a region."""
    random = np.random.default_rng(8)
    frames = random.poisson(random.uniform(1, 5, (12, 20)), (60, 12, 20))
    y, x = np.mgrid[:12, :20]
    regions, statics = 1 + y // 6, 1 + 4 * (y // 6) + x // 5
    with h5py.File(tmp_path / "x.h5", "w") as f:
        f["x"], f["map"], f["static_roi_map"] = frames, regions, statics
    line = ("--regions", "/map", "--dataset", "/x", "--json")
    results = beampress("analyse", "xpcs:normalisation=static,delays=aps,buffers=4", tmp_path / "x.h5", *line).json["results"]
    g2 = [r for r in results if r["name"] == "g2"]
    for region in (1, 2):
        for delay, value in list(zip(g2[region - 1]["at"], g2[region - 1]["values"]))[:4]:
            d = int(delay)
            parts = []
            for s in np.unique(statics[regions == region]):
                a, b = frames[:-d][:, statics == s], frames[d:][:, statics == s]
                parts.append((a * b).mean() / (a.mean() * b.mean()))
            assert value == pytest.approx(np.mean(parts), rel=1e-10)
    with h5py.File(tmp_path / "x.h5", "r+") as f:
        del f["static_roi_map"]
    assert "no map of static" in beampress("analyse", "xpcs:normalisation=static", tmp_path / "x.h5", *line[:-1], code=3).stderr


def speckles(seed, frames=160, side=40, rate=0.05, mean=1.5):
    """SIMULATED: speckles of a thermal source (contrast 1) whose field forgets itself at `rate` per frame, and counts."""
    random = np.random.default_rng(seed)

    def field():
        return (random.normal(size=(side, side)) + 1j * random.normal(size=(side, side))) / np.sqrt(2)
    keep = np.exp(-rate)
    now, out = field(), []
    for _ in range(frames):
        out.append(random.poisson(mean * abs(now) ** 2))
        now = keep * now + np.sqrt(1 - keep ** 2) * field()
    return np.array(out, np.uint16)


def test_uncertainty_is_that_of_repeats(beampress, tmp_path):
    runs = [analyse(beampress, tmp_path, speckles(seed)) for seed in range(60)]
    for name in ("contrast", "rate", "mean_counts", "contrast_from_statistics"):
        values, sigmas = ([run[name][key] for run in runs] for key in ("value", "sigma"))
        assert np.median(sigmas) / np.std(values, ddof=1) == pytest.approx(1, abs=0.3), name
    g2 = np.array([run["g2"][0]["values"] for run in runs])
    sigma = np.array([run["g2"][0]["sigma"] for run in runs])
    ratio = np.median(sigma, axis=0) / np.std(g2, axis=0, ddof=1)
    assert np.median(ratio) == pytest.approx(1, abs=0.15) and ratio.min() > 0.6 and ratio.max() < 1.5
    assert np.mean([run["rate"]["value"] for run in runs]) == pytest.approx(0.05, rel=0.03)


def test_limits_and_sparse_frames(beampress, tmp_path):
    """Counts without correlation have g2 = 1; photons that are few are added up the same way as those that are many."""
    sparse = np.random.default_rng(4).poisson(0.02, (300, 50, 60)).astype(np.uint32)
    found = analyse(beampress, tmp_path, sparse)
    g2, sigma = (np.array(found["g2"][0][key]) for key in ("values", "sigma"))
    assert (abs(g2[1:] - 1) < 5 * sigma[1:]).all() and g2[0] > 10
    assert found["rate"]["value"] is None or found["rate"]["value"] > 0
    mean = sparse.mean(axis=(1, 2))
    direct = (sparse[:-3].astype(float) * sparse[3:]).mean() / (mean[:-3].mean() * mean[3:].mean())
    assert g2[3] == pytest.approx(direct, rel=1e-9)
    constant = analyse(beampress, tmp_path, np.full((20, 8, 8), 3, np.uint8))
    assert constant["g2"][0]["values"] == [1] * len(constant["g2"][0]["values"]) and constant["contrast"]["value"] is None
    dark = analyse(beampress, tmp_path, np.zeros((20, 8, 8), np.uint8))
    assert set(dark["g2"][0]["values"]) == {None} and dark["mean_counts"]["value"] == 0
    timed = analyse(beampress, tmp_path, sparse[:40], None, "xpcs:frame_time=0.5")
    assert timed["g2"][0]["at"][:3] == [0, 0.5, 1] and timed["rate"]["unit"] == "1/s"


def test_bad_input(beampress, tmp_path):
    frames = np.ones((5, 8, 9), np.uint16)
    assert "no correlation" in analyse(beampress, tmp_path, frames[:1], code=3).stderr
    assert "72" in analyse(beampress, tmp_path, frames, np.ones((4, 4)), code=3).stderr
    assert "in no region" in analyse(beampress, tmp_path, frames, np.zeros((8, 9)), code=3).stderr
    assert "regions" in analyse(beampress, tmp_path, frames, np.arange(1, 73).reshape(8, 9), "xpcs:regions=9", code=3).stderr
    assert "not even" in analyse(beampress, tmp_path, frames, None, "xpcs:buffers=5", code=2).stderr
    assert "no map" in beampress("analyse", "xpcs", tmp_path / "x.h5", "--regions", "/none", code=3).stderr
    broken = frames.astype(float)
    broken[2, 3, 4] = np.nan
    assert "frame 2" in analyse(beampress, tmp_path, broken, code=3).stderr


def test_truth_of_simulated_speckles(beampress, tmp_path):
    """From a hundredth of a photon per pixel to a hundred."""
    for counts, frames, side, modes in ((0.05, 1500, 96, 1), (2, 300, 64, 2), (100, 300, 64, 3)):
        file = tmp_path / "speckles.h5"
        beampress("simulate", "xpcs", file, f"counts={counts}", f"frames={frames}", f"height={side}", f"width={side}",
                  f"modes={modes}", "rate=0.03", "--overwrite")
        found = {r["name"]: r for r in beampress("analyse", "xpcs", file, "--json").json["results"]}
        assert found["rate"]["at"] == [1, 2]
        for name, truth in (("contrast", [1 / modes] * 2), ("rate", [0.03, 0.12]), ("mean_counts", [counts] * 2),
                            ("contrast_from_statistics", [1 / modes] * 2)):
            values, sigma = (np.array(found[name][key]) for key in ("values", "sigma"))
            assert (abs(values - truth) < 4 * sigma).all(), (name, counts, values, sigma)
