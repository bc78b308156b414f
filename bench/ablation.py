#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What each stage before the codec brings: ratios of real files with the codec alone, quantised, with boxes around peaks or
binned, with a veto.

    bench/ablation.py BUILD DATA [OUT.csv]     measures, writes docs/bench/ablation.csv and the table of docs/pipeline.md
    bench/ablation.py --check                  is the table what docs/bench/ablation.csv makes it?

BUILD is a build folder, DATA one with the detector files of the project. A ratio is the bytes of all values as distributed (of
frames that a veto drops as well) over the bytes of the stored chunks. A row of OUT.csv is one pipeline on one set. For boxes:
the peaks that `analyse sx` finds in the original with the same parameters, the share of the bytes that goes without boxes, and
the root mean square of the change of their intensities, in sigma.
"""
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy

TOP = pathlib.Path(__file__).resolve().parents[1]
PUBLISHED, PAGE = TOP / "docs/bench/ablation.csv", TOP / "docs/pipeline.md"
BEGIN, END = "<!-- made by bench/ablation.py: do not edit -->", "<!-- end of what bench/ablation.py made -->"
COLUMNS = ["set", "dtype", "stage", "pipeline", "raw_bytes", "stored_bytes", "ratio", "frames", "kept", "peaks", "boxes_share",
           "intensity_rms"]
STAGES = ["codec", "0.5 sigma", "1 sigma", "roi", "roi 15", "bin", "veto"]
DATA = "/entry/data/data"
SIMULATED = "SIMULATED shots, 10 % hits"
LABELS, RAW = "mask lowest=0 | ", "gain switching=jungfrau pedestal=/entry/data/darks gain={gains}:/gain | "
# ADU per photon (12.4 keV) of the three gains: medians of (raw - pedestal) / converted, of the same four frames
JUNGFRAU_GAINS = (511.6, -17.94, -1.428)
# file, stages before all else, gain, read noise, offset (as in bench/quantise.py; of CSPAD from the scatter of bins that `roi`
# states), peaks by peakfinder8: threshold, min_snr; None where there are no Bragg peaks: bins. Thresholds: where the number of
# peaks hardly depends on min_snr (5 or 8), so that noise is not among them
SETS = [("tomography_savu_dls_24737-small", "", 1, 0, 0, None), ("tomography_silx-training_esrf-id19", "", 16.422, 0, 1388.44, None),
        ("txm-xanes_xanespy_ssrl-xradia_8324eV", "", 0.236, 3.2, 0, None), ("saxs_gsas2-tutorial_aps-ccd", "", 1, 0, 0, None),
        ("mx_cctbx_adsc-ccd", "", 1, 0, 0, (300, 8)),
        ("serial-crystallography_dials-data_lcls-cspad_thermolysin_8401", "", 2.3, 3.7, 0, (200, 6)),
        ("serial-crystallography_jungfraujoch_jungfrau-converted_0-3", "", 1, 0.05, 0, (30, 8)),
        ("serial-crystallography_jungfraujoch_jungfrau-raw_0-9", RAW, 1, 0.05, 0, (30, 8)),
        ("mx_dials-data_pilatus3-6m_thaumatin-grid", LABELS, 1, 0, 0, (50, 6)),
        ("scattering_hdf5plugin-test_eiger4m", LABELS, 1, 0, 0, None), (SIMULATED, "", 1, 0, 0, (20, 8))]


class Set:
    """One file, and its rows."""

    def __init__(self, program, folder, path, name, before, peaks):
        self.program, self.folder, self.path, self.name, self.peaks = program, folder, path, name, peaks
        self.before, self.rows = before.replace("{gains}", str(folder / "gains.h5")), []
        with h5py.File(path) as file:
            data = file[DATA]
            self.shape, self.dtype, self.raw = data.shape, data.dtype, data.size * data.dtype.itemsize

    def ask(self, *words):
        return subprocess.run([self.program, *map(str, words)], check=True, capture_output=True, text=True).stdout

    def run(self, text, out="out.h5"):
        """Stored bytes, and frames that are left."""
        out = self.folder / out
        self.ask("run", "-f", "-q", text, self.path, out)
        with h5py.File(out) as file:
            data = file[DATA]
            return data.id.get_storage_size(), int(numpy.prod(data.shape[:-2]))

    def add(self, stage, text, *more):
        text = text if stage == "codec" else self.before + text
        stored, kept = self.run(text)
        row = dict(zip(COLUMNS, (self.name, self.dtype.name, stage, text.replace(str(self.folder) + "/", ""), self.raw, stored,
                                 f"{self.raw / stored:.2f}", int(numpy.prod(self.shape[:-2])), kept, *more)))
        self.rows.append(row)
        print(*[row.get(name, "") for name in COLUMNS], sep=", ", flush=True)

    def boxes(self, stage, half, law):
        """Boxes of 2 half + 1 pixels; their share of the bytes, and what intensities the peaks have."""
        threshold, snr = self.peaks
        search = f"threshold={threshold} min_snr={snr}"
        text = f"roi {search} half={half} step=1sigma {law} | photon level=max"
        original = self.path
        if self.before:  # what roi sees
            original = self.folder / "original.h5"
            self.ask("run", "-f", "-q", self.before + "photon", self.path, original)
        bare, _ = self.run(self.before + text.replace(f"threshold={threshold} ", "threshold=1e9 "))
        stored, _ = self.run(self.before + text)
        search = "sx:min_peaks=1," + search.replace(" ", ",")
        found = json.loads(self.ask("analyse", search, original, "--json"))
        against = json.loads(self.ask("analyse", search, original, "--against", self.folder / "out.h5", "--json"))
        value = {r["name"]: r.get("value") for r in found["results"] + against["results"]}
        peaks = round(value["peaks_per_shot"] * found["frames"])
        self.last = text
        self.add(stage, text, peaks, f"{1 - bare / stored:.3f}", f"{value['intensity_rms']:.3f}")


def measure_set(one, gain, noise, offset):
    law = f"gain={gain} read_noise={noise} offset={offset}"
    one.add("codec", "photon level=max")
    for step in (0.5, 1):
        one.add(f"{step} sigma", f"quantise step={step}sigma {law} | photon level=max")
    if not one.peaks:
        law = f"gain={gain} read_noise={2 * noise:g} offset={4 * offset:g}"
        one.add("bin", f"bin x=2 y=2 | quantise step=1sigma {law} | photon level=max")
        return one.rows
    one.boxes("roi 15", 7, law)
    one.boxes("roi", 6, law)
    if len(one.shape) == 3 and one.shape[0] > 1:
        search = f"threshold={one.peaks[0]} min_snr={one.peaks[1]}"
        one.add("veto", f"veto peaks>=15 {search} | {one.last}")
    return one.rows


def measure(build, data, out=PUBLISHED):
    """All rows to a file; False where the files are not at hand."""
    if not data or not pathlib.Path(data).is_dir():
        print("SKIP the stage ablation: BEAMPRESS_DATA names no folder")
        return False
    rows, program = [], build / "beampress"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, before, gain, noise, offset, peaks in SETS:
            path = pathlib.Path(data) / (name + ".h5")
            if name == SIMULATED:
                path = folder / "shots.h5"
                subprocess.run([program, "simulate", "sx", path, "frames=60", "hits=0.1", "height=512", "width=512", "seed=5", "-q"],
                               check=True)
            if not path.exists():
                print(f"SKIP {name}: no such file")
                continue
            one = Set(program, folder, path, name, before, peaks)
            if before == RAW:
                with h5py.File(folder / "gains.h5", "w") as file:
                    file["gain"] = numpy.ones((3, *one.shape[-2:])) * numpy.reshape(JUNGFRAU_GAINS, (3, 1, 1))
            rows += measure_set(one, gain, noise, offset)
    with open(out, "w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n", restval="")
        table.writeheader()
        table.writerows(rows)
    return bool(rows)


def page():
    """docs/pipeline.md as the published rows make it."""
    with open(PUBLISHED, newline="") as file:
        rows = list(csv.DictReader(file))
    lines = ["| ratio, from the values as distributed | type | codec alone | + 0.5 sigma | + 1 sigma | + boxes 13x13 | + boxes 15x15 | + bin 2x2 | + veto |",
             "|---|---" + "|---:" * 7 + "|"]
    boxes = ["| boxes 13x13 | threshold, min_snr | peaks | of the bytes | intensity, rms of the change |", "|---|---|---:|---:|---:|"]
    for name in dict.fromkeys(row["set"] for row in rows):
        of = {row["stage"]: row for row in rows if row["set"] == name}
        short = name.replace("_", " ").replace("-", " ")[:56].strip() if name != SIMULATED else name
        lines.append(f"| {short} | {next(iter(of.values()))['dtype']} | " + " | ".join(of[s]["ratio"] if s in of else "-" for s in STAGES) + " |")
        if "roi" in of:
            row = of["roi"]
            words = dict(w.split("=", 1) for w in row["pipeline"].split("roi ")[1].split(" | ")[0].split())
            boxes.append(f"| {short} | {words['threshold']}, {words['min_snr']} | {row['peaks']} | {100 * float(row['boxes_share']):.0f} % | "
                         f"{row['intensity_rms']} sigma |")
    before, rest = PAGE.read_text().split(BEGIN)
    return before + BEGIN + "\n\n" + "\n".join(lines) + "\n\n" + "\n".join(boxes) + "\n\n" + END + rest.split(END)[1]


def draw():
    PAGE.write_text(page())
    print(f"made: {PAGE}")


def differing():
    """What is wrong with the page."""
    return [] if PAGE.read_text() == page() else [f"{PAGE} is not what {PUBLISHED} makes it: tools/bench --draw"]


def main():
    words = sys.argv[1:]
    if words == ["--check"]:
        sys.exit("\n".join(differing()) or 0)
    out = pathlib.Path(words[2]) if len(words) > 2 else PUBLISHED
    if measure(pathlib.Path(words[0]), words[1], out) and out == PUBLISHED:
        draw()


if __name__ == "__main__":
    main()
