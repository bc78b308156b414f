# SPDX-License-Identifier: BSD-3-Clause
"""Stage darkflat against tomopy's prep/normalize.py and the CT reference case; what it refuses."""
import h5py
import numpy
import pytest
from reference_cases import Refused, case, pipeline


@pytest.fixture(scope="module")
def tomopy():
    with h5py.File(case("ct_gridrec_tomopy.h5")) as f:
        return {name: f["own_tests/normalize"][name][:] for name in f["own_tests/normalize"]}


def test_tomopy(build, tomopy):
    beside = {"/flat": tomopy["flat"], "/dark": tomopy["dark"]}
    got, _ = pipeline(build, "darkflat flat=/flat dark=/dark", tomopy["tomo"], beside=beside)
    assert numpy.allclose(got, tomopy["normalize"], rtol=1e-7, atol=0)


def test_transmission(build):
    with h5py.File(case("ct_pipeline.h5")) as f:
        raw, flats, darks, expected, sinogram = (f["slice128"][n][:] for n in (
            "raw", "flats", "darks", "transmission", "sinogram"))
    # one row of the detector; flats and darks among the frames
    frames = numpy.concatenate([darks, raw, flats]).astype("f8")[:, None, :]
    key = [2] * len(darks) + [0] * len(raw) + [1] * len(flats)
    for threads in (1, 3):
        got, known = pipeline(build, "darkflat", frames, threads, {"image_key": key})
        assert got.dtype == "f8" and got.shape == (len(raw), 1, 128)
        assert numpy.abs(got[:, 0] - expected).max() <= 1e-9
    got, _ = pipeline(build, "darkflat log=1 least=1e-6", frames, beside={"image_key": key})
    assert numpy.abs(got[:, 0] - sinogram).max() <= 1e-9
    assert "dark" in known["law"]


def scene():
    rng = numpy.random.default_rng(6)
    flats, darks = rng.poisson(1000, (5, 20, 30)), rng.poisson(50, (4, 20, 30))
    return rng.poisson(500, (7, 20, 30)).astype("u2"), flats, darks


def test_options(build):
    frames, flats, darks = scene()
    beside = {"flat": flats, "dark": darks}
    flat, dark = numpy.median(flats, axis=0), numpy.median(darks, axis=0)
    expected = (frames - dark) / (flat - dark)
    got, _ = pipeline(build, "darkflat average=median", frames, beside=beside)
    assert got.dtype == "f4" and numpy.allclose(got, expected, rtol=1e-7)
    keyed = numpy.concatenate([flats, frames, darks]).astype("u2")
    same, _ = pipeline(build, "darkflat average=median", keyed, beside={"image_key": [1] * 5 + [0] * 7 + [2] * 4})
    assert numpy.array_equal(same, got)
    left, right = expected[..., :3].mean(2, keepdims=True), expected[..., -3:].mean(2, keepdims=True)
    air = expected / (left + (right - left) * numpy.arange(30) / 29)
    got, _ = pipeline(build, "darkflat average=median air=3", frames, beside=beside)
    assert numpy.allclose(got, air, rtol=2e-7)
    got, _ = pipeline(build, "darkflat average=median air=3 cut=1 log=1 least=0.9", frames, beside=beside)
    assert numpy.allclose(got, -numpy.log(numpy.clip(air, 0.9, 1)), rtol=2e-7, atol=1e-7)
    got, _ = pipeline(build, "darkflat", frames, beside={"flat": flats[0]})
    assert numpy.allclose(got, frames / flats[0], rtol=1e-7)


def test_bad_flats(build):
    frames, flats, darks = scene()
    flat = flats.mean(0)
    flat[3, 4], flat[5, 6], flat[7, 8] = numpy.nan, 0, numpy.inf
    mask = numpy.zeros((20, 30))
    mask[7, 8] = 1
    beside = {"/f": flat, "dark": darks, "mask": mask}
    with pytest.raises(Refused, match="in 2 pixels, the first in row 3, column 4, where /f is not finite"):
        pipeline(build, "darkflat flat=/f", frames, beside=beside)
    got, _ = pipeline(build, "darkflat flat=/f bad=label", frames, beside=beside)
    bad = numpy.zeros(frames.shape, bool)
    bad[:, [3, 5, 7], [4, 6, 8]] = True
    assert numpy.array_equal(numpy.isnan(got), bad)
    # the type stays: new labels show all the same
    got, _ = pipeline(build, "darkflat flat=/f bad=label", frames.astype("f4"), beside=beside)
    assert numpy.array_equal(numpy.isnan(got)[:, :6], bad[:, :6])


@pytest.mark.parametrize("text,beside,word,message", [
    ("darkflat", {}, "darkflat", "no flat"),
    ("darkflat", {"image_key": numpy.zeros(7)}, "", "no flat"),  # found when frames are looked at
    ("darkflat flat=/f", {"/f": numpy.ones((20, 31))}, "flat=/f", "of another detector"),
    ("darkflat flat=/g", {}, "flat=/g", "/g"),
    ("darkflat dark=/d", {"/d": numpy.ones((2, 2, 20, 30)), "flat": numpy.ones((20, 30))}, "dark=/d", "2 x 2 x 20 x 30"),
    ("darkflat air=16", {"flat": numpy.ones((20, 30))}, "air=16", "no two ends"),
])
def test_refused(build, text, beside, word, message):
    with pytest.raises(Refused) as refused:
        pipeline(build, text, scene()[0], beside=beside)
    assert message in refused.value.message
    assert refused.value.word == word
