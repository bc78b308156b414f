/* SPDX-License-Identifier: BSD-3-Clause
 * Checked integer arithmetic for everything that comes from a file: true means that the result did not fit.
 */
#ifndef BP_BASE_CHECKED_H
#define BP_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool bp_add_overflows(size_t a, size_t b, size_t *sum)
{
    return __builtin_add_overflow(a, b, sum);
}

static inline bool bp_mul_overflows(size_t a, size_t b, size_t *product)
{
    return __builtin_mul_overflow(a, b, product);
}

/* Product of count factors; an empty product is 1. A zero factor gives 0 even where the others would
 * overflow. */
static inline bool bp_product_overflows(const size_t *factors, size_t count, size_t *product)
{
    *product = 1;
    for (size_t i = 0; i < count; i++)
        if (factors[i] == 0) {
            *product = 0;
            return false;
        }
    for (size_t i = 0; i < count; i++)
        if (bp_mul_overflows(*product, factors[i], product))
            return true;
    return false;
}

/* n / d for d > 0, rounded down, as a number. */
static inline double bp_floor_divide(size_t n, size_t d)
{
    size_t whole = n / d;
    return (double)whole;
}

static inline bool bp_size_from_u64(uint64_t value, size_t *size)
{
    *size = (size_t)value;
    return *size != value;
}

#endif
