# SPDX-License-Identifier: BSD-3-Clause
"""What --json prints is what docs/json.md says: every field that comes is documented, and every documented field
comes and has its type."""
import re

import h5py
import numpy
import pytest

import conftest
from test_cli import DATASET, frames, write_scan

TYPES = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list, "number": (int, float)}


def read_schema():
    """{section: {field: (type text, optional)}}"""
    sections, section = {}, None
    for line in (conftest.SOURCE / "docs" / "json.md").read_text().splitlines():
        if line.startswith("## "):
            section = sections.setdefault(line[3:], {})
        row = re.match(r"\| `([^`]+)` \| ([^|]+) \|", line)
        if row:
            kind = row.group(2).strip()
            section[row.group(1)] = (kind.replace(", optional", ""), kind.endswith("optional"))
    return sections


SCHEMA = read_schema()


def has_type(value, kind):
    for alternative in kind.split(" or "):
        if alternative == "null" and value is None:
            return True
        array = re.fullmatch(r"array of (\w+)", alternative)
        if array:
            if isinstance(value, list) and all(has_type(item, array.group(1)) for item in value):
                return True
        elif alternative in TYPES and isinstance(value, TYPES[alternative]):
            if alternative == "boolean" or not isinstance(value, bool):
                return True
    return False


def check(value, fields, prefix=""):
    direct = {}
    for name, what in fields.items():
        rest = name[len(prefix):]
        if name.startswith(prefix) and not re.search(r"[.\[]", rest):
            direct[rest] = what
    for key, item in value.items():
        assert key in direct, f"{prefix}{key} is not documented"
        assert has_type(item, direct[key][0]), f"{prefix}{key} = {item!r} is no {direct[key][0]}"
        if isinstance(item, dict) and any(name.startswith(f"{prefix}{key}.") for name in fields):
            check(item, fields, f"{prefix}{key}.")
        if isinstance(item, list) and any(name.startswith(f"{prefix}{key}[].") for name in fields):
            for element in item:
                check(element, fields, f"{prefix}{key}[].")
    missing = [name for name, (_, optional) in direct.items() if not optional and name not in value]
    assert not missing, f"{prefix}: {missing}"


def validate(section, value):
    section = "compress" if section == "decompress" else section
    fields = dict(SCHEMA["Every subcommand"], **SCHEMA[section])
    if section == "compress":
        for name in [n for n in fields if n.startswith("datasets[].") and n != "datasets[].file"]:
            fields["files[]." + name] = fields[name]
    check(value, fields)


@pytest.fixture(scope="module")
def desk(beampress, tmp_path_factory):
    folder = tmp_path_factory.mktemp("json")
    write_scan(folder / "scan.h5")
    write_scan(folder / "float.h5", frames(3).astype("float32") / 7)
    beampress("compress", folder / "scan.h5", folder / "own.h5", "--own")
    return folder


def test_the_schema_covers_every_subcommand():
    assert {"compress", "info", "verify", "list", "bench", "simulate", "metric", "analyse", "judge", "run", "check", "history", "reproduce", "doctor"} <= set(SCHEMA)
    assert len(SCHEMA["info"]) > 40


def test_compress_and_decompress(beampress, desk):
    value = beampress("compress", "scan.h5", "scan.bp.h5", "--json", cwd=desk).json
    validate("compress", value)
    row = value["datasets"][0]
    assert row["path"] == DATASET and row["dtype"] == "uint16" and row["shape"] == [12, 64, 96]
    assert row["codec"] == "photon:level=balanced" and row["coded"] and not row["lossy"]
    assert value["raw_bytes"] >= row["raw_bytes"] == 12 * 64 * 96 * 2 and value["verified"] is True
    assert row["ratio"] == pytest.approx(row["raw_bytes"] / row["stored_bytes"])
    value = beampress("decompress", "scan.bp.h5", "scan.plain.h5", "--json", cwd=desk).json
    validate("decompress", value)
    assert value["ratio"] == pytest.approx(1, rel=0.01)
    value = beampress("compress", "scan.h5", "lossy.h5", "--codec", "jpegls:near=2", "--json", cwd=desk).json
    validate("compress", value)
    row = next(r for r in value["datasets"] if r["path"] == DATASET)
    assert row["lossy"] and 0 < row["max_error"] <= 2


