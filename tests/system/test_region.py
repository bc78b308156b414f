# SPDX-License-Identifier: BSD-3-Clause
"""decompress --frames and --region: a part of a dataset, whatever its chunks and codec, and only its chunks are read."""
import h5py
import numpy
import pytest

from test_cli import DATASET, frames, write_scan

PARTS = [((), slice(None)), (("--frames", "3:5"), numpy.s_[3:5]), (("--frames", "11"), numpy.s_[11:12]),
         (("--frames", "9:"), numpy.s_[9:]), (("--frames", ":1"), numpy.s_[:1]),
         (("--region", "10:20,0:96"), numpy.s_[:, 10:20, :]), (("--region", "63,:"), numpy.s_[:, 63:64, :]),
         (("--frames", "2:11", "--region", "5:60,31:33"), numpy.s_[2:11, 5:60, 31:33])]


def layouts(beampress, folder):
    values = frames()
    write_scan(folder / "plain.h5", values)
    for name, options in (("frame", ["--codec", "photon", "--chunk", "frame"]), ("several", ["--codec", "bslz4", "--chunk", "5x64x96"]),
                          ("time", ["--codec", "photon", "--chunk", "5x64x96"]), ("max", ["--codec", "photon:level=max", "--chunk", "12x64x96"]),
                          ("fast", ["--codec", "photon:level=fast", "--chunk", "8x30x96"]), ("own", ["--own", "--codec", "zstd", "--chunk", "4x64x96"]),
                          ("tiles", ["--codec", "zstd", "--chunk", "3x17x40"]), ("sinogram", ["--codec", "photon", "--chunk", "sinogram"])):
        beampress("compress", folder / "plain.h5", folder / f"{name}.h5", *options, "-q")
    with h5py.File(folder / "contiguous.h5", "w") as file:
        file[DATASET] = values.astype(">u2")
    with h5py.File(folder / "scaled.h5", "w") as file:  # a filter that HDF5 itself must undo
        file.create_dataset(DATASET, data=values.astype("int32"), chunks=(4, 30, 50), scaleoffset=0)
    return values, [p.stem for p in folder.glob("*.h5")]


def test_part_as_npy(beampress, tmp_path):
    values, names = layouts(beampress, tmp_path)
    assert len(names) == 11
    for name in names:
        for options, part in PARTS:
            result = beampress("decompress", tmp_path / f"{name}.h5", tmp_path / "x.npy", "--to", "npy", "-d", DATASET, "-f",
                               "--json", *options).json
            found = numpy.load(tmp_path / "x.npy")
            assert result["verified"] and found.shape == values[part].shape and (found == values[part]).all(), (name, options)
            assert result["datasets"][0]["shape"] == list(found.shape)


def test_part_as_tiff_and_raw(beampress, tmp_path):
    values, _ = layouts(beampress, tmp_path)
    for name in ("frame", "tiles"):
        beampress("decompress", tmp_path / f"{name}.h5", tmp_path / "x.raw", "--to", "raw", "-f", "--frames", "1:4", "--region",
                  "2:9,3:90")
        assert (tmp_path / "x.raw").read_bytes() == values[1:4, 2:9, 3:90].tobytes()
        beampress("decompress", tmp_path / f"{name}.h5", tmp_path / "x.tif", "--to", "tiff", "-f", "--frames", "1:4", "--region",
                  "2:9,3:90")
        beampress("decompress", tmp_path / "x.tif", tmp_path / "y.npy", "--to", "npy", "-f", code=None)
        beampress("compress", tmp_path / "x.tif", tmp_path / "y.h5", "-f")
        with h5py.File(tmp_path / "y.h5") as file:
            assert (file[DATASET][()] == values[1:4, 2:9, 3:90]).all()


def test_only_the_chunks_of_the_part_are_read(beampress, tmp_path):
    """Damage elsewhere does not matter."""
    values, _ = layouts(beampress, tmp_path)
    with h5py.File(tmp_path / "frame.h5") as file:
        place = file[DATASET].id.get_chunk_info(7)
    damaged = bytearray((tmp_path / "frame.h5").read_bytes())
    damaged[place.byte_offset + place.size // 2] ^= 1
    (tmp_path / "frame.h5").write_bytes(damaged)
    beampress("decompress", tmp_path / "frame.h5", tmp_path / "x.npy", "--to", "npy", "--frames", "0:7")
    assert (numpy.load(tmp_path / "x.npy") == values[:7]).all()
    result = beampress("decompress", tmp_path / "frame.h5", tmp_path / "z.npy", "--to", "npy", "--frames", "7", code=3)
    assert "frame.h5" in result.stderr and not (tmp_path / "z.npy").exists()


def test_damage_inside_a_chunk_of_several_frames(beampress, tmp_path):
    """Frames that are decoded alone are still checked: the hash of the stored bytes is of the whole chunk."""
    layouts(beampress, tmp_path)
    for name in ("time", "max", "own"):
        good = (tmp_path / f"{name}.h5").read_bytes()
        with h5py.File(tmp_path / f"{name}.h5") as file:
            place = file[DATASET].id.get_chunk_info(0)
        for part in range(1, 9):
            damaged = bytearray(good)
            damaged[place.byte_offset + place.size * part // 9] ^= 4
            (tmp_path / "bad.h5").write_bytes(damaged)
            beampress("decompress", tmp_path / "bad.h5", tmp_path / "x.npy", "--to", "npy", "--frames", "1", code=3)


@pytest.mark.parametrize("options", [
    ["--frames", "3:5"], ["--to", "npy", "--frames", "5:3"], ["--to", "npy", "--frames", "x"], ["--to", "npy", "--frames", "3:3"],
    ["--to", "npy", "--frames", "0:13"], ["--to", "npy", "--frames", "12"], ["--to", "npy", "--region", "3:5"],
    ["--to", "npy", "--region", "0:5,0:97"], ["--to", "npy", "--region", "0:5,0:9,1:2"], ["--to", "npy", "--frames", "-1:2"],
    ["--to", "npy", "--frames", "1:99999999999999999999999"], ["--to", "npy", "--frames", ""]])
def test_wrong_parts(beampress, tmp_path, options):
    write_scan(tmp_path / "scan.h5")
    beampress("decompress", tmp_path / "scan.h5", tmp_path / "x", *options, code=2)
    assert not (tmp_path / "x").exists()


def test_data_without_frames(beampress, tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["image"] = numpy.arange(12).reshape(3, 4)
        file["line"] = numpy.arange(5)
    for words in (["-d", "/image", "--frames", "0"], ["-d", "/line", "--region", ":,0:1"]):
        assert "axes" in beampress("decompress", "x.h5", "x.npy", "--to", "npy", *words, code=2, cwd=tmp_path).stderr
    beampress("decompress", "x.h5", "x.npy", "--to", "npy", "-d", "/image", "--region", "1:3,2", cwd=tmp_path)
    assert (numpy.load(tmp_path / "x.npy") == [[6], [10]]).all()
