/* SPDX-License-Identifier: BSD-3-Clause
 * Whole files: make them smaller, plain again, compare them. HDF5/NeXus in and out; TIFF, CBF, EDF, npy and
 * raw bytes come in as NeXus. Output appears under its final name only when it is complete, verified and
 * synced. */
#ifndef BEAMPRESS_FILE_H
#define BEAMPRESS_FILE_H

#include <stdint.h>

#include "codec.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bp_chunking {
    /* As in the input; one frame (small frames gathered) where it has no chunks, and for photon also where
     * they hold several frames or small pieces of one. */
    BP_CHUNKING_KEEP,
    BP_CHUNKING_FRAME,    /* one frame: the last two axes */
    BP_CHUNKING_SINOGRAM, /* one detector row, all frames: the last axis and the first */
    BP_CHUNKING_EXACT     /* chunk_shape */
} bp_chunking;

/* How the output will be read, for the choice of chunks by `automatic`. */
typedef enum bp_access {
    BP_ACCESS_FRAME,      /* single frames in any order: one frame in a chunk */
    BP_ACCESS_SEQUENTIAL, /* one frame after the other: several in a chunk where that makes it smaller */
    BP_ACCESS_SINOGRAM    /* one detector row of all frames */
} bp_access;

typedef enum bp_format {
    BP_FORMAT_ANY,      /* registered HDF5 filters where the codec has them, our own chunks otherwise */
    BP_FORMAT_STANDARD, /* registered filters only */
    BP_FORMAT_OWN       /* our self-describing chunks only */
} bp_format;

/* Told of progress in raw bytes, from the calling thread. */
typedef void (*bp_progress_function)(void *user, const char *what, uint64_t done, uint64_t total);

/* begin ... end - 1 */
typedef struct bp_range {
    uint64_t begin, end;
} bp_range;

typedef struct bp_file_options {
    /* NULL: the default (photon for frames, registered filters with BP_FORMAT_STANDARD and for other data);
     * datasets that it would not make smaller stay. */
    const bp_codec_spec *spec;
    int default_level; /* of photon as the default: 1 + bp_level; 0: balanced */
    /* compress, without spec: picks codec, level and chunks for each dataset from a sample of it, the same
     * ones whenever the same data come. */
    bool automatic;
    double budget; /* automatic: MB/s (10^6 bytes of raw data per second and thread) to be reached; 0: none */
    bp_access access; /* automatic, while chunking is BP_CHUNKING_KEEP */
    bp_format format;
    bp_chunking chunking;
    size_t chunk_rank;
    size_t chunk_shape[BP_MAX_RANK];
    const char *const *datasets; /* absolute paths; NULL: every numeric array that is worth it */
    size_t dataset_count;
    unsigned threads;   /* 0: as many as there are cores */
    size_t memory;      /* bytes that may be in flight; 0: 256 MiB */
    bool no_verify;     /* skip reading the written file back */
    bool overwrite;     /* replace an output that exists */
    bool replace;       /* output = input: atomic, mode and owner kept */
    bool no_fletcher32; /* no fletcher32 behind registered filters */
    bool follow;        /* also the data files that links and virtual datasets point to */
    bool keep_links;    /* write links although their targets will not be found from the output's folder */
    bool again;         /* also data that are marked lossy or were stored by a lossy filter */
    bp_range frames, rows, columns; /* bp_export_file: of the first axis, and of the last two; end 0: all,
                                       UINT64_MAX: to its end */
    bool salvage;                   /* decompress: write what is intact, list the chunks that are lost */
    /* Reads large plain chunks from the mapped input, without a copy. The program must have installed
     * bp_input_fault for SIGBUS, which the kernel raises when the input is cut short meanwhile. */
    bool map_input;
    bp_progress_function progress;
    void *progress_user;
    const char *const *series; /* compress: files of frames that follow the input in one series */
    size_t series_count;
    /* raw bytes in: shape and type that the file does not state */
    bp_dtype raw_dtype;
    bool raw_big_endian;
    size_t raw_rank;
    size_t raw_shape[BP_MAX_RANK];
    uint64_t raw_offset;
} bp_file_options;

/* One working point that `automatic` looked at. */
typedef struct bp_candidate {
    char *codec;                       /* canonical spec */
    double ratio;                      /* of the sample */
    double encode_speed, decode_speed; /* nominal, MB/s on one thread */
    bool allowed;                      /* by level and budget */
    bool chosen;
} bp_candidate;

