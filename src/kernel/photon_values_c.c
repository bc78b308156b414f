/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#include "kernel/photon_values_body.h"

const bp_photon_values bp_photon_values_c = {scan_values, divisible_values, mark_values, others_values,
                                             work_values, see_values,       gather_low,  put_values};
