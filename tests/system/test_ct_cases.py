# SPDX-License-Identifier: BSD-3-Clause
"""The algorithms of tomography against other programs' results ($BEAMPRESS_DATA/../cases), and what must hold for any of
them. Every case prints what was found beside what is allowed."""
import csv
import os
import pathlib
import subprocess

import h5py
import numpy as np
import pytest

DATA = os.environ.get("BEAMPRESS_DATA")
CASES = pathlib.Path(DATA).parent / "cases" if DATA else None
needs_cases = pytest.mark.skipif(not (CASES and CASES.is_dir()), reason="SKIP: no reference cases ($BEAMPRESS_DATA/../cases)")


@pytest.fixture
def program(build, tmp_path):
    """program("fbp", words or arrays ..., out=True): runs tests/programs/tomography; its output as an array or as numbers."""
    path = build / "tests/programs/tomography"
    if not path.exists():
        pytest.skip("SKIP: the test programs were not built")

    def run(*words, out=True):
        line = [str(path)]
        for i, word in enumerate(words):
            if isinstance(word, np.ndarray):
                word.astype(np.float64).tofile(tmp_path / f"{i}.raw")
                word = tmp_path / f"{i}.raw"
            line.append(str(word))
        done = subprocess.run([*line, *([str(tmp_path / "out.raw")] if out else [])], check=True, text=True, capture_output=True)
        return np.fromfile(tmp_path / "out.raw") if out else [float(word) for word in done.stdout.split()]
    return run


@pytest.fixture
def fbp(program):
    def run(mode, name, between, shape, theta, sinogram):
        """sinogram: angles x columns."""
        values = program("fbp", mode, name, between, shape, sinogram.shape[1], theta, sinogram)
        side = int(round(np.sqrt(values.size)))
        return values.reshape(side, side)
    return run


@pytest.fixture
def case(capsys):
    """Says what a case found, and that it is within what is allowed."""
    def say(name, found, allowed):
        with capsys.disabled():
            print(f"\n  case {name}: {found:.2g}, allowed {allowed:g}", end="")
        assert found <= allowed, name
    return say


def cases(name, group):
    """Names below a group of a reference file, for parametrize."""
    if not (CASES and (CASES / name).exists()):
        return ["none"]
    with h5py.File(CASES / name) as f:
        return sorted(f[group])


@needs_cases
@pytest.mark.parametrize("name", cases("ct_fbp_skimage.h5", "fourier_filters/64"))
@pytest.mark.parametrize("length", [64, 256])
def test_filters_as_scikit_image(program, case, name, length):
    with h5py.File(CASES / "ct_fbp_skimage.h5") as f:
        expected = f[f"fourier_filters/{length}/{name}"][()]
    case(f"ct_fbp_skimage fourier_filters/{length}/{name}", abs(program("response", name, length) - expected).max(), 1e-14)


