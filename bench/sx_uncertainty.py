#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Is the sigma that `beampress analyse sx` and `half_sets` state true? Simulated experiments are repeated (other shots, other noise, the
same crystal); the scatter of each result over the repeats is compared with the sigma that the repeats state (root mean square).

    bench/sx_uncertainty.py BEAMPRESS [REPEATS [EXPERIMENT...]] > docs/bench/sx-uncertainty.csv
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

LISTS = ("peak_x", "peak_y", "peak_q", "peak_h", "peak_k", "peak_l")
PLACES = np.array([(y, x) for y in (8, 24, 40, 55) for x in (8, 24, 40, 55)])


def simulate(command, path, frames, *words):
    subprocess.run([command, "simulate", "sx", path, f"frames={frames}", *words, "-q"], check=True)


def analyse(command, technique, *arguments):
    """{name: {place: (value, sigma)}}"""
    done = subprocess.run([command, "analyse", technique, *arguments, "--json"], check=True, stdout=subprocess.PIPE)
    found = {}
    for row in json.loads(done.stdout)["results"]:
        if row["sigma"] is not None:
            values, sigmas = (row["values"], row["sigma"]) if "values" in row else ([row["value"]], [row["sigma"]])
            found[row["name"]] = {p: pair for p, pair in enumerate(zip(values, sigmas)) if None not in pair}
    return found


def shots(command, folder, repeats, count=24):
    """Peaks, hits, background; and against a rounded version."""
    simulate(command, folder / "all.h5", repeats * count, "height=144", "width=144", "gap=0", "hits=0.6", "distance=0.04", "photons=600", "seed=77")
    with h5py.File(folder / "all.h5") as f:
        for k in range(repeats):
            frames = f["/entry/data/data"][k * count:(k + 1) * count]
            for name, values in (("a.h5", frames), ("b.h5", np.rint(frames / 4.0) * 4)):
                with h5py.File(folder / name, "w") as g:
                    g["x"] = values.astype(np.uint16)
            search = "sx:threshold=9,min_snr=4,min_peaks=8"
            yield {**analyse(command, search, folder / "a.h5"), **analyse(command, search, folder / "a.h5", "--against", folder / "b.h5")}


def merged(command, folder, frames, lists):
    with h5py.File(folder / "m.h5", "w") as f:
        f["entry/data/data"] = frames
        for name, values in lists.items():
            f["entry/truth/" + name] = values
    found = analyse(command, "sx:merge=1,shells=4", folder / "m.h5", "--dataset", "/entry/data/data")
    return {name: row for name, row in found.items() if name.replace("shell_", "") in ("cc_half", "cc_star", "rsplit")}


def merge_simulated(command, folder, repeats, count=80):
    """Shots of `simulate sx`: a reflection is seen once or fifty times, in part, in shots of differing strength."""
    simulate(command, folder / "all.h5", repeats * count, "height=128", "width=128", "gap=0", "hits=1", "a=25", "b=30", "c=35", "distance=0.03",
             "radius=0.003", "background=1", "seed=77")
    with h5py.File(folder / "all.h5") as f:
        for k in range(repeats):
            part = np.s_[k * count:(k + 1) * count]
            yield merged(command, folder, f["/entry/data/data"][part], {name: f["/entry/truth/" + name][part] for name in LISTS})


def merge_made(command, folder, repeats, seen, reflections=320):
    """Each reflection is seen `seen` times on average; spots are one pixel, parts of what the crystal has, with counting noise."""
    crystal = np.random.default_rng(1).exponential(1000, reflections) + 50
    count = seen * reflections // len(PLACES)
    for seed in range(repeats):
        random = np.random.default_rng(seed)
        which = np.array([random.permutation(reflections)[:len(PLACES)] for _ in range(count)])
        part = (1 - random.random(which.shape) ** 2) ** 2 * (0.5 + random.random((count, 1)))
        frames = np.zeros((count, 64, 64), np.float32)
        frames[:, PLACES[:, 0], PLACES[:, 1]] = random.poisson(crystal[which] * part)
        place = np.broadcast_to(PLACES + 0.5, which.shape + (2,))
        yield merged(command, folder, frames, {"peak_x": place[..., 1], "peak_y": place[..., 0], "peak_q": 0.1 + which / 1000.0,
                                               "peak_h": which % 10.0, "peak_k": which // 10.0, "peak_l": 0.0 * which})


def halves(command, folder, repeats, relative, reflections=800):
    """Tables of two halves with counting noise and a share of each intensity."""
    random = np.random.default_rng(3)
    crystal, q = random.exponential(1000, reflections) + 50, random.random(reflections)
    sigma = np.hypot(20 * np.sqrt(crystal), relative * crystal)
    for _ in range(repeats):
        table = np.array([crystal + sigma * random.normal(size=reflections), crystal + sigma * random.normal(size=reflections), q])
        with h5py.File(folder / "t.h5", "w") as f:
            f["x"] = table.T
        yield analyse(command, "half_sets:shells=8", folder / "t.h5")


EXPERIMENTS = {
    "shots": shots,
    "merge, simulated shots": merge_simulated,
    "merge, seen 3 times": lambda *a: merge_made(*a, 3, 640),
    "merge, seen 10 times": lambda *a: merge_made(*a, 10),
    "merge, seen 30 times": lambda *a: merge_made(*a, 30),
    "half_sets, counting noise": lambda *a: halves(*a, 0),
    "half_sets, relative noise": lambda *a: halves(*a, 0.3),
}


def study(command, experiment, repeats):
    """Rows of (name, bins, median and extremes over bins of predicted over true sigma)."""
    with tempfile.TemporaryDirectory() as folder:
        found = list(EXPERIMENTS[experiment](command, pathlib.Path(folder), repeats))
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
    command = pathlib.Path(sys.argv[1]).resolve()
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 400
    print("experiment,result,bins,repeats,median predicted/true,least,most")
    for experiment in sys.argv[3:] or EXPERIMENTS:
        for name, bins, median, least, most in study(command, experiment, repeats):
            print(f'"{experiment}",{name},{bins},{repeats},{median:.3f},{least:.3f},{most:.3f}', flush=True)


if __name__ == "__main__":
    main()
