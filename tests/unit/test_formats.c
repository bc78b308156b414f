/* SPDX-License-Identifier: BSD-3-Clause
 * The readers of frames on small files that are made here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>
#include <unistd.h>

#include "io/cbf_byte_offset.h"
#include "io/frames.h"
#include "io/frames_paths.h"
#include "io/md5.h"
#include "unit/cmocka_all.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/bp_formats_XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static const char *place(const char *name)
{
    static char path[2][256];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(place(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static bp_status open_one(bp_context *ctx, const char *name, const bp_frames_raw *raw, bp_frames **frames)
{
    const char *path = place(name);
    return bp_frames_open(ctx, &path, 1, raw, frames);
}

static void expect_refused(const char *name, bp_status expected, const char *words)
{
    bp_context *ctx = bp_context_new();
    bp_frames *frames;
    bp_status status = open_one(ctx, name, NULL, &frames);
    if (status == BP_OK) {
        void *values = malloc(bp_frames_get_facts(frames)->frame_bytes);
        assert_non_null(values);
        status = bp_frames_read(ctx, frames, 0, values);
        free(values);
    }
    assert_int_equal(status, expected);
    assert_non_null(strstr(bp_context_message(ctx), words));
    assert_non_null(strstr(bp_context_message(ctx), name));
    bp_frames_close(frames);
    bp_context_free(ctx);
}

static void names_are_ordered_by_their_numbers(void **state)
{
    (void)state;
    assert_true(bp_natural_compare("scan_9.tif", "scan_10.tif") < 0);
    assert_true(bp_natural_compare("scan_0009.tif", "scan_10.tif") < 0);
    assert_true(bp_natural_compare("scan_10a", "scan_10b") < 0);
    assert_true(bp_natural_compare("a", "ab") < 0);
    assert_true(bp_natural_compare("scan_01", "scan_1") != 0);
    assert_int_equal(bp_natural_compare("x7", "x7"), 0);
}

static void md5_of_rfc1321(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint8_t first[4];
    } known[] = {{"", {0xd4, 0x1d, 0x8c, 0xd9}},
                 {"abc", {0x90, 0x01, 0x50, 0x98}},
                 {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                  {0x57, 0xed, 0xf4, 0xa2}}};
    for (size_t i = 0; i < 3; i++) {
        uint8_t digest[16];
        bp_md5(known[i].text, strlen(known[i].text), digest);
        assert_memory_equal(digest, known[i].first, 4);
    }
}

static void byte_offsets_are_decoded(void **state)
{
    (void)state;
    /* 5, 5 - 127, + 300, + 100000, - 100000 - 300 */
    const uint8_t in[] = {5,    0x81, 0x80, 0x2c, 0x01, 0x80, 0x00, 0x80, 0xa0, 0x86,
                          0x01, 0x00, 0x80, 0x00, 0x80, 0x34, 0x78, 0xfe, 0xff};
    const int32_t expected[] = {5, -122, 178, 100178, -122};
    int32_t out[5];
    assert_int_equal(bp_cbf_byte_offset_decode(NULL, in, sizeof in, BP_I32, false, out, 5), BP_OK);
    assert_memory_equal(out, expected, sizeof out);
    assert_int_equal(bp_cbf_byte_offset_decode(NULL, in, sizeof in - 1, BP_I32, false, out, 5), BP_E_DAMAGED);
    assert_int_equal(bp_cbf_byte_offset_decode(NULL, in, sizeof in, BP_I32, false, out, 4), BP_E_DAMAGED);
    uint16_t narrow[5];
    assert_int_equal(bp_cbf_byte_offset_decode(NULL, in, sizeof in, BP_U16, false, narrow, 5), BP_E_DAMAGED);
    assert_int_equal(bp_cbf_byte_offset_decode(NULL, in, sizeof in, BP_U16, true, narrow, 5), BP_OK);
    assert_int_equal(narrow[1], 65536 - 122);
}

