# SPDX-License-Identifier: BSD-3-Clause
"""beampress analyse segment: thresholds, fractions and objects against scikit-image and scipy.ndimage (reference files in
$BEAMPRESS_DATA/../cases), and its uncertainties against repeats of a simulated experiment."""
import os
import pathlib

import h5py
import numpy as np
import pytest

DATA = os.environ.get("BEAMPRESS_DATA")
CASES = pathlib.Path(DATA).parent / "cases" if DATA else None
needs_cases = pytest.mark.skipif(not (CASES and CASES.is_dir()), reason="SKIP: no reference cases ($BEAMPRESS_DATA/../cases)")


def analyse(beampress, tmp_path, values, technique="segment", *arguments, code=0):
    with h5py.File(tmp_path / "x.h5", "w") as f:
        f["x"] = values
    done = beampress("analyse", technique, tmp_path / "x.h5", "--json", *arguments, code=code)
    return {r["name"]: r for r in done.json["results"]} if code == 0 else done


@needs_cases
@pytest.mark.parametrize("name", ["camera", "coins"])
def test_thresholds_of_images(beampress, tmp_path, name):
    with h5py.File(CASES / "otsu_skimage.h5") as f:
        image, theirs = f[name]["image"][()], {k: v[()] for k, v in f[name].items()}
    found = analyse(beampress, tmp_path, image)
    assert found["otsu_threshold"]["value"] == theirs["otsu"]
    assert found["phase_fraction"]["value"] == pytest.approx(float(theirs["fraction_above"]), abs=1e-12)
    for classes in (3, 4):
        multi = analyse(beampress, tmp_path, image, f"segment:classes={classes}")["multi_otsu_thresholds"]
        assert multi["values"] == list(theirs[f"multiotsu_{classes}"])
    as_float = (image / np.float32(255)).astype(np.float32)
    found = analyse(beampress, tmp_path, as_float)
    assert found["otsu_threshold"]["value"] == pytest.approx(float(theirs["otsu_float32_256bins"]), rel=1e-6)


@needs_cases
def test_small_images_and_edge_cases(beampress, tmp_path):
    with h5py.File(CASES / "otsu_skimage.h5") as f:
        simple, otsu, minus2 = f["simple/image"][()], f["simple/otsu"][()], f["simple/otsu_minus2"][()]
        multi4, thresholds = f["multi4/image"][()], f["multi4/multiotsu_4"][()]
        x, float_otsu = f["float_bins/x"][()], f["float_bins/otsu"][()]
    assert analyse(beampress, tmp_path, simple)["otsu_threshold"]["value"] == otsu
    assert analyse(beampress, tmp_path, simple - 2)["otsu_threshold"]["value"] == minus2
    found = analyse(beampress, tmp_path, multi4, "segment:classes=4")
    assert found["multi_otsu_thresholds"]["values"] == list(thresholds)
    found = analyse(beampress, tmp_path, x.reshape(1, -1))
    assert found["otsu_threshold"]["value"] == pytest.approx(float(float_otsu), rel=1e-5)


@needs_cases
def test_objects_in_two_and_three_dimensions(beampress, tmp_path):
    with h5py.File(CASES / "otsu_rofex_like.h5") as f:
        group = f["synthetic"]
        gas = np.unpackbits(group["gas_uint8"][()], axis=-1)
        expected = {name: group[name][()] for name in ("n_2d_4", "n_2d_8", "n_particles_3d_26", "sizes_3d_26")}
    fixed = "segment:method=fixed,level=0.5"
    found = analyse(beampress, tmp_path, gas, fixed)
    assert found["object_count"]["value"] == expected["n_particles_3d_26"]
    assert found["object_mean_size"]["value"] == pytest.approx(expected["sizes_3d_26"].mean(), rel=1e-9)
    assert found["object_median_size"]["value"] == pytest.approx(np.median(expected["sizes_3d_26"]), rel=1e-9)
    edges = 2.0 ** np.arange(len(found["object_sizes"]["values"]) + 1)
    assert found["object_sizes"]["values"] == list(np.histogram(expected["sizes_3d_26"], edges)[0])
    for connectivity, name in (("faces", "n_2d_4"), ("all", "n_2d_8")):
        found = analyse(beampress, tmp_path, gas, f"{fixed},volume=0,connectivity={connectivity}")
        assert found["object_count"]["value"] == expected[name].sum()


@needs_cases
def test_pipe_with_bubbles(beampress, tmp_path):
    """Grey values outside the pipe take no part, as with a detector's mask."""
    with h5py.File(CASES / "otsu_rofex_like.h5") as f:
        group = f["synthetic"]
        volume, pipe, theirs = group["volume"][()], group["pipe_mask"][()], dict(group.attrs)
        threshold = float(group["otsu_float"][()])
    volume[:, pipe == 0] = np.nan
    found = analyse(beampress, tmp_path, volume, "segment:phase=below")
    assert found["otsu_threshold"]["value"] == pytest.approx(threshold, rel=1e-5)
    assert found["phase_fraction"]["value"] == pytest.approx(theirs["void_fraction_float"], abs=1e-4)


