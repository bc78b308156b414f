# SPDX-License-Identifier: BSD-3-Clause
"""Gain, read noise and offset from frames: against the reference of photon transfer (files in $BEAMPRESS_DATA/../cases) and
against the truth of simulated cameras, within the uncertainties that are printed."""
import os
import pathlib

import h5py
import numpy as np
import pytest

DATA = os.environ.get("BEAMPRESS_DATA")
CASES = pathlib.Path(DATA).parent / "cases" if DATA else None
GAIN, READ_NOISE, OFFSET = 2.5, 4.0, 100.0


def camera(random, photons):
    return np.rint(OFFSET + GAIN * random.poisson(photons) + random.normal(0, READ_NOISE, np.shape(photons))).astype("uint16")


def noise_of(beampress, path):
    done = beampress("info", path, "--noise", "--json", "--dataset", "/entry/data/data")
    return done.json["datasets"][0]["noise_model"]


def write(path, frames, keys=None):
    with h5py.File(path, "w") as f:
        f["entry/data/data"] = frames
        f["entry"].attrs["NX_class"] = "NXentry"
        f["entry/data"].attrs["NX_class"] = "NXdata"
        if keys is not None:
            f["entry/data/image_key"] = np.asarray(keys)


def agree(found, name, truth, most):
    value, sigma = found[name]["value"], found[name]["sigma"]
    assert 0 < sigma < most, (name, value, sigma)
    assert abs(value - truth) < 4 * sigma, (name, value, sigma)


@pytest.mark.skipif(not (CASES and CASES.is_dir()), reason="SKIP: no reference cases ($BEAMPRESS_DATA/../cases)")
def test_photon_transfer_of_the_reference(beampress, tmp_path):
    with h5py.File(CASES / "noise_cases.h5") as f:
        pairs, fit = f["photon_transfer/pairs"][()], f["photon_transfer/fit_gain_intercept"][()]
        variances = f["photon_transfer/var"][()]
    write(tmp_path / "pairs.h5", pairs.reshape(-1, 64, 64))
    found = noise_of(beampress, tmp_path / "pairs.h5")
    assert found["gain"]["value"] == pytest.approx(fit[0], rel=1e-7)  # 2.489 where the truth is 2.5
    agree(found, "gain", GAIN, 0.05)
    # the first level is dark: said so, it gives offset and read noise (16.24 where 4^2 + 1/12 is true)
    write(tmp_path / "darks.h5", pairs.reshape(-1, 64, 64), [2, 2] + [1] * 12)
    found = noise_of(beampress, tmp_path / "darks.h5")
    assert found["read_noise"]["value"] ** 2 == pytest.approx(variances[0], rel=1e-6)
    agree(found, "read_noise", np.sqrt(READ_NOISE ** 2 + 1 / 12), 0.1)
    agree(found, "offset", OFFSET, 0.2)


def test_flats_that_are_not_flat_and_darks(beampress, tmp_path):
    random = np.random.default_rng(1)
    y, x = np.mgrid[0:128, 0:160]
    scene = 3000 * (0.6 + 0.4 * np.sin(x / 40) * np.cos(y / 30))
    frames = [camera(random, 0 * scene) for _ in range(4)] + [camera(random, scene) for _ in range(6)]
    frames += [camera(random, scene * np.exp(-((x - 80) / 30.0) ** 2)) for _ in range(3)]
    write(tmp_path / "scan.h5", np.stack(frames), [2] * 4 + [1] * 6 + [0] * 3)
    found = noise_of(beampress, tmp_path / "scan.h5")
    agree(found, "gain", GAIN, 0.1)
    agree(found, "read_noise", np.sqrt(READ_NOISE ** 2 + 1 / 12), 0.1)
    agree(found, "offset", OFFSET, 0.1)


def test_uncertainty_is_that_of_repeats(beampress, tmp_path):
    """SIMULATED cameras, the same one again and again: sigma is what the values scatter by."""
    y, x = np.mgrid[0:96, 0:96]
    scene = 2000 * (0.6 + 0.4 * np.sin(x / 20) * np.cos(y / 15))
    runs = []
    for seed in range(40):
        random = np.random.default_rng(seed)
        frames = [camera(random, 0 * scene) for _ in range(4)] + [camera(random, scene) for _ in range(8)]
        write(tmp_path / "scan.h5", np.stack(frames), [2] * 4 + [1] * 8)
        runs.append(noise_of(beampress, tmp_path / "scan.h5"))
    for name in ("gain", "read_noise", "offset"):
        values, sigmas = (np.array([run[name][key] for run in runs]) for key in ("value", "sigma"))
        assert np.sqrt((sigmas**2).mean()) / values.std(ddof=1) == pytest.approx(1, abs=0.4), name


def test_one_image(beampress, tmp_path):
    random = np.random.default_rng(2)
    y, x = np.mgrid[0:512, 0:512]
    write(tmp_path / "one.h5", camera(random, 50 + 4000 * (1 + np.sin(x / 90) * np.cos(y / 70))).reshape(1, 512, 512))
    agree(noise_of(beampress, tmp_path / "one.h5"), "gain", GAIN, 0.2)


def test_nothing_to_tell(beampress, tmp_path):
    write(tmp_path / "flat.h5", np.full((3, 64, 64), 7, "uint16"))
    assert noise_of(beampress, tmp_path / "flat.h5") is None
    done = beampress("info", tmp_path / "flat.h5", "--noise", "--dataset", "/entry/data/data")
    assert "noise model:" in done.stdout and "cannot be estimated" in done.stdout
