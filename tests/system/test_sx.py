# SPDX-License-Identifier: BSD-3-Clause
"""beampress analyse sx: peaks and intensities against CrystFEL, Cheetah and DIALS (reference files in
$BEAMPRESS_DATA/../cases), and what it says of bad input."""
import h5py
import numpy as np
import pytest
from reference_cases import algorithm, case

COLUMNS = ("peak_shot", "peak_x", "peak_y", "peak_total", "peak_intensity", "peak_sigma")


def write(path, frames, bad=None):
    with h5py.File(path, "w") as f:
        entry = f.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        detector = entry.create_group("instrument").create_group("detector")
        entry["instrument"].attrs["NX_class"] = "NXinstrument"
        detector.attrs["NX_class"] = "NXdetector"
        detector["data"] = frames
        if bad is not None:
            detector["pixel_mask"] = np.asarray(bad, np.uint32)


def analyse(beampress, tmp_path, frames, params="", bad=None, code=0, *arguments):
    write(tmp_path / "shots.h5", frames, bad)
    done = beampress("analyse", "sx" + (":" + params if params else ""), tmp_path / "shots.h5", "--json", *arguments, code=code)
    return {r["name"]: r for r in done.json["results"]} if code == 0 else done


def peak_list(found):
    return np.array([[np.nan if v is None else v for v in found[c]["values"]] for c in COLUMNS]).T


def in_order(rows, x, y):
    return rows[np.lexsort((rows[:, x], rows[:, y]))]


def agree(found, expected):
    """Same peaks, centroids to 1e-3 pixel, totals to 1e-4."""
    mine, theirs = in_order(peak_list(found)[:, 1:4], 0, 1), in_order(expected, 0, 1)
    assert len(mine) == len(theirs)
    assert np.abs(mine[:, :2] - theirs[:, :2]).max() < 1e-3
    assert np.abs(mine[:, 2] / theirs[:, 2] - 1).max() < 1e-4


@pytest.mark.parametrize("name,params", [("pf8_crystfel_defaults", ""), ("pf8_thr300_snr6_bgr4", ",threshold=300,min_snr=6,background_radius=4")])
def test_peakfinder8_on_a_hit_of_a_rayonix(beampress, tmp_path, name, params):
    with h5py.File(case("sx_peaks.h5")) as f:
        group = f["rayonix_hit"]
        image, bad, expected = group["image"][()], group["bad"][()], group[name][()]
        x, y = -float(group.attrs["corner_x_px"]), -float(group.attrs["corner_y_px"])
        sums = group["integrate_peak_4_5_7"][()]
    found = analyse(beampress, tmp_path, image, f"list=1,centre_x={x!r},centre_y={y!r}{params}", bad)
    agree(found, expected)
    if "thr300" in name:
        # three-ring integration of the same peaks: those that it refused, intensities, sigmas
        mine = peak_list(found)
        order = [np.abs(mine[:, 1:3] - p[:2]).sum(axis=1).argmin() for p in expected]
        mine, good = mine[order], sums[:, 0] == 0
        assert (np.isnan(mine[:, 4]) == ~good).all()
        assert np.abs(mine[good, 4:] / sums[good, 3:5] - 1).max() < 1e-11  # JSON has 12 digits


def test_peakfinder8_on_a_pilatus(beampress, tmp_path):
    with h5py.File(case("sx_peaks.h5")) as f:
        image, expected = f["pilatus6m/image"][()], f["pilatus6m/pf8_thr4_snr5"][()]
    x, y = 1229.30 - 988, 1200.48 - 848
    agree(analyse(beampress, tmp_path, image, f"list=1,valid_min=0,threshold=4,centre_x={x},centre_y={y}"), expected)
    agree(analyse(beampress, tmp_path, image, f"list=1,threshold=4,centre_x={x},centre_y={y}", image < 0), expected)


def shots(count=12, seed=1):
    """Flat background of 20 photons and, in two of three shots, 20 spots."""
    rng = np.random.default_rng(seed)
    rate = np.full((count, 128, 160), 20.0)
    for k in range(count):
        for _ in range(20 if k % 3 else 0):
            y, x = rng.integers(12, 116), rng.integers(12, 148)
            rate[k, y - 1:y + 2, x - 1:x + 2] += rng.exponential(150) + 100
    return rng.poisson(rate).astype(np.uint16)


