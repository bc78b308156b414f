# SPDX-License-Identifier: BSD-3-Clause
"""Stage denoise: the reference cases through the pipeline, counting noise, labels, calibration, refusals. The
algorithms by themselves are compared in test_denoise.py."""
import h5py
import numpy
import pytest
from reference_cases import Refused, algorithm, case, pipeline

METHODS = ["median", "gaussian", "tv", "nlm", "wavelet"]


@pytest.mark.parametrize("text,scale,name,tolerance", [
    ("method=median strength=3 noise=12", 1, "median3", 1e-12),
    ("method=median strength=5 noise=12", 1, "median5", 1e-12),
    ("method=gaussian strength=1 noise=12", 1, "gauss1", 1e-12),
    ("method=tv strength=0.1 noise=1", 255, "tv_w0.1_on_0_1", 1e-6),
    ("method=nlm patch=5 search=6 strength=0.8 noise=12", 1, "nlm_p5_d6_h0.8s", 1e-6),
    (f"method=wavelet wavelet=db1 noise={12 / 255!r}", 255, "wavelet_bayes_db1_soft", 1e-6),
])
def test_reference(build, text, scale, name, tolerance):
    with h5py.File(case("noise_cases.h5")) as f:
        noisy, expected = f["denoise/noisy"][:] / scale, f["denoise"][name][:]
    got, known = pipeline(build, "denoise law=constant " + text, numpy.stack([noisy] * 3), 3)
    assert got.dtype == "f8" and numpy.abs(got - expected).max() <= tolerance
    assert known["loss"] == "2" and text.split()[0].split("=")[1] in known["law"]


def counts(seed, gain=1.0, noise=0.0, offset=0.0, frames=4, shape=(96, 120)):
    """A smooth scene with a disc, and what a detector makes of it."""
    rng = numpy.random.default_rng(seed)
    y, x = numpy.indices(shape)
    clean = 20 + 10 * numpy.sin(x / 17) + 40 * (numpy.hypot(y - 50, x - 60) < 25)
    values = gain * rng.poisson(clean, (frames, *shape)) + offset + noise * rng.normal(size=(frames, *shape))
    return gain * clean + offset, numpy.clip(numpy.rint(values), 0, 65534).astype("u2")


@pytest.mark.parametrize("number,method", enumerate(METHODS))
def test_counting(build, number, method):
    clean, frames = counts(1, 2.5, 4.0, 100.0)
    text = f"denoise method={method} gain=2.5 read_noise=4 offset=100"
    got, known = pipeline(build, text, frames, 1)
    other, _ = pipeline(build, text, frames, 3)
    assert got.dtype == "f4" and numpy.array_equal(got, other)
    there = algorithm(build, "anscombe", frames[1], 0, 2.5, 4, 100)
    smooth = algorithm(build, "denoise", there, number, 1)
    assert numpy.array_equal(got[1], algorithm(build, "anscombe", smooth, 2, 2.5, 4, 100).astype("f4"))
    before, after = numpy.std(frames - clean), numpy.std(got - clean)
    assert after < 0.6 * before
    assert abs((got - clean).mean()) < 0.1 * before
    assert [float(known[k]) for k in ("gain", "read_noise", "offset")] == [2.5, 4, 100]
    kept, _ = pipeline(build, text + " type=keep", frames)
    assert kept.dtype == "u2" and numpy.array_equal(kept, numpy.rint(got))


@pytest.mark.parametrize("mean", [1.0, 5.0, 30.0, 1000.0])
def test_unbiased(build, mean):
    """Means of counts stay what they are: to 0.5 % from one count on."""
    frames = numpy.random.default_rng(2).poisson(mean, (4, 256, 256)).astype("u2")
    got, _ = pipeline(build, "denoise method=gaussian strength=4 gain=1", frames)
    assert abs(got.mean() / frames.mean() - 1) < (0.007 if mean < 2 else 0.005)
    assert got.std() < 0.1 * frames.std()


def test_labels(build):
    _, frames = counts(3)
    mask = numpy.zeros(frames.shape[1:])
    mask[:, 40:44] = mask[60] = 1
    frames[2, 5, 6] = 65535
    other = frames.copy()
    other[:, mask != 0] = 60000
    off = (mask != 0) | (frames == 65535)
    for method in METHODS + ["temporal"]:
        text = f"denoise gain=1 method={method}"
        got, _ = pipeline(build, text, frames, beside={"mask": mask})
        same, _ = pipeline(build, text, other, beside={"mask": mask})
        assert numpy.isnan(got[off]).all() and not numpy.isnan(got[~off]).any()
        assert numpy.array_equal(got[~off], same[~off]) and got[~off].max() < 200
        kept, _ = pipeline(build, text + " type=keep", other, beside={"mask": mask})
        assert numpy.array_equal(kept[off], other[off])


