# SPDX-License-Identifier: BSD-3-Clause
"""A file with everything that HDF5 1.10 can hold, a description of a file by h5py alone, and the programs that copy
and compare."""
import pathlib
import subprocess

import h5py
import numpy as np
import pytest
from h5py import h5a, h5d, h5f, h5g, h5o, h5p, h5r, h5s, h5t

UNKNOWN_FILTER = 40000


def sanitized(build):
    """Was this build made with sanitizers?"""
    cache = build / "CMakeCache.txt"
    return cache.exists() and any(line.startswith("BP_SANITIZE") and line.split("=", 1)[1]
                                  for line in cache.read_text().splitlines())


@pytest.fixture(scope="session")
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


def links(f):
    """Hard links (also a cycle), soft, external, dangling; odd and UTF-8 names; kept orders."""
    g = f.create_group("links")
    g["value"] = np.arange(6, dtype="<u2").reshape(2, 3)
    g["again"] = g["value"]
    f["same"] = g["value"]
    inner = g.create_group("inner")
    inner["up"] = g
    inner["root"] = f["/"]
    g["soft"] = h5py.SoftLink("value")
    g["soft to nowhere"] = h5py.SoftLink("/not/there")
    g["external"] = h5py.ExternalLink("other.h5", "/entry/data")
    g["external/".rstrip("/") + " missing"] = h5py.ExternalLink("sub/gone.h5", "/a/b")
    g["Größe µm"] = 1.5
    g["日本 語"] = np.int8(-3)
    g[" leading, trailing. \t\"quotes\" %b "] = 7
    g.create_group("x" * 300)
    ordered = f.create_group("ordered", track_order=True)
    for name in ("zulu", "alpha", "mike", "bravo"):
        ordered[name] = len(name)
        ordered.attrs[name] = name
    ordered["soft"] = h5py.SoftLink("/links/value")
    many = f.create_group("many", track_order=True)
    for i in range(100):
        many[f"{(i * 37) % 100:03d}"] = h5py.SoftLink(f"/target{i}")


def types(f):
    """Every class of type, as datasets and as attributes."""
    g = f.create_group("types", track_order=True)
    values = {
        "big": np.array([1, -2, 3], ">i4"), "u8": np.arange(5, dtype="u1"), "u64": np.array([2**63 + 5], "<u8"),
        "f16": np.array([1.5, np.nan, np.inf], "<f2"), "f32be": np.array([1e-40, -0.0], ">f4"),
        "f64": np.array([[np.nan, -np.inf], [0.1, 5e-324]]), "bool": np.array([True, False]),
        "complex": np.array([1 + 2j]), "fixed": np.array([b"ab", b"cdefg"], "S5"),
        "opaque": np.array([b"\x00\x01\xff", b"xyz"], "V3"), "array": np.zeros(2, [("a", "<i2", (2, 3))]),
        "scalar": np.float64(3.25),
    }
    for name, value in values.items():
        g[name] = value
        g.attrs[name] = value
    enum = h5py.enum_dtype({"RED": 0, "GREEN": 1, "BLÅ": -5}, basetype="i2")
    g.create_dataset("enum", data=np.array([0, 1, -5], "i2"), dtype=enum)
    g.attrs.create("enum", np.array([1], "i2"), dtype=enum)
    compound = np.dtype({"names": ["a", "b", "s"], "formats": ["<u1", ">f8", "S3"], "offsets": [0, 8, 17],
                         "itemsize": 24})
    g.create_dataset("gaps", data=np.array([(1, 2.5, b"x"), (3, np.nan, b"yz")], compound))
    text = h5py.string_dtype()
    g.create_dataset("strings", data=["", "short", "ü" * 1000], dtype=text)
    g.create_dataset("ascii", data=[b"abc"], dtype=h5py.string_dtype("ascii"))
    g.attrs["string"] = "a µ b"
    g.attrs.create("strings", ["one", "", "three"], dtype=text)
    g.create_dataset("sequences", (4,), dtype=h5py.vlen_dtype("<i4"))
    g["sequences"][0] = [1, 2, 3]
    g["sequences"][3] = np.arange(1000)
    nested = np.dtype([("n", "i4"), ("s", h5py.string_dtype()), ("v", h5py.vlen_dtype("f8"))])
    d = g.create_dataset("nested", (2,), dtype=nested, chunks=(1,), compression="gzip")
    d[0] = (5, "five", np.array([0.5, 1.5]))
    d[1] = (6, "", np.array([]))
    for name, empty in (("null u4", "u4"), ("null text", "S10")):
        g.create_dataset(name, data=h5py.Empty(empty))
        g.attrs[name] = h5py.Empty(empty)
    low_level_types(g)
    g.attrs["large"] = np.arange(40000, dtype="<f4")  # above 64 KiB


