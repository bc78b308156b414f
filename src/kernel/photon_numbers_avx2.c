/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#if defined(__AVX2__)
#include "kernel/photon_numbers_body.h"

const bp_photon_numbers bp_photon_numbers_avx2 = BP_PHOTON_NUMBERS;
#endif
