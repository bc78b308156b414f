/* SPDX-License-Identifier: BSD-3-Clause
 * Two datasets: what they are, where their values stand when that is elsewhere, and the values. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "io/hdf5_arena.h"
#include "io/hdf5_chunks.h"
#include "io/hdf5_compare.h"
#include "io/hdf5_copier.h"
#include "io/hdf5_file.h"
#include "io/hdf5_source.h"
#include "io/hdf5_verifier.h"

typedef struct pair {
    bp_h5_verifier *v;
    hid_t datasets[2], types[2], spaces[2], dcpls[2];
    bp_h5_dataset_facts facts;
    size_t element;
    /* pieces */
    hid_t transfers[2];
    bp_h5_arena arenas[2];
    unsigned char *buffers[2];
    size_t capacity;
} pair;

static bp_status verify_fill(pair *p)
{
    bp_context *ctx = p->v->ctx;
    static const char *const texts[] = {"undefined", "the default", "set by the user"};
    H5D_fill_value_t defined[2];
    size_t first;
    bp_status status = BP_OK;
    if (H5Pfill_value_defined(p->dcpls[0], &defined[0]) < 0 ||
        H5Pfill_value_defined(p->dcpls[1], &defined[1]) < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "its fill value cannot be read");
    if (defined[0] != defined[1])
        return bp_fail(ctx, BP_E_DIFFERS, "fill value: %s and %s", texts[defined[0]], texts[defined[1]]);
    if (defined[0] != H5D_FILL_VALUE_USER_DEFINED)
        return BP_OK;
    unsigned char *values[2] = {calloc(1, p->element), calloc(1, p->element)};
    for (int i = 0; status == BP_OK && i < 2; i++)
        if (!values[i])
            status = bp_fail(ctx, BP_E_MEMORY, "no memory for a fill value");
        else if (H5Pget_fill_value(p->dcpls[i], p->types[i], values[i]) < 0)
            status = bp_h5_fail(ctx, BP_E_DAMAGED, "its fill value cannot be read");
    if (status == BP_OK)
        status = bp_h5_verify_values(p->v, p->types[0], values[0], values[1], 1, -1, &first);
    if (status == BP_E_DIFFERS)
        status = bp_fail_in(ctx, status, "fill value");
    for (int i = 0; i < 2; i++) {
        if (values[i] && p->facts.type.vlen) {
            hid_t one = H5Screate(H5S_SCALAR);
            H5Dvlen_reclaim(p->types[i], one, H5P_DEFAULT, values[i]);
            bp_h5_release(&one);
        }
        free(values[i]);
    }
    return status;
}

static bp_status same_selection(bp_context *ctx, hid_t a, hid_t b, bool *same)
{
    hid_t spaces[2] = {a, b};
    size_t sizes[2] = {0, 0};
    void *encoded[2] = {NULL, NULL};
    bp_status status = BP_OK;
    for (int i = 0; status == BP_OK && i < 2; i++)
        if (H5Sencode(spaces[i], NULL, &sizes[i]) < 0 || !(encoded[i] = malloc(sizes[i])) ||
            H5Sencode(spaces[i], encoded[i], &sizes[i]) < 0)
            status = bp_h5_fail(ctx, BP_E_DAMAGED, "a selection cannot be read");
    *same = status == BP_OK && sizes[0] == sizes[1] && memcmp(encoded[0], encoded[1], sizes[0]) == 0;
    free(encoded[0]);
    free(encoded[1]);
    return status;
}

static bp_status verify_mapping(pair *p, size_t index)
{
    bp_context *ctx = p->v->ctx;
    char files[2][PATH_MAX] = {"", ""}, names[2][PATH_MAX] = {"", ""};
    for (int i = 0; i < 2; i++)
        if (H5Pget_virtual_filename(p->dcpls[i], index, files[i], PATH_MAX) < 0 ||
            H5Pget_virtual_dsetname(p->dcpls[i], index, names[i], PATH_MAX) < 0)
            return bp_h5_fail(ctx, BP_E_DAMAGED, "mapping %zu cannot be read", index);
    if (strcmp(files[0], files[1]) != 0)
        return bp_fail(ctx, BP_E_DIFFERS, "mapping %zu: source file \"%s\" and \"%s\"", index, files[0],
                       files[1]);
    if (strcmp(names[0], names[1]) != 0)
        return bp_fail(ctx, BP_E_DIFFERS, "mapping %zu: source \"%s\" and \"%s\"", index, names[0], names[1]);
    hid_t spaces[4] = {H5Pget_virtual_vspace(p->dcpls[0], index), H5Pget_virtual_vspace(p->dcpls[1], index),
                       H5Pget_virtual_srcspace(p->dcpls[0], index),
                       H5Pget_virtual_srcspace(p->dcpls[1], index)};
    bool here = false, there = false;
    bp_status status = same_selection(ctx, spaces[0], spaces[1], &here);
    if (status == BP_OK)
        status = same_selection(ctx, spaces[2], spaces[3], &there);
    if (status == BP_OK && !(here && there))
        status =
            bp_fail(ctx, BP_E_DIFFERS, "mapping %zu: the %s selection", index, here ? "source" : "virtual");
    for (int i = 0; i < 4; i++)
        bp_h5_release(&spaces[i]);
    return status;
}

