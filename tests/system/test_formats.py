# SPDX-License-Identifier: BSD-3-Clause
"""Formats that are not HDF5, in and out, beside other people's programs: fabio, numpy, Pillow, h5py."""
import json
import struct

import h5py
import numpy as np
import pytest

fabio = pytest.importorskip("fabio", reason="SKIP: python3-fabio is not installed")
Image = pytest.importorskip("PIL.Image", reason="SKIP: python3-pil is not installed")

DATA = "/entry/instrument/detector/data"
INTEGERS = ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8"]
DTYPES = INTEGERS + ["f2", "f4", "f8"]


def numbers(dtype, shape=(3, 61, 47), seed=1):
    """Values over the whole range of an integer type, or floats with NaN and infinities."""
    random = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        values = random.normal(0, 100, shape).astype(dtype)
        values.flat[:3] = [np.nan, np.inf, -np.inf][:values.size]
        return values
    facts = np.iinfo(kind)
    return random.integers(facts.min, facts.max, shape, dtype=kind.newbyteorder("="), endpoint=True).astype(dtype)


def counts(shape, dtype="i4", seed=2):
    return np.random.default_rng(seed).poisson(3, shape).astype(dtype)


def same(a, b):
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and a.dtype.newbyteorder("<") == b.dtype.newbyteorder("<") and \
        a.astype(a.dtype.newbyteorder("<")).tobytes() == b.astype(b.dtype.newbyteorder("<")).tobytes()


def read_tiff(path):
    with Image.open(path) as image:
        pages = []
        for i in range(image.n_frames):
            image.seek(i)
            pages.append(np.array(image))
        return np.stack(pages)


def write_tiff(path, frames, **options):
    images = [Image.fromarray(frame) for frame in frames]
    images[0].save(path, save_all=True, append_images=images[1:], **options)


@pytest.fixture
def take(beampress, tmp_path):
    """Compresses inputs and returns the open NeXus file."""
    opened = []

    def run(*arguments, options=("--quiet",)):
        out = tmp_path / f"out{len(opened)}.h5"
        done = beampress("compress", *arguments, out, "--json", *options)
        assert done.json["verified"] == ("--no-verify" not in options)
        opened.append(h5py.File(out))
        return opened[-1]

    yield run
    for file in opened:
        file.close()


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("endian", "<>")
@pytest.mark.parametrize("dtype", DTYPES)
def test_npy(take, tmp_path, dtype, endian, order):
    values = numbers(endian + dtype)
    np.save(tmp_path / "a.npy", np.asarray(values, order=order))
    assert same(take(tmp_path / "a.npy")[DATA][()], values)


@pytest.mark.parametrize("shape", [(), (5,), (70000,), (4, 3), (300, 200), (2, 3, 50, 60), (2,) * 12, (0, 7), (3, 0)])
def test_npy_of_any_shape(take, tmp_path, shape):
    values = numbers("u2", shape)
    np.save(tmp_path / "a.npy", values)
    file = take(tmp_path / "a.npy")
    assert same(file[DATA][()], values)
    assert file["/entry/data/data"] == file[DATA]


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_npy_versions(take, tmp_path, version):
    values = counts((3, 40, 50))
    with open(tmp_path / "a.npy", "wb") as file:
        np.lib.format.write_array(file, values, version=version)
    assert same(take(tmp_path / "a.npy")[DATA][()], values)


def test_npy_of_structures_is_refused(beampress, tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(9, [("x", "u2"), ("y", "f4")]))
    assert "structures" in beampress("compress", tmp_path / "a.npy", code=4).stderr
    np.savez(tmp_path / "a.npz", np.zeros(9))
    assert "npz" in beampress("compress", tmp_path / "a.npz", code=4).stderr


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d != "f2"])
def test_edf_of_fabio(take, tmp_path, dtype):
    frames = numbers(dtype)
    image = fabio.edfimage.EdfImage(data=frames[0], header={"motor": "1.25"})
    for frame in frames[1:]:
        image.append_frame(data=frame, header={"counter": "77"})
    image.write(str(tmp_path / "a.edf"))
    file = take(tmp_path / "a.edf")
    assert same(file[DATA][()], frames)
    assert "motor" in file[DATA].attrs["header"].decode()
    headers = file["/entry/source/header"].asstr()[()]
    assert len(headers) == 3 and "counter" in headers[2]
    with fabio.open(str(tmp_path / "a.edf")) as other:
        assert [same(other.get_frame(i).data, file[DATA][i]) for i in range(3)] == [True] * 3