def test_numbers_of_shots(beampress, tmp_path):
    found = analyse(beampress, tmp_path, shots(), "threshold=60,min_peaks=8,list=1")
    peaks = np.array(found["peaks"]["values"])
    assert (peaks[::3] == 0).all() and (np.delete(peaks, np.s_[::3]) > 12).all()
    assert found["hit_fraction"]["value"] == pytest.approx(8 / 12)
    assert found["hit_fraction"]["sigma"] == pytest.approx(np.sqrt(8 / 12 * 4 / 12 / 11), rel=1e-9)
    assert found["peaks_per_shot"]["sigma"] == pytest.approx(peaks.std(ddof=1) / np.sqrt(12), rel=1e-9)
    rows = peak_list(found)
    assert len(rows) == peaks.sum()
    ratio = rows[:, 4] / rows[:, 5]
    assert found["median_i_over_sigma"]["value"] == pytest.approx(np.median(ratio[np.isfinite(ratio)]), rel=1e-11)
    assert found["median_i_over_sigma"]["sigma"] > 0
    mean, sigma = (np.array(found[n]["values"]) for n in ("background_mean", "background_sigma"))
    assert np.median(np.abs(mean[10:60] - 20)) < 0.2 and np.median(np.abs(sigma[10:60] - 20 ** 0.5)) < 0.1


def test_sigma_of_hits_that_are_certain(beampress, tmp_path):
    frames = shots(6)
    for part, value, share in ((np.delete(frames, [0, 3], axis=0), 1, 5 / 6), (frames[[0, 3]], 0, 1 / 4)):
        found = analyse(beampress, tmp_path, part, "threshold=60,min_peaks=8")["hit_fraction"]
        assert found["value"] == value and found["sigma"] == pytest.approx(np.sqrt(share * (1 - share) / len(part)), rel=1e-9)


def test_panels_make_a_shot(beampress, tmp_path):
    """Four shots of three panels: peaks and hits are those of the shot, and so are the units of sigma."""
    frames = shots(12)
    one = analyse(beampress, tmp_path, frames, "threshold=60,min_peaks=25,list=1")
    found = analyse(beampress, tmp_path, frames.reshape(4, 3, *frames.shape[1:]), "threshold=60,min_peaks=25,list=1,panels=3")
    peaks = np.reshape(one["peaks"]["values"], (4, 3)).sum(axis=1)
    assert found["peaks"]["values"] == peaks.tolist() and one["hit_fraction"]["value"] == 0
    assert found["hit_fraction"]["value"] == np.mean(peaks >= 25) > 0
    assert found["peaks_per_shot"]["value"] == pytest.approx(peaks.mean()) and found["peaks_per_shot"]["sigma"] == pytest.approx(peaks.std(ddof=1) / 2)
    for name in ("mean_intensity", "median_i_over_sigma"):
        assert found[name]["value"] == pytest.approx(one[name]["value"], rel=1e-12)
    frame = 3 * np.array(found["peak_shot"]["values"]) + found["peak_panel"]["values"]
    assert frame.tolist() == one["peak_shot"]["values"] and "peak_panel" not in one
    assert "12 frames are no whole number of shots of 5 panels" in analyse(beampress, tmp_path, frames, "panels=5", None, 3).stderr
    assert "one panel" in analyse(beampress, tmp_path, frames, "panels=3,merge=1", None, 2).stderr
    lost = frames.copy()
    lost[3:5] = 20  # two panels of the second shot
    for name, values in (("a.h5", frames), ("b.h5", lost)):
        write(tmp_path / name, values)
    done = beampress("analyse", "sx:threshold=60,min_peaks=25,panels=3", tmp_path / "a.h5", "--against", tmp_path / "b.h5", "--json")
    both = {r["name"]: r for r in done.json["results"]}
    assert peaks[1] >= 25 and both["hits_lost"]["value"] == pytest.approx(1 / np.sum(peaks >= 25))


def test_same_shots_in_another_type_and_order(beampress, tmp_path):
    frames = shots(6)
    params = "threshold=60,min_peaks=8"
    first = analyse(beampress, tmp_path, frames, params)
    for other in (frames.astype(np.int32), frames.astype(np.float32), frames.astype(np.float64)):
        assert analyse(beampress, tmp_path, other, params) == first
    back = analyse(beampress, tmp_path, frames[::-1], params)
    assert back["peaks"]["values"] == first["peaks"]["values"][::-1]
    assert back["mean_intensity"]["value"] == pytest.approx(first["mean_intensity"]["value"], rel=1e-11)


