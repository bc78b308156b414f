# SPDX-License-Identifier: BSD-3-Clause
"""beampress analyse ct and simulate ct: the truth of simulated scans, real scans, bad input, and uncertainties against repeats."""
import shutil

import h5py
import numpy as np
import pytest

SMALL = ["rows=20", "apart=10", "columns=64", "angles=60", "pore=5", "photons=2000", "flats=10", "darks=5"]


@pytest.fixture
def scan(beampress, tmp_path):
    def make(*words, name="scan.h5"):
        beampress("simulate", "ct", tmp_path / name, "--overwrite", *words)
        return tmp_path / name
    return make


def analyse(beampress, file, technique="ct", *arguments, code=0):
    done = beampress("analyse", technique, file, "--dataset", "/entry/data/data", "--json", *arguments, code=code)
    return {row["name"]: row for row in done.json["results"]} if code == 0 else done.stderr


def test_simulation_tells_its_truth(scan):
    file = scan("rows=3", "columns=80", "angles=50", "flats=7", "darks=4", "centre=41.5", "seed=5")
    with h5py.File(file) as f:
        entry = f["entry"]
        assert entry["definition"][()] == b"NXtomo" and "SIMULATED" in f.attrs
        keys, angles = entry["instrument/detector/image_key"][()], entry["sample/rotation_angle"][()]
        assert list(keys) == [2] * 4 + [1] * 7 + [0] * 50
        assert angles[keys == 0] == pytest.approx(180 * np.arange(50) / 50)
        frames, beam = entry["data/data"][()], entry["truth/beam"][()]
        assert frames[keys == 2].mean() == pytest.approx(100, abs=0.2) and frames[keys == 2].std() == pytest.approx(3, rel=0.1)
        assert frames[keys == 1].mean() - 100 == pytest.approx(beam.mean(), rel=1e-3)
        slices = entry["truth/slices"][()].reshape(3, 80, 80)
        porosity, radius, density = (entry["truth"][key][()] for key in ("porosity", "rod_radius", "density"))
        for row in range(3):
            assert slices[row].sum() == pytest.approx(density * np.pi * radius ** 2 * (1 - porosity[row]), rel=2e-3)
        assert entry["truth/centre"][()] == 41.5 and 0.1 < entry["truth/mean_porosity"][()] < 0.2
        # attenuation of a projection: the mass of the slice
        counts = frames[keys == 0].astype(float).mean(0) - 100
        assert (-np.log(counts / beam)).sum(1) == pytest.approx(slices.sum((1, 2)), rel=0.02)


def test_simulation_is_the_same_everywhere(beampress, scan, monkeypatch):
    words = ["rows=4", "columns=40", "angles=9", "seed=11"]
    first = scan(*words, "--threads", "1").read_bytes()
    monkeypatch.setenv("BEAMPRESS_SIMD", "c")
    assert scan(*words, "--threads", "3").read_bytes() == first
    assert scan(*words[:3], "seed=12").read_bytes() != first
    assert "16 bits" in beampress("simulate", "ct", scan(*words).parent / "no.h5", "photons=60000", "gain=2", code=2).stderr
    assert "off the detector" in beampress("simulate", "ct", scan(*words).parent / "no.h5", "centre=200", code=2).stderr