def test_edf_in_big_endian(take, tmp_path):
    frame = numbers("i4", (31, 17))
    header = b"{\r\nByteOrder = HighByteFirst ;\r\nDataType = SignedInteger ;\r\nDim_1 = 17 ;\r\nDim_2 = 31 ;\r\n"
    header += b" " * (1024 - len(header) - 3) + b"}\r\n"
    (tmp_path / "a.edf").write_bytes(header + frame.astype(">i4").tobytes())
    assert same(take(tmp_path / "a.edf")[DATA][0], frame)
    with fabio.open(str(tmp_path / "a.edf")) as other:
        assert same(other.data.astype("i4"), frame)


PILATUS = "\r\n".join([
    "# Detector: PILATUS 6M, S/N 60-0100",
    "# Silicon sensor, thickness 0.000320 m",
    "# Pixel_size 172e-6 m x 173e-6 m",
    "# Exposure_time 0.0950000 s",
    "# Exposure_period 0.1000000 s",
    "# Count_cutoff 1048500 counts",
    "# Wavelength 0.9795 A",
    "# Detector_distance 0.26 m",
    "# Beam_xy (1231.50, 1263.25) pixels",
])


def write_cbf(path, frame, contents=PILATUS):
    header = {"_array_data.header_convention": "PILATUS_1.2", "_array_data.header_contents": contents}
    fabio.cbfimage.CbfImage(data=frame, header=header).write(str(path))


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i1", "i2", "i4"])
def test_cbf_of_fabio(take, tmp_path, dtype):
    facts = np.iinfo(dtype)
    frame = np.clip(numbers(dtype, (61, 47)) // 2, facts.min // 2, facts.max // 2).astype(dtype)
    frame[0, :6] = [0, 127, 0, 128 % facts.max, 0, facts.max // 2]
    write_cbf(tmp_path / "a.cbf", frame)
    assert same(take(tmp_path / "a.cbf")[DATA][0], frame)


def test_cbf_facts_and_series(take, tmp_path):
    frames = counts((11, 61, 47))
    frames[:, 5] = -1
    frames[3, 3, 3] = 1048576
    for i, frame in enumerate(frames):
        text = PILATUS if i != 4 else PILATUS.replace("0.9795", "0.9796")
        write_cbf(tmp_path / f"run_{i}.cbf", frame, text)
    file = take(tmp_path / "run_*.cbf")
    detector = file["/entry/instrument/detector"]
    assert same(file[DATA][()], frames)
    assert file.attrs["default"] == b"entry" and file["/entry/data"].attrs["signal"] == b"data"
    assert list(file["/entry/source/file_name"].asstr()) == [f"run_{i}.cbf" for i in range(11)]
    assert "Wavelength 0.9796 A" in file["/entry/source/header"].asstr()[4]
    stated = {"x_pixel_size": (172e-6, b"m"), "y_pixel_size": (173e-6, b"m"), "count_time": (0.095, b"s"),
              "frame_time": (0.1, b"s"), "saturation_value": (1048500, b"counts"), "distance": (0.26, b"m"),
              "sensor_thickness": (0.00032, b"m"), "beam_center_x": (1231.5, b"pixels"),
              "beam_center_y": (1263.25, b"pixels")}
    for name, (value, unit) in stated.items():
        assert detector[name][()] == value and detector[name].attrs["units"] == unit
    # not the same in all frames, so not safely stated
    assert "beam" not in file["/entry/instrument"]
    assert detector["description"][()] == b"PILATUS 6M, S/N 60-0100"


def test_damaged_cbf(beampress, tmp_path):
    write_cbf(tmp_path / "a.cbf", counts((61, 47)))
    whole = (tmp_path / "a.cbf").read_bytes()
    start = whole.index(b"\x0c\x1a\x04\xd5") + 4
    for name, change in [("flipped", lambda b: b[:start + 100] + bytes([b[start + 100] ^ 4]) + b[start + 101:]),
                         ("short", lambda b: b[:start + 500]), ("text", lambda b: b[:start - 60])]:
        path = tmp_path / f"{name}.cbf"
        path.write_bytes(change(whole))
        done = beampress("compress", path, tmp_path / "no.h5", code=3)
        assert f"{name}.cbf" in done.stderr
        assert not (tmp_path / "no.h5").exists()


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate", "packbits", "zstd", "lzma"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4"])
def test_tiff_of_pillow(take, tmp_path, dtype, compression):
    frames = numbers(dtype) if dtype != "f4" else counts((3, 61, 47), "f4")
    write_tiff(tmp_path / "a.tif", frames, compression=compression, description="sample 7")
    file = take(tmp_path / "a.tif")
    assert same(file[DATA][()], frames)
    assert file[DATA].attrs["header"].decode().startswith("ImageDescription: sample 7\n")
    assert file[DATA].attrs["source_format"] == b"tiff"


