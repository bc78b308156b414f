#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Are the uncertainties of `beampress analyse ct` those of repeats? Simulates the whole experiment (another sample, other
counts each time), analyses each by several methods, and writes the predicted sigma over the scatter of the values, per quantity
and per bin. A single row knows nothing of other samples: its repeats are other counts of the same one.

  bench/ct_sigma.py [REPEATS [OUT.csv]]      default: 400 repeats, docs/bench/ct_sigma.csv
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

TOP = pathlib.Path(__file__).resolve().parents[1]
COMMAND = pathlib.Path(os.environ.get("BEAMPRESS_BUILD", TOP / "build")) / "beampress"
# rows are independent: farther apart than a pore is large
EXPERIMENT = ["rows=20", "apart=10", "columns=64", "angles=60", "pore=5", "flats=10", "darks=5"]
METHODS = {"fbp": "ct:rows=20,air=3", "gridrec": "ct:method=gridrec,rows=20,air=3",
           "sirt": "ct:method=sirt,iterations=20,rows=20,air=3"}
ONE_ROW = "ct:rows=1,first=9,centre=32"
BRIGHT, DIM = 60000, 2000  # photons


def simulate(file, photons, seed):
    subprocess.run([COMMAND, "simulate", "ct", file, *EXPERIMENT, f"photons={photons}", f"seed={seed}", "--overwrite", "--quiet"],
                   check=True, stdout=subprocess.DEVNULL)


def counts_again(bright, file, random):
    """A bright scan as the expectation of a dim one: Poisson counts and read noise on the same offset."""
    with h5py.File(bright) as f:
        values = {name: f["entry/data"][name][()] for name in ("data", "rotation_angle", "image_key")}
    expected = np.maximum(values["data"].astype(float) - 100, 0) * DIM / BRIGHT
    expected[values["image_key"] == 2] = 0
    values["data"] = np.clip(np.rint(random.poisson(expected) + random.normal(100, 3, expected.shape)), 0, 65535).astype(np.uint16)
    with h5py.File(file, "w") as f:
        for name, array in values.items():
            f[f"entry/data/{name}"] = array


def results(technique, file):
    done = subprocess.run([COMMAND, "analyse", technique, file, "--dataset", "/entry/data/data", "--json"], check=True,
                          stdout=subprocess.PIPE)
    found = {}
    for row in json.loads(done.stdout)["results"]:
        if row.get("sigma") is None or "shape" in row:
            continue
        values, sigmas = (row["value"], row["sigma"]) if "value" in row else (row["values"], row["sigma"])
        found[row["name"]] = np.array([np.atleast_1d(values), np.atleast_1d(sigmas)], float)
    return found


def rows_of(runs):
    """(quantity, bin, mean, scatter, root mean square of the predicted sigma, their ratio, repeats)"""
    for name in dict.fromkeys(name for run in runs for name in run):
        table = np.array([run[name] for run in runs if name in run])
        values, sigmas = table[:, 0], table[:, 1]
        for k in range(values.shape[1]):
            good = np.isfinite(values[:, k]) & np.isfinite(sigmas[:, k])
            if good.sum() < 2:  # no sigma is stated there
                continue
            scatter = np.std(values[good, k], ddof=1)
            predicted = np.sqrt(np.mean(sigmas[good, k] ** 2))
            yield name, k, np.mean(values[good, k]), scatter, predicted, predicted / scatter, good.sum()


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else TOP / "docs/bench/ct_sigma.csv"
    runs, random = {name: [] for name in (*METHODS, "one row")}, np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        file, bright = pathlib.Path(folder) / "scan.h5", pathlib.Path(folder) / "bright.h5"
        simulate(bright, BRIGHT, 1)
        for seed in range(1, repeats + 1):
            simulate(file, DIM, seed)
            for name, technique in METHODS.items():
                runs[name].append(results(technique, file))
            counts_again(bright, file, random)
            runs["one row"].append(results(ONE_ROW, file))
    with open(out, "w") as f:
        f.write("method,quantity,bin,mean,scatter_of_repeats,predicted_sigma,predicted_over_true,repeats\n")
        for method, found in runs.items():
            rows = list(rows_of(found))
            for row in rows:
                f.write("{},{},{},{:.6g},{:.4g},{:.4g},{:.3f},{}\n".format(method, *row))
            for name in dict.fromkeys(row[0] for row in rows):
                ratios = [row[5] for row in rows if row[0] == name]
                print(f"{method:8s} {name:18s} predicted / true: median {np.median(ratios):.3f}, {min(ratios):.3f} ... {max(ratios):.3f}")


if __name__ == "__main__":
    main()