static bp_status verify_virtual(pair *p)
{
    size_t counts[2];
    bp_status status = BP_OK;
    if (H5Pget_virtual_count(p->dcpls[0], &counts[0]) < 0 ||
        H5Pget_virtual_count(p->dcpls[1], &counts[1]) < 0)
        return bp_h5_fail(p->v->ctx, BP_E_DAMAGED, "its mappings cannot be read");
    if (counts[0] != counts[1])
        return bp_fail(p->v->ctx, BP_E_DIFFERS, "%zu and %zu mappings", counts[0], counts[1]);
    for (size_t i = 0; status == BP_OK && i < counts[0]; i++)
        status = verify_mapping(p, i);
    return status;
}

static bp_status verify_external(pair *p)
{
    bp_context *ctx = p->v->ctx;
    int count = H5Pget_external_count(p->dcpls[0]);
    if (count != H5Pget_external_count(p->dcpls[1]))
        return bp_fail(ctx, BP_E_DIFFERS, "%d and %d external raw files", count,
                       H5Pget_external_count(p->dcpls[1]));
    for (unsigned i = 0; count > 0 && i < (unsigned)count; i++) {
        char names[2][PATH_MAX] = {"", ""};
        off_t offsets[2];
        hsize_t sizes[2];
        for (int k = 0; k < 2; k++)
            if (H5Pget_external(p->dcpls[k], i, PATH_MAX, names[k], &offsets[k], &sizes[k]) < 0)
                return bp_h5_fail(ctx, BP_E_DAMAGED, "external raw file %u cannot be read", i);
        if (strcmp(names[0], names[1]) != 0 || offsets[0] != offsets[1] || sizes[0] != sizes[1])
            return bp_fail(ctx, BP_E_DIFFERS, "external raw file %u: \"%s\" from %lld and \"%s\" from %lld",
                           i, names[0], (long long)offsets[0], names[1], (long long)offsets[1]);
    }
    return BP_OK;
}

typedef struct chunk_compare {
    pair *p;
    bool same;
} chunk_compare;

static bp_status ensure(pair *p, size_t bytes)
{
    if (bytes <= p->capacity)
        return BP_OK;
    p->capacity = 0;
    for (int i = 0; i < 2; i++) {
        free(p->buffers[i]);
        p->buffers[i] = malloc(bytes);
    }
    if (!p->buffers[0] || !p->buffers[1])
        return bp_fail(p->v->ctx, BP_E_MEMORY, "no memory for a piece of %zu bytes", bytes);
    p->capacity = bytes;
    return BP_OK;
}

static bp_status compare_chunk(bp_context *ctx, void *user, const hsize_t *offset, hsize_t bytes)
{
    chunk_compare *c = user;
    uint32_t masks[2] = {0, 0};
    hsize_t other = 0;
    size_t size;
    if (bp_size_from_u64(bytes, &size))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "a chunk is larger than memory");
    if (H5Dget_chunk_storage_size(c->p->datasets[1], offset, &other) < 0 || other != bytes) {
        H5Eclear2(H5E_DEFAULT);
        c->same = false;
        return BP_E_DIFFERS; /* ends the walk */
    }
    bp_status status = ensure(c->p, size);
    for (int i = 0; status == BP_OK && i < 2; i++)
        status = bp_h5_chunk_read(ctx, c->p->datasets[i], offset, &masks[i], c->p->buffers[i], size);
    if (status != BP_OK)
        return status;
    c->same = masks[0] == masks[1] && memcmp(c->p->buffers[0], c->p->buffers[1], size) == 0;
    return c->same ? BP_OK : BP_E_DIFFERS;
}

