# SPDX-License-Identifier: BSD-3-Clause
"""beampress explore: scans whose outcome is known, and everything that can be missing."""
import base64
import csv
import json

import h5py
import numpy as np
import pytest

from test_judge import discs

SCIENCE = ("--science", "segment:volume=0,min_size=4")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explore")
    for name, values in (("scan", discs(1)), ("few", discs(2, frames=9)), ("float", discs(3, frames=18).astype(np.float32) / 7)):
        with h5py.File(folder / f"{name}.h5", "w") as f:
            f["x"] = values
    return folder


def explore(beampress, desk, file, out, *words, code=0, science=SCIENCE):
    done = beampress("explore", f"{file}.h5", *science, "--out", out, "--json", "-q", *words, code=code, cwd=desk)
    return done.json


@pytest.fixture(scope="module")
def found(beampress, desk):
    return explore(beampress, desk, "scan", "found")


def test_the_winner_is_the_largest_ratio_that_passes(desk, found):
    points, winner = found["points"], found["winner"]
    assert found["format"] == "beampress explore 1" and found["cost"]["stopped"] is None
    passing = [p for p in points if p["verdict"] == "pass"]
    best = points[winner["point"]]
    assert winner["confirmed"] is True and winner["tried"] == 1 and best["ratio"] == max(p["ratio"] for p in passing)
    assert best["ratio"] > 2 * next(p["ratio"] for p in points if p["family"] == "lossless")
    assert all(q["pass"] for q in winner["quantities"] if q["pass"] is not None)
    text = (desk / "found" / "best.pipeline").read_text()
    assert text.splitlines()[-1] == best["pipeline"] and text.startswith("# ")
    assert best["pipeline"] in found["sentence"] and "confirmed" in found["sentence"]
    assert found["sample"]["frames"] == found["sample"]["held_out"] == 20 and "took no part" in found["sample"]["how"]


def test_the_edge_of_each_family_is_looked_for(found):
    for family, best in zip(found["families"], found["best"]):
        points = [p for p in found["points"] if p["family"] == family["name"]]
        assert len(points) >= (4 if family["parameter"] else 1), family["name"]
        if best["point"] is None:
            assert best["reason"]
        else:
            assert found["points"][best["point"]]["ratio"] == max(p["ratio"] for p in points if p["verdict"] == "pass")
    jpegls = sorted((p["value"], p["verdict"]) for p in found["points"] if p["family"] == "jpegls")
    passes = max(v for v, verdict in jpegls if verdict == "pass")
    fails = min(v for v, verdict in jpegls if verdict != "pass")
    assert passes < fails <= 1.5 * passes + 1
    # a type that a family cannot take is said, and the scan went on
    assert "uint16" in next(b["reason"] for b in found["best"] if b["family"] == "zfp")


def test_metrics_alone_mislead(found):
    """Some point with a better PSNR fails while one with a worse one passes."""
    ran = [p for p in found["points"] if p["ran"] and p["metrics"]["psnr_range"] is not None]
    assert max(p["metrics"]["psnr_range"] for p in ran if p["verdict"] == "fail") > \
        min(p["metrics"]["psnr_range"] for p in ran if p["verdict"] == "pass")


def test_noise_is_the_yardstick(found):
    band = {(row["kind"], row["name"]): row for row in found["band"]}
    assert band["noise", "phase_fraction"]["systematic"] < 3 and "variance" in found["input"]["noise"]
    assert [b["kind"] for b in found["bands"]] == ["noise", "resampled"]  # edges of discs are no counting noise
    assert found["bands"][0]["metrics"]["rmse"] == pytest.approx(np.sqrt(130), rel=0.2)  # counts of 100 and 200