def test_marks_are_no_pixels(beampress, tmp_path):
    frames, params = shots(3), "threshold=60,list=1"
    first = analyse(beampress, tmp_path, frames.astype(np.float32), params)
    gaps = frames.astype(np.float32)
    gaps[:, :, :6] = np.nan
    marked = frames.copy()
    marked[:, :, :6] = 65535
    expected = analyse(beampress, tmp_path, gaps, params)
    assert expected["peaks"] == first["peaks"] or sum(expected["peaks"]["values"]) <= sum(first["peaks"]["values"])
    assert analyse(beampress, tmp_path, marked, params) == expected
    masked = analyse(beampress, tmp_path, frames, params, np.isnan(gaps[0]))
    assert masked == expected


def test_defined_results_of_empty_frames(beampress, tmp_path):
    for frames in (np.zeros((4, 64, 64), np.uint16), np.full((4, 64, 64), np.nan, np.float32), np.zeros((1, 64, 64), np.float32)):
        found = analyse(beampress, tmp_path, frames)
        assert found["peaks"]["values"] == [0] * len(frames) and found["hit_fraction"]["value"] == 0
        assert found["mean_intensity"]["value"] is None and found["median_i_over_sigma"]["value"] is None
        assert found["mean_intensity"]["sigma"] is None
    one = analyse(beampress, tmp_path, shots(2)[1], "threshold=60")
    assert one["peaks_per_shot"]["value"] > 10 and one["peaks_per_shot"]["sigma"] is None


def test_values_beyond_single_precision(beampress, tmp_path):
    """Their weights are infinite: the centre is then that of the first pixel."""
    found = analyse(beampress, tmp_path, np.random.default_rng(1).normal(0, 1e300, (2, 9, 9)))
    assert found["mean_intensity"]["value"] is None and all(0 <= n <= 81 for n in found["peaks"]["values"])


@pytest.mark.parametrize("params,code,words", [
    ("min_pixels=5,max_pixels=4", 2, "min_pixels"), ("inner=9", 2, "inner"), ("min_radius=5,max_radius=4", 2, "max_radius"),
    ("min_radius=90000", 3, "min_radius"), ("threshold=x", 2, "threshold")])
def test_parameters_that_contradict(beampress, tmp_path, params, code, words):
    assert words in analyse(beampress, tmp_path, shots(1), params, None, code).stderr


def test_nothing_takes_part(beampress, tmp_path):
    assert "all are masked" in analyse(beampress, tmp_path, shots(1), "", np.ones((128, 160)), 3).stderr
    assert "no room for a peak" in analyse(beampress, tmp_path, np.zeros((3, 2, 50), np.uint16), "", None, 3).stderr


def test_peakfinder9_on_a_hit_of_a_rayonix(beampress, tmp_path):
    with h5py.File(case("sx_peaks.h5")) as f:
        image, expected = f["rayonix_hit/image"][()], f["rayonix_hit/pf9_minsig5"][()]
    expected[:, :2] += 0.5
    agree(analyse(beampress, tmp_path, image, "finder=peakfinder9,min_sigma=5,list=1"), expected[:, :3])


@pytest.mark.parametrize("group,name,mask,params", [
    ("pilatus6m", "dispersion_default", "negative", (6, 3, 1, 0)), ("pilatus6m", "dispersion_nb3_ns3", "negative", (3, 3, 1, 0)),
    ("pilatus6m", "dispersion_extended_default", "negative", (6, 3, 1, 1)), ("dials_synthetic", "dispersion", "mask", (3, 3, 1, 0)),
    ("dials_synthetic", "dispersion_gain1.5", "mask", (3, 3, 1.5, 0)), ("dials_synthetic", "dispersion_extended", "mask", (3, 3, 1, 1)),
    ("rayonix_hit", "dials_dispersion_gain1", "bad", (6, 3, 1, 0)), ("rayonix_hit", "dials_dispersion_extended_gain1", "bad", (6, 3, 1, 1))])
def test_dispersion_masks(build, group, name, mask, params):
    with h5py.File(case("sx_peaks.h5")) as f:
        image, expected = f[group]["image"][()], f[group][name][()]
        out = image < 0 if mask == "negative" else f[group][mask][()].astype(bool) ^ (mask == "mask")
    got = algorithm(build, "dispersion", np.where(out, np.nan, image), *params)
    assert expected.sum() > 50 and (got == expected).all()


def test_dispersion_knows_no_direction_and_no_unit(build):
    frame = shots(2)[1].astype(float)
    strong = algorithm(build, "dispersion", frame, 6, 3, 1, 0)
    assert 30 < strong.sum() < 1000
    assert (algorithm(build, "dispersion", frame.T.copy(), 6, 3, 1, 0) == strong.T).all()
    assert (algorithm(build, "dispersion", frame[::-1, ::-1].copy(), 6, 3, 1, 0) == strong[::-1, ::-1]).all()
    assert (algorithm(build, "dispersion", 2 * frame, 6, 3, 2, 0) == strong).all()