def test_results_are_near_the_truth(beampress, scan, tmp_path):
    file = scan("rows=16", "apart=12", "columns=128", "angles=180", "centre=61.3", "photons=20000", "seed=2")
    found = analyse(beampress, file, "ct", "--out", tmp_path / "out.h5")
    with h5py.File(file) as f:
        truth = f["entry/truth"]
        slices = truth["slices"][()].reshape(16, 128, 128)
        density, radius, porosity = truth["density"][()], truth["rod_radius"][()], truth["porosity"][1::2].mean()
    assert found["centre"]["value"] == pytest.approx(61.3, abs=0.1)
    assert found["air_transmission"]["value"] == pytest.approx(1, abs=4 * found["air_transmission"]["sigma"])
    disc = 0.95 * 61.3
    assert found["phase_fraction"]["value"] == pytest.approx(radius ** 2 * (1 - porosity) / disc ** 2, abs=0.01)
    assert found["attenuation_above"]["value"] == pytest.approx(density, rel=0.03)
    assert found["clipped"]["value"] == 0 and found["filled"]["value"] == 0
    assert 1 < found["edge_width"]["value"] < 2.5 and 2 <= found["frc_resolution"]["value"] < 4
    frc = found["frc"]
    assert frc["axis"].startswith("spatial frequency") and frc["values"][0] > 0.99 and len(frc["sigma"]) == 64
    assert found["slice"]["shape"] == [128, 128] and found["slice"]["row"] == 9
    with h5py.File(tmp_path / "out.h5") as f:
        name = next(key for key in f["entry"] if key.startswith("slice"))
        slice_ = f["entry"][name]["slice"][()]
    y, x = np.indices(slice_.shape) - 64
    inside = np.hypot(y, x) < disc
    noise = found["slice_noise"]["value"]
    smooth = np.hypot(*np.gradient(slices[9])) == 0  # away from edges nothing is left but noise, and its streaks
    assert np.std((slice_ - slices[9])[inside & smooth]) < 2 * noise
    # the noise of the difference of half sets is that of the sum: a twentieth of the photons, more noise
    dim = analyse(beampress, scan("rows=16", "apart=12", "columns=128", "angles=180", "centre=61.3", "photons=1000", "seed=2"))
    assert 3.5 < dim["slice_noise"]["value"] / noise < 5.5
    assert dim["contrast_to_noise"]["value"] < found["contrast_to_noise"]["value"]
    assert dim["frc_resolution"]["value"] > found["frc_resolution"]["value"]


def test_precision_threads_and_vectors_change_nothing(beampress, scan, monkeypatch):
    file = scan(*SMALL)
    one = analyse(beampress, file, "ct:rows=4,centre=32")
    double = analyse(beampress, file, "ct:rows=4,centre=32,double=1")
    for name in ("slice_noise", "phase_fraction", "attenuation_above", "contrast_to_noise", "edge_width", "frc_resolution"):
        assert one[name]["value"] == pytest.approx(double[name]["value"], rel=2e-4), name
    for level in ("c", "avx2", "avx512"):
        monkeypatch.setenv("BEAMPRESS_SIMD", level)
        assert analyse(beampress, file, "ct:rows=4,centre=32", "--threads", "3") == one


def test_methods_and_rings(beampress, scan):
    file = scan(*SMALL)
    plain = analyse(beampress, file, "ct:rows=4")
    for words in ("method=gridrec", "method=sirt,iterations=20", "method=sart", "method=fbp-linear", "filter=hann", "rings=sorting", "rings=fourier"):
        found = analyse(beampress, file, f"ct:rows=4,{words}")
        assert found["phase_fraction"]["value"] == pytest.approx(plain["phase_fraction"]["value"], abs=0.03), words
    assert analyse(beampress, file, "ct:rows=4,filter=hann")["slice_noise"]["value"] < 0.7 * plain["slice_noise"]["value"]
    assert analyse(beampress, file, "ct:first=3,rows=2")["slice"]["row"] == 4


def rewritten(file, out, change):
    """The frames of a scan and what stands beside them, changed by a function, in a new file."""
    with h5py.File(file) as f:
        values = {name: f["entry/data"][name][()] for name in ("data", "rotation_angle", "image_key")}
    change(values)
    with h5py.File(out, "w") as f:
        for name, array in values.items():
            f[f"entry/data/{name}"] = array
    return out


