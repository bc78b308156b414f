# SPDX-License-Identifier: BSD-3-Clause
"""DIALS, dials.find_spots with its defaults: are the same spots found, with the same intensities?"""
NEAR = 2.0  # pixels between two spots that are one


def load():
    from dials.array_family import flex
    from dials.command_line.find_spots import phil_scope
    from dials.util.phil import parse
    from dials.util.version import dials_version
    from dxtbx.imageset import ImageSet, ImageSetData, MemReader
    from dxtbx.model import BeamFactory, DetectorFactory, Experiment, ExperimentList
    return locals()


class Frame:
    """As dxtbx reads it: values that are left out stand below the trusted range."""

    def __init__(self, tools, values, low):
        self.flex = tools["flex"]
        self.values = np.where(np.isfinite(values), values, low - 1)

    def get_raw_data(self):
        return (self.flex.double(self.values),)


def spots_of(tools, values, facts):
    """Of one frame, by column and row: x, y, intensity, its variance."""
    known = values[np.isfinite(values)]
    if not known.size:
        return np.zeros((0, 4))
    low, high = float(np.floor(min(known.min(), 0))), float(min(facts["high"], 1e9))
    pixel = [1e3 * facts["pixel2"], 1e3 * facts["pixel1"]]  # mm
    detector = tools["DetectorFactory"].simple("PAD", 1e3 * facts["distance"], (1e3 * facts["poni2"], 1e3 * facts["poni1"]), "+x", "-y",
                                               pixel, values.shape[::-1], (low, high))
    beam = tools["BeamFactory"].simple(1e10 * facts["wavelength"])  # angstrom
    still = tools["ImageSet"](tools["ImageSetData"](tools["MemReader"]([Frame(tools, values, low)]), None))
    still.set_beam(beam)
    still.set_detector(detector)
    experiments = tools["ExperimentList"]()
    experiments.append(tools["Experiment"](beam=beam, detector=detector, imageset=still))
    params = tools["phil_scope"].fetch(source=tools["parse"]("")).extract()
    params.spotfinder.mp.nproc = 1
    found = tools["flex"].reflection_table.from_observations(experiments, params)
    if not len(found):
        return np.zeros((0, 4))
    x, y, _ = found["xyzobs.px.value"].parts()
    return np.array([x, y, found["intensity.sum.value"], found["intensity.sum.variance"]], np.float64).T


def pairs_of(a, b):
    """Spots of a and b that are the same, nearest first, each taken once."""
    if not len(a) or not len(b):
        return []
    apart = np.hypot(a[:, None, 0] - b[None, :, 0], a[:, None, 1] - b[None, :, 1])
    out, used_a, used_b = [], set(), set()
    for index in np.argsort(apart, axis=None, kind="stable"):
        i, k = divmod(int(index), len(b))
        if apart[i, k] > NEAR:
            break
        if i not in used_a and k not in used_b:
            used_a.add(i)
            used_b.add(k)
            out.append((i, k))
    return out


def work(tools, folder, mask, facts):
    count, both, change, part = [0, 0], [0, 0], [], []
    for before, after in zip(*(frames_of(folder, name, mask, facts) for name in ("reference", "test"))):
        a, b = spots_of(tools, before, facts), spots_of(tools, after, facts)
        found = pairs_of(a, b)
        count = [count[0] + len(a), count[1] + len(b)]
        both = [both[0] + bool(len(a)), both[1] + bool(len(b))]
        change += [(b[k, 2] - a[i, 2]) / np.sqrt(a[i, 3]) for i, k in found if a[i, 3] > 0]
        part += [b[k, 2] / a[i, 2] for i, k in found if a[i, 2] > 0]
    same = len(part)
    return {"version": tools["dials_version"](), "figures": [
        figure("frames_with_spots", "frames", *both),
        figure("spots", "spots", *count),
        figure("spots_found_again", "spots", count[0], same),
        figure("recall", "", 1, same / count[0] if count[0] else None),
        figure("precision", "", 1, same / count[1] if count[1] else None),
        figure("intensity_ratio", "median", 1, np.median(part) if part else None),
        figure("intensity_change", "mean, in sigma", 0, np.mean(change) if change else None),
        figure("intensity_scatter", "rms, in sigma", 0, np.sqrt(np.mean(np.square(change))) if change else None)]}
