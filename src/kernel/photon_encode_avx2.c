/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#if defined(__AVX2__) && defined(__BMI2__)
#include "kernel/photon_simd_avx2.h"

#include "kernel/photon_encode_body.h"

void bp_photon_encode_avx2(const bp_photon_source *source, bp_photon_sink *sink)
{
    encode_band(source, sink);
}
#endif
