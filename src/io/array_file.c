/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/array_file.h"

#define NPY_START 10 /* magic, version, header length */
#define NPY_ALIGN 64

bp_status bp_file_write(bp_context *ctx, int fd, uint64_t offset, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    while (size > 0) {
        ssize_t done = pwrite(fd, from, size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return bp_fail(ctx, BP_E_OUTPUT, "cannot be written: %s", strerror(done < 0 ? errno : EIO));
        from += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    return BP_OK;
}

static const char *npy_kind(bp_dtype dtype)
{
    static const char *const kinds[BP_DTYPE_COUNT] = {
        [BP_U8] = "|u1", [BP_U16] = "u2", [BP_U32] = "u4", [BP_U64] = "u8", [BP_I8] = "|i1", [BP_I16] = "i2",
        [BP_I32] = "i4", [BP_I64] = "i8", [BP_F16] = "f2", [BP_F32] = "f4", [BP_F64] = "f8",
    };
    return kinds[dtype];
}

bp_status bp_array_file_npy(bp_context *ctx, bp_array_file *file)
{
    char header[1024];
    const char *kind = npy_kind(file->dtype);
    const char *order = kind[0] == '|' ? "" : __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? ">" : "<";
    int used = snprintf(header + NPY_START, sizeof header - NPY_START,
                        "{'descr': '%s%s', 'fortran_order': False, 'shape': (", order, kind);
    size_t length = NPY_START + (size_t)used;
    /* 32 axes of 20 digits fit */
    for (size_t i = 0; i < file->rank; i++)
        length += (size_t)snprintf(header + length, sizeof header - length, "%s%zu%s", i ? " " : "",
                                   file->shape[i], i + 1 < file->rank || file->rank == 1 ? "," : "");
    length += (size_t)snprintf(header + length, sizeof header - length, "), }");
    size_t padded = (length + 1 + NPY_ALIGN - 1) / NPY_ALIGN * NPY_ALIGN;
    memset(header + length, ' ', padded - length);
    header[padded - 1] = '\n';
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)((padded - NPY_START) & 255);
    header[9] = (char)((padded - NPY_START) >> 8);
    file->start = padded;
    return bp_file_write(ctx, file->fd, 0, header, padded);
}

/* Axes from this one on are taken whole by the box; the values of one step before it are next to each other.
 */
static size_t first_whole_axis(const bp_array_file *file, const uint64_t *shape)
{
    size_t axis = file->rank;
    while (axis > 0 && shape[axis - 1] == file->shape[axis - 1])
        axis--;
    return axis;
}

static uint64_t number_of(const bp_array_file *file, const uint64_t *at)
{
    uint64_t number = 0;
    for (size_t i = 0; i < file->rank; i++)
        number = number * file->shape[i] + at[i];
    return number;
}

bool bp_array_file_in_line(const bp_array_file *file, const uint64_t *offset, const uint64_t *shape,
                           uint64_t *first)
{
    size_t axis = first_whole_axis(file, shape);
    *first = number_of(file, offset);
    for (size_t i = 0; i + 1 < axis; i++)
        if (shape[i] != 1)
            return false;
    return true;
}

bp_status bp_array_file_box(bp_context *ctx, const bp_array_file *file, const uint64_t *offset,
                            const uint64_t *shape, const void *values)
{
    size_t axis = first_whole_axis(file, shape), run = bp_dtype_size(file->dtype);
    uint64_t at[BP_MAX_RANK];
    const uint8_t *from = values;
    /* the axis before the whole ones belongs to the run, too */
    size_t walked = axis ? axis - 1 : 0;
    for (size_t i = walked; i < file->rank; i++)
        run *= (size_t)shape[i];
    memcpy(at, offset, file->rank * sizeof *at);
    for (;;) {
        bp_status status = bp_file_write(
            ctx, file->fd, file->start + number_of(file, at) * bp_dtype_size(file->dtype), from, run);
        if (status != BP_OK)
            return status;
        from += run;
        size_t i = walked;
        while (i > 0 && ++at[i - 1] == offset[i - 1] + shape[i - 1]) {
            at[i - 1] = offset[i - 1];
            i--;
        }
        if (i == 0)
            return BP_OK;
    }
}
