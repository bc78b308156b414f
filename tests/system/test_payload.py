# SPDX-License-Identifier: BSD-3-Clause
"""Values through whole files: every type, odd shapes and chunks, every codec; damage; and runs that end badly."""
import os
import shutil
import signal
import subprocess
import time

import h5py
import numpy
import pytest

from conftest import COMMAND

DTYPES = ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", ">u2", ">i4", ">f4", ">f8"]
# h5py reads these through the plug-ins that Debian 12 packages
READABLE = ["bslz4", "lz4", "deflate:level=1"]
OTHERS = ["zstd", "bszstd", "store"]


def numbers(dtype, shape, seed=0):
    """Counts with some structure, in the range of the type, NaN and Inf among floats."""
    random = numpy.random.default_rng([seed, *shape])
    values = random.poisson(6, shape) + numpy.arange(shape[-1] if shape else 1)[: shape[-1] if shape else 1] % 5
    values = values.astype(dtype)
    if values.dtype.kind == "f" and values.size > 9:
        values.reshape(-1)[[1, 5, 8]] = [numpy.nan, numpy.inf, -numpy.inf]
    return values


def make_everything(path):
    with h5py.File(path, "w") as f:
        for dtype in DTYPES:
            g = f.create_group(dtype.replace(">", "be_"))
            g["contiguous"] = numbers(dtype, (7, 61, 67))
            g.create_dataset("odd", data=numbers(dtype, (5, 53, 127), 1), chunks=(2, 25, 100))
            g.create_dataset("gzip", data=numbers(dtype, (9, 41, 63), 2), chunks=(1, 41, 63), compression=4,
                             shuffle=True, fletcher32=True)
            g.create_dataset("line", data=numbers(dtype, (20011,), 3))
            g.create_dataset("grows", data=numbers(dtype, (3, 90, 80), 4), maxshape=(None, 90, 80),
                             chunks=(2, 90, 80))
            g.create_dataset("rank6", data=numbers(dtype, (2, 1, 3, 2, 40, 50), 5))
        f.create_dataset("empty", (0, 10, 10), "u2", chunks=(1, 10, 10), maxshape=(None, 10, 10))
        sparse = f.create_dataset("sparse", (1000, 64, 64), "u2", chunks=(1, 64, 64), fillvalue=7)
        sparse[500] = 3
        f.create_dataset("never", (100, 64, 64), "u2", fillvalue=9)
        f["rank32"] = numbers("u2", (1,) * 29 + (3, 60, 70))
        f["bool"] = numpy.zeros((200, 200), bool)
        f["compound"] = numpy.zeros(5000, [("a", "u2"), ("b", "f8")])


def datasets(path):
    found = {}
    with h5py.File(path, "r") as f:
        f.visititems(lambda name, item: found.update(
            {name: (item.dtype, item.shape, item.maxshape, item[()].tobytes())})
            if isinstance(item, h5py.Dataset) else None)
    return found


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    path = tmp_path_factory.mktemp("payload") / "everything.h5"
    make_everything(path)
    return path


@pytest.mark.parametrize("codec, chunk", [
    *((codec, chunk) for codec in (None, *READABLE, *OTHERS) for chunk in (None, "3x17x31")),
    ("bslz4", "frame"), ("bslz4", "sinogram"), (None, "sinogram")])
def test_every_type_and_shape_comes_back(beampress, everything, tmp_path, codec, chunk):
    small, plain = tmp_path / "small.h5", tmp_path / "plain.h5"
    options = (["--codec", codec] if codec else []) + (["--chunk", chunk] if chunk else [])
    report = beampress("compress", everything, small, "--json", *options).json
    assert report["verified"] is True
    before = datasets(everything)
    if codec is None or codec in READABLE:
        assert datasets(small) == before
    beampress("decompress", small, plain)
    assert datasets(plain) == before
    with h5py.File(plain, "r") as f:
        assert f["u2/gzip"].compression is None and not f["u2/gzip"].fletcher32
    with h5py.File(small, "r") as f:
        # what was never written stays so
        if chunk in (None, "frame"):
            assert 0 < f["sparse"].id.get_storage_size() < 64 * 64 * 2 * 2
        assert f["never"].id.get_storage_size() == 0 and f["empty"].id.get_storage_size() == 0


