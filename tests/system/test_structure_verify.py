# SPDX-License-Identifier: BSD-3-Clause
"""The comparison of two files finds every kind of difference, one planted at a time, and nothing else."""
import re
import shutil

import h5py
import numpy as np
import pytest

import structure_sample
from structure_sample import make_small, run  # noqa: F401 (run is a fixture)


def replace(f, name, **arguments):
    attributes = dict(f[name].attrs)
    data = arguments.pop("data", None)
    if data is None and not {"shape", "external"} & set(arguments):
        data = f[name][()]
    del f[name]
    f.create_dataset(name, data=data, **arguments)
    for key, value in attributes.items():
        f[name].attrs[key] = value


def set_value(name, index, value):
    def change(f):
        f[name][index] = value
    return change


def reorder(f):
    value = f["g/c"][()]
    del f["g/c"]
    f["g/c"] = value


def reorder_attributes(f):
    del f["g"].attrs["c"]
    f["g"].attrs["c"] = 2


def new_virtual(source, dataset="d", at=0):
    def change(f):
        del f["virtual"]
        layout = h5py.VirtualLayout((4,), "i4")
        layout[:] = h5py.VirtualSource(source, dataset, shape=(8,))[at:at + 4]
        f.create_virtual_dataset("virtual", layout)
    return change


def relink(name, target):
    def change(f):
        del f[name]
        f[name] = target(f)
    return change


def plain_type(f):
    del f["typed"]
    f.create_dataset("typed", (2,), dtype="<f4")


def retype_text(f):
    del f["text"]
    f.create_dataset("text", data=[b"one", b"two"], dtype=h5py.string_dtype("ascii"))


def other_padding(f):
    del f["u2"].attrs["units"]
    f["u2"].attrs.create("units", np.bytes_("counts"), dtype="S6")


