# SPDX-License-Identifier: BSD-3-Clause
"""Reference cases that stand beside the real data (folder `cases` next to BEAMPRESS_DATA), and the program that
runs one algorithm of the library on an array."""
import os
import pathlib
import subprocess
import tempfile

import numpy
import pytest

PROGRAM = "tests/programs/algo"
PIPELINE = "tests/programs/pipeline"


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


class Refused(Exception):
    """What the pipeline said, and the word that it blamed."""

    def __init__(self, code, said):
        self.code, (self.message, self.word) = code, said.rsplit("\nat ", 1)
        self.word = self.word.strip()[1:-1]
        super().__init__(said)


def pipeline(build, text, frames, threads=2, beside=None, **known):
    """Frames (frame, row, column) through the stages of a text: the frames, and what is known of them. beside:
    arrays by name; known: gain, read_noise, offset. Raises Refused."""
    frames = numpy.ascontiguousarray(frames)
    line = [build / PIPELINE, frames.dtype.name, *map(str, frames.shape), str(threads), text]
    line += [f":{key}={value!r}" for key, value in known.items()]
    with tempfile.TemporaryDirectory() as folder:
        for i, (name, array) in enumerate((beside or {}).items()):
            array = numpy.asarray(array, dtype="<f8")
            path = pathlib.Path(folder) / str(i)
            path.write_bytes(array.tobytes())
            line.append(f"{name}={path}," + ",".join(map(str, array.shape)))
        done = subprocess.run(line, input=frames.tobytes(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = done.stderr.decode()
    assert done.returncode >= 0 and "Sanitizer" not in said and "runtime error:" not in said, said
    if done.returncode:
        raise Refused(done.returncode, said)
    head, values = done.stdout.split(b"\n\n", 1)
    first, *rest = head.decode().split("\n")
    dtype, *shape = first.split()
    return (numpy.frombuffer(values, dtype=dtype).reshape([int(n) for n in shape]),
            dict(word.split(" ", 1) for word in rest))
