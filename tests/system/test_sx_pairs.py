# SPDX-License-Identifier: BSD-3-Clause
"""beampress analyse sx --against: peaks found again and intensities of two versions of the same shots."""
import csv

import h5py
import numpy as np
import pytest
from reference_cases import case
from test_sx import peak_list, shots, write


def run(beampress, tmp_path, first, second, params, code=0, bad=None):
    for name, frames in (("a.h5", first), ("b.h5", second)):
        write(tmp_path / name, frames, bad)
    results = [beampress("analyse", f"sx:list=1,{params}", tmp_path / name, "--json") for name in ("a.h5", "b.h5")] if code == 0 else []
    done = beampress("analyse", f"sx:{params}", tmp_path / "a.h5", "--against", tmp_path / "b.h5", "--json", code=code)
    if code:
        return done
    lists = [peak_list({r["name"]: r for r in done.json["results"]}) for done in results]
    return {r["name"]: r for r in done.json["results"]}, *lists


def spot(frame, x, y, inner=4, middle=5, outer=7):
    """Intensity and sigma of three rings, None where a pixel is missing."""
    cy, cx = int(y), int(x)
    if min(cx, cy) < outer or cy + outer >= frame.shape[0] or cx + outer >= frame.shape[1]:
        return None
    box = frame[cy - outer:cy + outer + 1, cx - outer:cx + outer + 1].astype(float)
    dy, dx = np.mgrid[-outer:outer + 1, -outer:outer + 1]
    d = dx ** 2 + dy ** 2
    around, inside = box[(d >= middle ** 2) & (d <= outer ** 2)], box[d <= inner ** 2]
    if np.isnan(box[d <= outer ** 2]).any():
        return None
    total = (inside - around.mean()).sum()
    return total, np.sqrt(inside.size * around.var() + total)


def near(some, others):
    return sum(any(a[0] == b[0] and np.hypot(a[1] - b[1], a[2] - b[2]) <= 2 for b in others) for a in some)


def check(found, first, second, mine, theirs):
    """Against the formulas, by NumPy."""
    value = {name: row["value"] for name, row in found.items() if "value" in row}
    assert value["peak_recall"] == pytest.approx(near(mine, theirs) / len(mine), abs=1e-12)
    assert value["peak_precision"] == pytest.approx(near(theirs, mine) / len(theirs), abs=1e-12)
    pairs = [(spot(first[int(p[0])], p[1], p[2]), spot(second[int(p[0])], p[1], p[2])) for p in mine]
    pairs = np.array([(*a, *b) for a, b in pairs if a and b])
    a, sigma_a, b, sigma_b = pairs.T
    expected = {"intensity_correlation": np.corrcoef(a, b)[0, 1], "intensity_r": 2 ** 0.5 * np.abs(a - b).sum() / (a + b).sum(),
                "intensity_ratio": b.sum() / a.sum(), "intensity_bias": ((b - a) / sigma_a).mean(),
                "intensity_rms": np.sqrt((((b - a) / sigma_a) ** 2).mean()),
                "i_over_sigma_ratio": np.median(b / sigma_b) / np.median(a / sigma_a)}
    for name, number in expected.items():
        assert value[name] == pytest.approx(number, rel=1e-9, abs=1e-9), name
    return value


def test_the_same_twice_is_perfect(beampress, tmp_path):
    frames = shots(6)
    found, *_ = run(beampress, tmp_path, frames, frames, "threshold=60,min_peaks=8")
    perfect = {"peak_recall": 1, "peak_precision": 1, "hits_lost": 0, "hits_false": 0, "spots_lost": 0, "intensity_r": 0,
               "intensity_ratio": 1, "intensity_bias": 0, "intensity_rms": 0, "i_over_sigma_ratio": 1}
    for name, value in perfect.items():
        assert found[name]["value"] == value and found[name]["sigma"] == 0
    assert found["intensity_correlation"]["value"] == pytest.approx(1, abs=1e-12)
    assert set(found["background_shift"]["values"]) == {0}


def test_formulas_on_rounded_shots(beampress, tmp_path):
    frames = shots(9)
    lossy = (np.rint(frames / 24.0) * 24).astype(np.float32)
    found, mine, theirs = run(beampress, tmp_path, frames, lossy, "threshold=60,min_peaks=8")
    value = check(found, frames, lossy, mine, theirs)
    assert value["intensity_rms"] > 0.2 and found["intensity_rms"]["sigma"] > 0


def test_spots_of_known_change(beampress, tmp_path):
    frames = shots(6).astype(np.float32)
    double = 20 + (frames - 20) * 2
    found, *_ = run(beampress, tmp_path, frames, double, "threshold=60,min_peaks=8")
    assert found["intensity_ratio"]["value"] == pytest.approx(2, rel=1e-5)
    assert found["intensity_r"]["value"] == pytest.approx(2 ** 0.5 / 3, rel=1e-4)
    blank = frames.copy()
    blank[4] = 20
    blank[:, 60:, :] = np.nan
    found, mine, _ = run(beampress, tmp_path, frames, blank, "threshold=60,min_peaks=8")
    assert found["hits_lost"]["value"] >= 0.25 and found["hits_false"]["value"] == 0
    assert 0.2 < found["spots_lost"]["value"] < 0.9 and found["peak_recall"]["value"] < 0.8


