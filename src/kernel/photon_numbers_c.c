/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#include "kernel/photon_numbers_body.h"

const bp_photon_numbers bp_photon_numbers_c = BP_PHOTON_NUMBERS;