/* The same stored bytes behind the same filters are the same values, also where nobody has the filter. */
static bp_status same_chunks(pair *p, bool *same)
{
    bp_h5_grid grids[2];
    *same = false;
    if (H5Pget_layout(p->dcpls[0]) != H5D_CHUNKED || H5Pget_layout(p->dcpls[1]) != H5D_CHUNKED ||
        !bp_h5_filters_equal(p->dcpls[0], p->dcpls[1]))
        return BP_OK;
    for (int i = 0; i < 2; i++) {
        bp_status status = bp_h5_grid_read(p->v->ctx, p->datasets[i], &grids[i]);
        if (status != BP_OK)
            return status;
    }
    if (memcmp(grids[0].chunk, grids[1].chunk, sizeof grids[0].chunk) != 0 ||
        grids[0].stored != grids[1].stored)
        return BP_OK;
    chunk_compare c = {p, true};
    bp_status status = bp_h5_chunks_walk(p->v->ctx, p->datasets[0], compare_chunk, &c);
    *same = status == BP_OK && c.same;
    return status == BP_E_DIFFERS ? BP_OK : status;
}

/* Number within the box -> place in the dataset. */
static bp_status differ_at(pair *p, const bp_h5_box *box, size_t number)
{
    hsize_t at[BP_MAX_RANK];
    char place[300];
    if (box->rank == 0)
        return bp_fail_in(p->v->ctx, BP_E_DIFFERS, "value");
    for (unsigned i = box->rank; i-- > 0; number /= box->shape[i])
        at[i] = box->offset[i] + number % box->shape[i];
    bp_h5_shape_text((int)box->rank, at, place, sizeof place);
    return bp_fail_in(p->v->ctx, BP_E_DIFFERS, "value at %s", place);
}

static bp_status compare_piece(bp_context *ctx, void *user, const bp_h5_box *box, size_t elements)
{
    pair *p = user;
    hsize_t count = elements;
    size_t bytes, first;
    if (bp_mul_overflows(elements, p->element, &bytes))
        return bp_fail(ctx, BP_E_DAMAGED, "its elements are larger than memory");
    bp_status status = ensure(p, bytes);
    bool halve = false;
    hid_t memory = H5Screate_simple(1, &count, NULL);
    for (int i = 0; status == BP_OK && i < 2; i++) {
        if (box->rank)
            H5Sselect_hyperslab(p->spaces[i], H5S_SELECT_SET, box->offset, NULL, box->shape, NULL);
        p->arenas[i].limit = elements > 1 ? BP_H5_LENGTH_BYTES : SIZE_MAX;
        if (H5Dread(p->datasets[i], p->types[i], memory, p->spaces[i], p->transfers[i], p->buffers[i]) < 0) {
            halve = p->arenas[i].full && elements > 1;
            status =
                bp_h5_fail(ctx, BP_E_DAMAGED, "values of the %s file cannot be read", i ? "second" : "first");
        }
    }
    bool bits = !p->facts.type.vlen && !p->facts.type.reference;
    if (status == BP_OK && !(bits && memcmp(p->buffers[0], p->buffers[1], bytes) == 0)) {
        status = bp_h5_verify_values(p->v, p->types[0], p->buffers[0], p->buffers[1], elements,
                                     p->v->options->bound, &first);
        if (status == BP_E_DIFFERS)
            status = differ_at(p, box, first);
    }
    bp_h5_release(&memory);
    bp_h5_arena_reset(&p->arenas[0]);
    bp_h5_arena_reset(&p->arenas[1]);
    return halve ? bp_h5_box_split(ctx, box, elements / 2, compare_piece, p) : status;
}

/* What neither has stored is the fill value in both, which is known to be the same. */
static bp_status compare_pieces(pair *p)
{
    bp_context *ctx = p->v->ctx;
    size_t elements = BP_H5_PIECE_BYTES / p->element;
    for (int i = 0; i < 2; i++) {
        p->transfers[i] = bp_h5_arena_transfer(&p->arenas[i]);
        if (p->transfers[i] < 0)
            return bp_h5_fail(ctx, BP_E_MEMORY, "no transfer properties");
    }
    bp_status status = bp_h5_boxes_walk(ctx, p->datasets[0], elements ? elements : 1, compare_piece, p);
    if (status == BP_OK && H5Pget_layout(p->dcpls[0]) == H5D_CHUNKED)
        status = bp_h5_boxes_walk(ctx, p->datasets[1], elements ? elements : 1, compare_piece, p);
    return status;
}