def test_half_a_dose_of_photons(beampress, tmp_path):
    beampress("simulate", "saxs", "x.h5", "frames=16", "height=64", "width=64", "pixel=2000", cwd=tmp_path)
    found = beampress("explore", "x.h5", "--science", "saxs:bins=24", "--out", "out", "--time", "0.01", "--json", "-q", code=None, cwd=tmp_path).json
    again, half = found["bands"]
    assert (again["kind"], half["kind"]) == ("noise", "half dose") and "binomial" in half["how"]
    # n photons: thinned to n / 2 with variance n / 4, doubled: n, as much as counting noise once more
    assert again["metrics"]["rmse"] == pytest.approx(half["metrics"]["rmse"], rel=0.05)
    assert [row["name"] for row in half["curves"]] == [row["name"] for row in found["curves"]]
    rows = [row["systematic"] for row in found["band"] if row["kind"] == "half dose"]
    assert rows and max(rows) < 5


def test_without_photons_units_are_drawn_again(beampress, desk):
    found = explore(beampress, desk, "float", "drawn", "--time", "0.01")
    assert [band["kind"] for band in found["bands"]] == ["noise", "resampled"] and found["bands"][1]["metrics"] is None
    rows = [row["systematic"] for row in found["band"] if row["kind"] == "resampled"]
    assert rows and 0 < max(rows) < 4 and all(row["random"] is None for row in found["band"] if row["kind"] == "resampled")


def test_noise_of_speckles_is_that_of_photons(beampress, tmp_path):
    """Speckles are no noise: steps have the size that counting noise asks for, and half a dose is one of counts."""
    beampress("simulate", "xpcs", "x.h5", "frames=64", "height=32", "width=32", "regions=1", "rate=0.05", "counts=4", cwd=tmp_path)
    found = beampress("explore", "x.h5", "--science", "xpcs", "--out", "out", "--time", "0.01", "--json", "-q", code=None, cwd=tmp_path).json
    assert "photons: frames after each other" in found["input"]["noise"]
    half = next(band for band in found["bands"] if band["kind"] == "half dose")
    full = {c["name"]: c for c in found["curves"]}["g2"]
    values = next(c for c in half["curves"] if c["name"] == "g2")["values"]
    away = [(v - r) / s for v, r, s, at in zip(values, full["values"], full["sigma"], full["at"]) if s and at]  # at delay 0 photons correlate with themselves
    assert np.sqrt(np.mean(np.square(away))) < 3  # contrast and rate do not depend on the dose


