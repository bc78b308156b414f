/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/components.h"

#include <stdlib.h>
#include <string.h>

typedef struct node {
    uint32_t parent;
    uint64_t size, row; /* pixels; row of the first one, through all images */
} node;

struct bp_components {
    size_t rows, columns;
    bp_connectivity connectivity;
    bool volume;
    uint64_t images;
    uint32_t *labels, *before; /* of this image and of the last one; 0: background */
    node *nodes;               /* nodes[0] is not used */
    size_t count, room;
};

bp_components *bp_components_new(size_t rows, size_t columns, bp_connectivity connectivity, bool volume)
{
    bp_components *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    *c = (bp_components){.rows = rows, .columns = columns, .connectivity = connectivity, .volume = volume};
    c->labels = calloc(rows * columns + 1, sizeof *c->labels);
    c->before = calloc(rows * columns + 1, sizeof *c->before);
    c->room = 1024;
    c->count = 1;
    c->nodes = malloc(c->room * sizeof *c->nodes);
    if (!c->labels || !c->before || !c->nodes) {
        bp_components_free(c);
        return NULL;
    }
    return c;
}

void bp_components_free(bp_components *c)
{
    if (!c)
        return;
    free(c->labels);
    free(c->before);
    free(c->nodes);
    free(c);
}

static uint32_t root(bp_components *c, uint32_t label)
{
    while (c->nodes[label].parent != label) {
        c->nodes[label].parent = c->nodes[c->nodes[label].parent].parent;
        label = c->nodes[label].parent;
    }
    return label;
}

/* The label that a pixel has from its neighbours so far, joined with one more of them. */
static uint32_t join(bp_components *c, uint32_t label, uint32_t other)
{
    if (other == 0)
        return label;
    other = root(c, other);
    if (label == 0 || label == other)
        return other;
    /* the older one stays, so that components keep the order of their first pixels */
    uint32_t keep = label < other ? label : other, go = label < other ? other : label;
    c->nodes[go].parent = keep;
    c->nodes[keep].size += c->nodes[go].size;
    return keep;
}

static bool new_label(bp_components *c, size_t row, uint32_t *label)
{
    if (c->count == c->room) {
        node *more = c->room < UINT32_MAX / 2 ? realloc(c->nodes, c->room * 2 * sizeof *more) : NULL;
        if (!more)
            return false;
        c->nodes = more;
        c->room *= 2;
    }
    *label = (uint32_t)c->count;
    c->nodes[c->count++] = (node){*label, 0, c->images * c->rows + row};
    return true;
}

static uint32_t from_this_image(bp_components *c, size_t r, size_t col)
{
    const uint32_t *at = c->labels + r * c->columns + col;
    bool all = c->connectivity == BP_CONNECTED_ALL, left = col > 0, right = col + 1 < c->columns;
    uint32_t label = left ? join(c, 0, at[-1]) : 0;
    if (r == 0)
        return label;
    const uint32_t *up = at - c->columns;
    label = join(c, label, up[0]);
    if (all && left)
        label = join(c, label, up[-1]);
    if (all && right)
        label = join(c, label, up[1]);
    return label;
}

static uint32_t from_last_image(bp_components *c, size_t r, size_t col, uint32_t label)
{
    size_t reach = c->connectivity == BP_CONNECTED_ALL ? 1 : 0;
    size_t top = r > reach ? r - reach : 0, bottom = r + reach < c->rows ? r + reach : c->rows - 1;
    size_t left = col > reach ? col - reach : 0,
           right = col + reach < c->columns ? col + reach : c->columns - 1;
    for (size_t y = top; y <= bottom; y++)
        for (size_t x = left; x <= right; x++)
            label = join(c, label, c->before[y * c->columns + x]);
    return label;
}

bool bp_components_add(bp_components *c, const uint8_t *image)
{
    uint32_t *swap = c->before;
    c->before = c->labels;
    c->labels = swap;
    for (size_t r = 0; r < c->rows; r++)
        for (size_t col = 0; col < c->columns; col++) {
            uint32_t label = 0, *at = &c->labels[r * c->columns + col];
            *at = 0;
            if (!image[r * c->columns + col])
                continue;
            label = from_this_image(c, r, col);
            if (c->volume && c->images > 0)
                label = from_last_image(c, r, col, label);
            if (label == 0 && !new_label(c, r, &label))
                return false;
            *at = label;
            c->nodes[label].size++;
        }
    c->images++;
    return true;
}

bool bp_components_sizes(bp_components *c, uint64_t **sizes, uint64_t **rows, size_t *count)
{
    *sizes = malloc(c->count * sizeof **sizes);
    *rows = malloc(c->count * sizeof **rows);
    *count = 0;
    if (!*sizes || !*rows) {
        free(*sizes);
        free(*rows);
        *sizes = *rows = NULL;
        return false;
    }
    for (uint32_t i = 1; i < c->count; i++)
        if (c->nodes[i].parent == i) {
            (*rows)[*count] = c->nodes[i].row;
            (*sizes)[(*count)++] = c->nodes[i].size;
        }
    return true;
}
