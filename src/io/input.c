/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/input.h"

bp_status bp_input_open(bp_context *ctx, const char *path, bp_input *input)
{
    struct stat facts;
    *input = (bp_input){.fd = -1};
    /* a named pipe without a writer would block */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return bp_fail(ctx, BP_E_INPUT, "cannot be opened: %s", strerror(errno));
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        close(fd);
        return bp_fail(ctx, BP_E_INPUT, "is no regular file");
    }
    *input = (bp_input){.fd = fd, .size = (uint64_t)facts.st_size};
    return BP_OK;
}

void bp_input_close(bp_input *input)
{
    if (input->fd >= 0)
        close(input->fd);
    input->fd = -1;
}

bp_status bp_input_read(bp_context *ctx, const bp_input *input, uint64_t offset, void *bytes, size_t size)
{
    uint8_t *to = bytes;
    if (offset > input->size || input->size - offset < size)
        return bp_fail(ctx, BP_E_DAMAGED,
                       "the file ends at byte %" PRIu64 ", %zu bytes are needed from byte %" PRIu64,
                       input->size, size, offset);
    while (size > 0) {
        ssize_t got = pread(input->fd, to, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return bp_fail(ctx, BP_E_INPUT, "cannot be read: %s", strerror(errno));
        if (got == 0)
            return bp_fail(ctx, BP_E_DAMAGED, "the file became shorter while it was read");
        to += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return BP_OK;
}

void bp_values_to_machine(void *values, size_t count, size_t itemsize, bool big_endian)
{
    uint8_t *p = values;
    if (big_endian == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__))
        return;
    /* one loop per size, so that the compiler makes each a shuffle */
    if (itemsize == 2) {
        for (size_t i = 0; i < count; i++, p += 2) {
            uint16_t v;
            memcpy(&v, p, 2);
            v = __builtin_bswap16(v);
            memcpy(p, &v, 2);
        }
    } else if (itemsize == 4) {
        for (size_t i = 0; i < count; i++, p += 4) {
            uint32_t v;
            memcpy(&v, p, 4);
            v = __builtin_bswap32(v);
            memcpy(p, &v, 4);
        }
    } else if (itemsize == 8) {
        for (size_t i = 0; i < count; i++, p += 8) {
            uint64_t v;
            memcpy(&v, p, 8);
            v = __builtin_bswap64(v);
            memcpy(p, &v, 8);
        }
    }
}