@pytest.mark.parametrize("codec", ["bslz4", "zstd", "jpegls:near=2", "zfp:accuracy=0.5"])
def test_the_same_bytes_always(beampress, everything, tmp_path, codec):
    if codec.split(":")[0] not in beampress("list", "codecs").stdout:
        pytest.skip("SKIP: this build has no such codec")
    outputs = []
    for name, threads, simd in [("a", 1, "c"), ("b", 2, "avx512"), ("c", 3, "avx2"), ("d", 2, "avx512")]:
        out = tmp_path / name
        beampress("compress", everything, out, "--codec", codec, "--threads", threads, "--no-verify",
                  env={**os.environ, "BEAMPRESS_SIMD": simd})
        outputs.append(out.read_bytes())
    assert all(o == outputs[0] for o in outputs)


def make_images(path, frames=12, keys=None, dtype="f4"):
    random = numpy.random.default_rng(3)
    with h5py.File(path, "w") as f:
        entry = f.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        instrument = entry.create_group("instrument")
        instrument.attrs["NX_class"] = "NXinstrument"
        detector = instrument.create_group("detector")
        detector.attrs["NX_class"] = "NXdetector"
        data = (random.normal(1000, 30, (frames, 64, 96))).astype(dtype)
        detector.create_dataset("data", data=data, chunks=(1, 64, 96))
        if keys is not None:
            detector["image_key"] = numpy.array(keys, "i4")
        entry["positions"] = random.normal(size=(100, 100)).astype("f4")
    return data


def test_loss_hits_detector_images_only(beampress, tmp_path):
    keys = [1, 1, 2] + [0] * 8 + [3]
    source, small, twice = (tmp_path / n for n in ("in.h5", "small.h5", "twice.h5"))
    data = make_images(source, keys=keys)
    beampress("compress", source, small, "--codec", "zfp:accuracy=8")
    again = tmp_path / "plain.h5"
    beampress("decompress", small, again)
    with h5py.File(again, "r") as f, h5py.File(source, "r") as g:
        difference = numpy.abs(f["entry/instrument/detector/data"][()] - data).max(axis=(1, 2))
        assert (difference[numpy.array(keys) != 0] == 0).all()
        assert (difference[numpy.array(keys) == 0] > 0).all() and difference.max() <= 8
        assert (f["entry/positions"][()] == g["entry/positions"][()]).all()
        mark = f["entry/instrument/detector/data"].attrs["beampress_lossy"]
        assert b"zfp:accuracy=8" in mark
        assert float(mark.split(b"max_error=")[1]) == pytest.approx(difference.max(), rel=1e-6)
    # once is enough, unless asked for
    beampress("compress", small, twice, "--codec", "zfp:accuracy=30")
    with h5py.File(small, "r") as f, h5py.File(twice, "r") as g:
        a, b = (x["entry/instrument/detector/data"].id for x in (f, g))
        assert a.read_direct_chunk((5, 0, 0)) == b.read_direct_chunk((5, 0, 0))
    # registered filters code all frames alike
    failed = beampress("compress", source, tmp_path / "no.h5", "--codec", "zfp:accuracy=8", "--standard", code=4)
    assert "image_key" in failed.stderr and not (tmp_path / "no.h5").exists()


def test_a_named_dataset_may_lose(beampress, tmp_path):
    source = tmp_path / "in.h5"
    make_images(source)
    beampress("compress", source, tmp_path / "out.h5", "--codec", "zfp:accuracy=0.1", "--dataset",
              "/entry/positions")
    with h5py.File(tmp_path / "out.h5", "r") as f:
        assert "beampress_lossy" in f["entry/positions"].attrs
        assert "beampress_lossy" not in f["entry/instrument/detector/data"].attrs
    beampress("compress", source, tmp_path / "x.h5", "--dataset", "/entry/nowhere", code=2)
    beampress("compress", source, tmp_path / "x.h5", "--codec", "jpegls", "--dataset", "/entry/positions", code=4)


