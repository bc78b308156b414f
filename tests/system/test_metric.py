# SPDX-License-Identifier: BSD-3-Clause
"""beampress metric: against figures of scikit-image, scipy, pytorch-msssim and Z-checker, and properties that hold by
definition. The reference figures stand in metrics_values.csv beside the data; they are looked for in $BEAMPRESS_DATA/../cases."""
import csv
import json
import os
import pathlib

import h5py
import numpy as np
import pytest

DATA = os.environ.get("BEAMPRESS_DATA")
CASES = pathlib.Path(DATA).parent / "cases" if DATA else None

# ours: (theirs, relative tolerance)
POINT = {
    "max_abs": ("max_abs", 1e-9), "mean_abs": ("mean_abs", 1e-9), "bias": ("bias", 1e-9), "mse": ("mse", 1e-9),
    "rmse": ("rmse", 1e-9), "nrmse_range": ("nrmse_range", 1e-9), "nrmse_mean": ("nrmse_mean", 1e-9),
    "nrmse_euclid": ("nrmse_euclid", 1e-9), "psnr_range": ("psnr_range", 1e-9), "psnr_max": ("psnr_max", 1e-9),
    "snr": ("snr_var", 1e-9), "max_rel_range": ("max_rel_range", 1e-9), "max_pointwise_rel": ("max_pwrel", 1e-9),
    "mean_pointwise_rel": ("zc_avgPWRErr", 1e-6), "pearson": ("pearson", 1e-9), "error_skewness": ("skew_err", 1e-7),
    "error_kurtosis": ("kurt_err", 1e-7), "error_value_correlation": ("err_val_corr", 1e-7), "ks_d": ("ks_D", 1e-9),
    "wasserstein": ("wasserstein1", 1e-9), "entropy_reference": ("entropy_orig", 1e-9),
    "entropy_test": ("entropy_dec", 1e-9), "ssim": ("ssim_gauss_wang", 1e-6), "ssim_skimage": ("ssim_uniform7", 1e-6),
    "ms_ssim": ("ms_ssim_torch", 6e-6), "dssim": ("dssim_ldcpy", 1e-6),
}
# Z-checker's own figures, which it adds up in single precision and prints with ten digits
ZCHECKER = {
    "max_abs": "zc_maxAbsErr", "mean_abs": "zc_avgAbsErr", "max_rel_range": "zc_maxRelErr", "mean_rel_range": "zc_avgRelErr",
    "max_pointwise_rel": "zc_maxPWRErr", "mean_pointwise_rel": "zc_avgPWRErr", "rmse": "zc_rmse", "nrmse_range": "zc_nrmse",
    "psnr_range": "zc_psnr", "pearson": "zc_pearsonCorr", "error_value_correlation": "zc_valErrCorr", "error_lag1": "zc_errAutoCorr",
}


