/* SPDX-License-Identifier: BSD-3-Clause
 * The registered form of a codec is what the registered filter itself reads and writes: our payload goes into
 * a file as it is and HDF5 reads it; HDF5 writes and our codec reads. Filters that HDF5 does not find say
 * SKIP. */
#include <hdf5.h>
#include <stdio.h>

#include "codec_inputs.h"
#include "unit/cmocka_all.h"

static bp_context *ctx;

static const struct {
    const char *spec;
    bool same_bytes; /* the filter writes our very bytes */
} cases[] = {
    {"lz4", true},
    {"lz4:shuffle=no", true},
    {"lz4:block=1024", true},
    {"lz4:level=9", false},
    {"zstd", true},
    {"zstd:level=19,shuffle=no", true},
    {"deflate", false},
    {"deflate:level=12,shuffle=no", false},
    {"bslz4", true},
    {"bslz4:block=128", true},
    {"zfp", true},
    {"zfp:accuracy=0.01", true},
    {"zfp:precision=13", true},
    {"zfp:rate=7.5", true},
};

static const struct {
    bp_dtype dtype;
    size_t rank, shape[5];
    test_pattern pattern;
} inputs[] = {
    {BP_U8, 2, {41, 37}, PATTERN_COUNTS},
    {BP_U16, 2, {64, 48}, PATTERN_RAMP},
    {BP_U16, 2, {33, 31}, PATTERN_RANDOM},
    {BP_I32, 3, {2, 30, 20}, PATTERN_COUNTS},
    {BP_U64, 1, {999}, PATTERN_RAMP},
    {BP_I64, 4, {3, 2, 11, 13}, PATTERN_COUNTS},
    {BP_F32, 5, {1, 3, 1, 20, 21}, PATTERN_RAMP},
    {BP_F64, 2, {17, 70}, PATTERN_COUNTS},
};

static hid_t type_of(bp_dtype dtype)
{
    const hid_t types[BP_DTYPE_COUNT] = {
        [BP_U8] = H5T_NATIVE_UINT8,   [BP_U16] = H5T_NATIVE_UINT16, [BP_I32] = H5T_NATIVE_INT32,
        [BP_U64] = H5T_NATIVE_UINT64, [BP_I64] = H5T_NATIVE_INT64,  [BP_F32] = H5T_NATIVE_FLOAT,
        [BP_F64] = H5T_NATIVE_DOUBLE};
    return types[dtype];
}

/* What HDF5 has stored are the words that the codec gave. */
static void check_words(hid_t set, const bp_filter *filters, size_t count)
{
    hid_t dcpl = H5Dget_create_plist(set);
    assert_int_equal(H5Pget_nfilters(dcpl), count);
    for (size_t i = 0; i < count; i++) {
        unsigned words[BP_FILTER_MAX_WORDS], flags, config;
        size_t stored = BP_FILTER_MAX_WORDS;
        assert_int_equal(H5Pget_filter2(dcpl, (unsigned)i, &flags, &stored, words, 0, NULL, &config),
                         filters[i].id);
        assert_int_equal(stored, filters[i].word_count);
        /* the first word or two are the version of the filter that is there */
        size_t versions = filters[i].id == 32008 ? 2 : filters[i].id == 32013 ? 1 : 0;
        assert_memory_equal(words + versions, filters[i].words + versions,
                            (stored - versions) * sizeof words[0]);
    }
    H5Pclose(dcpl);
}

