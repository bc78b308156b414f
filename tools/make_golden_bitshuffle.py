#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes tests/golden/bitshuffle: chunks of the registered filter 32008, as other people's plug-ins make them.

    make_golden_bitshuffle.py lz4     with Debian 12's h5py and bitshuffle 0.3.5
    make_golden_bitshuffle.py zstd    with h5py and hdf5plugin 7.1.0 from wheels

The values are pieces of the samples (samples/README.md says where they come from). Every NAME.raw holds values,
NAME.bBLOCK.lz4 or .zstd the chunk that holds them in blocks of BLOCK elements (0: the default).
"""
import pathlib
import sys

import h5py
import numpy as np

TOP = pathlib.Path(__file__).resolve().parents[1]
FOLDER = TOP / "tests/golden/bitshuffle"
FILTER = 32008
# name, sample, first element, elements: whole blocks, a shorter one, and some that stand raw
PIECES = [("camera_u16", "tomography.h5", 40000, 4096 + 88 + 3),
          ("diffraction_i32", "diffraction.h5", 1200000, 2048 + 40 + 5),
          ("slice_f32", "reconstruction.h5", 80000, 1003)]
BLOCKS = [0, 128]


def chunk_of(values, words):
    """The bytes that HDF5 stores for values in one chunk."""
    with h5py.File("memory.h5", "w", driver="core", backing_store=False) as file:
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk(values.shape)
        properties.set_filter(FILTER, 0, words)
        space = h5py.h5s.create_simple(values.shape)
        dataset = h5py.h5d.create(file.id, b"values", h5py.h5t.py_create(values.dtype), space, properties)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, values)
        return dataset.read_direct_chunk((0,))[1]


def main():
    packer = sys.argv[1]
    if packer == "zstd":
        import hdf5plugin  # noqa: F401  (registers its filters)
    tail = {"lz4": (2,), "zstd": (3, 3)}[packer]
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, sample, first, count in PIECES:
        with h5py.File(TOP / "samples" / sample, "r") as file:
            values = np.asarray(file["/entry/data/data"]).ravel()[first:first + count]
        (FOLDER / f"{name}.raw").write_bytes(values.tobytes())
        for block in BLOCKS:
            (FOLDER / f"{name}.b{block}.{packer}").write_bytes(chunk_of(values, (block,) + tail))


main()
