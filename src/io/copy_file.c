/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/copy_file.h"

#define BUFFER_BYTES ((size_t)1 << 20)

static bp_status write_all(bp_context *ctx, const char *input, int output, const char *bytes, size_t size)
{
    while (size) {
        ssize_t n = write(output, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return bp_fail(ctx, BP_E_OUTPUT, "the copy of %s: %s", input, strerror(errno));
        bytes += n;
        size -= (size_t)n;
    }
    return BP_OK;
}

static bp_status copy_bytes(bp_context *ctx, const char *input, int from, int to, char *buffer)
{
    for (;;) {
        if (bp_context_cancelled(ctx))
            return bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
        ssize_t n = read(from, buffer, BUFFER_BYTES);
        if (n == 0)
            return BP_OK;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return bp_fail(ctx, BP_E_INPUT, "%s: %s", input, strerror(errno));
        bp_status status = write_all(ctx, input, to, buffer, (size_t)n);
        if (status != BP_OK)
            return status;
    }
}

bp_status bp_copy_file(bp_context *ctx, const char *input, int output)
{
    char *buffer = malloc(BUFFER_BYTES);
    if (!buffer)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", BUFFER_BYTES);
    int from = open(input, O_RDONLY | O_CLOEXEC);
    bp_status status = from < 0 ? bp_fail(ctx, BP_E_INPUT, "%s: %s", input, strerror(errno))
                                : copy_bytes(ctx, input, from, output, buffer);
    if (from >= 0)
        close(from);
    free(buffer);
    return status;
}
