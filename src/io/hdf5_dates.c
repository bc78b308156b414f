/* SPDX-License-Identifier: BSD-3-Clause
 * HDF5 always tracks the times of the superblock extension, an object header that files with shared messages,
 * a file space strategy or other sizes of trees have. Layout: HDF5 File Format Specification 3.0, II.A
 * (superblock versions 2 and 3), IV.A.1.b (object header version 2). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "io/hdf5_dates.h"

enum {
    SUPERBLOCK_BYTES = 48,
    FLAG_SIZE_BITS = 0x03, /* log2 of the bytes of the size of chunk 0 */
    FLAG_PHASE_CHANGE = 0x10,
    FLAG_TIMES = 0x20,
    MAX_HEADER_BYTES = 1 << 16 /* a superblock extension has a few hundred */
};

static uint32_t rotate(uint32_t value, unsigned by)
{
    return value << by | value >> (32 - by);
}

/* Bob Jenkins' lookup3 (2006, public domain), which HDF5 checksums its metadata with: 12 bytes at a time. */
static uint32_t lookup3(const uint8_t *bytes, size_t size)
{
    uint32_t s[3];
    s[0] = s[1] = s[2] = 0xdeadbeefu + (uint32_t)size;
    while (size > 12) {
        static const unsigned turns[6] = {4, 6, 8, 16, 19, 4};
        for (int i = 0; i < 3; i++)
            s[i] += bp_load_le32(bytes + 4 * i);
        for (unsigned i = 0; i < 6; i++) {
            uint32_t *a = &s[i % 3], *b = &s[(i + 1) % 3], *c = &s[(i + 2) % 3];
            *a = (*a - *c) ^ rotate(*c, turns[i]);
            *c += *b;
        }
        bytes += 12;
        size -= 12;
    }
    if (size == 0)
        return s[2];
    uint8_t rest[12] = {0};
    memcpy(rest, bytes, size);
    for (int i = 0; i < 3; i++)
        s[i] += bp_load_le32(rest + 4 * i);
    static const unsigned turns[7] = {14, 11, 25, 16, 4, 14, 24};
    for (unsigned i = 0; i < 7; i++) {
        uint32_t *c = &s[(i + 2) % 3], *b = &s[(i + 1) % 3];
        *c = (*c ^ *b) - rotate(*b, turns[i]);
    }
    return s[2];
}

/* Address of the extension; UINT64_MAX when there is none. */
static uint64_t extension_of(const uint8_t *superblock)
{
    static const uint8_t signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    if (memcmp(superblock, signature, sizeof signature) != 0 || superblock[8] < 2 || superblock[8] > 3 ||
        superblock[9] != 8)
        return UINT64_MAX;
    return bp_load_le64(superblock + 20);
}

/* Bytes of the whole header without its checksum; 0 when it is none with times. */
static size_t header_bytes(const uint8_t *header, size_t available)
{
    if (available < 64 || memcmp(header, "OHDR\2", 5) != 0 || !(header[5] & FLAG_TIMES))
        return 0;
    size_t at = 6 + 16 + (header[5] & FLAG_PHASE_CHANGE ? 4 : 0),
           width = (size_t)1 << (header[5] & FLAG_SIZE_BITS);
    uint64_t messages = 0;
    for (size_t i = 0; i < width; i++)
        messages |= (uint64_t)header[at + i] << 8 * i;
    if (messages > available - at - width - 4)
        return 0;
    return at + width + (size_t)messages;
}

static bp_status clear(bp_context *ctx, int fd, uint64_t user_block, uint8_t *room)
{
    uint8_t superblock[SUPERBLOCK_BYTES];
    if (pread(fd, superblock, sizeof superblock, (off_t)user_block) != (ssize_t)sizeof superblock)
        return bp_fail(ctx, BP_E_OUTPUT, "the superblock cannot be read back: %s", strerror(errno));
    uint64_t extension = extension_of(superblock);
    if (extension > INT64_MAX - user_block)
        return BP_OK;
    off_t place = (off_t)(user_block + extension);
    ssize_t got = pread(fd, room, MAX_HEADER_BYTES, place);
    size_t size = got < 0 ? 0 : header_bytes(room, (size_t)got);
    if (size == 0 || bp_load_le32(room + size) != lookup3(room, size))
        return BP_OK; /* no times, or nothing that we understand */
    memset(room + 6, 0, 16);
    bp_store_le32(room + size, lookup3(room, size));
    if (pwrite(fd, room, size + 4, place) != (ssize_t)(size + 4))
        return bp_fail(ctx, BP_E_OUTPUT, "the superblock extension cannot be written: %s", strerror(errno));
    return BP_OK;
}

bp_status bp_h5_clear_dates(bp_context *ctx, const char *path, uint64_t user_block)
{
    uint8_t *room = malloc(MAX_HEADER_BYTES);
    if (!room)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a header");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bp_status status = fd < 0 ? bp_fail(ctx, BP_E_OUTPUT, "cannot be opened again: %s", strerror(errno))
                              : clear(ctx, fd, user_block, room);
    if (fd >= 0 && close(fd) != 0 && status == BP_OK)
        status = bp_fail(ctx, BP_E_OUTPUT, "cannot be written: %s", strerror(errno));
    free(room);
    return status;
}