def low_level_types(g):
    for name, kind in (("bitfield", h5t.STD_B16BE), ("time", h5t.UNIX_D32LE)):
        d = h5d.create(g.id, name.encode(), kind, h5s.create_simple((3,)))
        d.write(h5s.ALL, h5s.ALL, np.arange(3, dtype="u2" if name == "bitfield" else "u4"), mtype=kind)
    for padding in (h5t.STR_NULLTERM, h5t.STR_NULLPAD, h5t.STR_SPACEPAD):
        for cset in (h5t.CSET_ASCII, h5t.CSET_UTF8):
            kind = h5t.C_S1.copy()
            kind.set_size(8)
            kind.set_strpad(padding)
            kind.set_cset(cset)
            name = f"text {padding} {cset}".encode()
            d = h5d.create(g.id, name, kind, h5s.create(h5s.SCALAR))
            d.write(h5s.ALL, h5s.ALL, np.array(b"abc     ", "S8"), mtype=kind)
            a = h5a.create(g.id, name, kind, h5s.create(h5s.SCALAR))
            a.write(np.array(b"abc", "S8"), mtype=kind)
    twelve = h5t.STD_U16LE.copy()
    twelve.set_precision(12)
    twelve.set_offset(2)
    d = h5d.create(g.id, b"twelve bits", twelve, h5s.create_simple((4,)))
    d.write(h5s.ALL, h5s.ALL, np.array([4, 8, 12, 4092], "<u2"), mtype=twelve)


def committed(f):
    """Types with a name, shared by datasets and attributes; one whose name is gone."""
    f["named"] = np.dtype([("x", "<f4"), ("y", "<f4")])
    f["named"].attrs["says"] = "a type may have attributes"
    f["named again"] = f["named"]
    for name in ("one", "two"):
        f.create_dataset(f"shared {name}", (3,), dtype=f["named"], data=np.ones(3, f["named"].dtype))
    f["shared one"].attrs.create("of named", np.zeros((), f["named"].dtype), dtype=f["named"])
    f["gone"] = np.dtype("<i8")
    f["gone"].attrs["still"] = 1
    f.create_dataset("of gone", data=np.arange(3), dtype=f["gone"])
    del f["gone"]


def references(f):
    g = f.create_group("references")
    target = f["links/value"]
    g["object"] = np.array([f.ref, target.ref, f["named"].ref, h5py.Reference()], dtype=h5py.ref_dtype)
    g.create_dataset("chunked", (10, 10), dtype=h5py.ref_dtype, chunks=(4, 4), maxshape=(None, 20))
    g["chunked"][1, 2] = target.ref
    g["chunked"][9, 9] = g.ref
    region = [target.regionref[0:1, 1:3], target.regionref[...], h5py.RegionReference()]
    g.create_dataset("region", data=np.array(region, dtype=h5py.regionref_dtype), dtype=h5py.regionref_dtype)
    points = h5s.create_simple((2, 3))
    points.select_elements([(0, 0), (1, 2)])
    g.attrs.create("points", h5r.create(f.id, b"/links/value", h5r.DATASET_REGION, points),
                   dtype=h5py.regionref_dtype)
    g.attrs["to a dataset"] = target.ref
    g.attrs["to nothing"] = h5py.Reference()
    pair = np.dtype([("to", h5py.ref_dtype), ("n", "i4")])
    g.create_dataset("compound", data=np.array([(target.ref, 1), (h5py.Reference(), 2)], pair))
    many = h5py.vlen_dtype(h5py.ref_dtype)
    g.create_dataset("sequences", (2,), dtype=many)
    g["sequences"][1] = np.array([target.ref, f.ref], dtype=h5py.ref_dtype)
    scaled = g.create_dataset("scaled", data=np.zeros((2, 3)))
    g["x"], g["y"] = np.arange(3.0), np.arange(2.0)
    g["x"].make_scale("x axis")
    g["y"].make_scale()
    scaled.dims[0].attach_scale(g["y"])
    scaled.dims[1].attach_scale(g["x"])
    scaled.dims[1].label = "width"


