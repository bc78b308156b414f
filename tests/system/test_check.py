# SPDX-License-Identifier: BSD-3-Clause
"""beampress check: bad input is named before data move, with the word at fault; and what is said of a run is what the
run does."""
import h5py
import numpy
import pytest
from test_pipeline import COLUMNS, DATA, FRAMES, ROWS, write_tomo

SHAPE = (ROWS, COLUMNS)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Frames with and without an image_key, with negative values, without frames, and maps that fit or do not."""
    folder = tmp_path_factory.mktemp("check")
    write_tomo(folder / "scan.h5", keys=False)
    write_tomo(folder / "tomo.h5")
    random = numpy.random.default_rng(7)
    with h5py.File(folder / "negative.h5", "w") as file:
        file["data"] = random.poisson(30, (FRAMES,) + SHAPE).astype("int32")
        file["data"][5, 3, 4] = -50
    with h5py.File(folder / "empty.h5", "w") as file:
        file["data"] = numpy.zeros((0,) + SHAPE, "uint16")
    for name, frame in (("nan_flat.h5", 0), ("dark_flat.h5", 1)):
        with h5py.File(folder / name, "w") as file:
            file.create_group("entry").attrs["NX_class"] = "NXentry"
            detector = file.create_group("entry/detector")
            detector.attrs["NX_class"] = "NXdetector"
            data = random.poisson(100, (6,) + SHAPE).astype("float32")
            data[0], data[1] = 400, 10
            data[frame, 7, 8] = 500 if frame else numpy.nan
            detector["data"], detector["image_key"] = data, numpy.array([1, 2, 0, 0, 0, 0])
    with h5py.File(folder / "maps.h5", "w") as file:
        good = numpy.full(SHAPE, 200.0)
        file["flat"], file["zero"], file["small"], file["dark"] = good, 0 * good, good[1:], good / 20
        file["mask"], file["planes"], file["turned"] = 0 * good, numpy.zeros((2,) + SHAPE), good.T
        for name in ("flat", "dark"):
            file[f"nan_{name}"] = file[name][:]
            file[f"nan_{name}"][3, 4] = numpy.nan
    for name, angles, key in (("angles.h5", FRAMES + 1, FRAMES), ("keys.h5", FRAMES, FRAMES - 2)):
        write_tomo(folder / name, keys=False)
        with h5py.File(folder / name, "r+") as file:
            for path in ("entry/sample/rotation_angle", "entry/data/rotation_angle"):
                del file[path]
            file["entry/sample/rotation_angle"] = numpy.linspace(0, 180, angles)
            if key != FRAMES:
                file["entry/instrument/detector/image_key"] = numpy.zeros(key, "int32")
    return folder


BAD = [  # pipeline, input, exit code, word at fault, part of the message
    # order of stages and codec, and what the codec takes
    ("photon | crop", "scan.h5", 2, "crop", "behind the codec"),
    ("darkflat flat=MAPS:/flat | jpegls", "scan.h5", 4, "jpegls", "float32"),
    ("quantise step=0.5mm", "scan.h5", 2, "step=0.5mm", "no unit"),
    ("crop x=-3", "scan.h5", 2, "x=-3", "outside"),
    ("threshold level=1e99", "scan.h5", 2, "level=1e99", "outside"),
    ("denoise strength=1e4", "scan.h5", 2, "strength=1e4", "outside"),
    # flats, darks, masks, pedestals
    ("darkflat", "scan.h5", 2, "darkflat", "no flat"),
    ("darkflat flat=MAPS:/nothing", "scan.h5", 3, "flat=MAPS:/nothing", "/nothing"),
    ("darkflat flat=MAPS:/nan_flat", "scan.h5", 3, "flat=MAPS:/nan_flat", "is not finite"),
    ("darkflat flat=MAPS:/flat dark=MAPS:/nan_dark", "scan.h5", 3, "dark=MAPS:/nan_dark", "is not finite"),
    ("darkflat flat=MAPS:/zero", "scan.h5", 3, "flat=MAPS:/zero", "is not above the dark"),
    ("darkflat flat=MAPS:/dark dark=MAPS:/flat", "scan.h5", 3, "flat=MAPS:/dark", "is not above the dark"),
    ("crop x=2 | darkflat flat=MAPS:/flat", "scan.h5", 3, "flat=MAPS:/flat", "of another detector"),
    ("darkflat", "nan_flat.h5", 3, "darkflat", "row 7, column 8, where flat is not finite"),
    ("darkflat", "dark_flat.h5", 3, "darkflat", "row 7, column 8, where flat is not above the dark"),
    ("mask file=MAPS:/small", "scan.h5", 3, "file=MAPS:/small", "another shape"),
    ("gain pedestal=MAPS:/small adu=3", "scan.h5", 3, "pedestal=MAPS:/small", "of another detector"),
    ("gain pedestal=MAPS:/turned adu=3", "scan.h5", 3, "pedestal=MAPS:/turned", "of another detector"),
    ("gain pedestal=MAPS:/planes adu=3", "scan.h5", 3, "pedestal=MAPS:/planes", "2 planes"),
    ("gain pedestal=MAPS:/nan_dark adu=3", "scan.h5", 3, "pedestal=MAPS:/nan_dark", "is not finite"),
    ("gain gain=MAPS:/zero", "scan.h5", 3, "gain=MAPS:/zero", "is 0 or not finite"),
    # frames
    ("veto total>1e9", "scan.h5", 4, "veto", "none of the 24 frames"),
    ("crop | veto frames=3 | veto total>1e9", "scan.h5", 4, "veto", "none of the 1 frames"),
    ("veto key=7", "tomo.h5", 4, "veto", "none of the 24 frames"),
    ("veto every=12 | sum frames=3", "scan.h5", 2, "frames=3", "2 frames"),
    ("veto every=12 | veto frames=20", "scan.h5", 2, "frames=20", "2 frames"),
    ("crop", "empty.h5", 3, None, "empty"),
    # negative counts
    ("quantise step=1sigma gain=1", "negative.h5", 3, "step=1sigma", "row 3, column 4 of frame 5 is a negative count"),
    ("quantise step=1sigma gain=1 offset=2", "negative.h5", 3, "offset=2", "frame 5 is a negative count"),
    ("denoise gain=1", "negative.h5", 3, "gain=1", "frame 5 is a negative count"),
    ("veto frames=4:9 | denoise gain=1 method=temporal offset=1", "negative.h5", 3, "offset=1", "frame 1 is a negative count"),
    ("photonise adu=2", "negative.h5", 3, "adu=2", "frame 5 is a negative count"),
    # contradictions
    ("quantise step=1sigma abs=3", "scan.h5", 2, None, "one of"),
    ("quantise abs=3 | quantise rel=0.1", "scan.h5", 2, "quantise", "twice"),
    ("quantise bits=8 | denoise gain=1", "scan.h5", 2, "denoise", "before quantise"),
    ("photonise adu=1 | gain adu=3", "scan.h5", 2, "gain", "photons already"),
    ("gain gain=MAPS:/flat adu=3", "scan.h5", 2, "adu=3", "contradict"),
    ("order | order", "scan.h5", 2, "order", "twice"),
    ("veto key=0", "scan.h5", 2, "key=0", "no image_key"),
    # what belongs to the frames and would no longer match
    ("crop | veto every=2", "angles.h5", 4, "veto", "/entry/sample/rotation_angle has 25 rows"),
    ("sum frames=2", "angles.h5", 4, "sum", "--drop /entry/sample/rotation_angle"),
    ("veto every=2", "keys.h5", None, None, "image_key"),
    ("order | crop y=3", "scan.h5", 4, "crop", "/entry"),
]


@pytest.mark.parametrize("pipeline,name,code,word,message", BAD)
def test_bad_input_is_named(beampress, desk, pipeline, name, code, word, message):
    maps = str(desk / "maps.h5")
    pipeline = pipeline.replace("MAPS", maps)
    result = beampress("check", pipeline, desk / name, code=code)
    assert result.returncode and message in result.stderr, result.stderr
    if word is None:
        return
    word = word.replace("MAPS", maps)
    lines = result.stderr.rstrip("\n").splitlines()
    assert lines[-1].strip() == "^" + "~" * (len(word) - 1), result.stderr
    assert lines[-2][len(lines[-1]) - len(word):].startswith(word), result.stderr
    # the last of that name is meant
    assert not lines[-2][len(lines[-1]):].startswith(word)
    assert beampress("check", pipeline, desk / name, "--json", code=code).json["word"] == word
    beampress("run", pipeline, desk / name, desk / "never.h5", code=result.returncode)
    assert not list(desk.glob("*never*"))


@pytest.mark.parametrize("pipeline", ["crop x=3", "veto every=3 | order", "sum frames=5 | bslz4", "bin x=2 mode=mean | deflate",
                                      "quantise step=1sigma gain=1 | photon level=max"])
@pytest.mark.parametrize("name", ["scan.h5", "tomo.h5"])
def test_check_says_what_run_writes(beampress, desk, pipeline, name):
    if name == "tomo.h5" and "sum" in pipeline:
        pytest.skip("flats are not added to projections")
    said = beampress("check", pipeline, desk / name, "--json").json
    text = beampress("check", pipeline, desk / name).stdout
    done = beampress("run", pipeline, desk / name, desk / "out.h5", "--overwrite", "--json").json
    with h5py.File(desk / "out.h5", "r") as file:
        assert list(file[DATA].chunks) == said["chunk"] and list(file[DATA].shape) == said["shape"]
    assert " x ".join(map(str, said["chunk"])) + "," in text and "memory: at most" in text
    for key in ("stages", "output", "belongings", "codec"):
        assert said[key] == done[key], key
    assert said["stages_looked_at"] == len(said["stages"])


def test_check_says_what_each_stage_looks_at(beampress, desk):
    said = beampress("check", "sum frames=2 | denoise method=temporal frames=5 gain=1 | order", desk / "scan.h5")
    assert "2 frames" in said.stdout and "2 before, 2 after" in said.stdout and "all frames" in said.stdout
    stages = beampress("check", "denoise method=temporal frames=5 gain=1 | order", desk / "scan.h5", "--json").json["stages"]
    assert (stages[0]["looks_at"], stages[0]["frames_before"], stages[0]["frames_after"]) == ("frames around", 2, 2)
    assert stages[1]["looks_at"] == "all frames" and not stages[1]["gives"]["time_ordered"]


def test_a_large_input_is_not_read_whole(beampress, desk):
    """Frames that were never written read as 0: the file is small, the stack is not."""
    with h5py.File(desk / "large.h5", "w") as file:
        file.create_dataset("data", (2000, 500, 600), "uint16", chunks=(1, 500, 600))
    said = beampress("check", "veto total>1 | quantise bits=8", desk / "large.h5", "--json").json
    assert said["stages_looked_at"] == 0 and not said["output"]["frames_known"]
    assert "up to 2000" in beampress("check", "veto total>1", desk / "large.h5").stdout
    # chosen by number: nothing to be read
    assert "none of the" not in beampress("check", "veto every=500", desk / "large.h5").stderr
    assert beampress("check", "veto every=500", desk / "large.h5", "--json").json["output"]["frames"] == 4