def test_line_profile(beampress, scan, tmp_path):
    """What stands on a line of the slice, with the noise of the slice when there is one row, and that of the rows otherwise."""
    file = scan(*SMALL)

    def profile(words, name="out.h5"):
        found = analyse(beampress, file, f"ct:rows=1,first=7,centre=32,double=1,{words}", "--out", tmp_path / name, "--overwrite")
        with h5py.File(tmp_path / name) as f:
            key = next(key for key in f["entry"] if key.startswith("slice"))
            return found["line_profile"], f["entry"][key]["slice"][()], found["slice_noise"]["value"]
    row, slice_, noise = profile("line_offset=5")
    at = np.array(row["at"])
    assert at[0] == -at[-1] and row["values"] == pytest.approx(slice_[37, 32 + at.astype(int)], abs=1e-12)
    assert row["uncertainty"].startswith("difference of half sets") and np.median(row["sigma"]) == pytest.approx(noise, rel=0.3)
    column, _, _ = profile("line_angle=90,line_offset=-4")  # upwards; to its right is to the right
    assert column["values"] == pytest.approx(slice_[32 - np.array(column["at"]).astype(int), 28], abs=1e-12)
    wide, _, _ = profile("line_width=3")
    inner = np.array(wide["at"]).astype(int)
    assert wide["values"] == pytest.approx(slice_[31:34, 32 + inner].mean(0), abs=1e-12)
    back, _, _ = profile("line_angle=180,line_offset=-5")
    assert back["values"] == pytest.approx(row["values"][::-1], abs=1e-12)
    through, _, _ = profile("line_angle=30")  # errors of the flats add up on the axis, the same in both half sets
    assert [i for i, sigma in zip(through["at"], through["sigma"]) if sigma is None] == [0]
    rows = analyse(beampress, file, "ct:rows=20,centre=32")["line_profile"]
    assert "detector rows" in rows["uncertainty"] and len(rows["sigma"]) == len(rows["values"])


def test_axis_by_phase_correlation(beampress, scan):
    """Projections half a turn apart exist in a whole turn."""
    file = scan("rows=20", "apart=5", "columns=96", "angles=120", "range=360", "centre=44.3", "photons=5000", "seed=4")
    for words in ("axis=phase", "axis=phase,rows=20", "axis=vo"):
        centre = analyse(beampress, file, f"ct:{words}")["centre"]
        assert centre["value"] == pytest.approx(44.3, abs=0.15), words
    half = scan(*SMALL)
    assert "half a turn apart" in analyse(beampress, half, "ct:axis=phase", code=3)
    assert "passes by the disc" in analyse(beampress, half, "ct:line_offset=40", code=2)


def test_layouts(beampress, scan, tmp_path):
    """The same numbers whether flats are frames with a key, frames that are counted, or datasets beside the projections."""
    file = scan(*SMALL)
    keyed = analyse(beampress, file)

    def beside(v):
        keys = v.pop("image_key")
        v["flats"], v["darks"], v["angles"] = v["data"][keys == 1], v["data"][keys == 2], v.pop("rotation_angle")[keys == 0]
        v["data"] = v["data"][keys == 0]

    def counted(v):
        keys = v.pop("image_key")
        v["data"] = np.concatenate([v["data"][keys == k] for k in (1, 2, 0)])
        v.pop("rotation_angle")
    assert analyse(beampress, rewritten(file, tmp_path / "a.h5", beside), "ct") == keyed
    assert analyse(beampress, rewritten(file, tmp_path / "b.h5", counted), "ct:flats=10,darks=5,range=180") == keyed


