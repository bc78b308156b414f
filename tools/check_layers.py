#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks the direction of includes: a file includes only what stands below it.

Operations (codecs, later stages, metrics ...) are siblings and never include each other; a header beside them that
belongs to no operation is shared by them. hdf5.h appears in src/io/hdf5* and hdf5_plugin/ only. Public headers
include public headers only. Prints what breaks a rule, exits 1 when anything does.
"""
import re
import sys

from source_files import TOP, source_files

# what stands on one row may not include each other; a folder always may include itself
ROWS = [["base"], ["kernel"], ["algo"], ["codec", "operation", "stage", "metric", "science", "simulate"], ["registry"], ["chunk"],
        ["io"], ["pipeline"], ["explore"], ["report"], ["cli"]]
LEVEL = {folder: level for level, row in enumerate(ROWS) for folder in row}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def folder_of(name):
    parts = name.split("/")
    if "test" in parts[:-1]:
        return "tests"
    return parts[1] if parts[0] == "src" and len(parts) > 2 else parts[0]


def target_of(name, included):
    """The source file that an include names, or None for a system header."""
    beside = (TOP / name).parent / included
    for path in (beside, TOP / "src" / included, TOP / "include" / included, TOP / "tests" / included, TOP / included):
        if path.is_file():
            return path.resolve().relative_to(TOP).as_posix()
    return None


def operations():
    """Names listed in src/registry/*.def: each is a file of its own."""
    words = set()
    for path in (TOP / "src/registry").glob("*.def"):
        words |= set(re.findall(r"^[A-Z]+\(\s*\d+,\s*(\w+)", path.read_text(), re.M))
    return words


def complaint(name, target, known):
    here, there = folder_of(name), folder_of(target)
    if there == "include":
        return None
    if here == "include":
        return "a public header includes a private file"
    if there == "hdf5_plugin" and here != "hdf5_plugin":
        return "nothing includes the plug-in"
    if here == "hdf5_plugin":
        allowed = there == here or (there in LEVEL and LEVEL[there] <= LEVEL["chunk"])
        return None if allowed else "the plug-in stands on chunk/ and what is below it"
    if here not in LEVEL or there not in LEVEL:
        return None  # tests and fuzzers may use anything
    if here == there:
        stem = target.rsplit("/", 1)[1].rsplit(".", 1)[0]
        sibling = here in ROWS[3] and stem in known and not name.rsplit("/", 1)[1].startswith(stem + ".")
        return "operations do not include each other" if sibling else None
    if LEVEL[there] >= LEVEL[here]:
        return f"{there}/ does not stand below {here}/"
    return None


def main():
    known, bad, count = operations(), [], 0
    for name in source_files(".c", ".h", ".def"):
        for mark, included in INCLUDE.findall((TOP / name).read_text(errors="replace")):
            count += 1
            target = target_of(name, included) if mark == '"' or included.startswith("beampress/") else None
            reason = complaint(name, target, known) if target else None
            if included.startswith(("hdf5", "H5")) and mark == "<" and name.startswith(("src/", "include/")) \
                    and not name.startswith("src/io/hdf5"):
                reason = "HDF5 is known to src/io/hdf5* and hdf5_plugin/ only"
            if mark == '"' and not target:
                reason = "no such file"
            if reason:
                bad.append(f"{name}: #include {included}: {reason}")
    print("\n".join(bad) if bad else f"{count} includes, all directed downwards")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
