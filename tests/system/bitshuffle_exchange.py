# SPDX-License-Identifier: BSD-3-Clause
"""Exchanges chunks of filter 32008 with whatever bitshuffle this Python's HDF5 finds: what our codec wrote, HDF5 reads;
what HDF5 wrote, our codec decodes.

    bitshuffle_exchange.py LIBBEAMPRESS.so lz4|zstd [same]

same: our bytes are theirs, too. Prints "ok" and the number of chunks. Run by test_bitshuffle_peers.py with the Python
of Debian and with that of a virtual environment.
"""
import ctypes
import sys

import h5py
import numpy as np

FILTER = 32008
DTYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]
NUMBERS = {"u1": 1, "u2": 2, "u4": 3, "u8": 4, "i1": 5, "i2": 6, "i4": 7, "i8": 8, "f2": 9, "f4": 10, "f8": 11}
COUNTS = [1, 7, 8, 1000, 4096, 10007, 70000]
BLOCKS = [0, 8, 1000, 16384, 65536]


class Array(ctypes.Structure):
    """bp_array"""
    _fields_ = [("dtype", ctypes.c_int), ("itemsize", ctypes.c_size_t), ("rank", ctypes.c_size_t),
                ("shape", ctypes.c_size_t * 32), ("strides", ctypes.c_ssize_t * 32), ("data", ctypes.c_void_p)]


class Spec(ctypes.Structure):
    """bp_codec_spec"""
    _fields_ = [("codec", ctypes.c_void_p), ("params", ctypes.c_double * 16)]


class Codec:
    """One codec of the library with its parameters."""

    def __init__(self, library, text):
        self.library, self.spec = library, Spec()
        assert library.bp_codec_spec_parse(None, text.encode(), -1, ctypes.byref(self.spec)) == 0, text

    def view(self, values):
        array, shape = Array(), (ctypes.c_size_t * 1)(values.size)
        number = NUMBERS[values.dtype.str[1:]]
        assert self.library.bp_array_init(ctypes.byref(array), number, ctypes.c_size_t(0), ctypes.c_size_t(1), shape,
                                          ctypes.c_void_p(values.ctypes.data)) == 0
        return array

    def encode(self, values):
        array = self.view(values)
        self.library.bp_codec_worst_size.restype = ctypes.c_size_t
        capacity = self.library.bp_codec_worst_size(ctypes.byref(self.spec), ctypes.byref(array))
        out, size = np.empty(capacity, "u1"), ctypes.c_size_t()
        assert self.library.bp_codec_encode(None, ctypes.byref(self.spec), ctypes.byref(array),
                                            ctypes.c_void_p(out.ctypes.data), ctypes.c_size_t(capacity),
                                            ctypes.byref(size)) == 0
        return out[:size.value].tobytes()

    def decode(self, chunk, like):
        values = np.empty_like(like)
        array = self.view(values)
        status = self.library.bp_codec_decode(None, ctypes.byref(self.spec), chunk, ctypes.c_size_t(len(chunk)),
                                              ctypes.byref(array))
        assert status == 0, status
        return values


def make_values(random, dtype, count):
    """Counts with a smooth background and a few peaks; the bit pattern is what counts for floats."""
    counts = random.poisson(3 + 2 * np.sin(np.arange(count) / 50)) + (random.random(count) < 0.001) * 100
    return counts.astype(dtype)


def open_dataset(file, name, values, words):
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk(values.shape)
    properties.set_filter(FILTER, 0, words)
    return h5py.h5d.create(file.id, name.encode(), h5py.h5t.py_create(values.dtype),
                           h5py.h5s.create_simple(values.shape), properties)


def read(dataset, like):
    values = np.empty_like(like)
    dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, values)
    return values


def exchange(library, packer, dtype, block, same, file):
    random, done = np.random.default_rng(5), 0
    codec = Codec(library, f"bs{packer}:block={block}")
    tail = {"lz4": (2,), "zstd": (3, 3)}[packer]
    for count in COUNTS:
        values = make_values(random, dtype, count)
        ours = codec.encode(values)
        dataset = open_dataset(file, f"ours_{dtype}_{block}_{count}", values, (block,) + tail)
        dataset.write_direct_chunk((0,), ours)
        file.flush()
        assert read(dataset, values).tobytes() == values.tobytes(), (dtype, block, count, "they read ours")
        dataset = open_dataset(file, f"theirs_{dtype}_{block}_{count}", values, (block,) + tail)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, values)
        file.flush()
        theirs = dataset.read_direct_chunk((0,))[1]
        assert codec.decode(theirs, values).tobytes() == values.tobytes(), (dtype, block, count, "we read theirs")
        assert not same or theirs == ours, (dtype, block, count, "other bytes")
        done += 1
    return done


def main():
    library, packer, same = ctypes.CDLL(sys.argv[1]), sys.argv[2], "same" in sys.argv[3:]
    if "hdf5plugin" in sys.argv[3:]:
        import hdf5plugin  # noqa: F401  (registers its filters)
    with h5py.File("memory.h5", "w", driver="core", backing_store=False) as file:
        print("ok", sum(exchange(library, packer, dtype, block, same, file) for dtype in DTYPES for block in BLOCKS))


main()
