# SPDX-License-Identifier: BSD-3-Clause
"""The picture and the table of the documentation, from the rows alone."""
import math
import re

from rows import large, mean, sets
from verdict import frames_alone, of_name

OURS = ["photon max", "photon balanced", "photon fast"]
PLOTTED = OURS + ["bslz4", "bszstd", "bslz4 plug-in", "Blosc LZ4", "Blosc2 zstd-1", "Blosc2 zstd-5", "zstd-3", "gzip-6", "LZ4",
                  "TERSE", "CCSDS-121", "JPEG-LS", "JPEG XL e1", "JPEG XL e3", "JPEG XL e7", "JPEG XL e9"]
COLUMNS = ["bslz4", "TERSE", "Blosc2 zstd-5", "CCSDS-121", "JPEG-LS", "JPEG XL e1", "JPEG XL e3", "JPEG XL e7", "JPEG XL e9",
           "photon fast", "photon balanced", "photon max"]
BEGIN, END = "<!-- made by tools/bench --draw: do not edit -->", "<!-- end of what tools/bench made -->"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 490, 58, 20, 86, 48
# Okabe and Ito's colours, which the colour-blind tell apart; the shapes differ as well
STYLE = """<style>
text { font: 11px sans-serif; fill: #222222 } .faint { fill: #666666 } .bold { font-weight: bold; font-size: 13px }
.ground { fill: #ffffff } .grid { stroke: #dddddd; stroke-width: 1 } .line { stroke-width: 1.5; fill: none; stroke-opacity: 0.6 }
.own { fill: #0072b2; stroke: #0072b2 } .kin { fill: #56b4e9; stroke: #56b4e9 }
.other { fill: none; stroke: #d55e00; stroke-width: 1.8 } .slow { fill: none; stroke: #b07aa1; stroke-width: 1.8 }
text.own { font-weight: bold; stroke: none } .chain { stroke: #b07aa1 } .ownchain { stroke: #0072b2 }
@media (prefers-color-scheme: dark) {
text { fill: #dddddd } .faint { fill: #999999 } .ground { fill: #161616 } .grid { stroke: #333333 }
.own { fill: #56b4e9; stroke: #56b4e9 } .kin { fill: #0072b2; stroke: #0072b2 } .other { stroke: #e69f00 }
.slow { stroke: #cc9fbf } .chain { stroke: #cc9fbf } .ownchain { stroke: #56b4e9 } }
</style>"""


def summary(rows, names):
    """name: (ratio, encode, decode) over the sets that all of them took; speeds over the large ones of these"""
    groups = sets(frames_alone(rows))
    present = [name for name in names if any(of_name(group, name) for group in groups.values())]
    shared = {key: group for key, group in groups.items() if all(of_name(group, name) for name in present)}
    fast = [group for group in shared.values() if large(group)] or list(shared.values())
    points = {}
    for name in present if shared else []:
        points[name] = (mean(of_name(group, name)["ratio"] for group in shared.values()),
                        mean(of_name(group, name)["encode_MBps"] for group in fast),
                        mean(of_name(group, name)["decode_MBps"] for group in fast))
    return points, len(shared)


def element(kind, content="", **attributes):
    words = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    content = content.replace("&", "&amp;").replace("<", "&lt;")
    return f"<{kind}{words}>{content}</{kind}>" if content else f"<{kind}{words}/>"


def text(x, y, words, **attributes):
    return element("text", words, x=f"{x:.1f}", y=f"{y:.1f}", **attributes)


def kind_of(name):
    if name in OURS:
        return "own"
    return "kin" if name in ("bslz4", "bszstd") else "slow" if name.startswith("JPEG") else "other"


def mark(x, y, kind):
    if kind in ("own", "kin"):
        return element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="6" if kind == "own" else "4.5", **{"class": kind})
    if kind == "slow":
        return element("path", d=f"M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z", **{"class": kind})
    return element("rect", x=f"{x - 4:.1f}", y=f"{y - 4:.1f}", width="8", height="8", **{"class": kind})


def place(taken, x, y, words, on_a_line):
    """Beside the mark, where no other label or mark is: the first free place of some."""
    wide = 6.1 * len(words)
    best = None
    beside = [(9, 4, "start"), (-9, 4, "end")]
    above = [(0, -11, "middle"), (9, -8, "start")]
    below = [(0, 19, "middle"), (9, 16, "start"), (-9, -8, "end"), (-9, 16, "end"), (0, -22, "middle"), (0, 31, "middle")]
    for dx, dy, anchor in above + beside + below if on_a_line else beside + above + below:
        left = x + dx - {"start": 0, "end": wide, "middle": wide / 2}[anchor]
        box = (left, y + dy - 9, left + wide, y + dy + 3)
        overlap = sum(max(0, min(box[2], b[2]) - max(box[0], b[0])) * max(0, min(box[3], b[3]) - max(box[1], b[1])) for b in taken)
        overlap += 1e4 * (box[0] < LEFT or box[2] > WIDTH - 4)
        if best is None or overlap < best[0]:
            best = (overlap, dx, dy, anchor, box)
        if overlap == 0:
            break
    taken.append(best[4])
    return x + best[1], y + best[2], best[3]


