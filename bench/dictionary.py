#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The dictionary filter beside the other ways to store data with few distinct values.

    bench/dictionary.py BUILD [--side 1024] [--repeat 20] [--write FOLDER]

Four kinds of data, SIMULATED and seeded (numpy's RandomState, whose streams never change):
  labels   6 scattered label codes, u16: level sets of a smooth random field, as segmentations give
  grey     200 scattered grey levels with noise, u16: calibrated ADC codes with gaps
  float    the same image with 200 levels as float32: quantised floats
  counts   photon counts, u32: Poisson with a mean of 0.3
Each is one chunk. Ratio and speed (MB/s of the values, one thread, processor time, the best of the repetitions) are
through HDF5 in memory, so that all pay for the same copies; `dictionary` alone is measured once more by calling the
filter itself. `order-0` is the entropy of the values without their neighbours, without any table; `palette+zstd19`
is table and byte indices in Zstandard 19, which no HDF5 filter offers (its speed is that of Zstandard alone, on
indices that are there). What is not installed is left out.
"""
import argparse
import ctypes
import os
import pathlib
import sys
import sysconfig
import time

import numpy as np

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("build", type=pathlib.Path)
parser.add_argument("--side", type=int, default=1024)
parser.add_argument("--repeat", type=int, default=20)
parser.add_argument("--seed", type=int, default=3)
parser.add_argument("--write", type=pathlib.Path, help="also write the data, as raw little endian numbers")
options = parser.parse_args()
PLUGINS = options.build.resolve() / "plugins"
DEBIAN = f"/usr/lib/{sysconfig.get_config_var('MULTIARCH')}/hdf5/serial/plugins"
os.environ["HDF5_PLUGIN_PATH"] = f"{PLUGINS}:{DEBIAN}"

import h5py

DICTIONARY, BEAMPRESS, BITSHUFFLE, BLOSC = 47105, 47104, 32008, 32001


def smooth_field(random, sigma, side):
    """Gaussian noise blurred by a Gaussian of sigma pixels, mean 0, deviation 1."""
    k = np.fft.fftfreq(side)
    blur = np.exp(-2 * (np.pi * sigma * k) ** 2)
    field = np.fft.ifft2(np.fft.fft2(random.standard_normal((side, side))) * blur[:, None] * blur[None]).real
    return field / field.std()


def simulated(seed, side):
    random = np.random.RandomState(seed)
    field = smooth_field(random, 15, side)
    codes = np.array([0, 7, 113, 1024, 4097, 60000], "<u2")
    labels = codes[np.digitize(field, np.quantile(field, [0.55, 0.75, 0.88, 0.95, 0.985]))]
    image = 100 + 27 * smooth_field(random, 40, side) + 6 * random.standard_normal((side, side))
    level = np.clip(np.round(image), 0, 199).astype(int)
    grey = np.sort(random.choice(65536, 200, replace=False)).astype("<u2")[level]
    floats = np.sort(random.rand(200)).astype("<f4")[level]
    return {"labels": labels, "grey": grey, "float": floats,
            "counts": random.poisson(0.3, (side, side)).astype("<u4")}


def filters(dtype):
    """name: what a dataset is created with, or a function of the creation properties."""
    blosc = {f"blosc-zstd {name}": dict(compression=BLOSC, compression_opts=(0, 0, 0, 0, 9, shuffle, 5))
             for name, shuffle in (("byte", 1), ("bit", 2))}
    rows = {"gzip4": dict(compression="gzip", compression_opts=4),
            "shuffle+gzip4": dict(compression="gzip", compression_opts=4, shuffle=True),
            "bslz4": dict(compression=BITSHUFFLE, compression_opts=(0, 2)),
            "bszstd": dict(compression=BEAMPRESS, compression_opts=(6,)),
            **blosc, "nbit": dict(nbit=True)}
    if dtype.kind != "f":
        rows["scaleoffset"] = dict(scaleoffset=0)
    for effort, name in enumerate(("fast", "balanced", "max"), 1):
        rows[f"dictionary {name}"] = dict(compression=DICTIONARY, compression_opts=(effort,))
    return rows


def best(repeat, call):
    times = []
    for _ in range(repeat):
        begin = time.thread_time()
        result = call()
        times.append(time.thread_time() - begin)
    return min(times), result


def create(file, values, settings):
    if "nbit" not in settings:
        return file.create_dataset("a", values.shape, values.dtype, chunks=values.shape, **settings)
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)  # h5py has no word for it
    properties.set_chunk(values.shape)
    properties.set_filter(h5py.h5z.FILTER_NBIT)
    h5py.h5d.create(file.id, b"a", h5py.h5t.py_create(values.dtype), h5py.h5s.create_simple(values.shape), properties)
    return file["a"]


def through_hdf5(values, settings):
    """(ratio, seconds to write, seconds to read)"""
    write, read, stored = [], [], 0
    slow = settings.get("compression") == BLOSC or settings.get("compression_opts") == (3,)
    for _ in range(2 if slow else options.repeat):
        with h5py.File("memory.h5", "w", driver="core", backing_store=False, rdcc_nbytes=0) as file:
            dataset = create(file, values, settings)
            begin = time.thread_time()
            dataset[...] = values
            write.append(time.thread_time() - begin)
            stored = dataset.id.get_storage_size()
            back = np.empty_like(values)
            begin = time.thread_time()
            dataset.read_direct(back)
            read.append(time.thread_time() - begin)
            assert back.tobytes() == values.tobytes()
    return values.nbytes / stored, min(write), min(read)


class FilterClass(ctypes.Structure):
    """H5Z_class2_t"""
    FILTER = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_uint, ctypes.c_size_t, ctypes.POINTER(ctypes.c_uint),
                              ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t), ctypes.POINTER(ctypes.c_void_p))
    _fields_ = [("version", ctypes.c_int), ("id", ctypes.c_int), ("encoder", ctypes.c_uint),
                ("decoder", ctypes.c_uint), ("name", ctypes.c_char_p), ("can_apply", ctypes.c_void_p),
                ("set_local", ctypes.c_void_p), ("filter", FILTER)]


def filter_alone(values, effort):
    """(ratio, seconds to encode, seconds to decode) of the plug-in's own function"""
    library = ctypes.CDLL(str(PLUGINS / "libh5dictionary.so"))
    library.H5PLget_plugin_info.restype = ctypes.POINTER(FilterClass)
    code = library.H5PLget_plugin_info().contents.filter
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    words = (ctypes.c_uint * 8)(effort, 1, values.itemsize, kind, values.shape[-1], values.size, values.nbytes, 0)
    seconds, content, stored = [[], []], values.tobytes(), 0
    for _ in range(options.repeat):
        buffer, room = ctypes.c_void_p(libc.malloc(values.nbytes)), ctypes.c_size_t(values.nbytes)
        ctypes.memmove(buffer, content, values.nbytes)
        size = values.nbytes
        for reverse in (0, 1):
            begin = time.thread_time()
            size = code(0x100 * reverse, 8, words, size, ctypes.byref(room), ctypes.byref(buffer))
            seconds[reverse].append(time.thread_time() - begin)
            stored = stored or size
        assert ctypes.string_at(buffer, size) == content
        libc.free(buffer)
    return values.nbytes / stored, min(seconds[0]), min(seconds[1])


def palette_zstd(values, level):
    """(ratio, seconds to encode, seconds to decode) of table and byte indices in Zstandard"""
    zstd = ctypes.CDLL("libzstd.so.1")
    for name in ("ZSTD_compressBound", "ZSTD_compress", "ZSTD_decompress"):
        getattr(zstd, name).restype = ctypes.c_size_t
    table, index = np.unique(values, return_inverse=True)
    index = index.astype("u1").tobytes()
    room = zstd.ZSTD_compressBound(ctypes.c_size_t(len(index)))
    out, back = ctypes.create_string_buffer(room), ctypes.create_string_buffer(len(index))
    encode, size = best(1, lambda: zstd.ZSTD_compress(out, ctypes.c_size_t(room), index, ctypes.c_size_t(len(index)),
                                                      ctypes.c_int(level)))
    decode, _ = best(options.repeat, lambda: zstd.ZSTD_decompress(back, ctypes.c_size_t(len(index)), out,
                                                                  ctypes.c_size_t(size)))
    return values.nbytes / (size + table.nbytes), encode, decode


def report(kind, values):
    _, count = np.unique(values, return_counts=True)
    share = count / values.size
    entropy = -(share * np.log2(share)).sum()
    print(f"\n{kind} (SIMULATED): {values.dtype}, {values.shape[0]} x {values.shape[1]}, {len(count)} values")
    print(f"  {'':28s}{'ratio':>8s}{'MB/s in':>10s}{'MB/s out':>10s}")
    print(f"  {'order-0 bound':28s}{8 * values.itemsize / entropy:8.2f}")
    rows = [(name, lambda s=settings: through_hdf5(values, s)) for name, settings in filters(values.dtype).items()]
    rows += [("dictionary, filter alone", lambda: filter_alone(values, 2)),
             ("palette+zstd3", lambda: palette_zstd(values, 3)), ("palette+zstd19", lambda: palette_zstd(values, 19))]
    for name, measure in rows:
        try:
            ratio, encode, decode = measure()
        except (OSError, ValueError) as error:
            print(f"  {name:28s}left out: {str(error)[:70]}")
            continue
        print(f"  {name:28s}{ratio:8.2f}{values.nbytes / encode / 1e6:10.0f}{values.nbytes / decode / 1e6:10.0f}")
    sys.stdout.flush()


for kind, values in simulated(options.seed, options.side).items():
    values = np.ascontiguousarray(values)
    if options.write:
        options.write.mkdir(exist_ok=True)
        values.tofile(options.write / f"dictionary-{kind}-SIMULATED.raw")
    report(kind, values)
