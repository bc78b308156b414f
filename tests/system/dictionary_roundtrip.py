# SPDX-License-Identifier: BSD-3-Clause
"""Writes and reads datasets through the dictionary filter with whatever h5py runs it. Prints "ok" and the version of
HDF5.

    dictionary_roundtrip.py FILE [read]
"""
import sys

import h5py
import numpy as np

FILTER = 47105
DTYPES = ["u1", "<u2", ">u2", "<u4", ">u4", "<u8", "i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8", "<f2", ">f2", "<f4",
          ">f4", "<f8", ">f8", "?", "S5", [("x", "<i4"), ("y", "u1"), ("z", "f8", (20,))]]
SHAPES = [((1000,), (300,)), ((31, 67), (16, 16)), ((7, 40, 50), (1, 40, 50)), ((2, 3, 4, 5, 6), (1, 2, 3, 4, 5))]


def values_of(dtype, shape):
    counts = np.random.RandomState(5).poisson(3, shape)
    dtype = np.dtype(dtype)
    if dtype.names:
        values = np.zeros(shape, dtype)
        values["x"], values["y"] = counts, counts + 1
        return values
    if dtype.kind == "f":
        table = np.array([-np.inf, -1.5, -0.0, 0, 1, np.nan, np.inf, 3, 4, 5] + list(range(6, 40)), dtype)
        return table[counts]
    return counts.astype(dtype)


def write(path):
    with h5py.File(path, "w") as file:
        for i, dtype in enumerate(DTYPES):
            for k, (shape, chunks) in enumerate(SHAPES):
                dataset = file.create_dataset(f"{i}/{k}", data=values_of(dtype, shape), chunks=chunks,
                                              compression=FILTER, compression_opts=[None, (1,), (2,), (3,)][k],
                                              fletcher32=k == 3)
                number, _, words, _ = dataset.id.get_create_plist().get_filter(0)
                size = int(np.prod(chunks)) * dataset.dtype.itemsize
                assert number == FILTER and words[:3] == (k, 1, dataset.dtype.itemsize), words
                assert words[4] == chunks[-1] and words[6:] == (size, 0), words


def read(path):
    with h5py.File(path, "r") as file:
        for i, dtype in enumerate(DTYPES):
            for k, (shape, _) in enumerate(SHAPES):
                dataset, expected = file[f"{i}/{k}"], values_of(dtype, shape)
                assert dataset.dtype == expected.dtype, (dataset.dtype, expected.dtype)
                assert dataset[...].tobytes() == expected.tobytes(), (dtype, shape)
                count = dataset.id.get_num_chunks()
                assert count > 0
                assert all(dataset.id.get_chunk_info(c).filter_mask == 0 for c in range(count)), "raw chunks"


if sys.argv[2:] != ["read"]:
    write(sys.argv[1])
read(sys.argv[1])
print("ok", h5py.version.hdf5_version)