def test_a_filter_that_nobody_has(beampress, tmp_path):
    source, small, plain = tmp_path / "in.h5", tmp_path / "small.h5", tmp_path / "plain.h5"
    with h5py.File(source, "w") as f:
        dcpl = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        dcpl.set_chunk((10, 1000))
        dcpl.set_filter(40123, h5py.h5z.FLAG_OPTIONAL, (1, 2, 3))
        space = h5py.h5s.create_simple((30, 1000))
        unknown = h5py.h5d.create(f.id, b"unknown", h5py.h5t.STD_U16LE, space, dcpl)
        for i in range(0, 30, 10):
            unknown.write_direct_chunk((i, 0), bytes([i]) * (77 + i))
        f["known"] = numbers("u2", (30, 1000))
    for command, a, b in (("compress", source, small), ("decompress", small, plain)):
        beampress(command, a, b)
        with h5py.File(b, "r") as f:
            dataset = f["unknown"].id
            for i in range(0, 30, 10):
                assert dataset.read_direct_chunk((i, 0)) == (0, bytes([i]) * (77 + i))
            assert dataset.get_create_plist().get_filter(0)[2] == (1, 2, 3)


def chunk_place(path, name, offset):
    with h5py.File(path, "r") as f:
        info = f[name].id.get_chunk_info_by_coord(offset)
        return info.byte_offset, info.size


def overwrite(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data)


