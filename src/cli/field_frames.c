/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/field_frames.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/values.h"

#define MOST_BYTES ((uint64_t)1 << 30) /* of temporary files, for each of the two */

static bp_status cannot(bp_cli *cli, const char *path)
{
    return bp_fail(cli->ctx, BP_E_OUTPUT, "%s: %s", path, strerror(errno));
}

static FILE *begin(bp_cli *cli, const char *folder, const char *name, char path[PATH_MAX], bp_status *status)
{
    snprintf(path, PATH_MAX, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    *status = file ? BP_OK : cannot(cli, path);
    return file;
}

static bp_status finish(bp_cli *cli, FILE *file, const char *path, bp_status status)
{
    bool written = !ferror(file);
    written = fclose(file) == 0 && written;
    return status == BP_OK && !written ? cannot(cli, path) : status;
}

/* numpy's file format, version 1.0: values in C order, machine byte order ("=" is not allowed there). */
static void npy_head(FILE *file, const char *type, uint64_t frames, size_t rows, size_t columns)
{
    char text[128], shape[96];
    if (frames)
        snprintf(shape, sizeof shape, "%llu, %zu, %zu", (unsigned long long)frames, rows, columns);
    else
        snprintf(shape, sizeof shape, "%zu, %zu", rows, columns);
    int length = snprintf(text, sizeof text - 1, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                          type, shape);
    memset(text + length, ' ', sizeof text - (size_t)length);
    const unsigned char begin_of_file[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0};
    text[117] = '\n';
    fwrite(begin_of_file, 1, sizeof begin_of_file, file);
    fwrite(text, 1, 118, file);
}

/* A type that keeps every value and that numpy has. */
static bp_dtype type_of(bp_dtype dtype, char type[8])
{
    static const struct {
        bp_dtype dtype;
        char kind;
    } rows[] = {{BP_U8, 'u'},  {BP_U16, 'u'}, {BP_U32, 'u'}, {BP_I8, 'i'},
                {BP_I16, 'i'}, {BP_I32, 'i'}, {BP_F32, 'f'}, {BP_F64, 'f'}};
    const unsigned one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].dtype == dtype) {
            snprintf(type, 8, "%c%c%zu", first ? '<' : '>', rows[i].kind, bp_dtype_size(dtype) % 10);
            return dtype;
        }
    snprintf(type, 8, "%cf8", first ? '<' : '>');
    return BP_F64;
}

static bp_status write_stack(bp_cli *cli, const bp_source *in, uint64_t frames, const char *folder,
                             const char *name)
{
    const bp_science_stack *s = &in->frames;
    char path[PATH_MAX], type[8];
    size_t pixels = s->rows * s->columns;
    bp_dtype dtype = type_of(s->dtype, type);
    bp_status status;
    double *frame = malloc((pixels + 1) * sizeof *frame);
    void *bytes = malloc((pixels + 1) * bp_dtype_size(dtype));
    FILE *file = begin(cli, folder, name, path, &status);
    if (status == BP_OK && (!frame || !bytes))
        status = bp_fail(cli->ctx, BP_E_MEMORY, "no memory for a frame");
    if (status == BP_OK)
        npy_head(file, type, frames, s->rows, s->columns);
    for (uint64_t i = 0; i < frames && status == BP_OK; i++) {
        status = s->read(cli->ctx, s->user, i, 1, frame);
        if (status != BP_OK)
            break;
        bp_values_from_double(dtype, frame, pixels, bytes);
        if (fwrite(bytes, bp_dtype_size(dtype), pixels, file) != pixels)
            status = cannot(cli, path);
    }
    if (file)
        status = finish(cli, file, path, status);
    free(frame);
    free(bytes);
    return status;
}

static bp_status write_mask(bp_cli *cli, const bp_science_stack *s, const char *folder)
{
    char path[PATH_MAX];
    bp_status status;
    FILE *file = begin(cli, folder, "mask.npy", path, &status);
    if (!file)
        return status;
    npy_head(file, "|u1", 0, s->rows, s->columns);
    for (size_t i = 0; i < s->rows * s->columns; i++)
        fputc(s->excluded && s->excluded[i] ? 1 : 0, file);
    return finish(cli, file, path, status);
}