typedef struct bp_dataset_report {
    char *path;
    bp_dtype dtype; /* BP_OPAQUE for compound, strings and other types without a number */
    size_t itemsize;
    size_t rank;
    uint64_t shape[BP_MAX_RANK];
    char *codec; /* canonical spec, or what the stored filters are called; "none" when it is plain */
    char *note;  /* why it was kept as it was, or coded otherwise than asked; NULL when neither */
    bool coded;  /* written anew by us */
    bool lossy;
    double max_error; /* the largest absolute error that was measured; 0 when lossless */
    uint64_t raw_bytes, stored_bytes;
    uint64_t lost_chunks; /* salvage */
    char *why;            /* automatic: what was chosen and why, one line; NULL without */
    bp_candidate *candidates;
    size_t candidate_count;
    uint64_t sample_bytes;
} bp_dataset_report;

typedef struct bp_file_report {
    bp_dataset_report *datasets;
    size_t dataset_count;
    uint64_t raw_bytes, stored_bytes;   /* of the datasets */
    uint64_t input_bytes, output_bytes; /* of the files */
    bool verified;
    double seconds;
    char **lost; /* salvage: "path: chunk at 3,0,0: cause" */
    size_t lost_count;
    char **warnings;
    size_t warning_count;
} bp_file_report;

BP_API void bp_file_options_init(bp_file_options *options);

/* A handler for SIGBUS: the call that reads a file somebody else cuts short ends with BP_E_INPUT. A fault of
 * any other origin ends the program as it would without the handler. */
BP_API void bp_input_fault(int number);
BP_API void bp_file_report_fini(bp_file_report *report);

/* Writes a smaller copy of input to output. *report is set up in every case and freed by the caller with
 * bp_file_report_fini. On failure no output appears and what stood there before still does. */
BP_API BP_MUST_CHECK bp_status bp_compress_file(bp_context *ctx, const char *input, const char *output,
                                                const bp_file_options *options, bp_file_report *report);

/* The same back to plain HDF5: no filters. */
BP_API BP_MUST_CHECK bp_status bp_decompress_file(bp_context *ctx, const char *input, const char *output,
                                                  const bp_file_options *options, bp_file_report *report);

/* Writes one dataset (options->datasets, or the only detector image, or the default plot, or the only array
 * of numbers) as "tiff" (a page per frame), "npy" or "raw" (bytes as the machine has them, and output.json
 * with their type and shape). BP_E_USAGE names the datasets when there are several. */
BP_API BP_MUST_CHECK bp_status bp_export_file(bp_context *ctx, const char *input, const char *output,
                                              const char *format, const bp_file_options *options,
                                              bp_file_report *report);

/* Reads a part of a dataset of numbers into out, which is C-contiguous, has the dataset's dtype and rank, and
 * the shape of the part; offset: where the part begins, a number for each axis. Only the chunks that it
 * touches are fetched and decoded, on options->threads. BP_E_USAGE: dtype or rank is another, or the part is
 * not inside. */
BP_API BP_MUST_CHECK bp_status bp_read_region(bp_context *ctx, const char *file, const char *dataset,
                                              const uint64_t *offset, const bp_file_options *options,
                                              const bp_array *out);
/* What one needs to know for that: data is NULL. BP_E_UNSUPPORTED for what is no array of numbers. */
BP_API BP_MUST_CHECK bp_status bp_dataset_describe(bp_context *ctx, const char *file, const char *dataset,
                                                   bp_array *array);

typedef struct bp_verify_options {
    unsigned threads;
    size_t memory;
    const char *skip; /* a dataset of the first file whose values are not compared; NULL: none */
    double bound;     /* largest absolute error allowed; negative: bit by bit */
    bp_progress_function progress;
    void *progress_user;
} bp_verify_options;

typedef struct bp_verify_report {
    bool identical;
    char *first_difference; /* NULL when identical */
    uint64_t datasets, values, raw_bytes;
    double max_error;
} bp_verify_report;

BP_API void bp_verify_report_fini(bp_verify_report *report);

/* Compares two files: links, types, attributes, values; ignores layout, filters, object times and our own
 * provenance group. BP_OK when they agree, BP_E_DIFFERS when they do not. */
BP_API BP_MUST_CHECK bp_status bp_verify_files(bp_context *ctx, const char *a, const char *b,
                                               const bp_verify_options *options, bp_verify_report *report);

#ifdef __cplusplus
}
#endif
#endif
