#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Are the uncertainties of `beampress analyse ct` those of repeats? Simulates the whole experiment (another sample, other
counts each time), analyses each, and writes the predicted sigma over the scatter of the values, per quantity and per bin.

  bench/ct_sigma.py [REPEATS [OUT.csv]]      default: 400 repeats, docs/bench/ct_sigma.csv
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

TOP = pathlib.Path(__file__).resolve().parents[1]
COMMAND = pathlib.Path(os.environ.get("BEAMPRESS_BUILD", TOP / "build")) / "beampress"
# rows are independent: farther apart than a pore is large
EXPERIMENT = ["rows=20", "apart=10", "columns=64", "angles=60", "pore=5", "photons=2000", "flats=10", "darks=5"]


def results(folder, seed):
    file = pathlib.Path(folder) / "scan.h5"
    subprocess.run([COMMAND, "simulate", "ct", file, *EXPERIMENT, f"seed={seed}", "--overwrite", "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
    done = subprocess.run([COMMAND, "analyse", "ct:rows=20,air=3", file, "--json"], check=True, stdout=subprocess.PIPE)
    found = {}
    for row in json.loads(done.stdout)["results"]:
        if row.get("sigma") is None or "shape" in row:
            continue
        values, sigmas = (row["value"], row["sigma"]) if "value" in row else (row["values"], row["sigma"])
        found[row["name"]] = np.array([np.atleast_1d(values), np.atleast_1d(sigmas)], float)
    return found


def rows_of(runs):
    """(quantity, bin, mean, scatter, median predicted sigma, their ratio)"""
    for name in runs[0]:
        table = np.array([run[name] for run in runs if name in run])
        values, sigmas = table[:, 0], table[:, 1]
        for k in range(values.shape[1]):
            good = np.isfinite(values[:, k]) & np.isfinite(sigmas[:, k])
            scatter = np.std(values[good, k], ddof=1)
            predicted = np.sqrt(np.mean(sigmas[good, k] ** 2))
            yield name, k, np.mean(values[good, k]), scatter, predicted, predicted / scatter, good.sum()


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else TOP / "docs/bench/ct_sigma.csv"
    with tempfile.TemporaryDirectory() as folder:
        runs = [results(folder, seed) for seed in range(1, repeats + 1)]
    rows = list(rows_of(runs))
    with open(out, "w") as f:
        f.write("quantity,bin,mean,scatter_of_repeats,predicted_sigma,predicted_over_true,repeats\n")
        for row in rows:
            f.write("{},{},{:.6g},{:.4g},{:.4g},{:.3f},{}\n".format(*row))
    for name in dict.fromkeys(row[0] for row in rows):
        ratios = [row[5] for row in rows if row[0] == name]
        print(f"{name:20s} predicted / true: median {np.median(ratios):.3f}, {min(ratios):.3f} ... {max(ratios):.3f}")


if __name__ == "__main__":
    main()