def test_compress_of_several_files_keeps_what_failed(beampress, desk):
    (desk / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    value = beampress("compress", "scan.h5", "broken.h5", "float.h5", "--out-dir", "many", "--json", code=3,
                      cwd=desk).json
    validate("compress", value)
    assert [f["exit_code"] for f in value["files"]] == [0, 3, 0]
    assert value["exit_code"] == 3 and "broken.h5" in value["files"][1]["error"] and value["error"]
    assert value["verified"] is False


def test_salvage_lists_what_is_lost(beampress, desk):
    with h5py.File(desk / "own.h5") as file:
        place = file[DATASET].id.get_chunk_info(2)
    damaged = bytearray((desk / "own.h5").read_bytes())
    damaged[place.byte_offset + place.size - 3] ^= 0x10
    (desk / "damaged.h5").write_bytes(damaged)
    value = beampress("decompress", "damaged.h5", "rescued.h5", "--salvage", "--json", code=6, cwd=desk).json
    validate("decompress", value)
    assert value["exit_code"] == value["files"][0]["exit_code"] == 6 and "1 chunk is lost" in value["error"]
    assert len(value["files"][0]["lost"]) == 1 and DATASET in value["files"][0]["lost"][0]
    assert sum(row["lost_chunks"] for row in value["datasets"]) == 1


@pytest.mark.parametrize("name", ["scan.h5", "own.h5", "float.h5"])
def test_info(beampress, desk, name):
    value = beampress("info", name, "--json", cwd=desk).json
    validate("info", value)
    row = next(r for r in value["datasets"] if r["path"] == DATASET)
    values = frames() if name != "float.h5" else frames(3).astype("float32") / 7
    statistics = row["statistics"]
    assert statistics["unique"] == len(numpy.unique(values)) and statistics["zeros"] == (values == 0).sum()
    counts = numpy.unique(values, return_counts=True)[1] / values.size
    assert statistics["entropy"] == pytest.approx(-(counts * numpy.log2(counts)).sum(), rel=1e-9)
    assert statistics["mean"] == pytest.approx(values.mean(dtype=float), rel=1e-6)
    assert row["own"] == (name == "own.h5") and row["detector_image"]
    assert (row["poisson_limit"] is None) == (name == "float.h5")


def test_info_tells_what_a_frame_costs(beampress, tmp_path):
    values = frames(32, 50, 70)
    for name, chunks in (("one", (1, 50, 70)), ("many", (16, 50, 70)), ("pieces", (1, 5, 7)), ("odd", (3, 40, 70))):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file.create_dataset("data", data=values, chunks=chunks, compression="gzip")
            file.create_dataset("plain", data=values)
            file.create_dataset("image", data=values[0], chunks=(50, 70))
            stored = file["data"].id.get_storage_size()
        value = beampress("info", f"{name}.h5", "--json", cwd=tmp_path).json
        validate("info", value)
        rows = {row["path"]: row["frame_read"] for row in value["datasets"]}
        assert rows["/plain"] is None and rows["/image"] is None
        read = rows["/data"]
        pieces = -(-50 // chunks[1]) * -(-70 // chunks[2])
        count = -(-32 // chunks[0]) * pieces
        assert read["chunks"] == pieces and read["chunk_frames"] == chunks[0] and read["frame_bytes"] == 7000
        assert read["decoded_bytes"] == pieces * numpy.prod(chunks) * 2
        assert read["fetched_bytes"] == pytest.approx(pieces * stored / count)
        assert (read["advice"] is not None) == (name in ("many", "pieces", "odd"))
        text = beampress("info", f"{name}.h5", cwd=tmp_path).stdout
        assert f"reading one frame of 7.00 kB: {pieces} chunk" in text and ("--chunk frame" in text) == (name != "one")


def test_info_of_real_files(beampress, sample_files):
    for file in sample_files:
        validate("info", beampress("info", file, "--json").json)


def test_info_counts_labels_and_masks_apart(beampress, tmp_path):
    values = frames(8, 128, 128).astype("int32")
    values[:, 10:20, :] = -1
    values[:, :, 5] = -2
    mask = numpy.zeros((128, 128), "uint32")
    mask[0, :100] = 1
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for path, name in (("entry", "NXentry"), ("entry/instrument", "NXinstrument"),
                           ("entry/instrument/detector", "NXdetector")):
            file.create_group(path).attrs["NX_class"] = name
        detector = file["entry/instrument/detector"]
        detector["data"] = values
        detector["pixel_mask"] = mask
        detector["saturation_value"] = 1000
    value = beampress("info", "x.h5", "--json", cwd=tmp_path).json
    validate("info", value)
    row = next(r for r in value["datasets"] if r["path"].endswith("/data"))
    labels = {label["value"]: label["count"] for label in row["statistics"]["labels"]}
    assert labels == {-1: 8 * (10 * 128 - 10), -2: 8 * 127}
    assert row["statistics"]["masked"] == 800 and row["statistics"]["min"] >= 0
    assert row["detector"]["saturation_value"] == 1000 and row["detector"]["mask"].endswith("pixel_mask")
    assert row["noise"]["gain"] == pytest.approx(1, abs=0.05)


def test_verify(beampress, desk):
    value = beampress("verify", "scan.h5", "own.h5", "--json", cwd=desk).json
    validate("verify", value)
    assert value["identical"] is True and value["agrees"] is True and value["first_difference"] is None
    beampress("compress", "scan.h5", "near.h5", "--codec", "jpegls:near=2", cwd=desk)
    value = beampress("verify", "scan.h5", "near.h5", "--bound", "2", "--json", cwd=desk).json
    validate("verify", value)
    assert value["identical"] is False and value["agrees"] is True and 0 < value["max_error"] <= 2
    value = beampress("verify", "scan.h5", "float.h5", "--json", code=1, cwd=desk).json
    validate("verify", value)
    assert value["identical"] is False and DATASET in value["first_difference"]


def test_list(beampress):
    value = beampress("list", "codecs", "--json").json
    validate("list", value)
    names = [codec["name"] for codec in value["codecs"]]
    assert {"store", "bslz4"} <= set(names) and len(names) == len(set(names))
    simulators = beampress("list", "simulate", "--json").json
    validate("list", simulators)
    assert {"poisson", "rofex"} <= {s["name"] for s in simulators["simulators"]}
    metrics = beampress("list", "metrics", "--json").json
    validate("list", metrics)
    science = beampress("list", "science", "--json").json
    validate("list", science)
    assert "segment" in {t["name"] for t in science["science"]}
    assert {"point", "similarity", "noise"} <= {m["name"] for m in metrics["metrics"]}
    stages = beampress("list", "stages", "--json").json
    validate("list", stages)
    assert {"crop", "threshold"} <= {t["name"] for t in stages["stages"]}
    assert beampress("list", "--json").json == {**value, **simulators, **metrics, **science, **stages}


def test_pipelines(beampress, desk):
    pipeline = "crop x=8 | threshold level=3 | photon level=fast"
    value = beampress("check", pipeline, "scan.h5", "--dataset", DATASET, "--json", cwd=desk).json
    validate("check", value)
    assert [s["stage"] for s in value["stages"]] == ["crop", "threshold"] and value["output"]["columns"] == 88
    value = beampress("run", pipeline, "scan.h5", "cut.h5", "--dataset", DATASET, "--json", cwd=desk).json
    validate("run", value)
    assert value["verified"] is True and value["output"]["bound"] == 3
    hash = value["output_xxh3"]
    value = beampress("history", "cut.h5", "--json", cwd=desk).json
    validate("history", value)
    assert [h["record"]["output"]["xxh3"] for h in value["history"]] == [hash]
    value = beampress("reproduce", "cut.h5", "scan.h5", "--json", cwd=desk).json
    validate("reproduce", value)
    assert value["same_input"] is True and value["same_output"] is True
    value = beampress("check", "crop x=8 y=9999", "scan.h5", "--dataset", DATASET, "--json", code=2, cwd=desk).json
    validate("check", value)
    assert value["word"] == "y=9999" and value["word_at"] == 9


def test_analyse(beampress, desk):
    value = beampress("analyse", "segment", "scan.h5", "--dataset", DATASET, "--json", cwd=desk).json
    validate("analyse", value)
    rows = {row["name"]: row for row in value["results"]}
    assert {"otsu_threshold", "phase_fraction", "object_count", "object_sizes"} <= set(rows)
    assert 0 < rows["phase_fraction"]["value"] < 1 and rows["phase_fraction"]["sigma"] > 0
    assert len(rows["object_sizes"]["values"]) == len(rows["object_sizes"]["sigma"]) == len(rows["object_sizes"]["at"])


def test_judge(beampress, desk):
    for test, technique in (("own.h5", "segment"), ("near.h5", "segment,xpcs")):
        value = beampress("judge", "scan.h5", test, "--science", technique, "--dataset", DATASET, "--json", code=None, cwd=desk).json
        validate("judge", value)
        assert value["exit_code"] in (0, 1, 6) and value["quantities"]
    words = ("--science", "sx", "--with", "dials", "--json")
    value = beampress("judge", "scan.h5", "own.h5", *words, "--dataset", DATASET, code=None, cwd=desk).json
    validate("judge", value)
    assert value["with"]["program"] == "dials"


def test_metric(beampress, desk):
    value = beampress("metric", "scan.h5", "own.h5", "--dataset", DATASET, "--json", cwd=desk).json
    curves, numbers = value.pop("curves"), value.pop("metrics")
    validate("metric", dict(value, curves={}, metrics={}))
    told = beampress("list", "metrics", "--json").json["metrics"]
    quantities = {q["name"]: q for m in told for q in m["quantities"]}
    assert set(numbers) | set(curves) == set(quantities) and value["identical"] is True
    assert all(quantities[name]["axis"] == curve["axis"] for name, curve in curves.items())
    assert numbers["max_abs"] == 0 and numbers["ssim"] == pytest.approx(1)


def test_simulate(beampress, tmp_path):
    value = beampress("simulate", "poisson", "x.h5", "rate=4,frames=2", "height=40", "--json", cwd=tmp_path).json
    validate("simulate", value)
    assert value["shape"] == [2, 40, 512] and value["parameters"]["rate"] == 4 and value["parameters"]["pattern"] == "rings"
    assert value["raw_bytes"] == 2 * 2 * 40 * 512 and value["ratio_limit"] == pytest.approx(16 / value["entropy"])
    assert {t["name"] for t in value["truth"]} == {"rate", "entropy", "mean_rate", "mean_entropy"}


def test_bench(beampress, desk):
    value = beampress("bench", "scan.h5", "float.h5", "--json", "--memory", "64K", cwd=desk).json
    validate("bench", value)
    rows = value["results"]
    assert {row["file"] for row in rows} == {"scan.h5", "float.h5"}
    assert all(row["lossless"] for row in rows if "failed" not in row)
    assert all(row["bpp"] == pytest.approx(8 * numpy.dtype(row["dtype"]).itemsize / row["ratio"]) for row in rows)
    assert all(row["encode_MBps"] > 0 and row["decode_MBps"] > 0 for row in rows)
    value = beampress("bench", "scan.h5", "--codec", "jpegls:near=1", "--codec", "bslz4", "--peers", "--json", cwd=desk,
                      timeout=900).json
    validate("bench", value)
    lossy = next(row for row in value["results"] if row["codec"] == "jpegls")
    assert not lossy["lossless"] and lossy["max_error"] == 1
    assert any(row.get("peer") and row["codec"] == "deflate" for row in value["results"])


def test_doctor_and_version(beampress):
    value = beampress("doctor", "--json", code=None).json
    validate("doctor", value)
    assert value["healthy"] == (value["exit_code"] == 0)
    validate("--version", beampress("--version", "--json").json)


@pytest.mark.parametrize("words, code", [
    (["compress", "--json"], 2), (["--json", "compress"], 2), (["info", "missing.h5", "--json"], 3),
    (["compress", "missing.h5", "--json"], 3), (["list", "dogs", "--json"], 2), (["compress", "--nosuch", "--json"], 2),
    (["verify", "scan.h5", "missing.h5", "--json"], 3), (["bench", "missing.h5", "--json"], 3),
    (["compress", "scan.h5", "own.h5", "--json"], 5),
    (["compress", "float.h5", "--codec", "jpegls", "--json"], 4),
])
def test_errors_are_json_too(beampress, desk, words, code):
    result = beampress(*words, code=code, cwd=desk)
    assert result.json["exit_code"] == code
    assert result.stderr == f"beampress: {result.json['error']}\n"