static void write_npy(const char *name, const char *header, const void *values, size_t size)
{
    uint8_t bytes[512] = "\x93NUMPY\x01";
    size_t length = strlen(header);
    bytes[8] = (uint8_t)length;
    memcpy(bytes + 10, header, length);
    memcpy(bytes + 10 + length, values, size);
    write_file(name, bytes, 10 + length + size);
}

static void npy_in_any_order(void **state)
{
    (void)state;
    const uint8_t values[] = {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6};
    const uint16_t c[] = {1, 2, 3, 4, 5, 6}, fortran[] = {1, 3, 5, 2, 4, 6};
    uint16_t out[6];
    for (int order = 0; order < 2; order++) {
        bp_context *ctx = bp_context_new();
        bp_frames *frames;
        write_npy("a.npy",
                  order ? "{'descr': '>u2', 'fortran_order': True, 'shape': (2, 3), }\n"
                        : "{'shape': (2, 3), 'fortran_order': False, 'descr': '>u2'}\n",
                  values, sizeof values);
        assert_int_equal(open_one(ctx, "a.npy", NULL, &frames), BP_OK);
        const bp_frames_facts *facts = bp_frames_get_facts(frames);
        assert_string_equal(facts->format, "npy");
        assert_int_equal(facts->dtype, BP_U16);
        assert_true(facts->big_endian);
        assert_int_equal(facts->rank, 2);
        assert_int_equal(facts->shape[1], 3);
        assert_int_equal(bp_frames_read(ctx, frames, 0, out), BP_OK);
        assert_memory_equal(out, order ? fortran : c, sizeof out);
        bp_frames_close(frames);
        bp_context_free(ctx);
    }
}

static void npy_that_is_wrong(void **state)
{
    (void)state;
    const uint8_t values[16] = {0};
    static const struct {
        const char *header, *words;
        bp_status status;
    } wrong[] = {
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (9,), }", "bytes of values", BP_E_DAMAGED},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (7,), }", "would be lost", BP_E_LOSS},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", "<c8", BP_E_UNSUPPORTED},
        {"{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': (8,), }", "structures",
         BP_E_UNSUPPORTED},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296), }",
         "impossible", BP_E_DAMAGED},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (99999999999999999999999,), }", "understood",
         BP_E_DAMAGED},
        {"{'descr': '<u2', 'fortran_order': Maybe, 'shape': (8,), }", "understood", BP_E_DAMAGED},
        {"{'descr': '<u2', 'shape': (8,), }", "understood", BP_E_DAMAGED},
        {"{'descr': '<u2", "understood", BP_E_DAMAGED},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        write_npy("wrong.npy", wrong[i].header, values, sizeof values);
        expect_refused("wrong.npy", wrong[i].status, wrong[i].words);
    }
    write_file("short.npy", "\x93NUMPY\x01\x00\xff", 9);
    expect_refused("short.npy", BP_E_DAMAGED, "ends at byte");
}

static void raw_needs_the_right_size(void **state)
{
    (void)state;
    uint8_t bytes[20] = {9, 9, 9, 9, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8};
    uint16_t out[4];
    bp_frames_raw raw = {.dtype = BP_U16, .big_endian = true, .rank = 3, .shape = {2, 2, 2}, .offset = 4};
    bp_context *ctx = bp_context_new();
    bp_frames *frames;
    write_file("bytes.raw", bytes, sizeof bytes);
    assert_int_equal(open_one(ctx, "bytes.raw", &raw, &frames), BP_OK);
    assert_int_equal(bp_frames_get_facts(frames)->count, 2);
    assert_int_equal(bp_frames_read(ctx, frames, 1, out), BP_OK);
    assert_int_equal(out[0], 5);
    assert_int_equal(out[3], 8);
    bp_frames_close(frames);
    raw.offset = 3;
    assert_int_equal(open_one(ctx, "bytes.raw", &raw, &frames), BP_E_USAGE);
    raw.offset = 4;
    raw.dtype = BP_OPAQUE;
    assert_int_equal(open_one(ctx, "bytes.raw", &raw, &frames), BP_E_USAGE);
    bp_context_free(ctx);
    expect_refused("bytes.raw", BP_E_INPUT, "--shape");
}

