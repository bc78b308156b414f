# SPDX-License-Identifier: BSD-3-Clause
"""Reference cases that stand beside the real data (folder `cases` next to BEAMPRESS_DATA), and the program that
runs one algorithm of the library on an array."""
import os
import pathlib
import subprocess

import numpy
import pytest

PROGRAM = "tests/programs/algo"


def case(name):
    """Path of a reference case; the test is skipped where there is none."""
    data = os.environ.get("BEAMPRESS_DATA")
    path = pathlib.Path(data).resolve().parent / "cases" / name if data else None
    if not path or not path.is_file():
        pytest.skip(f"SKIP: {name} needs BEAMPRESS_DATA with the reference cases beside it")
    return path


def algorithm(build, name, image, *numbers):
    """What the algorithm makes of a 2-d array, as doubles."""
    image = numpy.asarray(image, dtype="<f8")
    line = [build / PROGRAM, name, *map(str, image.shape), *map(repr, map(float, numbers))]
    done = subprocess.run(line, input=image.tobytes(), stdout=subprocess.PIPE, check=True)
    return numpy.frombuffer(done.stdout, dtype="<f8").reshape(image.shape)
