# SPDX-License-Identifier: BSD-3-Clause
"""The files of the source tree, for the checks beside this file."""
import pathlib
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[1]


def source_files(*suffixes):
    """Paths, relative to the top, of the files that git knows (or would add); all files outside build folders
    where there is no git. Suffixes choose: ".c", ".h"; none: every file."""
    done = subprocess.run(["git", "-C", str(TOP), "ls-files", "-co", "--exclude-standard"], capture_output=True,
                          text=True) if (TOP / ".git").exists() else None
    if done and done.returncode == 0:
        names = done.stdout.split("\n")
    else:
        names = [path.relative_to(TOP).as_posix() for path in TOP.rglob("*")]
        names = [name for name in names if not name.startswith((".git/", "build")) and "__pycache__" not in name]
    return [name for name in sorted(names) if name and (TOP / name).is_file()
            and (not suffixes or pathlib.Path(name).suffix in suffixes)]
