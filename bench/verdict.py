# SPDX-License-Identifier: BSD-3-Clause
"""What is asked of each level, and what was measured in the same run."""
import math

from rows import FEW_VALUES, POISSON, common, large, mean, sets

NO_FILTERS = ("jpegxl", "jpegls")  # image coders that no HDF5 filter of others brings
REFERENCE = "bslz4 plug-in"
BEATEN_BY = {
    "fast": ["bslz4", "bslz4 plug-in", "bslz4 hdf5plugin", "TERSE"],
    "balanced": ["bslz4", "bslz4 plug-in", "bslz4 hdf5plugin", "bszstd", "bszstd plug-in", "bszstd hdf5plugin", "Blosc2 zstd-1", "Blosc2 zstd-5", "Blosc2 zstd-9",
                 "JPEG-LS", "CCSDS-121", "szip 16", "szip 32", "JPEG XL e3"],
}
SPEEDS = {"fast": (2, 2), "balanced": (1, 2)}  # encode and decode, in multiples of the reference
MAX_SPEED = 20  # MB/s
GAIN, GAIN_IN_TIME = 1.02, 1.05


def frames_alone(rows):
    return [row for row in rows if row["chunk_frames"] == 1 and not math.isfinite(row["floor_bpp"])]


def of_name(rows, name):
    return next((row for row in rows if row.name == name and row.good), None)


def peers_of(rows, names=None):
    """Lossless rows that are not photon or dictionary, of these names if so wished."""
    return [row for row in rows if row.good and row["codec"] not in ("photon", "dictionary")
            and (names is None or row.name in names)]


def gain(ours, peer):
    """How many times smaller we are, on the chunks that both measured."""
    chunks = common(ours, peer)
    return peer.bits(chunks) / ours.bits(chunks) if ours.bits(chunks) else math.inf


def margins(rows, level, names):
    """set: (gain over the best of the peers there, that peer); None for a set that the level does not take."""
    result = {}
    for name, group in sets(rows).items():
        peers = peers_of(group, names)
        ours = of_name(group, f"photon {level}")
        if peers:
            result[name] = min(((gain(ours, peer), peer.name) for peer in peers)) if ours else None
    return result


def line(met, what, asked, measured):
    mark = "yes" if met else "NO "
    return f"  {mark} {what:<46} asked {asked:<22} measured {measured}"


def on_every_set(rows, level, names, what):
    found = margins(rows, level, names)
    if not found:
        return [line(False, what, "every set", "nothing to compare with")]
    gains = {name: value for name, value in found.items() if value}
    missed = {name: value for name, value in found.items() if not value or value[0] < 1}
    lines = [line(not missed, what, "every set",
                  f"{len(found) - len(missed)} of {len(found)} sets, {percent(mean(v[0] for v in gains.values()))} in the mean")]
    for name, value in sorted(missed.items(), key=lambda item: item[1][0] if item[1] else 0):
        lines.append(f"        {name[:60]:<60} " + (f"{percent(value[0])} ({value[1]})" if value else "not taken"))
    return lines


def percent(ratio):
    return f"{100 * (ratio - 1):+.1f} %"


def rate_of(rows, name, word):
    """Geometric mean over the large sets; and the sets."""
    found = {key: of_name(group, name) for key, group in sets(rows).items() if large(group)}
    return {key: row[f"{word}_MBps"] for key, row in found.items() if row}


def speed(rows, name, word, factor, reference=REFERENCE):
    ours, theirs = rate_of(rows, name, word), rate_of(rows, reference, word)
    both = [key for key in ours if key in theirs]
    if not both:
        return line(False, word, f"{factor} x {reference}", "nothing to compare with")
    a, b = mean(ours[key] for key in both), mean(theirs[key] for key in both)
    return line(a >= factor * b, word, f"{factor} x {reference}",
                f"{a / b:.2f} x ({a:.0f} against {b:.0f} MB/s, {len(both)} sets)")


def mean_gain(rows, level, names, asked, what):
    gains = [value[0] for value in margins(rows, level, names).values() if value]
    value = mean(gains)
    return line(bool(gains) and value >= asked, what, percent(asked), f"{percent(value)} on {len(gains)} sets")