static void edf_with_two_frames(void **state)
{
    (void)state;
    static const char text[] =
        "{\nHeaderID = EH:000001 ;\nByteOrder = HighByteFirst ;\nDataType = UnsignedShort ;\nDim_1 = 2 ;\n"
        "Dim_2 = 1 ;\nSize = 4 ;\ntitle = two words ;\n   }\n";
    char file[2 * (sizeof text + 3)];
    size_t used = 0;
    for (int i = 0; i < 2; i++) {
        memcpy(file + used, text, sizeof text - 1);
        memcpy(file + used + sizeof text - 1, i ? "\0\3\0\4" : "\0\1\0\2", 4);
        used += sizeof text + 3;
    }
    write_file("two.edf", file, used);
    bp_context *ctx = bp_context_new();
    bp_frames *frames;
    uint16_t out[2];
    char *header;
    assert_int_equal(open_one(ctx, "two.edf", NULL, &frames), BP_OK);
    assert_int_equal(bp_frames_get_facts(frames)->count, 2);
    assert_int_equal(bp_frames_read(ctx, frames, 1, out), BP_OK);
    assert_int_equal(out[1], 4);
    assert_int_equal(bp_frames_header(ctx, frames, 1, &header), BP_OK);
    assert_string_equal(header, text);
    free(header);
    bp_frames_close(frames);
    bp_context_free(ctx);
    write_file("short.edf", file, used - 1);
    expect_refused("short.edf", BP_E_DAMAGED, "the file ends");
    write_file("cut.edf", file, 40);
    expect_refused("cut.edf", BP_E_DAMAGED, "within the header");
    static const char packed[] = "{\nDim_1 = 2 ;\nDataType = UnsignedByte ;\nCompression = GZip ;\n}\nxx";
    write_file("packed.edf", packed, sizeof packed - 1);
    expect_refused("packed.edf", BP_E_UNSUPPORTED, "GZip");
    static const char huge[] = "{\nDim_1 = 999999999999 ;\nDim_2 = 999999999999 ;\nDataType = Double "
                               ";\nByteOrder = LowByteFirst ;\n}\n";
    write_file("huge.edf", huge, sizeof huge - 1);
    expect_refused("huge.edf", BP_E_DAMAGED, "does not fit");
}

static size_t make_cbf(char *file, size_t size, const char *type, const char *md5, const char *bytes,
                       size_t count, unsigned width)
{
    int used =
        snprintf(file, size,
                 "###CBF: VERSION 1.5\r\n\r\ndata_x\r\n\r\n# Exposure_time 0.1 s\r\n_array_data.data\r\n;\r\n"
                 "--CIF-BINARY-FORMAT-SECTION--\r\nContent-Type: application/octet-stream;\r\n"
                 "     conversions=\"x-CBF_BYTE_OFFSET\"\r\nContent-Transfer-Encoding: BINARY\r\n"
                 "X-Binary-Size: %zu\r\nX-Binary-Element-Type: \"%s\"\r\n"
                 "X-Binary-Element-Byte-Order: LITTLE_ENDIAN\r\n%s%s%s"
                 "X-Binary-Number-of-Elements: %u\r\nX-Binary-Size-Fastest-Dimension: %u\r\n"
                 "X-Binary-Size-Second-Dimension: 1\r\nX-Binary-Size-Padding: 4\r\n\r\n\x0c\x1a\x04\xd5",
                 count, type, md5 ? "Content-MD5: " : "", md5 ? md5 : "", md5 ? "\r\n" : "", width, width);
    memcpy(file + used, bytes, count);
    memset(file + used + count, 0, 4);
    memcpy(file + used + count + 4, "\r\n--CIF-BINARY-FORMAT-SECTION----\r\n;\r\n", 39);
    return (size_t)used + count + 43;
}

