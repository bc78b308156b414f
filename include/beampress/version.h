/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BEAMPRESS_VERSION_H
#define BEAMPRESS_VERSION_H

#include "status.h"

#define BP_VERSION_MAJOR  0
#define BP_VERSION_MINOR  1
#define BP_VERSION_PATCH  0
#define BP_VERSION_STRING "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif
/* Version of the library that runs, which may be another than that of the header. */
BP_API const char *bp_version(void);
/* Name of the SIMD level in use: "c", "avx2", "avx512". Results never depend on it. */
BP_API const char *bp_simd_level(void);
#ifdef __cplusplus
}
#endif
#endif
