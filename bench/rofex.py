# SPDX-License-Identifier: BSD-3-Clause
"""A long run of ultrafast tomography, SIMULATED: `quantise bits=8 | photon` beside "uint8, then zip" on the same values.

    python bench/rofex.py BUILD FOLDER [FRAMES] [PIPELINE]

Makes FRAMES (15000) slices of 256 x 256 float32 in FOLDER unless they are there, runs the pipeline, and packs what it gave,
read back with h5py, with zip's own deflate at level 6. Prints sizes, time, and the peak of resident memory of the run.
"""
import os
import pathlib
import subprocess
import sys
import time
import zlib

# read when HDF5 starts
os.environ.setdefault("HDF5_PLUGIN_PATH", str(pathlib.Path(sys.argv[1]).resolve() / "plugins"))
import h5py  # noqa: E402

DATASET = "/entry/data/data"
STEP = 250


def main():
    build, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    frames = int(sys.argv[3]) if len(sys.argv) > 3 else 15000
    pipeline = sys.argv[4] if len(sys.argv) > 4 else "quantise bits=8 low=-0.4 high=2 | photon"
    source, target = folder / f"rofex{frames}.h5", folder / f"rofex{frames}.bp.h5"
    if not source.exists():
        subprocess.run([build / "beampress", "simulate", "rofex", source, f"frames={frames}", "--quiet"], check=True)
    start = time.perf_counter()
    command = [str(build / "beampress"), "run", pipeline, str(source), str(target), "--overwrite", "--quiet"]
    run = os.spawnv(os.P_NOWAIT, command[0], command)
    _, status, usage = os.wait4(run, 0)
    seconds = time.perf_counter() - start
    if status:
        raise RuntimeError("the run failed")
    raw, packed = 0, 0
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    began = time.perf_counter()
    with h5py.File(target) as file:
        data = file[DATASET]
        stored, kind = data.id.get_storage_size(), data.dtype.name
        for first in range(0, frames, STEP):
            values = data[first:first + STEP]
            raw += 4 * values.size
            packed += len(packer.compress(values.tobytes()))
    packed += len(packer.flush())
    zipping = time.perf_counter() - began
    print(f"{pipeline}: {raw / 1e6:.0f} MB of float32 to {stored / 1e6:.1f} MB ({kind}), ratio {raw / stored:.2f}; "
          f"{seconds:.1f} s with verification, {raw / 1e6 / seconds:.0f} MB/s, peak {usage.ru_maxrss / 1e3:.0f} MB resident, "
          f"{usage.ru_utime + usage.ru_stime:.1f} s of processors")
    print(f"{kind} and zip: {packed / 1e6:.1f} MB, ratio {raw / packed:.2f}; {zipping:.1f} s with reading")


if __name__ == "__main__":
    main()
