# SPDX-License-Identifier: BSD-3-Clause
"""beampress analyse ptycho and xrf: simulated fields and spectra of known size, NumPy, and real scans and maps."""
import h5py
import numpy as np
import pytest


def write(path, frames):
    with h5py.File(path, "w") as f:
        f["x"] = frames
    return path


def analyse(beampress, technique, *arguments):
    return {r["name"]: r for r in beampress("analyse", technique, *arguments, "--json").json["results"]}


def test_photons_and_centre_of_mass(beampress, tmp_path):
    """SIMULATED: a spot that moves from position to position; values and sigma over repeats."""
    y, x = np.mgrid[:32, :40]
    shifts = np.linspace(-3, 3, 6)
    truth = np.array([2 * np.exp(-((x - 20 - s)**2 + (y - 15)**2) / 40) for s in shifts])
    runs = [analyse(beampress, "ptycho", write(tmp_path / "x.h5", np.random.default_rng(seed).poisson(truth).astype(np.uint16)))
            for seed in range(40)]
    for name, right in (("photons", truth.sum(axis=(1, 2))), ("centre_of_mass_x", (truth * x).sum(axis=(1, 2)) / truth.sum(axis=(1, 2))),
                        ("centre_of_mass_y", (truth * y).sum(axis=(1, 2)) / truth.sum(axis=(1, 2)))):
        values, sigmas = (np.array([run[name][key] for run in runs]) for key in ("values", "sigma"))
        scatter = values.std(axis=0, ddof=1)
        assert (abs(values.mean(axis=0) - right) < 5 * scatter / np.sqrt(40)).all()
        ratio = np.sqrt((sigmas**2).mean(axis=0)) / scatter
        assert np.median(ratio) == pytest.approx(1, abs=0.15) and ratio.min() > 0.6 and ratio.max() < 1.6
    assert "as if" in analyse(beampress, "ptycho", write(tmp_path / "s.h5", truth))["photons"]["uncertainty"]
    dark = analyse(beampress, "ptycho", write(tmp_path / "d.h5", np.zeros((2, 8, 8), np.uint16)))
    assert dark["photons"]["values"] == [0, 0] and dark["centre_of_mass_x"]["values"] == [None, None]


def test_error_of_the_modulus(beampress, tmp_path):
    random = np.random.default_rng(3)
    a = random.poisson(20, (12, 16, 16)).astype(np.uint16)
    b = random.poisson(20, (12, 16, 16)).astype(np.uint16)
    one, other = write(tmp_path / "a.h5", a), write(tmp_path / "b.h5", b)
    found = analyse(beampress, "ptycho", one, "--against", other)
    moduli = np.sqrt(a.astype(float)), np.sqrt(b.astype(float))
    assert found["far_field_error"]["value"] == pytest.approx(((moduli[1] - moduli[0])**2).sum() / a.sum(), rel=1e-12)
    assert found["r_factor"]["value"] == pytest.approx(abs(moduli[1] - moduli[0]).sum() / moduli[0].sum(), rel=1e-12)
    # two measurements differ by twice the floor
    assert found["far_field_error"]["value"] == pytest.approx(2 * found["noise_floor"]["value"], rel=0.05)
    assert 0 < found["far_field_error"]["sigma"] < found["far_field_error"]["value"]
    same = analyse(beampress, "ptycho", one, "--against", one)
    assert same["far_field_error"]["value"] == 0 and same["r_factor"]["value"] == 0
    assert "not 12 of 16x16" in beampress("analyse", "ptycho", one, "--against", write(tmp_path / "c.h5", b[:5]), code=3).stderr


def test_real_scan(beampress, tmp_path, data):
    """Frame correlation and error of the modulus of a scan that was quantised on the scale of its noise."""
    scan = data / "ptychography_cdtools_petra-p25-near-field_0-119.h5"
    found = analyse(beampress, "ptycho", scan)
    with h5py.File(scan) as f:
        frames = f["entry/data/data"][()]
    assert found["photons"]["values"] == list(frames.sum(axis=(1, 2)))
    coarse = np.rint((np.rint(2 * np.sqrt(frames + 0.375)) / 2)**2 - 0.375).astype(np.int32)
    changed = write(tmp_path / "q.h5", coarse)
    with h5py.File(changed, "r+") as f:
        f["entry/data/data"] = coarse
        del f["x"]
    error = analyse(beampress, "ptycho", scan, "--against", changed)
    assert 0 < error["far_field_error"]["value"] < error["noise_floor"]["value"]


