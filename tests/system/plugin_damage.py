# SPDX-License-Identifier: BSD-3-Clause
"""What the plug-in must refuse, in a process of its own: a crash would end it. Prints "ok" and the number of refusals.

    plugin_damage.py FILE
"""
import sys

import h5py
import numpy as np

FILTER = 47104
STORE, BSLZ4 = 1, 5
refused = 0


def refuses(action, *arguments, says=None):
    global refused
    try:
        action(*arguments)
    except (OSError, ValueError, RuntimeError) as error:
        assert says is None or says in str(error), (says, str(error))
        refused += 1
        return
    raise AssertionError(f"nobody minded: {action} {arguments}")


def create(file, name, dtype="<u2", chunks=(20, 30), opts=None, **more):
    values = (np.arange(600).reshape(chunks) % 7).astype(dtype)
    file.create_dataset(name, data=values, chunks=chunks, compression=FILTER, compression_opts=opts, **more)
    file.flush()
    return file[name]


def with_chunk(file, like, chunk):
    """A dataset of like's kind whose only chunk holds these bytes."""
    if "bad" in file:
        del file["bad"]
    plist = like.id.get_create_plist()
    plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    dataset = h5py.h5d.create(file.id, b"bad", like.id.get_type(), like.id.get_space(), plist)
    dataset.write_direct_chunk((0,) * len(like.shape), chunk)
    return h5py.Dataset(dataset)


def damaged_chunks(file):
    for name in ("plain", "stored", "tight"):
        good = file[name]
        chunk = good.id.read_direct_chunk((0, 0))[1]
        assert (with_chunk(file, good, chunk)[...] == good[...]).all()
        random = np.random.default_rng(3)
        for bit in random.integers(0, 8 * len(chunk), 400):
            bad = bytearray(chunk)
            bad[bit // 8] ^= 1 << bit % 8
            refuses(lambda: with_chunk(file, good, bytes(bad))[...])
        for length in (1, 7, 8, 31, 32, 48, len(chunk) // 2, len(chunk) - 1):
            refuses(lambda: with_chunk(file, good, chunk[:length])[...])
        refuses(lambda: with_chunk(file, good, chunk + b"x")[...])


def swapped_chunks(file):
    """Chunks that are valid, in a dataset that is not theirs."""
    kinds = [("<u2", (20, 30)), ("<u2", (30, 20)), (">u2", (20, 30)), ("<i2", (20, 30)), ("<u4", (20, 30)),
             ("<u2", (600,)), ("<u2", (10, 2, 30))]
    made = [create(file, f"kind{i}", dtype, chunks) for i, (dtype, chunks) in enumerate(kinds)]
    for a in made:
        for b in made:
            chunk = b.id.read_direct_chunk((0,) * b.ndim)[1]
            if a is b:
                assert (with_chunk(file, a, chunk)[...] == a[...]).all()
            else:
                refuses(lambda: with_chunk(file, a, chunk)[...])


def wrong_words(file):
    for opts, says in [((999,), "number of no codec"), ((70000,), None), ((0x42500001,), None),
                       ((0x42500001, 1, 2, 3, 4, 5, 6, 7, 8), None), ((STORE, 1, 2, 3), "parameters"),
                       ((BSLZ4, 3), None)]:
        refuses(create, file, "wrong", "<u2", (20, 30), opts, says=says)
        assert "wrong" not in file
    refuses(lambda: create(file, "wrong", shuffle=True), says="first of the pipeline")


with h5py.File(sys.argv[1], "w") as file:
    create(file, "plain", opts=(BSLZ4,))
    create(file, "stored", opts=(STORE,))
    create(file, "tight")
    damaged_chunks(file)
    swapped_chunks(file)
    wrong_words(file)
print("ok", refused)
