#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Are the uncertainties of `beampress analyse` those of repeats? Simulates whole experiments again and again (other
speckles, other counts, other discs), analyses each, and writes the predicted sigma (its root mean square) over the
scatter of the values, for each quantity and bin.

    bench/sigma.py [--repeats 400] [--csv docs/bench/sigma.csv] [EXPERIMENT ...]
"""
import argparse
import csv
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


def simulate(*words):
    def run(file, seed):
        subprocess.run([COMMAND, "simulate", words[0], file, *words[1:], f"seed={seed}", "--overwrite", "--quiet"],
                       check=True, stdout=subprocess.DEVNULL)
    return run


def discs(file, seed):
    """SIMULATED: discs of 4 to 7 pixels at random places in 20 slices, other ones in each, with noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:96, :96]
    frames = []
    for _ in range(20):
        image = np.zeros((96, 96))
        for _ in range(random.poisson(12)):
            cy, cx, r = *random.uniform(0, 96, 2), random.uniform(4, 7)
            image[(y - cy)**2 + (x - cx)**2 < r * r] = 1
        frames.append(1000 + 1000 * image + random.normal(0, 150, image.shape))
    with h5py.File(file, "w") as f:
        f["x"] = np.rint(frames).astype(np.uint16)


# name: how it is made, how it is analysed
EXPERIMENTS = {
    "saxs, 10 exposures": (simulate("saxs", "height=96", "width=96", "pixel=1300", "background=1"), "saxs:bins=40"),
    "saxs, 1 exposure": (simulate("saxs", "height=96", "width=96", "pixel=1300", "background=1", "frames=1"), "saxs:bins=40"),
    "saxs, 1 exposure, full split": (simulate("saxs", "height=96", "width=96", "pixel=1300", "intensity=5", "background=0.05", "frames=1"),
                                     "saxs:bins=40,split=full"),
    "xpcs, 1 photon": (simulate("xpcs", "frames=200", "height=60", "width=60", "counts=1", "regions=1", "rate=0.05"), "xpcs:statistics,photons=5"),
    "xpcs, 0.05 photons": (simulate("xpcs", "frames=400", "height=80", "width=80", "counts=0.05", "regions=1", "modes=1", "rate=0.05"),
                           "xpcs:statistics,photons=3"),
    "xpcs, speckles of 2x2 pixels": (simulate("xpcs", "frames=200", "height=80", "width=80", "counts=2", "regions=1", "modes=2", "speckle=2", "rate=0.05"),
                                     "xpcs"),
    "segment, discs": (discs, "segment:volume=0,min_size=10"),
}


def results(make, technique, file, seed):
    make(file, seed)
    done = subprocess.run([COMMAND, "analyse", technique, file, "--json"], check=True, stdout=subprocess.PIPE)
    found = {}
    for row in json.loads(done.stdout)["results"]:
        if row.get("sigma") is None or "shape" in row:
            continue
        values = row["value"] if "value" in row else row["values"]
        found[row["name"]] = np.array([np.atleast_1d(values), np.atleast_1d(row["sigma"])], float)
    return found


def rows_of(experiment, runs):
    """(experiment, quantity, bin, mean, scatter, predicted sigma, their ratio, repeats)"""
    for name in runs[0]:
        table = np.array([run[name] for run in runs if name in run])
        values, sigmas = table[:, 0], table[:, 1]
        for k in range(values.shape[1]):
            good = np.isfinite(values[:, k]) & np.isfinite(sigmas[:, k])
            if good.sum() < 0.9 * len(runs) or np.ptp(values[good, k]) == 0:
                continue  # not defined in most repeats, or without any scatter
            if name == "object_sizes" and np.mean(values[:, k]) < 1:
                continue  # sigma is one object at least
            scatter = np.std(values[good, k], ddof=1)
            predicted = np.sqrt(np.mean(sigmas[good, k]**2))
            yield experiment, name, k, np.mean(values[good, k]), scatter, predicted, predicted / scatter, good.sum()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=400)
    parser.add_argument("--csv")
    parser.add_argument("experiments", nargs="*", default=list(EXPERIMENTS))
    arguments = parser.parse_args()
    rows = []
    for experiment in arguments.experiments:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "x.h5"
            runs = [results(*EXPERIMENTS[experiment], file, seed) for seed in range(1, arguments.repeats + 1)]
        here = list(rows_of(experiment, runs))
        for name in dict.fromkeys(row[1] for row in here):
            ratios = [row[6] for row in here if row[1] == name]
            print(f"{experiment}: {name}: {len(ratios)} bins, predicted / true {np.median(ratios):.2f} "
                  f"({min(ratios):.2f} to {max(ratios):.2f})", flush=True)
        rows += here
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(("experiment", "quantity", "bin", "mean", "scatter_of_repeats", "predicted_sigma", "predicted_over_true", "repeats"))
            for *names, mean, scatter, predicted, ratio, repeats in rows:
                out.writerow((*names, f"{mean:.6g}", f"{scatter:.4g}", f"{predicted:.4g}", f"{ratio:.3f}", repeats))
    return 0


if __name__ == "__main__":
    sys.exit(main())
