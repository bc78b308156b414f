# SPDX-License-Identifier: BSD-3-Clause
"""Stage reconstruct: counts become slices, against the CT reference case and discs that are known; what it refuses."""
import h5py
import numpy
import pytest
from reference_cases import Refused, case, pipeline


def discs(rows=20, columns=64, angles=90, centre=32.0):
    """Transmissions of a disc that wanders from row to row, and where its middle is."""
    theta = 180 * numpy.arange(angles) / angles
    t = numpy.arange(columns) - centre
    middles = [(8 * numpy.cos(r), 6 * numpy.sin(r)) for r in range(rows)]
    frames = numpy.zeros((angles, rows, columns))
    for r, (x, y) in enumerate(middles):
        at = x * numpy.cos(numpy.deg2rad(theta)) - y * numpy.sin(numpy.deg2rad(theta))
        frames[:, r] = numpy.exp(-0.04 * numpy.sqrt(numpy.clip(81 - (t - at[:, None]) ** 2, 0, None)))
    return theta, frames.astype("f4"), middles


def test_reference_case(build):
    with h5py.File(case("ct_pipeline.h5")) as f:
        group = f["slice128"]
        raw, flats, darks, theta, expected = (group[n][:] for n in ("raw", "flats", "darks", "theta_deg", "slice"))
    frames = numpy.concatenate([darks, raw, flats])[:, None, :]
    key = [2] * len(darks) + [0] * len(raw) + [1] * len(flats)
    angle = numpy.zeros(len(frames))
    angle[len(darks):-len(flats)] = theta
    got, _ = pipeline(build, "darkflat | reconstruct centre=64 filter=shepp-logan", frames,
                          beside={"image_key": key, "rotation_angle": angle})
    assert got.dtype == "f4" and got.shape == (1, 128, 128)
    assert abs(got[0] - expected).max() < 1e-6 * abs(expected).max() * 2
    same, _ = pipeline(build, "darkflat log=1 | reconstruct centre=64 filter=shepp-logan from=attenuation", frames,
                       beside={"image_key": key, "rotation_angle": angle})
    assert abs(same - got).max() < 1e-6 * abs(expected).max() * 2


def test_slices(build):
    theta, frames, middles = discs()
    got, _ = pipeline(build, "reconstruct centre=32", frames, 1, {"rotation_angle": theta})
    assert got.shape == (20, 64, 64)
    y, x = numpy.indices((64, 64)) - 32
    for r, (mx, my) in enumerate(middles):
        away = numpy.hypot(x - mx, y - my)
        assert got[r][away < 7].mean() == pytest.approx(0.02, rel=0.01)
        assert abs(got[r][(away > 12) & (numpy.hypot(x, y) < 30)].mean()) < 5e-4
    for threads in (2, 4):
        again, _ = pipeline(build, "reconstruct centre=32", frames, threads, {"angles": theta})
        assert numpy.array_equal(again, got)
    by_range, _ = pipeline(build, "reconstruct centre=32 range=180", frames)
    assert abs(by_range - got).max() < 1e-7
    found, _ = pipeline(build, "reconstruct", frames, beside={"theta": theta})  # the axis is found
    assert abs(found - got).max() < 0.01 and abs(found - got).mean() < 5e-4
    turned, _ = pipeline(build, "reconstruct centre=32 sinograms=1 range=180", frames.transpose(1, 0, 2))
    assert abs(turned - got).max() < 1e-7


def test_labels(build):
    theta, frames, _ = discs(4)
    clean, _ = pipeline(build, "reconstruct centre=32", frames, beside={"angles": theta})
    frames[7, 1, 20], frames[9, 3] = numpy.nan, numpy.nan
    got, _ = pipeline(build, "reconstruct centre=32", frames, beside={"angles": theta})
    assert abs(got[2] - clean[2]).max() < 1e-7 and numpy.isfinite(got[:3]).all()
    assert abs(got[1] - clean[1]).max() < 2e-3
    assert not numpy.isfinite(got[3]).any()  # a row without any pixel at one angle has no slice


def test_refusals(build):
    theta, frames, _ = discs(2)
    for text, beside, word, said in [
            ("reconstruct centre=3", {"angles": theta}, "centre=3", "the axis has to lie"),
            ("reconstruct centre=32", {}, "", "no angles"),
            ("reconstruct centre=32", {"angles": theta[:-1]}, "", "89 angles for 90 projections"),
            ("reconstruct", {"angles": theta / 2}, "", "half a turn"),
            ("reconstruct centre=32", {"angles": theta * numpy.nan}, "", "angle of projection 0 is nan")]:
        with pytest.raises(Refused) as refused:
            pipeline(build, text, frames, beside=beside)
        assert refused.value.word == word and said in refused.value.message
    with pytest.raises(Refused) as refused:
        pipeline(build, "reconstruct", (frames * 1000).astype("u2"), beside={"angles": theta})
    assert "darkflat" in refused.value.message
    with pytest.raises(Refused):
        pipeline(build, "reconstruct centre=32", frames[:1], beside={"angles": theta[:1]})
    with pytest.raises(Refused) as refused:
        pipeline(build, "reconstruct centre=10", frames[:, :, :12], beside={"angles": theta})
    assert "too narrow" in refused.value.message
