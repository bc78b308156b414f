/* SPDX-License-Identifier: BSD-3-Clause
 * The filter as HDF5 calls it, in a process that holds no HDF5: sizes of the buffers, several threads at
 * once, words that are wrong. The first argument names the plug-in. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <H5PLextern.h>

#include "beampress/beampress.h"
#include "unit/cmocka_all.h"

#define ROWS    64
#define COLS    80
#define BYTES   (2 * ROWS * COLS)
#define THREADS 4
#define ROUNDS  50

static const H5Z_class2_t *plugin;

static int load(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = handle ? dlsym(handle, "H5PLget_plugin_info") : NULL;
    const void *(*get_info)(void);
    if (!symbol) {
        print_error("%s\n", dlerror());
        return 1;
    }
    memcpy(&get_info, &symbol, sizeof symbol);
    plugin = get_info();
    return 0;
}

static void fill(uint16_t *values, unsigned seed)
{
    for (unsigned i = 0; i < ROWS * COLS; i++)
        values[i] = (uint16_t)((i * 2654435761u + seed) >> 29);
}

static bp_filter words_of(const char *codec)
{
    const size_t shape[2] = {ROWS, COLS};
    bp_codec_spec spec;
    bp_array chunk;
    bp_filter filter;
    assert_int_equal(bp_codec_spec_parse(NULL, codec, -1, &spec), BP_OK);
    assert_int_equal(bp_array_init(&chunk, BP_U16, 0, 2, shape, NULL), BP_OK);
    assert_int_equal(bp_chunk_words(NULL, &spec, &chunk, BP_LITTLE_ENDIAN, &filter), BP_OK);
    return filter;
}

/* Encodes and decodes through the filter; false when anything is not as it should be. */
static bool round_trip(const bp_filter *filter, unsigned flags, unsigned seed)
{
    uint16_t expected[ROWS * COLS];
    fill(expected, seed);
    size_t buf_size = BYTES + 100; /* HDF5 may hand over a buffer that is larger than its content */
    void *buf = malloc(buf_size);
    memcpy(buf, expected, BYTES);
    size_t stored = plugin->filter(flags, filter->word_count, filter->words, BYTES, &buf_size, &buf);
    bool right = stored > 0 && stored <= buf_size;
    if (right) {
        buf_size = stored + 7;
        buf = realloc(buf, buf_size);
        size_t decoded = plugin->filter(flags | H5Z_FLAG_REVERSE, filter->word_count, filter->words, stored,
                                        &buf_size, &buf);
        right = decoded == BYTES && buf_size == BYTES && memcmp(buf, expected, BYTES) == 0;
    }
    free(buf);
    return right;
}

static void sizes_are_true(void **state)
{
    (void)state;
    assert_int_equal(plugin->version, H5Z_CLASS_T_VERS);
    assert_int_equal(plugin->id, BP_HDF5_FILTER_ID);
    for (size_t i = 0; bp_codec_at(i); i++) {
        const bp_codec *codec = bp_codec_at(i);
        if (!(codec->dtypes & 1u << BP_U16))
            continue;
        bp_filter filter = words_of(codec->name);
        assert_true(round_trip(&filter, 0, 1));
    }
}

static void *work(void *user)
{
    const bp_filter *filter = user;
    for (unsigned i = 0; i < ROUNDS; i++)
        if (!round_trip(filter, 0, i))
            return NULL;
    return user;
}

static void threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    bp_filter filters[2] = {words_of("store"), words_of("bslz4")};
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &filters[i % 2]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_non_null(result);
    }
}

/* What fails leaves the buffer to HDF5 as it was. */
static void assert_refused(const bp_filter *filter, unsigned flags, size_t bytes)
{
    size_t buf_size = bytes;
    void *buf = calloc(bytes, 1), *before = buf;
    assert_int_equal(plugin->filter(flags, filter->word_count, filter->words, bytes, &buf_size, &buf), 0);
    assert_ptr_equal(buf, before);
    assert_int_equal(buf_size, bytes);
    free(buf);
}

static void wrong_words_are_refused(void **state)
{
    (void)state;
    bp_filter none = {0}, full = words_of("bslz4"), wrong;
    assert_refused(&none, 0, BYTES); /* mandatory, and nobody says what the bytes are */
    assert_refused(&full, 0, BYTES - 2);
    assert_refused(&full, H5Z_FLAG_REVERSE, BYTES); /* zeros are no chunk */
    for (size_t i = 0; i < full.word_count; i++) {
        wrong = full;
        wrong.words[i] ^= 0x40000000u;
        assert_refused(&wrong, 0, BYTES);
    }
    wrong = full;
    wrong.word_count--;
    assert_refused(&wrong, 0, BYTES);
}

static void an_optional_filter_codes_plain_bytes(void **state)
{
    (void)state;
    bp_filter none = {0}, number = {.word_count = 1, .words = {5}};
    assert_true(round_trip(&none, H5Z_FLAG_OPTIONAL, 3));
    assert_true(round_trip(&number, H5Z_FLAG_OPTIONAL, 3));
}

static void set_local_without_hdf5_lets_pass(void **state)
{
    (void)state;
    assert_true(plugin->set_local(-1, -1, -1) >= 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_true),
        cmocka_unit_test(threads_do_not_disturb_each_other),
        cmocka_unit_test(wrong_words_are_refused),
        cmocka_unit_test(an_optional_filter_codes_plain_bytes),
        cmocka_unit_test(set_local_without_hdf5_lets_pass),
    };
    if (argc != 2 || load(argv[1]))
        return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