/* One element as text, for the message: from HDF5, or decoded by us where HDF5 lacks the filter. */
static void element_text(const pair *p, int which, const hsize_t *at, char *text, size_t size)
{
    bp_h5_source source;
    bp_h5_stored stored = {0};
    bp_scratch scratch = {0};
    const uint8_t *values = NULL;
    uint8_t *room = NULL;
    snprintf(text, size, "a value that cannot be shown");
    if (bp_h5_source_init(NULL, p->datasets[which], &source) == BP_OK) {
        hsize_t offset[BP_MAX_RANK] = {0};
        size_t shape[BP_MAX_RANK], number = 0;
        bool chunk = source.chunked && source.direct;
        bp_array cell;
        for (size_t i = 0; i < source.rank; i++) {
            shape[i] = chunk ? source.chunk.shape[i] : 1;
            offset[i] = at[i] - at[i] % shape[i];
            number = number * shape[i] + (size_t)(at[i] - offset[i]);
        }
        if (bp_array_init(&cell, source.dtype, source.itemsize, source.rank, shape, NULL) == BP_OK &&
            (room = malloc(bp_array_bytes(&cell))) &&
            (chunk ? bp_h5_source_fetch(NULL, &source, offset, &stored)
                   : bp_h5_source_read(NULL, &source, offset, shape, &stored)) == BP_OK &&
            bp_h5_source_decode(NULL, &source, &stored, &cell, room, &scratch, &values) == BP_OK)
            bp_h5_value_text(p->types[which], values + number * source.itemsize, text, size);
    }
    bp_h5_source_fini(&source);
    bp_h5_stored_fini(&stored);
    bp_scratch_fini(&scratch);
    free(room);
}

static bp_status compare_plain(pair *p)
{
    hsize_t at[BP_MAX_RANK] = {0};
    bool equal = false;
    double error = 0;
    bp_context *ctx = p->v->ctx;
    bp_status status = bp_h5_compare(ctx, p->datasets[0], p->datasets[1], p->v->options, &equal, at, &error);
    if (error > p->v->report->max_error)
        p->v->report->max_error = error;
    if (status != BP_OK || equal)
        return status;
    char place[300] = "", texts[2][100];
    int rank = H5Sget_simple_extent_ndims(p->spaces[0]);
    if (rank > 0)
        bp_h5_shape_text(rank, at, place, sizeof place);
    element_text(p, 0, at, texts[0], sizeof texts[0]);
    element_text(p, 1, at, texts[1], sizeof texts[1]);
    return bp_fail(ctx, BP_E_DIFFERS, "value%s%s: %s and %s", rank > 0 ? " at " : "", place, texts[0],
                   texts[1]);
}

/* Can the values be had at all? */
static bp_status check_filters(pair *p, bool by_hdf5)
{
    bp_context *ctx = p->v->ctx;
    for (int i = 0; i < 2; i++) {
        bp_filters pipeline;
        if (H5Pget_layout(p->dcpls[i]) != H5D_CHUNKED)
            continue;
        bp_status status = bp_h5_pipeline_read(ctx, p->dcpls[i], &pipeline);
        if (status != BP_OK)
            return status;
        if (!by_hdf5 && bp_filters_known(&pipeline))
            continue;
        for (size_t k = 0; k < pipeline.count; k++)
            if (H5Zfilter_avail((H5Z_filter_t)pipeline.filters[k].id) <= 0) {
                const char *name = bp_filter_name(pipeline.filters[k].id);
                H5Eclear2(H5E_DEFAULT);
                return bp_fail(ctx, BP_E_UNSUPPORTED,
                               "its values in the %s file cannot be read: filter %u (%s) is not installed",
                               i ? "second" : "first", (unsigned)pipeline.filters[k].id,
                               name ? name : "unknown");
            }
    }
    return BP_OK;
}

/* Contiguous values that were never written: HDF5 refuses to read them when the fill value is undefined. */
static bool never_written(const pair *p, int which)
{
    return H5Pget_layout(p->dcpls[which]) == H5D_CONTIGUOUS && H5Dget_storage_size(p->datasets[which]) == 0;
}

/* Far more room than chunks: whoever walks the whole shape never comes to an end. */
static bool is_sparse(const pair *p)
{
    bp_h5_grid grids[2];
    for (int i = 0; i < 2; i++)
        if (H5Pget_layout(p->dcpls[i]) != H5D_CHUNKED ||
            bp_h5_grid_read(NULL, p->datasets[i], &grids[i]) != BP_OK ||
            grids[i].possible / 64 < grids[i].stored + 10000)
            return false;
    return true;
}

