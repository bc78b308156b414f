# SPDX-License-Identifier: BSD-3-Clause
"""Seeded frames with few distinct values, SIMULATED: what a dictionary is for, and what it is not for.

    python bench/few_values.py FOLDER      writes one npy file per kind

Their order-0 entropy, of values taken one by one without a look at their neighbours, is a bound for a dictionary with plain
indices; what knows the neighbours gets below it.
"""
import pathlib
import sys

import numpy

FRAMES, ROWS, COLUMNS = 12, 512, 512


def smooth(random, size):
    """Fields of unit variance whose structures are about `size` pixels wide: white noise, filtered by a Gaussian."""
    noise = random.standard_normal((FRAMES, ROWS, COLUMNS))
    kx, ky = numpy.fft.fftfreq(COLUMNS)[None, :COLUMNS // 2 + 1], numpy.fft.fftfreq(ROWS)[:, None]
    weight = numpy.exp(-2 * (numpy.pi * size) ** 2 * (kx ** 2 + ky ** 2))
    field = numpy.fft.irfft2(numpy.fft.rfft2(noise) * weight, s=(ROWS, COLUMNS))
    return field / field.std()


def levels(random, count):
    """Indices below `count`: a smooth scene with noise of a few levels."""
    scene = smooth(random, 20) * count / 8 + count / 2
    return numpy.clip(numpy.rint(scene + random.normal(0, count / 40, scene.shape)), 0, count - 1).astype(int)


def labels(random):
    """Six codes of a segmentation, far apart, in blobs."""
    codes = numpy.array([0, 7, 300, 4000, 30000, 65535], "uint16")
    return codes[numpy.digitize(smooth(random, 6), (-1.2, -0.5, 0.1, 0.8, 1.5))]


def scattered(random):
    """200 grey levels anywhere in 16 bits."""
    return numpy.sort(random.choice(65536, 200, replace=False)).astype("uint16")[levels(random, 200)]


def quantised(random):
    """200 levels of a quantiser that stabilises the variance of counts, as float32."""
    return ((numpy.arange(200) / 2.0 + 0.375) ** 2).astype("float32")[levels(random, 200)]


def calibrated(random):
    """Codes of an ADC with gaps, times a gain, as float64."""
    codes = numpy.sort(random.choice(4096, 700, replace=False)) * 0.0372
    return codes[levels(random, 700)]


def counts(random):
    """Photon counts from 0 to 6 in 32 bits: contiguous, so there is little for a dictionary to do."""
    return numpy.minimum(random.poisson(0.2, (FRAMES, ROWS, COLUMNS)), 6).astype("uint32")


KINDS = {"labels uint16": labels, "scattered levels uint16": scattered, "quantised float32": quantised,
         "calibrated float64": calibrated, "counts uint32": counts}


def make(kind):
    return KINDS[kind](numpy.random.default_rng(20 + list(KINDS).index(kind)))


def entropy(values):
    """Order 0, bits per value."""
    shares = numpy.unique(values, return_counts=True)[1] / values.size
    return float(-(shares * numpy.log2(shares)).sum())


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for kind in KINDS:
        values = make(kind)
        path = pathlib.Path(sys.argv[1]) / (kind.replace(" ", "-") + ".npy")
        numpy.save(path, values)
        print(f"{path}: {len(numpy.unique(values))} values, order-0 entropy {entropy(values):.3f} bits")


if __name__ == "__main__":
    main()