def test_flats_nearest_in_time(beampress, scan, tmp_path):
    """A beam that halves in the middle of the scan, with flats before and after: each projection has its own."""
    file = scan(*SMALL)

    def dimmed(v):
        keys, dark = v["image_key"], 100
        projections, flats = v["data"][keys == 0].astype(int), v["data"][keys == 1].astype(int)
        half = len(projections) // 2
        projections[half:] = dark + (projections[half:] - dark) // 2
        order = [v["data"][keys == 2], flats, projections[:half], projections[half:], dark + (flats - dark) // 2]
        v["data"] = np.concatenate(order).astype(np.uint16)
        v["image_key"] = np.repeat([2, 1, 0, 0, 1], [len(part) for part in order])
        v["rotation_angle"] = np.concatenate([np.zeros(15), v["rotation_angle"][keys == 0], np.zeros(10)])
    dim = rewritten(file, tmp_path / "dim.h5", dimmed)
    whole = analyse(beampress, file, "ct:rows=20,centre=32,flat=median,air=3")
    nearest = analyse(beampress, dim, "ct:rows=20,centre=32,flat=nearest,air=3")
    assert nearest["air_transmission"]["value"] == pytest.approx(whole["air_transmission"]["value"], abs=2e-3)
    assert nearest["phase_fraction"]["value"] == pytest.approx(whole["phase_fraction"]["value"], abs=0.01)
    assert nearest["attenuation_above"]["value"] == pytest.approx(whole["attenuation_above"]["value"], rel=0.01)
    even = analyse(beampress, dim, "ct:rows=20,centre=32,even=1,air=3")
    assert even["air_transmission"]["value"] == pytest.approx(1, abs=1e-4)
    assert even["phase_fraction"]["value"] == pytest.approx(whole["phase_fraction"]["value"], abs=0.02)


def test_region_without_sample(beampress, scan, tmp_path):
    """A beam of another strength in each projection: the mean of a region puts it right, as NumPy does it beforehand."""
    file = scan(*SMALL)
    strength = np.random.default_rng(8).uniform(0.5, 1.5, 75)

    def uneven(v):
        projections = v["image_key"] == 0
        v["data"] = v["data"].astype(float)
        v["data"][projections] = 100 + (v["data"][projections] - 100) * strength[projections, None, None]

    def evened(v):
        uneven(v)
        keys = v["image_key"]
        dark, flat = (v["data"][keys == k].mean(0) for k in (2, 1))
        for i in np.flatnonzero(keys == 0):
            mean = ((v["data"][i] - dark) / (flat - dark))[2:17, 60:63].mean()
            v["data"][i] = dark + (v["data"][i] - dark) / mean
    words = "rows=20,centre=32,air=3"
    bad = rewritten(file, tmp_path / "bad.h5", uneven)
    found = analyse(beampress, bad, f"ct:{words},roi_left=60,roi_right=63,roi_top=2,roi_bottom=17")
    expected = analyse(beampress, rewritten(file, tmp_path / "good.h5", evened), f"ct:{words}")
    for name in ("air_transmission", "phase_fraction", "attenuation_above", "slice_noise"):
        assert found[name]["value"] == pytest.approx(expected[name]["value"], rel=1e-6), name
    plain = analyse(beampress, file, f"ct:{words}")
    assert found["attenuation_above"]["value"] == pytest.approx(plain["attenuation_above"]["value"], rel=0.01)
    assert found["air_transmission"]["value"] == pytest.approx(1, abs=5e-3)
    assert abs(analyse(beampress, bad, f"ct:{words}")["air_transmission"]["value"] - 1) > 0.02
    assert "no region of the detector, which has 64 columns and 20 rows" in analyse(beampress, bad, "ct:roi_right=65", code=2)
    assert "no region" in analyse(beampress, bad, "ct:roi_left=9,roi_right=9", code=2)

    def no_light(v):
        v["data"][20, :, 60:63] = 0
    dark = rewritten(file, tmp_path / "dark.h5", no_light)
    assert "projection 5: there is no light" in analyse(beampress, dark, "ct:roi_left=60,roi_right=63", code=3)


def test_pixels_without_beam_are_bridged(beampress, scan, tmp_path):
    """A pixel whose flats are its darks says nothing of the sample, whatever it counts."""
    file = scan(*SMALL)

    def dead(v):
        keys = v["image_key"]
        v["data"][keys == 1, 6, 1] = np.rint(v["data"][keys == 2, 6, 1].mean())
        v["data"][keys == 2, 6, 1] = v["data"][keys == 1, 6, 1][0]
        v["data"][keys == 0, 6, 1] = 109
    found = analyse(beampress, rewritten(file, tmp_path / "dead.h5", dead), "ct:rows=20,air=3,centre=32")
    clean = analyse(beampress, file, "ct:rows=20,air=3,centre=32")
    assert found["filled"]["value"] == 60 and found["clipped"]["value"] == 0
    assert found["air_transmission"]["value"] == pytest.approx(clean["air_transmission"]["value"], abs=1e-3)

    def no_beam(v):
        v["data"][:, 4] = 100
    assert "frame 15, row 4: no pixel of the row can be used" in analyse(
        beampress, rewritten(file, tmp_path / "row.h5", no_beam), "ct:rows=20", code=3)


def test_bad_input(beampress, scan, tmp_path):
    file = scan(*SMALL)

    def said(change, technique="ct", code=3):
        return analyse(beampress, rewritten(file, tmp_path / "bad.h5", change), technique, code=code)

    def no_flats(v):
        v["image_key"][v["image_key"] == 1] = 3
    assert "no flat fields" in said(no_flats)
    assert "no angles" in said(lambda v: v.pop("rotation_angle"))
    assert "74 angles for 75 frames" in said(lambda v: v.update(rotation_angle=v["rotation_angle"][:-1]))
    assert "image_key has 70 values" in said(lambda v: v.update(image_key=v["image_key"][:70]))
    assert "1 of 75 frames are projections" in said(lambda v: v.update(image_key=np.array([2] * 5 + [1] * 69 + [0])))
    assert "centre=90" in said(lambda v: None, "ct:centre=90", 2) and "centre=1" in said(lambda v: None, "ct:centre=1", 2)
    assert "half a turn" in said(lambda v: v.update(rotation_angle=v["rotation_angle"] / 3))
    assert "too narrow" in said(lambda v: v.update(data=v["data"][:, :, :9]))
    assert "has 20 rows" in said(lambda v: None, "ct:first=20", 2)

    def bad_angle(v):
        v["rotation_angle"][30] = np.nan
    assert "angle of projection 15 is nan" in said(bad_angle)

    def all_nan(v):
        v["data"] = v["data"].astype(np.float32)
        v["data"][20, 11] = np.nan
    assert "frame 20, row 11: no pixel" in said(all_nan)


def test_few_nan_are_bridged_and_counted(beampress, scan, tmp_path):
    file = scan(*SMALL)

    def some_nan(v):
        v["data"] = v["data"].astype(np.float32)
        v["data"][20, 3, 30:33] = np.nan
        v["data"][40, :, 0] = np.inf
    found = analyse(beampress, rewritten(file, tmp_path / "nan.h5", some_nan), "ct:rows=20")
    assert found["filled"]["value"] == 3 + 20
    clean = analyse(beampress, file, "ct:rows=20")
    assert found["attenuation_above"]["value"] == pytest.approx(clean["attenuation_above"]["value"], rel=0.01)


def test_constant_and_dark_frames(beampress, scan, tmp_path):
    file = scan(*SMALL)

    def constant(v):
        v["data"][:] = 500
        v["data"][v["image_key"] == 2] = 0
    found = analyse(beampress, rewritten(file, tmp_path / "c.h5", constant), "ct:centre=32,rows=3")
    assert found["slice_noise"]["value"] == 0 and found["air_transmission"]["value"] == 1
    for name in ("otsu_threshold", "phase_fraction", "contrast_to_noise", "edge_width", "frc_resolution"):
        assert found[name]["value"] is None and found[name]["sigma"] is None, name

    def no_light(v):
        v["data"][v["image_key"] == 0] = 0
    found = analyse(beampress, rewritten(file, tmp_path / "d.h5", no_light), "ct:centre=32,rows=3")
    assert found["clipped"]["value"] == 3 * 60 * 64


def test_uncertainty_is_that_of_repeats(beampress, scan):
    """Short: 40 repeats of the whole experiment, sample and all; docs/bench/ct_sigma.csv has 400."""
    runs = [analyse(beampress, scan(*SMALL, f"seed={seed}"), "ct:rows=20,air=3") for seed in range(40)]
    ratios = {}
    for name in ("centre", "air_transmission", "slice_noise", "otsu_threshold", "phase_fraction", "attenuation_below",
                 "attenuation_above", "contrast_to_noise", "edge_width", "frc_resolution"):
        values, sigmas = ([run[name][key] for run in runs] for key in ("value", "sigma"))
        ratios[name] = np.sqrt(np.mean(np.square(sigmas))) / np.std(values, ddof=1)
        assert 0.55 < ratios[name] < 1.7, (name, ratios)
    for curve in ("frc", "line_profile"):
        values, sigma = (np.array([run[curve][key] for run in runs], float) for key in ("values", "sigma"))
        bins = np.sqrt(np.mean(sigma ** 2, axis=0)) / np.std(values, axis=0, ddof=1)
        assert np.median(bins) == pytest.approx(1, abs=0.15) and bins.min() > 0.6 and bins.max() < 1.6, curve
    assert np.median(list(ratios.values())) == pytest.approx(1, abs=0.25)


def test_axis_is_uncertain_too(beampress, scan):
    """The axis is one for all rows: where it is found, what depends on it is less certain than where it is given."""
    file = scan(*SMALL)
    found, given = (analyse(beampress, file, f"ct:rows=20,air=3{words}") for words in ("", ",centre=32.0262685"))
    assert found["centre"]["value"] == pytest.approx(32.0262685, abs=1e-6)
    assert found["attenuation_below"]["value"] == pytest.approx(given["attenuation_below"]["value"], rel=1e-3)
    assert 1.1 < found["attenuation_below"]["sigma"] / given["attenuation_below"]["sigma"] < 3
    assert found["air_transmission"]["sigma"] == given["air_transmission"]["sigma"]


def test_resolution_without_a_crossing_has_no_sigma(beampress, scan):
    bright = analyse(beampress, scan("rows=8", "apart=10", "columns=64", "angles=200", "pore=5", "photons=60000", "seed=3"))
    assert bright["frc_resolution"]["value"] == 2 and bright["frc_resolution"]["sigma"] is None


def test_real_scans(beampress, data):
    tooth = analyse(beampress, data / "tomography_tomopy_aps_tooth.h5", "ct")
    assert tooth["centre"]["value"] == pytest.approx(295, abs=0.5)
    assert tooth["air_transmission"]["value"] == pytest.approx(1, abs=0.01)
    assert 8 < tooth["contrast_to_noise"]["value"] < 10 and tooth["frc"]["values"][0] > 0.99
    assert "few" in tooth["phase_fraction"]["uncertainty"]
    savu = analyse(beampress, data / "tomography_savu_dls_24737-small.h5", "ct")
    assert savu["centre"]["value"] == pytest.approx(86, abs=1) and savu["frc"]["values"][0] > 0.99
    assert "no angles" in analyse(beampress, data / "tomography_silx-training_esrf-id19.h5", code=3)


def test_phases_move_little_when_values_do(beampress, tmp_path):
    """The threshold between phases jumps where a histogram has gaps; what is judged does not."""
    words = ("rows=16", "columns=96", "angles=60", "apart=1", "pore=8", "flats=10", "darks=5", "centre=48")
    beampress("simulate", "ct", "a.h5", *words, cwd=tmp_path)
    shutil.copy(tmp_path / "a.h5", tmp_path / "b.h5")
    random = np.random.default_rng(1)
    with h5py.File(tmp_path / "b.h5", "r+") as f:
        values = f["entry/data/data"][()].astype(int)
        values += (random.random(values.shape) < 0.01) * random.choice([-3, 3], values.shape)
        f["entry/data/data"][...] = np.clip(values, 0, 65535)
    said = beampress("judge", "a.h5", "b.h5", "--science", "ct:rows=16,centre=48", "--json", code=None, cwd=tmp_path).json
    rows = {q["name"]: q for q in said["quantities"]}
    for name in ("phase_fraction", "attenuation_below", "attenuation_above"):
        assert rows[name]["random"]["z"] < 0.15, name  # 0.2 to 0.5 with thresholds that are bins
