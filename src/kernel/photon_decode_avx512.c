/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VBMI__) && defined(__AVX512VBMI2__)
#include "kernel/photon_simd_avx512.h"

#include "kernel/photon_decode_body.h"

bool bp_photon_decode_avx512(const bp_photon_target *target, bp_photon_band *bands, size_t count)
{
    return decode_all(target, bands, count);
}
#endif