NAN = np.frombuffer(b"\x01\x00\x00\x00\x00\x00\xf8\x7f", "<f8")[0]
# what is changed in the second file, and what must be said about it
DIFFERENCES = {
    "value": (set_value("u2", (1, 2, 3), 99), r"/same|/u2.*value at \(1, 2, 3\): 23 and 99"),
    "value behind a filter": (set_value("chunked", 77, -1), r"/chunked: value at \(77\): 77 and -1"),
    "other NaN": (set_value("nan", 0, NAN), r"/nan: value at \(0\): nan and nan"),
    "member": (set_value("compound", 1, (3, 4.25)), r'/compound: value at \(1\): member "b": 4.5 and 4.25'),
    "string": (set_value("text", 1, "twö"), r'/text: value at \(1\): "two" and "twö"'),
    "sequence": (set_value("sequence", 1, [1, 2, 4]), r"/sequence: value at \(1\): element 2 of the sequence: 3 and 4"),
    "sequence length": (set_value("sequence", 0, [1]), r"/sequence: value at \(0\): sequences of 0 and 1 elements"),
    "reference": (lambda f: set_value("reference", 0, f["g"].ref)(f), r"/reference: .*references to /.* and /g"),
    "null reference": (set_value("reference", 0, h5py.Reference()), r"/reference: .*a null reference in the second"),
    "region": (lambda f: set_value("region", 0, f["u2"].regionref[1, 1:2, :])(f), r"/region: .*other parts"),
    "attribute value": (lambda f: f["u2"].attrs.modify("n", np.int32(6)), r'attribute "n": value 0: 5 and 6'),
    "attribute text": (lambda f: f["u2"].attrs.__setitem__("units", "adu"), r'attribute "units": .*"counts" and "adu"'),
    "attribute type": (lambda f: f["u2"].attrs.__setitem__("n", np.int64(5)), r'attribute "n": type: int32 .*int64'),
    "attribute padding": (other_padding, r'attribute "units": type: string of variable length'),
    "attribute shape": (lambda f: f["u2"].attrs.__setitem__("n", np.array([5], "i4")), r'"n": shape: scalar and simple'),
    "attribute reference": (lambda f: f["u2"].attrs.modify("to", f["chunked"].ref), r'"to": .*references to /g and'),
    "attribute missing": (lambda f: f["u2"].attrs.__delitem__("n"), r'attribute "n": in the first file only'),
    "attribute more": (lambda f: f["g"].attrs.__setitem__("x", 1), r'/g: attribute "x": in the second file only'),
    "attribute order": (reorder_attributes, r'/g: attributes in another order: "c" and "a" at 0'),
    "dtype": (lambda f: replace(f, "nan", dtype="<f4"), r"/nan: type: float64 little-endian and float32"),
    "byte order": (lambda f: replace(f, "nan", dtype=">f8"), r"/nan: type: float64 little-endian and float64 big"),
    "charset": (retype_text, r"/text: type: .*UTF-8.* and .*ASCII"),
    "member name": (lambda f: replace(f, "compound", data=np.array([(1, 2.5), (3, 4.5)], [("a", "<i4"), ("c", "<f8")])),
                    r"/compound: type: .*b at 4.*c at 4"),
    "committed type": (plain_type, r"/typed: type: a committed one in the first file only"),
    "shape": (lambda f: replace(f, "nan", data=np.array([[np.nan], [1.0]])), r"/nan: shape: \(2\) and \(2, 1\)"),
    "largest shape": (lambda f: replace(f, "chunked", chunks=(30,), maxshape=(None,), fillvalue=5),
                      r"/chunked: largest shape: \(200\) and \(unlimited\)"),
    "fill value": (lambda f: replace(f, "chunked", chunks=(30,), maxshape=(200,), fillvalue=6),
                   r"/chunked: fill value: 5 and 6"),
    "no fill value": (lambda f: replace(f, "chunked", chunks=(30,), maxshape=(200,)), r"/chunked: fill value: set by"),
    "soft link": (relink("soft", lambda f: h5py.SoftLink("/g")), r'"soft": soft link to "/u2" and "/g"'),
    "external link": (relink("external", lambda f: h5py.ExternalLink("b.h5", "/x")), r'"external": .*"a.h5".*"b.h5"'),
    "link kind": (relink("soft", lambda f: f["u2"]), r'"soft": a soft link and a hard link'),
    "identity": (relink("same", lambda f: f["u2"][()]), r"not the same object as /"),
    "more identity": (relink("nan", lambda f: f["compound"]), r"not the same object as /"),
    "object kind": (relink("nan", lambda f: np.dtype("f8")), r'"nan": a dataset and a committed type'),
    "link missing": (lambda f: f.__delitem__("g/a"), r'/g: "a": in the first file only'),
    "link more": (lambda f: f.__setitem__("g/new", 1), r'/g: "new": in the second file only'),
    "link order": (reorder, r'/g: links in another order: "c" and "a" at 0'),
    "virtual file": (new_virtual("w.h5"), r'/virtual: mapping 0: source file "v.h5" and "w.h5"'),
    "virtual source": (new_virtual("v.h5", "e"), r'/virtual: mapping 0: source "d" and "e"'),
    "virtual selection": (new_virtual("v.h5", at=1), r"/virtual: mapping 0: the source selection"),
    "not virtual": (relink("virtual", lambda f: np.zeros(4, "i4")), r"/virtual: a virtual dataset in the first file"),
    "raw storage": (lambda f: replace(f, "typed", data=None, shape=(2,), dtype=f["type"], external=[("r.bin", 0, 8)]),
                    r"/typed: in external raw files in the second file only"),
    "comment": (lambda f: h5py.h5o.set_comment(f["g"].id, b"remark", obj_name=b"."), r'/g: comment: "" and "remark"'),
}


