#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Is the sigma that `beampress analyse sx` states true? Simulated experiments are repeated; the scatter of each result over the
repeats is compared with the sigma that the repeats state (root mean square).

    bench/sx_uncertainty.py BEAMPRESS [REPEATS] > docs/bench/sx-uncertainty.csv
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

SHOTS = 24
SEARCH = "sx:threshold=9,min_snr=4,min_peaks=8"


def experiments(command, folder, repeats):
    """Independent shots of one crystal form, `SHOTS` of them in each repeat."""
    subprocess.run([command, "simulate", "sx", folder / "all.h5", f"frames={repeats * SHOTS}", "height=144", "width=144", "gap=0", "hits=0.6",
                    "distance=0.04", "photons=600", "seed=77", "-q"], check=True)
    with h5py.File(folder / "all.h5") as f:
        frames = f["/entry/data/data"]
        for k in range(repeats):
            yield frames[k * SHOTS:(k + 1) * SHOTS]


def analyse(command, folder, shots):
    """{name: (values, sigmas)} of the shots, and of them against a rounded version."""
    for name, values in (("a.h5", shots), ("b.h5", np.rint(shots / 4.0) * 4)):
        with h5py.File(folder / name, "w") as f:
            f["x"] = values.astype(np.uint16)
    found = {}
    for more in ([], ["--against", folder / "b.h5"]):
        done = subprocess.run([command, "analyse", SEARCH, folder / "a.h5", "--json", *more], check=True, stdout=subprocess.PIPE)
        for row in json.loads(done.stdout)["results"]:
            if row["sigma"] is not None:
                values, sigmas = (row.get("values", [row.get("value")]), row["sigma"] if "values" in row else [row["sigma"]])
                at = row.get("at") or [0]
                found[row["name"]] = {p: (v, s) for p, v, s in zip(at, values, sigmas) if v is not None and s is not None}
    return found


def study(command, repeats):
    """Rows of (name, bins, median and extremes over bins of predicted over true sigma)."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        found = [analyse(command, folder, shots) for shots in experiments(command, folder, repeats)]
    for name in sorted({name for one in found for name in one}):
        bins = {}
        for one in found:
            for place, pair in one.get(name, {}).items():
                bins.setdefault(place, []).append(pair)
        ratios = []
        for pairs in bins.values():
            values, sigmas = np.array(pairs).T
            if len(values) == repeats and values.std() > 0:
                ratios.append(np.sqrt((sigmas ** 2).mean()) / values.std(ddof=1))
        if ratios:
            yield name, len(ratios), np.median(ratios), min(ratios), max(ratios)


def main():
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 400
    print("result,bins,repeats,median predicted/true,least,most")
    for name, bins, median, least, most in study(pathlib.Path(sys.argv[1]).resolve(), repeats):
        print(f"{name},{bins},{repeats},{median:.3f},{least:.3f},{most:.3f}")


if __name__ == "__main__":
    main()