def test_peak_area(beampress, tmp_path):
    """SIMULATED: spectra with a Gaussian peak of known area on a slope; values and sigma over repeats."""
    channel = np.arange(300)
    area = 400
    spectrum = 30 - 0.05 * channel + area * np.exp(-(channel - 150)**2 / 50) / np.sqrt(50 * np.pi)
    runs = []
    for seed in range(40):
        counts = np.random.default_rng(seed).poisson(spectrum, (6, 5, 300)).astype(np.uint16)
        runs.append(analyse(beampress, "xrf:from=125,to=175,sides=20", write(tmp_path / "x.h5", counts)))
    for name, truth in (("peak_area", 30 * area), ("window_counts", 30 * spectrum[125:176].sum())):
        values, sigmas = (np.array([run[name][key] for run in runs]) for key in ("value", "sigma"))
        assert abs(values.mean() - truth) < 5 * values.std() / np.sqrt(40) + 0.01 * truth
        assert np.median(sigmas) / values.std(ddof=1) == pytest.approx(1, abs=0.3)
    lines, sigmas = (np.array([run["background"][key] for run in runs]) for key in ("values", "sigma"))
    assert np.median(np.sqrt((sigmas**2).mean(axis=0)) / lines.std(axis=0, ddof=1)) == pytest.approx(1, abs=0.25)
    areas = runs[0]["peak_areas"]
    assert len(areas["values"]) == 30 and sum(areas["values"]) == pytest.approx(runs[0]["peak_area"]["value"], rel=1e-9)
    background = np.array(runs[0]["background"]["values"])
    assert abs(background[140:160] / (30 * (30 - 0.05 * channel[140:160])) - 1).max() < 0.2
    assert runs[0]["peak_area"]["uncertainty"] == "Poisson counts"
    scaled = analyse(beampress, "xrf:from=125,to=175,sides=20", write(tmp_path / "s.h5", counts * 1.5))
    assert "as if" in scaled["peak_area"]["uncertainty"]
    bad = beampress("analyse", "xrf:from=290,to=299", tmp_path / "x.h5", code=3)
    assert "does not fit 300 channels" in bad.stderr


@pytest.mark.parametrize("name", ["xrf-map_savu_dls-i18-xspress3.h5", "xrf-map_xrfmaps_aps-2ide_2xfm_0010.h5"])
def test_real_maps(beampress, data, name):
    found = analyse(beampress, "xrf", data / name)
    with h5py.File(data / name) as f:
        values = f["entry/data/data"][()]
    assert np.allclose(found["spectrum"]["values"], values.sum(axis=tuple(range(values.ndim - 1))), rtol=1e-9, atol=1e-9)
    assert found["peak_area"]["value"] > 5 * found["peak_area"]["sigma"]
    assert len(found["peak_areas"]["values"]) == np.prod(values.shape[:-1])


@pytest.mark.parametrize("technique", ["ptycho", "xrf:from=8,to=12"])
def test_bad_input(beampress, tmp_path, technique):
    """Nothing that takes part ends with a message; of less than no counts there is no Poisson variance."""
    counts = np.random.default_rng(2).poisson(3, (4, 16, 24))
    nothing = write(tmp_path / "nan.h5", np.full(counts.shape, np.nan))
    said = beampress("analyse", technique, nothing, code=3).stderr
    assert "takes part" in said and "nan.h5" in said
    name = "photons" if technique == "ptycho" else "peak_areas"
    empty = analyse(beampress, technique, write(tmp_path / "zero.h5", counts * 0))[name]
    assert not any(empty["values"]) and all(s == 1 for s in empty["sigma"])
    same = analyse(beampress, technique, write(tmp_path / "same.h5", counts * 0 + 7))[name]
    assert all(s > 0 for s in same["sigma"])
    below = analyse(beampress, technique, write(tmp_path / "below.h5", counts - 1000))[name]
    assert below["sigma"] == [None] * len(below["values"]) and "as if" in below["uncertainty"]
    if technique == "ptycho":
        frames = counts.astype(np.float32)
        frames[1] = np.nan
        found = analyse(beampress, technique, write(tmp_path / "gap.h5", frames))[name]
        assert found["values"][1] is None and found["sigma"][1] is None and found["values"][2] == frames[2].sum()