static void cbf_is_checked(void **state)
{
    (void)state;
    char file[2048];
    static const char md5[] = "N7UdGUp1E+RbVvZSTy1R8g=="; /* of 62 61 72: "bar" */
    bp_context *ctx = bp_context_new();
    bp_frames *frames;
    int32_t out[3];
    char *header;
    size_t used = make_cbf(file, sizeof file, "signed 32-bit integer", md5, "bar", 3, 3);
    write_file("a.cbf", file, used);
    assert_int_equal(open_one(ctx, "a.cbf", NULL, &frames), BP_OK);
    assert_int_equal(bp_frames_read(ctx, frames, 0, out), BP_OK);
    assert_int_equal(out[2], 'b' + 'a' + 'r');
    assert_int_equal(bp_frames_header(ctx, frames, 0, &header), BP_OK);
    assert_non_null(strstr(header, "Exposure_time 0.1 s"));
    free(header);
    bp_frames_close(frames);
    bp_context_free(ctx);
    used = make_cbf(file, sizeof file, "signed 32-bit integer", md5, "baz", 3, 3);
    write_file("flipped.cbf", file, used);
    expect_refused("flipped.cbf", BP_E_DAMAGED, "Content-MD5");
    write_file("short.cbf", file, used - 43);
    expect_refused("short.cbf", BP_E_DAMAGED, "Content-MD5");
    write_file("shorter.cbf", file, used - 44);
    expect_refused("shorter.cbf", BP_E_DAMAGED, "the file ends");
    used = make_cbf(file, sizeof file, "signed 32-bit integer", NULL, "bar", 3, 4000000000u);
    write_file("huge.cbf", file, used);
    expect_refused("huge.cbf", BP_E_DAMAGED, "cannot stand in 3 bytes");
    used = make_cbf(file, sizeof file, "signed 32-bit real IEEE", NULL, "bar", 3, 3);
    write_file("real.cbf", file, used);
    expect_refused("real.cbf", BP_E_DAMAGED, "no integers");
    write_file("none.cbf", "###CBF: VERSION 1.5\r\n", 21);
    expect_refused("none.cbf", BP_E_DAMAGED, "no binary section");
}

typedef struct tiff_recipe {
    uint16_t bits, kind, compression, samples, planar, tile;
    uint32_t width, height;
} tiff_recipe;