def in_time(rows, level):
    """Several frames a chunk against one, and against the best peer."""
    lines = []
    for name, group in sets(rows).items():
        alone = [row for row in group if row["chunk_frames"] == 1]
        one = of_name(alone, f"photon {level}")
        for row in group:
            if row["chunk_frames"] > 1 and row.name == f"photon {level}" and row.good and one:
                peers = peers_of(alone)
                # the frames that are left over at the end are no chunk; all peers measured whole sets here or a part
                best = min(peers, key=lambda peer: peer["bpp"]) if peers else None
                against = f", {percent(best['bpp'] / row['bpp'])} over {best.name}" if best else ""
                lines.append(f"        {name[:52]:<52} {row['chunk_frames']:>3} frames {one['bpp']:.3f} -> {row['bpp']:.3f} bits "
                             f"({percent(one['bpp'] / row['bpp'])}){against}")
    return lines


def floor(rows, level, asked):
    lines = []
    for name, group in sets([row for row in rows if row["set"].startswith(POISSON)]).items():
        row = of_name(group, f"photon {level}")
        if row:
            above = row["bpp"] / row["floor_bpp"]
            lines.append(line(above <= asked, f"{name} ({row['floor_bpp']:.3f} bits)", f"{percent(asked)} at most", percent(above)))
    return lines


def dictionary(rows, level):
    """Against the order-0 entropy and every filter, on frames with few distinct values."""
    name = f"dictionary {level}"
    groups = {key: group for key, group in sets([row for row in rows if row["set"].startswith(FEW_VALUES)]).items()
              if of_name(group, name)}
    if not groups:
        return []
    lines = [f"{name}, one frame per chunk, few distinct values"]
    for key, group in groups.items():
        row = of_name(group, name)
        filters = [peer for peer in peers_of(group) if peer["codec"] not in NO_FILTERS]
        best, peer = min((gain(row, peer), peer.name) for peer in filters)
        above = row["bpp"] / row["floor_bpp"]
        lines.append(line(above <= 1.03 and best > 1, key[len(FEW_VALUES) + 1:], "+3.0 % at most, first",
                          f"{percent(above)} to order 0 ({row['floor_bpp']:.3f} bits), {percent(best)} over {peer}"))
    for word, asked in (("encode", 500), ("decode", 1000)):
        value = mean(of_name(group, name)[f"{word}_MBps"] for group in groups.values())
        lines.append(line(value >= asked, word, f"{asked} MB/s", f"{value:.0f} MB/s"))
    return lines + [""]


def verdict(rows, levels=("fast", "balanced", "max")):
    alone = frames_alone(rows)
    lines = []
    for level in levels:
        name = f"photon {level}"
        if not any(row.name == name and row.good for row in rows):
            lines += [f"{name}: not in this build", ""]
            continue
        lines.append(f"{name}, one frame per chunk")
        if level != "max":
            lines += on_every_set(alone, level, BEATEN_BY[level], "ratio: best of " + ("bslz4, TERSE" if level == "fast" else
                                                                                      "the quick ones, JPEG-LS, JXL e3"))
            encode, decode = SPEEDS[level]
            lines += [speed(alone, name, "encode", encode), speed(alone, name, "decode", decode)]
            lines.append("  for information, against faster builds of the same:")
            lines += [speed(alone, name, word, factor, other) for other in ("bslz4 hdf5plugin", "bslz4")
                      for word, factor in (("encode", encode), ("decode", decode))]
        if level == "balanced":
            lines.append(mean_gain(alone, level, ["JPEG XL e7"], 1, "ratio in the mean: JPEG XL e7"))
            lines += floor(rows, level, 1.05)
        if level == "max":
            lines += on_every_set(alone, level, ["JPEG XL e9"], "ratio: JPEG XL e9")
            lines += on_every_set(alone, level, None, "ratio: every peer")
            lines.append(mean_gain(alone, level, ["JPEG XL e9"], GAIN, "ratio in the mean: JPEG XL e9"))
            lines.append(mean_gain(alone, level, None, GAIN, "ratio in the mean: the best peer of each set"))
            for word in ("encode", "decode"):
                value = mean(rate_of(alone, name, word).values())
                lines.append(line(value >= MAX_SPEED, word, f"{MAX_SPEED} MB/s", f"{value:.1f} MB/s"))
            lines += floor(rows, level, 1.02)
        time = in_time(rows, level)
        lines += ["  several frames in a chunk:"] + time if time else []
        lines.append("")
    for level in levels:
        lines += dictionary(rows, level)
    return lines
