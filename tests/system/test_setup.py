# SPDX-License-Identifier: BSD-3-Clause
"""tools/setup installs what is missing, says what, and goes on without root; tried with stand-ins for apt and dpkg."""
import os
import subprocess

import pytest


@pytest.fixture
def setup(source, tmp_path):
    """setup(installed, uid): runs tools/setup build where only `installed` is there; (code, output, calls of apt)."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def script(name, text):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)

    def run(installed, uid, apt_fails=""):
        script("dpkg-query", 'for last; do :; done; grep -qx "$last" "$INSTALLED" && printf installed')
        script("apt-get", 'echo "$*" >> "$CALLS"\n'
               '[ "$1" = update ] && exit 0\n'
               'for word; do case "$word" in install|-*) ;; *) '
               f'[ "$word" = "{apt_fails}" ] && exit 100; printf "%s\\n" "$word" >> "$INSTALLED";; esac; done')
        script("id", f"echo {uid}")
        script("sudo", "exit 1")
        (tmp_path / "installed").write_text("".join(name + "\n" for name in installed))
        (tmp_path / "calls").write_text("")
        environment = dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}", INSTALLED=str(tmp_path / "installed"),
                           CALLS=str(tmp_path / "calls"))
        done = subprocess.run(["sh", str(source / "tools/setup"), "build"], cwd=tmp_path, env=environment,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, (tmp_path / "calls").read_text().splitlines()
    return run


@pytest.fixture
def names(source):
    done = subprocess.run(["sh", str(source / "tools/setup"), "--list", "build"], capture_output=True, text=True)
    return done.stdout.split()


def test_nothing_is_missing(setup, names):
    assert setup(names, 0) == (0, "", [])


def test_root_installs_what_is_missing_only(setup, names):
    absent = {"ninja-build", "libzfp-dev"}
    code, said, calls = setup([name for name in names if name not in absent], 0)
    assert code == 0 and all(name in said for name in absent) and "libtiff-dev" not in said
    assert calls[0].startswith("update") and calls[1].startswith("install") and len(calls) == 2
    assert absent == set(calls[1].split()) & set(names)


def test_a_name_that_cannot_be_had_keeps_out_no_other(setup, names):
    code, said, calls = setup([], 0, apt_fails="libjxl-dev")
    assert code == 0 and "libjxl-dev could not be installed" in said
    assert any(call.endswith(" libzfp-dev") for call in calls)


def test_what_is_needed_and_cannot_be_had_is_an_error(setup):
    code, said, _ = setup([], 0, apt_fails="libhdf5-dev")
    assert code == 1 and "still missing: libhdf5-dev" in said


def test_without_root_it_lists_and_goes_on(setup, names):
    code, said, calls = setup([name for name in names if name not in ("cmake", "liblz4-dev")], 1000)
    assert code == 0 and calls == []
    assert "needed:   cmake" in said and "optional: liblz4-dev" in said and "going on" in said