def test_tiff_series(take, beampress, tmp_path):
    frames = counts((12, 61, 47), "u2")
    for i, frame in enumerate(frames):
        Image.fromarray(frame).save(tmp_path / f"scan_{i + 1}.tif")
    assert same(take(tmp_path / "scan_*.tif")[DATA][()], frames)
    listed = [tmp_path / f"scan_{i}.tif" for i in (3, 1, 2)]
    assert same(take(*listed)[DATA][()], frames[[2, 0, 1]])
    Image.fromarray(frames[0][:50]).save(tmp_path / "scan_5.tif")
    done = beampress("compress", tmp_path / "scan_*.tif", tmp_path / "no.h5", code=4)
    assert "scan_5.tif" in done.stderr and "50x47" in done.stderr
    assert not (tmp_path / "no.h5").exists()
    done = beampress("compress", tmp_path / "nothing_*.tif", tmp_path / "no.h5", code=3)
    assert "nothing_*.tif" in done.stderr


def test_libtiff_says_nothing_by_itself(beampress, tmp_path):
    Image.fromarray(counts((61, 47), "u2")).save(tmp_path / "a.tif")
    whole = bytearray((tmp_path / "a.tif").read_bytes())
    directory = struct.unpack_from("<I", whole, 4)[0]
    entries = struct.unpack_from("<H", whole, directory)[0]
    struct.pack_into("<H", whole, directory + 2 + 12 * (entries - 1), 60000)  # a tag nobody knows
    (tmp_path / "b.tif").write_bytes(whole)
    done = beampress("compress", tmp_path / "b.tif", tmp_path / "b.h5", "--quiet")
    assert done.stderr == ""
    (tmp_path / "c.tif").write_bytes(whole[:-30] if directory < 100 else whole[:directory + 4])
    done = beampress("compress", tmp_path / "c.tif", tmp_path / "c.h5", code=3)
    assert done.stderr.count("\n") == 1 and "c.tif" in done.stderr


@pytest.mark.parametrize("chunk", ["frame", "sinogram", "1x10x90", "4x13x17"])
def test_chunk_shapes(take, tmp_path, chunk):
    frames = counts((60, 120, 90), "u2")
    write_tiff(tmp_path / "a.tif", frames, compression="tiff_lzw")
    np.save(tmp_path / "a.npy", np.asfortranarray(frames))
    # so little memory that frames are kept as bands of rows
    for name in ("a.tif", "a.npy"):
        file = take(tmp_path / name, options=("--chunk", chunk, "--codec", "deflate", "--memory", "1M"))
        assert same(file[DATA][()], frames)


def test_lossy_codec_on_frames(take, tmp_path):
    frames = counts((4, 64, 80), "u2")
    write_tiff(tmp_path / "a.tif", frames)
    file = take(tmp_path / "a.tif", options=("--codec", "jpegls:near=1"))
    assert "beampress_lossy" in file[DATA].attrs


def test_raw(take, beampress, tmp_path):
    values = numbers(">u2", (10, 64, 96))
    (tmp_path / "a.raw").write_bytes(b"header" + values.tobytes())
    options = ("--shape", "10x64x96", "--dtype", "uint16", "--offset", "6", "--big-endian")
    assert same(take(tmp_path / "a.raw", options=options)[DATA][()], values)
    for wrong in (["--shape", "11x64x96", "--dtype", "uint16"], ["--shape", "10x64x96"], ["--dtype", "uint16"]):
        beampress("compress", tmp_path / "a.raw", tmp_path / "no.h5", *wrong, code=2)
    assert "--shape" in beampress("compress", tmp_path / "a.raw", tmp_path / "no.h5", code=3).stderr
    assert not (tmp_path / "no.h5").exists()


def test_same_bytes_again(beampress, tmp_path):
    frames = counts((9, 61, 47), "u2")
    write_tiff(tmp_path / "a.tif", frames)
    for out, threads in (("1.h5", 1), ("2.h5", 2)):
        beampress("compress", tmp_path / "a.tif", tmp_path / out, "--threads", threads)
    assert (tmp_path / "1.h5").read_bytes() == (tmp_path / "2.h5").read_bytes()


