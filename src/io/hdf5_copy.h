/* SPDX-License-Identifier: BSD-3-Clause
 * The copy engine: an HDF5 file written anew with everything that is in it, while somebody else may decide
 * how the values of plain datasets are stored.
 *
 * Kept: links of every kind with their order, object identity (several names, cycles), groups, committed
 * types and who shares them, attributes, references (rewritten to the new objects), virtual datasets and
 * external storage as they stand, creation properties, comments, the user block. Object times are not
 * written, so that the same input gives the same bytes. What cannot be kept stops the run before the target
 * is created. */
#ifndef BP_IO_HDF5_COPY_H
#define BP_IO_HDF5_COPY_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "beampress/context.h"

/* What we write ourselves and therefore never compare: the attribute on datasets that were coded with loss,
 * and the group in the root that tells what was done to the file. */
#define BP_H5_LOSSY_ATTRIBUTE  "beampress_lossy"
#define BP_H5_PROVENANCE_GROUP "beampress"

/* Who moves the values. All are called in the order plan, (write), written for one dataset before the next
 * one is begun; each may be NULL. path is the shortest chain of hard links to the dataset; it may have other
 * names (compare H5Oget_info's addr). Attributes are copied later: in written() the target has none yet, and
 * an attribute that written() makes stays in place of the source's of that name. */
typedef struct bp_h5_replacement {
    hid_t type, space;  /* of the dataset as it is to be; the caller's */
    const void *values; /* NULL: none are written */
} bp_h5_replacement;

typedef struct bp_h5_payload {
    /* Asked before everything else about every dataset: other values of perhaps another type and shape take
     * its place, contiguous, while its attributes stay. Sets *replaced. Then plan and write are not called.
     */
    bp_status (*replace)(bp_context *ctx, void *user, hid_t source, bool *replaced,
                         bp_h5_replacement *replacement);
    /* Called before a dataset of plain fixed-size elements (no vlen, no reference, not virtual, not external,
     * not null or empty) is created. May change dcpl (chunk shape, filters) and sets *recode. Filters need
     * not be known to HDF5, and their words are written as they stand in dcpl. */
    bp_status (*plan)(bp_context *ctx, void *user, const char *path, hid_t source, hid_t dcpl, bool *recode);
    /* Fills target (already created by that dcpl) when plan said recode. */
    bp_status (*write)(bp_context *ctx, void *user, const char *path, hid_t source, hid_t target);
    /* Told of every dataset that was written, verbatim or not, after it was. The values of datasets of
     * references and of variable length come last, after all the others. */
    bp_status (*written)(bp_context *ctx, void *user, const char *path, hid_t source, hid_t target,
                         bool recoded);
    void *user;
} bp_h5_payload;

/* Writes a copy of the open source_file to target_path, which is created or truncated and closed again; on
 * failure it may be left half written. Filters that the program registered itself (not by plug-in) under ids
 * that the file uses are no longer registered afterwards. payload NULL: everything verbatim. The message
 * starts with the name of the source file. BP_E_LOSS or BP_E_UNSUPPORTED: the target has not been touched. */
BP_MUST_CHECK bp_status bp_h5_copy_file(bp_context *ctx, hid_t source_file, const char *target_path,
                                        const bp_h5_payload *payload);

/* Can HDF5 itself read through this filter? Asked during a copy this is not what H5Zfilter_avail says. */
bool bp_h5_filter_reads(uint32_t id);

#endif
