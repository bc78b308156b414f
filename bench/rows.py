# SPDX-License-Identifier: BSD-3-Clause
"""The rows of a bench as a CSV file keeps them, and how two rows are compared."""
import csv
import math
import re

COLUMNS = ["set", "dtype", "frame", "chunk_frames", "chunks", "measured", "group", "codec", "params", "via", "view", "threads",
           "lossless", "raw_bytes", "stored_bytes", "ratio", "bpp", "floor_bpp", "encode_MBps", "decode_MBps",
           "encode_median_MBps", "decode_median_MBps", "passes", "first_bytes", "failed"]
WHOLE = {"chunk_frames", "chunks", "measured", "threads", "raw_bytes", "stored_bytes", "passes"}
REAL = {"ratio", "bpp", "floor_bpp", "encode_MBps", "decode_MBps", "encode_median_MBps", "decode_median_MBps"}
LARGE = 4_000_000  # bytes: below, a set says nothing about speed
POISSON, FEW_VALUES = "SIMULATED poisson", "SIMULATED few values:"  # how the names of simulated sets begin
OWN = ("photon", "dictionary", "bslz4", "bszstd")  # whose code is in src/; the others are libraries


class Row(dict):
    """One codec on one set."""

    @property
    def name(self):
        return label(self["codec"], self["params"], self["group"], self["via"])

    @property
    def good(self):
        return bool(self["lossless"]) and not self["failed"]

    @property
    def pixels(self):
        """of one chunk"""
        return self["raw_bytes"] / self["measured"] / itemsize(self["dtype"])

    def bits(self, chunks):
        """Bits per pixel of the first so many chunks in measuring order: all, or a power of two."""
        if chunks == self["measured"]:
            return 8 * self["stored_bytes"] / self["measured"] / self.pixels
        return 8 * self["first_bytes"][chunks.bit_length() - 1] / chunks / self.pixels


def itemsize(dtype):
    return int(re.search(r"\d+$", dtype).group()) // 8


def label(codec, params, group, via):
    """What a reader calls it."""
    values = dict(word.partition("=")[::2] for word in params.split(",") if word)
    if codec == "photon":
        return f"photon {values['level']}"
    if group == "own":
        return f"dictionary {values['level']}" if "level" in values and codec == "dictionary" else codec
    maker = "hdf5plugin" if via.startswith("hdf5plugin") else "plug-in"
    known = {"bitshuffle": lambda: f"bszstd {maker}" if "zstd" in params else f"bslz4 {maker}",
             "jpegxl": lambda: f"JPEG XL e{values.get('effort', '?')}", "jpegls": lambda: "JPEG-LS",
             "ccsds121": lambda: "CCSDS-121", "szip": lambda: f"szip {values.get('block', '')}".strip(),
             "blosc2": lambda: f"Blosc2 zstd-{values.get('level', '')}" if "zstd" in params else "Blosc2 LZ4",
             "blosc": lambda: f"Blosc zstd-{values.get('level', '')}" if "zstd" in params else "Blosc LZ4",
             "terse": lambda: "TERSE", "zstd": lambda: f"zstd-{values.get('level', '')}",
             "deflate": lambda: f"gzip-{values.get('level', '')}", "lz4": lambda: "LZ4"}
    return known[codec]() if codec in known else f"{codec} {params}".strip()


def read(path):
    with open(path, newline="") as file:
        rows = [Row(row) for row in csv.DictReader(file)]
    for row in rows:
        for name in WHOLE:
            row[name] = int(row[name]) if row[name] else 0
        for name in REAL:
            row[name] = float(row[name]) if row[name] else math.nan
        row["lossless"] = row["lossless"] == "1"
        row["first_bytes"] = [int(word) for word in row["first_bytes"].split()]
    return rows


def shown(name, value):
    if name == "first_bytes":
        return " ".join(map(str, value))
    if name == "lossless":
        return str(int(value))
    if name in REAL:
        return "" if value is None or math.isnan(value) else f"{value:.6g}"
    return value


def write(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow([shown(name, row[name]) for name in COLUMNS])


def mean(values):
    """Geometric."""
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def common(*rows):
    """The number of chunks on which rows of one set can be compared."""
    return min(row["measured"] for row in rows)


def sets(rows):
    """set: rows, in the order of the file"""
    result = {}
    for row in rows:
        result.setdefault(row["set"], []).append(row)
    return result


def large(rows):
    """Is the set large enough to say something about speed?"""
    return max(row["raw_bytes"] for row in rows) >= LARGE
