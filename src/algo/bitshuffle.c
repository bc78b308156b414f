/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "algo/bitshuffle.h"
#include "base/bits.h"
#include "base/checked.h"
#include "kernel/kernel.h"

#define HEADER_BYTES    12
#define BLOCK_BYTES     8192 /* target of the default rule */
#define BLOCK_ELEMENTS  128  /* its least number of elements */
#define MULTIPLE        8
#define MAX_BLOCK_BYTES ((size_t)1 << 30)
#define STACK_BYTES     16384 /* blocks up to this size need no memory from the heap */

/* How many elements stand where. */
typedef struct layout {
    size_t itemsize;
    size_t block;  /* elements per whole block, at most what there is */
    size_t packed; /* elements in blocks, whole ones and a shorter last one */
    size_t rest;   /* bytes at the end, raw */
} layout;

size_t bp_bitshuffle_default_block(size_t itemsize)
{
    size_t block = BLOCK_BYTES / itemsize / MULTIPLE * MULTIPLE;
    return block < BLOCK_ELEMENTS ? BLOCK_ELEMENTS : block;
}

static layout layout_of(size_t bytes, size_t itemsize, size_t block)
{
    size_t elements = bytes / itemsize;
    layout l = {.itemsize = itemsize, .packed = elements / MULTIPLE * MULTIPLE};
    l.block = block ? block : bp_bitshuffle_default_block(itemsize);
    if (l.block > l.packed)
        l.block = l.packed;
    l.rest = bytes - l.packed * itemsize;
    return l;
}

bp_status bp_bitshuffle_check(bp_context *ctx, double block, const bp_array *in)
{
    size_t elements = (size_t)block, bytes;
    if (elements % MULTIPLE)
        return bp_fail(ctx, BP_E_USAGE, "block=%zu is no multiple of %d elements", elements, MULTIPLE);
    if (elements == 0)
        elements = bp_bitshuffle_default_block(in->itemsize);
    if (bp_mul_overflows(elements, in->itemsize, &bytes) || bytes > MAX_BLOCK_BYTES)
        return bp_fail(ctx, BP_E_USAGE, "blocks of %zu elements of %zu bytes are larger than 1 GiB", elements,
                       in->itemsize);
    return BP_OK;
}

size_t bp_bitshuffle_worst_size(const bp_bitshuffle_packer *packer, const bp_array *in, size_t block)
{
    layout l = layout_of(bp_array_bytes(in), in->itemsize, block);
    size_t total = 0;
    if (l.packed) {
        size_t each = packer->bound(l.block * l.itemsize);
        size_t count = l.packed / l.block + 1;
        if (each == 0 || bp_mul_overflows(each + 4, count, &total))
            return 0;
    }
    if (bp_add_overflows(total, l.rest + HEADER_BYTES + BP_BITSHUFFLE_SLACK, &total))
        return 0;
    return total;
}

/* Room for one block: on the caller's stack when it fits. NULL when there is no memory. */
static uint8_t *block_room(uint8_t *stack, const layout *l)
{
    size_t bytes = l->block * l->itemsize + BP_BITSHUFFLE_SLACK;
    return bytes <= STACK_BYTES ? stack : malloc(bytes);
}

static bp_status no_memory(bp_context *ctx, const char *name, const layout *l)
{
    return bp_fail(ctx, BP_E_MEMORY, "%s: no memory for a block of %zu bytes", name, l->block * l->itemsize);
}

bp_status bp_bitshuffle_encode(bp_context *ctx, const bp_bitshuffle_packer *packer, void *state,
                               const bp_array *in, size_t block, uint8_t *out, size_t capacity, size_t *size)
{
    size_t bytes = bp_array_bytes(in), worst = bp_bitshuffle_worst_size(packer, in, block);
    if (worst == 0 || capacity < worst)
        return bp_fail(ctx, BP_E_INTERNAL, "%s: %zu bytes of room for %zu", packer->name, capacity, worst);
    layout l = layout_of(bytes, in->itemsize, block);
    uint8_t stack[STACK_BYTES], *room = block_room(stack, &l);
    if (!room)
        return no_memory(ctx, packer->name, &l);

    const bp_kernels *kernels = bp_kernels_get();
    size_t stated = block ? block : bp_bitshuffle_default_block(in->itemsize);
    bp_store_be64(out, bytes);
    bp_store_be32(out + 8, (uint32_t)(stated * in->itemsize));
    const uint8_t *from = in->data;
    uint8_t *to = out + HEADER_BYTES;
    bp_status status = BP_OK;
    for (size_t left = l.packed; left && status == BP_OK;) {
        size_t n = left < l.block ? left : l.block;
        kernels->bitshuffle(from, room, n, l.itemsize);
        memset(room + n * l.itemsize, 0, BP_BITSHUFFLE_SLACK);
        size_t got = packer->pack(state, room, n * l.itemsize, to + 4);
        if (got == 0)
            status = bp_fail(ctx, BP_E_INTERNAL, "%s: a block could not be packed", packer->name);
        bp_store_be32(to, (uint32_t)got);
        to += 4 + got;
        from += n * l.itemsize;
        left -= n;
    }
    if (l.rest)
        memcpy(to, from, l.rest);
    if (status == BP_OK)
        *size = (size_t)(to - out) + l.rest;
    if (room != stack)
        free(room);
    return status;
}

