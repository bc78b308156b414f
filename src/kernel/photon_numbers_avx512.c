/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#include "kernel/photon_numbers_body.h"

const bp_photon_numbers bp_photon_numbers_avx512 = BP_PHOTON_NUMBERS;
#endif
