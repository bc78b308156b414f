#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Metrics beside scikit-image, SciPy and pytorch-msssim: values and speed on the same cores in one run. Needs those from
PyPI, best in a virtual environment, and a build. What is not installed is skipped.

    python bench/metrics.py BUILD [--only compare|groups] [--csv docs/bench/metrics.csv]

Ours is the whole command, which starts, reads two files and writes JSON; theirs have the arrays in memory. MB/s are bytes of
the reference alone, on the clock (two threads) and per second of one processor. Then each group of metrics by itself, and all of them.
"""
import argparse
import csv
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

SIDE, FEW, MANY, THREADS = 2048, 2, 16, 2
GROUPS = ("point", "similarity", "point similarity", "data_similarity", "multiscale", "distribution", "error_pattern",
          "resolution", "noise", "")


def scan(frames, dtype):
    """SIMULATED: discs of different thickness behind an uneven beam, Poisson counts; rounded to steps of 8."""
    random = np.random.default_rng(4)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    rate = 900 * np.exp(-2 * (x * x + y * y))
    for cy, cx, radius in random.uniform((-0.5, -0.5, 0.02), (0.5, 0.5, 0.12), (60, 3)):
        rate *= np.where(np.hypot(y - cy, x - cx) < radius, 0.8, 1)
    reference = random.poisson(rate, (frames, SIDE, SIDE)).astype(dtype)
    test = (8 * np.rint(reference / 8)).astype(dtype)
    if dtype == np.float32:
        reference, test = reference * np.float32(0.37), test * np.float32(0.37)
    return reference, test


def spent():
    """Processor seconds of this process and of those it ran: what other work on the machine disturbs least."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def best(run, repeats):
    """Seconds on the clock and of the processors, the least of some runs."""
    times = []
    for _ in range(repeats):
        began, before = time.perf_counter(), spent()
        value = run()
        times.append((time.perf_counter() - began, spent() - before))
        if times[-1][0] > 2:
            break
    return min(t[0] for t in times), min(t[1] for t in times), value


def write(folder, reference, test):
    for name, values in (("reference", reference), ("test", test)):
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file.create_dataset("frames", data=values, chunks=(1, *values.shape[1:]))


def ours(build, folder, groups, repeats=5):
    line = [f"{build}/beampress", "metric", folder / "reference.h5", folder / "test.h5", *groups.split(), "--json", "--quiet",
            "--threads", str(THREADS)]
    seconds, cpu, done = best(lambda: subprocess.run(line, stdout=subprocess.PIPE, check=True), repeats)
    return seconds, cpu, json.loads(done.stdout)["metrics"]


def by_frame(function, a, b):
    return float(np.mean([function(x, y) for x, y in zip(a, b)]))


def skimage_peers(a, b):
    import skimage
    from skimage.measure import shannon_entropy
    from skimage.metrics import normalized_root_mse, peak_signal_noise_ratio, structural_similarity
    name, span = f"scikit-image {skimage.__version__}", float(a.max() - a.min())
    yield ("ssim", "similarity", f"{name} structural_similarity, Gaussian", lambda: by_frame(
        lambda x, y: structural_similarity(x, y, data_range=span, gaussian_weights=True, sigma=1.5, use_sample_covariance=False), a, b))
    yield ("ssim_skimage", "similarity", f"{name} structural_similarity", lambda: by_frame(
        lambda x, y: structural_similarity(x, y, data_range=span), a, b))
    yield "psnr_range", "point", f"{name} peak_signal_noise_ratio", lambda: peak_signal_noise_ratio(a, b, data_range=span)
    for ours_is, kind in (("nrmse_euclid", "euclidean"), ("nrmse_range", "min-max"), ("nrmse_mean", "mean")):
        yield ours_is, "point", f"{name} normalized_root_mse, {kind}", lambda kind=kind: normalized_root_mse(a, b, normalization=kind)
    yield "entropy_reference", "distribution", f"{name} shannon_entropy", lambda: shannon_entropy(a)


def scipy_peers(a, b):
    import scipy
    from scipy.stats import ks_2samp, pearsonr, wasserstein_distance
    name, x, y = f"SciPy {scipy.__version__}", a.ravel(), b.ravel()
    yield "pearson", "point", f"{name} pearsonr", lambda: pearsonr(x.astype(float), y.astype(float)).statistic
    yield "ks_d", "distribution", f"{name} ks_2samp", lambda: ks_2samp(x, y, method="asymp").statistic
    yield "wasserstein", "distribution", f"{name} wasserstein_distance", lambda: wasserstein_distance(x, y)


def torch_peers(a, b):
    import torch
    from importlib.metadata import version
    from pytorch_msssim import ms_ssim
    torch.set_num_threads(THREADS)
    span = float(a.max() - a.min())
    x, y = (torch.from_numpy(v.astype(np.float64)[:, None]) for v in (a, b))
    yield ("ms_ssim", "multiscale", f"pytorch-msssim {version('pytorch-msssim')}, torch {torch.__version__}",
           lambda: float(ms_ssim(x, y, data_range=span)))


def compare(build, folder, dtype):
    reference, test = scan(FEW, dtype)
    write(folder, reference, test)
    data, timed = f"{FEW} frames of {SIDE}x{SIDE} {np.dtype(dtype).name}", {}
    for peers in (skimage_peers, scipy_peers, torch_peers):
        try:
            found = list(peers(reference, test))
        except ImportError as error:
            print(f"SKIP {peers.__name__}: {error}", file=sys.stderr)
            continue
        for quantity, group, name, run in found:
            if group not in timed:
                timed[group] = ours(build, folder, group)
            theirs, their_cpu, value = best(run, 2)
            seconds, cpu, mine = timed[group][0], timed[group][1], timed[group][2][quantity]
            yield (quantity, name, data, f"{theirs:.3f}", f"{their_cpu:.2f}", f"{seconds:.3f}", f"{cpu:.2f}", f"{their_cpu / cpu:.1f}",
                   f"{reference.nbytes / seconds / 1e6:.0f}", f"{reference.nbytes / cpu / 1e6:.0f}", f"{mine:.9g}", f"{value:.9g}",
                   f"{abs(mine / value - 1):.0e}")


def groups(build, folder, dtype):
    reference, test = scan(MANY, dtype)
    write(folder, reference, test)
    for group in GROUPS:
        seconds, cpu, _ = ours(build, folder, group, 4)
        yield (group or "all", "", f"{MANY} frames of {SIDE}x{SIDE} {np.dtype(dtype).name}", "", "", f"{seconds:.3f}", f"{cpu:.2f}", "",
               f"{reference.nbytes / seconds / 1e6:.0f}", f"{reference.nbytes / cpu / 1e6:.0f}", "", "", "")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--csv")
    parser.add_argument("--only", choices=("compare", "groups"), help="one half of it")
    arguments = parser.parse_args()
    head = ("what", "beside", "data", "their_seconds", "their_cpu_seconds", "our_seconds", "our_cpu_seconds", "times_less_cpu",
            "our_MB_per_s", "our_MB_per_cpu_s", "our_value", "their_value", "relative_difference")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for source in (compare, groups):
            if arguments.only not in (None, source.__name__):
                continue
            for dtype in (np.uint16, np.float32):
                for row in source(arguments.build, pathlib.Path(folder), dtype):
                    rows.append(row)
                    print(*row, sep=", ", flush=True)
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([head, *rows])
    return 0


if __name__ == "__main__":
    sys.exit(main())
