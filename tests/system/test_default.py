# SPDX-License-Identifier: BSD-3-Clause
"""What compress does when it is told nothing: which codec, which chunks, and what it leaves alone."""
import h5py
import numpy
import pytest

OURS, BITSHUFFLE = 47104, 32008


def frames(shape, dtype="uint16"):
    return numpy.random.default_rng(3).poisson(4, shape).astype(dtype)


def written(path):
    """{dataset: (filter ids, chunks)}"""
    found = {}
    with h5py.File(path) as file:
        for name, item in file.items():
            dcpl = item.id.get_create_plist()
            found[name] = [dcpl.get_filter(i)[0] for i in range(dcpl.get_nfilters())], item.chunks
    return found


def test_chunks_of_frames(beampress, tmp_path):
    stack, large = frames((6, 128, 160)), frames((3, 512, 300), "int32")
    cases = {  # name: values, chunks before, chunks after
        "contiguous": (stack, None, (1, 128, 160)),
        "one": (stack, (1, 128, 160), (1, 128, 160)),
        "several": (stack, (3, 128, 160), (1, 128, 160)),
        "pieces": (stack, (1, 16, 20), (1, 128, 160)),
        "mixed": (stack, (2, 64, 80), (1, 128, 160)),
        "sinogram": (stack, (6, 1, 160), (6, 1, 160)),
        "halves": (large, (1, 256, 300), (1, 256, 300)),
        "small": (frames((50, 20, 30)), None, (50, 20, 30)),
        "small_kept": (frames((50, 60, 80)), (25, 60, 80), (25, 60, 80)),
        "image": (large[0], (512, 300), (512, 300)),
        "four": (stack.reshape(2, 3, 128, 160), (2, 3, 64, 40), (1, 1, 128, 160)),
    }
    with h5py.File(tmp_path / "in.h5", "w") as file:
        for name, (values, chunks, _) in cases.items():
            file.create_dataset(name, data=values, chunks=chunks, compression="gzip" if chunks else None)
    beampress("compress", tmp_path / "in.h5", tmp_path / "out.h5", "--again")
    beampress("verify", tmp_path / "in.h5", tmp_path / "out.h5")
    found = written(tmp_path / "out.h5")
    for name, (_, _, chunks) in cases.items():
        assert found[name] == ([OURS], chunks), name
    beampress("compress", tmp_path / "in.h5", tmp_path / "standard.h5", "--standard")
    assert written(tmp_path / "standard.h5")["contiguous"][0] == [BITSHUFFLE, 3]
    beampress("compress", tmp_path / "in.h5", tmp_path / "asked.h5", "--chunk", "2x128x160")
    assert written(tmp_path / "asked.h5")["several"] == ([OURS], (2, 128, 160))


@pytest.mark.parametrize("dtype, filters", [("uint8", [OURS]), ("int16", [OURS]), ("int32", [OURS]), ("uint64", [OURS]),
                                            ("float32", [OURS]), ("float64", [OURS]), ("float16", [BITSHUFFLE, 3]),
                                            (">u2", [OURS])])
def test_codec_by_type(beampress, tmp_path, dtype, filters):
    with h5py.File(tmp_path / "in.h5", "w") as file:
        file["data"] = frames((4, 128, 128)).astype(dtype)
        file["line"] = frames((40000,)).astype(dtype)
    beampress("compress", tmp_path / "in.h5", tmp_path / "out.h5")
    found = written(tmp_path / "out.h5")
    assert found["data"][0] == filters and found["line"][0] == [BITSHUFFLE, 3]
    with h5py.File(tmp_path / "out.h5") as file:
        assert (file["data"][()] == frames((4, 128, 128)).astype(dtype)).all()


def test_what_would_grow_stays(beampress, tmp_path):
    noise = numpy.random.default_rng(5).integers(0, 65536, (4, 128, 128)).astype("uint16")
    with h5py.File(tmp_path / "in.h5", "w") as file:
        file["noise"] = noise
        file.create_dataset("zeros", data=numpy.zeros((64, 128, 128), "u2"), chunks=(64, 128, 128), compression="gzip")
    result = beampress("compress", tmp_path / "in.h5", tmp_path / "out.h5", "--json").json
    rows = {row["path"]: row for row in result["datasets"]}
    assert not rows["/noise"]["coded"] and "no smaller" in rows["/noise"]["note"]
    assert rows["/zeros"]["stored_bytes"] <= 64 * 200  # one chunk before; 64 of them afterwards only if they are tiny


def test_level_of_the_default(beampress, tmp_path):
    with h5py.File(tmp_path / "in.h5", "w") as file:
        file["data"] = frames((4, 128, 128))
    levels = {}
    for level in ("balanced", "max"):
        result = beampress("compress", tmp_path / "in.h5", tmp_path / f"{level}.h5", "--level", level, "--json").json
        levels[level] = result["datasets"][0]
        assert levels[level]["codec"] == f"photon:level={level}"
    assert levels["max"]["stored_bytes"] <= levels["balanced"]["stored_bytes"]
