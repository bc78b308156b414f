#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints the rows of src/io/auto_speeds.def: nominal speeds of the candidates of --codec auto.

They are geometric means over the sets of docs/bench/peers.csv (one frame in a chunk, one thread), by codec, level, kind
and size of the elements, rounded to two digits. What that table does not have is measured with `beampress bench` on
arrays of that type that are made here.
"""
import argparse
import collections
import csv
import json
import math
import pathlib
import subprocess
import tempfile

import h5py
import numpy

TOP = pathlib.Path(__file__).resolve().parents[1]
LEVELS = {"fast": "BP_LEVEL_FAST", "balanced": "BP_LEVEL_BALANCED", "max": "BP_LEVEL_MAX"}
CANDIDATES = [("photon", "fast"), ("photon", "balanced"), ("photon", "max"), ("dictionary", None), ("bslz4", None),
              ("bszstd", "balanced"), ("store", None)]
PARAMS = {("photon", "fast"): "level=fast", ("photon", "balanced"): "level=balanced", ("photon", "max"): "level=max",
          ("dictionary", None): "level=balanced", ("bslz4", None): "block=0", ("bszstd", "balanced"): "block=0,level=3"}
CLASSES = [("INTEGER", 1, "uint8"), ("INTEGER", 2, "uint16"), ("INTEGER", 4, "uint32"), ("INTEGER", 8, "uint64"),
           ("FLOAT", 2, "float16"), ("FLOAT", 4, "float32"), ("FLOAT", 8, "float64")]


def kind_of(dtype):
    dtype = numpy.dtype(dtype)
    return ("FLOAT" if dtype.kind == "f" else "INTEGER"), dtype.itemsize


def from_table(path):
    """{(codec, level, kind, size): [(encode, decode)]}"""
    found = collections.defaultdict(list)
    with open(path, newline="") as stream:
        for row in csv.DictReader(stream):
            for candidate, params in PARAMS.items():
                if (row["codec"], row["params"], row["chunk_frames"], row["via"]) == (candidate[0], params, "1", "beampress") \
                        and not row["failed"] and row["encode_MBps"]:
                    key = (*candidate, *kind_of(row["dtype"]))
                    found[key].append((float(row["encode_MBps"]), float(row["decode_MBps"])))
    return found


def make(folder, dtype):
    """Counts for integers, a smooth surface with noise for floats."""
    random, path = numpy.random.default_rng(1), pathlib.Path(folder) / f"{dtype}.h5"
    rate = 5 + 4 * numpy.sin(numpy.arange(512) / 60)[:, None] * numpy.cos(numpy.arange(512) / 40)[None, :]
    values = random.poisson(rate, (4, 512, 512)) if "int" in dtype else random.normal(rate, 0.1, (4, 512, 512))
    with h5py.File(path, "w") as file:
        file["data"] = values.astype(dtype)
    return path


def measure(command, path, codec, level):
    line = [command, "bench", path, "--json", "-q", "--quick", "--codec", codec, *(["--level", level] if level else [])]
    done = subprocess.run([str(word) for word in line], capture_output=True, text=True, check=False)
    rows = json.loads(done.stdout).get("results", []) if done.stdout else []
    return [(row["encode_MBps"], row["decode_MBps"]) for row in rows if "failed" not in row]


def two_digits(value):
    step = 10 ** (math.floor(math.log10(value)) - 1)
    return max(1, round(round(value / step) * step))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", default=TOP / "docs" / "bench" / "peers.csv", type=pathlib.Path)
    parser.add_argument("--command", default=TOP / "build" / "beampress", type=pathlib.Path)
    words = parser.parse_args()
    found = from_table(words.table)
    with tempfile.TemporaryDirectory() as folder:
        for codec, level in CANDIDATES:
            for kind, size, dtype in CLASSES:
                speeds = found.get((codec, level, kind, size)) or measure(words.command, make(folder, dtype), codec, level)
                if not speeds:
                    continue
                encode, decode = (math.exp(sum(math.log(s[i]) for s in speeds) / len(speeds)) for i in (0, 1))
                print(f"SPEED({codec}, {LEVELS.get(level, -1)}, {kind}, {size}, {two_digits(encode)}, {two_digits(decode)})")


if __name__ == "__main__":
    main()