@pytest.mark.parametrize("average", ["mean", "median"])
def test_temporal(build, average):
    _, frames = counts(4, frames=9)
    there = 2 * numpy.sqrt(frames + 0.375)
    for threads in (1, 3):
        got, _ = pipeline(build, f"denoise method=temporal frames=5 average={average} gain=1", frames, threads)
        for i in range(9):
            part = getattr(numpy, average)(there[max(i - 2, 0):i + 3], axis=0)
            expected = algorithm(build, "anscombe", part, 2, 1, 0, 0)
            assert numpy.allclose(got[i], expected, rtol=2e-7)
    # flats among them take no part, and pass
    keyed = numpy.insert(frames, 4, 5000, axis=0)
    got, _ = pipeline(build, "denoise method=temporal frames=3 gain=1 type=keep", keyed,
                      beside={"image_key": [0] * 4 + [1] + [0] * 5})
    assert (got[4] == 5000).all() and got[[3, 5]].max() < 200


def test_calibrate(build):
    clean, frames = counts(5)
    for method in METHODS:
        got, _ = pipeline(build, f"denoise method={method} gain=1 calibrate=1", frames, 1)
        assert numpy.std(got - clean) < 0.6 * numpy.std(frames - clean)
        other, _ = pipeline(build, f"denoise method={method} gain=1 calibrate=1", frames, 3)
        assert numpy.array_equal(got, other)
    # a still scene takes a long window, one that moves a short one
    _, still = counts(6, frames=21)
    moving = numpy.stack([numpy.roll(frame, 7 * i, axis=1) for i, frame in enumerate(still)])
    text = "denoise method=temporal gain=1 calibrate=1"
    reduced = [numpy.var(numpy.diff(pipeline(build, text, f)[0][8:12], axis=0)) for f in (still, moving)]
    assert reduced[0] < 0.1 * reduced[1]


def test_estimated(build):
    """No gain is given: it is estimated, and stated."""
    rng = numpy.random.default_rng(7)
    level = numpy.repeat(numpy.linspace(5, 400, 16), 16)[None, :] * numpy.ones((128, 1))
    frames = numpy.rint(2.5 * rng.poisson(level, (6, 128, 256)) + rng.normal(0, 4, (6, 128, 256)) + 30).astype("u2")
    got, known = pipeline(build, "denoise method=gaussian", frames)
    assert abs(float(known["gain"]) / 2.5 - 1) < 0.1
    assert abs(got.mean() / frames.mean() - 1) < 0.01
    noisy = rng.normal(50, 3, (3, 64, 64)).astype("f4")
    got, _ = pipeline(build, "denoise method=wavelet", noisy)
    assert got.std() < 0.3 * noisy.std()


FLOATS = numpy.ones((3, 20, 30), "f4")
WHOLE = numpy.ones((3, 20, 30), "u2")


@pytest.mark.parametrize("frames,text,word,message", [
    (WHOLE, "denoise", "", "needs gain="),
    (FLOATS, "denoise", "", "needs noise="),
    (WHOLE, "denoise method=median strength=4 gain=1", "strength=4", "odd"),
    (WHOLE, "denoise method=temporal strength=3 gain=1", "strength=3", "frames="),
    (WHOLE, "denoise method=temporal frames=4 gain=1", "frames=4", "odd"),
    (WHOLE, "denoise method=nlm patch=4 gain=1", "patch=4", "odd"),
    (WHOLE, "denoise strength=1 calibrate=1 gain=1", "strength=1", "contradict"),
    (WHOLE, "denoise law=counting noise=3 gain=1", "noise=3", "no constant noise"),
    (WHOLE, "denoise law=constant gain=3", "gain=3", "no gain"),
    (WHOLE, "denoise gain=-1", "gain=-1", "outside"),
    (WHOLE, "denoise gain=1 read_noise=-1", "read_noise=-1", "outside"),
    (WHOLE, "denoise method=bm3d", "method=bm3d", "bm3d"),
    (WHOLE, "denoise method=temporal gain=1 calibrate=1", "", "needs 16 projections"),
    (-9 * FLOATS, "denoise gain=1 read_noise=1", "", "is a negative count"),
])
def test_refused(build, frames, text, word, message):
    with pytest.raises(Refused) as refused:
        pipeline(build, text, frames)
    assert message in refused.value.message and refused.value.word == word


def test_what_is_found_is_known_behind(build):
    """The noise that a stage estimates is that of the stages behind it; marks follow the type also behind a stage
    that drops frames."""
    rng = numpy.random.default_rng(11)
    level = numpy.repeat(numpy.linspace(5, 400, 16), 16)[None, :] * numpy.ones((64, 1))
    frames = rng.poisson(level, (6, 64, 256)).astype("u2")
    frames[3, 2, 1] = 65535
    got, known = pipeline(build, "denoise method=gaussian | quantise step=0.5sigma", frames)
    assert abs(float(known["gain"]) - 1) < 0.1 and "sigma" in known["law"]
    got, _ = pipeline(build, "veto every=3 | gain adu=2", frames)
    assert got.shape[0] == 2 and numpy.isnan(got[1, 2, 1]) and numpy.isnan(got).sum() == 1