def test_output_is_not_an_input(beampress, tmp_path):
    for i in range(2):
        Image.fromarray(counts((61, 47), "u2")).save(tmp_path / f"scan_{i}.tif")
    before = (tmp_path / "scan_1.tif").read_bytes()
    beampress("compress", tmp_path / "scan_*.tif", tmp_path / "scan_1.tif", "--overwrite", code=2)
    assert (tmp_path / "scan_1.tif").read_bytes() == before


@pytest.mark.parametrize("name", ["zero", "text", "gzip", "folder"])
def test_what_is_no_format(beampress, tmp_path, name):
    path = tmp_path / name
    content = {"zero": b"", "text": b"{ \"json\": 1 }\n", "gzip": b"\x1f\x8b\x08\0\0\0\0\0\0\0"}
    if name == "folder":
        path.mkdir()
    else:
        path.write_bytes(content[name])
    done = beampress("compress", path, tmp_path / "no.h5", code=None)
    assert done.returncode == {"zero": 3, "text": 3, "gzip": 4}.get(name, done.returncode) != 0
    assert name in done.stderr
    assert not (tmp_path / "no.h5").exists()


@pytest.fixture
def stack(tmp_path):
    """An HDF5 file without NeXus: arrays with chunks of several kinds."""
    frames = counts((6, 45, 52), "u2")
    with h5py.File(tmp_path / "stack.h5", "w") as file:
        file.create_dataset("frames", data=frames, chunks=(2, 45, 52), compression="gzip")
        file.create_dataset("tiles", data=frames, chunks=(4, 16, 16), compression="gzip", shuffle=True)
        file.create_dataset("plain", data=frames)
        file.create_dataset("big-endian", data=frames.astype(">u2"), chunks=(6, 1, 52))
        file.create_dataset("sparse", (6, 45, 52), "u2", chunks=(1, 45, 52), fillvalue=9)
        file["sparse"][4] = 3
    return tmp_path / "stack.h5"


@pytest.mark.parametrize("dataset", ["frames", "tiles", "plain", "big-endian", "sparse"])
def test_out_to_other_formats(beampress, stack, tmp_path, dataset):
    with h5py.File(stack) as file:
        values = file[dataset][()]
    for form, path in (("tiff", "o.tif"), ("npy", "o.npy"), ("raw", "o.raw")):
        done = beampress("decompress", stack, tmp_path / path, "--to", form, "--dataset", "/" + dataset, "--json")
        assert done.json["verified"]
    assert same(read_tiff(tmp_path / "o.tif"), values)
    assert same(np.load(tmp_path / "o.npy"), values)
    facts = json.loads((tmp_path / "o.raw.json").read_text())
    assert facts == {"dtype": "uint16", "byte_order": "little", "shape": [6, 45, 52], "dataset": "/" + dataset}
    assert same(np.fromfile(tmp_path / "o.raw", "<u2").reshape(facts["shape"]), values)


@pytest.mark.parametrize("dtype", DTYPES)
def test_there_and_back(beampress, tmp_path, dtype):
    values = numbers(dtype, (2, 40, 50, 60))
    np.save(tmp_path / "a.npy", values)
    beampress("compress", tmp_path / "a.npy", tmp_path / "a.h5")
    for form, suffix in (("npy", "npy"), ("tiff", "tif")):
        beampress("decompress", tmp_path / "a.h5", tmp_path / f"b.{suffix}", "--to", form)
    assert same(np.load(tmp_path / "b.npy"), values)
    beampress("compress", tmp_path / "b.tif", tmp_path / "b.h5")
    with h5py.File(tmp_path / "b.h5") as file:
        assert same(file[DATA][()], values.reshape(80, 50, 60))


def test_which_dataset_goes_out(beampress, stack, tmp_path):
    done = beampress("decompress", stack, tmp_path / "o.npy", "--to", "npy", code=2)
    assert "/frames" in done.stderr and "/tiles" in done.stderr
    beampress("decompress", stack, tmp_path / "o.npy", "--to", "npy", "--dataset", "/nothing", code=3)
    assert not (tmp_path / "o.npy").exists()
    with h5py.File(stack, "a") as file:
        file["frames"].parent.create_group("d").attrs["NX_class"] = "NXdetector"
        file["d/data"] = file["tiles"]
    beampress("decompress", stack, tmp_path / "o.npy", "--to", "npy")
    assert np.load(tmp_path / "o.npy").shape == (6, 45, 52)
    beampress("decompress", stack, tmp_path / "o.npy", "--to", "npy", code=5)
