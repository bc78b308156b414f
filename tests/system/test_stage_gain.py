# SPDX-License-Identifier: BSD-3-Clause
"""Stage gain against the formula in numpy, to the bit, and what it refuses."""
import numpy
import pytest
from reference_cases import Refused, pipeline

SHAPE = (3, 37, 53)


def frames(rng, bits=16):
    return rng.integers(0, 2**bits - 1, SHAPE, dtype="u2")


def maps(rng, planes):
    return (rng.uniform(50, 200, (planes, *SHAPE[1:])).astype("f4"),
            rng.uniform(5, 50, (planes, *SHAPE[1:])).astype("f4") * numpy.array([1, -0.1, -0.01], "f4")[:planes, None, None])


def test_plain(build):
    rng = numpy.random.default_rng(1)
    pedestal, gain = maps(rng, 1)
    for dtype in ("u1", "u2", "i2", "i4", "f4"):
        values = rng.integers(0, 250, SHAPE).astype(dtype)
        got, known = pipeline(build, "gain", values, beside={"pedestal": pedestal[0], "gain": gain[0]}, read_noise=4.0)
        assert got.dtype == "f4"
        assert numpy.array_equal(got, (values.astype("f4") - pedestal) / gain)
        assert float(known["gain"]) == 1 and float(known["offset"]) == 0
        assert abs(float(known["read_noise"]) * gain.mean() / 4 - 1) < 1e-6


def test_one_gain_for_all(build):
    values = frames(numpy.random.default_rng(2))
    got, _ = pipeline(build, "gain adu=2.5", values)
    assert numpy.array_equal(got, values.astype("f4") / numpy.float32(2.5))


def test_switching(build):
    rng = numpy.random.default_rng(3)
    values = rng.integers(0, 2**14, SHAPE, dtype="u2")
    stage = rng.choice([0, 0, 0, 1, 3], SHAPE).astype("u2")
    stage[0] = 0
    stage[1, :, :16] = 0
    pedestal, gain = maps(rng, 3)
    raw = values | stage << 14
    raw[2, 5, 7] = 0b10 << 14 | 77  # bits that no stage has
    raw[2, 6, 8] = 0xC000           # overflow
    raw[2, 7, 9] = 0xFFFF
    energy = 8.0
    for threads in (1, 3):
        got, _ = pipeline(build, f"gain switching=jungfrau energy={energy}", raw, threads,
                          {"pedestal": pedestal, "gain": gain})
        number = numpy.array([0, 1, 0, 2])[stage]
        y, x = numpy.indices(SHAPE[1:])
        scaled = (gain.astype("f8") * energy).astype("f4")
        expected = (values.astype("f4") - pedestal[number, y, x]) / scaled[number, y, x]
        bad = numpy.zeros(SHAPE, bool)
        bad[2, [5, 6, 7], [7, 8, 9]] = True
        assert numpy.isnan(got[bad]).all()
        assert numpy.array_equal(got[~bad], expected[~bad])


def test_labels(build):
    rng = numpy.random.default_rng(4)
    values = frames(rng)
    values[1, 3, 4] = 65535
    mask = numpy.zeros(SHAPE[1:])
    mask[9] = 1
    pedestal, gain = maps(rng, 1)
    gain[0, 9, :] = numpy.nan  # masked: no matter
    gain[0, 2, 2] = 0
    beside = {"pedestal": pedestal[0], "gain": gain[0], "mask": mask}
    with pytest.raises(Refused, match="1 pixels, the first in row 2, column 2") as refused:
        pipeline(build, "gain", values, beside=beside)
    assert refused.value.code == 3
    got, _ = pipeline(build, "gain bad=label", values, beside=beside)
    bad = numpy.zeros(SHAPE, bool)
    bad[:, 9] = bad[:, 2, 2] = bad[1, 3, 4] = True
    assert numpy.array_equal(numpy.isnan(got), bad)


@pytest.mark.parametrize("text,beside,word,message", [
    ("gain", {}, "gain", "no gain"),
    ("gain", {"gain": numpy.ones((37, 54))}, "gain", "of another detector"),
    ("gain pedestal=/p adu=1", {"/p": numpy.ones((36, 53))}, "pedestal=/p", "/p has shape 36 x 53"),
    ("gain gain=/nowhere", {}, "gain=/nowhere", "/nowhere"),
    ("gain gain=/g", {"/g": numpy.ones((3, 37, 53))}, "gain=/g", "3 planes, none needs 1"),
    ("gain switching=jungfrau gain=/g", {"/g": numpy.ones((37, 53))}, "gain=/g", "1 planes, jungfrau needs 3"),
    ("gain adu=2 gain=/g", {"/g": numpy.ones((37, 53))}, "adu=2", "contradict"),
    ("gain adu=2 switching=jungfrau", {}, "adu=2", "every stage"),
    ("gain adu=0", {}, "adu=0", "outside"),
])
def test_refused(build, text, beside, word, message):
    with pytest.raises(Refused) as refused:
        pipeline(build, text, frames(numpy.random.default_rng(5)), beside=beside)
    assert message in refused.value.message and refused.value.word == word


def test_switching_needs_its_type(build):
    with pytest.raises(Refused, match="needs uint16 values, these are float32") as refused:
        pipeline(build, "gain switching=jungfrau", numpy.ones(SHAPE, "f4"))
    assert refused.value.word == "switching=jungfrau"
