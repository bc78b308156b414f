# SPDX-License-Identifier: BSD-3-Clause
"""The copy engine keeps everything in a file, checked by h5py, h5dump and h5diff; what it cannot keep stops it."""
import hashlib
import os
import re
import shutil
import subprocess
import time

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t

import structure_sample
from structure_sample import describe, make_everything


@pytest.fixture(scope="module")
def run(build):
    """run("copy", a, b) -> finished process; the exit code is checked."""
    def call(*arguments, code=0, program="structure", **options):
        line = [str(build / "tests/programs" / program), *map(str, arguments)]
        done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300,
                              errors="replace", **options)
        assert done.returncode == code, f"{line}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done
    if not (build / "tests/programs/structure").exists():
        pytest.skip("SKIP: the test programs were not built")
    return call


@pytest.fixture(scope="module", params=["oldest", "latest", "shared"])
def everything(request, run, tmp_path_factory):
    """A file with everything, in the oldest and the latest format, and with shared messages in pages."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "shared":
        run("shared", folder / "everything.h5", program="structure_rare")
        return make_everything(folder, libver="latest", into=True)
    return make_everything(folder, libver="latest" if request.param == "latest" else None)


@pytest.fixture(scope="module")
def copied(everything, run):
    target = everything.parent / "copy.h5"
    done = run("copy", everything, target)
    assert "3 references lead to no object" in done.stderr
    return target


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_everything_is_kept(everything, copied):
    before, after = describe(everything), describe(copied)
    assert len(before) > 90
    assert before.keys() == after.keys()
    for name in before:
        assert before[name] == after[name], name


def dump(path, *options):
    done = subprocess.run(["h5dump", *options, str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          errors="replace", cwd=path.parent)
    text = done.stdout.replace(path.name, "FILE")
    text = re.sub(r"(DATASET|GROUP|DATATYPE) \d+ ", r"\1 ", text)  # addresses in front of what is referred to
    text = re.sub(r"OFFSET \d+|#\d+|SIZE \d+ \([\d.]*:1 COMPRESSION\)", "", text)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


@pytest.mark.parametrize("group", ["ordered", "types", "references", "storage", "elsewhere", "many"])
def test_h5dump_says_the_same(everything, copied, group):
    before, after = (dump(path, "-p", "-g", group) for path in (everything, copied))
    assert len(before) > 300
    if everything.parent.name.startswith("shared"):  # there the name of an unknown filter goes with the message
        before, after = (re.sub(r"COMMENT .*\n", "", text) for text in (before, after))
    assert before == after


@pytest.mark.parametrize("group", ["references", "elsewhere", "many", "ordered"])
def test_h5diff_finds_no_difference(everything, copied, group):
    subprocess.run(["h5diff", everything.name, copied.name, group, group], check=True, cwd=everything.parent)


def test_comments_are_kept(everything, copied):
    for path in (everything, copied):
        assert 'COMMENT "about links: ' in dump(path, "-g", "links")


def test_verify_agrees_and_bytes_are_the_same_again(everything, copied, run):
    assert "identical 1 datasets 71 " in run("verify", everything, copied).stdout
    again = everything.parent / "again.h5"
    run("copy", everything, again)
    assert digest(copied) == digest(again)
    twice = everything.parent / "twice.h5"
    run("copy", copied, twice)
    run("verify", everything, twice)


def test_no_object_tracks_times(everything, copied):
    for path in (everything, copied):
        said = subprocess.run(["h5ls", "-v", str(path) + "/storage"], stdout=subprocess.PIPE, text=True).stdout
        assert "Chunks:" in said
        assert ("Modified:" in said) == (path == everything)


def test_rewritten_references_can_be_followed(copied):
    with h5py.File(copied, "r") as f:
        g = f["references"]
        assert f[g["object"][1]] == f["links/value"]
        assert f[g["compound"][0]["to"]].name == f[f["references"].attrs["to a dataset"]].name
        assert g["region"][0] and f["links/value"][g["region"][0]].tolist() == [[1, 2]]
        assert g["scaled"].dims[1][0].name == "/references/x"
        assert not g["object"][3]
        with pytest.raises(ValueError):
            f[f["dangling/references"][0]]


def test_objects_keep_their_identity(copied):
    with h5py.File(copied, "r") as f:
        assert f["links/value"] == f["links/again"] == f["same"]
        assert f["links/inner/up/inner/up"] == f["links"]
        assert f["links/inner/root"] == f["/"]
        assert f["shared one"].id.get_type() == f["shared two"].id.get_type() == f["named"].id
        assert f["shared one"].id.get_type().committed() and f["of gone"].id.get_type().committed()


def test_raw_storage_is_not_written(everything, copied):
    assert (everything.parent / "values.raw").read_bytes()[8:] == np.arange(10, dtype="<u4").tobytes()
    with h5py.File(copied, "r") as f:
        assert f["elsewhere/raw"].external[0][0].endswith("values.raw")


def test_early_raw_storage_is_not_written(tmp_path, run):
    """Not even where HDF5 lays down fill values when the dataset is made."""
    raw = tmp_path / "raw.bin"
    raw.write_bytes(b"precious")
    with h5py.File(tmp_path / "a.h5", "w") as f:
        dcpl = h5p.create(h5p.DATASET_CREATE)
        dcpl.set_external(str(raw).encode(), 0, 8)
        dcpl.set_alloc_time(h5d.ALLOC_TIME_EARLY)
        dcpl.set_fill_time(h5d.FILL_TIME_ALLOC)
        dcpl.set_fill_value(np.array(7, "u1"))
        h5d.create(f.id, b"d", h5t.STD_U8LE, h5s.create_simple((8,)), dcpl)
    raw.write_bytes(b"precious")
    run("copy", tmp_path / "a.h5", tmp_path / "b.h5")
    assert raw.read_bytes() == b"precious"
    run("verify", tmp_path / "a.h5", tmp_path / "b.h5")


def test_what_h5py_cannot_write(tmp_path, run):
    """Mandatory filters that nobody has, edges that were not filtered, nbit, text as fill value, filtered links."""
    a, b = tmp_path / "a.h5", tmp_path / "b.h5"
    run("options", a, program="structure_rare")
    run("copy", a, b)
    run("verify", a, b)
    assert re.sub("COMMENT.*\\n", "", dump(a, "-pH")) == re.sub("COMMENT.*\\n", "", dump(b, "-pH"))
    with h5py.File(a, "r") as f, h5py.File(b, "r") as g:
        for name in ("edges not filtered", "nbit"):
            assert np.array_equal(f[name][()], g[name][()])
        for name in ("mandatory", "mandatory early"):
            for i in range(f[name].id.get_num_chunks()):
                place = f[name].id.get_chunk_info(i).chunk_offset
                assert f[name].id.read_direct_chunk(place) == g[name].id.read_direct_chunk(place)


def test_old_and_new_headers_in_one_file(tmp_path, run):
    """An attribute above 64 KiB, added with libver=latest to a file of the oldest format."""
    a, b = tmp_path / "a.h5", tmp_path / "b.h5"
    with h5py.File(a, "w") as f:
        f["old"] = 1
    with h5py.File(a, "r+", libver="latest") as f:
        f.create_group("new").attrs["large"] = np.arange(100000)
    run("copy", a, b)
    run("verify", a, b)
    assert describe(a) == describe(b)


def test_three_chunks_of_very_many(tmp_path, run):
    a, b = tmp_path / "a.h5", tmp_path / "b.h5"
    run("sparse", a, program="structure_rare")
    start = time.monotonic()
    run("copy", a, b)
    run("verify", a, b)
    assert time.monotonic() - start < 20
    with h5py.File(b, "r") as f:
        assert f["sparse"].id.get_num_chunks() == 3
        assert f["sparse"][12345 * 8, (2**20 - 1) * 8] == 3
    with h5py.File(b, "r+") as f:
        f["sparse"][12345 * 8, (2**20 - 1) * 8] = 4
    assert "value at (98760, 8388600): 3 and 4" in run("verify", a, b, code=1).stdout


def test_time_is_linear_in_chunks(tmp_path, run):
    seconds = []
    for count in (20000, 160000):
        a, b = tmp_path / f"{count}.h5", tmp_path / f"{count}_copy.h5"
        run("many", a, count, program="structure_rare")
        start = time.monotonic()
        run("copy", a, b)
        seconds.append(time.monotonic() - start)
        run("verify", a, b)
    assert seconds[1] < 30 * max(seconds[0], 0.1)  # 64 times when every chunk is searched for


def test_deep_groups(tmp_path, run):
    a, b = tmp_path / "a.h5", tmp_path / "b.h5"
    run("deep", a, 5000, program="structure_rare")
    run("copy", a, b)
    run("verify", a, b)


def test_long_sequences_take_bounded_memory(tmp_path, run, build):
    """450 MB of sequences, more than may be held at once."""
    a, b = tmp_path / "a.h5", tmp_path / "b.h5"
    with h5py.File(a, "w") as f:
        d = f.create_dataset("d", (45,), dtype=h5py.vlen_dtype("u1"))
        for i in range(45):
            d[i] = np.full(10_000_000, i, "u1")
    if "sanitize" not in build.name:
        import resource
        run("copy", a, b, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20)))
    else:
        run("copy", a, b)
    with h5py.File(b, "r") as f:
        assert [int(f["d"][i][9_999_999]) for i in (0, 21, 44)] == [0, 21, 44]


def test_user_defined_links_stop_the_copy(tmp_path, run):
    a, b = tmp_path / "a.h5", tmp_path / "b.h5"
    run("user-link", a, program="structure_rare")
    b.write_text("what was there before")
    said = run("copy", a, b, code=4).stderr
    assert "a.h5" in said and "/group" in said and "user-defined link" in said
    assert b.read_text() == "what was there before"


def test_hidden_objects_stop_the_copy(tmp_path, run):
    """A reference to an object that only a detached group leads to."""
    a, b = tmp_path / "a.h5", tmp_path / "b.h5"
    with h5py.File(a, "w") as f:
        g = f.create_group("g")
        g["self"] = g
        g["d"] = 5
        f["r"] = np.array([g["d"].ref], dtype=h5py.ref_dtype)
        del f["g"]
        assert f[f["r"][0]][()] == 5
    said = run("copy", a, b, code=4).stderr
    assert "/r" in said and "no link leads to" in said and not b.exists()


def test_references_behind_a_filter_that_nobody_has(tmp_path, run):
    a, b = tmp_path / "a.h5", tmp_path / "b.h5"
    with h5py.File(a, "w") as f:
        dcpl = h5p.create(h5p.DATASET_CREATE)
        dcpl.set_chunk((4,))
        dcpl.set_filter(structure_sample.UNKNOWN_FILTER, h5py.h5z.FLAG_OPTIONAL, ())
        h5d.create(f.id, b"d", h5t.STD_REF_OBJ, h5s.create_simple((4,)), dcpl)
    said = run("copy", a, b, code=4).stderr
    assert "/d" in said and "40000" in said and not b.exists()


def test_damaged_and_foreign_files(tmp_path, run):
    for name, content in (("empty.h5", b""), ("text.h5", b"no HDF5"), ("cut.h5", None)):
        path = tmp_path / name
        if content is None:
            whole = make_everything(tmp_path / "whole")
            content = whole.read_bytes()[:20000]
        path.write_bytes(content)
        for arguments in (("copy", path, tmp_path / "out.h5"), ("verify", path, path), ("targets", path)):
            assert name in run(*arguments, code=3).stderr


def make_small(path):
    """A file for one planted difference at a time."""
    with h5py.File(path, "w", userblock_size=512) as f:
        f["u2"] = np.arange(24, dtype="<u2").reshape(2, 3, 4)
        f.create_dataset("chunked", data=np.arange(100.0), chunks=(30,), compression="gzip", maxshape=(200,),
                         fillvalue=5)
        f["compound"] = np.array([(1, 2.5), (3, 4.5)], [("a", "<i4"), ("b", "<f8")])
        f["text"] = ["one", "two"]
        f.create_dataset("sequence", (2,), dtype=h5py.vlen_dtype("i4"))
        f["sequence"][1] = [1, 2, 3]
        f["type"] = np.dtype("<f4")
        f.create_dataset("typed", (2,), dtype=f["type"])
        f["reference"] = np.array([f["u2"].ref], dtype=h5py.ref_dtype)
        f["region"] = np.array([f["u2"].regionref[0, 1:2, :]], dtype=h5py.regionref_dtype)
        f["same"] = f["u2"]
        f["soft"] = h5py.SoftLink("/u2")
        f["external"] = h5py.ExternalLink("a.h5", "/x")
        f["nan"] = np.array([np.nan, 1.0])
        layout = h5py.VirtualLayout((4,), "i4")
        layout[:] = h5py.VirtualSource("v.h5", "d", shape=(8,))[0:4]
        f.create_virtual_dataset("virtual", layout)
        g = f.create_group("g", track_order=True)
        for name in "cab":
            g[name] = 1
            g.attrs[name] = 2
        f["u2"].attrs["units"] = "counts"
        f["u2"].attrs["n"] = np.int32(5)
        f["u2"].attrs["to"] = f["g"].ref


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


def test_targets_are_listed(tmp_path, run):
    master = make_everything(tmp_path)
    for name in ("series_0.h5", "series_1.h5"):
        with h5py.File(tmp_path / name, "w") as f:
            f["data"] = np.zeros((1, 4), "<i2")
    found = {}
    for line in run("targets", master).stdout.splitlines():
        kind, where, name, resolved, exists, beside = line.split("|")
        found[name] = (int(kind), where, resolved == str(tmp_path / name), exists == "1", beside == "1")
    assert found == {
        "other.h5": (0, "/links/external", True, True, True),
        "sub/gone.h5": (0, "/links/external missing", True, False, False),
        "sub/part_0.h5": (1, "/elsewhere/virtual", True, True, True),
        "missing.h5": (1, "/elsewhere/virtual", True, False, False),
        "series_0.h5": (1, "/elsewhere/series", True, True, True),
        "series_1.h5": (1, "/elsewhere/series", True, True, True),
        "values.raw": (2, "/elsewhere/raw", True, True, True),
    }


def test_targets_that_would_be_lost_stop_the_run(tmp_path, run):
    master = make_everything(tmp_path / "in")
    out = tmp_path / "out"
    out.mkdir()
    assert "missing.h5" in run("check", master, tmp_path / "in/copy.h5").stderr  # a warning
    said = run("check", master, out / "copy.h5", code=4).stderr
    assert "--follow" in said and "--keep-links" in said and "other.h5" in said
    run("check", master, out / "copy.h5", "follow")
    run("check", master, out / "copy.h5", "keep")
    shutil.copytree(tmp_path / "in/sub", out / "sub")
    for name in ("other.h5", "values.raw"):
        shutil.copy(tmp_path / "in" / name, out)
    run("check", master, out / "copy.h5")


def link_file(path, *targets):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as f:
        for i, target in enumerate(targets):
            f[f"l{i}"] = h5py.ExternalLink(str(target), "/x")


def followed(text):
    return [line.split("|")[1] for line in text.splitlines()]


def test_files_are_followed_through_files(tmp_path, run):
    link_file(tmp_path / "master.h5", "a.h5", "sub/b.h5", "gone.h5", "./a.h5")
    link_file(tmp_path / "a.h5", "master.h5", "sub/b.h5")
    link_file(tmp_path / "sub/b.h5", "../c.h5", "d.h5", "../master.h5")
    link_file(tmp_path / "c.h5", "a.h5")
    link_file(tmp_path / "sub/d.h5")
    (tmp_path / "sub/again").symlink_to(".")
    link_file(tmp_path / "sub/e.h5", "again/e.h5")
    done = run("follow", tmp_path / "master.h5")
    assert followed(done.stdout) == ["a.h5", "sub/b.h5", "c.h5", "sub/d.h5"]
    assert "gone.h5" in done.stderr
    assert followed(run("follow", "master.h5", cwd=tmp_path).stdout) == ["a.h5", "sub/b.h5", "c.h5", "sub/d.h5"]
    assert len(followed(run("follow", tmp_path / "sub/e.h5").stdout)) <= 1


@pytest.mark.parametrize("target", ["../outside.h5", "{}/outside.h5", "sub/../../outside.h5"])
def test_files_outside_the_folder_are_not_followed(tmp_path, run, target):
    (tmp_path / "in/sub").mkdir(parents=True)
    link_file(tmp_path / "outside.h5")
    link_file(tmp_path / "in/master.h5", target.format(tmp_path), "beside.h5")
    link_file(tmp_path / "in/beside.h5")
    said = run("follow", tmp_path / "in/master.h5", code=4).stderr
    assert "outside.h5" in said and "--follow" in said
    done = run("follow", tmp_path / "in/master.h5", "keep")
    assert followed(done.stdout) == ["beside.h5"] and "outside.h5" in done.stderr


def hdf5_falls_too(path, stderr):
    """Does HDF5 itself crash or hang on a damaged file? It does in 1.10.8 where sizes in global heaps, in encoded
    selections of virtual datasets or in region references are damaged."""
    if "Sanitizer" in stderr:
        frames = re.findall(r"#\d+ 0x.*", stderr)[:3]
        return any("libhdf5" in frame or "H5" in frame for frame in frames)
    try:
        return subprocess.run(["h5dump", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=10).returncode < 0
    except subprocess.TimeoutExpired:
        return True


def test_flipped_bits_never_crash_us(tmp_path, run, build):
    """2,000 files with one flipped bit each: an exit code every time, unless HDF5 itself falls."""
    whole = tmp_path / "whole.h5"
    make_small(whole)
    content = whole.read_bytes()
    random = np.random.default_rng(1)
    damaged, out, codes = tmp_path / "damaged.h5", tmp_path / "out.h5", {}
    program = str(build / "tests/programs/structure")
    for _ in range(2000):
        flipped = bytearray(content)
        bit = int(random.integers(512 * 8, len(content) * 8))
        flipped[bit // 8] ^= 1 << bit % 8
        damaged.write_bytes(flipped)
        stderr = ""
        try:
            done = subprocess.run([program, "copy", str(damaged), str(out)], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, timeout=20, errors="replace", text=True)
            code, stderr = done.returncode, done.stderr
        except subprocess.TimeoutExpired:
            code = "hangs"
        if code == "hangs" or code < 0 or "Sanitizer" in stderr:
            assert hdf5_falls_too(damaged, stderr), f"bit {bit}: {code}\n{stderr}"
            code = "HDF5"
        codes[code] = codes.get(code, 0) + 1
        assert code in (0, 3, 4, 5, "HDF5"), f"bit {bit}: {code}\n{stderr}"
    print(codes)
    assert codes.get(3, 0) > 20 and codes.get("HDF5", 0) < 40


def real_files(data):
    folders = [data, data.parent / "nexus"]
    return sorted(p for folder in folders if folder.is_dir() for p in folder.iterdir()
                  if p.suffix in (".h5", ".hdf5", ".nxs"))


def test_real_files(data, tmp_path, run):
    files = real_files(data)
    assert files
    for path in files:
        target = tmp_path / "copy.h5"
        run("copy", path, target)
        assert "identical 1" in run("verify", path, target).stdout, path.name
        assert os.path.getsize(target) < 1.02 * os.path.getsize(path) + 8192, path.name
        if os.path.getsize(path) < 1000000:  # the others would take minutes
            subprocess.run(["h5diff", str(path), str(target)], check=True, stdout=subprocess.DEVNULL)
            assert describe(path) == describe(target), path.name
