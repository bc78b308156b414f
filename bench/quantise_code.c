/* SPDX-License-Identifier: BSD-3-Clause
 * Frames of raw values through quantise and a codec, in memory, one chunk per frame, one thread: the part of
 * bench/quantise.py that needs the library.
 *   quantise_code DTYPE ROWS COLUMNS IN.raw PARAMETERS CODEC [RESTORED.raw] [AS]
 * prints bytes, seconds of encoding and decoding (least of three), largest error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "algo/max_error.h"
#include "beampress/beampress.h"

#define REPEATS 3
#define WAVELET "wavelet:" /* before PARAMETERS: of that operation */

typedef struct task {
    bp_context *ctx;
    bp_codec_spec codec;
    bp_chain chain;
    bp_dtype dtype, as;
    size_t shape[2];
    uint8_t *values, *restored, *chunk;
    size_t frames, frame_bytes, as_bytes, capacity, stored;
    double encode, decode, error;
} task;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bp_status code_frame(task *t, size_t index)
{
    bp_array in, out;
    size_t size = 0;
    bp_status status = bp_array_init(&in, t->dtype, 0, 2, t->shape, t->values + index * t->frame_bytes);
    if (status == BP_OK)
        status = bp_array_init(&out, t->as, 0, 2, t->shape, t->restored + index * t->as_bytes);
    bp_chunk_source source = {.values = &in, .as = t->as, .place = index * t->shape[0] * t->shape[1]};
    double best = 1e30, best_back = 1e30;
    for (int k = 0; k < REPEATS && status == BP_OK; k++) {
        double start = now();
        status = bp_chunk_encode_values(t->ctx, &t->codec, &t->chain, &source, BP_LITTLE_ENDIAN, NULL,
                                        t->chunk, t->capacity, &size);
        double middle = now();
        if (status == BP_OK)
            status = bp_chunk_decode(t->ctx, t->chunk, size, out.data, t->as_bytes);
        best = middle - start < best ? middle - start : best;
        best_back = now() - middle < best_back ? now() - middle : best_back;
    }
    t->stored += size;
    t->encode += best;
    t->decode += best_back;
    if (status == BP_OK && t->as == t->dtype) {
        double error = bp_max_error(&in, &out);
        t->error = error > t->error ? error : t->error;
    }
    return status;
}

static bp_status prepare(task *t, char **argv, int argc)
{
    bool wavelet = strncmp(argv[5], WAVELET, strlen(WAVELET)) == 0;
    const bp_operation *quantise = bp_operation_by_name(wavelet ? "wavelet" : "quantise");
    const char *params = argv[5] + (wavelet ? strlen(WAVELET) : 0);
    bp_status status = bp_dtype_parse(argv[1], &t->dtype);
    t->as = t->dtype;
    if (status == BP_OK && argc > 8)
        status = bp_dtype_parse(argv[8], &t->as);
    t->shape[0] = strtoul(argv[2], NULL, 10);
    t->shape[1] = strtoul(argv[3], NULL, 10);
    t->chain.count = 1;
    t->chain.operations[0].operation = quantise;
    bp_param_defaults(quantise->params, quantise->param_count, t->chain.operations[0].params);
    if (status == BP_OK)
        status = bp_param_parse(t->ctx, "quantise", quantise->params, quantise->param_count, params,
                                t->chain.operations[0].params);
    if (status == BP_OK)
        status = bp_codec_spec_parse(t->ctx, argv[6], -1, &t->codec);
    return status;
}

static bp_status read_values(task *t, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        return bp_fail(t->ctx, BP_E_INPUT, "%s cannot be read", path);
    size_t bytes = (size_t)ftell(file), pixels = t->shape[0] * t->shape[1];
    rewind(file);
    t->frame_bytes = pixels * bp_dtype_size(t->dtype);
    t->as_bytes = pixels * bp_dtype_size(t->as);
    t->frames = bytes / t->frame_bytes;
    t->capacity = t->as_bytes + (1 << 16);
    t->values = malloc(bytes);
    t->restored = malloc(t->frames * t->as_bytes);
    t->chunk = malloc(t->capacity);
    bool read = t->values && t->restored && t->chunk && fread(t->values, 1, bytes, file) == bytes;
    fclose(file);
    return read ? BP_OK : bp_fail(t->ctx, BP_E_INPUT, "%s cannot be read", path);
}

int main(int argc, char **argv)
{
    task t = {.ctx = bp_context_new()};
    if (argc < 7)
        return 2;
    bp_status status = prepare(&t, argv, argc);
    if (status == BP_OK)
        status = read_values(&t, argv[4]);
    for (size_t i = 0; i < t.frames && status == BP_OK; i++)
        status = code_frame(&t, i);
    FILE *file = status == BP_OK && argc > 7 && *argv[7] ? fopen(argv[7], "wb") : NULL;
    if (file) {
        fwrite(t.restored, t.as_bytes, t.frames, file);
        fclose(file);
    }
    if (status == BP_OK)
        printf("%zu %.6g %.6g %.9g\n", t.stored, t.encode, t.decode, t.error);
    else
        fprintf(stderr, "%s\n", bp_context_message(t.ctx));
    free(t.values);
    free(t.restored);
    free(t.chunk);
    bp_context_free(t.ctx);
    return status != BP_OK;
}
