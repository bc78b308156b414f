/* SPDX-License-Identifier: BSD-3-Clause
 * Random numbers that are the same on every machine: xoshiro256** of D. Blackman and S. Vigna, "Scrambled
 * linear pseudorandom number generators", ACM TOMS 47 (2021) 36, its state filled by their SplitMix64.
 * Integers only. One stream for each (seed, stream), so that frames can be made in any order. */
#ifndef BP_BASE_RANDOM_H
#define BP_BASE_RANDOM_H

#include <stdint.h>

typedef struct bp_random {
    uint64_t s[4];
} bp_random;

static inline uint64_t bp_random_split_mix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline void bp_random_init(bp_random *random, uint64_t seed, uint64_t stream)
{
    /* both pass through the mixer, so that neighbours give streams that have nothing in common */
    uint64_t state = seed;
    state = bp_random_split_mix(&state) ^ stream;
    state = bp_random_split_mix(&state);
    for (int i = 0; i < 4; i++)
        random->s[i] = bp_random_split_mix(&state);
}

static inline uint64_t bp_random_rotate(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

/* 64 random bits. */
static inline uint64_t bp_random_next(bp_random *random)
{
    uint64_t *s = random->s, result = bp_random_rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = bp_random_rotate(s[3], 45);
    return result;
}

/* In [0, 1), a multiple of 2^-53. */
static inline double bp_random_uniform(bp_random *random)
{
    return (double)(bp_random_next(random) >> 11) * 0x1p-53;
}

#endif
