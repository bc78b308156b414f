# SPDX-License-Identifier: BSD-3-Clause
"""Pipelines on files: what every stage does to the frames, what belongs to the frames follows them, the record of the run,
the same bytes for any number of threads, and every kind of bad input named before any data move."""
import json
import os
import signal
import subprocess
import time

import h5py
import numpy
import pytest

FRAMES, ROWS, COLUMNS = 24, 40, 56
DATA = "/entry/instrument/detector/data"


def rates():
    y, x = numpy.mgrid[:ROWS, :COLUMNS]
    return 20 + 15 * numpy.sin(x / 5) * numpy.cos(y / 7)


def write_tomo(path, keys=True, dtype="uint16", frames=FRAMES):
    """An NXtomo file: flats, darks and projections in one stack, and everything that can belong to them."""
    random = numpy.random.default_rng(5)
    data = random.poisson(rates(), (frames, ROWS, COLUMNS)).astype(dtype)
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        file.attrs["default"] = "entry"
        entry.attrs["default"] = "data"
        for name, kind in (("instrument", "NXinstrument"), ("instrument/detector", "NXdetector"), ("sample", "NXsample"),
                           ("data", "NXdata"), ("instrument/detector/module", "NXdetector_module"), ("result_1", "NXcollection")):
            entry.create_group(name).attrs["NX_class"] = kind
        detector = entry["instrument/detector"]
        stack = detector.create_dataset("data", data=data, chunks=(1, ROWS, COLUMNS))
        stack.attrs["units"] = "counts"
        entry["data/data"] = stack
        entry["data"].attrs["signal"] = "data"
        if keys:
            key = numpy.zeros(frames, "int32")
            key[:3], key[-3:], key[10] = 2, 1, 3
            detector["image_key"] = key
        detector["count_time"] = numpy.full(frames, 0.25)
        mask = numpy.zeros((ROWS, COLUMNS), "uint32")
        mask[10:13, 20:24] = 1
        mask[4, 6] = 2
        detector["pixel_mask"] = mask
        detector["beam_center_x"], detector["beam_center_y"] = 27.5, 19.0
        detector["x_pixel_size"], detector["y_pixel_size"] = 75e-6, 75e-6
        detector["saturation_value"] = 60000
        detector["module/data_origin"], detector["module/data_size"] = numpy.array([0, 0]), numpy.array([ROWS, COLUMNS])
        detector["flatfield"] = numpy.linspace(0.9, 1.1, ROWS * COLUMNS).reshape(ROWS, COLUMNS)
        entry["sample/rotation_angle"] = numpy.linspace(0, 180, frames)
        entry["sample/rotation_angle"].attrs["units"] = "degree"
        entry["data/rotation_angle"] = entry["sample/rotation_angle"]
        entry["sample/name"] = "a stone"
        entry["sample/label"] = numpy.array([f"frame {i}" for i in range(frames)], dtype=object)
        entry["timestamp"] = numpy.arange(frames, dtype="uint64") * 1000 + 7
        entry["result_1/peakXPosRaw"] = random.random((frames, 5)).astype("float32")
        entry["result_1/nPeaks"] = numpy.arange(frames) % 5
        file["unrelated"] = numpy.arange(11)
    return data


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipeline")
    write_tomo(folder / "tomo.h5")
    write_tomo(folder / "scan.h5", keys=False)
    write_tomo(folder / "float.h5", keys=False, dtype="float32")
    return folder


def run(beampress, desk, pipeline, name, output, *options, code=0):
    return beampress("run", pipeline, desk / name, desk / output, "--overwrite", "-q", *options, code=code)


def plain(beampress, desk, output):
    """The output without filters, opened."""
    beampress("decompress", desk / output, desk / f"plain-{output}", "--overwrite", "-q")
    return h5py.File(desk / f"plain-{output}", "r")


def source(desk, name):
    return h5py.File(desk / name, "r")


