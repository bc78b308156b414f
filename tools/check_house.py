#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks the house rules that no compiler knows: length of files and functions, licence line, no traces of the
place where the project was written. Prints what breaks a rule, exits 1 when anything does."""
import re
import sys

from source_files import TOP, source_files

FILE_LINES = 599
FUNCTION_LINES = 62  # between the braces, in the C sources
CODE = (".c", ".h", ".py", ".def", ".cmake")
# "file:function": reason that a reader accepts
LONG_FUNCTIONS = {}
LONG_FILES = {"hdf5_plugin/dictionary/H5Zdictionary.c": "one file that other projects take as it is"}
# Absolute paths of a developer's machine, package registries by host, hand-overs between people
TRACES = [r"/work/", r"/root/", r"/home/\w", r"\bpypi\.org", r"pythonhosted", r"crates\.io", r"deb\.debian\.org",
          r"npmjs", r"proxy\.golang", r"\bissue #?\d", r"\bissues show\b"]
TRACES_ALLOWED = {"tools/check_house.py"}


def is_text(name):
    return b"\0" not in (TOP / name).read_bytes()[:4096]


def functions(text):
    """(name, lines) of each function of a C file: its braces stand alone in the first column."""
    start, name, head = None, "?", ""
    for number, line in enumerate(text.split("\n"), 1):
        if line == "{":
            start = number
            name = re.findall(r"(\w+)\s*\(", head)[:1] or ["?"]
        elif line == "}" and start:
            yield name[0], number - start - 1
            start = None
        head = line if re.match(r"[A-Za-z]", line) else head


def complaints(name):
    text = (TOP / name).read_text(errors="replace")
    code = name.endswith(CODE)
    if code and text.count("\n") > FILE_LINES and name not in LONG_FILES:
        yield f"{name}: {text.count(chr(10))} lines, more than {FILE_LINES}"
    if code and "SPDX-License-Identifier: BSD-3-Clause" not in text[:300] and not name.endswith(".cmake"):
        yield f"{name}: no licence line at its top"
    if name.endswith(".c"):
        for function, lines in functions(text):
            if lines > FUNCTION_LINES and f"{name}:{function}" not in LONG_FUNCTIONS:
                yield f"{name}: {function} has {lines} lines, more than {FUNCTION_LINES}"
    if name not in TRACES_ALLOWED:
        for pattern in TRACES:
            for found in re.finditer(pattern, text):
                yield f"{name}:{text.count(chr(10), 0, found.start()) + 1}: {found.group(0)!r} does not belong here"


def main():
    names = [name for name in source_files() if is_text(name)]
    bad = [line for name in names for line in complaints(name)]
    print("\n".join(bad) if bad else f"{len(names)} files keep the rules of the house")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