def metric(beampress, tmp_path, reference, test, *arguments):
    """The JSON of `beampress metric` of two arrays."""
    for name, values in (("reference", reference), ("test", test)):
        with h5py.File(tmp_path / f"{name}.h5", "w") as f:
            f["frames"] = values
    done = beampress("metric", tmp_path / "reference.h5", tmp_path / "test.h5", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(not (CASES and CASES.is_dir()), reason="SKIP: no reference cases ($BEAMPRESS_DATA/../cases)")
@pytest.mark.parametrize("case", ["camera_noisy_u8", "camera_uniform16", "poisson_abs1", "zchecker_testfloat",
                                  "ct_slice_q2"])
def test_reference_figures(beampress, tmp_path, case):
    with open(CASES / "metrics_values.csv", newline="") as f:
        theirs = {row["case"]: row[case] for row in csv.DictReader(f)}
    with h5py.File(CASES / "metrics_pairs.h5") as f, h5py.File(CASES / "otsu_skimage.h5") as images, \
            h5py.File(CASES / "ct_pipeline.h5") as ct:
        group = f[case]
        if "orig" in group:
            reference = group["orig"][()]
        elif case.startswith("camera"):
            reference = images["camera/image"][()]
        else:
            reference = ct["slice128/slice"][()].astype(np.float32)
        if "dec" in group:
            test = group["dec"][()]
        elif case == "ct_slice_q2":
            test = ct["slice128/lossy/vst_2_slice"][()]
        else:
            test = np.rint(reference / 16.0) * 16
        curves = {name: group[name][()] for name in ("autocorr_err_1d", "err_power_radial") if name in group}
    if case == "zchecker_testfloat":  # its figures are of the array as one line
        reference, test = reference.reshape(1, -1), test.reshape(1, -1)
    ours = metric(beampress, tmp_path, reference, test)
    for name, (their_name, tolerance) in POINT.items():
        if theirs[their_name] != "":
            assert ours["metrics"][name] == pytest.approx(float(theirs[their_name]), rel=tolerance, abs=1e-12), name
    for name, their_name in ZCHECKER.items():
        assert ours["metrics"][name] == pytest.approx(float(theirs[their_name]), rel=1e-4), name
    assert [ours["reference_min"], ours["reference_max"]] == pytest.approx([float(theirs["min"]), float(theirs["max"])], rel=1e-11)
    if reference.dtype == np.uint8 and test.dtype == np.uint8:
        assert ours["metrics"]["psnr_type"] == pytest.approx(float(theirs["psnr_255"]), rel=1e-9)
    if theirs["ssim_gauss_valid_torch"]:  # a Gaussian of their own in single precision
        assert ours["metrics"]["ssim"] == pytest.approx(float(theirs["ssim_gauss_valid_torch"]), rel=2e-5)
    assert ours["curves"]["error_autocorrelation"]["values"] == pytest.approx(curves["autocorr_err_1d"][1:], abs=1e-9)
    if "err_power_radial" in curves:
        spectrum = ours["curves"]["error_spectrum"]["values"]
        assert spectrum[1:] == pytest.approx(curves["err_power_radial"][1:len(spectrum)], rel=1e-9)


@pytest.mark.skipif(not (CASES and CASES.is_dir()), reason="SKIP: no reference cases ($BEAMPRESS_DATA/../cases)")
@pytest.mark.parametrize("step", [2, 3, 5])
def test_residuals_against_noise(beampress, tmp_path, step):
    with open(CASES / "residual_tests.csv", newline="") as f:
        theirs = {row["scheme"]: row for row in csv.DictReader(f)}[f"round_{step}"]
    with h5py.File(CASES / "metrics_pairs.h5") as f:
        counts = f["poisson_abs1/orig"][()].astype(float)
    ours = metric(beampress, tmp_path, counts, step * np.rint(counts / step), "noise")["metrics"]
    for name, their_name in (("residual_rms", "rms_norm_residual"), ("residual_max", "max_norm_residual"),
                             ("residual_mean", "mean_norm_residual"), ("sum_ratio", "sum_ratio"),
                             ("zeros_agree", "zeros_kept")):
        assert ours[name] == pytest.approx(float(theirs[their_name]), rel=1e-6), name


def counts(shape, mean=40, seed=3, dtype=np.uint16):
    return np.random.default_rng(seed).poisson(mean, shape).astype(dtype)


def test_identity_is_perfect(beampress, tmp_path):
    frames = counts((3, 180, 200))
    ours = metric(beampress, tmp_path, frames, frames)
    m = ours["metrics"]
    assert ours["identical"] is True and ours["frames"] == 3
    assert m["max_abs"] == m["rmse"] == m["ks_d"] == m["wasserstein"] == m["residual_rms"] == m["changed"] == 0
    assert m["ssim"] == m["ssim_skimage"] == m["dssim"] == m["ms_ssim"] == pytest.approx(1, abs=1e-12)
    assert m["pearson"] == pytest.approx(1, abs=1e-12) and m["frc_half_bit"] == 2
    assert m["psnr_range"] is None and m["error_lag1"] is None  # infinite; of an error that is nothing


def test_injected_errors_of_known_size(beampress, tmp_path):
    frames = counts((4, 64, 80)).astype(float)
    noise = np.random.default_rng(5).normal(0, 2, frames.shape)
    m = metric(beampress, tmp_path, frames, frames + 3 + noise)["metrics"]
    error = noise + 3
    assert m["bias"] == pytest.approx(error.mean(), rel=1e-9)
    assert m["rmse"] == pytest.approx(np.sqrt((error ** 2).mean()), rel=1e-9)
    assert m["max_abs"] == pytest.approx(abs(error).max(), rel=1e-9)
    assert m["error_kurtosis"] == pytest.approx(0, abs=0.1) and abs(m["error_lag1"]) < 0.03
    # correlated along a row
    smooth = np.repeat(noise[..., ::2], 2, axis=-1)
    m = metric(beampress, tmp_path, frames, frames + smooth)["metrics"]
    assert m["error_lag1_x"] == pytest.approx(0.5, abs=0.05) and abs(m["error_lag1_y"]) < 0.05


def test_rounding_to_steps_of_sigma(beampress, tmp_path):
    """Steps of q sigma leave residuals of q / sqrt(12), the law that loss is set by."""
    rate = 10000.0
    frames = counts((2, 256, 256), rate)
    for q in (0.5, 1, 2):
        step = q * np.sqrt(rate)
        m = metric(beampress, tmp_path, frames, np.rint(frames / step) * step, "noise")["metrics"]
        assert m["residual_rms"] == pytest.approx(q / np.sqrt(12), rel=0.02)


def test_against_the_truth(beampress, tmp_path):
    """chi2 and the transform tell Poisson counts from others, when the reference is their mean."""
    rate = np.full((4, 128, 128), 7.0)
    m = metric(beampress, tmp_path, rate, counts(rate.shape, 7), "noise:truth=1")["metrics"]
    assert m["chi2"] == pytest.approx(1, abs=0.03) and m["pit_ks"] < 0.01
    m = metric(beampress, tmp_path, rate, 4 * np.rint(counts(rate.shape, 7) / 4), "noise:truth=1")["metrics"]
    assert m["chi2"] > 1.05 and m["pit_ks"] > 0.05


def test_marks_masks_and_what_is_not_finite(beampress, tmp_path):
    frames = counts((2, 40, 50))
    marked = frames.copy()
    marked[:, 3, 4:9] = 65535
    other = marked.copy()
    other[:, 3, 4] = 0
    ours = metric(beampress, tmp_path, marked, other)
    assert ours["pixels"]["labels"] == 10 and ours["pixels"]["used"] == frames.size - 10
    assert ours["metrics"]["max_abs"] == 0 and ours["metrics"]["ssim"] == pytest.approx(1, abs=1e-12)
    assert metric(beampress, tmp_path, marked, other, "--keep-labels")["metrics"]["max_abs"] == 65535
    spoiled, values = frames.astype(np.float32), frames.astype(np.float32)
    spoiled[0, 0, :3] = np.nan, np.inf, -np.inf
    ours = metric(beampress, tmp_path, values, spoiled)
    assert (ours["pixels"]["test_nan"], ours["pixels"]["test_infinite"]) == (1, 2)
    assert ours["metrics"]["max_abs"] == 0 and ours["metrics"]["pixels"] == frames.size - 3
    everything = np.full((30, 30), np.nan)
    ours = metric(beampress, tmp_path, everything, everything)
    assert ours["pixels"]["used"] == 0 and ours["metrics"]["pixels"] == 0
    assert all(v is None for k, v in ours["metrics"].items() if k != "pixels")


def test_pixel_mask_of_the_detector(beampress, tmp_path):
    frames = counts((3, 20, 30))
    other = frames.copy()
    other[:, 5, 6] += 100
    for name, values in (("reference", frames), ("test", other)):
        with h5py.File(tmp_path / f"{name}.h5", "w") as f:
            entry = f.create_group("entry")
            entry.attrs["NX_class"] = "NXentry"
            detector = entry.create_group("detector")
            detector.attrs["NX_class"] = "NXdetector"
            detector["data"] = values
            mask = np.zeros((20, 30), np.uint32)
            mask[5, 6] = 1
            detector["pixel_mask"] = mask
    files = tmp_path / "reference.h5", tmp_path / "test.h5"
    ours = beampress("metric", *files, "--json").json
    assert ours["pixels"]["masked"] == 3 and ours["metrics"]["max_abs"] == 0
    assert beampress("metric", *files, "--json", "--no-mask").json["metrics"]["max_abs"] == 100


@pytest.mark.parametrize("values", [np.full((2, 30, 30), 7, np.uint16), np.zeros((1, 1), np.uint8),
                                    np.arange(5, dtype=np.int32), np.zeros((200, 200), np.float32)])
def test_constant_and_tiny(beampress, tmp_path, values):
    """Nothing that is not defined pretends to be a number."""
    ours = metric(beampress, tmp_path, values, values)["metrics"]
    assert ours["max_abs"] == 0 and ours["error_skewness"] is None
    if values.min() == values.max():
        assert ours["pearson"] is None and ours["ssim"] is None and ours["nrmse_range"] is None


def test_frames_threads_and_formats(beampress, tmp_path):
    frames = counts((7, 50, 60))
    other = frames + (np.arange(7) * 2)[:, None, None].astype(np.uint16)
    one = metric(beampress, tmp_path, frames, other, "--threads", 1)
    two = metric(beampress, tmp_path, frames, other, "--threads", 2)
    assert one["metrics"] == two["metrics"] and one["curves"] == two["curves"]
    third = metric(beampress, tmp_path, frames, other, "point", "--frame", 3)
    assert third["frames"] == 1 and third["metrics"]["max_abs"] == third["metrics"]["bias"] == 6
    np.save(tmp_path / "frames.npy", frames)
    done = beampress("metric", tmp_path / "frames.npy", tmp_path / "test.h5", "point", "--json")
    assert done.json["metrics"]["max_abs"] == 12


def taper(n):
    edge, away = min(n // 8, 20), np.minimum(np.arange(n), n - 1 - np.arange(n))
    return np.where(away >= edge, 1, 0.5 - 0.5 * np.cos(np.pi * (away + 0.5) / max(edge, 1)))


@pytest.mark.parametrize("shape,side", [((20, 40, 33), 128), ((40, 70, 64), 24)])
def test_shells(beampress, tmp_path, shape, side):
    """Fourier shell correlation by its definition, of all of a volume and of its middle box."""
    a = np.random.default_rng(3).normal(5, 1, shape)
    for axis in range(3):
        for shift in (1, 2):
            a = a + np.roll(a, shift, axis)
    b = a + np.random.default_rng(4).normal(0, 50, shape)
    ours = metric(beampress, tmp_path, a, b, f"shells:side={side}")
    box = tuple(slice((n - min(n, side)) // 2, (n - min(n, side)) // 2 + min(n, side)) for n in shape)
    a, b, longest = a[box], b[box], max(min(n, side) for n in shape)
    window = taper(a.shape[0])[:, None, None] * taper(a.shape[1])[:, None] * taper(a.shape[2])
    f, g = np.fft.fftn(window * (a - a.mean())), np.fft.fftn(window * (b - b.mean()))
    shell = np.rint(np.sqrt(sum(np.meshgrid(*[(np.fft.fftfreq(n) * longest) ** 2 for n in a.shape], indexing="ij")))).astype(int)
    sums = [np.bincount(shell.ravel(), v.ravel())[:longest // 2 + 1] for v in ((f * g.conj()).real, abs(f) ** 2, abs(g) ** 2)]
    curve = sums[0] / np.sqrt(sums[1] * sums[2])
    assert ours["curves"]["fsc"]["values"][1:] == pytest.approx(curve[1:], abs=1e-9)
    first = np.flatnonzero(curve[1:] < 1 / 7)[0] + 1
    resolution = longest / (first - (1 / 7 - curve[first]) / (curve[first - 1] - curve[first]))
    assert ours["metrics"]["fsc_one_seventh"] == pytest.approx(resolution, rel=1e-9)
    assert ours["metrics"]["fsc_half_bit"] >= 2
    assert metric(beampress, tmp_path, a, a, "shells")["metrics"]["fsc_half_bit"] == 2
    assert metric(beampress, tmp_path, a[:15], b[:15], "shells")["metrics"]["fsc_half_bit"] is None  # too few slices


@pytest.mark.parametrize("kind", ["whole numbers", "marks", "floats", "nan"])
def test_pieces_of_frames_are_as_whole_ones(beampress, tmp_path, kind):
    """Frames go through the quick metrics some rows at a time, and whole as soon as another metric wants them so."""
    reference = counts((2, 131, 3001), seed=8)
    test = reference + (np.arange(reference.size).reshape(reference.shape) % 5 == 2).astype(np.uint16)
    if kind == "marks":
        reference[0, 20:23, 7], reference[1, ::17, ::301] = 65535, 65535
    elif kind != "whole numbers":
        reference, test = np.float32(reference) * np.float32(0.37), np.float32(test) * np.float32(0.37)
        if kind == "nan":
            reference[1, 40, 2999], test[0, 90, 0] = np.nan, np.inf
    quick = ["point", "similarity", "distribution"]
    pieces = metric(beampress, tmp_path, reference, test, *quick)
    whole = metric(beampress, tmp_path, reference, test, *quick, "data_similarity")
    assert pieces["pixels"] == whole["pixels"]
    assert {name: whole["metrics"][name] for name in pieces["metrics"]} == pieces["metrics"]
    used = np.isfinite(reference) & np.isfinite(test) & (reference != 65535)
    assert pieces["metrics"]["pixels"] == used.sum()
    assert pieces["metrics"]["different_test"] == len(np.unique(test[used]))
    assert pieces["metrics"]["max_abs"] == pytest.approx(np.abs(np.float64(test[used]) - reference[used]).max(), rel=1e-6)


def test_frames_that_are_packed(beampress, tmp_path):
    """Frames are kept from the first look where memory allows; that changes no number."""
    frames = counts((9, 120, 130))
    other = frames + (np.arange(frames.size).reshape(frames.shape) % 3).astype(np.uint16)
    plain = metric(beampress, tmp_path, frames, other)
    for name, values in (("reference", frames), ("test", other)):
        with h5py.File(tmp_path / f"{name}.h5", "w") as f:
            f.create_dataset("frames", data=values, chunks=(1, 120, 130), compression="gzip")
    for memory in ("1M", "512M"):
        packed = beampress("metric", tmp_path / "reference.h5", tmp_path / "test.h5", "--json", "--memory", memory).json
        assert packed["metrics"] == plain["metrics"] and packed["curves"] == plain["curves"]


def test_limits_of_doubles(beampress, tmp_path):
    """Errors that doubles cannot hold are named or not defined; no 0 stands for them."""
    large = counts((2, 20, 20)).astype(np.uint64) + np.uint64(2 ** 60)
    metric(beampress, tmp_path, large, large + np.uint64(5), "point")
    assert "2^53" in beampress("metric", tmp_path / "reference.h5", tmp_path / "test.h5", "point").stderr
    tiny = counts((2, 20, 20)) * 1e-300
    m = metric(beampress, tmp_path, tiny, tiny + 1e-301)["metrics"]
    assert m["max_abs"] == pytest.approx(1e-301, rel=1e-6) and m["rmse"] is None and m["psnr_range"] is None
    huge = counts((2, 20, 20)) * 1e300
    m = metric(beampress, tmp_path, huge, huge + 1e299)["metrics"]
    assert m["rmse"] is None and m["ssim"] is None
    assert "numbers" in beampress_fails(beampress, tmp_path, frames_of(np.complex64))


def frames_of(dtype):
    return counts((2, 20, 20)).astype(dtype)


def beampress_fails(beampress, tmp_path, values):
    for name in ("reference", "test"):
        with h5py.File(tmp_path / f"{name}.h5", "w") as f:
            f["frames"] = values
    return beampress("metric", tmp_path / "reference.h5", tmp_path / "test.h5", code=4).stderr


def test_lossy_file_of_ours(beampress, source, tmp_path):
    """The bound that a lossy file promises is what the metric finds."""
    sample = source / "samples" / "radiography.h5"
    lossy = tmp_path / "lossy.h5"
    beampress("compress", sample, lossy, "--codec", "jpegls:near=2", "--dataset", "/entry/data/data")
    found = beampress("metric", sample, lossy, "--dataset", "/entry/data/data", "--json").json["metrics"]["max_abs"]
    assert 0 < found <= 2


def test_bad_use(beampress, tmp_path):
    frames = counts((2, 20, 20))
    metric(beampress, tmp_path, frames, frames)
    files = tmp_path / "reference.h5", tmp_path / "test.h5"
    assert "no metric 'nonsense'" in beampress("metric", *files, "nonsense", code=2).stderr
    assert "gain" in beampress("metric", *files, "noise:gain=0", code=2).stderr
    assert "only 2 frames" in beampress("metric", *files, "--frame", 2, code=2).stderr
    with h5py.File(tmp_path / "test.h5", "w") as f:
        f["frames"] = frames[:, :10]
    said = beampress("metric", *files, code=4).stderr
    assert "reference.h5" in said and "20x20" in said and "10x20" in said
    assert beampress("metric", files[0], tmp_path / "none.h5", code=3).stderr
    with h5py.File(tmp_path / "test.h5", "w") as f:
        f["frames"] = np.zeros((0, 20, 20))
    assert "empty" in beampress("metric", *files, code=3).stderr
