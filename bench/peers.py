# SPDX-License-Identifier: BSD-3-Clause
"""Codecs of others that come as Python packages, measured as `beampress bench --time` measures.

    python bench/peers.py FRAMES.npy [--time SECONDS] [--slow SECONDS]

FRAMES.npy: frames x rows x columns; each frame is encoded and decoded by a call of its own, in memory, on one thread, and
compared with the original. A rate is raw bytes per second of processor time, from the shortest time that each frame took
in any pass. One JSON object on standard output, with the fields of `beampress bench --json` and:

    view       what 16-bit coders saw of data of another type: "u16" the same values as 16 bits (two's complement for
               negative ones), "u16-min" the values minus their minimum; the better one by JPEG-LS on the first frame is
               taken. "" the data themselves
               Parameters that only a user could choose (block size, mode) are those that make the first frame smallest
    measured   frames; a pass that would take longer than `slow` is cut short. All measure in the same order
"""
import argparse
import importlib
import importlib.metadata
import json
import sys
import time

import numpy

SLOW_JXL, SLOW_BLOSC = (7, 9), (9,)
FEW_PASSES, MAX_PASSES, LONG = 3, 200, 4
BLOSC_BLOCKS = (0, 1 << 15, 1 << 17, 1 << 18, 1 << 19, 1 << 21, 1 << 23)


def order_of(count):
    """Indices with their bits reversed: any number of first ones is spread. As in src/cli/bench_measure.c."""
    bits = max(count - 1, 0).bit_length()
    reversed_indices = (int(f"{i:0{bits}b}"[::-1], 2) if bits else 0 for i in range(1 << bits))
    return [i for i in reversed_indices if i < count]


class Peer:
    """encode(frame) -> (what decode takes, stored bytes); decode(encoded, frame) -> an array like frame."""

    def __init__(self, codec, params, encode, decode, slow=False):
        self.codec, self.params, self.encode, self.decode, self.slow = codec, params, encode, decode, slow


def timed(function, *arguments):
    start = time.process_time_ns()
    result = function(*arguments)
    return result, max(time.process_time_ns() - start, 1) * 1e-9


def measure(peer, frames, seconds, slow):
    """sizes and shortest times of the frames that were measured, passes, identical"""
    order, encoded, sizes = order_of(len(frames)), {}, {}
    best = [{}, {}]
    totals = [[0.0], [0.0]]
    same, measured = True, 0
    limit = slow if peer.slow else 10 * seconds
    started = time.monotonic()

    def encode(index):
        (encoded[index], sizes[index]), took = timed(peer.encode, frames[index])
        best[0][index] = min(took, best[0].get(index, took))
        totals[0][-1] += took

    def decode(index):
        nonlocal same
        back, took = timed(peer.decode, encoded[index], frames[index])
        best[1][index] = min(took, best[1].get(index, took))
        totals[1][-1] += took
        back = numpy.asarray(back)
        same &= back.nbytes == frames[index].nbytes and \
            numpy.array_equal(back.reshape(-1).view(numpy.uint8), frames[index].reshape(-1).view(numpy.uint8))

    while measured < len(frames) and (measured == 0 or 2 * totals[0][0] <= limit):
        until = min(max(2 * measured, 1), len(frames))
        for index in order[measured:until]:
            encode(index)
        measured = until
    for index in order[:measured]:
        decode(index)
    passes = 1
    while passes < MAX_PASSES:
        elapsed = time.monotonic() - started
        if elapsed > LONG * seconds or (elapsed > seconds and passes >= FEW_PASSES):
            break
        for total in totals:
            total.append(0.0)
        for index in order[:measured]:
            encode(index)
        for index in order[:measured]:
            decode(index)
        passes += 1
    return [sizes[i] for i in order[:measured]], best, totals, passes, same


def row_of(peer, frames, raw, view, seconds, slow):
    row = {"codec": peer.codec, "params": peer.params, "peer": True, "view": view, "chunks": len(frames), "threads": 1}
    try:
        sizes, best, totals, passes, same = measure(peer, frames, seconds, slow)
    except Exception as problem:  # whatever a foreign codec does is a row that says so
        return dict(row, failed=" ".join(str(problem).split())[:300] or type(problem).__name__)
    stored, raw_bytes = sum(sizes), raw[0].nbytes * len(sizes)
    firsts = [sum(sizes[:1 << i]) for i in range(len(sizes).bit_length())]
    row.update(lossless=bool(same), stored_bytes=stored, raw_bytes=raw_bytes, ratio=raw_bytes / stored,
               bpp=8 * stored / (raw[0].size * len(sizes)), measured=len(sizes), first_bytes=firsts, passes=passes)
    for word, shortest, total in zip(("encode", "decode"), best, totals):
        row[f"{word}_MBps"] = raw_bytes / 1e6 / sum(shortest.values())
        row[f"{word}_median_MBps"] = raw_bytes / 1e6 / float(numpy.median(total))
    return row


def sized(data):
    return data, len(data)


def buffer_for(frame):
    return numpy.empty(frame.shape, frame.dtype)


def smallest(candidates, frame):
    """The candidate that makes the first frame smallest."""
    return min(candidates, key=lambda peer: peer.encode(frame)[1])


def terse_peers(pyterse, frames):
    if frames.dtype.kind not in "ui" or frames.dtype.itemsize > 4:
        return
    modes = ["DEFAULT"] if frames.dtype.kind == "i" else ["DEFAULT", "UNSIGNED"]
    candidates = []
    for mode in modes:
        def encode(frame, mode=getattr(pyterse, mode)):
            encoded = pyterse.Terse(frame, mode)
            return encoded, encoded.terse_size

        def decode(encoded, frame):
            out = buffer_for(frame)
            encoded.prolix(out)
            return out
        candidates.append(Peer("terse", f"mode={mode.lower()}", encode, decode))
    yield smallest(candidates, frames[0])


