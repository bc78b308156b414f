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


def write(file, values, image_key=None):
    with h5py.File(file, "w") as f:
        f.create_group("entry").attrs["NX_class"] = "NXentry"
        f["entry"].create_group("data").attrs["NX_class"] = "NXdata"
        f["entry/data"].attrs["signal"] = "data"
        f["entry/data/data"] = values
        if image_key is not None:
            f["entry/data/image_key"] = image_key


def against(file):
    """Of the second file of an experiment; results() looks for it."""
    return file.with_suffix(".against.h5")


def disc_images(random, size, frames, steps):
    """Discs of 4 to 7 pixels at random places, other ones in each image; higher by one of the steps."""
    y, x = np.mgrid[:size, :size]
    images = np.zeros((frames, size, size))
    for image in images:
        for _ in range(random.poisson(size * size / 768)):
            cy, cx, r = *random.uniform(0, size, 2), random.uniform(4, 7)
            image[(y - cy)**2 + (x - cx)**2 < r * r] = random.choice(steps)
    return images


def discs(noise=150, steps=(1000,), dtype=np.uint16, frames=20, size=96, again=False):
    """SIMULATED: discs in slices, with noise; `again`: the same slices with other noise, to compare with."""
    def make(file, seed):
        random = np.random.default_rng(seed)
        images = 1000 + disc_images(random, size, frames, steps)
        values = images + random.normal(0, noise, images.shape)
        write(file, (np.rint(values) if np.dtype(dtype).kind == "u" else values).astype(dtype))
        if again:
            write(against(file), np.rint(images + random.normal(0, 1.5 * noise, images.shape)).astype(dtype))
    return make


def spheres(file, seed):
    """SIMULATED: spheres of 2 to 3.5 voxels in a volume of 240 slices, with noise."""
    random = np.random.default_rng(seed)
    z, y, x = np.mgrid[:240, :32, :32]
    volume = np.zeros((240, 32, 32))
    for _ in range(random.poisson(100)):
        cz, cy, cx, r = *random.uniform(0, (240, 32, 32)), random.uniform(2, 3.5)
        near = slice(max(0, int(cz) - 4), int(cz) + 6)
        volume[near][(z[near] - cz)**2 + (y[near] - cy)**2 + (x[near] - cx)**2 < r * r] = 1000
    write(file, np.rint(1000 + volume + random.normal(0, 150, volume.shape)).astype(np.uint16))


def scaled(*words):
    """The same simulation with values that are no counts any more: 0.37 of each."""
    def make(file, seed):
        simulate(*words)(file, seed)
        with h5py.File(file, "r+") as f:
            values = f["entry/data/data"][()]
            for place in ("entry/instrument/detector/data", "entry/data/data"):
                del f[place]
            f["entry/data/data"] = (0.37 * values).astype(np.float32)
            f["entry/instrument/detector/data"] = h5py.SoftLink("/entry/data/data")
    return make


