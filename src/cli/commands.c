/* SPDX-License-Identifier: BSD-3-Clause
 * The subcommands: what --help and the manual say of them. The examples are run by tests/system/test_cli.py.
 */
#include "cli/cli.h"

static const bp_example compress_examples[] = {
    {"beampress compress scan.h5",
     "writes scan.bp.h5: lossless and verified; readers need the beampress plug-in for HDF5"},
    {"beampress compress scan.h5 everybody.h5 --standard",
     "registered filters: h5py with hdf5plugin, DIALS and silx read it as it is"},
    {"beampress compress scan.h5 auto.h5 --codec auto --budget 500",
     "picks a codec for each dataset from a sample, and says why"},
    {"beampress compress scan.h5 small.h5 --codec zstd --level max", "another codec, into small.h5"},
    {"beampress compress scan.h5 --codec jpegls:near=2 --dataset /entry/data/data --overwrite",
     "near-lossless: no value of this dataset moves by more than 2"},
    {"beampress compress -r raw --out-dir small",
     "every file below raw, to the same relative names below small"},
    {"beampress compress --replace scan.h5", "in place: verified before the input is replaced"},
    {"beampress compress 'frame_*.tif' frames.h5", "a sequence of images becomes one dataset"},
    {"beampress compress frames.raw --shape 10x64x96 --dtype uint16 --offset 16",
     "raw bytes behind a header"},
    {NULL, NULL},
};

static const bp_example decompress_examples[] = {
    {"beampress decompress scan.bp.h5", "writes scan.plain.h5: the same content without any filter"},
    {"beampress decompress scan.bp.h5 frames.tif --to tiff", "the detector images as a TIFF stack"},
    {"beampress decompress scan.bp.h5 part.npy --to npy --frames 3:5 --region 10:20,0:32",
     "two frames of a part of the detector"},
    {"beampress decompress --salvage damaged.bp.h5 rescued.h5",
     "writes what is intact and lists the chunks that are lost"},
    {NULL, NULL},
};

static const bp_example info_examples[] = {
    {"beampress info scan.h5", "every dataset: type, shape, filters, ratio, statistics, noise"},
    {"beampress info scan.bp.h5 --dataset /entry/data/data --json", "one dataset, for a program"},
    {"beampress info scan.h5 --noise", "gain, read noise, offset, each with its uncertainty"},
    {NULL, NULL},
};

static const bp_example verify_examples[] = {
    {"beampress verify scan.h5 scan.bp.h5", "says identical, or names the first difference and exits with 1"},
    {"beampress verify scan.h5 lossy.h5 --bound 2", "values may differ by at most 2"},
    {NULL, NULL},
};

static const bp_example list_examples[] = {
    {"beampress list", "every codec and every simulator with its parameters"},
    {"beampress list codecs --json", "codecs alone, for a program"},
    {"beampress list simulate", "what simulate can make"},
    {NULL, NULL},
};

static const bp_example bench_examples[] = {
    {"beampress bench scan.h5", "every codec at every level on every detector-like dataset of the file"},
    {"beampress bench scan.h5 --dataset /entry/data/data --codec bslz4 --codec zstd:level=9 --threads 2",
     "two working points on one dataset"},
    {"beampress bench scan.h5 --peers --csv", "beside every HDF5 filter plug-in of this machine"},
    {NULL, NULL},
};

static const bp_example simulate_examples[] = {
    {"beampress simulate poisson flat.h5 pattern=flat rate=0.3", "16 frames of 0.3 photons per pixel"},
    {"beampress simulate poisson rings.h5 frames=4 height=256 width=256 rate=20 dtype=uint32 seed=7",
     "rings and peaks; the same bytes whenever and wherever it is run"},
    {NULL, NULL},
};

static const bp_example metric_examples[] = {
    {"beampress metric scan.h5 lossy.h5", "every metric over all frames"},
    {"beampress metric scan.h5 lossy.h5 point noise:gain=2.5 --frame 7 --json",
     "errors and residuals of one frame, for a program; a photon adds 2.5"},
    {NULL, NULL},
};

static const bp_example analyse_examples[] = {
    {"beampress analyse segment scan.h5", "threshold, phase fraction and objects, each with its uncertainty"},
    {"beampress analyse xpcs:frame_time=0.01 scan.h5", "g2 over all pixels, contrast and rate of its decay"},
    {"beampress analyse segment scan.h5 --against lossy.h5", "overlap of the segmentations of two files"},
    {"beampress analyse segment scan.h5 --plot segment.svg --out segment.h5",
     "a picture, and the numbers as NeXus"},
    {"beampress analyse segment:connectivity=faces,min_size=5 scan.h5 --json", "the same for a program"},
    {NULL, NULL},
};