/* Values above this are marks: the largest of an unsigned type. */
static double highest(const bp_science_stack *s)
{
    bp_dtype marks = s->marks == BP_U8 || s->marks == BP_U16 || s->marks == BP_U32 ? s->marks : s->dtype;
    return marks == BP_U8 ? 254 : marks == BP_U16 ? 65534 : marks == BP_U32 ? 4294967294.0 : 1e300;
}

/* The geometry as pyFAI has it; a number that is not known gets one that a search for spots can live with. */
static bp_status write_facts(bp_cli *cli, const bp_science_stack *s, const char *folder, bool *known)
{
    static const bp_geometry none = {(double)NAN, (double)NAN, (double)NAN, 0,          0,
                                     0,           (double)NAN, (double)NAN, (double)NAN};
    bp_geometry g = s->geometry ? *s->geometry : none;
    char path[PATH_MAX];
    bp_status status;
    FILE *file = begin(cli, folder, "facts.json", path, &status);
    if (!file)
        return status;
    *known = isfinite(g.distance) && isfinite(g.poni1) && isfinite(g.poni2) && isfinite(g.wavelength) &&
             isfinite(g.pixel1) && isfinite(g.pixel2);
    g.pixel1 = isfinite(g.pixel1) ? g.pixel1 : 1e-4;
    g.pixel2 = isfinite(g.pixel2) ? g.pixel2 : 1e-4;
    const struct {
        const char *name;
        double value, otherwise;
    } rows[] = {{"distance", g.distance, 0.1},
                {"poni1", g.poni1, g.pixel1 * (double)s->rows / 2},
                {"poni2", g.poni2, g.pixel2 * (double)s->columns / 2},
                {"rot1", g.rot1, 0},
                {"rot2", g.rot2, 0},
                {"rot3", g.rot3, 0},
                {"pixel1", g.pixel1, 0},
                {"pixel2", g.pixel2, 0},
                {"wavelength", g.wavelength, 1e-10}};
    fputc('{', file);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        fprintf(file, "\"%s\": %.17g, ", rows[i].name,
                isfinite(rows[i].value) ? rows[i].value : rows[i].otherwise);
    fprintf(file, "\"high\": %.17g}\n", highest(s));
    return finish(cli, file, path, status);
}

static bp_status write_all(bp_cli *cli, const bp_source *a, const bp_source *b, const char *folder,
                           bp_field_frames *w)
{
    const bp_science_stack *s = &a->frames;
    uint64_t most = MOST_BYTES / (s->rows * s->columns * sizeof(double) + 1);
    *w = (bp_field_frames){s->frames, s->frames, false};
    if (w->frames > most)
        w->frames = most ? most : 1;
    bp_status status = write_facts(cli, s, folder, &w->geometry);
    if (status == BP_OK)
        status = write_mask(cli, s, folder);
    const bp_source *both[] = {a, b};
    for (int i = 0; i < 2 && status == BP_OK; i++) {
        status = write_stack(cli, both[i], w->frames, folder, i ? "test.npy" : "reference.npy");
        if (status != BP_OK)
            return bp_cli_fail_file(cli, status, both[i]->file, folder);
    }
    return status;
}

bp_status bp_field_write(bp_cli *cli, const bp_judge_options *options, const char *folder,
                         bp_field_frames *written)
{
    bp_source a = {0}, b = {0};
    bp_analyse_options of_test = options->input;
    of_test.dataset = options->test_dataset ? options->test_dataset : options->input.dataset;
    of_test.no_mask = true;
    bp_status status = bp_source_open(cli->ctx, cli->files.items[0], &options->input, &a);
    if (status == BP_OK)
        status = bp_source_open(cli->ctx, cli->files.items[1], &of_test, &b);
    if (status == BP_OK)
        status = write_all(cli, &a, &b, folder, written);
    bp_source_close(&a);
    bp_source_close(&b);
    return status;
}
