# SPDX-License-Identifier: BSD-3-Clause
"""beampress analyse gisaxs: line cuts against sums in NumPy, on simulated counts and on real frames."""
import numpy as np

from test_saxs import PONI, analyse, curve, write

PIXEL, DISTANCE, CENTRE = 172e-6, 1.5, (80.5, 40.5)  # beam: row, column


def vectors(shape, incidence, wavelength):
    """q_y and q_z of the pixels, rows counted down."""
    y, x = np.mgrid[:shape[0], :shape[1]] + 0.5
    up, across = (CENTRE[0] - y) * PIXEL, (x - CENTRE[1]) * PIXEL
    far = np.sqrt(up**2 + across**2 + DISTANCE**2)
    angle, k = np.radians(incidence), 2 * np.pi / (wavelength * 0.1)
    return k * across / far, k * ((up * np.cos(angle) - DISTANCE * np.sin(angle)) / far + np.sin(angle))


def poni():
    return PONI.format(pixel=PIXEL, dist=DISTANCE, poni1=CENTRE[0] * PIXEL, poni2=CENTRE[1] * PIXEL, rot1=0, rot2=0, rot3=0) + "Wavelength: 1e-10\n"


def test_cuts_are_means_of_their_pixels(beampress, tmp_path):
    frames = np.random.default_rng(1).poisson(4, (2, 100, 90)).astype(np.int32)
    mask = np.zeros((100, 90), int)
    mask[50:53] = 1
    frames[0, 20, 30] = -1  # a mark
    file = write(tmp_path, frames, mask, poni=poni())
    found = analyse(beampress, file, "gisaxs:incidence=0.3,qz=0.25,qz_width=0.05,qy=0.1,qy_width=0.1,bins=25",
                    "--geometry", tmp_path / "x.poni")
    qy, qz = vectors((100, 90), 0.3, 1)
    lit = (mask == 0) & (frames >= 0)
    for name, along, aside, width in (("cut_along_qy", qy, qz - 0.25, 0.05), ("cut_along_qz", qz, qy - 0.1, 0.1)):
        inside = (abs(aside) <= width / 2) & (mask == 0)
        low, high = along[inside].min(), along[inside].max()
        index = np.clip(((along - low) / (high - low) * 25).astype(int), 0, 24)
        sums = [np.bincount(index[inside & lit[f]], frames[f][inside & lit[f]], 25) for f in range(2)]
        counts = [np.bincount(index[inside & lit[f]], minlength=25) for f in range(2)]
        total, number = np.sum(sums, axis=0), np.sum(counts, axis=0)
        with np.errstate(all="ignore"):
            mean, sigma = total / number, np.sqrt(np.maximum(total, 1)) / number
        # single precision of places on the detector may move a pixel at the edge of a bin or of the cut
        good = np.isclose(curve(found[name]), mean, rtol=1e-9, equal_nan=True)
        assert good.mean() >= 0.9, name
        assert np.allclose(curve(found[name], "sigma")[good & (number > 0)], sigma[good & (number > 0)], rtol=1e-9)
        assert np.allclose(found[name]["at"], low + (np.arange(25) + 0.5) * (high - low) / 25, atol=1e-6)
        assert found[name]["uncertainty"] == "Poisson counts"


def test_rows_may_count_up(beampress, tmp_path):
    frame = np.random.default_rng(2).poisson(4, (100, 90)).astype(np.uint16)
    line = ("--geometry", tmp_path / "x.poni")
    settings = "gisaxs:qz=0.25,bins=25,rows="
    down = analyse(beampress, write(tmp_path, frame, poni=poni()), settings + "down", *line)
    flipped = poni().replace(f"Poni1: {CENTRE[0] * PIXEL!r}", f"Poni1: {(100 - CENTRE[0]) * PIXEL!r}")
    up = analyse(beampress, write(tmp_path, frame[::-1], poni=flipped), settings + "up", *line)
    same = np.isclose(curve(down["cut_along_qy"]), curve(up["cut_along_qy"]), rtol=1e-9, equal_nan=True)
    assert same.mean() >= 0.9


def test_real_frames_and_bad_input(beampress, tmp_path, data):
    frames = data / "gisaxs_gisaxs-gui_pilatus2m.h5"
    (tmp_path / "g.poni").write_text("Detector: Pilatus2M\nDistance: 3\nPoni1: 0.2\nPoni2: 0.12\nWavelength: 1e-10\n")
    found = analyse(beampress, frames, "gisaxs:bins=100,qz=0.6", "--geometry", tmp_path / "g.poni")
    values = curve(found["cut_along_qz"])
    assert np.isfinite(values).mean() > 0.8 and np.nanmax(values) > 0 and np.nanmin(values) >= 0
    assert "lies in the cut" in beampress("analyse", "gisaxs:qz=500", frames, "--geometry", tmp_path / "g.poni", code=3).stderr
    assert "not known" in beampress("analyse", "gisaxs", frames, code=3).stderr
    (tmp_path / "g.poni").write_text("Detector: Pilatus2M\nDistance: 3\nPoni1: 0.2\nPoni2: 0.12\n")
    assert "no wavelength" in beampress("analyse", "gisaxs", frames, "--geometry", tmp_path / "g.poni", code=3).stderr
    # the same frames as saxs
    curve_1d = analyse(beampress, frames, "saxs:bins=100,wavelength=1", "--geometry", tmp_path / "g.poni")["intensity"]
    assert np.isfinite(curve(curve_1d)).any()