static const bp_example judge_examples[] = {
    {"beampress judge scan.h5 lossy.h5 --science segment",
     "did the changed values touch the answer of the segmentation?"},
    {"beampress judge scan.h5 lossy.h5 --science xpcs:frame_time=0.01 budget.rate=0.1 --json",
     "a tighter budget for one result; for a program"},
    {NULL, NULL},
};

static const bp_example report_examples[] = {
    {"beampress report scan.json scan.html", "open scan.html in a browser"},
    {NULL, NULL},
};

static const bp_example explore_examples[] = {
    {"beampress explore scan.h5 --science segment", "the largest ratio that leaves the segmentation alone"},
    {"beampress explore scan.h5 --science segment --time 60 budget=0.1 --out found --json",
     "a minute at most, a tighter budget, results below found/"},
    {NULL, NULL},
};

static const bp_example run_examples[] = {
    {"beampress run 'crop x=8 y=8 width=48 height=40 | photon level=fast' scan.h5 crop.h5",
     "a region of every frame; masks, beam centre and angles follow"},
    {"beampress run 'threshold level=2' scan.h5 quiet.h5 --standard",
     "zero suppression, stored for readers without our plug-in"},
    {NULL, NULL},
};

static const bp_example check_examples[] = {
    {"beampress check 'crop x=8 | threshold level=2' scan.h5",
     "what every stage gets and gives, before any data move"},
    {NULL, NULL},
};

static const bp_example history_examples[] = {
    {"beampress history scan.h5", "every run that was written down in the file, oldest first"},
    {NULL, NULL},
};

static const bp_example reproduce_examples[] = {
    {"beampress reproduce crop.h5 scan.h5", "runs the last pipeline of crop.h5 again and compares hashes"},
    {NULL, NULL},
};

static const bp_example doctor_examples[] = {
    {"beampress doctor", "what works on this machine, and what to do about the rest"},
    {NULL, NULL},
};

#define FILES_DO_NOT_MATTER SIZE_MAX