def test_tables_and_pictures(desk, found):
    assert json.loads((desk / "found" / "explore.json").read_text())["points"] == found["points"]
    with open(desk / "found" / "points.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    assert [r["pipeline"] for r in rows] == [p["pipeline"] for p in found["points"]]
    assert [float(r["ratio"]) if r["ratio"] else None for r in rows] == pytest.approx([p["ratio"] for p in found["points"]], rel=1e-5)
    assert [r["verdict"] for r in rows] == [p["verdict"] for p in found["points"]]
    kinds = {p["kind"] for p in found["previews"]}
    assert kinds == {"reference", "test", "residual"}
    for preview in found["previews"]:
        png = base64.b64decode(preview["png"])
        assert png[:8] == b"\x89PNG\r\n\x1a\n" and int.from_bytes(png[16:20], "big") == preview["columns"]
    curve = found["curves"][0]
    assert curve["name"] == "object_sizes" and len(curve["at"]) == len(curve["values"]) == len(curve["sigma"])
    assert len(found["points"][0]["curves"][0]["values"]) == len(curve["values"])


def without_times(points):
    return [{k: v for k, v in p.items() if k not in ("cached", "encode_MBps", "decode_MBps")} for p in points]


def test_a_second_run_takes_everything_from_the_first(beampress, desk, found):
    again = explore(beampress, desk, "scan", "found")
    assert again["cost"]["cached"] == len(again["points"]) and again["cost"]["analyses"] == 0
    assert without_times(again["points"]) == without_times(found["points"])
    assert again["previews"] == found["previews"]
    # other budgets: the same results, judged anew
    other = explore(beampress, desk, "scan", "found", "budget=0.01")
    assert other["cost"]["cached"] > 0 and other["points"][other["winner"]["point"]]["ratio"] < found["points"][found["winner"]["point"]]["ratio"]


def test_damaged_points_are_made_again(beampress, desk, found):
    files = sorted((desk / "found" / "points").glob("*.point"))
    for k, file in enumerate(files):
        data = bytearray(file.read_bytes())
        if k % 3 == 0:
            data[len(data) // 2] ^= 1
        file.write_bytes(data[:-1] if k % 3 == 1 else data)
    again = explore(beampress, desk, "scan", "found")
    assert without_times(again["points"]) == without_times(found["points"]) and 0 < again["cost"]["cached"] < len(again["points"])


def test_threads_do_not_change_results(beampress, desk, found):
    one = explore(beampress, desk, "scan", "one", "--threads", "1")
    assert without_times(one["points"]) == without_times(found["points"])


def test_given_pipelines(beampress, desk):
    (desk / "list").write_text("# mine\nphoton\n\n  jpegls near=3\njpegls near=4000\ndreams | photon\n"
                               "threshold level=100000 | photon\ncrop width=50 | photon\nzfp accuracy=1\n")
    found = explore(beampress, desk, "scan", "given", "--pipelines", "list")
    points = {p["pipeline"]: p for p in found["points"]}
    assert len(points) == 7 and points["photon"]["verdict"] == points["jpegls near=3"]["verdict"] == "pass"
    assert "near" in points["jpegls near=4000"]["reason"] and "dreams" in points["dreams | photon"]["reason"]
    # the analysis fails on it: the point fails, with the reason, and the scan goes on
    empty = points["threshold level=100000 | photon"]
    assert empty["verdict"] == "fail" and "threshold between phases" in empty["reason"] and empty["ratio"] > 10
    assert points["crop width=50 | photon"]["verdict"] == "fail"
    assert found["points"][found["winner"]["point"]]["pipeline"] == "jpegls near=3"
    (desk / "list").write_text("# nothing\n")
    assert "no pipeline" in explore(beampress, desk, "scan", "given", "--pipelines", "list", code=3)["error"]
    assert "missing" in explore(beampress, desk, "scan", "given", "--pipelines", "missing", code=3)["error"]


def test_nothing_lossy_passes(beampress, desk):
    (desk / "lossy.txt").write_text("photon\njpegls near=120\njpeg2000 ratio=400\n")
    found = explore(beampress, desk, "scan", "lossy", "--pipelines", "lossy.txt")
    best = found["points"][found["winner"]["point"]]
    assert best["identical"] and "Nothing lossy" in found["sentence"] and best["ratio"] > 1 and found["winner"]["confirmed"]
    (desk / "lossy.txt").write_text("jpegls near=120\njpeg2000 ratio=400\n")
    found = explore(beampress, desk, "scan", "lossy", "--pipelines", "lossy.txt")
    assert found["winner"] is None and "keep the data as they are" in found["sentence"] and found["best"][0]["reason"]
    assert all(p["reason"] and p["quantities"] for p in found["points"])


def test_time_is_over(beampress, desk):
    found = explore(beampress, desk, "scan", "hurry", "--time", "0.000001")
    assert found["cost"]["stopped"] and found["winner"] is None and "stopped early" in found["sentence"]
    found = explore(beampress, desk, "scan", "found", "--time", "0.000001")
    assert found["cost"]["stopped"]


def test_too_few_frames_to_keep_some_apart(beampress, desk):
    found = explore(beampress, desk, "few", "few")
    assert found["sample"]["held_out"] == 0 and found["winner"]["confirmed"] is None and "too few" in found["sample"]["how"]
    assert "not confirmed" in found["sentence"] or found["points"][found["winner"]["point"]]["identical"]


def test_floats(beampress, desk):
    found = explore(beampress, desk, "float", "float")
    reasons = {b["family"]: b["reason"] for b in found["best"]}
    assert "float32" in reasons["jpegls"] and "float32" in reasons["jpeg2000"]
    assert any(p["family"] == "zfp" and p["verdict"] == "pass" for p in found["points"])


def test_levels_about_the_threshold(beampress, desk):
    found = explore(beampress, desk, "float", "levels")
    points = [p for p in found["points"] if p["family"] == "levels"]
    assert len(points) >= 4
    for p in points:
        values = {q["name"]: (q["reference"], q["test"]) for q in p["quantities"]}
        assert values["dice"][1] > 0.9999 and p["verdict"] == "pass"
    # metrics are those of the values that codes stand for: half a step, and what lies beyond the ends
    last = max(points, key=lambda p: p["ratio"])
    low, high = (float(w.split("=")[1]) for w in last["pipeline"].split() if w.startswith(("low=", "high=")))
    assert last["metrics"]["max_abs"] < 1.01 * (high - low) / (last["value"] - 2)


def test_text(beampress, desk):
    done = beampress("explore", "scan.h5", *SCIENCE, "--out", "found", "-q", cwd=desk)
    assert "largest ratio that passes" in done.stdout and "confirmed on data that took no part" in done.stdout


def test_the_winner_on_all_of_the_data(beampress, desk, found):
    """What explore found, run makes, and judge passes."""
    beampress("run", "@found/best.pipeline", "scan.h5", "best.h5", "-f", "-q", cwd=desk)
    said = beampress("judge", "scan.h5", "best.h5", *SCIENCE, "--json", cwd=desk).json
    assert said["verdict"] == "pass"
    # the verdict stands in the record, as long as the pipeline is the one that it is about
    record = beampress("history", "best.h5", "--json", cwd=desk).json["history"][0]
    verdict = record["verdict"]
    assert verdict["sentence"] == found["sentence"] and verdict["confirmed"] is True and verdict["budgets"] == found["budgets"]
    assert [(q["name"], q["pass"]) for q in verdict["quantities"]] == [(q["name"], q["pass"]) for q in found["winner"]["quantities"]]
    assert len(verdict["explore_xxh3"]) == 16 and verdict["date"].startswith("20") and verdict["science"] == SCIENCE[1]
    with h5py.File(desk / "best.h5", "r") as file:
        process = file[record["path"]]
        assert json.loads(process["parameters/verdict"][()]) == verdict
    text = beampress("history", "best.h5", cwd=desk).stdout
    assert "verdict: " + found["sentence"] in text and "quantities pass" in text
    beampress("reproduce", "best.h5", "scan.h5", cwd=desk)
    best = (desk / "found" / "best.pipeline").read_text().splitlines()
    (desk / "other.pipeline").write_text("\n".join(best[:-1] + ["quantise abs=40 | photon"]))
    done = beampress("run", "@other.pipeline", "scan.h5", "other.h5", "-f", cwd=desk)
    assert "verdict in the text is of another pipeline" in done.stderr
    assert beampress("history", "other.h5", "--json", cwd=desk).json["history"][0]["verdict"] is None


def test_truth_of_simulated_data(beampress, desk):
    beampress("simulate", "xpcs", "speckles.h5", "frames=64", "height=32", "width=32", "regions=1", cwd=desk)
    (desk / "two.txt").write_text("photon\nquantise step=2sigma gain=1 | photon\n")
    found = explore(beampress, desk, "speckles", "speckles", "--pipelines", "two.txt", science=("--science", "xpcs"))
    assert found["input"]["simulated"] and "second half" not in found["sample"]["unit"] and found["sample"]["unit"] == "blocks of time"
    truths = [{t["name"]: t for t in p["truth"]} for p in found["points"]]
    assert {"contrast", "rate", "mean_counts"} <= set(truths[0])
    assert truths[0]["contrast"]["reference"] == truths[0]["contrast"]["test"] < 5
    assert truths[1]["contrast"]["test"] != truths[1]["contrast"]["reference"]


def test_wrong_use(beampress, desk):
    for words, code in ((["scan.h5"], 2), (["missing.h5", *SCIENCE], 3), (["scan.h5", *SCIENCE, "--time", "x"], 2),
                        (["scan.h5", *SCIENCE, "budget=x"], 2), (["scan.h5", *SCIENCE, "--out", "scan.h5"], 5)):
        assert beampress("explore", *words, "-q", code=code, cwd=desk).stderr
