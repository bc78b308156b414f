# SPDX-License-Identifier: BSD-3-Clause
"""quantise | photon beside SZ3, SPERR, ZFP and JPEG 2000 at the same bound, or the same root mean square of error / sigma.

    python bench/quantise.py BUILD DATA [OUT.csv] [--quick]

BUILD is a build folder, DATA one with the detector files of the project. Needs the packages of bench/requirements.txt. One
frame is one chunk, everything runs on one thread in memory; peers go through the HDF5 filters of hdf5plugin (so their times
contain HDF5's, which copies) and JPEG 2000 through imagecodecs. A row of OUT.csv is one codec at one working point of a set:

    set, kind, point, codec, bits (per pixel), error (largest / bound, or rms / sigma), encode, decode (MB/s of raw values)

Bounds are shares of the range of the set (kind range), or half a step of q sigma (kind sigma): there ours quantises counts,
peers get the same values stabilised by the generalised Anscombe transform with the bound q/2, as float32. For JPEG 2000 (kind
rms) the bits at our rms are read off between two of its quality settings, on raw and on stabilised values; the better counts.
"""
import csv
import pathlib
import subprocess
import sys
import tempfile
import time

import h5py
import hdf5plugin
import imagecodecs
import numpy

RANGES = (0.001, 0.003, 0.01, 0.03)
STEPS = (0.5, 1, 2)
OURS = ("photon", "photon:level=max")
# file, frames, and of camera frames: gain, read noise, offset (`beampress info`; gain 1 where it says "not estimated")
FLOATS = [("reconstruction-float32_tomopy_aps_tooth", 2), ("serial-crystallography_jungfraujoch_jungfrau-converted_0-3", 2),
          ("arpes_pynxtools_wse2-momentum-microscope", 8), ("flatfield_pyxpcs_esrf-medipix", 3),
          ("xrd-ct_savu_dls-i18", 8), ("xpcs-mean_llps-saxpcs_aps-8idi_B0147", 2)]
CAMERAS = [("tomography_silx-training_esrf-id19", 6, 16.422, 0, 1388.44), ("txm-xanes_xanespy_ssrl-xradia_8324eV", 3, 0.236, 3.2, 0),
           ("txm_dxchange_xradia_chip-512", 1, 0.3185, 2.79, 0), ("peem-camera_dawn-test_dls", 4, 1.696, 0, 187.36),
           ("tomography_savu_dls_24737-small", 16, 1, 0, 0), ("mx_cctbx_adsc-ccd", 1, 1, 0, 0),
           ("saxs_gsas2-tutorial_aps-ccd", 2, 1, 0, 0)]


def simulated_camera():
    """A camera at some 20,000 photons over a smooth scene, SIMULATED."""
    random = numpy.random.default_rng(4)
    y, x = numpy.mgrid[0:512, 0:512] / 512
    scene = 12000 + 9000 * numpy.sin(5 * x + 2 * y) * numpy.cos(4 * y)
    return random.poisson(numpy.stack([scene, scene * 0.9])).astype("uint16")


def load(data, name, frames):
    with h5py.File(data / (name + ".h5")) as file:
        values = file["/entry/data/data"][:frames]
    return values.reshape(-1, *values.shape[-2:])


