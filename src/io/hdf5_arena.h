/* SPDX-License-Identifier: BSD-3-Clause
 * Where HDF5 puts values of variable length when it reads them: one piece of memory per read, given back as
 * a whole, and refused beyond a limit. */
#ifndef BP_IO_HDF5_ARENA_H
#define BP_IO_HDF5_ARENA_H

#include <hdf5.h>
#include <stdbool.h>

typedef struct bp_h5_arena {
    struct bp_h5_arena_block *blocks;
    size_t used;  /* bytes handed out */
    size_t limit; /* bytes that may be handed out; SIZE_MAX for any */
    bool full;    /* the limit stopped a read */
} bp_h5_arena;

/* Transfer properties by which H5Dread allocates from arena. Closed by the caller; invalid on failure. */
hid_t bp_h5_arena_transfer(bp_h5_arena *arena);
/* Gives all memory back. */
void bp_h5_arena_reset(bp_h5_arena *arena);

#endif
