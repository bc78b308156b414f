/* SPDX-License-Identifier: BSD-3-Clause
 * Speed of stages: stage_speed ['PIPELINE' ...]. Each reads frames from memory (uint16, 1024 x 1024, 30
 * counts on average, a flat and maps beside them) on one thread; the best of three rounds, in MB of input per
 * second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pipeline/pipeline.h"

enum { ROWS = 1024, COLUMNS = 1024, FRAMES = 4, ROUNDS = 3 };

static const char *const usual[] = {"crop x=16 y=16",
                                    "bin",
                                    "bin mode=mean",
                                    "bin x=4 y=4",
                                    "sum frames=2",
                                    "threshold level=8",
                                    "mask saturation=50",
                                    "veto total>=1",
                                    "veto lit>=1 above=20",
                                    "order",
                                    "gain",
                                    "gain switching=jungfrau gain=/three pedestal=/three",
                                    "darkflat",
                                    "darkflat log=1",
                                    "photonise adu=3",
                                    "photonise adu=10 method=droplet seed=0.5photons",
                                    "commonmode",
                                    "commonmode by=asic width=256 height=256",
                                    "hotpixel noise=6",
                                    "hotpixel",
                                    "rings",
                                    "rings method=sorting",
                                    "rings method=filtering",
                                    "denoise method=median gain=1",
                                    "denoise method=median strength=5 gain=1",
                                    "denoise method=gaussian gain=1",
                                    "denoise method=tv gain=1",
                                    "denoise method=nlm gain=1",
                                    "denoise method=wavelet gain=1",
                                    "denoise method=temporal gain=1"};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bp_status read_beside(bp_context *ctx, void *user, const char *name, double **values, size_t *rank,
                             size_t *shape)
{
    (void)user;
    size_t planes = strcmp(name, "/three") == 0 ? 3 : 1, count = planes * ROWS * COLUMNS;
    *values = NULL;
    if (strcmp(name, "mask") == 0 || strcmp(name, "dark") == 0)
        return BP_OK;
    *values = malloc(count * sizeof **values);
    if (!*values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    for (size_t i = 0; i < count; i++)
        (*values)[i] = 3 + (double)(i % 7);
    *rank = 3;
    shape[0] = planes;
    shape[1] = ROWS;
    shape[2] = COLUMNS;
    return BP_OK;
}

static bp_status read_frames(bp_context *ctx, void *user, uint64_t first, size_t count, void *values)
{
    (void)ctx;
    size_t bytes = (size_t)ROWS * COLUMNS * sizeof(uint16_t);
    memcpy(values, (const uint8_t *)user + first * bytes, count * bytes);
    return BP_OK;
}

static int time_one(const char *text, uint16_t *frames)
{
    bp_context *ctx = bp_context_new();
    bp_pipeline *pipeline;
    bp_plan *plan = NULL;
    bp_flow flow;
    bp_beside beside = {read_beside, NULL};
    bp_pipeline_source source = {read_frames, frames, NULL, &beside, NULL};
    bp_flow_init(&flow, BP_U16, FRAMES, ROWS, COLUMNS);
    bp_status status = bp_pipeline_parse(ctx, text, &pipeline, NULL);
    if (status == BP_OK)
        status = bp_plan_new(ctx, pipeline, 0, pipeline->count, &flow, &beside, 1, &plan, NULL);
    if (status == BP_OK)
        status = bp_plan_open(ctx, plan, &source, NULL, NULL);
    void *out = malloc((size_t)FRAMES * ROWS * COLUMNS * 8);
    double best = 1e9;
    for (int round = 0; round < ROUNDS && status == BP_OK && out; round++) {
        double start = seconds();
        status = bp_plan_read(ctx, plan, 0, (size_t)bp_plan_frames(plan), out, NULL);
        double taken = seconds() - start;
        best = taken < best ? taken : best;
    }
    if (status == BP_OK && out)
        printf("%-60s %8.0f MB/s\n", text, 2e-6 * FRAMES * ROWS * COLUMNS / best);
    else
        fprintf(stderr, "%s: %s\n", text, bp_context_message(ctx));
    fflush(stdout);
    free(out);
    bp_plan_free(plan);
    bp_pipeline_free(pipeline);
    bp_context_free(ctx);
    return status != BP_OK;
}

int main(int argc, char **argv)
{
    uint16_t *frames = malloc(sizeof *frames * FRAMES * ROWS * COLUMNS);
    uint32_t seed = 1;
    int failed = frames == NULL;
    for (size_t i = 0; frames && i < (size_t)FRAMES * ROWS * COLUMNS; i++) {
        unsigned sum = 0;
        for (int k = 0; k < 4; k++)
            sum += (seed = seed * 1664525u + 1013904223u) >> 28;
        frames[i] = (uint16_t)(sum + (i % COLUMNS) / 64);
    }
    for (int i = 1; i < argc && frames; i++)
        failed |= time_one(argv[i], frames);
    for (size_t i = 0; argc == 1 && frames && i < sizeof usual / sizeof *usual; i++)
        failed |= time_one(usual[i], frames);
    free(frames);
    return failed;
}
