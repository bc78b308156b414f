/* SPDX-License-Identifier: BSD-3-Clause
 * A view of an n-dimensional array: element type, shape (slowest axis first), strides in bytes, data.
 * It owns nothing: whoever made the memory frees it. Values are in the byte order of the machine. */
#ifndef BEAMPRESS_ARRAY_H
#define BEAMPRESS_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BP_MAX_RANK 32 /* HDF5's own limit */

/* Element types. The numbers are on disk: never reused, never changed. BP_OPAQUE is bytes without a meaning.
 */
#define BP_DTYPE_LIST(X)                                                                                     \
    X(BP_OPAQUE, 0, "opaque", 0)                                                                             \
    X(BP_U8, 1, "uint8", 1)                                                                                  \
    X(BP_U16, 2, "uint16", 2)                                                                                \
    X(BP_U32, 3, "uint32", 4)                                                                                \
    X(BP_U64, 4, "uint64", 8)                                                                                \
    X(BP_I8, 5, "int8", 1)                                                                                   \
    X(BP_I16, 6, "int16", 2)                                                                                 \
    X(BP_I32, 7, "int32", 4)                                                                                 \
    X(BP_I64, 8, "int64", 8)                                                                                 \
    X(BP_F16, 9, "float16", 2)                                                                               \
    X(BP_F32, 10, "float32", 4)                                                                              \
    X(BP_F64, 11, "float64", 8)

typedef enum bp_dtype {
#define BP_DTYPE_ENUM(name, number, text, size) name = number,
    BP_DTYPE_LIST(BP_DTYPE_ENUM)
#undef BP_DTYPE_ENUM
        BP_DTYPE_COUNT
} bp_dtype;

typedef struct bp_array {
    bp_dtype dtype;
    size_t itemsize;                /* bytes per element; given by dtype unless BP_OPAQUE */
    size_t rank;                    /* 0 (one element) to BP_MAX_RANK */
    size_t shape[BP_MAX_RANK];      /* elements per axis, slowest first; 0 allowed */
    ptrdiff_t strides[BP_MAX_RANK]; /* bytes from one element to the next along each axis */
    void *data;
} bp_array;

/* "uint16", ... as numpy writes it; NULL for a number that is no dtype. */
BP_API const char *bp_dtype_name(bp_dtype dtype);
/* Bytes per element, 0 for BP_OPAQUE and for a number that is no dtype. */
BP_API size_t bp_dtype_size(bp_dtype dtype);
/* Smallest and largest value of an integer type of up to 32 bits. False for the others, and nothing is set.
 */
BP_API bool bp_dtype_range(bp_dtype dtype, double *low, double *high);
/* BP_USAGE when text is not the name of a dtype. */
BP_API BP_MUST_CHECK bp_status bp_dtype_parse(const char *text, bp_dtype *dtype);

/* Makes a C-contiguous view of data. BP_E_USAGE: rank above BP_MAX_RANK, itemsize that disagrees with dtype
 * (pass 0 to take the dtype's), or a size in bytes that does not fit size_t and ptrdiff_t. */
BP_API BP_MUST_CHECK bp_status bp_array_init(bp_array *array, bp_dtype dtype, size_t itemsize, size_t rank,
                                             const size_t *shape, void *data);
BP_API size_t bp_array_elements(const bp_array *array);
BP_API size_t bp_array_bytes(const bp_array *array);
BP_API bool bp_array_contiguous(const bp_array *array);

/* Copies the values between two views of the same dtype, itemsize and shape. They must not overlap. */
BP_API BP_MUST_CHECK bp_status bp_array_copy(const bp_array *from, const bp_array *to);

/* The part of array that starts at offset and has the given shape, as a view. BP_E_USAGE when it sticks out.
 */
BP_API BP_MUST_CHECK bp_status bp_array_part(const bp_array *array, const size_t *offset, const size_t *shape,
                                             bp_array *part);

#ifdef __cplusplus
}
#endif
#endif