static void write_page(TIFF *tif, const tiff_recipe *recipe, const uint8_t *values)
{
    TIFFSetField(tif, TIFFTAG_IMAGEWIDTH, recipe->width);
    TIFFSetField(tif, TIFFTAG_IMAGELENGTH, recipe->height);
    TIFFSetField(tif, TIFFTAG_BITSPERSAMPLE, recipe->bits);
    TIFFSetField(tif, TIFFTAG_SAMPLEFORMAT, recipe->kind);
    TIFFSetField(tif, TIFFTAG_SAMPLESPERPIXEL, recipe->samples);
    TIFFSetField(tif, TIFFTAG_PLANARCONFIG, recipe->planar);
    TIFFSetField(tif, TIFFTAG_COMPRESSION, recipe->compression);
    TIFFSetField(tif, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    TIFFSetField(tif, TIFFTAG_IMAGEDESCRIPTION, "what it shows");
    unsigned planes = recipe->planar == PLANARCONFIG_SEPARATE ? recipe->samples : 1;
    size_t pixel = recipe->bits / 8u * (planes > 1 ? 1u : recipe->samples), row = pixel * recipe->width;
    if (recipe->tile) {
        uint8_t tile[32 * 32 * 8 * 3] = {0};
        TIFFSetField(tif, TIFFTAG_TILEWIDTH, 32);
        TIFFSetField(tif, TIFFTAG_TILELENGTH, 32);
        for (uint16_t plane = 0; plane < planes; plane++)
            for (uint32_t y = 0; y < recipe->height; y += 32)
                for (uint32_t x = 0; x < recipe->width; x += 32) {
                    uint32_t columns = recipe->width - x < 32 ? recipe->width - x : 32;
                    for (uint32_t i = 0; i < 32 && y + i < recipe->height; i++)
                        memcpy(tile + i * 32 * pixel,
                               values + plane * recipe->height * row + (y + i) * row + x * pixel,
                               columns * pixel);
                    assert_true(TIFFWriteTile(tif, tile, x, y, 0, plane) > 0);
                }
    } else {
        TIFFSetField(tif, TIFFTAG_ROWSPERSTRIP, 7);
        for (uint16_t plane = 0; plane < planes; plane++)
            for (uint32_t y = 0; y < recipe->height; y++) {
                uint8_t line[64 * 24];
                memcpy(line, values + (plane * recipe->height + y) * row, row);
                assert_int_equal(TIFFWriteScanline(tif, line, y, plane), 1);
            }
    }
    assert_int_equal(TIFFWriteDirectory(tif), 1);
}

static void write_tiff(const char *name, const char *mode, const tiff_recipe *recipes, size_t count,
                       const uint8_t *values)
{
    TIFF *tif = TIFFOpen(place(name), mode);
    assert_non_null(tif);
    for (size_t i = 0; i < count; i++)
        write_page(tif, &recipes[i], values);
    TIFFClose(tif);
}

static void check_tiff(const char *mode, const tiff_recipe *recipe, bp_dtype dtype)
{
    static uint8_t values[61 * 45 * 24], out[sizeof values];
    const tiff_recipe pages[3] = {*recipe, *recipe, *recipe};
    for (size_t i = 0; i < sizeof values; i++)
        values[i] = (uint8_t)(i * i >> 5);
    write_tiff("a.tif", mode, pages, 3, values);
    bp_context *ctx = bp_context_new();
    bp_frames *frames;
    char *header;
    assert_int_equal(open_one(ctx, "a.tif", NULL, &frames), BP_OK);
    const bp_frames_facts *facts = bp_frames_get_facts(frames);
    assert_int_equal(facts->dtype, dtype);
    assert_int_equal(facts->count, 3);
    assert_int_equal(facts->rank, recipe->samples > 1 ? 4 : 3);
    assert_int_equal(facts->frame_bytes,
                     recipe->width * recipe->height * recipe->samples * recipe->bits / 8u);
    for (int page = 2; page >= 0; page--) {
        memset(out, 0, sizeof out);
        assert_int_equal(bp_frames_read(ctx, frames, (uint64_t)page, out), BP_OK);
        assert_memory_equal(out, values, facts->frame_bytes);
    }
    assert_int_equal(bp_frames_header(ctx, frames, 1, &header), BP_OK);
    assert_string_equal(header, "ImageDescription: what it shows\n");
    free(header);
    bp_frames_close(frames);
    bp_context_free(ctx);
}

static void tiff_of_every_kind(void **state)
{
    (void)state;
    static const struct {
        uint16_t bits, kind;
        bp_dtype dtype;
    } types[] = {
        {8, SAMPLEFORMAT_UINT, BP_U8},     {16, SAMPLEFORMAT_UINT, BP_U16},
        {32, SAMPLEFORMAT_UINT, BP_U32},   {64, SAMPLEFORMAT_UINT, BP_U64},
        {8, SAMPLEFORMAT_INT, BP_I8},      {16, SAMPLEFORMAT_INT, BP_I16},
        {32, SAMPLEFORMAT_INT, BP_I32},    {64, SAMPLEFORMAT_INT, BP_I64},
        {16, SAMPLEFORMAT_IEEEFP, BP_F16}, {32, SAMPLEFORMAT_IEEEFP, BP_F32},
        {64, SAMPLEFORMAT_IEEEFP, BP_F64},
    };
    static const char *const modes[] = {"wl", "wb", "wl8", "wb8"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        for (size_t mode = 0; mode < 4; mode++) {
            tiff_recipe recipe = {
                types[i].bits, types[i].kind, COMPRESSION_NONE, 1, PLANARCONFIG_CONTIG, 0, 61, 45};
            recipe.compression = mode % 2 ? COMPRESSION_LZW : COMPRESSION_NONE;
            recipe.tile = mode >= 2;
            check_tiff(modes[mode], &recipe, types[i].dtype);
        }
    for (uint16_t tile = 0; tile < 2; tile++) {
        tiff_recipe recipe = {
            16, SAMPLEFORMAT_UINT, COMPRESSION_ADOBE_DEFLATE, 3, PLANARCONFIG_CONTIG, tile, 61, 45};
        check_tiff("wl", &recipe, BP_U16);
        recipe.planar = PLANARCONFIG_SEPARATE;
        check_tiff("wl", &recipe, BP_U16);
    }
}

static void tiff_that_is_wrong(void **state)
{
    (void)state;
    static uint8_t values[61 * 45 * 8], bytes[8192];
    tiff_recipe pages[2] = {{16, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 1, PLANARCONFIG_CONTIG, 0, 61, 45}};
    pages[1] = pages[0];
    pages[1].width = 60;
    write_tiff("two.tif", "wl", pages, 2, values);
    expect_refused("two.tif", BP_E_UNSUPPORTED,
                   "page 1 (45x60 uint16) differs from the first (45x61 uint16)");
    write_tiff("one.tif", "wl", pages, 1, values);
    FILE *file = fopen(place("one.tif"), "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_in_range(size, 61 * 45 * 2, sizeof bytes - 1);
    write_file("short.tif", bytes, size - 40);
    expect_refused("short.tif", BP_E_DAMAGED, "short.tif");
    write_file("start.tif", bytes, 6);
    expect_refused("start.tif", BP_E_DAMAGED, "not a readable TIFF");
    write_file("empty.tif", bytes, 0);
    expect_refused("empty.tif", BP_E_DAMAGED, "empty");
    write_file("zip.tif", "PK\3\4", 4);
    expect_refused("zip.tif", BP_E_UNSUPPORTED, "zip");
}

static void series_must_agree(void **state)
{
    (void)state;
    uint8_t values[61 * 45 * 2];
    char pattern[128];
    const char *paths[] = {pattern};
    tiff_recipe page = {16, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 1, PLANARCONFIG_CONTIG, 0, 61, 45};
    bp_context *ctx = bp_context_new();
    bp_frames *frames;
    for (unsigned i = 0; i < 3; i++) {
        static const char *const names[] = {"scan_9.tif", "scan_10.tif", "scan_11.tif"};
        memset(values, (int)i, sizeof values);
        write_tiff(names[i], "wl", &page, 1, values);
    }
    snprintf(pattern, sizeof pattern, "%s/scan_*.tif", folder);
    assert_int_equal(bp_frames_open(ctx, paths, 1, NULL, &frames), BP_OK);
    assert_int_equal(bp_frames_get_facts(frames)->count, 3);
    assert_int_equal(bp_frames_file_of(frames, 2), 2);
    for (uint64_t i = 3; i-- > 0;) {
        assert_int_equal(bp_frames_read(ctx, frames, i, values), BP_OK);
        assert_int_equal(values[7], i);
    }
    bp_frames_close(frames);
    page.height = 44;
    write_tiff("scan_12.tif", "wl", &page, 1, values);
    assert_int_equal(bp_frames_open(ctx, paths, 1, NULL, &frames), BP_E_UNSUPPORTED);
    assert_non_null(strstr(bp_context_message(ctx), "scan_12.tif: 44x61 uint16 where"));
    snprintf(pattern, sizeof pattern, "%s/nothing_*.tif", folder);
    assert_int_equal(bp_frames_open(ctx, paths, 1, NULL, &frames), BP_E_INPUT);
    assert_null(frames);
    bp_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_ordered_by_their_numbers),
        cmocka_unit_test(md5_of_rfc1321),
        cmocka_unit_test(byte_offsets_are_decoded),
        cmocka_unit_test(npy_in_any_order),
        cmocka_unit_test(npy_that_is_wrong),
        cmocka_unit_test(raw_needs_the_right_size),
        cmocka_unit_test(edf_with_two_frames),
        cmocka_unit_test(cbf_is_checked),
        cmocka_unit_test(tiff_of_every_kind),
        cmocka_unit_test(tiff_that_is_wrong),
        cmocka_unit_test(series_must_agree),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