def test_nothing_to_compare(beampress, tmp_path):
    zeros = np.zeros((3, 64, 64), np.uint16)
    found, *_ = run(beampress, tmp_path, zeros, zeros, "threshold=60")
    assert found["hits_false"]["value"] == 0
    for name in ("peak_recall", "peak_precision", "hits_lost", "intensity_correlation", "intensity_rms", "i_over_sigma_ratio"):
        assert found[name]["value"] is None and found[name]["sigma"] is None
    assert "not 3 of 64x64" in run(beampress, tmp_path, zeros, zeros[:, :, :60], "threshold=60", 3).stderr


def schemes(image):
    """Lossy versions of a frame, as the table of the reference has them."""
    values = image.astype(float)
    for step in (2, 10, 50, 200):
        yield f"quant_{step}", np.rint(values / step) * step
    for step in (0.5, 1, 2, 4):
        yield f"sqrt_{step:g}", np.maximum((np.rint(2 * np.sqrt(values + 3 / 8) / step) * step / 2) ** 2 - 3 / 8, 0)
    mean = values.reshape(values.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3))
    yield "bin_2", np.repeat(np.repeat(mean, 2, axis=0), 2, axis=1)


def test_lossy_versions_of_a_hit(beampress, tmp_path):
    """The reference's table is of the whole frame, of which a quarter is in the case: the formulas hold exactly there, and the
    figures tell the same story."""
    with h5py.File(case("sx_peaks.h5")) as f:
        group = f["rayonix_hit"]
        image, bad = group["image"][()], group["bad"][()]
        x, y = -float(group.attrs["corner_x_px"]), -float(group.attrs["corner_y_px"])
    with open(case("sx_compression_effect.csv"), newline="") as f:
        table = {row["scheme"]: {k: float(v) for k, v in row.items() if k != "scheme"} for row in csv.DictReader(f)}
    params = f"threshold=300,min_snr=6,background_radius=4,centre_x={x!r},centre_y={y!r}"
    first = np.where(bad, np.nan, image)[None]
    value = {}
    for name, lossy in schemes(image):
        found, mine, theirs = run(beampress, tmp_path, image[None], lossy[None].astype(np.float32), params, bad=bad)
        second = np.where(bad, np.nan, lossy.astype(np.float32))[None]
        value[name] = check(found, first, second, mine, theirs)
        assert value[name]["intensity_correlation"] > 0.97 and table[name]["cc"] > 0.97
    rms = {name: (row["intensity_rms"], table[name]["rms_dI_over_sigma"]) for name, row in value.items()}
    for name, (ours, theirs) in rms.items():
        assert 0.5 < ours / theirs < 2, name
    for name in ("quant_2", "quant_10"):
        assert value[name]["peak_recall"] == table[name]["recall"] == 1 and value[name]["peak_precision"] == 1
    assert value["quant_200"]["peak_precision"] < 0.6 and table["quant_200"]["precision"] < 0.6
    assert value["bin_2"]["peak_recall"] < 0.7 and table["bin_2"]["recall"] < 0.7


def test_full_frame_peaks_that_the_crop_holds(beampress, tmp_path):
    """Reference peaks of the whole frame that lie in the crop (whose rings hold a quarter of the pixels): place and sums."""
    with open(case("sx_full_pf8_reference.csv"), newline="") as f:
        rows = [[float(row[k]) for k in ("pf8_fs", "pf8_ss", "pf8_total", "intensity", "sigma")] for row in csv.DictReader(f)]
    with h5py.File(case("sx_peaks.h5")) as f:
        group = f["rayonix_hit"]
        image, bad = group["image"][()], group["bad"][()]
        x, y = -float(group.attrs["corner_x_px"]), -float(group.attrs["corner_y_px"])
    inside = [row for row in rows if min(row[:2]) > 968]
    assert len(inside) == 4
    write(tmp_path / "a.h5", image[None], bad)
    params = f"threshold=300,min_snr=6,background_radius=4,list=1,centre_x={x!r},centre_y={y!r}"
    found = beampress("analyse", f"sx:{params}", tmp_path / "a.h5", "--json").json["results"]
    mine = peak_list({r["name"]: r for r in found})[:, 1:]
    for fs, ss, total, intensity, sigma in inside:
        nearest = mine[np.hypot(mine[:, 0] + 960 - fs, mine[:, 1] + 960 - ss).argmin()]
        assert np.abs(nearest[:2] + 960 - (fs, ss)).max() < 0.5 and nearest[2] == pytest.approx(total, rel=0.3)
        assert nearest[3:] == pytest.approx((intensity, sigma), rel=1e-4)
