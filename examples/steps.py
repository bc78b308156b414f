# SPDX-License-Identifier: BSD-3-Clause
"""What the examples are made of: calls of the command."""
import json
import os
import pathlib
import subprocess
import time
import zipfile


class Failure(Exception):
    """A step that did not work; its text says why."""


class Work:
    """One example: its folder, and what it may call."""

    def __init__(self, name, command, samples, folder):
        self.name, self.command, self.samples, self.folder = name, command.resolve(), samples, folder.resolve()
        self.began = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)

    def seconds(self):
        return time.monotonic() - self.began

    def run(self, *words, codes=(0,)):
        done = subprocess.run([str(self.command), *map(str, words)], capture_output=True, text=True, cwd=self.folder)
        if done.returncode not in codes:
            raise Failure(f"beampress {' '.join(map(str, words))}: {done.stderr.strip() or done.returncode}")
        return done

    def sample(self, name):
        return self.samples / name

    def real(self, name, frames):
        """A file of the folder of detector data, or None."""
        folder = os.environ.get("BEAMPRESS_DATA")
        path = pathlib.Path(folder) / name if folder else None
        return path if path and path.exists() else None

    def simulate(self, kind, **parameters):
        file = self.folder / "simulated.h5"
        self.run("simulate", kind, file, *(f"{k}={v}" for k, v in parameters.items()), "--overwrite", "--quiet")
        return file

    def explore(self, file, science, *words):
        """The scan, with its page beside it."""
        self.run("explore", file, "--science", science, "--out", self.folder, "--quiet", *words, codes=(0, 1, 6))
        scan_file = self.folder / "explore.json"
        self.run("report", scan_file, self.folder / "report.html", "--overwrite", "--quiet")
        return json.loads(scan_file.read_text())

    def judge_run(self, file, stages, science):
        """A pipeline run on a whole file, and its verdict."""
        out = self.folder / "real.h5"
        report = json.loads(self.run("run", f"{stages} | photon", file, out, "--overwrite", "--json").stdout)
        verdict = json.loads(self.run("judge", file, out, "--science", science, "--json", codes=(0, 1, 6)).stdout)
        return {"file": file.name, "pipeline": f"{stages} | photon", "ratio": report["ratio"], "verdict": verdict["verdict"], "quantities": verdict["quantities"]}

    def zipped_bytes(self, file, science):
        """float32 as uint8 levels over its range, and these zipped: ratio to the raw bytes, and what it does to the result."""
        bytes_file, raw = self.folder / "uint8.h5", self.folder / "uint8.raw"
        self.run("run", "quantise bits=8 | store", file, bytes_file, "--overwrite", "--quiet")
        self.run("decompress", bytes_file, raw, "--to", "raw", "--overwrite", "--quiet")
        archive = self.folder / "uint8.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as z:
            z.write(raw, "frames")
        agree = json.loads(self.run("analyse", science, file, "--against", bytes_file, "--json").stdout)["results"]
        values = {r["name"]: r.get("value") for r in agree}
        row = {"ratio": 4 * raw.stat().st_size / archive.stat().st_size, "dice": values.get("dice")}
        raw.unlink()
        return row
