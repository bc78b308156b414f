/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#if defined(__AVX512VBMI__)
#include "kernel/metric_body.h"

const bp_metric_kernels bp_metric_kernels_avx512 = {
    metric_windows, metric_point, metric_survey, metric_dot, metric_lags, metric_from_u16, metric_from_f32};
#endif