const bp_command bp_commands[COMMAND_COUNT] = {
    [COMMAND_COMPRESS] =
        {"compress", "IN [OUT]", "write a smaller, verified copy of a file",
         "Writes a copy of IN in which the large numeric arrays are compressed and everything else is as it "
         "was. IN is an HDF5 or NeXus file, or TIFF, CBF, EDF, npy or raw bytes, which become NeXus. An "
         "image "
         "sequence is a quoted pattern, or several images followed by OUT.\n\n"
         "Without OUT the output stands beside IN with .bp before the suffix: scan.h5 becomes scan.bp.h5, "
         "scan.nxs becomes scan.bp.nxs, scan.tif becomes scan.bp.h5. It appears under that name only when it "
         "is complete, read back and compared.\n\n"
         "The default is lossless: photon, level balanced, for frames (arrays of two axes and more), one "
         "frame "
         "in a chunk; others read them with the beampress plug-in for HDF5. Everything else, and with "
         "--standard everything, takes bslz4: the registered filter 32008 (bitshuffle) with fletcher32 "
         "behind "
         "it, which needs no plug-in of ours. Values change only when --codec asks for a lossy mode, and "
         "then only in "
         "detector images or in what --dataset names; the largest error is measured and printed.\n\n"
         "The bitshuffle plug-in that Debian 12 packages cannot read bszstd (its zstd mode): h5py crashes "
         "and h5dump prints garbage there. Readers of bszstd need hdf5plugin or the beampress plug-in.",
         compress_examples, 1, FILES_DO_NOT_MATTER, bp_cli_compress},
    [COMMAND_DECOMPRESS] =
        {"decompress", "IN [OUT]", "back to plain HDF5, or to TIFF, npy or raw bytes",
         "Writes a copy of IN whose datasets have no filters, so that every HDF5 program reads it. Without "
         "OUT the output stands beside IN: scan.bp.h5 becomes scan.plain.h5; with --to it takes the suffix "
         ".tif, .npy or .raw.",
         decompress_examples, 1, FILES_DO_NOT_MATTER, bp_cli_decompress},
    [COMMAND_INFO] =
        {"info", "FILE", "what is in a file, how it is stored, and how small it can get",
         "Lists the datasets with type, shape, chunks, filters and ratio, and what the file says of the "
         "detector. For numeric arrays: number of unique values, zeros, labels (values that mark gaps, dead "
         "or "
         "saturated pixels: the largest value of the type, -1 and -2), entropy, gain and noise estimated "
         "from the data, and the limit that counting noise sets to any lossless ratio.\n\n"
         "What reading one frame costs is told for chunked datasets of three axes and more: HDF5 fetches and "
         "decodes "
         "whole chunks.\n\n"
         "Statistics are those of a sample when a dataset is larger than --memory: runs of frames spread "
         "over "
         "it, always the same ones. Entropy is of order 0: of the values without their neighbours. Gain and "
         "noise come "
         "from how the variance grows with the mean, between consecutive frames or neighbouring pixels; "
         "where that cannot be known it says \"not estimated\".",
         info_examples, 1, 1, bp_cli_info},
    [COMMAND_VERIFY] =
        {"verify", "A B", "do two files hold the same?",
         "Compares values bit by bit, types, attributes and links. Layout, filters, object times and the "
         "provenance that beampress adds do not count. Exits with 0 when they agree, and with 1 when they do "
         "not; then the first difference is named.",
         verify_examples, 2, 2, bp_cli_verify},
    [COMMAND_LIST] =
        {"list", "[codecs|simulate|metrics|science|stages]",
         "codecs and simulators with parameters, units, ranges, defaults",
         "Lists the codecs of this build: what they are called, which types they take, their parameters, the "
         "library behind them, and the codecs that this build leaves out. Then what simulate can make, "
         "metrics, "
         "techniques, and the stages of pipelines.",
         list_examples, 0, 1, bp_cli_list},
    [COMMAND_BENCH] =
        {"bench", "FILE...", "measure ratio and speed of every codec on your data",
         "Encodes and decodes a sample of each dataset in memory: runs of frames spread over it, up to "
         "--memory bytes, always the same ones. "
         "Speeds are MB/s (10^6 bytes) of raw data in processor time, from the shortest time that each chunk "
         "took in "
         "any pass (the median of the passes is in --json and --csv), on one thread unless --threads says "
         "otherwise; then they are of the shortest pass by the clock on the wall. Chunks at the edge are "
         "filled up with zeros, as HDF5 stores them. Whether the values "
         "came back is found by comparing them in every pass.\n\n"
         "Without --codec: every codec that takes the type, at each of its levels. --peers adds the HDF5 "
         "filter plug-ins found in HDF5's own plug-in folders and in HDF5_PLUGIN_PATH, and HDF5's built-in "
         "deflate, shuffle and szip. They are called as HDF5 calls them, on one thread. Each runs in a "
         "process of "
         "its own, so a plug-in that crashes is a row that says so. What cannot be measured is told, and the "
         "rest goes on.",
         bench_examples, 1, FILES_DO_NOT_MATTER, bp_cli_bench},
    [COMMAND_SIMULATE] =
        {"simulate", "KIND OUT [KEY=VALUE...]", "make frames whose truth is known",
         "Writes simulated frames to OUT as plain NeXus HDF5, and beside them what no measurement can know: "
         "for "
         "poisson the rate in every pixel, and the entropy of its counts, below which no lossless code can "
         "go. The word SIMULATED stands in the title and in attributes of the file. The same parameters give "
         "the "
         "same values on every machine.",
         simulate_examples, 2, FILES_DO_NOT_MATTER, bp_cli_simulate},
    [COMMAND_METRIC] =
        {"metric", "REF TEST [METRIC[:key=value,...]...]", "how far are two stacks of frames apart?",
         "Compares the frames of TEST with those of REF: errors, PSNR, SSIM in its several definitions, "
         "distributions, correlation and spectrum of the error, Fourier ring correlation, errors in units of "
         "the counting noise. `beampress list metrics` says what each is and where it is defined. TEST may "
         "come from any program; it needs the same number and size of frames.\n\n"
         "Pixels that the detector's mask leaves out take no part, nor do marks (the largest value of "
         "uint16, "
         "uint32 or uint64), nor what is NaN or infinite in one of the two; all are counted. What is not "
         "defined, such as the correlation of constant images, is said to be so.",
         metric_examples, 2, FILES_DO_NOT_MATTER, bp_cli_metric},
    [COMMAND_ANALYSE] =
        {"analyse", "TECHNIQUE[:key=value,...] FILE", "what does a technique find in a file?",
         "Runs the analysis of a technique on the frames of FILE and gives every number with its standard "
         "uncertainty, and where that came from. `beampress list science` shows the techniques with their "
         "parameters and what they are checked against. What is not defined is said to be so.\n\n"
         "With --against, what FILE and a changed version of it tell together: techniques that pair things "
         "(peaks, voxels) have such a comparison.",
         analyse_examples, 2, 2, bp_cli_analyse},
    [COMMAND_JUDGE] =
        {"judge", "REF TEST [KEY=VALUE...]", "did the changed values touch the answer?",
         "Runs the analyses of --science on the frames of REF and of TEST, which may come from any program, "
         "and decides for each result whether the difference is small against its uncertainty sigma. Both "
         "share their noise, so the difference is known far better than the results themselves: its own "
         "uncertainty comes from the independent units of the technique. Says pass (exit code 0) when 95 % "
         "confidence limits are within the budgets everywhere, fail (1) when they are beyond one of them, "
         "undecided (6) when the data do not suffice to tell. docs/verdict.md says how and why.\n\n"
         "Words key=value are parameters of the techniques, or budgets in units of sigma: budget=0.2 for a "
         "shift, random=0.3 for scatter, budget.NAME=X for one result. Mask, regions and whatever stands "
         "beside the frames are those of REF.",
         judge_examples, 2, FILES_DO_NOT_MATTER, bp_cli_judge},
    [COMMAND_REPORT] = {"report", "SCAN.json PAGE.html",
                        "the page of a scan of working points, from its JSON",
                        "Makes one HTML file that needs no network from what `beampress explore` found "
                        "(docs/explore-format.md): the "
                        "verdict, plots, pictures, all numbers. explore --report does the same at once.",
                        report_examples, 2, 2, bp_cli_report},
    [COMMAND_EXPLORE] =
        {"explore", "IN [KEY=VALUE...]", "which working point is safe for this question?",
         "Tries families of pipelines, from gentle to harsh, on a part of the data, judges each as `judge` "
         "does, looks for the edge between pass and fail, and confirms the largest ratio that passes on data "
         "that took no part in the choice. Points that cannot run are told and the scan goes on; when no "
         "lossy point passes it says so.\n\n"
         "Results are written to a folder beside IN, scan.explore for scan.h5: best.pipeline, explore.json, "
         "points.csv, and the points themselves, which a later run with the same data takes from there. "
         "Words "
         "key=value are those of judge. --memory is the size of the part that is tried.",
         explore_examples, 1, FILES_DO_NOT_MATTER, bp_cli_explore},
    [COMMAND_RUN] =
        {"run", "PIPELINE IN OUT", "stages on every frame, then a codec",
         "Takes the frames of IN through the stages of PIPELINE, `stage key=value ... | stage ... | codec "
         "key=value`, or @FILE that holds such a text over several lines with # comments. `beampress list "
         "stages` shows the stages; without a codec it is photon. What belongs to the frames follows them: "
         "arrays with a value for each frame, maps of pixels, beam centre and pixel sizes; what cannot stops "
         "the run before it begins (exit code 4) unless --drop names it. All else in the file stays as it "
         "is.\n\n"
         "OUT appears under its name when it is complete and read back. It says what was done to it: "
         "`beampress history`. The same bytes for any number of threads.",
         run_examples, 3, 3, bp_cli_run},
    [COMMAND_CHECK] =
        {"check", "PIPELINE IN", "what would a pipeline do?",
         "Lets type, shape, loss and everything that belongs to the frames flow through PIPELINE, and prints "
         "what each stage gets and gives. No frame is read. A mistake is named with the word that is at "
         "fault.",
         check_examples, 2, 2, bp_cli_check},
    [COMMAND_HISTORY] =
        {"history", "FILE", "what beampress did to a file",
         "Prints the chain of records that `beampress run` left: pipeline, resolved parameters, frames kept, "
         "hashes of the frames before and behind.",
         history_examples, 1, 1, bp_cli_history},
    [COMMAND_REPRODUCE] =
        {"reproduce", "OUT IN", "does IN give OUT again?",
         "Runs the last pipeline that OUT records on IN again, into a temporary file beside OUT, and "
         "compares "
         "the hashes of the frames. Exits with 0 when they agree and with 1 when they do not.",
         reproduce_examples, 2, 2, bp_cli_reproduce},
    [COMMAND_DOCTOR] =
        {"doctor", "", "does everything work on this machine?",
         "Looks whether HDF5 and the Python on the PATH find the beampress plug-in, which codecs and SIMD "
         "level are there, and which settings of the environment get in the way. Says what to do. Exits with "
         "0 when all is well, and with 1 when something needs doing.",
         doctor_examples, 0, 0, bp_cli_doctor},
};
