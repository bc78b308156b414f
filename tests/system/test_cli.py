# SPDX-License-Identifier: BSD-3-Clause
"""The command by example: every example of the manual, every option, every kind of bad input with its exit code."""
import json
import os
import pathlib
import pty
import re
import shlex
import shutil
import signal
import subprocess
import time

import h5py
import numpy
import pytest

import conftest

SUBCOMMANDS = ["compress", "decompress", "info", "verify", "list", "bench", "simulate", "metric", "analyse", "judge", "explore", "report", "run", "check", "history", "reproduce", "doctor"]
DATASET = "/entry/data/data"


def frames(count=12, rows=64, columns=96, dtype="uint16"):
    random = numpy.random.default_rng(7)
    rate = numpy.linspace(2, 60, columns)[None, None, :] * numpy.ones((count, rows, 1))
    return random.poisson(rate).astype(dtype)


def write_scan(path, values=None, **options):
    values = frames() if values is None else values
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("data")
        data.attrs["NX_class"] = "NXdata"
        data.attrs["signal"] = "data"
        data.create_dataset("data", data=values, chunks=(1, *values.shape[1:]), **options)
        entry["title"] = "made for a test"
    return path


@pytest.fixture
def desk(beampress, tmp_path):
    """A folder as the examples of the manual expect it."""
    write_scan(tmp_path / "scan.h5")
    (tmp_path / "raw" / "deep").mkdir(parents=True)
    write_scan(tmp_path / "raw" / "one.h5")
    write_scan(tmp_path / "raw" / "deep" / "two.nxs", frames(3))
    (tmp_path / "raw" / "notes.txt").write_text("no data\n")
    beampress("decompress", tmp_path / "scan.h5", tmp_path / "frame_01.tif", "--to", "tiff")
    shutil.copy(tmp_path / "frame_01.tif", tmp_path / "frame_02.tif")
    header = b"sixteen bytes...".ljust(16)
    (tmp_path / "frames.raw").write_bytes(header + frames(10).tobytes())
    return tmp_path