def storage(f):
    """Layouts, filters, fill values, shapes."""
    g = f.create_group("storage")
    data = np.arange(4 * 50 * 60, dtype="<u2").reshape(4, 50, 60)
    g.create_dataset("gzip", data=data, chunks=(1, 20, 60), compression="gzip", shuffle=True, fletcher32=True)
    g.create_dataset("lzf", data=data, chunks=(1, 50, 60), compression="lzf")
    g.create_dataset("szip", data=data, chunks=(1, 50, 60), compression="szip")
    g.create_dataset("scaleoffset", data=data, chunks=(1, 50, 60), scaleoffset=0)
    g.create_dataset("contiguous", data=data)
    g.create_dataset("never written", (100, 100), "f8")
    sparse = g.create_dataset("sparse", (100, 100), "f4", chunks=(10, 10), maxshape=(None, 200), fillvalue=-1.5)
    sparse[35, 77] = 3
    sparse[99, 99] = 4
    g.create_dataset("empty", (0, 5), "u2", maxshape=(None, 5), chunks=(4, 5))
    g.create_dataset("empty contiguous", (3, 0), "u2")
    g.create_dataset("rank 32", (1,) * 31 + (2,), "u1", data=np.arange(2, dtype="u1").reshape((1,) * 31 + (2,)))
    compact = h5p.create(h5p.DATASET_CREATE)
    compact.set_layout(h5d.COMPACT)
    d = h5d.create(g.id, b"compact", h5t.STD_I32LE, h5s.create_simple((7,)), compact)
    d.write(h5s.ALL, h5s.ALL, np.arange(7, dtype="i4"))
    for number, (alloc, fill) in enumerate([(h5d.ALLOC_TIME_EARLY, h5d.FILL_TIME_ALLOC),
                                            (h5d.ALLOC_TIME_INCR, h5d.FILL_TIME_NEVER),
                                            (h5d.ALLOC_TIME_LATE, h5d.FILL_TIME_IFSET)]):
        dcpl = h5p.create(h5p.DATASET_CREATE)
        dcpl.set_chunk((5, 5))
        dcpl.set_deflate(4)
        dcpl.set_alloc_time(alloc)
        dcpl.set_fill_time(fill)
        dcpl.set_fill_value(np.array(number, "i4"))
        d = h5d.create(g.id, f"times {number}".encode(), h5t.STD_I32LE, h5s.create_simple((12, 12)), dcpl)
        d.write(h5s.ALL, h5s.ALL, np.arange(144, dtype="i4").reshape(12, 12))
    compound = np.dtype([("a", "i4"), ("b", "f8")])
    g.create_dataset("compound fill", (3,), compound, fillvalue=np.array((7, 2.5), compound), chunks=(2,))
    unknown_filter(g)
    order = h5p.create(h5p.DATASET_CREATE)
    order.set_attr_creation_order(h5p.CRT_ORDER_TRACKED | h5p.CRT_ORDER_INDEXED)
    d = h5py.Dataset(h5d.create(g.id, b"attributes in order", h5t.STD_I8LE, h5s.create_simple((1,)), order))
    for i in range(30):
        d.attrs[f"{(i * 7) % 30:02d}"] = i


def unknown_filter(g):
    """Chunks that no filter of this machine can decode; the second says that the filter was left out."""
    dcpl = h5p.create(h5p.DATASET_CREATE)
    dcpl.set_chunk((2, 8))
    dcpl.set_filter(UNKNOWN_FILTER, h5py.h5z.FLAG_OPTIONAL, (1, 2, 3))
    d = h5d.create(g.id, b"unknown filter", h5t.STD_U8LE, h5s.create_simple((6, 8)), dcpl)
    d.write_direct_chunk((0, 0), b"not to be decoded", 0)
    d.write_direct_chunk((4, 0), bytes(range(16)), 1)


