/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#if defined(__AVX2__)
#include "kernel/photon_choice_body.h"

const bp_photon_choice bp_photon_choice_avx2 = BP_PHOTON_CHOICE;
#endif
