#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Cuts the bundled samples from larger files of real detector data.

    tools/make_samples.py FOLDER [OUTPUT]

FOLDER holds the files named in CUTS, each with its data in /entry/data/data (first axis: frame) and its origin in the
attributes of /entry. Values are copied as they are. The samples are stored with gzip and shuffle, one frame per chunk,
which every HDF5 program reads; the same input gives the same bytes.
"""
import pathlib
import sys

import h5py

# sample: (file, frames, rows, columns, other arrays to take along, what was cut in words)
CUTS = {
    "tomography.h5": ("tomography_savu_dls_24737-small.h5", slice(0, 24), slice(None), slice(None),
                      ("flats", "darks"), "the first 24 of 91 projections, with flat and dark field"),
    "ct.h5": ("tomography_savu_dls_24737-small.h5", slice(None), slice(None), slice(None),
              ("flats", "darks", "angles"), "all 91 projections, with flat and dark field and angles"),
    "radiography.h5": ("tomography_silx-training_esrf-id19.h5", slice(0, 2), slice(None), slice(None), (),
                       "the first 2 of 6 frames"),
    "diffraction.h5": ("gisaxs_gisaxs-gui_pilatus2m.h5", slice(2, 3), slice(None), slice(None), (),
                       "the last of 3 frames"),
    "counting.h5": ("xrr_islatu_dls-i07-pilatus100k_372530.h5", slice(143, 163), slice(None), slice(None), (),
                    "the last 20 of 163 frames"),
    "reconstruction.h5": ("reconstruction-float32_tomopy_aps_tooth.h5", slice(0, 1), slice(96, 496), slice(96, 496),
                          (), "the inner 400 x 400 pixels of one slice"),
}
ORIGIN = ("technique", "detector", "licence", "source_repository", "source_path", "commit", "note")
STORED = dict(compression="gzip", compression_opts=9, shuffle=True, track_times=False)


def text(group, name, value):
    """A fixed-size UTF-8 attribute: variable ones stand in a heap that costs 4 KiB per file."""
    group.attrs.create(name, value.encode(), dtype=h5py.string_dtype("utf-8", len(value.encode())))


def cut(source, target, frames, rows, columns, extra, words):
    entry = target.create_group("entry")
    text(target, "default", "entry")
    text(entry, "NX_class", "NXentry")
    text(entry, "default", "data")
    for name in ORIGIN:
        if name in source["entry"].attrs:
            text(entry, name, str(source["entry"].attrs[name]))
    text(entry, "cut", words)
    data = entry.create_group("data")
    text(data, "NX_class", "NXdata")
    text(data, "signal", "data")
    values = source["/entry/data/data"][frames, rows, columns]
    data.create_dataset("data", data=values, chunks=(1,) + values.shape[1:], **STORED)
    for name in extra:
        values = source["/entry/data"][name][()]
        stored = dict(STORED, chunks=(1,) + values.shape[1:]) if values.ndim > 1 else {"track_times": False}
        data.create_dataset(name, data=values, **stored)


def main(folder, output):
    for name, (file, *where) in CUTS.items():
        with h5py.File(pathlib.Path(folder) / file, "r") as source, \
                h5py.File(pathlib.Path(output) / name, "w") as target:
            cut(source, target, *where)
        print(f"{name}: {(pathlib.Path(output) / name).stat().st_size} bytes")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else pathlib.Path(__file__).resolve().parents[1] / "samples")
