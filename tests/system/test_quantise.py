# SPDX-License-Identifier: BSD-3-Clause
"""`beampress run 'quantise ...'` on files: what h5py reads, bounds at every value, the same bytes for any number of threads,
what the file says of itself, and the slices of the simulated pipe."""
import h5py
import numpy as np
import pytest


def write(path, frames):
    with h5py.File(path, "w") as f:
        f["entry/data/data"] = frames
        f["entry"].attrs["NX_class"] = "NXentry"
        f["entry/data"].attrs.update({"NX_class": "NXdata", "signal": "data"})
    return path


def run(beampress, tmp_path, frames, pipeline, *more, name="out.h5"):
    write(tmp_path / "in.h5", frames)
    beampress("run", pipeline, tmp_path / "in.h5", tmp_path / name, "--overwrite", *more)
    with h5py.File(tmp_path / name) as f:
        data = f["entry/data/data"]
        return data[()], dict(data.attrs), {k: v[()] for k, v in f["entry/data"].items() if k != "data"}


def camera(seed=1, shape=(6, 96, 128), photons=2000):
    random = np.random.default_rng(seed)
    scene = photons * (0.6 + 0.4 * np.sin(np.arange(shape[2]) / 20))
    return np.rint(100 + 2.5 * random.poisson(scene, shape) + random.normal(0, 4, shape)).astype("uint16")


def test_bounds_at_every_value(beampress, tmp_path):
    random = np.random.default_rng(3)
    x = (random.normal(0, 1, (5, 80, 90)) + np.linspace(0, 40, 90)).astype("float32")
    x[0, 0, :3] = np.nan, np.inf, -np.inf
    finite = np.isfinite(x)
    sizes = []
    for bound in (1e-3, 0.1, 2.0):
        got, attributes, _ = run(beampress, tmp_path, x, f"quantise abs={bound} | photon")
        assert got.dtype == x.dtype and attributes["beampress_bound"] == pytest.approx(bound, rel=1e-12)
        assert np.abs(got[finite].astype(float) - x[finite]).max() <= bound
        assert np.array_equal(got[~finite], x[~finite], equal_nan=True)
        sizes.append((tmp_path / "out.h5").stat().st_size)
        standard, _, _ = run(beampress, tmp_path, x, f"quantise abs={bound} | bslz4", "--standard")
        assert np.array_equal(standard, got, equal_nan=True)
    assert sizes == sorted(sizes, reverse=True)


def test_steps_of_the_noise(beampress, tmp_path):
    x = camera()
    x[:, 3, 4] = 65535  # saturated
    law = "quantise step=0.5sigma gain=2.5 read_noise=4 offset=100"
    got, attributes, _ = run(beampress, tmp_path, x, law + " | photon")
    counts = x < 65535
    sigma2 = 16 + 2.5 * (x[counts] - 100.0)
    error = got[counts].astype(float) - x[counts]
    assert np.mean(error ** 2 / sigma2) * 12 / 0.25 == pytest.approx(1 + np.mean(1 / sigma2) / 0.25, rel=0.03)
    assert (got[~counts] == 65535).all() and got.dtype == np.uint16
    assert attributes["beampress_step_sigma"] == 0.5 and attributes["beampress_variance_added"] == pytest.approx(0.25 / 12)
    assert b"4^2 + 2.5 (x - 100)" in attributes["beampress_law"]
    # dithered: floats, and the mean of many equal pixels is that of the values
    flat = np.full((8, 96, 128), 3001, "uint16")
    got, _, _ = run(beampress, tmp_path, flat, law + " dither=subtractive | photon")
    assert got.dtype == np.float32 and len(np.unique(got)) > 10000
    noise = np.sqrt((16 + 2.5 * 2901) * 0.25 / 12 / got.size)
    assert abs(got.mean(dtype=float) - 3001) < 4 * noise