@pytest.mark.parametrize("group,name,params,mask", [("rayonix_hit", "dispersion_spots_min3", "", True), ("pilatus6m", "spots_min3", ",valid_min=0", False)])
def test_spots_of_strong_pixels(beampress, tmp_path, group, name, params, mask):
    with h5py.File(case("sx_peaks.h5")) as f:
        image, expected = f[group]["image"][()], f[group][name][()]
        bad = f[group]["bad"][()] if mask else None
    found = analyse(beampress, tmp_path, image, "finder=dispersion,list=1" + params, bad)
    mine = peak_list(found)[:, 1:4]
    # the table has all components, ours are spots: the largest value is near the middle
    for spot in mine:
        nearest = expected[np.hypot(*(expected[:, :2] - spot[:2]).T).argmin()]
        assert np.abs(nearest[:2] - spot[:2]).max() < 1e-3 and spot[2] == pytest.approx(nearest[2], rel=1e-4)
    assert 0.9 * len(expected) <= len(mine) <= len(expected)


@pytest.mark.parametrize("name", ["first", "second", "fourth"])
def test_ring_check(build, name):
    """An empty frame, a disc of 1000 per pixel, the disc on counting noise: CrystFEL's own test."""
    with h5py.File(case("sx_peaks.h5")) as f:
        image, expected, pixels = f["ring_check/fourth_image"][()], f["ring_check"][name][()], float(f["ring_check/n_disc"][()])
    y, x = np.mgrid[:128, :128]
    disc = ((x - 64) ** 2 + (y - 64) ** 2 <= 81) * 1000.0
    frame = {"first": np.zeros((128, 128)), "second": disc, "fourth": image}[name]
    good, intensity, sigma, cx, cy = algorithm(build, "spot", frame, 64, 64, 10, 15, 17).ravel()[:5]
    if name == "first":
        assert abs(intensity) < 0.01
        return
    assert good == 1 and abs(intensity - 1000 * pixels) < (4000 if name == "fourth" else 1e-6)
    assert (intensity, sigma) == pytest.approx(tuple(expected[3:5]), rel=1e-6)
    assert (cx, cy) == pytest.approx(tuple(expected[1:3]), abs=1e-4)


def test_figures_of_half_sets(build):
    halves = np.loadtxt(case("sx_half_sets.csv"), delimiter=",", skiprows=1).T
    expected = np.loadtxt(case("sx_half_sets_fom.csv"), delimiter=",", skiprows=1)
    assert np.abs(algorithm(build, "half_sets", halves).ravel()[:5] - expected).max() < 1e-10


def test_limits_of_half_sets(build):
    a = np.arange(1.0, 41)
    assert algorithm(build, "half_sets", [a, a]).ravel()[:5] == pytest.approx([1, 1, 0, 0, 0], abs=1e-12)
    got = algorithm(build, "half_sets", [a, 3 * a]).ravel()[:5]
    assert got == pytest.approx([1, 1, 2 ** 0.5 / 2, 2, 2], abs=1e-12)
    assert np.isnan(algorithm(build, "half_sets", [a, np.full(40, np.nan)]).ravel()[:5]).all()
    assert np.isnan(algorithm(build, "half_sets", [a, -a]).ravel()[1])


@pytest.fixture(scope="module")
def simulated(beampress, tmp_path_factory):
    path = tmp_path_factory.mktemp("sx") / "sim.h5"
    beampress("simulate", "sx", path, "frames=24", "height=320", "width=400", "seed=5", "hits=0.6")
    with h5py.File(path) as f:
        return path, f["/entry/data/data"][()], {name: item[()] for name, item in f["/entry/truth"].items()}


