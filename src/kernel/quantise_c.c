/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#include "kernel/quantise_body.h"

const bp_quantise_kernels bp_quantise_kernels_c = {quantise_numbers, quantise_codes};