class Axes:
    def __init__(self, points):
        speeds = [point[1] for point in points.values()]
        ratios = [point[0] for point in points.values()]
        self.low, self.high = math.floor(math.log10(min(speeds))), math.log10(max(speeds)) + 0.15
        step = max(ratios) - min(ratios)
        self.bottom, self.top = min(ratios) - 0.08 * step, max(ratios) + 0.08 * step

    def x(self, speed):
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(speed) - self.low) / (self.high - self.low)

    def y(self, ratio):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (ratio - self.bottom) / (self.top - self.bottom)

    def grid(self):
        parts = []
        for decade in range(self.low, math.floor(self.high) + 1):
            for factor in (1, 2, 5):
                speed = factor * 10.0 ** decade
                if math.log10(speed) <= self.high:
                    x = self.x(speed)
                    parts.append(element("line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=TOP, y2=HEIGHT - BOTTOM, **{"class": "grid"}))
                    parts.append(text(x, HEIGHT - BOTTOM + 16, f"{speed:g}", text_anchor="middle", **{"class": "faint"}))
        span = self.top - self.bottom
        step = next(s for s in (0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 1e9) if span / s <= 9)
        value = math.ceil(self.bottom / step) * step
        while value <= self.top:
            y = self.y(value)
            parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=f"{y:.1f}", y2=f"{y:.1f}", **{"class": "grid"}))
            parts.append(text(LEFT - 8, y + 4, f"{value:g}", text_anchor="end", **{"class": "faint"}))
            value = round(value + step, 6)
        parts.append(text((LEFT + WIDTH) / 2, HEIGHT - 12, "encode speed, MB/s of raw data (one thread)", text_anchor="middle"))
        return parts + [text(10, TOP - 12, "ratio (raw / stored bytes)")]


def chain(points, axes, names, style):
    places = [f"{axes.x(points[name][1]):.1f} {axes.y(points[name][0]):.1f}" for name in names if name in points]
    return [element("path", d="M" + "L".join(places), **{"class": "line " + style})] if len(places) > 1 else []


def draw(rows, machine):
    points, count = summary(rows, PLOTTED)
    if not points:
        return None
    axes = Axes(points)
    parts = [element("rect", width=WIDTH, height=HEIGHT, **{"class": "ground"}),
             text(10, 20, "Lossless: how small, how fast", **{"class": "bold"}),
             text(10, 37, f"geometric means over {count} data sets that all take; one frame per chunk, one thread",
                  **{"class": "faint"}),
             text(10, 52, f"{machine.get('processor', '')}; lines join the levels of photon, and the efforts of JPEG XL", **{"class": "faint"})]
    parts += axes.grid()
    parts += chain(points, axes, OURS, "ownchain")
    parts += chain(points, axes, [f"JPEG XL e{effort}" for effort in (1, 3, 7, 9)], "chain")
    spots = {name: (axes.x(speed), axes.y(ratio)) for name, (ratio, speed, _) in points.items()}
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in spots.values()]
    for name, (x, y) in spots.items():
        kind = kind_of(name)
        at_x, at_y, anchor = place(taken, x, y, name, kind == "own" or name.startswith("JPEG XL"))
        parts += [mark(x, y, kind), text(at_x, at_y, name, text_anchor=anchor, **({"class": "own"} if kind == "own" else {}))]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">\n{STYLE}\n'
            + "\n".join(parts) + "\n</svg>\n")


def short(name):
    """A set's name without the words that the tables need not have."""
    return re.sub(r"[_-]+", " ", name)[:56].strip()


def cell(row, whole):
    """Bits per pixel; ~ when only part of the set was measured."""
    return f"{'' if row['measured'] == whole else '~'}{row['bpp']:.3f}" if row else "-"


def table(rows, machine):
    groups = sets(frames_alone(rows))
    names = [name for name in COLUMNS if any(of_name(group, name) for group in groups.values())]
    lines = ["| stored bits per pixel | raw | " + " | ".join(names) + " |", "|---" + "|---:" * (len(names) + 1) + "|"]
    for key, group in groups.items():
        raw = int(re.search(r"\d+$", group[0]["dtype"]).group())
        kind = "float " if group[0]["dtype"].startswith("float") else ""
        cells = [cell(of_name(group, name), group[0]["chunks"]) for name in names]
        lines.append(f"| {short(key)} | {kind}{raw} | " + " | ".join(cells) + " |")
    points, count = summary(rows, names)
    for word, place_of in ((f"**ratio**, mean of the {count} sets that all take", 0), ("**encode** MB/s", 1), ("**decode** MB/s", 2)):
        form = (lambda v: f"{v:.2f}") if place_of == 0 else (lambda v: f"{v:.0f}" if v >= 10 else f"{v:.1f}")
        lines.append(f"| {word} | | " + " | ".join(form(points[name][place_of]) if name in points else "-" for name in names) + " |")
    lines += ["", "`-`: does not take the type or the values; `~`: part of the set, it is too slow for all of it. Means are geometric, speeds "
              "those of sets of 4 MB or more, raw bytes per second of one thread.",
              f"Measured on: {machine.get('processor', 'unknown')}, {machine.get('compiler', 'unknown')}. All rows are in `docs/bench/peers.csv`, "
              "the versions of everything in `docs/bench/machine.txt`."]
    return "\n".join(lines)


def read_machine(path):
    return dict(line.split(": ", 1) for line in path.read_text().splitlines() if ": " in line) if path.exists() else {}


def documents(rows, top):
    """path: text, as it should be"""
    machine = read_machine(top / "docs/bench/machine.txt")
    readme = (top / "README.md").read_text()
    made = {}
    picture = draw(rows, machine)
    if picture:
        made[top / "docs/bench.svg"] = picture
    if BEGIN in readme:
        before, rest = readme.split(BEGIN)
        made[top / "README.md"] = before + BEGIN + "\n\n" + table(rows, machine) + "\n\n" + END + rest.split(END)[1]
    return made


def draw_all(rows, top):
    for path, words in documents(rows, top).items():
        path.write_text(words)
        print(f"made: {path}")


def differing(rows, top):
    """The documents that are not what the rows make them."""
    return [path for path, words in documents(rows, top).items() if not path.exists() or path.read_text() != words]
