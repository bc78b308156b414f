# SPDX-License-Identifier: BSD-3-Clause
"""Every command and every Python line that the documentation shows works.

Blocks marked sh or python are run, those of one file in order and in one folder with scan.h5 (real data, no filters) and
folder/ in it. `make` lines are checked to be targets only: .ci/run runs them.
"""
import os
import re
import shutil
import subprocess
import sys

import pytest

import conftest

DOCUMENTS = sorted([conftest.SOURCE / "README.md", conftest.SOURCE / "CONTRIBUTING.md",
                    *(conftest.SOURCE / "docs").glob("*.md")])


def blocks(document):
    return re.findall(r"^```(sh|python)\n(.*?)^```$", document.read_text(), re.M | re.S)


@pytest.fixture
def desk(beampress, samples, tmp_path):
    """A folder as a user has it: the source tree, and files of one's own."""
    for name in ("Makefile", "CMakeLists.txt", "cmake", "tools", "samples", "src", "include", "tests"):
        (tmp_path / name).symlink_to(conftest.SOURCE / name)
    (tmp_path / "build").symlink_to(conftest.BUILD)
    beampress("decompress", samples / "tomography.h5", tmp_path / "scan.h5")
    (tmp_path / "folder").mkdir()
    shutil.copy(tmp_path / "scan.h5", tmp_path / "folder" / "one.h5")
    return tmp_path


def run(line, folder):
    environment = dict(os.environ, PATH=f"{conftest.BUILD}:{os.environ['PATH']}", PYTHONDONTWRITEBYTECODE="1")
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, timeout=300,
                          stdin=subprocess.DEVNULL)


def script_of(kind, text):
    """What is run of a block: make and ctest lines only ask whether there is such a target or test."""
    if kind == "python":
        return [sys.executable, "-c", text]
    assert not re.search(r"^(cmake|ninja)\b", text, re.M), "shown as a make line, which is not run inside a test"
    text = re.sub(r"^make (.*)$", r"make -n \1 >/dev/null", text, flags=re.M)
    text = re.sub(r"^ctest (.*)$", r"ctest -N \1", text, flags=re.M)  # we are inside ctest already
    return ["bash", "-e", "-o", "pipefail", "-c", text]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_is_shown_works(document, desk):
    for kind, text in blocks(document):
        done = run(script_of(kind, text), desk)
        assert done.returncode == 0, f"{document.name}:\n{text}\n{done.stdout}\n{done.stderr}"


def test_the_commands_of_the_readme_are_shown():
    shown = "".join(text for _, text in blocks(conftest.SOURCE / "README.md"))
    for word in ("make demo", "make test", "beampress compress scan.h5", "beampress verify", "h5py.File"):
        assert word in shown


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_are_named_exist(document):
    text = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.M | re.S)
    named = re.findall(r"`((?:docs|tools|samples|src|tests|fuzz|cmake|include|hdf5_plugin)/[\w./-]+)`", text)
    named += re.findall(r"\]\(([\w./-]+)\)", text)
    missing = [name for name in named if "NAME" not in name and not (conftest.SOURCE / name).exists()
               and not (document.parent / name).exists()]
    assert not missing
