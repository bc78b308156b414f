# SPDX-License-Identifier: BSD-3-Clause
"""Stages for Bragg peaks: veto by their number, and roi, which keeps boxes around them and bins the rest."""
import os
import pathlib

import h5py
import numpy as np
import pytest
from test_sx import shots

DATA = os.environ.get("BEAMPRESS_DATA")
PEAKS = "threshold=60"


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "in.h5", "w") as f:
        entry = f.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("data")
        data.attrs["NX_class"] = "NXdata"
        data.create_dataset("data", data=shots(9))
    return tmp_path / "in.h5"


def read(path):
    with h5py.File(path) as f:
        return f["/entry/data/data"][()]


def peaks_of(beampress, path):
    found = beampress("analyse", f"sx:{PEAKS}", path, "--json").json["results"]
    return next(r["values"] for r in found if r["name"] == "peaks")


def scores_of(path):
    found = {}
    with h5py.File(path) as f:
        f.visititems(lambda name, item: found.update({name.rsplit("/", 1)[1]: item[()]})
                     if isinstance(item, h5py.Dataset) and name.rsplit("/", 1)[1] in ("frame_index", "1_score") else None)
    return found


def test_veto_by_peaks(beampress, tmp_path, file):
    count = np.array(peaks_of(beampress, file))
    for threads in (1, 3):
        beampress("run", f"veto peaks>=10 {PEAKS}", file, tmp_path / f"{threads}.h5", "--threads", threads)
        assert (read(tmp_path / f"{threads}.h5") == read(file)[count >= 10]).all()
        said = scores_of(tmp_path / f"{threads}.h5")
        assert any(np.array_equal(v, np.flatnonzero(count >= 10)) for v in said.values())
        assert any(np.array_equal(v, count) for v in said.values())


@pytest.mark.parametrize("text,word", [
    ("veto threshold=60 lit>=1", "belongs to peaks"), ("veto peaks>=3 min_pixels=9 max_pixels=2", "max_pixels"),
    ("veto peaks>=3 min_radius=9 max_radius=2", "min_radius"), ("roi min_pixels=9 max_pixels=2", "max_pixels"),
    ("roi read_noise=3", "needs gain="), ("roi step=2values gain=3", "steps in sigma"), ("roi half=0.5", "half"),
    ("roi peaks=/entry/nothing", "nPeaks"), ("roi step=0.5mm", "mm")])
def test_what_is_refused(beampress, tmp_path, file, text, word):
    said = beampress("run", text, file, tmp_path / "out.h5", code=None)
    assert said.returncode != 0 and word in said.stderr, said.stderr
    assert not (tmp_path / "out.h5").exists()


def test_no_frame_is_left(beampress, tmp_path, file):
    said = beampress("run", f"veto peaks>=500 {PEAKS}", file, tmp_path / "out.h5", code=None)
    assert said.returncode != 0 or read(tmp_path / "out.h5").shape[0] == 0


def boxed(x, y, half, shape):
    mask = np.zeros(shape, bool)
    for cx, cy in zip(x.astype(int), y.astype(int)):
        mask[max(cy - half, 0):cy + half + 1, max(cx - half, 0):cx + half + 1] = True
    return mask


def test_roi_keeps_boxes_and_bins_the_rest(beampress, tmp_path, file):
    frames = read(file).astype(float)
    found = beampress("analyse", f"sx:{PEAKS},list=1", file, "--json").json["results"]
    peaks = {r["name"]: np.array(r["values"]) for r in found if "values" in r and r["name"].startswith("peak_")}
    for threads in (1, 2):
        beampress("run", f"roi {PEAKS} step=1sigma gain=1 half=6", file, tmp_path / f"{threads}.h5", "--threads", threads)
    assert (tmp_path / "1.h5").read_bytes() == (tmp_path / "2.h5").read_bytes()
    back = read(tmp_path / "1.h5").astype(float)
    for k, (one, other) in enumerate(zip(frames, back)):
        here = peaks["peak_shot"] == k
        box = boxed(peaks["peak_x"][here], peaks["peak_y"][here], 6, one.shape)
        assert (one[box] == other[box]).all()
        far = ~boxed(peaks["peak_x"][here], peaks["peak_y"][here], 8, one.shape)
        mean = np.repeat(np.repeat(one.reshape(64, 2, 80, 2).mean(axis=(1, 3)), 2, axis=0), 2, axis=1)
        error = (other - mean)[far] / np.sqrt(mean[far] / 4)
        off = np.abs(error) > 0.5 * 1.1 + 0.51 / np.sqrt(mean[far] / 4)
        assert off.mean() < 1e-3  # but for single pixels that are hot and stay as they are
    compared = beampress("analyse", f"sx:{PEAKS}", file, "--against", tmp_path / "1.h5", "--json").json["results"]
    value = {r["name"]: r.get("value") for r in compared}
    assert value["peak_recall"] == 1 and value["peak_precision"] > 0.97 and value["intensity_rms"] < 0.2


def test_roi_with_the_peaks_of_the_file(beampress, tmp_path, file):
    with h5py.File(file, "a") as f:
        result = f.create_group("/entry_1/result_1")
        result["nPeaks"] = np.array([2, 0] + [1] * 7)
        result["peakXPosRaw"] = np.tile([20.7, 90.2, 0], (9, 1))
        result["peakYPosRaw"] = np.tile([30.1, 60.9, 0], (9, 1))
    frames = read(file)
    beampress("run", "roi peaks=/entry_1/result_1 half=5 gain=1", file, tmp_path / "out.h5", "--dataset", "/entry/data/data")
    back = read(tmp_path / "out.h5")
    same = back == frames
    assert same[0, 25:36, 15:26].all() and same[0, 55:66, 85:96].all() and same[3, 25:36, 15:26].all()
    assert same[1].mean() < 0.4 and not same[3, 55:66, 85:96].all()
    with h5py.File(file, "a") as f:
        del f["/entry_1/result_1/nPeaks"]
        f["/entry_1/result_1/nPeaks"] = np.arange(5)
    said = beampress("run", "roi peaks=/entry_1/result_1", file, tmp_path / "short.h5", "--dataset", "/entry/data/data", code=None)
    assert said.returncode != 0 and "of 5 frames" in said.stderr


@pytest.mark.skipif(not DATA, reason="SKIP: needs BEAMPRESS_DATA")
@pytest.mark.parametrize("name,threshold", [("serial-crystallography_dials-data_lcls-cspad_thermolysin_8401", 400),
                                            ("serial-crystallography_jungfraujoch_jungfrau-converted_0-3", 100)])
def test_real_frames_at_25_to_1(beampress, tmp_path, name, threshold):
    source = pathlib.Path(DATA) / f"{name}.h5"
    beampress("run", f"roi threshold={threshold} step=1sigma | photon", source, tmp_path / "out.h5")
    with h5py.File(source) as a, h5py.File(tmp_path / "out.h5") as b:
        size = b["/entry/data/data"].id.get_storage_size()
        assert a["/entry/data/data"].nbytes == 4 * a["/entry/data/data"].size
        ratio = a["/entry/data/data"].nbytes / size
    compared = beampress("analyse", f"sx:threshold={threshold}", source, "--against", tmp_path / "out.h5", "--json").json["results"]
    value = {r["name"]: r.get("value") for r in compared}
    print(f"{name}: ratio {ratio:.1f}, intensities within {value['intensity_rms']} sigma")
    assert ratio >= 25
    assert value["intensity_rms"] <= 0.2 and value["peak_recall"] == 1 and value["peak_precision"] > 0.95
