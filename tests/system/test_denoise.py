# SPDX-License-Identifier: BSD-3-Clause
"""Denoising against scipy and scikit-image; the Anscombe transform against sums over the distribution."""
import csv

import h5py
import numpy
import pytest
from reference_cases import algorithm, case

MEDIAN, GAUSSIAN, TV, NLM, WAVELET = range(5)
NOISE = 12.0  # of the case, known


@pytest.fixture(scope="module")
def images():
    with h5py.File(case("noise_cases.h5")) as f:
        return {name: f["denoise"][name][:] for name in f["denoise"]}


@pytest.mark.parametrize("name,method,strength", [("median3", MEDIAN, 3), ("median5", MEDIAN, 5),
                                                  ("gauss1", GAUSSIAN, 1)])
def test_scipy(build, images, name, method, strength):
    got = algorithm(build, "denoise", images["noisy"], method, NOISE, strength)
    assert numpy.abs(got - images[name]).max() <= 1e-12


def test_total_variation(build, images):
    # weight 0.1 on values from 0 to 1
    got = algorithm(build, "denoise", images["noisy"] / 255, TV, 1, 0.1)
    assert numpy.abs(got - images["tv_w0.1_on_0_1"]).max() <= 1e-6


def test_non_local_means(build, images):
    got = algorithm(build, "denoise", images["noisy"], NLM, NOISE, 0.8, 5)
    assert numpy.abs(got - images["nlm_p5_d6_h0.8s"]).max() <= 1e-6


def test_wavelet(build, images):
    noisy = images["noisy"] / 255
    got = algorithm(build, "denoise", noisy, WAVELET, NOISE / 255, 1, 1)
    assert numpy.abs(got - images["wavelet_bayes_db1_soft"]).max() <= 1e-6
    got = algorithm(build, "visushrink", noisy, NOISE / 255)
    assert numpy.abs(got - images["wavelet_visu_db1_soft"]).max() <= 1e-6


def test_wavelet_noise(build, images):
    with h5py.File(case("noise_cases.h5")) as f:
        expected = f["denoise"].attrs["estimate_sigma_skimage"]
    assert abs(algorithm(build, "wavelet_noise", images["noisy"])[0, 0] / expected - 1) < 1e-6


def columns(name):
    with open(case(name), newline="") as f:
        rows = list(csv.DictReader(f))
    return {key: numpy.array([[float(row[key]) for row in rows]]) for key in rows[0]}


def test_unbiased_inverse(build):
    table = columns("anscombe_unbiased_inverse.csv")
    mean = table["E_anscombe"]
    # the tables have ten digits
    assert numpy.allclose(algorithm(build, "anscombe", mean, 2, 1, 0, 0), table["closed_form_inverse"], 2e-9, 2e-9)
    assert numpy.allclose(algorithm(build, "anscombe", mean, 1, 1, 0, 0), table["algebraic"], 2e-9, 2e-9)
    assert numpy.abs(table["closed_form_inverse"] - table["lam"]).max() < 0.019


@pytest.mark.parametrize("gain,offset", [(1, 0), (2.5, 100)])
def test_generalised(build, gain, offset):
    table = columns("generalised_anscombe.csv")
    for noise in numpy.unique(table["read_sigma"]):
        rows = table["read_sigma"] == noise
        mean, expected = table["E_GAT"][rows][None], table["closed_form"][rows][None]
        # the transform of gain * counts + offset is that of the counts; the mean was written with ten digits
        got = algorithm(build, "anscombe", mean, 2, gain, noise * gain, offset)
        assert (numpy.abs((got - offset) / gain - expected) < 1e-9 + 1e-9 * mean**2 / 2).all()
        counts = numpy.arange(1000.0)[None]
        there = algorithm(build, "anscombe", counts * gain + offset, 0, gain, noise * gain, offset)
        assert numpy.allclose(there, 2 * numpy.sqrt(counts + 0.375 + noise**2), 1e-14)
        back = algorithm(build, "anscombe", there, 1, gain, noise * gain, offset)
        assert numpy.allclose(back, counts * gain + offset, 1e-12, 1e-12)
