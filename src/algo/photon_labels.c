/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/photon_values.h"
#include "base/bits.h"

static uint8_t above(const uint8_t *labels, size_t width, size_t i)
{
    return i < width ? 0 : labels[i - width];
}

/* The first label from i on that is not like the one above it. */
static size_t end_of_same(const uint8_t *labels, size_t width, size_t i, size_t n)
{
    for (; i >= width && i + 8 <= n; i += 8) {
        uint64_t differ = bp_load_le64(labels + i) ^ bp_load_le64(labels + i - width);
        if (differ)
            return i + (size_t)__builtin_ctzll(differ) / 8;
    }
    while (i < n && labels[i] == above(labels, width, i))
        i++;
    return i;
}

/* count labels like those above them. */
static void repeat(uint8_t *labels, size_t width, size_t i, size_t count)
{
    size_t first = i >= width ? 0 : width - i < count ? width - i : count;
    memset(labels + i, 0, first);
    for (i += first, count -= first; count;) {
        size_t part = count < width ? count : width;
        memcpy(labels + i, labels + i - width, part);
        i += part;
        count -= part;
    }
}

void bp_photon_labels_write(bp_photon_writer *w, const uint8_t *labels, size_t height, size_t width)
{
    size_t i = 0, n = height * width;
    while (i < n) {
        size_t from = i;
        i = end_of_same(labels, width, i, n);
        bp_photon_put_number(w, (uint32_t)(i - from));
        if (i == n)
            break;
        from = i;
        while (i < n && labels[i] == labels[from] && labels[i] != above(labels, width, i))
            i++;
        bp_photon_put_number(w, (uint32_t)(i - from) - 1);
        bp_photon_put_byte(w, labels[from]);
    }
}

void bp_photon_labels_read(bp_photon_reader *r, size_t kinds, uint8_t *labels, size_t height, size_t width)
{
    size_t i = 0, n = height * width;
    while (i < n && !r->bad) {
        size_t same = bp_photon_get_number(r);
        if (same > n - i)
            r->bad = true;
        if (r->bad)
            break;
        repeat(labels, width, i, same);
        i += same;
        if (i == n)
            break;
        size_t run = (size_t)bp_photon_get_number(r) + 1;
        unsigned kind = bp_photon_get_byte(r);
        if (run > n - i || kind > kinds) {
            r->bad = true;
            break;
        }
        memset(labels + i, (int)kind, run);
        i += run;
    }
}
