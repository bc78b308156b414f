# SPDX-License-Identifier: BSD-3-Clause
"""Stages photonise, commonmode, hotpixel and rings against their reference cases and restatements in numpy."""
import h5py
import numpy
import pytest
from reference_cases import Refused, algorithm, case, pipeline


@pytest.fixture(scope="module")
def charges():
    with h5py.File(case("noise_cases.h5")) as f:
        return {name: f["photonise"][name][:] for name in f["photonise"]}


def droplets(image):
    """Connected pixels that are not 0, by their first pixels."""
    seen, found = image == 0, []
    for start in zip(*numpy.nonzero(image)):
        if seen[start]:
            continue
        seen[start], todo = True, [start]
        for y, x in todo:
            for there in ((y - 1, x), (y, x - 1), (y, x + 1), (y + 1, x)):
                if 0 <= there[0] < image.shape[0] and 0 <= there[1] < image.shape[1] and not seen[there]:
                    seen[there] = True
                    todo.append(there)
        found.append(sorted(todo))
    return found


def placed(values, mask):
    """Greedy placement, as it is described."""
    counts = numpy.zeros(values.shape)
    for pixels in droplets(mask):
        rest = {}
        for at in pixels:
            counts[at] = max(numpy.floor(values[at]), 0)
            rest[at] = values[at] - counts[at]
        for _ in range(int(numpy.rint(sum(values[at] for at in pixels)) - sum(counts[at] for at in pixels))):
            best = max(pixels, key=lambda at: (rest[at], [-n for n in at]))
            missing, rest[best] = 1 - rest[best], 0
            counts[best] += 1
            y, x = best
            near = [at for at in ((y - 1, x), (y, x - 1), (y, x + 1), (y + 1, x)) if rest.get(at, 0) > 0]
            if near:
                there = max(near, key=lambda at: rest[at])
                rest[there] = max(rest[there] - missing, 0)
    return counts


def test_rounding(build, charges):
    got, known = pipeline(build, "photonise adu=100 type=uint8", charges["image_adu"][None])
    assert got.dtype == "u1" and numpy.array_equal(got[0], charges["rounded"])
    assert float(known["gain"]) == 1 and known["loss"] == "2"
    got, _ = pipeline(build, "photonise adu=100 threshold=0.8", charges["image_adu"][None])
    assert numpy.array_equal(got[0], numpy.maximum(numpy.floor(charges["image_adu"] / 100 + 1 - 0.8), 0))


def test_droplets(build, charges):
    image, label = charges["image_adu"], charges["droplet_label_thr24"]
    for threads in (1, 3):
        got, _ = pipeline(build, "photonise method=droplet adu=100 seed=4 noise=6", numpy.stack([image] * 3), threads)
        photons = numpy.bincount(label.ravel(), got[1].ravel())
        assert photons[0] == 0 and numpy.array_equal(photons[1:], charges["droplet_photons"])
        assert got[1].sum() == 211 > charges["rounded"].sum() == 193
        assert numpy.array_equal(got[0], got[2])
    assert numpy.array_equal(got[0], placed(image / 100, label))
    # the same where gain and noise are known of the frames
    same, _ = pipeline(build, "photonise method=droplet", image[None], gain=100.0, read_noise=6.0)
    assert numpy.array_equal(same[0], got[0])


def test_large_droplet(build):
    values = numpy.random.default_rng(8).gamma(3, 0.7, (1, 25, 30))
    got, _ = pipeline(build, "photonise method=droplet adu=1 seed=0.3photons", values)
    assert numpy.array_equal(got[0], placed(values[0], values[0] > 0.3))


def test_common_mode(build):
    with h5py.File(case("noise_cases.h5")) as f:
        frames, expected = f["common_mode/frames"][:], f["common_mode/row_median_corrected"][:]
    got, _ = pipeline(build, "commonmode by=row rounds=0", frames)
    assert got.dtype == "f4" and numpy.abs(got - expected).max() <= 1e-5  # the reference is in single precision


def median_without_photons(values, rounds, sigmas=3, noise=None):
    offset = numpy.median(values)
    for _ in range(rounds):
        sigma = noise or 1.4826 * numpy.median(numpy.abs(values - offset))
        near = values[numpy.abs(values - offset) < sigmas * sigma]
        offset = numpy.median(near) if len(near) else offset
    return offset


@pytest.mark.parametrize("text,height,width", [
    ("by=row", 1, 24), ("by=row width=8", 1, 8), ("by=column", 16, 1), ("by=column height=4", 4, 1),
    ("by=asic width=12 height=8", 8, 12), ("by=row noise=2.5", 1, 24)])
