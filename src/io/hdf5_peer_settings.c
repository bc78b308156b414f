/* SPDX-License-Identifier: BSD-3-Clause
 * cd_values as each filter documents them: the HDF Group's list of registered filters and the filters' own
 * documentation (bitshuffle, Blosc and Blosc2, H5Z-ZFP, H5Z-SZ3, H5Z-SPERR, the HDF5 LZ4, BZIP2 and Zstandard
 * plug-ins). */
#include "io/hdf5_peer_settings.h"

#define ALL      ((1u << BP_DTYPE_COUNT) - 1u)
#define BIT(d)   (1u << (d))
#define FLOATS   (BIT(BP_F32) | BIT(BP_F64))
#define WIDE     (BIT(BP_I32) | BIT(BP_I64) | FLOATS)
#define INTEGERS (BIT(BP_U8) | BIT(BP_I8) | BIT(BP_U16) | BIT(BP_I16) | BIT(BP_U32) | BIT(BP_I32))
/* The high words of IEEE doubles whose low word is 0. */
#define HIGH_HALF 0x3fe00000u /* 0.5 */
/* 2^-10, close to 1e-3 */
#define HIGH_MILLI 0x3f500000u
/* H5Z-SPERR packs mode and quality (16 fractional bits) into one word. */
#define SPERR(mode, quality) ((unsigned)(mode) << 28 | (unsigned)(quality) << 16)

static const bp_peer_setting settings[] = {
    {1, false, false, "level=1", ALL, 1, {1}},
    {1, false, false, "level=6", ALL, 1, {6}},
    {1, true, false, "shuffle,level=1", ALL, 1, {1}},
    {1, true, true, "shuffle,level=6", ALL, 1, {6}},
    /* options (4 entropy coding alone, 32 nearest neighbour), pixels per block */
    {4, false, true, "nn,block=16", INTEGERS, 2, {32, 16}},
    {4, false, true, "nn,block=32", INTEGERS, 2, {32, 32}},
    {307, false, false, "block=9", ALL, 1, {9}},
    {32000, false, false, "", ALL, 0, {0}},
    {32000, true, false, "shuffle", ALL, 0, {0}},
    /* reserved x4, level, shuffle (0 none, 1 byte, 2 bit), compressor (0 blosclz, 1 lz4, 4 zlib, 5 zstd) */
    {32001, false, false, "blosclz,level=5,shuffle=byte", ALL, 7, {0, 0, 0, 0, 5, 1, 0}},
    {32001, false, true, "lz4,level=5,shuffle=bit", ALL, 7, {0, 0, 0, 0, 5, 2, 1}},
    {32001, false, false, "zstd,level=1,shuffle=bit", ALL, 7, {0, 0, 0, 0, 1, 2, 5}},
    {32001, false, false, "zstd,level=5,shuffle=byte", ALL, 7, {0, 0, 0, 0, 5, 1, 5}},
    {32001, false, false, "zstd,level=9,shuffle=bit", ALL, 7, {0, 0, 0, 0, 9, 2, 5}},
    {32026, false, true, "lz4,level=5,shuffle=bit", ALL, 7, {0, 0, 0, 0, 5, 2, 1}},
    {32026, false, false, "zstd,level=1,shuffle=bit", ALL, 7, {0, 0, 0, 0, 1, 2, 5}},
    {32026, false, false, "zstd,level=5,shuffle=byte", ALL, 7, {0, 0, 0, 0, 5, 1, 5}},
    {32026, false, false, "zstd,level=9,shuffle=bit", ALL, 7, {0, 0, 0, 0, 9, 2, 5}},
    {32004, false, false, "", ALL, 0, {0}},
    {32004, true, true, "shuffle", ALL, 0, {0}},
    /* block size in elements (0: its own choice), compressor (0 none, 2 LZ4, 3 zstd), level of zstd */
    {32008, false, true, "lz4", ALL, 2, {0, 2}},
    {32008, false, true, "zstd,level=3", ALL, 3, {0, 3, 3}},
    {32008, false, false, "zstd,level=10", ALL, 3, {0, 3, 10}},
    /* mode (2 precision, 3 accuracy, 5 reversible), unused, then the accuracy as a double, low word first */
    {32013, false, false, "reversible", WIDE, 6, {5}},
    {32013, false, false, "accuracy=0.5", BIT(BP_I32) | BIT(BP_I64), 6, {3, 0, 0, HIGH_HALF}},
    {32013, false, false, "precision=16", FLOATS, 6, {2, 0, 16}},
    {32015, false, false, "level=3", ALL, 1, {3}},
    {32015, true, true, "shuffle,level=3", ALL, 1, {3}},
    {32015, true, false, "shuffle,level=19", ALL, 1, {19}},
    {32018, false, false, "", INTEGERS, 0, {0}},
    /* mode (0 absolute, 1 relative to the range), then absolute, relative, norm and PSNR as doubles, high
     * word first */
    {32024, false, false, "absolute=0.5", INTEGERS, 9, {0, HIGH_HALF}},
    {32024, false, false, "relative=2^-10", ALL, 9, {1, 0, 0, HIGH_MILLI}},
    {32028, false, false, "rate=4", FLOATS, 1, {SPERR(1, 4)}},
    {32028, false, false, "psnr=70", FLOATS, 1, {SPERR(2, 70)}},
};

static const struct {
    unsigned id;
    const char *name;
} names[] = {
    {1, "deflate"},   {4, "szip"},          {305, "lzo"},          {307, "bzip2"},    {32000, "lzf"},
    {32001, "blosc"}, {32004, "lz4"},       {32008, "bitshuffle"}, {32013, "zfp"},    {32015, "zstd"},
    {32017, "sz"},    {32018, "fcidecomp"}, {32024, "sz3"},        {32026, "blosc2"}, {32028, "sperr"},
    {32029, "terse"}, {32033, "htj2k"},
};

const bp_peer_setting *bp_peer_setting_at(unsigned id, bp_dtype dtype, bool common, size_t index)
{
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (settings[i].id == id && (settings[i].common || !common) && settings[i].dtypes & 1u << dtype &&
            index-- == 0)
            return &settings[i];
    return NULL;
}

const char *bp_peer_registered_name(unsigned id)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].id == id)
            return names[i].name;
    return NULL;
}
