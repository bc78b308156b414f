# SPDX-License-Identifier: BSD-3-Clause
"""Whole output files of whole pipelines are the same, byte for byte: for every level of vector instructions that this
processor has, with the C library's AVX2 and FMA variants masked or not, and for 1, 2 and 3 threads."""
import hashlib
import itertools
import os

import h5py
import numpy
import pytest
from test_pipeline import write_tomo
from test_stage_bytes import MASKED

LEVELS = ("c", "avx2", "avx512")
PIPELINES = {
    # vetoes, denoising, dither; peaks, boxes and bins; flats and darks, logarithms, sinograms
    "frames": ("scan.h5", "veto lit>=1 above=20 | crop x=3 y=1 | denoise method=gaussian gain=1 | quantise step=0.5sigma dither=subtractive seed=4 | photon level=max"),
    "boxes": ("scan.h5", "roi threshold=40 min_snr=4 step=1 gain=1 | photon level=balanced"),
    "tomography": ("lit.h5", "darkflat log=1 bad=label | order | rings method=sorting | quantise bits=8 | photon level=fast"),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bytes")
    write_tomo(folder / "scan.h5", keys=False)
    write_tomo(folder / "lit.h5")
    with h5py.File(folder / "lit.h5", "r+") as file:
        stack = file["entry/instrument/detector/data"]
        stack[-3:] = stack[-3:] + 100
    return folder


@pytest.mark.parametrize("name", PIPELINES)
def test_same_file(beampress, desk, name):
    source, pipeline = PIPELINES[name]
    seen = {}
    for level, masked, threads in itertools.product(LEVELS, (False, True), (1, 2, 3)):
        environment = dict(os.environ, BEAMPRESS_SIMD=level)
        if masked:
            environment["GLIBC_TUNABLES"] = MASKED
        output = desk / f"{name}.h5"
        beampress("run", pipeline, desk / source, output, "--overwrite", "-q", "--threads", threads, env=environment)
        seen[level, masked, threads] = hashlib.sha256(output.read_bytes()).hexdigest()
    first = seen["c", False, 1]
    assert {run for run, digest in seen.items() if digest != first} == set()
    with h5py.File(desk / f"{name}.h5", "r") as file: # and there is something in it
        assert file["entry/instrument/detector/data"].id.get_storage_size() > 1000