@needs_cases
@pytest.mark.parametrize("name", cases("ct_fbp_skimage.h5", "radon_iradon/iradon"))
def test_slices_as_scikit_image(fbp, case, name):
    with h5py.File(CASES / "ct_fbp_skimage.h5") as f:
        group = f["radon_iradon"]
        theta, sinogram = group["theta_deg"][()], group["sinogram"][()].T
        expected, phantom = group["iradon"][name][()], group["phantom"][()]
        said = group["mean_abs_err"][name][()] if name in group["mean_abs_err"] else None
    kind, between = name.rsplit("_", 1)
    found = fbp("double", kind, between, "square", theta, sinogram)
    error = abs(found - expected)
    if between == "nearest":  # exact half pixels may go either way
        case(f"ct_fbp_skimage {name}, pixels that differ", (error > 1e-10).sum(), 0.01 * error.size)
        case(f"ct_fbp_skimage {name}, by at most one angle's step", error.max(), 0.02)
    else:
        case(f"ct_fbp_skimage {name}", error.max(), 1e-10)
    if said is not None:
        case(f"ct_fbp_skimage {name}, mean error against the phantom", abs(abs(found - phantom).mean() - said), 1e-4)
    if between == "linear":
        quick = fbp("fast", kind, between, "square", theta, sinogram)
        # where the ray leaves the detector, scikit-image has 0 and the quick form goes on
        inside = np.hypot(*(np.indices(expected.shape) - expected.shape[0] // 2)) < sinogram.shape[1] // 2 - 1
        case(f"ct_fbp_skimage {name}, single precision", abs(quick - expected)[inside].max() / abs(expected).max(), 1e-5)


@needs_cases
@pytest.mark.parametrize("name", ["bias_disc/recon", "sart/iradon_ramp_circle"])
def test_circles_as_scikit_image(fbp, case, name):
    with h5py.File(CASES / "ct_fbp_skimage.h5") as f:
        group = f[name.split("/")[0]]
        theta, sinogram, expected = group["theta_deg"][()], group["sinogram"][()].T, f[name][()]
        image = group["image"][()]
    found = fbp("double", "ramp", "linear", "circle", theta, sinogram)
    case(f"ct_fbp_skimage {name}", abs(found - expected).max(), 1e-10)
    quick = fbp("fast", "ramp", "linear", "circle", theta, sinogram)
    case(f"ct_fbp_skimage {name}, single precision", abs(quick - expected).max() / abs(expected).max(), 1e-5)
    if name.startswith("bias"):
        case("bias of a uniform disc", abs((found - image).mean()), 5e-5)
        case("bias of a uniform disc, single precision", abs((quick - image).mean()), 5e-5)


@needs_cases
def test_wedge_mask_as_algotom(program, case):
    with h5py.File(CASES / "ct_centre.h5") as f:
        expected = f["mask_74x64_r16/mask"][()]
    case("ct_centre mask_74x64_r16, pixels that differ", (program("wedge", 74, 64, 16) != expected.ravel()).sum(), 0)


@needs_cases
@pytest.mark.parametrize("name", ["algotom_own", "shepp_124.5", "shepp_128", "shepp_131.25", "tomopy_sinogram"])
def test_centre_as_algotom(program, case, name):
    with h5py.File(CASES / "ct_centre.h5") as f:
        group = f[name]
        sinogram = group["sinogram"][()]
        expected = group["algotom_cor" if name.startswith("tomopy") else "cor_vo"][()]
        truth = group.attrs.get("truth")
    found, refined = program("centre", sinogram.shape[1], sinogram, out=False)
    case(f"ct_centre {name}", abs(found - expected), 0)
    if truth is not None:
        case(f"ct_centre {name}, refined, against the truth", abs(refined - truth), 0.25)


@needs_cases
def test_centre_metric_as_algotom(program, case):
    with h5py.File(CASES / "ct_centre.h5") as f:
        sinogram, expected = f["algotom_own/sinogram"][()], f["algotom_own/metric_29_35"][()]
    found = program("metric", sinogram.shape[1], sinogram, np.arange(29, 35.01, 0.25))
    case("ct_centre algotom_own/metric_29_35, relative", abs(found / expected - 1).max(), 1e-5)


@needs_cases
@pytest.mark.parametrize("name, key", [("phase_corr_own", "cor"), ("tomopy_phase_corr", "algotom_cor")])
def test_phase_correlation_as_algotom(program, case, name, key):
    with h5py.File(CASES / "ct_centre.h5") as f:
        first, opposite, expected = f[name]["proj0"][()], f[name]["proj180"][()], f[name][key][()]
    found, = program("phase", first.shape[1], first, opposite, out=False)
    case(f"ct_centre {name}", abs(found - expected), 0.05)


@needs_cases
def test_transmission_as_tomopy(program, case):
    with h5py.File(CASES / "ct_gridrec_tomopy.h5") as f:
        group = f["own_tests/normalize"]
        counts, flat, dark = (group[key][()].astype(float) for key in ("tomo", "flat", "dark"))
        expected = group["normalize"][()]
    found = program("transmission", counts, flat.mean(0), dark.mean(0)).reshape(expected.shape)
    case("ct_gridrec_tomopy own_tests/normalize, relative", (abs(found - expected) / abs(expected)).max(), 1e-7)


@needs_cases
def test_even_air_as_tomopy(program, case):
    """normalize_bg: what has no air (no count at all at the ends) is not divided."""
    with h5py.File(CASES / "ct_gridrec_tomopy.h5") as f:
        counts, expected = (f[f"own_tests/normalize/{key}"][()].astype(float) for key in ("tomo", "normalize_bg"))
    found = program("even", 1, counts.shape[2], counts).reshape(expected.shape)
    case("ct_gridrec_tomopy own_tests/normalize_bg", abs(found - expected).max(), 1e-7)


def test_even_air_is_a_line(program):
    """Against NumPy: a beam that falls from left to right, with other air columns."""
    random = np.random.default_rng(3)
    values = random.uniform(0.2, 1, (7, 50)) * np.linspace(1.3, 0.8, 50)
    left, right = values[:, :6].mean(1), values[:, -6:].mean(1)
    expected = values / np.linspace(left, right, 50).T
    assert program("even", 6, 50, values).reshape(7, 50) == pytest.approx(expected, rel=1e-12)


@needs_cases
def test_nearest_flats_as_tomopy(beampress, tmp_path, case):
    """Five pairs of flats at projections 0, 4, 8, 12, 16, medians: mean transmissions of each row, which the program says."""
    with h5py.File(CASES / "ct_gridrec_tomopy.h5") as f:
        counts, flats, darks, expected = (f[f"own_tests/normalize/{key}"][()] for key in ("tomo", "flat_1", "dark", "normalize_nf"))
    frames, keys = [*darks], [2] * len(darks)
    for group in range(5):
        frames += [*flats[2 * group:2 * group + 2], *counts[4 * group:4 * group + 4]]
        keys += [1, 1] + [0] * len(counts[4 * group:4 * group + 4])
    with h5py.File(tmp_path / "nf.h5", "w") as f:
        f["frames"], f["image_key"] = np.array(frames), keys
    found = []
    for row in range(counts.shape[1]):
        technique = f"ct:flat=nearest,rows=1,first={row},air=23,centre=23,range=180"
        done = beampress("analyse", technique, tmp_path / "nf.h5", "--dataset", "/frames", "--json")
        found.append(next(r["value"] for r in done.json["results"] if r["name"] == "air_transmission"))
    mean = expected.mean((0, 2))
    case("ct_gridrec_tomopy own_tests/normalize_nf, means of rows, relative", abs(np.array(found) / mean - 1).max(), 1e-7)


@needs_cases
def test_pipeline_metrics(program, fbp, beampress, tmp_path, case):
    """Nine lossy versions of the projections: what metric and segment say of their slices, figure by figure."""
    with open(CASES / "ct_pipeline_metrics.csv", newline="") as f:
        table = list(csv.DictReader(f))
    with h5py.File(CASES / "ct_pipeline.h5") as f:
        group = f["slice128"]
        theta, raw, noise = group["theta_deg"][()], group["raw"][()], group.attrs["noise_sigma_slice"]
        flat, dark = (group[key][()].astype(float).mean(0) for key in ("flats", "darks"))
        read_noise = 3
        lossy = [group[f"lossy/{row['scheme']}_{row['param']}_raw"][()] for row in table]
    inside = np.hypot(*(np.indices((128, 128)) - 64)) <= 0.95 * 64

    def slice_of(counts):
        values = program("attenuation", program("transmission", counts, flat, dark)).reshape(counts.shape)
        return fbp("double", "shepp-logan", "linear", "circle", theta, values)

    def written(name, image, part):
        with h5py.File(tmp_path / name, "w") as f:
            f["frames"] = np.where(inside, image, np.nan) if part else image
        return tmp_path / name
    original, changed = slice_of(raw), [slice_of(counts) for counts in lossy]
    for row, image, counts in zip(table, changed, lossy):
        name = f"{row['scheme']} {row['param']}"

        def compared(part):
            pair = written("a.h5", original, part), written("b.h5", image, part)
            return beampress("metric", *pair, "--json").json["metrics"]

        def segment(*words):
            return {r["name"]: r.get("value") for r in beampress("analyse", "segment", *words, "--json").json["results"]}
        metrics = compared(True)
        first, second = tmp_path / "a.h5", tmp_path / "b.h5"
        bin_ = np.ptp(image[inside]) / 256
        for what, found, allowed in (
                ("slice_mse", metrics["mse"], 1e-6), ("slice_rmse_over_noise", metrics["rmse"] / noise, 1e-6),
                ("slice_psnr_range", metrics["psnr_range"], 1e-6)):
            case(f"ct_pipeline_metrics {name}: {what}", abs(found / float(row[what]) - 1), allowed)
        case(f"ct_pipeline_metrics {name}: otsu0", abs(segment(first)["otsu_threshold"] - float(row["otsu0"])), bin_)
        case(f"ct_pipeline_metrics {name}: otsu1", abs(segment(second)["otsu_threshold"] - float(row["otsu1"])), bin_)
        case(f"ct_pipeline_metrics {name}: dice", abs(segment(first, "--against", second)["dice"] / float(row["dice"]) - 1), 1e-6)
        case(f"ct_pipeline_metrics {name}: max_abs_raw", abs(int(row["max_abs_raw"]) - abs(counts.astype(int) - raw).max()), 0)
        # its variance is that of Poisson counts above each pixel's dark, and of the read noise
        pair = written("a.h5", raw - dark, False), written("b.h5", counts - dark, False)
        added = beampress("metric", *pair, f"noise:read={read_noise}", "--json").json["metrics"]["residual_rms"] ** 2
        case(f"ct_pipeline_metrics {name}: added_var_ratio_raw", abs(added / float(row["added_var_ratio_raw"]) - 1), 1e-6)
        # whole steps, each minus its left neighbour (that of the first column is the last one)
        step = float(row["param"])
        steps = counts / step if row["scheme"] == "uniform" else 2 * np.sqrt(counts - dark + 3 / 8 + read_noise ** 2) / step
        steps = np.rint(steps).astype(np.int32)
        differences = written("a.h5", steps - np.roll(steps, 1, axis=1), False)
        bits = beampress("metric", differences, differences, "distribution", "--json").json["metrics"]["entropy_reference"]
        case(f"ct_pipeline_metrics {name}: bits_first_order_left_diff", abs(bits / float(row["bits_first_order_left_diff"]) - 1), 1e-6)
        ssim = compared(False)["ssim"]  # of the whole image
        case(f"ct_pipeline_metrics {name}: slice_ssim", abs(ssim / float(row["slice_ssim"]) - 1), 1e-6)


@needs_cases
def test_pipeline(program, fbp, case):
    """Counts to transmission to attenuation to slice, and slices from projections that lost something."""
    with h5py.File(CASES / "ct_pipeline.h5") as f:
        group = f["slice128"]
        theta, raw = group["theta_deg"][()], group["raw"][()]
        flat, dark = group["flats"][()].astype(float).mean(0), group["darks"][()].astype(float).mean(0)
        lossy = {name[:-4]: (group["lossy"][name][()], group["lossy"][name[:-4] + "_slice"][()])
                 for name in group["lossy"] if name.endswith("_raw")}
        expected = {key: group[key][()] for key in ("transmission", "sinogram", "slice")}
    transmission = program("transmission", raw, flat, dark).reshape(raw.shape)
    case("ct_pipeline transmission", abs(transmission - expected["transmission"]).max(), 1e-12)
    sinogram = program("attenuation", transmission).reshape(raw.shape)
    case("ct_pipeline sinogram", abs(sinogram - expected["sinogram"]).max(), 1e-12)
    found = fbp("double", "shepp-logan", "linear", "circle", theta, sinogram)
    case("ct_pipeline slice", abs(found - expected["slice"]).max(), 1e-9)
    for name, (counts, stored) in lossy.items():
        values = program("attenuation", program("transmission", counts, flat, dark)).reshape(raw.shape)
        found = fbp("double", "shepp-logan", "linear", "circle", theta, values)
        case(f"ct_pipeline lossy/{name}", abs(found - stored).max() / abs(stored).max(), 1e-7)  # stored as float32


def ellipses(count, seed, columns, angles):
    """Random discs of density 1 inside the circle: their sinogram and the mass of the image."""
    random = np.random.default_rng(seed)
    sinogram, mass = np.zeros((len(angles), columns)), 0
    t = np.arange(columns) - columns // 2
    for _ in range(count):
        radius, angle = random.uniform(4, 10), random.uniform(0, 2 * np.pi)
        away = random.uniform(0, columns / 2 - 14)
        middle = away * np.cos(np.deg2rad(angles) - angle)
        sinogram += 2 * np.sqrt(np.clip(radius ** 2 - (t - middle[:, None]) ** 2, 0, None))
        mass += np.pi * radius ** 2
    return sinogram, mass


@pytest.mark.parametrize("mode", ["double", "fast"])
def test_properties(fbp, mode):
    """Linear; half a turn more and a mirrored detector change nothing; no mass is lost; a turn of the object turns the slice."""
    angles = 180 * np.arange(90) / 90
    sinogram, mass = ellipses(5, 1, 97, angles)
    slice_ = fbp(mode, "ramp", "linear", "circle", angles, sinogram)
    assert slice_.sum() == pytest.approx(mass, rel=0.01)
    assert fbp(mode, "ramp", "linear", "circle", angles, 3 * sinogram) == pytest.approx(3 * slice_, abs=1e-5)
    opposite = fbp(mode, "ramp", "linear", "circle", angles + 180, sinogram[:, ::-1].copy())
    assert abs(opposite - slice_).max() < 1e-5
    turned = fbp(mode, "ramp", "linear", "circle", angles + 90, sinogram)
    assert abs(np.rot90(turned, 1) - slice_).max() < 1e-4 or abs(np.rot90(turned, -1) - slice_).max() < 1e-4
    assert (fbp(mode, "ramp", "linear", "circle", angles, 0 * sinogram) == 0).all()


def test_single_precision_agrees_with_double(fbp):
    """More slices' worth of odd sizes than the reference cases have."""
    random = np.random.default_rng(2)
    for columns, angles in ((17, 3), (64, 33), (131, 50), (260, 7)):
        theta = random.uniform(-400, 400, angles)
        sinogram = random.normal(size=(angles, columns))
        for name in ("ramp", "hann", "none"):
            double, single = (fbp(mode, name, "linear", "circle", theta, sinogram) for mode in ("double", "fast"))
            assert abs(single - double).max() < 1e-5 * abs(double).max(), (columns, name)


def gridrec(program, name, centre, theta, sinogram):
    """theta in radians, as tomopy takes it: in single precision."""
    degrees = np.rad2deg(np.float32(theta).astype(float))
    columns = sinogram.shape[1]
    return program("gridrec", name, centre, columns, degrees, sinogram).reshape(columns, columns)


@needs_cases
@pytest.mark.parametrize("name", cases("ct_gridrec_tomopy.h5", "own_tests/gridrec"))
def test_gridrec_as_tomopy(program, case, name):
    with h5py.File(CASES / "ct_gridrec_tomopy.h5") as f:
        group = f["own_tests"]
        theta, projections = group["angle_rad"][()], group["proj"][()].astype(float)
        generic, own = group["offset_0p0123"][name][()], group["gridrec"][name][()]
    found = np.array([gridrec(program, name, 24, theta + 0.0123, projections[:, row]) for row in range(8)])
    case(f"ct_gridrec_tomopy offset_0p0123/{name}", abs(found - generic).max() / abs(generic).max(), 1e-5)
    # along the axes single precision decides which grid lines count
    found = np.array([gridrec(program, name, 24, theta, projections[:, row]) for row in range(8)])
    case(f"ct_gridrec_tomopy own_tests/{name}", abs(found - own).max() / abs(own).max(), 0.01)
    case(f"ct_gridrec_tomopy own_tests/{name}, rms", np.sqrt(np.mean((found - own) ** 2)) / abs(own).max(), 0.004)


@needs_cases
@pytest.mark.parametrize("name, kind, centre", [("gridrec_hann", "hann", 100), ("gridrec_parzen", "parzen", 100),
                                                ("gridrec_ramlak", "ramlak", 100), ("gridrec_shepp", "shepp", 100),
                                                ("gridrec_shepp_center_99.25", "shepp", 99.25)])
def test_gridrec_of_a_phantom_as_tomopy(program, case, name, kind, centre):
    with h5py.File(CASES / "ct_gridrec_tomopy.h5") as f:
        group = f["shepp200"]
        theta, sinogram, expected = group["theta_rad"][()], group["sinogram"][()].astype(float), group[name][()]
    found = gridrec(program, kind, centre, theta, sinogram)
    case(f"ct_gridrec_tomopy shepp200/{name}", abs(found - expected).max() / abs(expected).max(), 0.01)
    case(f"ct_gridrec_tomopy shepp200/{name}, rms", np.sqrt(np.mean((found - expected) ** 2)) / abs(expected).max(), 0.004)


@needs_cases
@pytest.mark.parametrize("kind", ["line", "linear", "strip"])
@pytest.mark.parametrize("iterations", [1, 10, 100])
def test_sirt_as_astra(program, case, kind, iterations):
    with h5py.File(CASES / "ct_sirt_matrix.h5") as f:
        a, b, expected = (f[kind][key][()] for key in ("A", "b", f"sirt_{iterations}"))
    found = program("sirt", iterations, a, b).reshape(expected.shape)
    case(f"ct_sirt_matrix {kind}/sirt_{iterations}", abs(found - expected).max(), 1e-6)


@needs_cases
@pytest.mark.parametrize("kind", ["line", "linear", "strip"])
def test_adjoint_fbp_as_astra(program, case, kind):
    with h5py.File(CASES / "ct_sirt_matrix.h5") as f:
        a, b, expected = (f[kind][key][()] for key in ("A", "b", "fbp_ramlak"))
        theta = np.rad2deg(f["geometry/theta_rad"][()].astype(float))
    found = program("adjoint", a, b.shape[1], theta, b).reshape(expected.shape)
    case(f"ct_sirt_matrix {kind}/fbp_ramlak", abs(found - expected).max(), 1e-6)


@needs_cases
def test_sart_as_scikit_image(program, case):
    with h5py.File(CASES / "ct_fbp_skimage.h5") as f:
        group = f["sart"]
        theta, sinogram, image = group["theta_deg"][()], group["sinogram"][()].T, group["image"][()]
        expected = {k: group[f"sart{k}"][()] for k in (1, 2)}
    for k, limit in ((1, 0.02), (2, 0.014)):
        found = program("sart", k, sinogram.shape[1], theta, sinogram).reshape(image.shape)
        case(f"ct_fbp_skimage sart/sart{k}", abs(found - expected[k]).max(), 1e-10)
        case(f"ct_fbp_skimage sart/sart{k}, mean error against the phantom", abs(found - image).mean(), limit)


@needs_cases
def test_projector_as_astra(program, case):
    with h5py.File(CASES / "ct_sirt_matrix.h5") as f:
        theta = np.rad2deg(f["geometry/theta_rad"][()].astype(float))
        a, b = f["linear/A"][()], f["linear/b"][()]
        expected = {k: f[f"linear/sirt_{k}"][()] for k in (1, 10, 100)}
    found = program("joseph", 16, 24, theta).reshape(a.shape)
    case("ct_sirt_matrix linear/A (single precision in ASTRA)", abs(found - a).max(), 2e-5)
    for iterations, image in expected.items():
        found = program("iterate", iterations, 16, 24, theta, b).reshape(image.shape)
        case(f"ct_sirt_matrix linear/sirt_{iterations} with our projector", abs(found - image).max(), 1e-5)
