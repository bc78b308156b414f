#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Is the verdict right? Experiments of known truth, repeated, with effects of known size put in.

    bench/verdict_study.py run TECHNIQUE FOLDER [FIRST LAST]   repeats FIRST ... LAST - 1 into FOLDER
    bench/verdict_study.py sum FOLDER docs/verdict             table (.csv) and picture (.svg) of what is there

Each repeat simulates a whole experiment with a seed of its own, changes it, and asks `beampress judge`. What the change does is known
from all repeats together: the mean of test - reference, in units of the scatter of the reference between repeats (the true sigma), for every
bin and every block of neighbouring bins; the largest of them is the effect. "none" replaces a few values by fresh ones of the same
distribution: the answer moves, without any effect.
"""
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

COMMAND = pathlib.Path(os.environ.get("BEAMPRESS_BUILD", "build")) / "beampress"
STRENGTHS = {"none": 0, "0.1": 0.1, "0.4": 0.4, "1": 1.15, "2": 2.2}  # wanted effect in sigma: 1 is a bit more than that


def simulate(kind, path, *words):
    subprocess.run([COMMAND, "simulate", kind, path, "-f", "-q", *words], check=True, stdout=subprocess.DEVNULL)
    with h5py.File(path) as f:
        return f["entry/data/data"][()]


def replaced(file, path, values):
    """The same file with other frames."""
    subprocess.run(["cp", file, path], check=True)
    with h5py.File(path, "r+") as f:
        f["entry/data/data"][...] = values


class Segment:
    """Round pores in slices; the change makes them larger."""
    science = "segment:volume=0,min_size=4"
    unit = 0.15  # growth (pixels) that is about an effect of 1 sigma

    def make(self, seed, path):
        self.seed = seed
        values = self.slices(0)
        with h5py.File(path, "w") as f:
            f["entry/data/data"] = values

    def slices(self, growth, fresh=0.0, side=72, frames=20):
        places, noise = np.random.default_rng(self.seed), np.random.default_rng(self.seed + 10**6)
        other = np.random.default_rng(self.seed + 2 * 10**6)
        y, x = np.mgrid[:side, :side]
        out = []
        for _ in range(frames):
            inside = np.zeros((side, side), bool)
            for cy, cx, radius in zip(places.uniform(0, side, 6), places.uniform(0, side, 6), places.uniform(4, 8, 6)):
                inside |= (y - cy) ** 2 + (x - cx) ** 2 < (radius + growth) ** 2
            dark, bright = noise.poisson(100, (side, side)), noise.poisson(200, (side, side))
            if fresh:
                again = other.random((side, side)) < fresh
                dark, bright = np.where(again, other.poisson(100, dark.shape), dark), np.where(again, other.poisson(200, dark.shape), bright)
            out.append(np.where(inside, bright, dark))
        return np.array(out, np.uint16)

    def change(self, strength, file, path):
        values = self.slices(strength * self.unit) if strength else self.slices(0, fresh=0.02)
        replaced(file, path, values)


class Xpcs:
    """Speckles; the change replaces counts by others without correlation, which takes contrast away."""
    science = "xpcs"
    words = ("frames=128", "height=40", "width=40", "regions=1", "rate=0.05")
    unit = 0.009

    def make(self, seed, path):
        self.random = np.random.default_rng(seed)
        self.values = simulate("xpcs", path, f"seed={seed}", *self.words)
        with tempfile.TemporaryDirectory() as folder:
            self.fresh = simulate("xpcs", f"{folder}/x.h5", f"seed={seed + 10**6}", *self.words)

    def change(self, strength, file, path):
        if strength:
            hit = self.random.random(self.values.shape) < strength * self.unit
            values = np.where(hit, self.random.poisson(1.0, self.values.shape), self.values)
        else:  # whole pixels, so that the fresh ones are correlated in time as the others are
            hit = self.random.random(self.values.shape[1:]) < 0.001
            values = np.where(hit[None], self.fresh, self.values)
        replaced(file, path, values.astype(self.values.dtype))


class Saxs:
    """Spheres in solution; the change loses photons."""
    science = "saxs:bins=24"
    words = ("frames=20", "height=64", "width=64", "pixel=2000")
    unit = 0.00105

    def make(self, seed, path):
        self.random = np.random.default_rng(seed)
        self.values = simulate("saxs", path, f"seed={seed}", *self.words)
        with tempfile.TemporaryDirectory() as folder:
            self.fresh = simulate("saxs", f"{folder}/x.h5", f"seed={seed + 10**6}", *self.words)

    def change(self, strength, file, path):
        if strength:
            values = self.random.binomial(self.values, 1 - min(1, strength * self.unit))
        else:
            values = np.where(self.random.random(self.values.shape) < 0.0005, self.fresh, self.values)
        replaced(file, path, values.astype(self.values.dtype))


class Ct:
    """A porous rod; the change makes it a little more transparent."""
    science = "ct:rows=16,centre=48"
    words = ("rows=16", "columns=96", "angles=60", "apart=1", "pore=8", "flats=10", "darks=5", "centre=48")
    unit = 0.0011

    def make(self, seed, path):
        self.random = np.random.default_rng(seed)
        self.values = simulate("ct", path, f"seed={seed}", *self.words)
        with h5py.File(path) as f:
            found = []
            f.visititems(lambda name, item: found.append(name) if name.endswith("image_key") else None)
            self.projection = f[found[0]][()] == 0

    def change(self, strength, file, path):
        values = self.values.astype(float)
        here = values[self.projection]
        if strength:
            here = here + strength * self.unit * (here - 100) * -np.log(np.clip((here - 100) / 10000, 0.01, 1))
        else:
            hit = self.random.random(here.shape) < 0.01
            here = here + hit * self.random.choice([-3.0, 3.0], here.shape)
        values[self.projection] = np.floor(here + self.random.random(here.shape)) if strength else here
        replaced(file, path, np.clip(values, 0, 65535).astype(self.values.dtype))


class Sx:
    """Shots with spots on a background; the change loses photons of the spots."""
    science = "sx:threshold=20,min_snr=5,min_peaks=3,centre_x=48,centre_y=48"
    unit = 0.035

    def make(self, seed, path):
        self.random = np.random.default_rng(seed)
        side, shots = 96, 20
        y, x = np.mgrid[:side, :side]
        self.rate = np.full((shots, side, side), 5.0)
        for shot in self.rate:
            for cy, cx, total in zip(self.random.uniform(8, side - 8, 12), self.random.uniform(8, side - 8, 12), self.random.gamma(4, 150, 12)):
                shot += total / (2 * np.pi) * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 2)
        self.values = self.random.poisson(self.rate).astype(np.uint16)
        with h5py.File(path, "w") as f:
            f["entry/data/data"] = self.values

    def change(self, strength, file, path):
        if strength:
            spot = self.rate > 6
            values = np.where(spot, self.random.binomial(self.values, 1 - min(1, strength * self.unit)), self.values)
        else:
            values = np.where(self.random.random(self.values.shape) < 0.0005, self.random.poisson(self.rate), self.values)
        replaced(file, path, values.astype(np.uint16))


TECHNIQUES = {"segment": Segment, "xpcs": Xpcs, "saxs": Saxs, "ct": Ct, "sx": Sx}


def judge(experiment, reference, test):
    done = subprocess.run([COMMAND, "judge", reference, test, "--science", experiment.science, "--json"], capture_output=True, text=True)
    assert done.returncode in (0, 1, 6), done.stderr
    said, rows = json.loads(done.stdout), []
    for q in said["quantities"]:
        if q["pass"] is None or q["agreement"]:
            continue
        curve = q["curve"] or {"reference": [q["reference"]], "test": [q["test"]]}
        rows.append([f"{q['name']}.{q.get('region', '')}", curve["reference"], curve["test"]])
    return said["verdict"], rows, [q["name"] for q in said["quantities"] if q["verdict"] == said["verdict"]][:3]


def repeat(experiment, seed, folder):
    reference, test, out = f"{folder}/reference.h5", f"{folder}/test.h5", {}
    experiment.make(seed, reference)
    for name, strength in STRENGTHS.items():
        experiment.change(strength, reference, test)
        out[name] = judge(experiment, reference, test)
    return out


def run(technique, folder, first, last):
    experiment = TECHNIQUES[technique]()
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work, open(folder / f"{technique}-{first:05}-{last:05}.jsonl", "w") as out:
        for seed in range(first, last):
            out.write(json.dumps({"seed": seed, "results": repeat(experiment, seed + 1, work)}) + "\n")


def blocks(count):
    """As the verdict has them."""
    length = 2
    while length < 2 * count and count > 1:
        length = min(length, count)
        step = max(length // 2, 1)
        for start in range(0, count - length + 1, step):
            yield slice(start, start + length)
        if length == count:
            return
        length *= 2


def effects(repeats, name):
    """Largest true effect over bins and blocks in units of sigma, and its place; largest scatter."""
    largest, where, scatter = 0.0, "", 0.0
    keys = [row[0] for row in repeats[0][name][1]]
    for key in keys:
        pairs = [next((row for row in r[name][1] if row[0] == key), None) for r in repeats]
        pairs = [p for p in pairs if p and len(p[1]) == len(p[2])]
        length = max(set(len(p[1]) for p in pairs), key=[len(p[1]) for p in pairs].count)
        a = np.array([p[1] for p in pairs if len(p[1]) == length], float)
        b = np.array([p[2] for p in pairs if len(p[1]) == length], float)
        good = np.isfinite(a) & np.isfinite(b)
        use = (good.mean(axis=0) > 0.9) & (np.nanstd(a, axis=0) > 0)
        if not use.any():
            continue
        a, b = a[:, use], b[:, use]
        keep = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
        a, b = a[keep], b[keep]
        sigma = a.std(axis=0, ddof=1)
        d = (b - a) / sigma
        found = list(zip(np.abs(d.mean(axis=0)), [key] * d.shape[1]))
        scatter = max(scatter, d.std(axis=0, ddof=1).max())
        for block in blocks(a.shape[1]):
            own = (a / sigma)[:, block].mean(axis=1).std(ddof=1)
            if own > 0:
                found.append((abs(d[:, block].mean(axis=1).mean()) / own, f"{key} bins {block.start}-{block.stop - 1}"))
        best = max(found)
        if best[0] > largest:
            largest, where = best
    return largest, where, scatter


def upper(k, n):
    """One-sided 95 % limit of a rate (Clopper, Pearson)."""
    low, high = k / n, 1.0
    for _ in range(60):
        p = (low + high) / 2
        terms, term = 0.0, (1 - p) ** n
        for i in range(k + 1):
            terms += term
            term *= (n - i) / (i + 1) * p / (1 - p) if p < 1 else 0
        low, high = (p, high) if terms > 0.05 else (low, p)
    return high


def summarise(folder, stem):
    rows = []
    for technique in TECHNIQUES:
        lines = [line for f in sorted(pathlib.Path(folder).glob(f"{technique}-*.jsonl")) for line in f.read_text().splitlines()]
        repeats = [json.loads(line)["results"] for line in lines]
        for name in STRENGTHS if repeats else ():
            verdicts = [r[name][0] for r in repeats]
            effect, where, scatter = effects(repeats, name)
            n, count = len(verdicts), {v: verdicts.count(v) for v in ("pass", "fail", "undecided")}
            rows.append({"technique": technique, "wanted": name, "effect": f"{effect:.3f}", "where": where, "scatter": f"{scatter:.3f}", "repeats": n,
                         **count, "fail_limit": f"{upper(count['fail'], n):.4f}", "pass_limit": f"{upper(count['pass'], n):.4f}"})
    with open(f"{stem}.csv", "w", newline="") as f:
        writer = csv.DictWriter(f, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    pathlib.Path(f"{stem}.svg").write_text(draw(rows))
    for r in rows:
        print(*r.values(), sep="\t")


def draw(rows):
    """Share of pass, undecided and fail against the true effect, a panel for each technique."""
    names = [t for t in TECHNIQUES if any(r["technique"] == t for r in rows)]
    width, height, left, top = 200, 150, 46, 30
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{len(names) * (width + 30) + left}" height="{height + 90}" font-family="sans-serif" font-size="11">',
           '<rect width="100%" height="100%" fill="white"/>']
    marks = {"pass": ("#0072b2", ""), "undecided": ("#777777", "4 3"), "fail": ("#d55e00", "1 3")}

    def place(effect):
        return width * min(max((np.log10(max(effect, 0.01)) + 2) / 2.6, 0), 1)
    for i, technique in enumerate(names):
        x0 = left + i * (width + 30)
        out.append(f'<text x="{x0 + width / 2}" y="{top - 10}" text-anchor="middle" font-weight="bold">{technique}</text>')
        out.append(f'<rect x="{x0}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#444"/>')
        for tick in (0.01, 0.1, 0.2, 1, 4):
            out.append(f'<path d="M{x0 + place(tick):.1f} {top + height}v4" stroke="#444"/><text x="{x0 + place(tick):.1f}" y="{top + height + 16}" text-anchor="middle">{tick}</text>')
        for share in (0, 50, 100) if i == 0 else ():
            out.append(f'<text x="{x0 - 5}" y="{top + height * (1 - share / 100) + 4}" text-anchor="end">{share} %</text>')
        mine = sorted((float(r["effect"]), r) for r in rows if r["technique"] == technique)
        for verdict, (colour, dash) in marks.items():
            points = [(x0 + place(e), top + height * (1 - r[verdict] / r["repeats"])) for e, r in mine]
            out.append(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>')
            out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    for k, (verdict, (colour, dash)) in enumerate(marks.items()):
        out.append(f'<path d="M{left + 110 * k} {top + height + 46}h24" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
                   f'<text x="{left + 110 * k + 30}" y="{top + height + 50}">{verdict}</text>')
    out.append(f'<text x="{left}" y="{top + height + 32}">largest true effect over bins and blocks, in sigma</text></svg>')
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run(sys.argv[2], sys.argv[3], *(int(word) for word in (sys.argv[4:] or (0, 500))))
    else:
        summarise(sys.argv[2], sys.argv[3])