/* A dataset of one chunk behind these filters, in a file in memory. */
static hid_t dataset_new(hid_t file, const char *name, const bp_array *in, const bp_filter *filters,
                         size_t count)
{
    hsize_t shape[5];
    for (size_t i = 0; i < in->rank; i++)
        shape[i] = in->shape[i];
    hid_t dcpl = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple((int)in->rank, shape, NULL);
    assert_true(H5Pset_chunk(dcpl, (int)in->rank, shape) >= 0);
    for (size_t i = 0; i < count; i++) {
        /* bitshuffle puts its first three words in by itself when a dataset is created */
        size_t skip = filters[i].id == 32008 ? 3 : 0;
        assert_true(H5Pset_filter(dcpl, (H5Z_filter_t)filters[i].id, H5Z_FLAG_MANDATORY,
                                  filters[i].word_count - skip, filters[i].words + skip) >= 0);
    }
    hid_t set = H5Dcreate2(file, name, type_of(in->dtype), space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
    assert_true(set >= 0);
    H5Pclose(dcpl);
    H5Sclose(space);
    check_words(set, filters, count);
    return set;
}

static void hdf5_reads_ours(hid_t file, const bp_codec_spec *spec, const bp_array *in,
                            const bp_filter *filters, size_t count, uint8_t *coded, size_t size,
                            const char *what)
{
    const hsize_t offset[5] = {0};
    bp_array ours = *in;
    ours.data = malloc(bp_array_bytes(in));
    void *theirs = malloc(bp_array_bytes(in));
    hid_t set = dataset_new(file, "ours", in, filters, count);
    assert_true(H5Dwrite_chunk(set, H5P_DEFAULT, 0, offset, size, coded) >= 0);
    if (H5Dread(set, type_of(in->dtype), H5S_ALL, H5S_ALL, H5P_DEFAULT, theirs) < 0)
        fail_msg("%s: HDF5 does not read it", what);
    assert_int_equal(bp_codec_decode(ctx, spec, coded, size, &ours), BP_OK);
    if (memcmp(theirs, ours.data, bp_array_bytes(in)) != 0)
        fail_msg("%s: HDF5 reads other values", what);
    if (bp_codec_spec_lossless(spec))
        assert_memory_equal(theirs, in->data, bp_array_bytes(in));
    H5Dclose(set);
    free(theirs);
    free(ours.data);
}

static void we_read_theirs(hid_t file, const bp_codec_spec *spec, const bp_array *in,
                           const bp_filter *filters, size_t count, const uint8_t *coded, size_t size,
                           bool same_bytes, const char *what)
{
    const hsize_t offset[5] = {0};
    hsize_t stored = 0;
    uint32_t mask = 0;
    bp_array back = *in;
    back.data = malloc(bp_array_bytes(in));
    hid_t set = dataset_new(file, "theirs", in, filters, count);
    assert_true(H5Dwrite(set, type_of(in->dtype), H5S_ALL, H5S_ALL, H5P_DEFAULT, in->data) >= 0);
    assert_true(H5Fflush(file, H5F_SCOPE_LOCAL) >= 0);
    assert_true(H5Dget_chunk_storage_size(set, offset, &stored) >= 0);
    uint8_t *chunk = malloc(stored);
    assert_true(H5Dread_chunk(set, H5P_DEFAULT, offset, &mask, chunk) >= 0);
    assert_int_equal(mask, 0);
    if (bp_codec_decode(ctx, spec, chunk, stored, &back) != BP_OK)
        fail_msg("%s: HDF5's chunk: %s", what, bp_context_message(ctx));
    if (bp_codec_spec_lossless(spec))
        assert_memory_equal(back.data, in->data, bp_array_bytes(in));
    if (same_bytes && (stored != size || memcmp(chunk, coded, size) != 0))
        fail_msg("%s: HDF5 writes %zu other bytes, not our %zu", what, (size_t)stored, size);
    H5Dclose(set);
    free(chunk);
    free(back.data);
}

/* False when HDF5 lacks a filter. */
static bool one_case(hid_t file, const bp_codec_spec *spec, const bp_array *in, bool same_bytes,
                     const char *what)
{
    bp_filter filters[2];
    size_t count = 0, size, worst = bp_codec_worst_size(spec, in);
    bool known = true;
    assert_int_equal(spec->codec->standard(ctx, spec->params, in, filters, &count), BP_OK);
    assert_in_range(count, 1, 2);
    for (size_t i = 0; i < count; i++)
        known = known && H5Zfilter_avail((H5Z_filter_t)filters[i].id) > 0;
    if (!known)
        return false;
    uint8_t *coded = malloc(worst);
    assert_int_equal(bp_codec_encode(ctx, spec, in, coded, worst, &size), BP_OK);
    hdf5_reads_ours(file, spec, in, filters, count, coded, size, what);
    we_read_theirs(file, spec, in, filters, count, coded, size, same_bytes, what);
    free(coded);
    return true;
}

static void registered_filters_agree(void **state)
{
    (void)state;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    size_t tried = 0;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        bp_codec_spec spec;
        bool known = true;
        if (bp_codec_spec_parse(ctx, cases[c].spec, -1, &spec) != BP_OK) {
            print_message("SKIP %s: %s\n", cases[c].spec, bp_context_message(ctx));
            continue;
        }
        for (size_t i = 0; known && i < sizeof inputs / sizeof inputs[0]; i++) {
            bp_array in;
            test_shape shape = {inputs[i].rank, {0}};
            char what[200];
            memcpy(shape.shape, inputs[i].shape, sizeof inputs[i].shape);
            test_array_make(&in, inputs[i].dtype, &shape, inputs[i].pattern);
            snprintf(what, sizeof what, "%s on input %zu", cases[c].spec, i);
            hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
            H5Pset_fapl_core(fapl, 1 << 16, 0);
            hid_t file = H5Fcreate("standard", H5F_ACC_TRUNC, H5P_DEFAULT, fapl);
            if (bp_codec_check(ctx, &spec, &in) == BP_OK) {
                known = one_case(file, &spec, &in, cases[c].same_bytes, what);
                tried += known;
            }
            H5Fclose(file);
            H5Pclose(fapl);
            free(in.data);
        }
        if (!known)
            print_message("SKIP %s: HDF5 does not find its filter\n", cases[c].spec);
    }
    /* deflate is in every HDF5 */
    if (bp_codec_by_name("deflate"))
        assert_true(tried > 0);
}

static void what_has_no_registered_form_is_refused(void **state)
{
    (void)state;
    bp_array huge, wide;
    bp_codec_spec spec;
    bp_filter filters[2];
    size_t count = 0;
    /* above 2 GiB; an axis of four that the 12 bits of zfp's header do not hold */
    assert_int_equal(bp_array_init(&huge, BP_U8, 0, 1, (size_t[]){3000000000u}, NULL), BP_OK);
    assert_int_equal(bp_array_init(&wide, BP_F32, 0, 4, (size_t[]){2, 2, 2, 5000}, NULL), BP_OK);
    if (bp_codec_spec_parse(ctx, "lz4", -1, &spec) == BP_OK)
        assert_int_equal(spec.codec->standard(ctx, spec.params, &huge, filters, &count), BP_E_UNSUPPORTED);
    if (bp_codec_spec_parse(ctx, "zfp", -1, &spec) == BP_OK)
        assert_int_equal(spec.codec->standard(ctx, spec.params, &wide, filters, &count), BP_E_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registered_filters_agree),
        cmocka_unit_test(what_has_no_registered_form_is_refused),
    };
    ctx = bp_context_new();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bp_context_free(ctx);
    return failed;
}