def test_steps_of_wavelet_coefficients(beampress, tmp_path):
    x = camera()
    sigma = np.sqrt(4 ** 2 + 2.5 * (x.astype(float) - 100))
    sizes = {}
    for transform in ("none", "wavelet"):
        got, attributes, _ = run(beampress, tmp_path, x, f"quantise step=3sigma gain=2.5 read_noise=4 offset=100 transform={transform} | photon")
        error = (got.astype(float) - x) / sigma
        assert got.dtype == x.dtype and abs(error.mean()) < 0.02
        with h5py.File(tmp_path / "out.h5") as f:
            sizes[transform] = f["entry/data/data"].id.get_storage_size(), (error ** 2).mean()
    # where steps are large coefficients cost less, and are nearer
    assert sizes["wavelet"][0] < 0.8 * sizes["none"][0] and sizes["wavelet"][1] < sizes["none"][1]
    assert sizes["wavelet"][1] < attributes["beampress_variance_added"]
    assert b"wavelet coefficients" in attributes["beampress_law"] and attributes["beampress_variance_added"] == pytest.approx(9 / 8)


def test_same_bytes_on_any_threads(beampress, tmp_path):
    for pipeline in ("quantise step=1 gain=2.5 offset=100 read_noise=4 dither=subtractive | photon", "quantise step=0.5 | photon", "quantise step=2 transform=wavelet | photon"):
        for threads in (1, 2, 3):
            run(beampress, tmp_path, camera(), pipeline, "--threads", threads, name=f"{threads}.h5")
        bytes_of = [(tmp_path / f"{threads}.h5").read_bytes() for threads in (1, 2, 3)]
        assert bytes_of[0] == bytes_of[1] == bytes_of[2]


def test_codes_with_their_scale(beampress, tmp_path):
    random = np.random.default_rng(5)
    x = random.uniform(-1, 3, (4, 64, 64)).astype("float32")
    got, attributes, beside = run(beampress, tmp_path, x, "quantise bits=8 | photon")
    assert got.dtype == np.uint8
    back = got * beside["data_scaling_factor"] + beside["data_offset"]
    assert np.abs(back - x).max() <= attributes["beampress_bound"] * 1.0001 <= 1.001 * beside["data_scaling_factor"] / 2 * 1.001


def test_what_is_wrong_is_pointed_at(beampress, tmp_path):
    write(tmp_path / "in.h5", camera())
    for pipeline, word in (("quantise abs=1 transform=wavelet | photon", "steps in sigma"),
                           ("quantise step=1 transform=wavelet dither=subtractive | photon", "is for pixels"), ("quantise step=0.5mm | photon", "mm"), ("quantise abs=1 rel=0.1 | photon", "needs one of"),
                           ("quantise abs=1 dtype=code | photon", "code is for"), ("quantise step=1 | zfp:rate=4", "")):
        done = beampress("run", pipeline, tmp_path / "in.h5", tmp_path / "no.h5", code=None)
        assert done.returncode in (2, 4) and word in done.stderr, done.stderr
        assert not (tmp_path / "no.h5").exists()
    # few counts: theory is left, and said so
    write(tmp_path / "few.h5", np.random.default_rng(1).poisson(3.0, (4, 64, 64)).astype("uint16"))
    done = beampress("run", "quantise step=1 gain=1 | photon", tmp_path / "few.h5", tmp_path / "few.bp.h5")
    assert "dither=subtractive" in done.stderr


def test_flow_in_a_pipe(beampress, tmp_path):
    beampress("simulate", "rofex", tmp_path / "flow.h5", "frames=40", "size=96", "bubble=14", "noise=0.02")
    beampress("run", "quantise bits=8 | photon", tmp_path / "flow.h5", tmp_path / "flow.bp.h5")
    with h5py.File(tmp_path / "flow.h5") as f, h5py.File(tmp_path / "flow.bp.h5") as g:
        x, pipe, voids = f["entry/data/data"][()], f["entry/truth/pipe"][()], f["entry/truth/void_fraction"][()]
        y = g["entry/data/data"][()] * g["entry/data/data_scaling_factor"][()] + g["entry/data/data_offset"][()]
    assert 0.05 < voids.mean() < 0.25 and voids.std() > 0.005
    for values in (x, y):
        seen = ((values < 0.5) * pipe).sum(axis=(1, 2)) / pipe.sum()
        assert np.abs(seen - voids).max() < 0.02
