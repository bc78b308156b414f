#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Azimuthal integration beside pyFAI, multi-tau correlation beside scikit-beam, peakfinder8 beside OnDA Monitor: values
and speed on the same cores in one run. Needs those from PyPI (ondamonitor without its dependencies will do), best in a
virtual environment, and a build. What is not installed is skipped.

    python bench/scattering.py BUILD [--csv docs/bench/scattering.csv]
"""
import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402  (after OMP_NUM_THREADS)


def best(run, repeats):
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        value = run()
        times.append(time.perf_counter() - began)
    return min(times), value


def ours(build, folder, name, values, *numbers):
    """seconds of preparation, seconds of a run, curve"""
    values.astype("<f8").tofile(f"{folder}/in")
    line = [f"{build}/bench/scattering_speed", name, f"{folder}/in", *map(str, numbers), f"{folder}/out"]
    ready, run = subprocess.run(line, stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    return float(ready), float(run), np.fromfile(f"{folder}/out")


def azimuthal(build, folder):
    import pyFAI
    from pyFAI.detectors import Detector
    from pyFAI.integrator.azimuthal import AzimuthalIntegrator
    shape, bins = (2048, 2048), 1000
    y, x = np.mgrid[:shape[0], :shape[1]] + 0.5
    frame = np.random.default_rng(1).poisson(2000 / (1 + np.hypot(y - 1024, x - 1024) / 50)).astype(np.uint16)
    detector = Detector(1e-4, 1e-4, max_shape=shape)
    ai = AzimuthalIntegrator(dist=1, poni1=shape[0] * 50e-6, poni2=shape[1] * 50e-6, detector=detector, wavelength=1e-10)
    for number, split in enumerate(("no", "bbox", "full")):
        def run(data=frame, split=split):
            return ai.integrate1d(data, bins, unit="q_nm^-1", method=(split, "csr", "cython"), polarization_factor=0.99,
                                  error_model="poisson")
        began = time.perf_counter()
        run()
        ready = time.perf_counter() - began
        theirs, result = best(run, 8)
        prepared, seconds, curve = ours(build, folder, "azimuthal", frame, *shape, bins, number, 8)
        difference = np.nanmax(abs(curve / result.intensity - 1))
        yield (f"azimuthal integration, {split} split", f"pyFAI {pyFAI.version} CSR (Cython)", "frames of 2048x2048 uint16, 1000 bins, with sigma",
               theirs, seconds, ready, prepared, difference)


def multitau(build, folder):
    import skbeam
    from skbeam.core.correlation import multi_tau_auto_corr
    for mean in (3, 0.05):
        frames, side = 512, 128
        series = np.random.default_rng(2).poisson(mean, (frames, side, side)).astype(float)
        labels = np.ones((side, side), int)
        theirs, (g2, lags) = best(lambda s=series: multi_tau_auto_corr(6, 8, labels, s), 2)
        prepared, seconds, curve = ours(build, folder, "multitau", series, frames, side * side, 8, 6)
        difference = abs(curve / g2[:, 0] - 1).max()
        yield (f"multi-tau g2, {mean} photons per pixel", f"scikit-beam {skbeam.__version__}", f"{frames} frames of {side}x{side}, 6 levels of 8",
               theirs, seconds, 0, prepared, difference)


def peaks(build, folder):
    """SIMULATED: a falling background of Poisson counts with 200 spots on it."""
    from importlib.metadata import version
    from om.algorithms._crystallography import peakfinder_8
    shape, threshold, random = (1024, 1024), 60, np.random.default_rng(3)
    y, x = np.mgrid[:shape[0], :shape[1]] + 0.5
    rate = 20 + 200 / (1 + np.hypot(y - 512, x - 512) / 60)
    for cy, cx, height in zip(*random.uniform(20, 1004, (2, 200)), random.exponential(1500, 200) + 200):
        near = np.s_[int(cy) - 6:int(cy) + 7, int(cx) - 6:int(cx) + 7]
        rate[near] += height * np.exp(-((y[near] - cy)**2 + (x[near] - cx)**2) / 2)
    frame = random.poisson(rate).astype(np.float32)
    # as CrystFEL has it: whole pixels, cut towards the beam, which stands at the corner of a pixel
    radius = np.hypot(np.arange(shape[0])[:, None] - 512, np.arange(shape[1])[None] - 512).astype(np.float32)
    nothing, mask = np.zeros(1, np.int32), np.ones(shape, np.int8)
    theirs, found = best(lambda: peakfinder_8(2048, frame, mask, radius, 0, nothing, nothing, 0, *shape[::-1], 1, 1, threshold, 5, 2, 200, 3), 20)
    prepared, seconds, table = ours(build, folder, "peaks", frame, *shape, threshold, 20)
    table, (fs, ss, total) = table.reshape(-1, 3), np.array(found[:3])
    same = [np.flatnonzero(np.hypot(table[:, 0] - 0.5 - a, table[:, 1] - 0.5 - b) < 0.01) for a, b in zip(fs, ss)]
    if len(table) != len(fs) or any(len(s) != 1 for s in same):
        print(f"peakfinder8: {len(table)} peaks, theirs {len(fs)}, the same {sum(len(s) == 1 for s in same)}", file=sys.stderr)
    difference = max(abs(table[s[0], 2] / t - 1) for s, t in zip(same, total) if len(s))
    yield (f"peakfinder8, {len(table)} peaks", f"OnDA Monitor {version('ondamonitor')}", "a frame of 1024x1024 float32", theirs, seconds, 0, prepared, difference)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--csv")
    arguments = parser.parse_args()
    head = ("what", "beside", "data", "their_seconds", "our_seconds", "times_faster", "their_preparation", "our_preparation", "largest_relative_difference")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for source in (azimuthal, multitau, peaks):
            try:
                found = list(source(arguments.build, folder))
            except ImportError as error:
                print(f"SKIP {source.__name__}: {error}", file=sys.stderr)
                continue
            for what, beside, data, theirs, seconds, ready, prepared, difference in found:
                rows.append((what, beside, data, f"{theirs:.5f}", f"{seconds:.5f}", f"{theirs / seconds:.2f}", f"{ready:.3f}", f"{prepared:.3f}", f"{difference:.1e}"))
                print(*rows[-1], sep=", ")
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([head, *rows])
    return 0


if __name__ == "__main__":
    sys.exit(main())
