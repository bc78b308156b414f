# SPDX-License-Identifier: BSD-3-Clause
"""Tables of numbers as text (csv): read as one frame of doubles, and half sets from them."""
import h5py
import numpy as np
import pytest
from reference_cases import case

DATA = "/entry/instrument/detector/data"
GOOD = {
    "comma": "I1,I2,q\n1.5,2.5,0.1\n-3e2, 4 ,0.2\n",
    "semicolon": "# two halves\nI1;I2;q\n1.5;2.5;0.1\n-300;4;0.2\n",
    "tab": "1.5\t2.5\t0.1\n-300\t4\t0.2",
    "blanks": "  1.5   2.5 0.1\r\n\r\n# between\r\n -300\t4  .2 # at the end, with a comma\r\n",
    "byte order mark": "\ufeff1.5,2.5,0.1\n-300,4,0.2\n",
}


def read(beampress, tmp_path, text, *options):
    (tmp_path / "t.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    beampress("compress", tmp_path / "t.csv", tmp_path / "t.h5", "-f", *options)
    return h5py.File(tmp_path / "t.h5")


@pytest.mark.parametrize("kind", GOOD)
def test_separators(beampress, tmp_path, kind):
    with read(beampress, tmp_path, GOOD[kind]) as f:
        assert f[DATA].dtype == np.float64 and f[DATA][()].tolist() == [[1.5, 2.5, 0.1], [-300, 4, 0.2]]
        header = f[DATA].attrs.get("header", b"")
        assert "I1" not in GOOD[kind] or "q" in (header.decode() if isinstance(header, bytes) else header)


def test_missing_numbers(beampress, tmp_path):
    with read(beampress, tmp_path, "1,,nan\n,2,-Inf\n") as f:
        assert np.array_equal(f[DATA][()], [[1, np.nan, np.nan], [np.nan, 2, -np.inf]], equal_nan=True)


def test_as_numpy_writes_and_reads(beampress, tmp_path):
    values = np.random.default_rng(4).normal(size=(700, 3)) * 10.0 ** np.arange(-150, 151, 150)
    for separator in (",", ";", " ", "\t"):
        np.savetxt(tmp_path / "n.csv", values, fmt="%.17g", delimiter=separator, header="a b c")
        with read(beampress, tmp_path, (tmp_path / "n.csv").read_bytes()) as f:
            assert (f[DATA][()] == values).all()
    info = beampress("info", tmp_path / "n.csv", "--json").json
    assert info["format"] == "csv" and info["datasets"][0]["shape"] == [700, 3]


BAD = {
    "short row": ("a,b\n1,2\n3\n", "line 3 has 1 column, the first row has 2"),
    "long row": ("1 2\n3 4 5\n", "line 2 has 3 columns, the first row has 2"),
    "word": ("1,2\n3,four\n", "line 2, column 2: 'four' is no number"),
    "hexadecimal": ("1,2\n\n# x\n3,0x10\n", "line 4, column 2: '0x10'"),
    "words": ("1,2\nsum,of\n", "line 2, column 1: 'sum'"),
    "word at first": ("1,x\n", "line 1, column 2: 'x'"),
    "two lines of words": ("I1,I2\nphotons,photons\n1,2\n", "nor a table of numbers"),
    "huge": ("1,2\n3,1e999\n", "'1e999' is too large"),
    "decimal comma": ("1;2\n1,5;2,5\n", "line 2, column 1: '1,5' is no number"),
    "long number": ("1,2\n3," + "4" * 80 + "\n", "is no number"),
    "empty": ("", "empty"),
    "rubbish below": (b"1,2\n3,4\n" + b"5,6\n" * 2000 + b"\x00\x01\xff\n", "line 2003 is no text"),
    "rubbish": (b"\x00\x01\x02\xff" * 50, "nor a table of numbers"),
    "comments": ("#\n" * 4000, "no numbers"),
    "diary": ("dear diary,\ntoday I measured\n", "nor a table of numbers"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_is_named(beampress, tmp_path, kind):
    text, words = BAD[kind]
    (tmp_path / "bad.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    done = beampress("analyse", "half_sets", tmp_path / "bad.csv", code=3)
    assert words in done.stderr and "bad.csv" in done.stderr and len(done.stderr) < 400
    told = beampress("info", tmp_path / "bad.csv", code=3).stderr
    assert words in told or "is not an HDF5 file" in told and "nor a table" in words


def test_half_sets_of_the_reference(beampress):
    found = {r["name"]: r["value"] for r in beampress("analyse", "half_sets", case("sx_half_sets.csv"), "--json").json["results"]}
    expected = np.loadtxt(case("sx_half_sets_fom.csv"), delimiter=",", skiprows=1)
    assert [found[name] for name in ("cc_half", "cc_star", "rsplit", "r1", "r2")] == pytest.approx(expected, abs=1e-10)


def test_half_sets_with_shells(beampress, tmp_path):
    random = np.random.default_rng(5)
    crystal, q = random.exponential(100, 500), random.random(500)
    table = np.array([crystal + random.normal(0, 20, 500), crystal + random.normal(0, 20, 500), q]).T
    np.save(tmp_path / "t.npy", table)
    np.savetxt(tmp_path / "t.csv", table, fmt="%.17g", delimiter=",", header="I1,I2,one over d", comments="")
    runs = [beampress("analyse", "half_sets:shells=5", tmp_path / name, "--json").json["results"] for name in ("t.npy", "t.csv")]
    assert runs[0] == runs[1] and len(runs[0][-1]["sigma"]) == 5
    # a reflection that one half lacks takes no part, and makes sigma larger, for such come and go
    table[::5, 0] = np.nan
    np.savetxt(tmp_path / "t.csv", table, fmt="%.17g", delimiter=",")
    less = beampress("analyse", "half_sets:shells=5", tmp_path / "t.csv", "--json").json["results"]
    seen = table[np.isfinite(table[:, 0])]
    assert less[0]["value"] == pytest.approx(np.corrcoef(seen[:, 0], seen[:, 1])[0, 1], rel=1e-10)
    assert less[0]["sigma"] > 1.05 * runs[0][0]["sigma"]
    table[7, 2] = np.nan
    np.savetxt(tmp_path / "t.csv", table, delimiter=",")
    assert "reflection 7 has no 1/d" in beampress("analyse", "half_sets", tmp_path / "t.csv", code=3).stderr


def test_half_sets_that_say_nothing(beampress, tmp_path):
    """Too few, or not defined, and told so; never a number that pretends."""
    def found(text, *more, code=0):
        (tmp_path / "t.csv").write_text(text)
        done = beampress("analyse", "half_sets", tmp_path / "t.csv", "--json", *more, code=code)
        return done.stderr if code else {r["name"]: (r["value"], r["sigma"]) for r in done.json["results"]}

    assert "39 reflections in both halves are too few for 1 shell: 40 each" in found("1,2\n" * 39 + "1,\n" * 50, code=3)
    assert "40 reflections in both halves are too few for 10 shells: 40 each" in found("1,2,3\n" * 40, code=3)
    assert "no 1/d" in found("1,2,inf\n" * 500, code=3)
    for text in ("0,0\n" * 100, "1e308,-1e308\n" * 100, "1e308,1e308\n" * 99 + "1,1e308\n"):
        assert set(found(text).values()) == {(None, None)}, text[:20]
    same = found("".join(f"{i} {i}\n" for i in range(100)))
    assert same["cc_half"] == (1, 0) and same["cc_star"] == (1, 0) and same["rsplit"] == (0, 0)


def test_sigma_of_half_sets_by_scale_and_number(beampress, tmp_path):
    """Another unit leaves it as it is, four times the reflections halve it, and the order of the rows does not matter to CC1/2."""
    random = np.random.default_rng(6)
    crystal = random.exponential(100, 4000)
    table = np.array([crystal + random.normal(0, 40, 4000), crystal + random.normal(0, 40, 4000)]).T

    def sigmas(rows):
        np.save(tmp_path / "t.npy", rows)
        return np.array([r["sigma"] for r in beampress("analyse", "half_sets", tmp_path / "t.npy", "--json").json["results"]])
    all_of_them = sigmas(table)
    assert sigmas(1024 * table) == pytest.approx(all_of_them, rel=1e-9)
    quarters = np.sqrt(np.mean([sigmas(table[k::4]) ** 2 for k in range(4)], axis=0))
    assert np.abs(quarters / all_of_them - 2).max() < 0.4
    assert sigmas(table[::-1]) == pytest.approx(all_of_them, rel=0.25)
    # noise of two halves and no signal: CC1/2 scatters by 1 / sqrt(n), CC* is not defined or not known
    np.save(tmp_path / "t.npy", 1000 + random.normal(0, 1, (4000, 2)))
    found = {r["name"]: r for r in beampress("analyse", "half_sets", tmp_path / "t.npy", "--json").json["results"]}
    assert found["cc_half"]["sigma"] == pytest.approx(4000 ** -0.5, rel=0.2) and found["cc_star"]["sigma"] is None
