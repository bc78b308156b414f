/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#if defined(__AVX2__)
#include "kernel/photon_max_body.h"

const bp_max_rows bp_max_rows_avx2 = BP_MAX_ROWS;
#endif
