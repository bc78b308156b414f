/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#include "kernel/photon_choice_body.h"

const bp_photon_choice bp_photon_choice_c = BP_PHOTON_CHOICE;
