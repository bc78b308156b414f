# SPDX-License-Identifier: BSD-3-Clause
"""Other files that a file points to: listed, checked, followed."""
import shutil

import h5py
import numpy as np
import pytest

from structure_sample import make_everything, run  # noqa: F401 (run is a fixture)


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
