/* SPDX-License-Identifier: BSD-3-Clause
 * A pipeline of stages on frames in memory, for tests that compare it with reference cases:
 *   pipeline DTYPE FRAMES ROWS COLUMNS THREADS TEXT [NAME=FILE,EXTENT,EXTENT...] [:gain=N] [:read_noise=N]
 * ... reads typed values from the standard input. NAME=FILE: an array of doubles that stands beside the
 * frames; image_key and mask among them. :gain and so on: what is known of the frames. Writes a line "dtype
 * frames rows columns", lines of what is known of the output, an empty line, and the values. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/pipeline.h"

#define MOST 16

typedef struct array {
    char name[64];
    double *values;
    size_t rank, shape[BP_MAX_RANK], count;
} array;

typedef struct arrays {
    array items[MOST];
    size_t count;
} arrays;

static const array *find(const arrays *beside, const char *name)
{
    for (size_t i = 0; i < beside->count; i++)
        if (strcmp(beside->items[i].name, name) == 0)
            return &beside->items[i];
    return NULL;
}

static bp_status read_beside(bp_context *ctx, void *user, const char *name, double **values, size_t *rank,
                             size_t *shape)
{
    const array *a = find(user, name);
    *values = NULL;
    if (!a)
        return name[0] == '/' ? bp_fail(ctx, BP_E_INPUT, "there is no %s", name) : BP_OK;
    *values = malloc((a->count + 1) * sizeof **values);
    if (!*values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    memcpy(*values, a->values, a->count * sizeof **values);
    memcpy(shape, a->shape, sizeof a->shape);
    *rank = a->rank;
    return BP_OK;
}

/* NAME=FILE,EXTENT... */
static bool load(arrays *beside, char *word)
{
    array *a = &beside->items[beside->count];
    char *path = strchr(word, '='), *extent = path ? strchr(path, ',') : NULL;
    if (!extent || beside->count == MOST)
        return false;
    *path++ = *extent++ = 0;
    snprintf(a->name, sizeof a->name, "%s", word);
    for (a->count = 1; extent; extent = strchr(extent, ',')) {
        extent += *extent == ',';
        a->shape[a->rank] = strtoul(extent, NULL, 10);
        a->count *= a->shape[a->rank++];
    }
    FILE *file = fopen(path, "rb");
    a->values = malloc((a->count + 1) * sizeof *a->values);
    bool done = file && a->values && fread(a->values, sizeof *a->values, a->count, file) == a->count;
    if (file)
        fclose(file);
    beside->count++;
    return done;
}

static bool set_flow(bp_flow *flow, const char *word)
{
    const char *equals = strchr(word, '=');
    double value = equals ? strtod(equals + 1, NULL) : 0;
    if (strncmp(word, ":gain=", 6) == 0)
        flow->gain = value;
    else if (strncmp(word, ":read_noise=", 12) == 0)
        flow->read_noise = value;
    else if (strncmp(word, ":offset=", 8) == 0)
        flow->offset = value;
    else
        return false;
    return true;
}

static uint8_t *bytes_of(const array *a)
{
    uint8_t *bytes = a ? malloc(a->count + 1) : NULL;
    for (size_t i = 0; bytes && i < a->count; i++)
        bytes[i] = (uint8_t)a->values[i];
    return bytes;
}

static int run(const bp_memory_stack *in, arrays *beside, const char *text, unsigned threads)
{
    bp_context *ctx = bp_context_new();
    bp_pipeline *pipeline = NULL;
    bp_blame blame = {0, 0};
    bp_plan *plan = NULL;
    bp_beside source = {read_beside, beside};
    bp_memory_stack out = {0};
    bp_status status = bp_pipeline_parse(ctx, text, &pipeline, &blame);
    if (status == BP_OK) { /* once for the word at fault */
        bp_flow flow = in->flow;
        flow.mask = in->mask;
        flow.keyed = in->keys != NULL;
        status = bp_plan_new(ctx, pipeline, 0, pipeline->count, &flow, &source, threads, &plan, &blame);
        bp_plan_free(plan);
    }
    if (status == BP_OK)
        status = bp_pipeline_run_memory(ctx, pipeline, 0, pipeline->count, in, &source, threads, &out);
    if (status == BP_OK) {
        const bp_flow *f = &out.flow;
        size_t bytes = f->rows * f->columns * bp_dtype_size(f->dtype) * (size_t)f->frames;
        printf("%s %llu %zu %zu\n", bp_dtype_name(f->dtype), (unsigned long long)f->frames, f->rows,
               f->columns);
        printf("gain %.17g\nread_noise %.17g\noffset %.17g\nloss %d\nbound %.17g\nlaw %s\n\n", f->gain,
               f->read_noise, f->offset, (int)f->loss, f->bound, f->law);
        fwrite(out.values, 1, bytes, stdout);
    } else {
        fprintf(stderr, "%s\nat '%.*s'\n", bp_context_message(ctx), (int)blame.length, text + blame.at);
    }
    bp_memory_stack_fini(&out);
    bp_pipeline_free(pipeline);
    bp_context_free(ctx);
    return bp_status_exit_code(status);
}

int main(int argc, char **argv)
{
    if (argc < 7)
        return 2;
    static arrays beside;
    size_t frames = strtoul(argv[2], NULL, 10), rows = strtoul(argv[3], NULL, 10),
           columns = strtoul(argv[4], NULL, 10);
    bp_dtype dtype = BP_OPAQUE;
    for (int d = 1; d < 32; d++)
        if (bp_dtype_size((bp_dtype)d) && strcmp(bp_dtype_name((bp_dtype)d), argv[1]) == 0)
            dtype = (bp_dtype)d;
    bp_memory_stack in = {0};
    bp_flow_init(&in.flow, dtype, frames, rows, columns);
    bool good = dtype != BP_OPAQUE;
    for (int i = 7; i < argc && good; i++)
        good = argv[i][0] == ':' ? set_flow(&in.flow, argv[i]) : load(&beside, argv[i]);
    size_t bytes = frames * rows * columns * bp_dtype_size(dtype);
    in.values = malloc(bytes + 1);
    in.keys = bytes_of(find(&beside, "image_key"));
    in.mask = bytes_of(find(&beside, "mask"));
    good = good && in.values && fread(in.values, 1, bytes, stdin) == bytes;
    int code = good ? run(&in, &beside, argv[6], (unsigned)strtoul(argv[5], NULL, 10)) : 2;
    for (size_t i = 0; i < beside.count; i++)
        free(beside.items[i].values);
    free(in.values);
    free(in.keys);
    free(in.mask);
    return code;
}
