/* SPDX-License-Identifier: BSD-3-Clause
 * The results a beampress call can have. The list is frozen: entries are added at its end and never change
 * their number. Each carries the exit code that the command ends with. */
#ifndef BEAMPRESS_STATUS_H
#define BEAMPRESS_STATUS_H

#if defined(__GNUC__) || defined(__clang__)
#define BP_API          __attribute__((visibility("default")))
#define BP_MUST_CHECK   __attribute__((warn_unused_result))
#define BP_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define BP_API
#define BP_MUST_CHECK
#define BP_PRINTF(f, a)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* name, number, exit code, text */
#define BP_STATUS_LIST(X)                                                                                    \
    X(BP_OK, 0, 0, "done")                                                                                   \
    X(BP_E_DIFFERS, 1, 1, "the two differ")                                                                  \
    X(BP_E_USAGE, 2, 2, "wrong use")                                                                         \
    X(BP_E_INPUT, 3, 3, "the input cannot be read")                                                          \
    X(BP_E_DAMAGED, 4, 3, "the input is damaged")                                                            \
    X(BP_E_UNSUPPORTED, 5, 4, "not supported")                                                               \
    X(BP_E_LOSS, 6, 4, "something would be lost")                                                            \
    X(BP_E_BOUND, 7, 4, "the error bound was not met")                                                       \
    X(BP_E_MEMORY, 8, 4, "not enough memory")                                                                \
    X(BP_E_OUTPUT, 9, 5, "the output could not be written")                                                  \
    X(BP_E_INTERRUPTED, 10, 130, "interrupted")                                                              \
    X(BP_E_INTERNAL, 11, 5, "a mistake inside beampress")                                                    \
    X(BP_E_LOST, 12, 6, "parts of the input are lost")                                                       \
    X(BP_E_UNDECIDED, 13, 6, "not enough data to tell")

typedef enum bp_status {
#define BP_STATUS_ENUM(name, number, code, text) name = number,
    BP_STATUS_LIST(BP_STATUS_ENUM)
#undef BP_STATUS_ENUM
} bp_status;

/* The text of a status, never NULL. */
BP_API const char *bp_status_text(bp_status status);

/* The exit code (0 to 6 or 130) that the command uses for a status. */
BP_API int bp_status_exit_code(bp_status status);

#ifdef __cplusplus
}
#endif
#endif
