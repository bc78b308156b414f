#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Asks five questions of data and reads the answers.

    examples/run.py [--build FOLDER] [--out FOLDER] [NAME...]

For each example, below FOLDER (build/examples): the page of the scan, its JSON, the winning pipeline and reading.md. Real
data are used where they are (samples/ here, the folder BEAMPRESS_DATA names); what is simulated is called so. Exits 1 when
an example did not run.
"""
import argparse
import pathlib
import sys
import time

import reading
import steps


def ct(work):
    """Attenuation and phases of slices from real projections."""
    return work.explore(work.sample("ct.h5"), "ct")


def rofex(work):
    """Which pixels are gas, in simulated tomography of a flow; against float32 to uint8 to zip."""
    file = work.simulate("rofex", frames=256)
    scan = work.explore(file, "segment:phase=below,volume=0")
    scan["zip"] = work.zipped_bytes(file, "segment:phase=below,volume=0")
    return scan


def sx(work):
    """Hits, peaks and intensities of serial shots."""
    file = work.real("serial-crystallography_jungfraujoch_jungfrau-converted_0-3.h5", frames=None)
    scan = work.explore(work.simulate("sx", frames=48), "sx:threshold=20,min_peaks=8")
    if file:
        scan["real"] = work.judge_run(file, "roi", "sx")
    return scan


def xpcs(work):
    """Contrast and rate of simulated speckles; sparse real frames."""
    scan = work.explore(work.simulate("xpcs", frames=512, counts=2), "xpcs")
    file = work.real("time-series_dioptas_petra-lambda_m1.h5", frames=None)
    if file:
        scan["real"] = work.judge_run(file, "mask lowest=0 | quantise step=1sigma dither=subtractive gain=1 read_noise=0 offset=0", "xpcs")
    return scan


def saxs(work):
    """I(q) and the radius of gyration of simulated spheres."""
    return work.explore(work.simulate("saxs", frames=24), "saxs")


EXAMPLES = {f.__name__: f for f in (ct, rofex, sx, xpcs, saxs)}


def main():
    top = pathlib.Path(__file__).resolve().parents[1]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default="build", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(EXAMPLES)}; all")
    words = parser.parse_args()
    if set(words.names) - set(EXAMPLES):
        parser.error(f"there are {', '.join(EXAMPLES)}")
    failed, began = [], time.monotonic()
    for name in words.names or EXAMPLES:
        work = steps.Work(name, words.build / "beampress", top / "samples", (words.out or words.build / "examples") / name)
        try:
            scan = EXAMPLES[name](work)
        except steps.Failure as failure:
            print(f"{name}: {failure}")
            failed.append(name)
            continue
        text = reading.of(name, EXAMPLES[name].__doc__, scan)
        (work.folder / "reading.md").write_text(text)
        print(f"{name}: {scan['sentence']}\n    {work.folder / 'report.html'}, {work.folder / 'reading.md'} ({work.seconds():.0f} s)")
    print(f"{len(words.names or EXAMPLES) - len(failed)} examples in {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