class Bench:
    def __init__(self, build, out, quick):
        self.program, self.rows, self.out = build / "bench/quantise_code", [], out
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.quick = quick

    def add(self, name, kind, point, codec, values, size, error, encode, decode):
        raw = values.nbytes / 1e6
        row = (name, kind, f"{point:g}", codec, f"{8 * size / values.size:.4f}", f"{error:.4f}", f"{raw / encode:.0f}",
               f"{raw / decode:.0f}")
        print(*row, flush=True)
        self.rows.append(row)

    def ours(self, values, text, codec, restored=False):
        """bytes, seconds, largest error, and the restored values."""
        (self.folder / "in.raw").write_bytes(values.tobytes())
        out = str(self.folder / "out.raw") if restored else ""
        done = subprocess.run([self.program, values.dtype.name, str(values.shape[-2]), str(values.shape[-1]),
                               self.folder / "in.raw", text, codec, out], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        size, encode, decode, error = map(float, done.stdout.split())
        back = numpy.fromfile(out, values.dtype).reshape(values.shape) if restored else None
        return size, encode, decode, error, back

    def peer(self, values, options):
        """The same of a filter of hdf5plugin; error counts where both are finite."""
        with h5py.File("memory", "w", driver="core", backing_store=False, rdcc_nbytes=0) as file:
            data = file.create_dataset("data", values.shape, values.dtype, chunks=(1, *values.shape[1:]), **options)
            start = time.perf_counter()
            data[...] = values
            file.flush()
            middle = time.perf_counter()
            data.id.refresh()
            back = data[...]
            end = time.perf_counter()
            size = data.id.get_storage_size()
        return size, middle - start, end - middle, back

    def at_bound(self, name, kind, point, values, bound, text, stabilised=None):
        for codec in OURS:
            size, encode, decode, error, _ = self.ours(values, text, codec)
            assert stabilised is not None or error <= bound, (name, point, error, bound)
            self.add(name, kind, point, "quantise | " + codec, values, size, error / bound if stabilised is None else 0, encode,
                     decode)
        given = values.astype("float32") if stabilised is None else stabilised
        for codec, options in (("SZ3", hdf5plugin.SZ3(absolute=bound)), ("SPERR", hdf5plugin.Sperr(absolute=bound)),
                               ("ZFP", hdf5plugin.Zfp(accuracy=bound))):
            try:
                size, encode, decode, back = self.peer(given, options)
            except (OSError, RuntimeError) as failure:
                print(name, point, codec, "failed:", str(failure)[:80], flush=True)
                continue
            both = numpy.isfinite(given) & numpy.isfinite(back)
            error = numpy.abs(back[both].astype("float64") - given[both]).max()
            if not numpy.array_equal(numpy.isfinite(given), numpy.isfinite(back)):
                error = numpy.inf
            # MB/s of the values as they came, whatever type the peer needed
            self.add(name, kind, point, codec, values, size, error / bound, encode, decode)

    def jpeg2000(self, name, step, values, rms, sigma, stabilise, restore):
        """Bits at that rms of error / sigma, on raw and on stabilised values."""
        best = numpy.inf
        scaled = numpy.clip(numpy.rint(stabilise(values.astype("float64")) * 32), 0, 65535).astype("uint16")
        for given, back in ((values, lambda v: v.astype("float64")), (scaled, lambda v: restore(v / 32.0))):
            points = []
            for level in numpy.arange(30, 110, 2.0):
                coded = [imagecodecs.jpeg2k_encode(frame, level=float(level), reversible=False) for frame in given]
                got = numpy.stack([imagecodecs.jpeg2k_decode(c) for c in coded])
                error = numpy.sqrt(numpy.mean(((back(got) - values) / sigma) ** 2))
                points.append((error, 8 * sum(map(len, coded)) / values.size))
                if error < rms:
                    break
            if len(points) > 1 and points[-1][0] < rms:
                (e1, b1), (e2, b2) = points[-2:]
                part = (numpy.log(e1) - numpy.log(rms)) / (numpy.log(e1) - numpy.log(e2))
                best = min(best, b1 + part * (b2 - b1))
        return best

    def camera(self, name, values, gain, noise, offset):
        dark = 0.375 * gain ** 2 + noise ** 2

        def stabilise(v):
            return 2 / gain * numpy.sqrt(numpy.maximum(gain * (v - offset) + dark, 0))

        def restore(y):
            return gain * (y / 2) ** 2 - dark / gain + offset

        sigma = numpy.sqrt(numpy.maximum(gain * (values.astype("float64") - offset) + noise ** 2, dark))
        for step in STEPS:
            law = f"law=counts,step={step},gain={gain},read_noise={noise},offset={offset}"
            self.at_bound(name, "sigma", step, values, step / 2, law, stabilise(values.astype("float64")).astype("float32"))
            if step > 1:
                continue
            *_, back = self.ours(values, law, OURS[0], True)
            rms = numpy.sqrt(numpy.mean(((back.astype("float64") - values) / sigma) ** 2))
            for codec in OURS:
                size, encode, decode, *_ = self.ours(values, law, codec)
                self.add(name, "rms", step, "quantise | " + codec, values, size, rms, encode, decode)
            bits = self.jpeg2000(name, step, values, rms, sigma, stabilise, restore)
            self.add(name, "rms", step, "JPEG 2000", values, bits * values.size / 8, rms, numpy.inf, numpy.inf)

    def bounds(self, name, values):
        finite = values[numpy.isfinite(values)]
        extent = float(finite.max()) - float(finite.min())
        for share in RANGES:
            bound = share * extent
            whole = numpy.issubdtype(values.dtype, numpy.integer)
            step = 2 * numpy.floor(bound) + 1 if whole else 2 * bound * (1 - 2.0 ** -12)
            self.at_bound(name, "range", share, values, bound, f"law=linear,step={step:.17g},bound={bound:.17g}")

    def save(self):
        with open(self.out, "w", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(("set", "kind", "point", "codec", "bits", "error", "encode", "decode"))
            table.writerows(self.rows)

    def summary(self):
        """Geometric means of ratios of ratios (and of speeds), against each peer."""
        for kind in ("range", "sigma", "rms"):
            for peer in ("SZ3", "SPERR", "ZFP", "JPEG 2000"):
                for codec in OURS:
                    pairs = []
                    for row in self.rows:
                        if row[1] == kind and row[3] == peer:
                            mine = [r for r in self.rows if r[:3] == row[:3] and r[3] == "quantise | " + codec]
                            pairs += [(float(row[4]) / float(m[4]), float(m[6]) / max(float(row[6]), 1e-9)) for m in mine]
                    if pairs:
                        ratio, speed = numpy.exp(numpy.mean(numpy.log(pairs), axis=0))
                        least = min(p[0] for p in pairs)
                        print(f"{kind:6s} {codec:18s} against {peer:9s}: ratio x {ratio:.3f} (least {least:.3f}), "
                              f"encoding speed x {speed:.1f}, {len(pairs)} points")


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("--")]
    build, data = pathlib.Path(words[0]), pathlib.Path(words[1])
    out = pathlib.Path(words[2]) if len(words) > 2 else pathlib.Path(__file__).parents[1] / "docs/bench/quantise.csv"
    bench = Bench(build, out, "--quick" in sys.argv)
    for name, frames in FLOATS:
        bench.bounds(name, load(data, name, 1 if bench.quick else frames))
    cameras = [(n, load(data, n, 1 if bench.quick else f), g, s, o) for n, f, g, s, o in CAMERAS]
    cameras.append(("SIMULATED camera", simulated_camera(), 1, 0, 0))
    for name, values, gain, noise, offset in cameras:
        bench.bounds(name, values)
        bench.camera(name, values, gain, noise, offset)
        bench.save()
    bench.save()
    bench.summary()


if __name__ == "__main__":
    main()