def partitions(file, seed):
    """Speckles (beampress simulate) with static partitions: each region of rows in five parts, cut by columns."""
    simulate("xpcs", "frames=120", "height=60", "width=60", "counts=1", "regions=2", "rate=0.05")(file, seed)
    y, x = np.mgrid[:60, :60]
    with h5py.File(file, "r+") as f:
        f["entry/data/static_roi_map"] = 1 + 5 * (y // 30) + x // 12


def camera(levels, darks=0, flats=0, side=128, gain=2.5, read=4, offset=100):
    """SIMULATED: frames of a camera of known gain: darks and flats (by image_key), then a scene at several levels."""
    def make(file, seed):
        random = np.random.default_rng(seed)
        y, x = np.mgrid[:side, :side]
        scene = 0.6 + 0.4 * np.sin(x / 20) * np.cos(y / 15)
        rates = [0 * scene] * darks + [2000 * scene] * flats + [level * scene for level in levels]
        frames = offset + gain * random.poisson(rates) + random.normal(0, read, (len(rates), side, side))
        write(file, np.rint(frames).astype(np.uint16), image_key=[2] * darks + [1] * flats + [0] * len(levels))
    return make


def far_fields(file, seed):
    """SIMULATED: a scan of 40 positions; the spot moves and its brightness changes as the sample has it, another one
    each time. Two measurements of it."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:32, :40]
    truth = np.array([a * np.exp(-((x - 20 - u)**2 + (y - 15 - v)**2) / 40)
                      for a, u, v in zip(random.uniform(1, 4, 40), random.normal(0, 2, 40), random.normal(0, 2, 40))])
    write(file, random.poisson(truth).astype(np.uint16))
    write(against(file), random.poisson(truth).astype(np.uint16))


def still_fields(file, seed):
    """SIMULATED: twelve positions with the same far fields each time, and other counts."""
    y, x = np.mgrid[:32, :40]
    truth = [2 * np.exp(-((x - 20 - s)**2 + (y - 15)**2) / 40) for s in np.linspace(-3, 3, 12)]
    write(file, np.random.default_rng(seed).poisson(truth).astype(np.uint16))


def spectra(file, seed):
    """SIMULATED: 30 spectra with a peak on a slope, and other counts each time."""
    channel = np.arange(300)
    truth = 30 - 0.05 * channel + 400 * np.exp(-(channel - 150)**2 / 50) / np.sqrt(50 * np.pi)
    write(file, np.random.default_rng(seed).poisson(truth, (6, 5, 300)).astype(np.uint16))


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
    "saxs, 10 exposures, sectors, clipped, curved": (simulate("saxs", "height=96", "width=96", "pixel=1300", "background=1"),
                                                     "saxs:bins=40,split=no,azimuths=4,clip=5,guinier_curved=1"),
    "saxs, 1 exposure, sectors, clipped, curved": (simulate("saxs", "height=96", "width=96", "pixel=1300", "background=1", "frames=1"),
                                                   "saxs:bins=40,split=no,azimuths=4,clip=5,guinier_curved=1"),
    "saxs, 1 exposure, scaled values": (scaled("saxs", "height=96", "width=96", "pixel=1300", "background=1", "frames=1"), "saxs:bins=40"),
    "gisaxs, 10 exposures": (simulate("saxs", "height=96", "width=96", "pixel=1300", "background=1"), "gisaxs:bins=20,qz_width=0.2,qy_width=0.2"),
    "gisaxs, 1 exposure": (simulate("saxs", "height=96", "width=96", "pixel=1300", "background=1", "frames=1"),
                           "gisaxs:bins=20,qz_width=0.2,qy_width=0.2"),
    "xpcs, two-time, delays of APS": (simulate("xpcs", "frames=60", "height=60", "width=60", "counts=1", "regions=1", "rate=0.05"),
                                      "xpcs:two_time,delays=aps"),
    "xpcs, static partitions": (partitions, "xpcs:normalisation=static"),
    "segment, discs": (discs(), "segment:volume=0,min_size=10"),
    "segment, one image": (discs(frames=1, size=400), "segment:volume=0,min_size=10"),
    "segment, no value between the phases": (discs(noise=60), "segment:volume=0,min_size=10"),
    "segment, float values": (discs(dtype=np.float32), "segment:volume=0,min_size=10"),
    "segment, three classes": (discs(noise=100, steps=(700, 1500)), "segment:classes=3,volume=0,min_size=10"),
    "segment, spheres in a volume": (spheres, "segment:min_size=10"),
    "segment, against other noise": (discs(noise=100, again=True), "segment"),
    "noise, darks and flats": (camera([], darks=4, flats=8), "noise"),
    "noise, levels": (camera([200, 200, 800, 800, 2000, 2000, 4000, 4000]), "noise"),
    "noise, one scene": (camera([2000] * 8), "noise"),
    "ptycho, positions": (still_fields, "ptycho"),
    "ptycho, against a second measurement": (far_fields, "ptycho"),
    "xrf, 30 spectra": (spectra, "xrf:from=125,to=175,sides=20"),
}


def results(make, technique, file, seed):
    make(file, seed)
    other = ["--against", against(file)] if against(file).exists() else []
    done = subprocess.run([COMMAND, "analyse", technique, file, *other, "--json"], check=True, stdout=subprocess.PIPE)
    found = {}
    for row in json.loads(done.stdout)["results"]:
        if row.get("sigma") is None or "shape" in row:
            continue
        values = row["value"] if "value" in row else row["values"]
        both = np.array([np.atleast_1d(values), np.atleast_1d(row["sigma"])], float)
        found[row["name"]] = np.hstack([found[row["name"]], both]) if row["name"] in found else both
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
        lines = [[*names, f"{mean:.6g}", f"{scatter:.4g}", f"{predicted:.4g}", f"{ratio:.3f}", repeats]
                 for *names, mean, scatter, predicted, ratio, repeats in rows]
        if pathlib.Path(arguments.csv).exists():  # those of other experiments stay
            with open(arguments.csv, newline="") as file:
                lines += [line for line in list(csv.reader(file))[1:] if line[0] not in arguments.experiments]
        order = list(EXPERIMENTS)
        with open(arguments.csv, "w", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(("experiment", "quantity", "bin", "mean", "scatter_of_repeats", "predicted_sigma", "predicted_over_true", "repeats"))
            out.writerows(sorted((line for line in lines if line[0] in order), key=lambda line: order.index(line[0])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