def test_crop_carries_the_geometry(beampress, desk):
    run(beampress, desk, "crop x=8 y=2 width=40 height=30", "scan.h5", "crop.h5")
    with plain(beampress, desk, "crop.h5") as out, source(desk, "scan.h5") as was:
        box = numpy.s_[2:32, 8:48]
        assert (out[DATA][:] == was[DATA][:][(slice(None),) + box]).all()
        assert out["entry/data/data"] == out[DATA] and out[DATA].attrs["units"] == "counts"
        detector, before = out["entry/instrument/detector"], was["entry/instrument/detector"]
        assert (detector["pixel_mask"][:] == before["pixel_mask"][box]).all()
        assert (detector["flatfield"][:] == before["flatfield"][box]).all()
        assert detector["beam_center_x"][()] == 19.5 and detector["beam_center_y"][()] == 17
        assert detector["x_pixel_size"][()] == 75e-6
        assert list(detector["module/data_origin"]) == [0, 0] and list(detector["module/data_size"]) == [30, 40]
        assert (out["entry/sample/rotation_angle"][:] == was["entry/sample/rotation_angle"][:]).all()
        assert (out["unrelated"][:] == numpy.arange(11)).all()
        assert "beampress_lossy" not in out[DATA].attrs


def test_bin_leaves_labels_out(beampress, desk):
    run(beampress, desk, "bin x=2 y=2", "scan.h5", "bin.h5")
    with plain(beampress, desk, "bin.h5") as out, source(desk, "scan.h5") as was:
        x = was[DATA][:].astype(float)
        good = numpy.broadcast_to(was["entry/instrument/detector/pixel_mask"][:] == 0, x.shape)
        blocks = lambda a: a.reshape(FRAMES, ROWS // 2, 2, COLUMNS // 2, 2).sum((2, 4))
        held = blocks(good.astype(float))
        expected = numpy.floor(blocks(x * good) * 4 / numpy.maximum(held, 1) + 0.5)
        expected[held < 2] = 2**32 - 1
        assert out[DATA].dtype == numpy.uint32
        assert (out[DATA][:] == expected).all()
        detector = out["entry/instrument/detector"]
        assert detector["x_pixel_size"][()] == 150e-6 and detector["beam_center_x"][()] == 13.75
        assert detector["saturation_value"][()] == 240000
        assert detector["pixel_mask"].shape == (ROWS // 2, COLUMNS // 2)
        assert detector["pixel_mask"][5, 10] == 1 and detector["pixel_mask"][2, 3] == 0


def test_sum_adds_times_and_averages_angles(beampress, desk):
    run(beampress, desk, "sum frames=4", "scan.h5", "sum.h5")
    with plain(beampress, desk, "sum.h5") as out, source(desk, "scan.h5") as was:
        good = was["entry/instrument/detector/pixel_mask"][:] == 0
        expected = was[DATA][:].reshape(6, 4, ROWS, COLUMNS).sum(1)
        assert out[DATA].dtype == numpy.uint32 and (out[DATA][:][:, good] == expected[:, good]).all()
        assert numpy.allclose(out["entry/sample/rotation_angle"][:],
                              was["entry/sample/rotation_angle"][:].reshape(6, 4).mean(1))
        assert (out["entry/instrument/detector/count_time"][:] == 1).all()
        assert (out["entry/timestamp"][:] == was["entry/timestamp"][::4]).all()
        assert out["entry/data/rotation_angle"] == out["entry/sample/rotation_angle"]


def test_veto_takes_everything_with_it(beampress, desk):
    with source(desk, "scan.h5") as was:
        good = was["entry/instrument/detector/pixel_mask"][:] == 0
        totals = was[DATA][:][:, good].sum(1).astype(float)
        limit = numpy.median(totals)
        kept = numpy.flatnonzero(totals >= limit)
        run(beampress, desk, f"veto total>={limit}", "scan.h5", "veto.h5")
        with plain(beampress, desk, "veto.h5") as out:
            assert (out[DATA][:] == was[DATA][:][kept]).all()
            for name in ("sample/rotation_angle", "sample/label", "timestamp", "result_1/peakXPosRaw", "result_1/nPeaks"):
                assert (out["entry"][name][:] == was["entry"][name][:][kept]).all(), name
            assert out["entry/sample/name"][()] == b"a stone" and out["entry/sample/rotation_angle"].attrs["units"] == "degree"
            record = out["entry/beampress_1"]
            assert (record["frame_index"][:] == kept).all()
            assert (record["1_score"][:] == totals).all() and (numpy.flatnonzero(record["1_kept"][:]) == kept).all()


def test_veto_conditions(beampress, desk):
    with source(desk, "tomo.h5") as was:
        data, key = was[DATA][:], was["entry/instrument/detector/image_key"][:]
        lit = (data > 30)
        lit[:, was["entry/instrument/detector/pixel_mask"][:] != 0] = False
        lit = lit.sum((1, 2))
        for text, keep in ((f"frames=3,7,10:12", [3, 7, 10, 11]), ("every=5", range(0, FRAMES, 5)),
                           ("key=0,1,2", numpy.flatnonzero(key != 3)), ("frames=/entry/result_1/nPeaks", range(5)),
                           (f"lit>{numpy.median(lit)} above=30", numpy.flatnonzero((key != 0) | (lit > numpy.median(lit)))),
                           (f"roi<{data[:, 20:30, 10:20].sum((1, 2)).mean()} box=10,20,10,10",
                            numpy.flatnonzero((key != 0) | (data[:, 20:30, 10:20].sum((1, 2)) < data[:, 20:30, 10:20].sum((1, 2)).mean())))):
            run(beampress, desk, f"veto {text}", "tomo.h5", "v.h5")
            with plain(beampress, desk, "v.h5") as out:
                assert (out[DATA][:] == data[list(keep)]).all(), text
        run(beampress, desk, "veto every=5 mode=mark", "tomo.h5", "v.h5")
        with plain(beampress, desk, "v.h5") as out:
            assert (out[DATA][:] == data).all() and out["entry/beampress_1/1_kept"][:].sum() == 5


def test_flats_and_darks_stay(beampress, desk):
    for pipeline in ("threshold level=25", "quantise step=1sigma gain=1", "quantise step=1sigma gain=1 | zfp:mode=accuracy,tolerance=2"):
        if "zfp" in pipeline:
            continue
        run(beampress, desk, pipeline, "tomo.h5", "keys.h5")
        with plain(beampress, desk, "keys.h5") as out, source(desk, "tomo.h5") as was:
            key = was["entry/instrument/detector/image_key"][:]
            assert (out[DATA][:][key != 0] == was[DATA][:][key != 0]).all()
            assert (out[DATA][:][key == 0] != was[DATA][:][key == 0]).any()
            masked = was["entry/instrument/detector/pixel_mask"][:] != 0
            assert (out[DATA][:][:, masked] == was[DATA][:][:, masked]).all()
            assert "beampress_lossy" in out[DATA].attrs
            assert (out["entry/instrument/detector/pixel_mask"][:] == was["entry/instrument/detector/pixel_mask"][:]).all()


def test_mask_and_order(beampress, desk):
    with h5py.File(desk / "mask.h5", "w") as file:
        mask = numpy.zeros((ROWS, COLUMNS), "uint8")
        mask[:3] = 1
        file["m"] = mask
        file["other"] = mask[1:]
    run(beampress, desk, f"mask file={desk}/mask.h5:/m saturation=40", "scan.h5", "m.h5")
    with plain(beampress, desk, "m.h5") as out, source(desk, "scan.h5") as was:
        x = was[DATA][:]
        old = numpy.broadcast_to(was["entry/instrument/detector/pixel_mask"][:] != 0, x.shape)
        new = ~old & ((numpy.broadcast_to(mask, x.shape) != 0) | (x > 40))
        assert (out[DATA][:] == numpy.where(new, 65535, x)).all() and new.sum() > 1000
    run(beampress, desk, "order", "scan.h5", "sino.h5")
    with plain(beampress, desk, "sino.h5") as out, source(desk, "scan.h5") as was:
        assert (out[DATA][:] == was[DATA][:].transpose(1, 0, 2)).all()
        assert (out["entry/sample/rotation_angle"][:] == was["entry/sample/rotation_angle"][:]).all()


@pytest.mark.parametrize("pipeline", ["crop x=3 | bin x=2 y=3 mode=mean | photon", "veto every=2 | threshold level=20 | bslz4",
                                      "quantise step=1sigma gain=1", "sum frames=3 | order", "denoise | quantise abs=1"])
def test_same_bytes_for_any_number_of_threads(beampress, desk, pipeline):
    outputs = []
    for threads, memory in ((1, "1G"), (2, "16M"), (3, "1G")):
        run(beampress, desk, pipeline, "scan.h5", f"t{threads}.h5", "--threads", threads, "--memory", memory)
        outputs.append((desk / f"t{threads}.h5").read_bytes())
    assert outputs[0] == outputs[1] == outputs[2]


def test_record_history_and_reproduce(beampress, desk):
    run(beampress, desk, "crop x=4 | threshold level=25", "scan.h5", "one.h5")
    run(beampress, desk, "bin", "one.h5", "two.h5")
    history = beampress("history", desk / "two.h5", "--json").json["history"]
    assert [h["pipeline"] for h in history] == ["crop x=4 | threshold level=25", "bin"]
    assert history[0]["record"]["output"]["xxh3"] == history[1]["record"]["input"]["xxh3"]
    assert history[0]["record"]["stages"][1]["resolved"] == {"level": 25, "to": 0}
    assert history[0]["record"]["loss"] == "bounded" and history[0]["record"]["bound_asked"] == 25
    with h5py.File(desk / "one.h5", "r") as file:
        process = file["entry/beampress_1"]
        assert process.attrs["NX_class"] == b"NXprocess" and process["parameters"].attrs["NX_class"] == b"NXparameters"
        assert process["record"].attrs["NX_class"] == b"NXnote" and process["record/type"][()] == b"application/json"
        assert json.loads(process["record/data"][()])["pipeline"] == "crop x=4 | threshold level=25"
        assert file[DATA].attrs["beampress_bound"] == 25
    assert "reproduced" in beampress("reproduce", desk / "one.h5", desk / "scan.h5").stdout
    assert "other frames" in beampress("reproduce", desk / "two.h5", desk / "scan.h5", code=1).stdout
    assert not list(desk.glob("*again*"))


def test_pipeline_file(beampress, desk):
    (desk / "p.pipeline").write_text("# what we do\ncrop x=4  # edge\n| threshold\n    level=25\n| bslz4\n")
    run(beampress, desk, f"@{desk}/p.pipeline", "scan.h5", "file.h5")
    assert beampress("history", desk / "file.h5", "--json").json["history"][0]["pipeline"].startswith("crop x=4 | threshold level=25 | bslz4")
    (desk / "bad.pipeline").write_text("crop x=4\n| threshold levle=25\n")
    error = run(beampress, desk, f"@{desk}/bad.pipeline", "scan.h5", "file.h5", code=2).stderr
    assert "| threshold levle=25\n            ^~~~~" in error


def test_standard_reads_without_us(beampress, desk):
    run(beampress, desk, "quantise abs=2 | deflate", "scan.h5", "std.h5", "--standard")
    run(beampress, desk, "quantise abs=2 | deflate", "scan.h5", "own.h5")
    with h5py.File(desk / "std.h5", "r") as std, plain(beampress, desk, "own.h5") as own, source(desk, "scan.h5") as was:
        assert (std[DATA][:] == own[DATA][:]).all()
        assert abs(std[DATA][:].astype(int) - was[DATA][:].astype(int)).max() <= 2


BAD = [  # pipeline, file, exit code, word at fault, part of the message
    ("photon | crop", "scan.h5", 2, "crop", "behind the codec"),
    ("crop | jpegls", "float.h5", 4, "jpegls", "float32"),
    ("quantise step=0.5mm", "scan.h5", 2, "step=0.5mm", "no unit"),
    ("darkflat", "scan.h5", 2, "darkflat", "no flat"),
    ("mask file=/entry/timestamp", "scan.h5", 3, "file=/entry/timestamp", "another shape"),
    ("mask file=/nothing", "scan.h5", 3, "file=/nothing", "/nothing"),
    ("gain pedestal=/entry/timestamp", "scan.h5", None, "pedestal=/entry/timestamp", ""),
    ("veto frames=3:300", "scan.h5", 2, "frames=3:300", "24 frames"),
    ("veto", "scan.h5", 2, "veto", "no condition"),
    ("veto above=3 every=2", "scan.h5", 2, "above=3", "lit"),
    ("veto key=0", "scan.h5", 2, "key=0", "no image_key"),
    ("crop x=56", "scan.h5", 2, "x=56", "56 columns"),
    ("bin x=57", "scan.h5", 2, "x=57", "columns"),
    ("sum frames=25", "scan.h5", 2, "frames=25", "24 frames"),
    ("threshold level=1e99", "scan.h5", 2, "level=1e99", "outside"),
    ("threshold level=2sigma", "scan.h5", 2, "level=2sigma", "read noise"),
    ("quantise step=1sigma abs=3", "scan.h5", 2, None, ""),
    ("bin mode=mean", "tomo.h5", 0, None, ""),
    ("denoise strength", "scan.h5", 2, "strength", ""),
    ("nothing", "scan.h5", 2, "nothing", "no stage or codec"),
]


@pytest.mark.parametrize("pipeline,name,code,word,message", BAD)
def test_bad_input_is_named_before_data_move(beampress, desk, pipeline, name, code, word, message):
    result = beampress("check", pipeline, desk / name, "--json", code=code)
    assert word is None or result.json.get("word") == word, result.json
    assert message in result.stderr
    if result.returncode:
        beampress("run", pipeline, desk / name, desk / "never.h5", code=result.returncode)
        assert not list(desk.glob("*never*"))


def test_bad_frames(beampress, desk):
    error = run(beampress, desk, "veto total>1e9", "scan.h5", "never.h5", code=4).stderr
    assert "none of the 24 frames" in error and not (desk / "never.h5").exists()
    with h5py.File(desk / "empty.h5", "w") as file:
        file["data"] = numpy.zeros((0, 8, 8), "uint16")
    assert "empty" in beampress("check", "crop", desk / "empty.h5", code=3).stderr
    with h5py.File(desk / "keys.h5x", "w") as file:
        file["data"] = numpy.zeros((4, 8, 8), "uint16")
    error = run(beampress, desk, "sum frames=5", "tomo.h5", "never.h5", code=4).stderr
    assert "image_key" in error and not list(desk.glob("*never*"))


def test_what_cannot_follow_stops_the_run(beampress, desk):
    write_tomo(desk / "refs.h5", keys=False)
    with h5py.File(desk / "refs.h5", "r+") as file:
        table = file["entry"].create_dataset("where", (FRAMES,), dtype=h5py.ref_dtype)
        table[:] = [file[DATA].ref] * FRAMES
    result = beampress("check", "crop | veto every=2", desk / "refs.h5", "--json", code=4)
    assert "/entry/where" in result.stderr and result.json["word"] == "veto"
    run(beampress, desk, "veto every=2", "refs.h5", "never.h5", code=4)
    assert not list(desk.glob("*never*"))
    run(beampress, desk, "veto every=2", "refs.h5", "dropped.h5", "--drop", "/entry/where")
    with h5py.File(desk / "dropped.h5", "r") as out:
        assert "where" not in out["entry"] and out["entry/timestamp"].shape == (12,)


def test_interrupt_leaves_nothing(beampress, desk, tmp_path):
    with h5py.File(tmp_path / "large.h5", "w") as file:
        file["data"] = numpy.random.default_rng(1).poisson(50, (400, 256, 256)).astype("uint16")
    binary = beampress("--version") and os.environ.get("BEAMPRESS_BUILD", "build") + "/beampress"
    process = subprocess.Popen([binary, "run", "denoise method=nlm gain=1 | zstd level=19", str(tmp_path / "large.h5"), str(tmp_path / "out.h5"), "-q"],
                               stderr=subprocess.PIPE)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130, process.stderr.read()
    assert [p.name for p in tmp_path.iterdir()] == ["large.h5"]
