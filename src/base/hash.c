/* SPDX-License-Identifier: BSD-3-Clause */
#define XXH_INLINE_ALL
#include <string.h>
#include <xxhash.h>

#include "base/hash.h"

uint64_t bp_hash64(const void *data, size_t size)
{
    return XXH3_64bits(data, size);
}

/* Words of 16 bits, big endian, go into two sums modulo 65535. LANES words are summed side by side, so that
 * compilers can use vectors: in the second sum, lane l of row j counts (rows - j) * LANES - l times. Swapping
 * the bytes of a word multiplies it by 256 modulo 65535, so the words are summed as the machine has them and
 * the sums are swapped. */
#define LANES 32
#define ROWS  256 /* of a run: 65535 * ROWS * (ROWS + 1) / 2 fits 32 bits */

static uint32_t fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint32_t)sum;
}

static void add_run(const uint8_t *p, size_t rows, uint32_t *sum1, uint32_t *sum2)
{
    uint32_t once[LANES] = {0}, weighted[LANES] = {0};
    for (size_t j = 0; j < rows; j++) {
        uint16_t words[LANES];
        memcpy(words, p + j * sizeof words, sizeof words);
        for (size_t l = 0; l < LANES; l++) {
            once[l] += words[l];
            weighted[l] += once[l];
        }
    }
    uint64_t first = 0, second = 0, behind = 0;
    for (size_t l = 0; l < LANES; l++) {
        first += once[l];
        second += (uint64_t)LANES * weighted[l];
        behind += (uint64_t)l * once[l];
    }
    *sum2 = fold(*sum2 + (uint64_t)rows * LANES * *sum1 + second - behind);
    *sum1 = fold(*sum1 + first);
}

static uint32_t to_big_endian(uint32_t sum)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? (sum & 0xff) << 8 | sum >> 8 : sum;
}

/* An odd last byte counts as the high half of a word. */
uint32_t bp_fletcher32(const void *data, size_t size)
{
    const uint8_t *p = data;
    uint32_t sum1 = 0, sum2 = 0;
    for (size_t rows = size / (2 * LANES); rows;) {
        size_t run = rows < ROWS ? rows : ROWS;
        add_run(p, run, &sum1, &sum2);
        p += run * 2 * LANES;
        rows -= run;
    }
    for (size_t left = size % (2 * LANES); left;) {
        size_t bytes = left > 1 ? 2 : 1;
        uint16_t word = 0;
        memcpy(&word, p, bytes);
        if (bytes == 1)
            word = (uint16_t)to_big_endian((uint32_t)p[0] << 8);
        sum1 = fold((uint64_t)sum1 + word);
        sum2 = fold((uint64_t)sum2 + sum1);
        p += bytes;
        left -= bytes;
    }
    return to_big_endian(sum2) << 16 | to_big_endian(sum1);
}