static bool has_gaps(hid_t type)
{
    return H5Tdetect_class(type, H5T_COMPOUND) != 0;
}

static bp_status verify_values(pair *p)
{
    if (p->facts.empty || (never_written(p, 0) && never_written(p, 1)))
        return BP_OK;
    bool by_pieces = p->facts.type.vlen || p->facts.type.reference || has_gaps(p->types[0]), same = false;
    bp_status status = BP_OK;
    if (!p->facts.type.vlen && !p->facts.type.reference)
        status = same_chunks(p, &same);
    if (status != BP_OK || same)
        return status;
    by_pieces = by_pieces || is_sparse(p);
    status = check_filters(p, by_pieces);
    if (status != BP_OK)
        return status;
    return by_pieces ? compare_pieces(p) : compare_plain(p);
}

static bool is_skipped(const pair *p)
{
    H5O_info_t here, skip;
    const char *path = p->v->options->skip;
    return path && H5Oget_info2(p->datasets[0], &here, H5O_INFO_BASIC) >= 0 &&
           H5Oget_info_by_name2(p->v->files[0], path, &skip, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 &&
           here.addr == skip.addr;
}

static bp_status verify_pair(pair *p)
{
    bp_context *ctx = p->v->ctx;
    bp_h5_dataset_facts other;
    bp_status status = bp_h5_dataset_look(ctx, p->datasets[0], &p->facts);
    if (status == BP_OK)
        status = bp_h5_dataset_look(ctx, p->datasets[1], &other);
    if (status == BP_OK)
        status = bp_h5_verify_type(p->v, p->types[0], p->types[1]);
    if (status == BP_OK)
        status = bp_h5_verify_space(ctx, p->spaces[0], p->spaces[1]);
    if (status != BP_OK)
        return status;
    if (is_skipped(p))
        return BP_OK;
    bool virtual = p->facts.layout == H5D_VIRTUAL;
    if (virtual != (other.layout == H5D_VIRTUAL))
        return bp_fail(ctx, BP_E_DIFFERS, "a virtual dataset in the %s file only",
                       virtual ? "first" : "second");
    if (p->facts.external != other.external)
        return bp_fail(ctx, BP_E_DIFFERS, "in external raw files in the %s file only",
                       p->facts.external ? "first" : "second");
    status = verify_fill(p);
    if (status != BP_OK)
        return status;
    return virtual ? verify_virtual(p) : p->facts.external ? verify_external(p) : verify_values(p);
}

static void count(pair *p)
{
    hssize_t values = p->facts.empty ? 0 : H5Sget_simple_extent_npoints(p->spaces[0]);
    bp_verify_report *report = p->v->report;
    report->datasets++;
    if (values > 0 && p->facts.layout != H5D_VIRTUAL && !p->facts.external) {
        report->values += (uint64_t)values;
        report->raw_bytes += (uint64_t)values * p->element;
    }
}

bp_status bp_h5_verify_dataset(bp_h5_verifier *v, const char *path, hid_t a, hid_t b)
{
    pair p = {.v = v, .datasets = {a, b}, .transfers = {H5I_INVALID_HID, H5I_INVALID_HID}};
    bool ready = true;
    for (int i = 0; i < 2; i++) {
        p.types[i] = H5Dget_type(p.datasets[i]);
        p.spaces[i] = H5Dget_space(p.datasets[i]);
        p.dcpls[i] = H5Dget_create_plist(p.datasets[i]);
        ready = ready && p.types[i] >= 0 && p.spaces[i] >= 0 && p.dcpls[i] >= 0;
    }
    p.element = ready ? H5Tget_size(p.types[0]) : 0;
    bp_status status = p.element
                           ? verify_pair(&p)
                           : bp_h5_fail(v->ctx, BP_E_DAMAGED, "its type, shape or properties cannot be read");
    if (status == BP_OK) {
        count(&p);
        if (v->options->progress)
            v->options->progress(v->options->progress_user, path, v->report->raw_bytes, v->total_bytes);
    }
    for (int i = 0; i < 2; i++) {
        bp_h5_release(&p.types[i]);
        bp_h5_release(&p.spaces[i]);
        bp_h5_release(&p.dcpls[i]);
        bp_h5_release(&p.transfers[i]);
        free(p.buffers[i]);
    }
    return status;
}