def aec_peers(codecs, frames):
    if frames.dtype.kind not in "ui" or frames.dtype.itemsize > 4:
        return
    def decode(data, frame, options):
        """libaec fills its last block, so the frame may be followed by values that are none."""
        room = numpy.empty(frame.size + 64, frame.dtype)
        codecs.aec_decode(data, out=room, **options)
        return room[:frame.size]

    flags = int(codecs.AEC.FLAG.DATA_PREPROCESS) | (int(codecs.AEC.FLAG.DATA_SIGNED) if frames.dtype.kind == "i" else 0)
    candidates = []
    for block in (8, 16, 32, 64):
        options = {"bitspersample": 8 * frames.dtype.itemsize, "flags": flags, "blocksize": block, "rsi": 128}
        candidates.append(Peer("ccsds121", f"block={block}",
                               lambda frame, o=options: sized(codecs.aec_encode(frame, out=2 * frame.nbytes + 4096, **o)),
                               lambda data, frame, o=options: decode(data, frame, o)))
    yield smallest(candidates, frames[0])


def blosc2_peers(codecs, frames):
    def decode(data, frame):
        return codecs.blosc2_decode(data, numthreads=1, out=numpy.empty(frame.nbytes, numpy.uint8))

    def made(level, block):
        words = {"compressor": "zstd", "shuffle": "bitshuffle", "typesize": frames.dtype.itemsize, "numthreads": 1}
        words.update({"blocksize": block} if block else {})
        return Peer("blosc2", f"zstd,level={level},shuffle=bit,block={block or 'auto'}",
                    lambda frame: sized(codecs.blosc2_encode(frame.reshape(-1).view(numpy.uint8), level=level, **words)),
                    decode, slow=level in SLOW_BLOSC)
    blocks = [b for b in BLOSC_BLOCKS if b < frames[0].nbytes]
    best = smallest([made(5, block) for block in blocks], frames[0]).params.split("block=")[1]
    best = 0 if best == "auto" else int(best)
    for level in (1, 5, 9):
        yield made(level, best)


def image_peers(codecs, frames):
    """8 and 16 bits only."""
    yield Peer("jpegls", "charls", lambda frame: sized(codecs.jpegls_encode(frame)),
               lambda data, frame: codecs.jpegls_decode(data, out=buffer_for(frame)))
    for effort in (1, 3, 7, 9):
        yield Peer("jpegxl", f"effort={effort}",
                   lambda frame, e=effort: sized(codecs.jpegxl_encode(frame, effort=e, lossless=True, numthreads=1)),
                   lambda data, frame: codecs.jpegxl_decode(data, numthreads=1, out=buffer_for(frame)),
                   slow=effort in SLOW_JXL)


def narrow(codecs, frames):
    """What 8- and 16-bit coders can be given of the frames, and what that view is called; None when nothing fits."""
    if frames.dtype in (numpy.uint8, numpy.uint16):
        return frames, ""
    if frames.dtype.kind not in "ui":
        return None, ""
    values = frames.view(frames.dtype.str.replace("u", "i")) if frames.dtype.kind == "u" else frames
    low, high = int(values.min()), int(values.max())
    views = []
    if (low >= 0 and high <= 65535) or (low >= -32768 and high <= 32767):
        views.append((values.astype(numpy.uint16), "u16"))
    if low < 0 and high - low <= 65535:
        views.append(((values - low).astype(numpy.uint16), "u16-min"))
    views.sort(key=lambda view: len(codecs.jpegls_encode(view[0][0])))
    return views[0] if views else (None, "")


def measure_all(frames, seconds, slow):
    rows, skipped, versions = [], [], {}

    def package(name):
        try:
            return importlib.import_module(name)
        except ImportError as problem:
            skipped.append({"package": name, "why": str(problem)})
            return None

    codecs, pyterse = package("imagecodecs"), package("pyterse")
    if codecs:
        words = [word.strip() for word in codecs.version().split(",")]
        wanted = ("imagecodecs", "libjxl", "charls", "libaec", "c-blosc2")
        versions = {name: word[len(name) + 1:] for word in words for name in wanted if word.startswith(name + "-")}
    if pyterse:
        versions["pyterse"] = importlib.metadata.version("pyterse")
        rows += [row_of(peer, frames, frames, "", seconds, slow) for peer in terse_peers(pyterse, frames)]
    if codecs:
        for peers in (aec_peers, blosc2_peers):
            rows += [row_of(peer, frames, frames, "", seconds, slow) for peer in peers(codecs, frames)]
        view, name = narrow(codecs, frames)
        if view is not None:
            view = numpy.ascontiguousarray(view)
            rows += [row_of(peer, view, frames, name, seconds, slow) for peer in image_peers(codecs, view)]
    return {"results": rows, "skipped": skipped, "versions": versions}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--time", type=float, default=1.0, help="seconds that passes are repeated")
    parser.add_argument("--slow", type=float, default=3.0, help="seconds of one pass of a slow codec, more for one frame")
    parser.add_argument("frames", help="npy file: frames x rows x columns")
    words = parser.parse_args()
    frames = numpy.ascontiguousarray(numpy.load(words.frames))
    frames = frames.reshape(-1, *frames.shape[-2:])
    json.dump(measure_all(frames, words.time, words.slow), sys.stdout)


if __name__ == "__main__":
    main()
