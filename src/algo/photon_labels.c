/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/photon_values.h"

static uint8_t above(const uint8_t *labels, size_t width, size_t i)
{
    return i < width ? 0 : labels[i - width];
}

void bp_photon_labels_write(bp_photon_writer *w, const uint8_t *labels, size_t height, size_t width)
{
    size_t i = 0, n = height * width;
    while (i < n) {
        size_t from = i;
        while (i < n && labels[i] == above(labels, width, i))
            i++;
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
        for (; same && !r->bad; same--, i++)
            labels[i] = above(labels, width, i);
        if (i == n || r->bad)
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
