# SPDX-License-Identifier: BSD-3-Clause
"""The checks of tools/ pass, and find what they are there to find."""
import shutil
import subprocess
import sys

import pytest


def check(top, name):
    done = subprocess.run([sys.executable, str(top / "tools" / name)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["check_layers.py", "check_house.py"])
def test_source_tree_keeps_the_rules(source, name):
    code, said = check(source, name)
    assert code == 0, said


@pytest.fixture
def tree(source, tmp_path):
    """A small tree of its own with the checks in it."""
    (tmp_path / "tools").mkdir()
    for script in (source / "tools").glob("*.py"):
        shutil.copy(script, tmp_path / "tools")
    for folder in ("base", "codec", "io", "registry"):
        (tmp_path / "src" / folder).mkdir(parents=True)
    (tmp_path / "src/registry/codecs.def").write_text("/* SPDX-License-Identifier: BSD-3-Clause */\nCODEC(1, one, 1)\n")
    (tmp_path / "src/base/low.h").write_text("/* SPDX-License-Identifier: BSD-3-Clause */\n")
    (tmp_path / "src/codec/one.h").write_text("/* SPDX-License-Identifier: BSD-3-Clause */\n")
    return tmp_path


@pytest.mark.parametrize("name, line, reason", [
    ("src/base/a.c", '#include "codec/one.h"', "does not stand below"),
    ("src/codec/two.c", '#include "codec/one.h"', "do not include each other"),
    ("src/codec/two.c", "#include <hdf5.h>", "HDF5 is known to"),
    ("src/io/a.c", '#include "base/nothing.h"', "no such file"),
])
def test_wrong_include_is_found(tree, name, line, reason):
    assert check(tree, "check_layers.py")[0] == 0
    (tree / name).write_text(line + "\n")
    code, said = check(tree, "check_layers.py")
    assert code == 1 and reason in said and name in said


@pytest.mark.parametrize("text, reason", [
    ("int x;\n", "no licence line"),
    ("/* SPDX-License-Identifier: BSD-3-Clause */\n" + "int x;\n" * 700, "more than 599"),
    ("/* SPDX-License-Identifier: BSD-3-Clause */\nint f(void)\n{\n" + "    x();\n" * 80 + "}\n", "f has 80 lines"),
    ("/* SPDX-License-Identifier: BSD-3-Clause */\n/* see /" "work/x */\n", "does not belong here"),
])
def test_broken_rule_is_found(tree, text, reason):
    assert check(tree, "check_house.py")[0] == 0
    (tree / "src/base/a.c").write_text(text)
    code, said = check(tree, "check_house.py")
    assert code == 1 and reason in said