def prepare(beampress, desk, subcommand):
    if subcommand in ("decompress", "info"):
        beampress("compress", desk / "scan.h5", "--own", "-q")
        damaged = bytearray((desk / "scan.bp.h5").read_bytes())
        with h5py.File(desk / "scan.bp.h5") as file:
            place = file[DATASET].id.get_chunk_info(3)
        damaged[place.byte_offset + place.size // 2] ^= 1
        (desk / "damaged.bp.h5").write_bytes(damaged)
    if subcommand in ("verify", "metric", "analyse", "judge"):
        beampress("compress", desk / "scan.h5", "-q")
        beampress("compress", desk / "scan.h5", desk / "lossy.h5", "--codec", "jpegls:near=2", "-q")
    if subcommand == "report":
        text = {name: "" for name in ("sentence", "program", "version", "command")}
        lists = {name: [] for name in ("science", "families", "points", "best", "curves", "previews")}
        scan = {"format": "beampress explore 1", **text, **lists, "sample": {}, "cost": {}, "input": {"file": "", "dataset": "", "shape": []},
                "budgets": {"systematic": 0.2, "random": 0.3}}
        (desk / "scan.json").write_text(json.dumps(scan))
    if subcommand == "reproduce":
        beampress("run", "crop x=8 y=8 width=48 height=40", desk / "scan.h5", desk / "crop.h5", "-q")


def examples(beampress, subcommand):
    text = beampress(subcommand, "--help").stdout
    part = re.search(r"^Examples:\n(.*?)^Exit codes:", text, re.M | re.S).group(1)
    return re.findall(r"^  (beampress .*)$", part, re.M)


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_every_example_of_the_manual_runs(beampress, desk, subcommand):
    prepare(beampress, desk, subcommand)
    lines = examples(beampress, subcommand)
    assert lines
    for line in lines:
        words = shlex.split(line)
        assert words[0] == "beampress" and words[1] == subcommand
        result = beampress(*words[1:], code=None, cwd=desk)
        expected = {"doctor": (0, 1), "judge": (0, 1, 6), "decompress": (6 if "--salvage" in line else 0,)}.get(subcommand, (0,))
        assert result.returncode in expected, (line, result.stderr)


def test_examples_did_what_they_say(beampress, desk):
    beampress("compress", "scan.h5", cwd=desk)
    beampress("verify", "scan.h5", "scan.bp.h5", cwd=desk)
    beampress("compress", "-r", "raw", "--out-dir", "small", cwd=desk)
    assert sorted(str(p.relative_to(desk / "small")) for p in (desk / "small").rglob("*.*")) == [
        "deep/two.nxs", "one.h5"]
    beampress("verify", desk / "raw/deep/two.nxs", desk / "small/deep/two.nxs")
    beampress("compress", "frame_*.tif", "frames.h5", cwd=desk)
    beampress("compress", "frame_01.tif", "frame_02.tif", "frames2.h5", cwd=desk)
    beampress("verify", "frames.h5", "frames2.h5", cwd=desk)
    beampress("compress", "frames.raw", "--shape", "10x64x96", "--dtype", "uint16", "--offset", "16", cwd=desk)
    with h5py.File(desk / "frames.bp.h5") as file:
        found = []
        file.visititems(lambda name, item: found.append(item[()]) if getattr(item, "ndim", 0) == 3 else None)
        assert len(found) == 1 and (found[0] == frames(10)).all()


def test_metric_with_and_without_what_is_left_out(beampress, desk):
    for options in ([], ["--keep-labels"], ["--no-mask"], ["--frame", "2"]):
        said = beampress("metric", "scan.h5", "scan.h5", "--dataset", DATASET, *options, cwd=desk).stdout
        assert "identical: every value is the same" in said


def test_analyse_with_regions(beampress, desk):
    with h5py.File(desk / "scan.h5", "a") as file:
        file["map"] = numpy.repeat([[1, 2]], 64, axis=0).repeat(48, axis=1)
    said = beampress("analyse", "xpcs", "scan.h5", "--dataset", DATASET, "--regions", "/map", cwd=desk).stdout
    assert "region 1" in said and "region 2" in said


def test_every_option_is_documented_and_tried_somewhere(beampress):
    """Options that no test and no example uses are options that nobody knows to work."""
    used = "".join(path.read_text() for path in sorted(pathlib.Path(__file__).parent.glob("test_*.py")))
    used += "".join(line for s in SUBCOMMANDS for line in examples(beampress, s))
    for subcommand in SUBCOMMANDS:
        for option in re.findall(r"^ +(?:-\w, )?--([\w-]+)", beampress(subcommand, "--help").stdout, re.M):
            assert f"--{option}" in used, option


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_help_names_exit_codes_and_options(beampress, subcommand):
    text = beampress(subcommand, "--help").stdout
    assert f"beampress {subcommand}" in text and "--json" in text and "130" in text
    assert beampress(subcommand, "-h").stdout == text
    assert max(map(len, text.splitlines())) <= 110


def test_help_and_version_of_the_whole(beampress):
    assert all(f"  {s} " in beampress("--help").stdout for s in SUBCOMMANDS)
    version = beampress("--version").stdout
    assert re.search(r"^beampress \d+\.\d+\.\d+$", version, re.M) and re.search(r"^hdf5 1|^hdf5 2", version, re.M)


@pytest.mark.parametrize("words", [
    [], ["frobnicate"], ["--json"], ["compress"], ["compress", "--frobnicate", "x.h5"], ["compress", "-Z", "x.h5"],
    ["verify", "a.h5"], ["verify", "a.h5", "b.h5", "c.h5"], ["info", ""], ["list", "dogs"], ["analyse", "dogs", "scan.h5"], ["analyse", "segment"],
    ["analyse", "segment:classes=1", "scan.h5"], ["metric", "a.h5"], ["metric", "scan.h5", "scan.h5", "--frame", "-1"],
    ["metric", "scan.h5", "scan.h5", "nosuch"],
    ["simulate", "poisson"], ["simulate", "dogs", "x.h5"], ["simulate", "poisson", "rate=1", "x.h5"],
    ["simulate", "poisson", "x.h5", "rate=0"], ["simulate", "poisson", "x.h5", "rate=1e6"],
    ["simulate", "poisson", "x.h5", "rate"], ["simulate", "poisson", "x.h5", "frames=1.5"],
    ["simulate", "poisson", "x.h5", "rate=300", "dtype=uint8"], ["simulate", "poisson", "x.h5", "dtype=int16"],
    ["compress", "scan.h5", "--codec", "nosuch"], ["compress", "scan.h5", "--codec", "bslz4:block=7"],
    ["compress", "scan.h5", "--codec", "bslz4:nosuch=1"], ["compress", "scan.h5", "--codec", "zstd:level=1x"],
    ["compress", "scan.h5", "--codec", "zstd", "--codec", "lz4"], ["compress", "scan.h5", "--level", "best"],
    ["compress", "scan.h5", "--threads", "0"], ["compress", "scan.h5", "--threads", "-1"],
    ["compress", "scan.h5", "--threads", "2x"], ["compress", "scan.h5", "--threads", " 2"],
    ["compress", "scan.h5", "--threads", "99999999999999999999"], ["compress", "scan.h5", "--memory", "12Q"],
    ["compress", "scan.h5", "--memory", "1"], ["compress", "scan.h5", "--chunk", "1x2x"],
    ["compress", "scan.h5", "--chunk", "0x2"], ["compress", "scan.h5", "--standard", "--own"],
    ["compress", "scan.h5", "--dataset", "entry/data"], ["compress", "scan.h5", "--shape", "3x4"],
    ["compress", "scan.h5", "--dtype", "uint16"], ["compress", "scan.h5", "--offset", "3"],
    ["compress", "scan.h5", "--big-endian"], ["compress", "scan.h5", "--shape", "3", "--dtype", "int7"],
    ["compress", "scan.h5", "--replace", "--out-dir", "x"], ["compress", "scan.h5", "--replace", "--no-verify"],
    ["compress", "."], ["compress", "nosuch_*.tif"], ["compress", "scan.h5", "scan.h5"],
    ["decompress", "scan.h5", "--to", "jpeg"], ["decompress", "scan.h5", "--dataset", "/entry/data/data"],
    ["decompress", "scan.h5", "--replace", "--to", "npy"], ["decompress", "a.h5", "b.h5", "c.h5"],
    ["verify", "scan.h5", "scan.h5", "--bound", "-1"], ["verify", "scan.h5", "scan.h5", "--bound", "nan"],
    ["verify", "scan.h5", "scan.h5", "--bound", "0x1"], ["bench", "scan.h5", "--json", "--csv"],
    ["compress", "nosuch_*.tif", "--out-dir", "x"], ["bench", "scan.h5", "--chunk", "4x4", "-q"],
    ["bench", "scan.h5", "--chunk", "4x4", "--dataset", "/entry/data/data"],
])
def test_wrong_use_is_exit_2_and_one_line(beampress, tmp_path, words):
    write_scan(tmp_path / "scan.h5")
    before = (tmp_path / "scan.h5").read_bytes()
    result = beampress(*words, code=2, cwd=tmp_path)
    assert result.stderr.startswith("beampress: ") and result.stderr.count("\n") == 1
    assert "--json" in words or result.stdout == ""
    assert os.listdir(tmp_path) == ["scan.h5"] and (tmp_path / "scan.h5").read_bytes() == before


@pytest.mark.parametrize("subcommand", ["compress", "decompress", "info", "bench"])
def test_unreadable_input_is_exit_3(beampress, tmp_path, subcommand):
    good = write_scan(tmp_path / "good.h5").read_bytes()
    (tmp_path / "empty.h5").write_bytes(b"")
    (tmp_path / "short.h5").write_bytes(good[:len(good) // 3])
    (tmp_path / "text.h5").write_text("this is no HDF5 file\n")
    for name in ("missing.h5", "empty.h5", "short.h5", "text.h5"):
        result = beampress(subcommand, name, code=3, cwd=tmp_path)
        assert re.fullmatch(rf"beampress: {name}: .+\n", result.stderr), result.stderr
    assert sorted(os.listdir(tmp_path)) == ["empty.h5", "good.h5", "short.h5", "text.h5"]


def test_verify_of_what_is_not_there_is_exit_3(beampress, tmp_path):
    write_scan(tmp_path / "a.h5")
    assert "b.h5" in beampress("verify", "a.h5", "b.h5", code=3, cwd=tmp_path).stderr


def test_a_damaged_chunk_names_file_and_dataset(beampress, desk):
    prepare(beampress, desk, "decompress")
    result = beampress("decompress", "damaged.bp.h5", code=3, cwd=desk)
    assert re.match(rf"beampress: damaged.bp.h5: {DATASET}: .", result.stderr), result.stderr
    assert not (desk / "damaged.plain.h5").exists()
    result = beampress("decompress", "--salvage", "damaged.bp.h5", "rescued.h5", cwd=desk, code=6)
    assert "lost: " in result.stdout and DATASET in result.stdout
    assert "damaged.bp.h5: 1 chunk is lost; the rest is in rescued.h5" in result.stderr
    beampress("decompress", "--salvage", "scan.h5", "intact.h5", cwd=desk)
    (desk / "text.h5").write_text("nothing\n")
    beampress("decompress", "--salvage", "text.h5", "damaged.bp.h5", "scan.h5", "--out-dir", "many", cwd=desk, code=3)
    beampress("decompress", "--salvage", "damaged.bp.h5", "scan.h5", "--out-dir", "two", cwd=desk, code=6)
    for pair in (["scan.h5", "damaged.bp.h5"], ["damaged.bp.h5", "scan.h5"]):
        said = beampress("verify", *pair, cwd=desk, code=3).stderr
        assert "damaged.bp.h5" in said and DATASET in said and "3,0,0" in said
    with h5py.File(desk / "rescued.h5") as rescued, h5py.File(desk / "scan.h5") as scan:
        same = (rescued[DATASET][()] == scan[DATASET][()]).all(axis=(1, 2))
        assert same.sum() == len(same) - 1


def test_unsupported_is_exit_4(beampress, tmp_path):
    write_scan(tmp_path / "scan.h5", frames(dtype="int32"))
    result = beampress("compress", "scan.h5", "--codec", "jpegls", code=4, cwd=tmp_path)
    assert "int32" in result.stderr
    write_scan(tmp_path / "scan16.h5")
    beampress("compress", "scan16.h5", "--codec", "jpegls", "--standard", code=4, cwd=tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["scan.h5", "scan16.h5"]


def test_output_that_cannot_be_written_is_exit_5(beampress, tmp_path):
    write_scan(tmp_path / "scan.h5")
    (tmp_path / "there.h5").write_text("precious")
    assert "overwrite" in beampress("compress", "scan.h5", "there.h5", code=5, cwd=tmp_path).stderr
    assert (tmp_path / "there.h5").read_text() == "precious"
    beampress("compress", "scan.h5", "no/such/folder/out.h5", code=5, cwd=tmp_path)
    beampress("compress", "scan.h5", "there.h5", "--overwrite", cwd=tmp_path)
    beampress("verify", "scan.h5", "there.h5", cwd=tmp_path)


def test_full_or_closed_standard_output_is_exit_5(beampress):
    with open("/dev/full", "w", encoding="utf8") as full:
        for words in (["list"], ["list", "--json"], ["--help"], ["--version"]):
            done = subprocess.run([conftest.COMMAND, *words], stdout=full, stderr=subprocess.PIPE, text=True,
                                  check=False)
            assert done.returncode == 5 and "standard output" in done.stderr
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([conftest.COMMAND, "list"], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.returncode == 5


def test_differing_files_are_exit_1(beampress, tmp_path):
    values = frames()
    write_scan(tmp_path / "a.h5", values)
    values[5, 3, 2] += 2
    write_scan(tmp_path / "b.h5", values)
    result = beampress("verify", "a.h5", "b.h5", code=1, cwd=tmp_path)
    assert DATASET in result.stdout and "5,3,2" in result.stdout.replace(" ", "")
    beampress("verify", "a.h5", "b.h5", "--bound", "1.5", code=1, cwd=tmp_path)
    beampress("verify", "a.h5", "b.h5", "-b", "2", "--threads", "2", "--memory", "8M", cwd=tmp_path)


def test_forms_of_compress(beampress, tmp_path):
    write_scan(tmp_path / "scan.h5")
    cases = {
        "plain": [], "everybody": ["--standard"], "standard": ["--standard", "-c", "zstd", "-l", "fast"], "own": ["--own"],
        "bare": ["--no-fletcher32", "--no-verify", "--standard"], "sinogram": ["--chunk", "sinogram"],
        "exact": ["--chunk", "2x32x96", "--threads", "2", "--memory", "64M"], "frame": ["-k", "frame"],
        "named": ["--dataset", DATASET, "--codec", "deflate:level=9"], "again": ["--again", "--follow"],
        "links": ["--keep-links", "--verbose"],
    }
    filters = {}
    for name, words in cases.items():
        beampress("compress", "scan.h5", f"{name}.h5", *words, cwd=tmp_path)
        beampress("verify", "scan.h5", f"{name}.h5", "-q", cwd=tmp_path)
        with h5py.File(tmp_path / f"{name}.h5") as file:
            dcpl = file[DATASET].id.get_create_plist()
            filters[name] = [dcpl.get_filter(i)[0] for i in range(dcpl.get_nfilters())], file[DATASET].chunks
    assert filters["plain"] == ([47104], (1, 64, 96)) and filters["everybody"] == ([32008, 3], (1, 64, 96))
    assert filters["standard"][0][-2:] == [32015, 3] and filters["bare"][0] == [32008]
    assert len(filters["own"][0]) == 1 and filters["own"][0][0] >= 32768
    assert filters["sinogram"][1] == (12, 1, 96) and filters["exact"][1] == (2, 32, 96)
    assert 1 in filters["named"][0]


def test_notes_tell_who_can_read(beampress, tmp_path):
    write_scan(tmp_path / "scan.h5")
    assert "hdf5plugin" in beampress("compress", "scan.h5", "a.h5", "--standard", cwd=tmp_path).stderr
    for words in (["b.h5", "--own"], ["g.h5", "--codec", "photon"]):
        said = beampress("compress", "scan.h5", *words, cwd=tmp_path).stderr
        assert "beampress plug-in" in said and "HDF5_PLUGIN_PATH" in said and "doctor" in said and "--standard" in said
        assert said.count("\n") == 1
    assert "Debian 12" in beampress("compress", "scan.h5", "c.h5", "--codec", "bszstd", cwd=tmp_path).stderr
    assert "Debian 12" in beampress("info", "c.h5", cwd=tmp_path).stderr
    assert "one level" in beampress("compress", "scan.h5", "d.h5", "--codec", "bslz4", "--level", "max", cwd=tmp_path).stderr
    result = beampress("compress", "scan.h5", "e.h5", "--quiet", cwd=tmp_path)
    assert result.stdout == result.stderr == ""
    lossy = beampress("compress", "scan.h5", "f.h5", "--codec", "jpegls:near=3", cwd=tmp_path)
    assert re.search(r"largest error [123]\b", lossy.stdout)


def test_in_place_keeps_mode_and_content(beampress, tmp_path):
    write_scan(tmp_path / "scan.h5")
    shutil.copy(tmp_path / "scan.h5", tmp_path / "copy.h5")
    os.chmod(tmp_path / "scan.h5", 0o640)
    beampress("compress", "--replace", "scan.h5", cwd=tmp_path)
    assert (tmp_path / "scan.h5").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "scan.h5").stat().st_size < (tmp_path / "copy.h5").stat().st_size
    beampress("verify", "scan.h5", "copy.h5", cwd=tmp_path)
    beampress("decompress", "--replace", "scan.h5", cwd=tmp_path)
    beampress("verify", "scan.h5", "copy.h5", cwd=tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["copy.h5", "scan.h5"]


def test_folders_go_on_after_a_failure(beampress, desk):
    (desk / "raw" / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\nbroken")
    result = beampress("compress", "--recursive", "raw", "-o", "small", code=3, cwd=desk)
    assert "raw/broken.h5" in result.stderr
    assert (desk / "small" / "one.h5").exists() and (desk / "small" / "deep" / "two.nxs").exists()
    (desk / "raw" / "broken.h5").unlink()
    shutil.rmtree(desk / "small")
    beampress("compress", "-r", "raw", cwd=desk)
    assert (desk / "raw" / "one.bp.h5").exists() and (desk / "raw" / "deep" / "two.bp.nxs").exists()
    beampress("compress", "-r", "raw", "--overwrite", cwd=desk)
    assert not list((desk / "raw").rglob("*.bp.bp.*")), "outputs are no inputs"
    beampress("decompress", "-r", "small2", code=3, cwd=desk)


def test_a_folder_with_a_master_and_its_data_files(beampress, tmp_path):
    (tmp_path / "in").mkdir()
    write_scan(tmp_path / "in" / "z_data.h5")
    with h5py.File(tmp_path / "in" / "a_master.h5", "w") as file:
        file["data"] = h5py.ExternalLink("z_data.h5", DATASET)
    beampress("compress", tmp_path / "in" / "a_master.h5", tmp_path / "elsewhere.h5", code=4)
    beampress("compress", "-r", tmp_path / "in", "--out-dir", tmp_path / "out")
    with h5py.File(tmp_path / "out" / "a_master.h5") as file:
        assert (file["data"][()] == frames()).all()


def test_defaults_for_the_name_of_the_output(beampress, tmp_path):
    write_scan(tmp_path / "a.b.nxs")
    write_scan(tmp_path / "bare")
    beampress("compress", "a.b.nxs", cwd=tmp_path)
    beampress("compress", "bare", cwd=tmp_path)
    beampress("decompress", "a.b.bp.nxs", cwd=tmp_path)
    beampress("decompress", "a.b.bp.nxs", "--to", "npy", cwd=tmp_path)
    beampress("decompress", "a.b.nxs", "--to", "raw", "--dataset", DATASET, cwd=tmp_path)
    names = set(os.listdir(tmp_path))
    assert {"a.b.bp.nxs", "bare.bp.h5", "a.b.plain.nxs", "a.b.npy", "a.b.raw"} <= names
    assert (numpy.load(tmp_path / "a.b.npy") == frames()).all()
    assert (tmp_path / "a.b.raw").read_bytes() == frames().tobytes()


def test_raw_bytes_in_the_other_byte_order(beampress, tmp_path):
    values = frames(4)
    (tmp_path / "x.bin").write_bytes(values.astype(">u2").tobytes())
    beampress("compress", "x.bin", "--shape", "4x64x96", "--dtype", "uint16", "--big-endian", cwd=tmp_path)
    beampress("decompress", "x.bp.h5", "--to", "npy", cwd=tmp_path)
    assert (numpy.load(tmp_path / "x.npy") == values).all()


def run_on_terminal(words, cwd):
    """What the command writes to a terminal on standard error."""
    master, slave = pty.openpty()
    with subprocess.Popen([conftest.COMMAND, *words], stdout=subprocess.DEVNULL, stderr=slave, cwd=cwd) as process:
        os.close(slave)
        said = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            said += piece
    os.close(master)
    assert process.returncode == 0
    return said.decode()


def test_progress_on_a_terminal_only(beampress, tmp_path):
    write_scan(tmp_path / "big.h5", numpy.tile(frames(20, 512, 512), (4, 1, 1)))
    words = ["compress", "big.h5", "--codec", "deflate:level=9", "--threads", "1", "--overwrite"]
    said = run_on_terminal(words, tmp_path)
    assert "\r" in said and "left" in said and "B/s" in said and "%" in said
    assert "\r" not in run_on_terminal([*words, "--quiet"], tmp_path)
    piped = beampress(*words, cwd=tmp_path)
    assert "\r" not in piped.stderr + piped.stdout and "\033" not in piped.stderr + piped.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_is_exit_130_and_leaves_nothing(beampress, tmp_path, number):
    write_scan(tmp_path / "big.h5", numpy.tile(frames(20, 512, 512), (6, 1, 1)))
    words = [conftest.COMMAND, "compress", "big.h5", "--codec", "deflate:level=12", "--threads", "1"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while len(os.listdir(tmp_path)) < 2 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)
        process.send_signal(number)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert os.listdir(tmp_path) == ["big.h5"]


def test_bench_measures_and_compares(beampress, tmp_path):
    write_scan(tmp_path / "scan.h5")
    text = beampress("bench", "scan.h5", "--codec", "bslz4", "--codec", "zstd", "--level", "fast", "--memory", "64K",
                     cwd=tmp_path).stdout
    assert "bslz4" in text and "zstd" in text and "uint16" in text and " yes" in text
    text = beampress("bench", "scan.h5", "-c", "bslz4", "--csv", "--chunk", "sinogram", cwd=tmp_path).stdout
    head, row = text.splitlines()
    assert head.startswith("file,dataset,codec,params") and row.startswith("scan.h5,/entry/data/data,bslz4")
    (tmp_path / "none.h5").write_bytes(write_scan(tmp_path / "tiny.h5", frames(1, 2, 2)).read_bytes())
    beampress("bench", "none.h5", code=4, cwd=tmp_path)
    beampress("bench", "scan.h5", "--dataset", "/nosuch", code=3, cwd=tmp_path)


def test_bench_within_a_time(beampress, tmp_path):
    write_scan(tmp_path / "scan.h5")
    rows = beampress("bench", "scan.h5", "-c", "bslz4", "--quick", "--peers", "--json", cwd=tmp_path).json["results"]
    assert all(row["lossless"] and row["encode_MBps"] > 0 for row in rows if "failed" not in row)
    assert not any(row["codec"] == "bzip2" for row in rows), "no common setting"
    slow = beampress("bench", "scan.h5", "-c", "zstd:level=19", "--time", "1e-6", "--json", cwd=tmp_path).json["results"][0]
    whole = beampress("bench", "scan.h5", "-c", "zstd:level=19", "--json", cwd=tmp_path).json["results"][0]
    assert slow["measured"] == 1 and slow["chunks"] == whole["measured"] == 12 and whole["passes"] >= 3
    assert slow["first_bytes"] == whole["first_bytes"][:1] and len(whole["first_bytes"]) == 4
    assert whole["first_bytes"] == sorted(whole["first_bytes"]) and whole["first_bytes"][-1] < whole["stored_bytes"]
    several = beampress("bench", "scan.h5", "-c", "bslz4", "--chunk", "4", "--json", cwd=tmp_path).json["results"][0]
    assert several["chunk"] == [4, 64, 96] and several["chunks"] == 3


def test_bench_goes_on_behind_a_failure(beampress, tmp_path):
    write_scan(tmp_path / "scan.h5")
    result = beampress("bench", "missing.h5", "scan.h5", "-c", "bslz4", "-d", DATASET, "-d", "/nosuch", code=3, cwd=tmp_path)
    assert "bslz4" in result.stdout and result.stderr.count("\n") == 3


def test_bench_survives_a_plug_in_that_crashes(beampress, tmp_path):
    """A plug-in file whose loading kills the process is a row that says so."""
    write_scan(tmp_path / "scan.h5")
    source = tmp_path / "bad.c"
    source.write_text("#include <stdlib.h>\n__attribute__((constructor)) static void die(void) { abort(); }\n")
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    subprocess.run(["cc", "-shared", "-fPIC", "-o", plugins / "libbad.so", source], check=True)
    environment = dict(os.environ, HDF5_PLUGIN_PATH=str(plugins))
    result = beampress("bench", "scan.h5", "--codec", "bslz4", "--peers", "--json", cwd=tmp_path, env=environment)
    rows = result.json["results"]
    bad = [row for row in rows if row.get("plugin", "").endswith("libbad.so")]
    assert len(bad) == 1 and "crashed" in bad[0]["failed"]
    assert any(row.get("peer") and row["codec"] == "deflate" and row["lossless"] for row in rows)


def test_info_of_values_with_known_noise(beampress, tmp_path):
    write_scan(tmp_path / "scan.h5", frames(16, 256, 256))
    text = beampress("info", "scan.h5", "--dataset", DATASET, "--memory", "1G", "--threads", "1", cwd=tmp_path).stdout
    gain = float(re.search(r"gain: (\S+) per count", text).group(1))
    assert abs(gain - 1) < 0.03
    assert "zeros:" in text and "unique values:" in text and "entropy:" in text and "Poisson limit" in text
    beampress("info", "scan.h5", "--dataset", "/nosuch", code=3, cwd=tmp_path)


def test_info_of_a_flat_scene_knows_the_limit(beampress, tmp_path):
    """Entropy of Poisson counts of mean 5: 3.180 bits."""
    write_scan(tmp_path / "flat.h5", numpy.random.default_rng(1).poisson(5, (20, 128, 128)).astype("uint16"))
    text = beampress("info", "flat.h5", "-d", DATASET, cwd=tmp_path).stdout
    assert "not estimated" in text
    bits = float(re.search(r"Poisson limit of lossless ratio: \S+ \((\S+) bits", text).group(1))
    assert abs(bits - 3.180) < 0.01


def test_info_of_other_formats(beampress, desk):
    assert "tiff" in beampress("info", "frame_01.tif", cwd=desk).stdout
    assert "bslz4" in beampress("bench", "frame_01.tif", "--codec", "bslz4", cwd=desk).stdout


def test_doctor_knows_when_all_is_well(beampress, plugins):
    environment = dict(os.environ, PATH="/usr/bin:/bin")
    well = beampress("doctor", code=0, env=environment)
    assert "finds the beampress plug-in" in well.stdout and "todo" not in well.stdout
    environment["HDF5_PLUGIN_PATH"] = "/nonexistent"
    ill = beampress("doctor", code=1, env=environment)
    assert "todo" in ill.stdout and "HDF5_PLUGIN_PATH=" in ill.stdout and "replaces" in ill.stdout
    environment["HDF5_PLUGIN_PRELOAD"] = "::"
    assert "PRELOAD" in beampress("doctor", "-q", code=1, env=environment).stdout


def test_names_in_utf8_and_odd_characters(beampress, tmp_path):
    name = "Prüfung\n.h5"
    write_scan(tmp_path / name)
    beampress("compress", name, "größe.h5", cwd=tmp_path)
    assert beampress("info", "größe.h5", "--json", cwd=tmp_path).json["file"] == "größe.h5"
    said = beampress("info", "no\nsuch.h5", code=3, cwd=tmp_path).stderr
    assert said.count("\n") == 1


def test_manual_and_completions_are_made_from_the_same_tables(beampress, tmp_path):
    beampress("generate", "man", tmp_path)
    beampress("generate", "completion", tmp_path)
    pages = sorted(p.name for p in tmp_path.glob("*.1"))
    assert pages == sorted(["beampress.1", *(f"beampress-{s}.1" for s in SUBCOMMANDS)])
    for subcommand in SUBCOMMANDS:
        page = (tmp_path / f"beampress-{subcommand}.1").read_text().replace("\\-", "-")
        options = re.findall(r"--([\w-]+)", beampress(subcommand, "--help").stdout)
        assert all(f"--{option}" in page for option in options)
        if shutil.which("man"):
            done = subprocess.run(["man", "--warnings", "-l", tmp_path / f"beampress-{subcommand}.1"],
                                  capture_output=True, text=True, check=True, env=dict(os.environ, MANWIDTH="80"))
            assert done.stderr == ""


def complete_in_bash(script, line):
    words = line.split(" ")
    program = f"source {script}; COMP_WORDS=({' '.join(shlex.quote(w) for w in words)}); " \
              f"COMP_CWORD={len(words) - 1}; _beampress; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    return subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True).stdout.split()


def test_completion_in_bash(beampress, tmp_path):
    beampress("generate", "completion", tmp_path)
    script = tmp_path / "beampress.bash"
    assert complete_in_bash(script, "beampress co") == ["compress"]
    assert complete_in_bash(script, "beampress compress --thr") == ["--threads"]
    assert complete_in_bash(script, "beampress compress --level m") == ["max"]
    assert "bslz4" in complete_in_bash(script, "beampress bench --codec bs")
    assert complete_in_bash(script, "beampress list co") == ["codecs"]
    if shutil.which("zsh"):
        subprocess.run(["zsh", "-n", tmp_path / "_beampress"], check=True)