def test_damage_is_told_and_the_rest_is_saved(beampress, tmp_path):
    source, small, plain = tmp_path / "in.h5", tmp_path / "small.h5", tmp_path / "plain.h5"
    data = numbers("u2", (20, 64, 64))
    with h5py.File(source, "w") as f:
        f.create_dataset("good", data=data)
        f.create_dataset("bad", data=data, fillvalue=11)
    beampress("compress", source, small, "--codec", "bslz4", "--chunk", "frame")
    at, size = chunk_place(small, "bad", (7, 0, 0))
    with open(small, "rb") as f:
        f.seek(at + size // 2)
        byte = f.read(1)[0]
    overwrite(small, at + size // 2, bytes([byte ^ 4]))
    at, _ = chunk_place(small, "bad", (9, 0, 0))
    overwrite(small, at, b"\x10\0\0\0\0\0\0\0")  # 2^60 bytes
    for command in "compress", "decompress":
        failed = beampress(command, small, plain, *(["--codec", "zstd"] if command == "compress" else []), code=3)
        assert "bad" in failed.stderr and "7,0,0" in failed.stderr and str(small) in failed.stderr
        assert sorted(os.listdir(tmp_path)) == ["in.h5", "small.h5"]
    saved = beampress("decompress", "--salvage", small, plain, code=None)
    assert saved.returncode == 6
    assert "7,0,0" in saved.stdout + saved.stderr and "9,0,0" in saved.stdout + saved.stderr
    with h5py.File(plain, "r") as f:
        assert (f["good"][()] == data).all()
        expected = data.copy()
        expected[[7, 9]] = 11
        assert (f["bad"][()] == expected).all()


def test_a_file_that_was_cut(beampress, everything, tmp_path):
    whole = everything.read_bytes()
    for size in (0, 7, 512, 3000, len(whole) // 2, len(whole) - 1):
        cut = tmp_path / "cut.h5"
        cut.write_bytes(whole[:size])
        failed = beampress("compress", cut, tmp_path / "out.h5", code=3)
        assert str(cut) in failed.stderr
        assert os.listdir(tmp_path) == ["cut.h5"]


def test_flipped_bytes_never_crash(beampress, tmp_path):
    source, out = tmp_path / "in.h5", tmp_path / "out.h5"
    with h5py.File(source, "w") as f:
        f.create_dataset("x", data=numbers("u2", (4, 60, 70)), chunks=(1, 60, 70), compression=1, shuffle=True)
        f["y"] = numbers("f4", (100, 60))
    whole = source.read_bytes()
    random = numpy.random.default_rng(11)
    for _ in range(15):
        damaged = bytearray(whole)
        for at in random.integers(0, 4096, 3):
            damaged[at] ^= 1 << int(random.integers(8))
        source.write_bytes(damaged)
        beampress("compress", source, out, "--overwrite", "--codec", "bslz4", code=None, timeout=120)


def test_many_chunks_take_linear_time(beampress, tmp_path):
    seconds = []
    for count in 25000, 100000:
        path = tmp_path / f"{count}.h5"
        with h5py.File(path, "w") as f:
            f.create_dataset("x", data=numpy.arange(count * 4, dtype="u4").reshape(count, 4), chunks=(1, 4))
        start = time.monotonic()
        beampress("compress", path, tmp_path / f"{count}.out", "--codec", "bslz4", "--no-fletcher32")
        seconds.append(time.monotonic() - start)
    assert seconds[1] < 9 * seconds[0] + 1, seconds


def start(*arguments):
    return subprocess.Popen([str(COMMAND), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Takes a good part of a second."""
    path = tmp_path_factory.mktemp("large") / "large.h5"
    with h5py.File(path, "w") as f:
        f.create_dataset("x", data=numpy.tile(numbers("u2", (4, 1000, 1000)), (12, 1, 1)), chunks=(1, 1000, 1000))
    return path


def leftovers(folder):
    return [n for n in os.listdir(folder) if n.endswith(".tmp")]


def test_killed_at_any_moment(beampress, large, tmp_path):
    out = tmp_path / "out.h5"
    out.write_bytes(b"what stood here before")
    for i in range(12):
        run = start("compress", large, out, "--codec", "zstd:level=3", "--overwrite", "--threads", 2)
        time.sleep(0.02 + 0.04 * i)
        run.send_signal(signal.SIGKILL)
        killed = run.wait() == -signal.SIGKILL
        run.communicate()
        if killed:
            assert out.read_bytes() == b"what stood here before"
        assert len(leftovers(tmp_path)) <= 1
        if not killed:
            out.write_bytes(b"what stood here before")
    beampress("compress", large, out, "--overwrite", "--codec", "bslz4")
    assert os.listdir(tmp_path) == ["out.h5"]


def test_interrupted(beampress, large, tmp_path):
    for i in range(4):
        run = start("compress", large, tmp_path / "out.h5", "--codec", "zstd:level=15", "--threads", 2)
        time.sleep(0.1 + 0.1 * i)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=60)
        assert run.returncode in (130, -signal.SIGINT)
        # a signal before the command listens ends it at once, before anything is written
        assert os.listdir(tmp_path) == []


def test_runs_side_by_side(beampress, large, tmp_path):
    out = tmp_path / "out.h5"
    runs = [start("compress", large, out, "--codec", "bslz4", "--overwrite") for _ in range(3)]
    assert [r.wait() for r in runs] == [0, 0, 0]
    for r in runs:
        r.communicate()
    assert os.listdir(tmp_path) == ["out.h5"]
    runs = [start("compress", large, tmp_path / "new.h5", "--codec", "bslz4") for _ in range(3)]
    assert sorted(r.wait() for r in runs) == [0, 5, 5]
    for r in runs:
        r.communicate()
    assert sorted(os.listdir(tmp_path)) == ["new.h5", "out.h5"]


def test_outputs_that_may_not_be(beampress, everything, tmp_path):
    source = tmp_path / "in.h5"
    shutil.copy(everything, source)
    before = source.read_bytes()
    os.symlink(source, tmp_path / "soft.h5")
    os.link(source, tmp_path / "hard.h5")
    for name in "in.h5", "soft.h5", "hard.h5":
        failed = beampress("compress", source, tmp_path / name, "--overwrite", code=2)
        assert "same file" in failed.stderr
    (tmp_path / "there.h5").write_bytes(b"x")
    assert "exists" in beampress("compress", source, tmp_path / "there.h5", code=5).stderr
    assert (tmp_path / "there.h5").read_bytes() == b"x" and source.read_bytes() == before
    beampress("compress", source, tmp_path / "no" / "where.h5", code=5)
    assert not leftovers(tmp_path)


def test_replace(beampress, everything, tmp_path):
    source, link = tmp_path / "in.h5", tmp_path / "link.h5"
    shutil.copy(everything, source)
    os.chmod(source, 0o640)
    os.symlink("in.h5", link)
    beampress("compress", "--replace", link, "--codec", "bslz4")
    assert link.is_symlink() and os.stat(source).st_mode & 0o777 == 0o640
    assert datasets(source) == datasets(everything) and source.stat().st_size < everything.stat().st_size


def test_no_permission(beampress, everything, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("SKIP: root may do everything")
    source = tmp_path / "in.h5"
    shutil.copy(everything, source)
    source.chmod(0)
    assert "ermission" in beampress("compress", source, tmp_path / "out.h5", code=3).stderr
    source.chmod(0o400)
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "ermission" in beampress("compress", source, tmp_path / "locked" / "out.h5", code=5).stderr


def test_disk_full(beampress, large, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(disk)],
                                           capture_output=True).returncode:
        pytest.skip("SKIP: a small disk can be mounted by root only")
    try:
        for codec in "bslz4", "zstd", "store":
            failed = beampress("compress", large, disk / "out.h5", "--codec", codec, code=5)
            assert "No space left" in failed.stderr and os.listdir(disk) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_file_that_is_being_written(beampress, tmp_path):
    path, out = tmp_path / "live.h5", tmp_path / "out.h5"
    with h5py.File(path, "w", libver="latest") as f:
        f.create_dataset("x", data=numbers("u2", (10, 100, 100)), chunks=(1, 100, 100),
                         maxshape=(None, 100, 100))
        f.flush()
        left_open = tmp_path / "left.h5"
        shutil.copy(path, left_open)
        assert "h5clear" in beampress("compress", path, out, code=3).stderr
        f.swmr_mode = True
        f.flush()
        assert "open for writing" in beampress("compress", path, out).stderr
    assert datasets(out) == datasets(path)
    before = left_open.read_bytes()
    assert "h5clear" in beampress("compress", left_open, tmp_path / "no.h5", code=3).stderr
    assert left_open.read_bytes() == before


def test_files_that_a_master_points_to(beampress, tmp_path):
    before, after = tmp_path / "in", tmp_path / "out"
    (before / "sub").mkdir(parents=True)
    after.mkdir()
    for name in "first.h5", "sub/second.h5":
        with h5py.File(before / name, "w") as f:
            f["x"] = numbers("u2", (10, 64, 64), len(name))
    with h5py.File(before / "master.h5", "w") as f:
        f["link"] = h5py.ExternalLink("first.h5", "/x")
        layout = h5py.VirtualLayout((20, 64, 64), "u2")
        layout[:10] = h5py.VirtualSource("first.h5", "x", (10, 64, 64))
        layout[10:] = h5py.VirtualSource("sub/second.h5", "x", (10, 64, 64))
        f.create_virtual_dataset("virtual", layout)
    refused = beampress("compress", before / "master.h5", after / "master.h5", code=4)
    assert "--follow" in refused.stderr and "--keep-links" in refused.stderr and os.listdir(after) == []
    beampress("compress", before / "master.h5", after / "master.h5", "--follow", "--codec", "bslz4")
    with h5py.File(before / "master.h5", "r") as f, h5py.File(after / "master.h5", "r") as g:
        for name in "link", "virtual":
            assert (f[name][()] == g[name][()]).all()
    with h5py.File(after / "sub" / "second.h5", "r") as f:
        assert f["x"].id.get_create_plist().get_filter(0)[0] == 32008
    # one output that exists stops all of them
    (after / "first.h5").unlink()
    beampress("compress", before / "master.h5", after / "master.h5", "--follow", code=5)
    assert not (after / "first.h5").exists() and not leftovers(after)