def test_common_mode_blocks(build, text, height, width):
    rng = numpy.random.default_rng(9)
    frames = rng.normal(100, 2.5, (2, 16, 24)) + 30 * rng.poisson(0.3, (2, 16, 24))
    expected = frames.copy()
    noise = 2.5 if "noise" in text else None
    for frame in expected:
        for y in range(0, 16, height):
            for x in range(0, 24, width):
                frame[y:y + height, x:x + width] -= median_without_photons(
                    frame[y:y + height, x:x + width].ravel(), 5, noise=noise)
    got, _ = pipeline(build, "commonmode " + text, frames)
    assert numpy.abs(got - expected).max() < 1e-12
    # a label in a row counts nothing: its value is no matter
    mask = numpy.zeros((16, 24))
    mask[3, 5] = mask[4] = 1
    other = numpy.where(mask != 0, 1e6, frames)
    first, _ = pipeline(build, "commonmode " + text, frames, beside={"mask": mask})
    second, _ = pipeline(build, "commonmode " + text, other, beside={"mask": mask})
    assert numpy.array_equal(first[:, mask == 0], second[:, mask == 0]) and (second[:, mask != 0] == 1e6).all()


def test_hot_pixels(build):
    rng = numpy.random.default_rng(10)
    frames = rng.poisson(50, (3, 40, 50)).astype("u2")
    frames[1, 20, 30], frames[2, 0, 0], frames[0, 39, 12] = 500, 700, 400
    frames[0, 5, 5] = 0
    padded = numpy.pad(frames, ((0, 0), (1, 1), (1, 1)), mode="symmetric").astype("f8")
    around = numpy.stack([padded[:, j:j + 40, i:i + 50] for j in range(3) for i in range(3)])
    medians = numpy.median(around, axis=0)
    away = frames - medians
    for text, sigma in (("noise=7 sigmas=6", 7.0), ("sigmas=6", None)):
        spread = sigma or 1.4826 * numpy.median(numpy.abs(away).reshape(3, -1), axis=1)[:, None, None]
        expected = numpy.where(numpy.abs(away) > 6 * spread, medians, frames)
        got, _ = pipeline(build, "hotpixel " + text, frames)
        assert got.dtype == "u2" and numpy.array_equal(got, expected)
        assert (got != frames).sum() >= 4
    law = numpy.sqrt(2.0**2 + 1.0 * numpy.maximum(medians - 3, 0))
    got, _ = pipeline(build, "hotpixel sigmas=4 side=above", frames, gain=1.0, read_noise=2.0, offset=3.0)
    assert numpy.array_equal(got, numpy.where(away > 4 * law, medians, frames))
    # a dead pixel beside a hot one takes no part
    frames[1, 20, 31] = 65535
    got, _ = pipeline(build, "hotpixel noise=7", frames)
    assert got[1, 20, 31] == 65535 and got[1, 20, 30] < 100


@pytest.mark.parametrize("name,text", [("sorting", "method=sorting"), ("filtering", "method=filtering sigma=3"),
                                       ("fitting", "method=fitting"), ("large", "method=large"), ("dead", "method=dead"),
                                       ("all", ""), ("fourier", "method=fourier")])
def test_rings(build, name, text):
    """The stage is the algorithm that test_stripes.py compares with algotom."""
    with h5py.File(case("ct_rings_algotom.h5")) as f:
        sinogram = f["stripes/sinogram"][:]
    number = ["sorting", "filtering", "fitting", "large", "dead", "all", "fourier"].index(name)
    got, known = pipeline(build, "rings " + text, numpy.stack([sinogram] * 3), 3)
    assert numpy.array_equal(got[1], algorithm(build, "stripes", sinogram, number).astype("f4"))
    assert name in known["law"]


@pytest.mark.parametrize("text,word,message", [
    ("photonise", "photonise", "needs adu="),
    ("photonise adu=-1", "adu=-1", "outside"),
    ("photonise adu=2 method=droplet", "photonise", "needs noise="),
    ("photonise adu=2 method=droplet seed=3", "seed=3", "needs noise="),
    ("photonise adu=2 seed=3mm", "seed=3mm", "no unit"),
    ("commonmode width=7", "width=7", "no whole number of ASICs"),
    ("commonmode by=asic height=17", "height=17", "no whole number of ASICs"),
    ("hotpixel sigmas=0", "sigmas=0", "outside"),
    ("rings method=none", "method=none", "none"),
])
def test_refused(build, text, word, message):
    with pytest.raises(Refused) as refused:
        pipeline(build, text, numpy.ones((2, 16, 24), "u2"))
    assert message in refused.value.message and refused.value.word == word


def test_no_sinogram(build):
    with pytest.raises(Refused, match="are no sinograms"):
        pipeline(build, "rings", numpy.ones((2, 1, 24), "u2"))


def test_photons_that_do_not_fit(build):
    with pytest.raises(Refused, match="300 photons in row 3, column 4 of frame 1 do not fit into uint8") as refused:
        frames = numpy.ones((2, 16, 24), "u2")
        frames[1, 3, 4] = 300
        pipeline(build, "photonise adu=1 type=uint8", frames)
    assert refused.value.code == 4