def discs(seed, frames=16, side=96, number=30):
    """SIMULATED slices: bright discs at random places on noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    out = random.normal(100, 12, (frames, side, side))
    for frame in out:
        for cy, cx, radius in zip(random.uniform(0, side, number), random.uniform(0, side, number),
                                  random.uniform(2, 5, number)):
            frame[(y - cy) ** 2 + (x - cx) ** 2 < radius ** 2] += 100
    return np.clip(np.rint(out), 0, 65535).astype(np.uint16)


def test_uncertainty_is_that_of_repeats(beampress, tmp_path):
    """What sigma says is what repeats of the whole experiment scatter by."""
    names = ("otsu_threshold", "phase_fraction", "object_count", "object_mean_size", "object_median_size")
    runs = [analyse(beampress, tmp_path, discs(seed), "segment:volume=0,min_size=4") for seed in range(60)]
    for name in names:
        values, sigmas = ([run[name][key] for run in runs] for key in ("value", "sigma"))
        assert np.median(sigmas) / np.std(values, ddof=1) == pytest.approx(1, abs=0.35), name
        assert runs[0][name]["uncertainty"]


def test_limits(beampress, tmp_path):
    steps = np.zeros((4, 20, 20), np.uint16)
    steps[:, :, 10:] = 9
    found = analyse(beampress, tmp_path, steps)
    assert found["phase_fraction"]["value"] == 0.5 and found["phase_fraction"]["sigma"] == 0
    assert found["object_count"]["value"] == 1 and found["object_mean_size"]["value"] == 800
    found = analyse(beampress, tmp_path, steps, "segment:volume=0")
    assert found["object_count"]["value"] == 4
    shifted = analyse(beampress, tmp_path, (steps + 40).astype(np.uint16))
    assert shifted["phase_fraction"]["value"] == 0.5  # a constant added changes nothing but the threshold
    with_nan = steps.astype(np.float32)
    with_nan[0, 0, 0] = np.nan
    found = analyse(beampress, tmp_path, with_nan)
    assert found["phase_fraction"]["value"] == pytest.approx(800 / 1599, abs=1e-12)


def test_bad_input(beampress, tmp_path):
    assert "no threshold between phases" in analyse(beampress, tmp_path, np.ones((2, 9, 9)), code=3).stderr
    said = analyse(beampress, tmp_path, np.full((2, 9, 9), np.nan), code=3).stderr
    assert "no pixel takes part" in said and "x.h5" in said and "/x" in said
    assert "classes" in analyse(beampress, tmp_path, np.eye(9), "segment:classes=9", code=2).stderr
    assert "no technique 'dreams'" in analyse(beampress, tmp_path, np.eye(9), "dreams", code=2).stderr
    few = analyse(beampress, tmp_path, np.eye(9), "segment:classes=4", code=3)
    assert "threshold" in few.stderr


def test_two_segmentations(beampress, tmp_path):
    rng = np.random.default_rng(3)
    first = rng.integers(0, 2, (20, 40, 50), dtype=np.uint8) * 10
    second = np.where(rng.random(first.shape) < 0.1, 10 - first, first).astype(np.uint8)
    for name, values in (("a.h5", first), ("b.h5", second), ("short.h5", first[:5])):
        with h5py.File(tmp_path / name, "w") as f:
            f["x"] = values

    def against(name, code=0, technique="segment"):
        return beampress("analyse", technique, tmp_path / "a.h5", "--against", tmp_path / name, "--json", code=code)

    found = {r["name"]: r for r in against("b.h5").json["results"]}
    a, b = first > 5, second > 5
    assert found["dice"]["value"] == pytest.approx(2 * (a & b).sum() / (a.sum() + b.sum()), abs=1e-12)
    assert found["jaccard"]["value"] == pytest.approx((a & b).sum() / (a | b).sum(), abs=1e-12)
    assert 0 < found["dice"]["sigma"] < 0.01
    same = {r["name"]: r for r in against("a.h5").json["results"]}
    assert same["dice"]["value"] == 1 and same["jaccard"]["value"] == 1 and same["dice"]["sigma"] == 0
    assert "5 frames of 40x50" in against("short.h5", code=3).stderr
    with h5py.File(tmp_path / "empty.h5", "w") as f:
        f["x"] = first * 0
    assert "in the file of --against, every pixel has the value 0" in against("empty.h5", code=3).stderr
    assert "nothing to say of two files" in against("b.h5", code=2, technique="xpcs").stderr
