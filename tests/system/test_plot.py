# SPDX-License-Identifier: BSD-3-Clause
"""beampress analyse --plot and --out: the picture shows the numbers, the file holds them."""
import re
import shutil
import xml.etree.ElementTree as xml

import h5py
import numpy as np
import pytest

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plot")
    rng = np.random.default_rng(3)
    with h5py.File(folder / "x.h5", "w") as f:
        f["x"] = rng.poisson(2, (64, 16, 32)).astype(np.uint16)
        f["regions"] = np.repeat([1, 2], 256).reshape(16, 32)
        discs = np.zeros((8, 40, 40), np.uint8)
        discs[:, 5:15, 5:15] = discs[:, 20:30, 22:28] = 200
        f["discs"] = discs + rng.poisson(9, discs.shape).astype(np.uint8)
    return folder


def run(beampress, desk, *arguments, **options):
    return beampress("analyse", "xpcs", "x.h5", "--dataset", "/x", "--json", *arguments, cwd=desk, **options)


def test_picture_shows_the_curves(beampress, desk):
    results = run(beampress, desk, "--plot", "a.svg").json["results"]
    picture = xml.parse(desk / "a.svg").getroot()
    text = [t.text for t in picture.iter(SVG + "text")]
    assert {"xpcs" in t for t in text} and {"g2", "delay (frames)", "contrast", "region 1", "region 2"} <= set(text)
    g2 = [r for r in results if r["name"] == "g2"]
    lines = [p.get("points").split() for p in picture.iter(SVG + "polyline")]
    shown = [line for line in lines if len(line) == len(g2[0]["at"]) - 1]  # delay 0 has no place on a logarithmic axis
    assert len(shown) == 2
    for line, curve in zip(shown, g2):
        y = [float(point.split(",")[1]) for point in line]
        x = [float(point.split(",")[0]) for point in line]
        # y is linear in g2, x in the logarithm of the delay; pixels are written to a tenth
        fit = np.polyfit(curve["values"][1:], y, 1)
        assert fit[0] < 0 and np.abs(np.polyval(fit, curve["values"][1:]) - y).max() < 0.2
        fit = np.polyfit(np.log(curve["at"][1:]), x, 1)
        assert fit[0] > 0 and np.abs(np.polyval(fit, np.log(curve["at"][1:])) - x).max() < 0.2
    bands = [p.get("points").split() for p in picture.iter(SVG + "polygon")]
    band = [b for b in bands if len(b) == 2 * len(shown[0])][0]
    height = [float(low.split(",")[1]) - float(high.split(",")[1]) for high, low in zip(band, band[::-1])]
    fit = np.polyfit(g2[0]["sigma"][1:], height[:len(shown[0])], 1)
    assert np.abs(np.polyval(fit, g2[0]["sigma"][1:]) - height[:len(shown[0])]).max() < 0.3


def test_numbers_stand_in_the_picture(beampress, desk):
    done = beampress("analyse", "segment", "x.h5", "--dataset", "/discs", "--json", "--plot", "b.svg", cwd=desk).json
    text = [t.text for t in xml.parse(desk / "b.svg").getroot().iter(SVG + "text")]
    for row in done["results"]:
        if "value" in row:
            assert row["name"] in text and any(t.startswith(f"{row['value']:.6g} ±") for t in text), row


def test_results_file(beampress, desk):
    results = run(beampress, desk, "--out", "r.h5").json["results"]
    with h5py.File(desk / "r.h5") as f:
        assert f["/entry/analysis"].attrs["NX_class"] == b"NXprocess" and f["/entry/analysis/technique"][()] == b"xpcs"
        curves = [r for r in results if r["name"] == "g2"]
        for k, curve in enumerate(curves):
            group = f[f"/entry/g2_region_{k}"]
            assert group.attrs["NX_class"] == b"NXdata" and group.attrs["signal"] == b"g2" and group.attrs["region"] == curve["region"]
            assert list(group["g2"]) == pytest.approx(curve["values"], rel=1e-11)  # JSON has 12 digits
            assert list(group["g2_errors"]) == pytest.approx(curve["sigma"], rel=1e-11)
            assert list(group["axis"]) == curve["at"]
    again = (desk / "r.h5").read_bytes()
    assert "exists" in run(beampress, desk, "--out", "r.h5", code=5).stderr
    run(beampress, desk, "--out", "r.h5", "--overwrite")
    assert (desk / "r.h5").read_bytes() == again


def test_what_cannot_be_drawn(beampress, desk):
    assert ".svg or .png" in run(beampress, desk, "--plot", "x.gif", code=2).stderr
    assert run(beampress, desk, "--plot", "x.h5", code=2).stderr
    assert run(beampress, desk, "--out", "x.h5", "--overwrite", code=2).stderr  # never the input
    assert run(beampress, desk, "--plot", "nowhere/x.svg", code=5).stderr
    assert "librsvg2-bin" in run(beampress, desk, "--plot", "x.png", code=4, env={"PATH": "/nowhere"}).stderr
    assert not (desk / "x.png").exists() and not list(desk.glob("*.tmp*"))


def test_png(beampress, desk):
    if not shutil.which("rsvg-convert"):
        pytest.skip("SKIP: rsvg-convert is not installed")
    run(beampress, desk, "--plot", "c.png")
    head = (desk / "c.png").read_bytes()[:24]
    width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    assert head[:8] == b"\x89PNG\r\n\x1a\n" and width == 1410 and height > 1000
    assert not list(desk.glob("c.png*.svg")) and not [p for p in desk.iterdir() if re.search("svg.*png|png.*svg", p.name)]
