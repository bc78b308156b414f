/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#include "kernel/photon_max_body.h"

const bp_max_rows bp_max_rows_avx512 = BP_MAX_ROWS;
#endif