def test_simulated_shots_are_what_their_truth_says(beampress, tmp_path, simulated):
    path, frames, truth = simulated
    hit = truth["hit"] == 1
    assert 8 <= hit.sum() <= 20 and (truth["peak_count"][~hit] == 0).all() and (truth["peak_count"][hit] > 40).all()
    gap = frames[0] == 65535
    assert gap.sum() == 6 * 320 + 6 * 400 - 36 and (frames[~hit][:, ~gap] < 100).all()
    blank = frames[~hit].mean(axis=0)[~gap] - truth["background"][~gap]
    assert abs(blank.mean()) < 4 * np.sqrt(truth["background"][~gap].mean() / ((~hit).sum() * (~gap).sum()))
    # photons of strong spots by themselves, over the background
    far = excess = expected = 0
    for k in np.flatnonzero(hit):
        places = np.array([truth["peak_x"][k], truth["peak_y"][k]]).T
        for (x, y), photons in zip(places, truth["peak_photons"][k]):
            near = np.hypot(*(places - (x, y)).T)
            if not (photons > 50 and 8 < x < 392 and 8 < y < 312) or np.nansum(near < 12) > 1:
                continue
            box = np.s_[int(y) - 5:int(y) + 6, int(x) - 5:int(x) + 6]
            if gap[box].any():
                continue
            far += 1
            excess += frames[k][box].sum() - truth["background"][box].sum()
            expected += photons
    assert far > 100 and abs(excess / expected - 1) < 0.02
    again = tmp_path / "again.h5"
    beampress("simulate", "sx", again, "frames=24", "height=320", "width=400", "seed=5", "hits=0.6", "--threads", 1)
    with h5py.File(again) as f:
        assert (f["/entry/data/data"][()] == frames).all()


def test_peaks_of_simulated_shots_are_found(beampress, simulated):
    path, frames, truth = simulated
    done = beampress("analyse", "sx:threshold=12,list=1", path, "--json")
    found = {r["name"]: r for r in done.json["results"]}
    rows = peak_list(found)
    assert found["hit_fraction"]["value"] == pytest.approx(truth["hit"].mean())
    strong = seen = true = 0
    pulls = []
    for k in range(len(frames)):
        here = rows[rows[:, 0] == k]
        places = np.array([truth["peak_x"][k], truth["peak_y"][k], truth["peak_photons"][k]]).T
        places = places[np.isfinite(places[:, 0])]
        for x, y, photons in places[places[:, 2] > 150]:
            if frames[k, int(y), int(x)] != 65535 and 2 < x < 398 and 2 < y < 318:
                strong += 1
                seen += np.hypot(here[:, 1] - x, here[:, 2] - y).min() < 2
        for row in here:
            distance = np.hypot(places[:, 0] - row[1], places[:, 1] - row[2])
            true += (distance < 2).any()
            if (distance < 14).sum() == 1 and np.isfinite(row[4]):
                pulls.append((row[4] - places[distance.argmin(), 2]) / row[5])
    assert strong > 200 and seen / strong > 0.93 and true / len(rows) > 0.97
    pulls = np.array(pulls)
    assert len(pulls) > 100 and abs(pulls.mean()) < 0.5 and 0.7 < pulls.std() < 1.4


def test_tables_of_half_sets(beampress, tmp_path):
    rng = np.random.default_rng(1)
    true = rng.exponential(100, 4000)
    q = rng.uniform(0.05, 0.5, 4000)
    table = np.array([true + rng.normal(0, 200 * q), true + rng.normal(0, 200 * q), q]).T
    with h5py.File(tmp_path / "t.h5", "w") as f:
        f["table"] = table
        f["two"] = table[:, :2]
        f["wide"] = np.zeros((100, 7))
    found = {r["name"]: r for r in beampress("analyse", "half_sets:shells=8", tmp_path / "t.h5", "--dataset", "table", "--json").json["results"]}
    a, b = table[:, 0], table[:, 1]
    cc = np.corrcoef(a, b)[0, 1]
    assert found["cc_half"]["value"] == pytest.approx(cc, rel=1e-10) and 0 < found["cc_half"]["sigma"] < 0.02
    assert found["cc_star"]["value"] == pytest.approx(np.sqrt(2 * cc / (1 + cc)), rel=1e-10)
    assert found["rsplit"]["value"] == pytest.approx(2 ** 0.5 * np.abs(a - b).sum() / (a + b).sum(), rel=1e-10)
    order = np.argsort(q)
    shells = [np.corrcoef(a[p], b[p])[0, 1] for p in np.array_split(order, 8)]
    assert found["shell_cc_half"]["values"] == pytest.approx(shells, rel=1e-9)
    assert found["shell_cc_half"]["at"] == pytest.approx([q[p].mean() for p in np.array_split(order, 8)], rel=1e-9)
    assert shells == sorted(shells, reverse=True)
    two = beampress("analyse", "half_sets", tmp_path / "t.h5", "--dataset", "two", "--json").json["results"]
    assert [r["name"] for r in two] == ["cc_half", "cc_star", "rsplit", "r1", "r2"]
    assert "two or three columns" in beampress("analyse", "half_sets", tmp_path / "t.h5", "--dataset", "wide", code=3).stderr