def elsewhere(f):
    """Values in other files."""
    g = f.create_group("elsewhere")
    layout = h5py.VirtualLayout((3, 4), "<i2", maxshape=(None, 4))
    layout[0] = h5py.VirtualSource("sub/part_0.h5", "/data", shape=(4,))
    layout[1, 0:2] = h5py.VirtualSource("missing.h5", "data", shape=(10,))[4:8:2]
    layout[2] = h5py.VirtualSource(".", "/links/row", shape=(4,))
    f["links/row"] = np.arange(4, dtype="<i2")
    g.create_virtual_dataset("virtual", layout, fillvalue=-7)
    series = h5p.create(h5p.DATASET_CREATE)
    space = h5s.create_simple((0, 4), (h5s.UNLIMITED, 4))
    space.select_hyperslab((0, 0), (h5s.UNLIMITED, 1), (2, 1), (1, 4))
    source = h5s.create_simple((1, 4))
    series.set_virtual(space, b"series_%b.h5", b"/data", source)
    h5d.create(g.id, b"series", h5t.STD_I16LE, h5s.create_simple((0, 4), (h5s.UNLIMITED, 4)), series)
    g.create_dataset("raw", (10,), "<u4", external=[("values.raw", 8, 40)])


def comments(f):
    for name in ("links", "named", "storage/gzip"):
        h5o.set_comment(f[name].id, f"about {name}: µ".encode(), obj_name=b".")


def dangling(f):
    """References to what was deleted. Comes last: a later object could take the address."""
    g = f.create_group("dangling")
    f["deleted"] = 1
    g["references"] = np.array([f["deleted"].ref, f["links/value"].ref], dtype=h5py.ref_dtype)
    g["regions"] = np.array([f["deleted"].regionref[()], f["links/value"].regionref[1, :]], dtype=h5py.regionref_dtype)
    g.attrs["one"] = f["deleted"].ref
    del f["deleted"]


def make_everything(folder, name="everything.h5", libver=None, into=False):
    """Returns the path. Other files stand beside it. into: the file is there and gets filled."""
    folder = pathlib.Path(folder)
    path = folder / name
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    (folder / "values.raw").write_bytes(bytes(8) + np.arange(10, dtype="<u4").tobytes())
    with h5py.File(folder / "sub/part_0.h5", "w") as part:
        part["data"] = np.arange(4, dtype="<i2")
    with h5py.File(folder / "other.h5", "w") as other:
        other["entry/data"] = np.arange(3)
    created = {} if into else {"userblock_size": 1024, "track_order": True}
    with h5py.File(path, "r+" if into else "w", libver=libver, **created) as f:
        for part in (links, committed, types, references, storage, elsewhere, comments, dangling):
            part(f)
        f.attrs["default"] = "entry"
    with open(path, "r+b") as raw:
        raw.write(b"user block " * 90)
    return path


def type_of(kind):
    """A type as plain values."""
    result = {"class": kind.get_class(), "size": kind.get_size()}
    if isinstance(kind, h5t.TypeCompoundID):
        result["members"] = [(kind.get_member_name(i), kind.get_member_offset(i), type_of(kind.get_member_type(i)))
                             for i in range(kind.get_nmembers())]
    elif isinstance(kind, h5t.TypeEnumID):
        result["members"] = sorted((kind.get_member_name(i), kind.get_member_value(i))
                                   for i in range(kind.get_nmembers()))
        result["base"] = type_of(kind.get_super())
    elif isinstance(kind, h5t.TypeArrayID):
        result["shape"], result["base"] = kind.get_array_dims(), type_of(kind.get_super())
    elif isinstance(kind, h5t.TypeVlenID):
        result["base"] = type_of(kind.get_super())
    elif isinstance(kind, h5t.TypeOpaqueID):
        result["tag"] = kind.get_tag()
    elif isinstance(kind, h5t.TypeStringID):
        result["text"] = kind.get_cset(), kind.get_strpad(), kind.is_variable_str()
    elif isinstance(kind, h5t.TypeAtomicID):
        result["bits"] = kind.get_order(), kind.get_precision(), kind.get_offset(), kind.get_pad()
        if isinstance(kind, h5t.TypeIntegerID):
            result["sign"] = kind.get_sign()
        if isinstance(kind, h5t.TypeFloatID):
            result["fields"] = kind.get_fields(), kind.get_ebias(), kind.get_norm(), kind.get_inpad()
    elif kind.get_class() == h5t.REFERENCE:
        result["region"] = kind.equal(h5t.STD_REF_DSETREG)
    return result


