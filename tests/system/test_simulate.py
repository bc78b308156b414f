# SPDX-License-Identifier: BSD-3-Clause
"""Simulated files: the truth stands in them, they say what they are, and they are the same whenever they are made."""
import os

import h5py
import numpy
import pytest

WORDS = ["frames=3", "height=100", "width=150", "rate=5", "seed=11"]


@pytest.fixture
def made(beampress, tmp_path):
    beampress("simulate", "poisson", tmp_path / "a.h5", *WORDS)
    return tmp_path / "a.h5"


def test_the_file_says_that_it_is_simulated(made):
    with h5py.File(made) as file:
        assert file["/entry/title"][()].startswith(b"SIMULATED")
        for path in ("/", "/entry", "/entry/data", "/entry/data/data", "/entry/truth"):
            said = file[path].attrs["SIMULATED"]
            assert (said.decode() if isinstance(said, bytes) else said).startswith("beampress simulate poisson ")
            assert "seed=11" in str(said)
        truth = file["/entry/truth"].attrs
        assert truth["rate"] == 5 and truth["frames"] == 3 and truth["seed"] == 11 and truth["simulator_version"] == 1
        assert str(truth["pattern"], "ascii") == "rings" if isinstance(truth["pattern"], bytes) else "rings"


def test_truth_and_frames_agree(made):
    with h5py.File(made) as file:
        frames, rate = file["/entry/data/data"][()], file["/entry/truth/rate"][()]
        entropy = file["/entry/truth/entropy"][()]
        assert frames.shape == (3, 100, 150) and frames.dtype == numpy.uint16 and rate.shape == (100, 150)
        assert file["/entry/truth/mean_rate"][()] == pytest.approx(rate.mean(), rel=1e-12)
        assert file["/entry/truth/mean_entropy"][()] == pytest.approx(entropy.mean(), rel=1e-12)
    assert rate.mean() == pytest.approx(5, rel=1e-5)
    chi = ((frames - rate) ** 2 / rate).sum()
    assert abs(chi - frames.size) < 5 * numpy.sqrt((2 + 1 / rate).sum() * 3)
    # entropy of one pixel by the plain sum
    for place in ((0, 0), (50, 75), (99, 149)):
        k = numpy.arange(1, 200)
        log_p = k * numpy.log(rate[place]) - rate[place] - numpy.cumsum(numpy.log(k))
        sum_ = rate[place] * numpy.exp(-rate[place]) - (numpy.exp(log_p) * log_p).sum()
        assert entropy[place] == pytest.approx(sum_ / numpy.log(2), rel=1e-9)


def test_the_same_bytes_with_any_threads_and_simd_level(beampress, made, tmp_path):
    for i, (level, threads) in enumerate((("c", 1), ("avx2", 2), ("avx512", 3))):
        environment = dict(os.environ, BEAMPRESS_SIMD=level)
        beampress("simulate", "poisson", tmp_path / f"{i}.h5", *WORDS, "--threads", threads, env=environment)
        assert (tmp_path / f"{i}.h5").read_bytes() == made.read_bytes()
    beampress("simulate", "poisson", tmp_path / "other.h5", *WORDS[:-1], "seed=12")
    assert (tmp_path / "other.h5").read_bytes() != made.read_bytes()


def test_compressed_and_back(beampress, made, tmp_path):
    value = beampress("compress", made, tmp_path / "small.h5", "--codec", "photon", "--json").json
    assert value["verified"]
    with h5py.File(tmp_path / "small.h5") as file:
        assert file["/entry/title"][()].startswith(b"SIMULATED") and "SIMULATED" in file["/entry/data/data"].attrs


def test_what_exists_is_kept(beampress, made, tmp_path):
    before = made.read_bytes()
    beampress("simulate", "poisson", made, "frames=1", code=5)
    assert made.read_bytes() == before
    beampress("simulate", "poisson", made, "frames=1", "--overwrite")
    assert made.read_bytes() != before
    beampress("simulate", "poisson", tmp_path / "no" / "folder.h5", code=5)


def test_range_of_rates(beampress, tmp_path):
    for rate in (0.01, 0.3, 100, 10000):
        value = beampress("simulate", "poisson", tmp_path / "x.h5", f"rate={rate}", "height=64", "width=64", "-f",
                          "--json").json
        with h5py.File(tmp_path / "x.h5") as file:
            mean = file["/entry/data/data"][()].mean()
        assert abs(mean - rate) < 5 * numpy.sqrt(rate / (16 * 64 * 64)) + 1e-3 * rate
        assert value["entropy"] > 0
