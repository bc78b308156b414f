#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints the rows of src/io/auto_speeds.def: nominal speeds of the candidates of --codec auto.

Runs `beampress bench` on one thread over frames that it simulates (four rates) and over the files that are given, and
takes the geometric mean by codec, level and bytes per element, rounded to two digits. For a quiet machine.
"""
import argparse
import collections
import json
import math
import pathlib
import subprocess
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[1]
LEVELS = {"fast": "BP_LEVEL_FAST", "balanced": "BP_LEVEL_BALANCED", "max": "BP_LEVEL_MAX"}
CANDIDATES = [("photon", "fast"), ("photon", "balanced"), ("photon", "max"), ("dictionary", None), ("bslz4", None),
              ("bszstd", "balanced"), ("store", None)]
SIZE = {"uint8": 1, "int8": 1, "uint16": 2, "int16": 2, "uint32": 4, "int32": 4, "float32": 4, "float64": 8,
        "uint64": 8, "int64": 8}


def measure(command, files, codec, level):
    line = [command, "bench", *files, "--json", "-q", "--codec", codec, *(["--level", level] if level else [])]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    return json.loads(done.stdout).get("results", []) if done.stdout else []


def simulate(command, folder):
    files = []
    for dtype, rates in (("uint8", (0.05, 2)), ("uint16", (0.3, 5, 100, 3000)), ("uint32", (0.3, 100, 3000))):
        for rate in rates:
            files.append(str(pathlib.Path(folder) / f"{dtype}-{rate}.h5"))
            subprocess.run([command, "simulate", "poisson", files[-1], "-q", f"rate={rate}", f"dtype={dtype}", "frames=4"],
                           check=True)
    return files


def two_digits(value):
    step = 10 ** (math.floor(math.log10(value)) - 1)
    return max(1, round(round(value / step) * step))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="HDF5 files (default: samples/)")
    parser.add_argument("--command", default=str(TOP / "build" / "beampress"))
    options = parser.parse_args()
    files = options.files or [str(p) for p in sorted((TOP / "samples").glob("*.h5"))]
    with tempfile.TemporaryDirectory() as folder:
        files = simulate(options.command, folder) + files
        for codec, level in CANDIDATES:
            logs = collections.defaultdict(list)
            for row in measure(options.command, files, codec, level):
                if "failed" not in row and row["encode_MBps"] > 0 and row["decode_MBps"] > 0:
                    logs[SIZE[row["dtype"]]].append((math.log(row["encode_MBps"]), math.log(row["decode_MBps"])))
            for size in sorted(logs):
                encode, decode = (math.exp(sum(r[i] for r in logs[size]) / len(logs[size])) for i in (0, 1))
                print(f"SPEED({codec}, {LEVELS.get(level, -1)}, {size}, {two_digits(encode)}, {two_digits(decode)})")


if __name__ == "__main__":
    main()
