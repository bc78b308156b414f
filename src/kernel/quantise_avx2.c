/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#if defined(__AVX2__)
#include "kernel/quantise_body.h"

const bp_quantise_kernels bp_quantise_kernels_avx2 = {quantise_numbers, quantise_codes};
#endif
