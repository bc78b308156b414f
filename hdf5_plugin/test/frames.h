/* SPDX-License-Identifier: BSD-3-Clause
 * The data of the programs that try the plug-in out: a stack of small frames with counts by a formula. */
#ifndef BP_PLUGIN_TEST_FRAMES_H
#define BP_PLUGIN_TEST_FRAMES_H

#include <stdint.h>
#include <stdio.h>

#define FRAMES    8
#define ROWS      60
#define COLS      70
#define FILTER_ID 47104
#define DATASET   "data"

static inline uint16_t count_at(unsigned frame, unsigned row, unsigned col)
{
    unsigned mixed = (frame * 7919u + row * 613u + col * 31u) * 2654435761u;
    return (uint16_t)((mixed >> 28) * (row % 5) / 3);
}

static inline void fill_frame(unsigned frame, uint16_t *values)
{
    for (unsigned row = 0; row < ROWS; row++)
        for (unsigned col = 0; col < COLS; col++)
            values[row * COLS + col] = count_at(frame, row, col);
}

/* 0 when all values are right */
static inline int check_frame(unsigned frame, const uint16_t *values)
{
    for (unsigned row = 0; row < ROWS; row++)
        for (unsigned col = 0; col < COLS; col++)
            if (values[row * COLS + col] != count_at(frame, row, col)) {
                fprintf(stderr, "frame %u, row %u, column %u: %u\n", frame, row, col,
                        values[row * COLS + col]);
                return 1;
            }
    return 0;
}

#endif