@pytest.mark.parametrize("kind", DIFFERENCES)
def test_verify_finds(kind, tmp_path, run):
    change, message = DIFFERENCES[kind]
    a, b = tmp_path / "a.h5", tmp_path / "b.h5"
    make_small(a)
    shutil.copy(a, b)
    run("verify", a, b)
    with h5py.File(b, "r+") as f:
        change(f)
    said = run("verify", a, b, code=1).stdout
    assert re.search(message, said), said
    assert "identical 0" in said
    run("verify", b, a, code=1)


def test_verify_finds_other_user_blocks_and_orders(tmp_path, run):
    a, b = tmp_path / "a.h5", tmp_path / "b.h5"
    make_small(a)
    content = bytearray(a.read_bytes())
    content[100] = 7
    b.write_bytes(content)
    assert "user block: byte 100: 0 and 7" in run("verify", a, b, code=1).stdout
    with h5py.File(a, "w") as f, h5py.File(b, "w") as g:
        f.create_group("g", track_order=True)
        g.create_group("g")
    assert "/g: the order of links is kept in the first file only" in run("verify", a, b, code=1).stdout


def test_verify_ignores_how_values_are_stored(tmp_path, run):
    a, b = tmp_path / "a.h5", tmp_path / "b.h5"
    values = np.arange(60000, dtype="<u2").reshape(3, 100, 200)
    gaps = np.dtype({"names": ["a"], "formats": ["<u1"], "offsets": [3], "itemsize": 8})
    records = np.zeros(50, gaps)
    records["a"] = np.arange(50)
    with h5py.File(a, "w") as f:
        f["d"], f["text"], f["records"] = values, ["a", "b", "c"], records
    noisy = records.copy()
    noisy.view("u1").reshape(50, 8)[:, 0] = 99  # bytes between members have no meaning
    with h5py.File(b, "w", libver="latest") as f:
        f.create_dataset("d", data=values, chunks=(2, 33, 77), compression="gzip", shuffle=True)
        f.create_dataset("text", data=["a", "b", "c"], chunks=(2,), dtype=h5py.string_dtype())
        f.create_dataset("records", data=noisy, chunks=(7,), compression="gzip", track_times=True)
        f.create_group("beampress").attrs["program"] = "ours"
        f["d"].attrs["beampress_lossy"] = "codec, error"
    run("verify", a, b)
    run("verify", b, a)


def test_verify_within_a_bound(tmp_path, run):
    a, b = tmp_path / "a.h5", tmp_path / "b.h5"
    values = np.array([1.0, np.nan, np.inf, -5.0, 100.0], "<f4")
    pairs = np.array([(10, 1.0), (20, 2.0)], [("n", "<i4"), ("x", "<f8")])
    with h5py.File(a, "w") as f:
        f["d"], f["pairs"] = values, pairs
    off = values + np.array([0.5, 0, 0, -0.25, 0], "<f4")
    near = pairs.copy()
    near["n"][1] += 1
    with h5py.File(b, "w") as f:
        f["d"], f["pairs"] = off, near
    run("verify", a, b, code=1)
    run("verify", a, b, "0.5", code=1)  # the pair differs by 1
    assert "error 1" in run("verify", a, b, "1").stdout
    with h5py.File(b, "r+") as f:
        f["d"][1] = 0
    assert re.search(r"/d: value at \(1\): -?nan and 0", run("verify", a, b, "1", code=1).stdout)
    with h5py.File(b, "r+") as f:
        f["d"][1], f["d"][2] = np.nan, -np.inf
    assert re.search(r"/d: value at \(2\): inf and -inf", run("verify", a, b, "1", code=1).stdout)


def test_verify_with_a_filter_that_nobody_has(tmp_path, run):
    a, b = tmp_path / "a.h5", tmp_path / "b.h5"
    for path, last in ((a, b"same bytes"), (b, b"same byte?")):
        with h5py.File(path, "w") as f:
            structure_sample.unknown_filter(f)
            f["unknown filter"].id.write_direct_chunk((2, 0), last, 0)
    run("verify", a, a)
    said = run("verify", a, b, code=4).stderr
    assert "/unknown filter" in said and "40000" in said
