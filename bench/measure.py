# SPDX-License-Identifier: BSD-3-Clause
"""Runs `beampress bench --peers` and bench/peers.py one after the other on each set, so that whatever else the machine does
meets all alike, and makes one list of rows of what they say."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import numpy

import few_values
from rows import COLUMNS, FEW_VALUES, OWN, POISSON, Row, WHOLE

TOP = pathlib.Path(__file__).resolve().parents[1]
DATASET = "/entry/data/data"
SAMPLE = 24 << 20  # bytes of a set, whole frames, at least one
TIME_FRAMES = 16
RATES = (0.01, 0.1, 1, 10, 100, 1000, 10000)  # photons per pixel: simulated frames of known entropy
LIBRARIES = ["lz4", "zstd:level=1", "zstd:level=3", "deflate:level=6"]
REFERENCE = "libh5bshuf"  # bslz4 as everybody has it
BUNDLED = "/bench/plugins/"
# freed memory stays with the process: peers that return new buffers are not measured by page faults
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 31), "OMP_NUM_THREADS": "1"}


def ask(command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if not done.stdout.lstrip().startswith("{"):
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout)


def python_of(folder):
    """The Python that has the packages of requirements.txt; None when they cannot be had."""
    wanted = (TOP / "bench/requirements.txt").read_text()
    python, mark = folder / "venv/bin/python", folder / "venv/installed.txt"
    if not (mark.exists() and mark.read_text() == wanted):
        print("peers from Python packages: installing them (bench/requirements.txt)", flush=True)
        shutil.rmtree(folder / "venv", ignore_errors=True)
        for command in ([sys.executable, "-m", "venv", folder / "venv"],
                        [python, "-m", "pip", "install", "-q", "-r", TOP / "bench/requirements.txt"]):
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
            if done.returncode:
                print("SKIP peers from Python packages:", (done.stderr or done.stdout).strip().split("\n")[-1])
                return None
        mark.write_text(wanted)
    return python


def plugin_folder(folder, python):
    """hdf5plugin's bitshuffle, whose zstd mode Debian's lacks, in a folder of its own: its other filters are measured as
    packages."""
    plugins = folder / "plugins"
    plugins.mkdir(exist_ok=True)
    for file in folder.glob("venv/lib/python3*/site-packages/hdf5plugin/plugins/libh5bshuf.so") if python else ():
        if not (plugins / file.name).exists():
            shutil.copy(file, plugins / file.name)
    return plugins


def own_codecs(command, levels):
    """photon and dictionary at each of their levels, the others at their default."""
    codecs = {codec["name"]: codec for codec in ask([command, "list", "--json"])["codecs"]}
    names = []
    for name in (name for name in OWN if name in codecs):
        choices = next((p["choices"] for p in codecs[name]["params"] if p["name"] == "level" and p.get("choices")), None)
        names += [f"{name}:level={level}" for level in choices if not levels or level in levels] if choices else [name]
    return names, [name for name in LIBRARIES if name.split(":")[0] in codecs]


class Bench:
    def __init__(self, words):
        self.folder = words.build / "bench"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.command = (words.build / "beampress").resolve()
        self.words = words
        self.python = None if words.no_python or words.ours else python_of(self.folder)
        self.own, self.libraries = own_codecs(self.command, words.level)
        self.environment = dict(os.environ, HDF5_PLUGIN_PATH=str(plugin_folder(self.folder, self.python).resolve()), **KEEP_MEMORY)
        self.time = 0.1 if words.quick else words.time
        self.versions, self.skipped = {}, {}

    def sample(self, file):
        """The first frames of the set as an npy file: frames x rows x columns."""
        npy, cut = self.folder / "whole.npy", self.folder / (re.sub(r"[^\w.+-]", "_", file.stem) + ".npy")
        subprocess.run([str(self.command), "decompress", str(file), str(npy), "--to", "npy", "--dataset", DATASET, "-f", "-q"],
                       check=True, capture_output=True)
        frames = numpy.load(npy, mmap_mode="r")
        frames = frames.reshape(-1, *frames.shape[-2:])
        count = max(1, SAMPLE // frames[0].nbytes)
        numpy.save(cut, numpy.ascontiguousarray(frames[:count]))
        del frames
        npy.unlink()
        return cut

    def beampress(self, npy, codecs, *options, seconds=None):
        words = [word for codec in codecs for word in ("-c", codec)]
        said = ask([self.command, "bench", npy, "-d", "/", "--json", "--quick", "--time", seconds or self.time, "--memory", "4G", *words, *options],
                   env=self.environment)
        return said["results"] + said.get("not_taken", [])

    def python_peers(self, npy):
        slow = 0.5 if self.words.quick else self.words.slow
        said = ask([self.python, TOP / "bench/peers.py", npy, "--time", self.time, "--slow", slow],
                   env=dict(os.environ, **KEEP_MEMORY))
        self.versions.update(said["versions"])
        for package in said["skipped"]:
            if package["package"] not in self.skipped:
                print(f"SKIP {package['package']}: {package['why']}")
                self.skipped[package["package"]] = package["why"]
        return said["results"]

    def rows_of_set(self, name, npy, floor=None):
        frames = numpy.load(npy, mmap_mode="r")
        same = {"set": name, "dtype": str(frames.dtype), "frame": "x".join(map(str, frames.shape[1:])), "floor_bpp": floor}
        ours = self.words.ours
        found = self.beampress(npy, self.own + ([] if ours else self.libraries), "--peers")
        if ours:
            found = [row for row in found if not row.get("peer") or REFERENCE in row.get("plugin", "")]
        if self.python:
            found += self.python_peers(npy)
        rows = [made(dict(row, **same), 1) for row in found]
        if len(frames) >= 4 and floor is None:
            count = min(TIME_FRAMES, len(frames))
            photon = [codec for codec in self.own if codec.startswith("photon")]
            rows += [made(dict(row, **same), count) for row in self.beampress(npy, photon, "--chunk", count, seconds=self.time / 4)]
        return [row for row in rows if row["codec"] != "store"]


def made(found, chunk_frames):
    row = Row({name: found.get(name, 0 if name in WHOLE else "") for name in COLUMNS})
    row["chunk_frames"] = chunk_frames
    row["lossless"] = bool(found.get("lossless"))
    row["group"] = "own" if found["codec"] in OWN and not found.get("peer") else "peer"
    plugin = pathlib.PurePath(found.get("plugin", "")).name
    bundled = BUNDLED in found.get("plugin", "")
    row["via"] = ("hdf5plugin " if bundled else "") + plugin if plugin else "package" if found.get("peer") else "beampress"
    for name in ("ratio", "bpp", "encode_MBps", "decode_MBps", "encode_median_MBps", "decode_median_MBps", "floor_bpp"):
        row[name] = found[name] if isinstance(found.get(name), (int, float)) else float("nan")
    row["first_bytes"] = found.get("first_bytes", [])
    row["failed"] = found.get("failed", "")
    return row


def first(pattern, text, otherwise="unknown"):
    found = re.search(pattern, text, re.M)
    return found.group(1).strip() if found else otherwise


def contents(path):
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def machine(bench):
    """What the figures depend on, without a name of a place: lines of docs/bench/machine.txt."""
    build = bench.words.build
    compiler = "".join(contents(file) for file in build.glob("CMakeFiles/3*/CMakeCCompiler.cmake"))
    name = first(r'C_COMPILER_ID "(.*)"', compiler) + " " + first(r'C_COMPILER_VERSION "(.*)"', compiler, "")
    said = ask([bench.command, "--version", "--json"])
    versions = dict(bench.versions)
    if bench.python:
        versions["hdf5plugin"] = first(r"^hdf5plugin==(.*)$", contents(TOP / "bench/requirements.txt"))
    packages = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}, ", "bitshuffle", "hdf5-filter-plugin*"],
                              capture_output=True, text=True).stdout if shutil.which("dpkg-query") else ""
    lines = [("processor", first(r"^model name\s*: (.*)", contents("/proc/cpuinfo"))),
             ("processors", os.cpu_count()), ("instructions", said["simd"]),
             ("system", first(r'^PRETTY_NAME="(.*)"', contents("/etc/os-release"))), ("compiler", name), ("beampress", said["beampress"]),
             ("libraries", ", ".join(f"{key} {value}" for key, value in said["libraries"].items())),
             ("plug-ins", ", ".join(word for word in packages.split(", ") if " " in word.strip()) or "unknown"),
             ("packages", ", ".join(f"{key} {value}" for key, value in versions.items()) or "none")]
    lines.append(("rule", f"{bench.time:g} seconds for one codec on one set of at most {SAMPLE >> 20} MiB or one frame; "
                          f"processor time, shortest of each chunk"))
    return "".join(f"{key}: {value}\n" for key, value in lines)


def simulated(bench):
    """(name, npy, entropy) of frames whose rate is known."""
    for rate in RATES:
        h5 = bench.folder / f"poisson-{rate}.h5"
        try:
            said = ask([bench.command, "simulate", "poisson", h5, f"rate={rate}", "frames=2", "dtype=" + ("uint16" if rate < 1e4 else "uint32"),
                        "-f", "--json"])
        except (RuntimeError, OSError) as problem:
            print(f"SKIP simulated frames: {problem}")
            return
        yield f"{POISSON} rate={rate}", h5, said["entropy"]


def few_valued(bench):
    """(name, npy, order-0 entropy) of frames with few distinct values."""
    for kind in few_values.KINDS:
        values = few_values.make(kind)
        path = bench.folder / "few-values.npy"
        numpy.save(path, values)
        yield f"{FEW_VALUES} {kind}", path, few_values.entropy(values)


def without_replaced(kept, rows):
    key = lambda row: (row["set"], row["codec"], row["params"], row["via"], row["chunk_frames"])
    fresh = {key(row) for row in rows}
    return [row for row in kept if key(row) not in fresh]


def run(words, files, kept):
    bench = Bench(words)
    wanted = [word for word in words.only.split(",") if word]
    rows, started = [], time.monotonic()

    def add(name, file, floor=None):
        if wanted and not any(word in name for word in wanted):
            return
        try:
            npy = file if file.suffix == ".npy" and floor is not None else bench.sample(file)
            rows.extend(bench.rows_of_set(name, npy, floor))
            npy.unlink()
            print(f"{time.monotonic() - started:5.0f} s  {name}", flush=True)
        except (RuntimeError, OSError, subprocess.CalledProcessError) as problem:
            print(f"SKIP {name}: {getattr(problem, 'stderr', None) or problem}")

    for file in files:
        add(file.stem, file)
    if not words.files:
        for makers in (simulated, few_valued):
            for name, file, entropy in makers(bench):
                add(name, file, entropy)
    order = {}
    for row in (kept if kept else rows):
        order.setdefault(row["set"], len(order))
    rows = without_replaced(kept, rows) + rows
    if not words.ours:
        (words.path.parent / "machine.txt").write_text(machine(bench))
    return sorted(rows, key=lambda row: (order.get(row["set"], len(order)), row["chunk_frames"]))
