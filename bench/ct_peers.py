#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Filtered back-projection beside other programs, on the same cores in one run: scikit-image (iradon) and ASTRA (CPU, line
projector), as far as they are installed for the Python that runs this. Values and seconds.

  PYTHON bench/ct_peers.py [OUT.csv]      BEAMPRESS_BUILD: folder of the build; default output docs/bench/ct_peers.csv

beampress makes 16 slices at once; 1 alone is measured too. One thread each: neither iradon nor ASTRA's CPU code has more.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

TOP = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = pathlib.Path(os.environ.get("BEAMPRESS_BUILD", TOP / "build")) / "tests/programs/tomography"
COLUMNS, ANGLES = 512, 360


def sinogram():
    """A few discs: attenuation of 1 per pixel inside."""
    theta = 180 * np.arange(ANGLES) / ANGLES
    t = np.arange(COLUMNS) - COLUMNS // 2
    total = np.zeros((ANGLES, COLUMNS))
    for x, y, r in ((0, 0, 190), (60, 40, -30), (-90, 10, -50), (20, -100, 25)):
        a = np.deg2rad(theta)
        middle = x * np.cos(a) - y * np.sin(a)
        total += np.sign(r) * 2 * np.sqrt(np.clip(r * r - (t - middle[:, None]) ** 2, 0, None))
    return theta, total


def ours(slices):
    done = subprocess.run([PROGRAM, "speed", *map(str, (COLUMNS, ANGLES, slices, 1, 3))], check=True, text=True, capture_output=True)
    return min(map(float, done.stdout.split())) / slices


def our_slice(theta, values):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        theta.tofile(folder / "a")
        values.tofile(folder / "s")
        subprocess.run([PROGRAM, "fbp", "fast", "ramp", "linear", "circle", str(COLUMNS), folder / "a", folder / "s", folder / "o"], check=True)
        return np.fromfile(folder / "o").reshape(COLUMNS, COLUMNS)


def best(run, passes=2):
    times = []
    for _ in range(passes):
        start = time.perf_counter()
        value = run()
        times.append(time.perf_counter() - start)
    return min(times), value


def scikit_image(theta, values):
    import skimage
    from skimage.transform import iradon
    seconds, image = best(lambda: iradon(values.T, theta=theta, filter_name="ramp", circle=True))
    return f"scikit-image {skimage.__version__} iradon", seconds, image


def astra_cpu(theta, values):
    import astra
    half = COLUMNS / 2
    # pixel (side / 2, side / 2) is the axis of ours
    volume = astra.create_vol_geom(COLUMNS, COLUMNS, -half - 0.5, half - 0.5, -half + 0.5, half + 0.5)
    rays = astra.create_proj_geom("parallel", 1.0, COLUMNS, np.deg2rad(theta))
    projector = astra.create_projector("line", rays, volume)
    data = astra.data2d.create("-sino", rays, np.roll(values, 0, 1).astype(np.float32))
    image = astra.data2d.create("-vol", volume)
    config = astra.astra_dict("FBP")
    config.update(ProjectorId=projector, ProjectionDataId=data, ReconstructionDataId=image)
    algorithm = astra.algorithm.create(config)
    seconds, _ = best(lambda: astra.algorithm.run(algorithm))
    return f"ASTRA {astra.__version__} CPU FBP, line", seconds, astra.data2d.get(image)


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else TOP / "docs/bench/ct_peers.csv"
    theta, values = sinogram()
    rows = [("beampress, 16 slices at once", ours(16), ""), ("beampress, one slice", ours(1), "")]
    reference = our_slice(theta, values)
    middle = np.hypot(*(np.indices(reference.shape) - COLUMNS // 2)) < 0.3 * COLUMNS
    for peer in (scikit_image, astra_cpu):
        try:
            name, seconds, image = peer(theta, values)
        except ImportError as error:
            print(f"SKIP: {error}")
            continue
        rms = np.sqrt(np.mean((image - reference)[middle] ** 2))
        rows.append((name, seconds, f"{rms:.2g}"))
    with open(out, "w") as f:
        f.write("program,seconds_per_slice,slices_per_second,rms_from_ours\n")
        for name, seconds, rms in rows:
            f.write(f'"{name}",{seconds:.5f},{1 / seconds:.2f},{rms}\n')
    print(f"{COLUMNS} columns, {ANGLES} angles")
    print(out.read_text())


if __name__ == "__main__":
    main()