def space_of(space):
    kind = space.get_simple_extent_type()
    return (kind, space.shape, space.get_simple_extent_dims(True)) if kind == h5s.SIMPLE else (kind,)


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


def identifies_places(kind):
    return any(kind.detect_class(c) for c in (h5t.VLEN, h5t.REFERENCE)) or any(
        "O" in str(d) for d in [kind.dtype.descr if kind.dtype.names else kind.dtype.str])


class Describer:
    """Everything of a file as plain values: equal descriptions mean equal files. Objects are named by the
    first path that leads to them, in the order of names, which also names what references lead to."""

    def __init__(self, path):
        self.file = h5py.File(path, "r")
        self.first = {}
        self.found = {}
        self.walk(self.file.id, "/")
        for name, identifier in list(self.first.values()):
            self.found[name] = self.object(identifier)

    def address(self, identifier):
        return h5o.get_info(identifier).addr

    def walk(self, root, path):
        stack = [(root, path)]
        self.first[self.address(root)] = ("/", h5o.open(root, b"/"))
        while stack:
            group, path = stack.pop(0)
            table = self.found.setdefault("links of " + path, [])
            gcpl = (h5g.open(group, b".")).get_create_plist() if path != "/" else h5g.open(group, b"/").get_create_plist()
            ordered = bool(gcpl.get_link_creation_order() & h5p.CRT_ORDER_TRACKED)
            names = []
            group.links.iterate(lambda n: names.append(bytes(n)), idx_type=h5py.h5.INDEX_CRT_ORDER if ordered
                                else h5py.h5.INDEX_NAME)
            for name in names:
                info = group.links.get_info(name)
                entry = [name, info.type, info.cset]
                if info.type == h5py.h5l.TYPE_HARD:
                    child = h5o.open(group, name)
                    key = self.address(child)
                    if key not in self.first:
                        where = path.rstrip("/") + "/" + name.decode(errors="surrogateescape")
                        self.first[key] = (where, child)
                        if isinstance(child, h5g.GroupID):
                            stack.append((child, where))
                    entry.append(self.first[key][0])
                else:
                    entry.append(group.links.get_val(name))
                table.append(tuple(entry))

    def reference(self, value, kind):
        """What one reference leads to."""
        if not value:
            return "null"
        try:
            target = h5r.dereference(value, self.file.id)
            name = self.first[self.address(target)][0]
        except Exception:
            return "nowhere"
        if kind is h5py.Reference:
            return name
        region = h5r.get_region(value, self.file.id)
        if region.get_select_type() == h5s.SEL_POINTS:
            return name, region.get_select_elem_pointlist().tolist()
        if region.get_select_type() == h5s.SEL_ALL:
            return name, "all"
        return name, region.get_select_hyper_blocklist().tolist()

    def plain(self, values):
        """Values as something that compares by bits and by what references lead to."""
        if isinstance(values, (h5py.Reference, h5py.RegionReference)):
            return self.reference(values, type(values))
        if isinstance(values, np.void) and values.dtype.names:
            return tuple((n, self.plain(values[n])) for n in values.dtype.names)
        if isinstance(values, np.ndarray):
            if values.dtype.kind == "O" or values.dtype.names:
                return values.shape, [self.plain(v) for v in values.ravel()]
            return values.shape, values.dtype.str, values.tobytes()
        if isinstance(values, np.generic):
            return values.dtype.str, values.tobytes()
        if isinstance(values, h5py.Empty):
            return "empty", str(values.dtype)
        return values

    def committed(self, kind):
        if not kind.committed():
            return None
        return self.first.get(self.address(kind), ("nameless",))[0]

    def attributes(self, identifier):
        plist = identifier.get_create_plist()
        ordered = bool(plist.get_attr_creation_order() & h5p.CRT_ORDER_TRACKED)
        names = []
        h5a.iterate(identifier, lambda n: names.append(bytes(n)),
                    index_type=h5py.h5.INDEX_CRT_ORDER if ordered else h5py.h5.INDEX_NAME)
        holder = h5py.AttributeManager(type("Holder", (), {"id": identifier})())
        result = [("order", plist.get_attr_creation_order())]
        for name in names:
            a = h5a.open(identifier, name)
            kind = a.get_type()
            try:
                value = self.plain(holder[name.decode()])
            except (TypeError, OSError):  # types that numpy has no word for
                raw = np.zeros(a.get_space().shape, f"V{kind.get_size()}")
                a.read(raw, mtype=kind)
                value = raw.tobytes()
            result.append((name, h5a.get_info(identifier, name).cset, type_of(kind), self.committed(kind),
                           space_of(a.get_space()), value))
        return result

    def stored(self, dataset, plist):
        """Chunks and filters as they are stored."""
        filters = [plist.get_filter(i) for i in range(plist.get_nfilters())]
        result = {"layout": plist.get_layout(), "filters": filters}
        if plist.get_layout() == h5d.CHUNKED:
            result["chunk"] = plist.get_chunk()
            chunks = [dataset.get_chunk_info(i) for i in range(dataset.get_num_chunks())]
            # the bytes behind values of variable length hold addresses: their size may change
            plain = not identifies_places(dataset.get_type())
            result["chunks"] = sorted((c.chunk_offset, c.filter_mask, c.size if plain else 0) for c in chunks)
        if plist.get_layout() == h5d.CONTIGUOUS:
            result["storage"] = dataset.get_storage_size()
            result["external"] = [plist.get_external(i) for i in range(plist.get_external_count())]
        if plist.get_layout() == h5d.VIRTUAL:
            result["virtual"] = [
                (plist.get_virtual_filename(i), plist.get_virtual_dsetname(i),
                 plist.get_virtual_vspace(i).encode(), plist.get_virtual_srcspace(i).encode())
                for i in range(plist.get_virtual_count())]
        return result

    def values(self, dataset, plist):
        kind, filters = dataset.get_type(), [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
        if plist.get_layout() == h5d.CONTIGUOUS and plist.get_external_count():
            return "in another file"
        if plist.get_layout() == h5d.VIRTUAL and np.prod(dataset.shape) > 1e6:
            return "in other files"
        if UNKNOWN_FILTER in filters:
            chunks = [dataset.get_chunk_info(i) for i in range(dataset.get_num_chunks())]
            return [(c.chunk_offset, dataset.read_direct_chunk(c.chunk_offset)) for c in chunks]
        try:
            value = h5py.Dataset(dataset)[()]
        except (TypeError, OSError):
            value = np.zeros(dataset.shape, f"V{kind.get_size()}")
            dataset.read(h5s.ALL, h5s.ALL, value, mtype=kind)
            return value.tobytes()
        return self.plain(value)

    def object(self, identifier):
        result = {"kind": type(identifier).__name__, "links": h5o.get_info(identifier).rc, "attributes": self.attributes(identifier)}
        if isinstance(identifier, h5g.GroupID):
            result["order"] = identifier.get_create_plist().get_link_creation_order()
        elif isinstance(identifier, h5t.TypeID):
            result["type"] = type_of(identifier)
        else:
            plist = identifier.get_create_plist()
            result["type"] = type_of(identifier.get_type())
            result["committed"] = self.committed(identifier.get_type())
            result["space"] = space_of(identifier.get_space())
            result["stored"] = self.stored(identifier, plist)
            result["fill"] = self.fill(identifier, plist)
            result["values"] = self.values(identifier, plist)
        return result

    def fill(self, dataset, plist):
        defined = plist.fill_value_defined()
        value = None
        if defined == h5d.FILL_VALUE_USER_DEFINED:
            value = self.plain(np.asarray(h5py.Dataset(dataset).fillvalue))
        return defined, value, plist.get_fill_time(), plist.get_alloc_time()


def describe(path):
    describer = Describer(path)
    found = describer.found
    with h5py.File(path, "r") as f:
        fcpl = f.id.get_create_plist()
        found["file"] = {"user block": fcpl.get_userblock(), "sizes": fcpl.get_sizes(),
                         "order": h5g.open(f.id, b"/").get_create_plist().
                         get_link_creation_order()}
    describer.file.close()
    with open(path, "rb") as raw:
        found["user block"] = raw.read(found["file"]["user block"])
        found["superblock"] = raw.read(9)[8]
    return found
