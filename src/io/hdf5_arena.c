/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>
#include <stdlib.h>

#include "base/checked.h"
#include "io/hdf5_arena.h"

#define BLOCK_BYTES ((size_t)256 << 10)
#define ALIGNMENT   ((size_t)16)

struct bp_h5_arena_block {
    struct bp_h5_arena_block *next;
    size_t used, room;
    max_align_t bytes[];
};

static void *allocate(size_t size, void *user)
{
    bp_h5_arena *arena = user;
    size_t needed;
    if (bp_add_overflows(size, ALIGNMENT - 1, &needed))
        return NULL;
    needed &= ~(ALIGNMENT - 1);
    if (needed > arena->limit || arena->used > arena->limit - needed) {
        arena->full = true;
        return NULL;
    }
    struct bp_h5_arena_block *block = arena->blocks;
    if (!block || block->room - block->used < needed) {
        size_t room = needed > BLOCK_BYTES ? needed : BLOCK_BYTES, whole;
        if (bp_add_overflows(sizeof *block, room, &whole))
            return NULL;
        block = malloc(whole);
        if (!block)
            return NULL;
        block->next = arena->blocks;
        block->used = 0;
        block->room = room;
        arena->blocks = block;
    }
    unsigned char *place = (unsigned char *)block->bytes + block->used;
    block->used += needed;
    arena->used += needed;
    return place;
}

static void release(void *place, void *user)
{
    (void)place;
    (void)user;
}

hid_t bp_h5_arena_transfer(bp_h5_arena *arena)
{
    hid_t dxpl = H5Pcreate(H5P_DATASET_XFER);
    if (dxpl >= 0 && H5Pset_vlen_mem_manager(dxpl, allocate, arena, release, arena) < 0) {
        H5Pclose(dxpl);
        dxpl = H5I_INVALID_HID;
    }
    return dxpl;
}

void bp_h5_arena_reset(bp_h5_arena *arena)
{
    while (arena->blocks) {
        struct bp_h5_arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
    arena->used = 0;
    arena->full = false;
}