/* Reads and checks the 12 bytes in front. */
static bp_status read_header(bp_context *ctx, const char *name, const uint8_t *in, size_t size,
                             const bp_array *out, layout *l)
{
    if (size < HEADER_BYTES)
        return bp_fail(ctx, BP_E_DAMAGED, "%s: %zu bytes are no chunk", name, size);
    uint64_t bytes = bp_load_be64(in);
    if (bytes != bp_array_bytes(out))
        return bp_fail(ctx, BP_E_DAMAGED, "%s: the chunk holds %llu bytes where %zu belong", name,
                       (unsigned long long)bytes, bp_array_bytes(out));
    size_t block = bp_load_be32(in + 8);
    if (block % out->itemsize || block / out->itemsize % MULTIPLE)
        return bp_fail(ctx, BP_E_DAMAGED, "%s: blocks of %zu bytes for elements of %zu", name, block,
                       out->itemsize);
    *l = layout_of(bp_array_bytes(out), out->itemsize, block / out->itemsize);
    return BP_OK;
}

static bp_status decode_blocks(bp_context *ctx, const bp_bitshuffle_packer *packer, void *state,
                               const uint8_t *in, size_t size, uint8_t *to, const layout *l, uint8_t *room)
{
    const bp_kernels *kernels = bp_kernels_get();
    const uint8_t *end = in + size;
    for (size_t left = l->packed; left;) {
        size_t n = left < l->block ? left : l->block, bytes = n * l->itemsize;
        if (end - in < 4)
            return bp_fail(ctx, BP_E_DAMAGED, "%s: the chunk ends before its blocks do", packer->name);
        size_t packed = bp_load_be32(in);
        in += 4;
        if (packed > (size_t)(end - in) || !packer->unpack(state, in, packed, room, bytes))
            return bp_fail(ctx, BP_E_DAMAGED, "%s: the block at element %zu is damaged", packer->name,
                           l->packed - left);
        kernels->bitunshuffle(room, to, n, l->itemsize);
        in += packed;
        to += bytes;
        left -= n;
    }
    if ((size_t)(end - in) != l->rest)
        return bp_fail(ctx, BP_E_DAMAGED, "%s: %zu bytes behind the blocks where %zu belong", packer->name,
                       (size_t)(end - in), l->rest);
    if (l->rest)
        memcpy(to, in, l->rest);
    return BP_OK;
}

bp_status bp_bitshuffle_decode(bp_context *ctx, const bp_bitshuffle_packer *packer, void *state,
                               const uint8_t *in, size_t size, const bp_array *out)
{
    layout l = {0};
    bp_status status = read_header(ctx, packer->name, in, size, out, &l);
    if (status != BP_OK)
        return status;
    uint8_t stack[STACK_BYTES], *room = block_room(stack, &l);
    if (!room)
        return no_memory(ctx, packer->name, &l);
    status = decode_blocks(ctx, packer, state, in + HEADER_BYTES, size - HEADER_BYTES, out->data, &l, room);
    if (room != stack)
        free(room);
    return status;
}

void bp_bitshuffle_plain(const uint8_t *in, uint8_t *out, size_t bytes, size_t itemsize, size_t block,
                         bool forward)
{
    const bp_kernels *kernels = bp_kernels_get();
    layout l = layout_of(bytes, itemsize, block);
    for (size_t done = 0; done < l.packed;) {
        size_t n = l.packed - done < l.block ? l.packed - done : l.block;
        (forward ? kernels->bitshuffle : kernels->bitunshuffle)(in + done * itemsize, out + done * itemsize,
                                                                n, itemsize);
        done += n;
    }
    if (l.rest)
        memcpy(out + l.packed * itemsize, in + l.packed * itemsize, l.rest);
}

bp_status bp_bitshuffle_filter(bp_context *ctx, const bp_array *chunk, size_t block, unsigned packer,
                               int level, bp_filter *filter)
{
    bp_status status = bp_bitshuffle_check(ctx, (double)block, chunk);
    if (status != BP_OK)
        return status;
    /* The first two words are the version of the filter that knows the mode: 0.3 packs with LZ4, 0.4 with
     * zstd too. Readers ignore them. */
    *filter = (bp_filter){.id = BP_BITSHUFFLE_FILTER_ID, .word_count = level < 0 ? 5 : 6};
    filter->words[1] = packer == BP_BITSHUFFLE_ZSTD ? 4 : 3;
    filter->words[2] = (uint32_t)chunk->itemsize;
    filter->words[3] = (uint32_t)block;
    filter->words[4] = packer;
    if (level >= 0)
        filter->words[5] = (uint32_t)level;
    return BP_OK;
}
