/* SPDX-License-Identifier: BSD-3-Clause
 * Any bytes as a file of frames: opened, every frame and header read. */
#ifndef BP_FUZZ_FRAMES_INPUT_H
#define BP_FUZZ_FRAMES_INPUT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/frames.h"

#define MOST_FRAME_BYTES ((size_t)4 << 20)
#define MOST_FRAMES      16

static inline void expect_reason(bp_context *ctx, bp_status status)
{
    if (status != BP_OK && bp_context_message(ctx)[0] == '\0')
        abort(); /* a failure that says nothing */
    if (status == BP_E_INTERNAL || status == BP_E_USAGE)
        abort();
}

static inline void read_frames(bp_context *ctx, bp_frames *frames)
{
    const bp_frames_facts *facts = bp_frames_get_facts(frames);
    if (facts->frame_bytes > MOST_FRAME_BYTES)
        return;
    /* exactly as many bytes as are promised: writing past them is seen */
    uint8_t *values = malloc(facts->frame_bytes ? facts->frame_bytes : 1);
    for (uint64_t i = 0; values && i < facts->count && i < MOST_FRAMES; i++) {
        char *text;
        memset(values, 0, facts->frame_bytes);
        expect_reason(ctx, bp_frames_read(ctx, frames, i, values));
        expect_reason(ctx, bp_frames_header(ctx, frames, i, &text));
        free(text);
    }
    free(values);
}

static inline int fuzz_frames(const uint8_t *data, size_t size)
{
    char path[64];
    const char *paths[] = {path};
    bp_frames *frames;
    int fd = memfd_create("frames", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    bp_context *ctx = bp_context_new();
    bp_status status = bp_frames_open(ctx, paths, 1, NULL, &frames);
    expect_reason(ctx, status);
    if (status == BP_OK)
        read_frames(ctx, frames);
    bp_frames_close(frames);
    bp_context_free(ctx);
    close(fd);
    return 0;
}

#endif
