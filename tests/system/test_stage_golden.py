# SPDX-License-Identifier: BSD-3-Clause
"""The algorithms of the stages against results of scipy, scikit-image and algotom that are kept here
(tests/golden/stages/make.py made them), so that they are compared where the reference cases are not."""
import numpy
import pytest
from reference_cases import algorithm

NOISE = 0.05
STRIPES = ["sorting", "filtering", "fitting", "large", "dead", "all", "fourier"]


@pytest.fixture(scope="module")
def cases(source):
    return dict(numpy.load(source / "tests/golden/stages/cases.npz"))


@pytest.mark.parametrize("name,numbers", [
    ("median3", (0, NOISE, 3)), ("median5", (0, NOISE, 5)), ("gaussian", (1, NOISE, 1.2)), ("tv", (2, 1, 0.08)),
    ("nlm", (3, NOISE, 0.8, 5)), ("db1", (4, NOISE, 1, 1)), ("db2", (4, NOISE, 1, 2))])
def test_denoise(build, cases, name, numbers):
    got = algorithm(build, "denoise", cases["noisy"], *numbers)
    assert numpy.abs(got - cases[name]).max() < 1e-6
    assert numpy.std(got - cases["noisy"]) > 0.01


def test_visushrink(build, cases):
    assert numpy.abs(algorithm(build, "visushrink", cases["noisy"], NOISE) - cases["visu"]).max() < 1e-6


def test_noise(build, cases):
    assert abs(algorithm(build, "wavelet_noise", cases["noisy"])[0, 0] / cases["noise"] - 1) < 1e-6


@pytest.mark.parametrize("number,name", enumerate(STRIPES))
def test_stripes(build, cases, number, name):
    got = algorithm(build, "stripes", cases["sinogram"], number)
    assert numpy.abs(got - cases[name]).max() < 1e-5
    assert numpy.abs(got - cases["sinogram"]).max() > 0.05
