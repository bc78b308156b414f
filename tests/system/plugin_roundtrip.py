# SPDX-License-Identifier: BSD-3-Clause
"""Writes and reads datasets through the plug-in with whatever h5py runs it, as a user would: an integer for
compression, nothing or a codec number for compression_opts. Prints "ok" and the version of HDF5.

    plugin_roundtrip.py FILE [import NAME ...] [before LIBRARY ...] [after LIBRARY ...]

`import` loads further modules first (hdf5plugin); `before` a shared library (another HDF5) for itself; `after`
h5py was imported one whose names the whole process sees.
"""
import ctypes
import sys

pairs = list(zip(sys.argv[2::2], sys.argv[3::2]))
for how, what in pairs:
    if how == "before":
        ctypes.CDLL(what)
    elif how == "import":
        __import__(what)

import h5py
import numpy as np

for how, what in pairs:
    if how == "after":
        ctypes.CDLL(what, mode=ctypes.RTLD_GLOBAL)

FILTER = 47104
STORE, BSLZ4 = 1, 5
DTYPES = ["u1", "<u2", ">u2", "<u4", ">u4", "<u8", "i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8", "<f2", ">f2", "<f4",
          ">f4", "<f8", ">f8", "?", "S5", [("x", "<i4"), ("y", "u1")]]
SHAPES = [((1000,), (300,)), ((31, 67), (16, 16)), ((7, 40, 50), (1, 40, 50)), ((2, 3, 4, 5, 6), (1, 2, 3, 4, 5))]


def values_of(dtype, shape):
    counts = np.random.default_rng(5).poisson(3, shape)
    dtype = np.dtype(dtype)
    if dtype.names:
        values = np.zeros(shape, dtype)
        values["x"], values["y"] = counts, counts + 1
        return values
    return counts.astype(dtype)


def no_raw_chunks(dataset):
    count = dataset.id.get_num_chunks()
    assert count > 0
    assert all(dataset.id.get_chunk_info(i).filter_mask == 0 for i in range(count)), "raw chunks"


def write(path):
    with h5py.File(path, "w") as file:
        for i, dtype in enumerate(DTYPES):
            for k, (shape, chunks) in enumerate(SHAPES):
                opts = [None, (STORE,), (BSLZ4,), None][k]
                dataset = file.create_dataset(f"{i}/{k}", data=values_of(dtype, shape), chunks=chunks,
                                              compression=FILTER, compression_opts=opts, fletcher32=k == 3)
                number, flags, words, _ = dataset.id.get_create_plist().get_filter(0)
                assert (number, flags, words[0]) == (FILTER, 0, 0x42500001), (number, flags, words)
                size = int(np.prod(chunks)) * dataset.dtype.itemsize
                assert words[1:4] == (size, 0, dataset.dtype.itemsize), words
                assert words[4] >> 16 & 0xff == len(chunks) and words[5:5 + len(chunks)] == chunks, words


def read(path):
    with h5py.File(path, "r") as file:
        for i, dtype in enumerate(DTYPES):
            for k, (shape, _) in enumerate(SHAPES):
                dataset, expected = file[f"{i}/{k}"], values_of(dtype, shape)
                assert dataset.dtype == expected.dtype, (dataset.dtype, expected.dtype)
                assert dataset[...].tobytes() == expected.tobytes(), (dtype, shape)
                no_raw_chunks(dataset)


def float_word(value):
    return int(np.float32(value).view("u4"))


# cd_values, dtype, largest error (jpegxl promises none); some also with parameters
WORKING_POINTS = [((number,), "<u2", 0) for number in range(1, 10)] + [
    ((10,), "<i4", 0), ((10,), "<f4", 0), ((10,), ">f8", 0), ((7, 3), "<u2", 3), ((9, float_word(1.5), 3), ">u2", 100),
    ((10, float_word(0.25)), ">f4", 0.25)]


def every_codec(path):
    """Each working point that this build has is written, and read from the closed file."""
    counts = np.random.default_rng(9).poisson(40, (3, 48, 56))
    with h5py.File(path, "w") as file:
        for i, (words, dtype, _) in enumerate(WORKING_POINTS):
            try:
                file.create_dataset(str(i), data=counts.astype(dtype), chunks=(1, 48, 56), compression=FILTER,
                                    compression_opts=words)
            except (OSError, ValueError) as error:
                assert "which this build leaves out" in str(error), error
    with h5py.File(path, "r") as file:
        assert len(file) >= 2  # store and bslz4 are in every build
        for i, (words, dtype, bound) in enumerate(WORKING_POINTS):
            if str(i) in file:
                dataset = file[str(i)]
                error = np.abs(dataset[...].astype("f8") - counts).max()
                assert dataset.dtype == dtype and error <= bound and (error > 0) == (bound > 0), (words, error)
                no_raw_chunks(dataset)


write(sys.argv[1])
read(sys.argv[1])
every_codec(sys.argv[1] + ".codecs")
print("ok", h5py.version.hdf5_version)
