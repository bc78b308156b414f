# SPDX-License-Identifier: BSD-3-Clause
"""Runs the field's own program on the frames of `beampress judge --with`: what every program's part shares.

Arguments: a folder with reference.npy, test.npy (frames, rows, columns), mask.npy (not 0: left out) and facts.json. Writes result.json
there: version and figures, or `missing` when the program is not installed, or `failed` and why.
"""
import json
import sys


def frames_of(folder, name, mask, facts):
    """Frames one by one as doubles, NaN where they are masked or marked."""
    for frame in np.load(f"{folder}/{name}.npy", mmap_mode="r"):
        frame = np.array(frame, np.float64)
        frame[(mask != 0) | (frame > facts["high"])] = np.nan
        yield frame


def figure(name, unit, reference, test):
    numbers = [float(x) if x is not None and np.isfinite(x) else None for x in (reference, test)]
    return {"name": name, "unit": unit, "reference": numbers[0], "test": numbers[1]}


def main(folder):
    result = {}
    try:
        global np
        import numpy as np
        tools = load()  # of the program's part
    except ImportError as problem:
        result["missing"] = str(problem)
    else:
        try:
            with open(f"{folder}/facts.json") as file:
                facts = json.load(file)
            result = work(tools, folder, np.load(f"{folder}/mask.npy"), facts)
        except Exception as problem:  # whatever a foreign program does is for its user to read
            result = {"failed": f"{type(problem).__name__}: {problem}"[:400]}
    with open(f"{folder}/result.json", "w") as file:
        json.dump(result, file)


main(sys.argv[1])
