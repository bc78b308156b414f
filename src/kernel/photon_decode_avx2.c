/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#if defined(__AVX2__) && defined(__BMI2__)
#include "kernel/photon_simd_avx2.h"

#include "kernel/photon_decode_body.h"

bool bp_photon_decode_avx2(const bp_photon_target *target, bp_photon_band *bands, size_t count)
{
    return decode_all(target, bands, count);
}
#endif
