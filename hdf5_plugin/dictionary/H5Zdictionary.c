/* SPDX-License-Identifier: BSD-3-Clause
 *
 * H5Zdictionary: a lossless HDF5 filter for data with few distinct values: quantised floats, ADC codes with
 * gaps, label maps, counts. A chunk becomes the sorted table of its distinct values and one index per
 * element; the indices are coded by what is smallest: nothing (one value), bits, rANS with contexts from the
 * neighbours, runs of labels, or Zstandard. What does not pay is stored.
 *
 * This file is complete: copy it into a project, compile it into a shared object that HDF5 finds, done.
 *   cc -O3 -shared -fPIC -fvisibility=hidden $(pkg-config --cflags hdf5) H5Zdictionary.c -o
 * libh5dictionary.so
 *
 *   -DH5Z_DICTIONARY_ZSTD         and -lzstd: also write and read indices in Zstandard
 *   -DH5Z_DICTIONARY_LINK_HDF5    and -lhdf5: call HDF5 by name, instead of finding the library that called
 *                                 (which needs dlopen; by name is right where the process has only one HDF5)
 *   -DH5Z_DICTIONARY_CODER_ONLY   without HDF5: only the functions of the next paragraph, not static
 *   -DH5Z_DICTIONARY_FILTER_ID=n  another filter id
 *
 * The bytes of a chunk and the cd_values: docs/dictionary.md of beampress. All numbers in a chunk are little
 * endian. A checksum covers every byte, so damage is an error and never a wrong value; the decoder checks
 * every size all the same, because a checksum keeps out accidents, not attackers. Nothing is kept between
 * calls and nothing is printed; threads may call at the same time. */
#if !defined(_GNU_SOURCE) && !defined(H5Z_DICTIONARY_CODER_ONLY)
#define _GNU_SOURCE /* dladdr */
#endif
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef H5Z_DICTIONARY_ZSTD
#include <zstd.h>
#endif

/* Decoding has a second version of its inner loop for processors with AVX-512, chosen as it runs; the bytes
 * are the same. -DH5Z_DICTIONARY_PLAIN leaves it out. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(H5Z_DICTIONARY_PLAIN)
#include <immintrin.h>
#define DICTIONARY_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,popcnt")))
#define HAS_AVX512        (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
#else
#define HAS_AVX512 0
#endif

#ifdef H5Z_DICTIONARY_CODER_ONLY
#include "algo/dictionary.h"
#define DICTIONARY_API
#else
#define DICTIONARY_API static
enum { DICTIONARY_OK, DICTIONARY_DAMAGED, DICTIONARY_NO_MEMORY, DICTIONARY_NO_ZSTD };
#endif

#if defined(__GNUC__) /* what is written once for several constants must become as many loops */
#define INLINE inline __attribute__((always_inline))
#else
#define INLINE inline
#endif

/* cd_values. A user gives the first or none; set_local fills in the others. */
enum { CD_EFFORT, CD_VERSION, CD_ELEMENT, CD_KIND, CD_ROW, CD_FRAME, CD_BYTES, CD_BYTES_HIGH, CD_COUNT };
enum { EFFORT_DEFAULT, EFFORT_FAST, EFFORT_BALANCED, EFFORT_MAX };
/* What elements are, so that the table is sorted by value; + KIND_BIG_ENDIAN for the byte order in memory. */
enum { KIND_BYTES, KIND_UNSIGNED, KIND_SIGNED, KIND_FLOAT, KIND_BIG_ENDIAN = 128 };

/* How the indices are coded. */
enum { MODE_STORED, MODE_CONSTANT, MODE_PACKED, MODE_CONTEXT, MODE_LABELS, MODE_ZSTD };

#define MARK         0x44 /* first byte of a chunk: 'D' */
#define FORMAT       1    /* second byte */
#define HEADER       24   /* bytes */
#define MAX_VALUES   65536u
#define MAX_ELEMENT  65536u
#define SLACK        16 /* bytes or indices behind an array that fast loops may touch */
#define LANES        32 /* rANS coders side by side, each on a stretch of the chunk of its own */
#define PROB_BITS    12
#define PROB_ONE     (1u << PROB_BITS)
#define STATE_LOW    (1u << 15) /* a rANS state is in [2^15, 2^31) */
#define MAX_CONTEXTS 16
#define WEIGHT_SUM   8 /* largest sum of the weights of the neighbours */
#define SUMS         (255 * WEIGHT_SUM + 8)
#define BLOCK        64 /* elements of a lane that are coded in one go */

/* ---- numbers in bytes ---- */

/* Machines with another byte order turn what they load and store. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define TURN16(v) __builtin_bswap16(v)
#define TURN32(v) __builtin_bswap32(v)
#define TURN64(v) __builtin_bswap64(v)
#else
#define TURN16(v) (v)
#define TURN32(v) (v)
#define TURN64(v) (v)
#endif

static inline uint32_t load16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return TURN16(v);
}

static inline uint32_t load32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return TURN32(v);
}

static inline uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return TURN64(v);
}

static inline void store16(uint8_t *p, uint32_t value)
{
    uint16_t v = TURN16((uint16_t)value);
    memcpy(p, &v, sizeof v);
}

static inline void store32(uint8_t *p, uint32_t value)
{
    uint32_t v = TURN32(value);
    memcpy(p, &v, sizeof v);
}

static inline void store64(uint8_t *p, uint64_t value)
{
    uint64_t v = TURN64(value);
    memcpy(p, &v, sizeof v);
}

static inline unsigned bit_length(uint64_t v)
{
#if defined(__GNUC__)
    return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
#else
    unsigned bits = 0;
    for (unsigned step = 32; step; step /= 2)
        if (v >> step) {
            v >>= step;
            bits += step;
        }
    return bits + (unsigned)v;
#endif
}

static uint32_t rotate(uint32_t v, unsigned bits)
{
    return v << bits | v >> (32 - bits);
}

/* XXH32 of bytes. Each of its steps is a bijection of the state, so that a change within one 32-bit word is
 * always seen, and any other but once in 2^32. */
static uint32_t checksum(const uint8_t *p, size_t bytes, uint32_t seed)
{
    static const uint32_t k[5] = {2654435761u, 2246822519u, 3266489917u, 668265263u, 374761393u};
    uint32_t lane[4] = {seed + k[0] + k[1], seed + k[1], seed, seed - k[0]}, h = seed + k[4];
    const uint8_t *end = p + bytes;
    if (bytes >= 16) {
        for (; end - p >= 16; p += 16)
            for (int i = 0; i < 4; i++)
                lane[i] = rotate(lane[i] + load32(p + 4 * i) * k[1], 13) * k[0];
        h = rotate(lane[0], 1) + rotate(lane[1], 7) + rotate(lane[2], 12) + rotate(lane[3], 18);
    }
    h += (uint32_t)bytes;
    for (; end - p >= 4; p += 4)
        h = rotate(h + load32(p) * k[2], 17) * k[3];
    for (; p < end; p++)
        h = rotate(h + *p * k[4], 11) * k[0];
    h = (h ^ h >> 15) * k[1];
    h = (h ^ h >> 13) * k[2];
    return h ^ h >> 16;
}

/* Bits, the low ones first. Writing past the end writes nothing and sets `over`; reading gives zeros. */
typedef struct bit_buffer {
    uint64_t word;
    unsigned count;
    int over;
    uint8_t *out;
    const uint8_t *in, *end;
} bit_buffer;

static void put_bits(bit_buffer *b, uint64_t value, unsigned count) /* count <= 32 */
{
    b->word |= value << b->count;
    b->count += count;
    if (b->count < 32)
        return;
    if (b->end - b->out >= 4) {
        store32(b->out, (uint32_t)b->word);
        b->out += 4;
    } else {
        b->over = 1;
    }
    b->word >>= 32;
    b->count -= 32;
}

static void end_bits(bit_buffer *b)
{
    for (; b->count; b->count -= b->count < 8 ? b->count : 8, b->word >>= 8) {
        if (b->out < b->end)
            *b->out++ = (uint8_t)b->word;
        else
            b->over = 1;
    }
}

static uint32_t get_bits(bit_buffer *b, unsigned count) /* count <= 32 */
{
    for (; b->count < count; b->count += 8) {
        if (b->in < b->end)
            b->word |= (uint64_t)*b->in++ << b->count;
        else
            b->over = 1;
    }
    uint32_t value = (uint32_t)(b->word & ((1ull << count) - 1));
    b->word >>= count;
    b->count -= count;
    return value;
}

/* ---- the table of values ---- */

/* Elements of 1, 2, 4 or 8 bytes as unsigned numbers whose order is that of the values. */
static int is_number(size_t element)
{
    return element == 1 || element == 2 || element == 4 || element == 8;
}

static uint64_t top_bit(size_t element)
{
    return 1ull << (8 * element - 1);
}

static uint64_t swap_bytes(uint64_t v, size_t element)
{
    uint64_t swapped = 0;
    for (size_t i = 0; i < element; i++)
        swapped = swapped << 8 | (v >> (8 * i) & 255);
    return swapped;
}

static uint64_t key_of(uint64_t v, size_t element, unsigned kind)
{
    uint64_t top = top_bit(element);
    if (kind & KIND_BIG_ENDIAN)
        v = swap_bytes(v, element);
    kind &= ~(unsigned)KIND_BIG_ENDIAN;
    if (kind == KIND_SIGNED || (kind == KIND_FLOAT && !(v & top)))
        v ^= top;
    else if (kind == KIND_FLOAT)
        v ^= top | (top - 1);
    return v;
}

static uint64_t value_of(uint64_t key, size_t element, unsigned kind)
{
    uint64_t top = top_bit(element);
    unsigned order = kind & ~(unsigned)KIND_BIG_ENDIAN;
    if (order == KIND_SIGNED || (order == KIND_FLOAT && (key & top)))
        key ^= top;
    else if (order == KIND_FLOAT)
        key ^= top | (top - 1);
    return kind & KIND_BIG_ENDIAN ? swap_bytes(key, element) : key;
}

/* The element as a number, its first byte the lowest. */
static INLINE uint64_t load_element(const uint8_t *p, size_t element)
{
    return element == 1 ? *p : element == 2 ? load16(p) : element == 4 ? load32(p) : load64(p);
}

/* Distinct values and an index for every element. */
typedef struct dictionary {
    size_t element, n;
    unsigned kind;
    uint32_t count; /* of values; 0: too many */
    uint64_t *keys; /* of numbers, ascending; for other elements the place of the first of each */
    void *room;     /* of the indices: */
    uint16_t *wide; /* NULL up to 256 values */
    uint8_t *upper; /* the index, or its upper 8 bits where it is wide */
} dictionary;

static inline uint32_t index_at(const dictionary *d, size_t i)
{
    return d->wide ? d->wide[i] : d->upper[i];
}

/* One byte or two: presence of every value there is. */
static int number_small(dictionary *d, const uint8_t *in)
{
    size_t room = (size_t)1 << (8 * d->element);
    uint16_t *rank = malloc(room * sizeof *rank);
    uint8_t *present = calloc(room, 1);
    if (!rank || !present) {
        free(rank);
        free(present);
        return DICTIONARY_NO_MEMORY;
    }
    if (d->element == 1)
        for (size_t i = 0; i < d->n; i++)
            present[in[i]] = 1;
    else
        for (size_t i = 0; i < d->n; i++)
            present[load16(in + 2 * i)] = 1;
    for (uint64_t key = 0; key < room; key++) {
        uint64_t value = value_of(key, d->element, d->kind);
        if (present[value]) {
            rank[value] = (uint16_t)d->count;
            d->keys[d->count++] = key;
        }
    }
    if (d->element == 1) {
        for (size_t i = 0; i < d->n; i++)
            d->upper[i] = (uint8_t)rank[in[i]];
    } else if (d->count <= 256) {
        for (size_t i = 0; i < d->n; i++)
            d->upper[i] = (uint8_t)rank[load16(in + 2 * i)];
    } else {
        d->wide = d->room;
        for (size_t i = 0; i < d->n; i++)
            d->wide[i] = (uint16_t)rank[load16(in + 2 * i)];
    }
    free(rank);
    free(present);
    return DICTIONARY_OK;
}

/* An open-addressing hash of values, for numbers of 4 and 8 bytes and for elements of any bytes. */
typedef struct slot {
    uint64_t value; /* the number, or the hash of the bytes */
    uint32_t id;    /* + 1; 0: free */
} slot;

typedef struct hash {
    slot *slots;
    unsigned log; /* of their number */
} hash;

#define LEAST_LOG  10
#define MOST_LOG   19
#define MOST_STEPS 64 /* values that share a place, before the hash is made larger */

static size_t slot_of(uint64_t value, unsigned log)
{
    return (size_t)((value * 0x9e3779b97f4a7c15ull) >> (64 - log));
}

static uint64_t hash_bytes(const uint8_t *p, size_t bytes)
{
    uint64_t h = 0;
    for (; bytes >= 8; p += 8, bytes -= 8)
        h = (h ^ load64(p)) * 0xff51afd7ed558ccdull, h ^= h >> 32;
    for (; bytes; p++, bytes--)
        h = (h ^ *p) * 0xff51afd7ed558ccdull, h ^= h >> 32;
    return h;
}

static int grow(hash *h)
{
    hash larger = {NULL, h->log ? h->log + 2 : LEAST_LOG};
    if (larger.log > MOST_LOG)
        return 0;
    larger.slots = calloc((size_t)1 << larger.log, sizeof *larger.slots);
    if (!larger.slots)
        return 0;
    size_t mask = ((size_t)1 << larger.log) - 1;
    for (size_t i = 0; h->log && i < (size_t)1 << h->log; i++)
        if (h->slots[i].id) {
            size_t at = slot_of(h->slots[i].value, larger.log);
            while (larger.slots[at].id)
                at = (at + 1) & mask;
            larger.slots[at] = h->slots[i];
        }
    free(h->slots);
    *h = larger;
    return 1;
}

/* Index in order of appearance for every element; count 0 when there are too many values. `element` is 4, 8,
 * or 0 for bytes, a constant where this is inlined. */
static INLINE int number_hashed(dictionary *d, const uint8_t *in, hash *h, size_t element)
{
    uint16_t *ids = d->room;
    size_t size = d->element, mask = ((size_t)1 << h->log) - 1;
    for (size_t i = 0; i < d->n; i++) {
        const uint8_t *p = in + i * size;
        uint64_t value = element ? load_element(p, element) : hash_bytes(p, size);
        size_t at = slot_of(value, h->log), steps = 0;
        slot *s = &h->slots[at];
        while (s->id &&
               (s->value != value || (!element && memcmp(in + d->keys[s->id - 1] * size, p, size) != 0))) {
            at = (at + 1) & mask;
            s = &h->slots[at];
            steps++;
        }
        if (!s->id) {
            if (d->count == MAX_VALUES) {
                d->count = 0;
                return DICTIONARY_OK;
            }
            d->keys[d->count] = element ? value : i;
            s->value = value;
            s->id = ++d->count;
        }
        ids[i] = (uint16_t)(s->id - 1);
        if (steps > MOST_STEPS || (d->count > mask / 4 && h->log < 17)) {
            if (!grow(h)) {
                d->count = 0;
                return DICTIONARY_OK;
            }
            mask = ((size_t)1 << h->log) - 1;
        }
    }
    return DICTIONARY_OK;
}

/* Elements of other sizes are in the order of their bytes. */
static int before(const dictionary *d, const uint8_t *in, uint64_t a, uint64_t b)
{
    return is_number(d->element) ? a < b : memcmp(in + a * d->element, in + b * d->element, d->element) < 0;
}

typedef struct entry {
    uint64_t key;
    uint32_t id;
} entry;

static void sink(const dictionary *d, const uint8_t *in, entry *heap, size_t at, size_t count)
{
    entry moving = heap[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && before(d, in, heap[child].key, heap[child + 1].key))
            child++;
        if (!before(d, in, moving.key, heap[child].key))
            break;
        heap[at] = heap[child];
    }
    heap[at] = moving;
}

/* Heap sort of the keys; rank[] says where each went. */
static int sort_keys(dictionary *d, const uint8_t *in, uint16_t *rank)
{
    size_t count = d->count;
    entry *heap = malloc((count + 1) * sizeof *heap);
    if (!heap)
        return DICTIONARY_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        heap[i].key = is_number(d->element) ? key_of(d->keys[i], d->element, d->kind) : d->keys[i];
        heap[i].id = (uint32_t)i;
    }
    for (size_t i = count / 2; i-- > 0;)
        sink(d, in, heap, i, count);
    for (size_t i = count; i-- > 1;) {
        entry largest = heap[0];
        heap[0] = heap[i];
        heap[i] = largest;
        sink(d, in, heap, 0, i);
    }
    for (size_t i = 0; i < count; i++) {
        d->keys[i] = heap[i].key;
        rank[heap[i].id] = (uint16_t)i;
    }
    free(heap);
    return DICTIONARY_OK;
}

/* Do elements, taken here and there, hardly ever repeat? Then there are far more than 2^16 values, or as many
 * as elements. */
static int hopeless(const dictionary *d, const uint8_t *in, hash *h)
{
    enum { SAMPLE = 4096, REPEATS = 24 };
    if (d->n < 2 * SAMPLE || d->element > 64)
        return 0;
    size_t step = d->n / SAMPLE, repeats = 0;
    for (size_t i = 0; i < SAMPLE; i++) {
        const uint8_t *p = in + i * step * d->element;
        uint64_t value = hash_bytes(p, d->element);
        size_t at = slot_of(value, h->log), mask = ((size_t)1 << h->log) - 1;
        while (h->slots[at].id && h->slots[at].value != value)
            at = (at + 1) & mask;
        repeats += h->slots[at].id != 0;
        h->slots[at].id = 1;
        h->slots[at].value = value;
    }
    return repeats < REPEATS;
}

static int number_large(dictionary *d, const uint8_t *in)
{
    hash h = {NULL, 0};
    uint16_t *rank = malloc(MAX_VALUES * sizeof *rank);
    int status = rank && grow(&h) && grow(&h) && grow(&h) ? DICTIONARY_OK : DICTIONARY_NO_MEMORY;
    if (status == DICTIONARY_OK && !hopeless(d, in, &h)) {
        free(h.slots);
        h = (hash){NULL, 0};
        if (!grow(&h))
            status = DICTIONARY_NO_MEMORY;
        else if (d->element == 4)
            status = number_hashed(d, in, &h, 4);
        else if (d->element == 8)
            status = number_hashed(d, in, &h, 8);
        else
            status = number_hashed(d, in, &h, 0);
    }
    if (status == DICTIONARY_OK && d->count)
        status = sort_keys(d, in, rank);
    const uint16_t *ids = d->room;
    if (status == DICTIONARY_OK && d->count >= 1 && d->count <= 256) {
        for (size_t i = 0; i < d->n; i++) /* in place: a byte never passes the id it is made of */
            d->upper[i] = (uint8_t)rank[ids[i]];
    } else if (status == DICTIONARY_OK && d->count) {
        d->wide = d->room;
        for (size_t i = 0; i < d->n; i++)
            d->wide[i] = rank[ids[i]];
    }
    free(rank);
    free(h.slots);
    return status;
}

static int number_values(dictionary *d, const uint8_t *in)
{
    d->count = 0;
    return d->element <= 2 ? number_small(d, in) : number_large(d, in);
}

/* Numbers: the first key, the least gap, the width of a gap, gaps less the least. Others: their bytes. */
static uint8_t *write_table(const dictionary *d, const uint8_t *in, uint8_t *out, uint8_t *end)
{
    size_t size = d->element;
    if (!is_number(size)) {
        if ((size_t)(end - out) / size < d->count)
            return NULL;
        for (uint32_t i = 0; i < d->count; i++, out += size)
            memcpy(out, in + d->keys[i] * size, size);
        return out;
    }
    uint64_t least = UINT64_MAX, most = 0;
    for (uint32_t i = 1; i < d->count; i++) {
        uint64_t gap = d->keys[i] - d->keys[i - 1];
        least = gap < least ? gap : least;
        most = gap > most ? gap : most;
    }
    unsigned width = d->count > 1 ? bit_length(most - least) : 0;
    uint8_t word[8];
    bit_buffer b = {.out = out, .end = end};
    store64(word, d->keys[0]);
    for (size_t i = 0; i < size; i++)
        put_bits(&b, word[i], 8);
    if (d->count > 1) {
        store64(word, least);
        for (size_t i = 0; i < size; i++)
            put_bits(&b, word[i], 8);
        put_bits(&b, width, 8);
    }
    for (uint32_t i = 1; i < d->count; i++) {
        uint64_t gap = d->keys[i] - d->keys[i - 1] - least;
        put_bits(&b, gap & UINT32_MAX, width < 32 ? width : 32);
        put_bits(&b, gap >> 32, width < 32 ? 0 : width - 32);
    }
    end_bits(&b);
    return b.over ? NULL : b.out;
}

/* The values as they stand in memory, `count` of `element` bytes each; NULL when the table is damaged. */
static const uint8_t *read_table(const uint8_t *in, const uint8_t *end, size_t element, unsigned kind,
                                 uint32_t count, uint8_t *values)
{
    if (!is_number(element)) {
        if ((size_t)(end - in) / element < count)
            return NULL;
        memcpy(values, in, element * count);
        return in + element * count;
    }
    bit_buffer b = {.in = in, .end = end};
    uint64_t key = 0, least = 0, mask = top_bit(element) | (top_bit(element) - 1);
    for (unsigned i = 0; i < element; i++)
        key |= (uint64_t)get_bits(&b, 8) << (8 * i);
    for (unsigned i = 0; count > 1 && i < element; i++)
        least |= (uint64_t)get_bits(&b, 8) << (8 * i);
    unsigned width = count > 1 ? get_bits(&b, 8) : 0;
    if (width > 8 * element)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (i) {
            uint64_t gap = get_bits(&b, width < 32 ? width : 32);
            gap |= (uint64_t)get_bits(&b, width < 32 ? 0 : width - 32) << 32;
            key = (key + gap + least) & mask;
        }
        uint8_t word[8];
        store64(word, value_of(key, element, kind));
        memcpy(values + i * element, word, element);
    }
    return b.over ? NULL : b.in;
}

/* ---- packed indices ---- */

/* The low `width` bits of every index. */
static uint8_t *write_packed(const dictionary *d, unsigned width, uint8_t *out, uint8_t *end)
{
    bit_buffer b = {.out = out, .end = end};
    uint32_t mask = (1u << width) - 1;
    for (size_t i = 0; i < d->n; i++)
        put_bits(&b, index_at(d, i) & mask, width);
    end_bits(&b);
    return b.over ? NULL : b.out;
}

static size_t packed_bytes(size_t n, unsigned width)
{
    return n / 8 * width + (n % 8 * width + 7) / 8;
}

/* Adds to each index its low bits: index = index * 2^width + bits. `in` holds packed_bytes. */
static void read_packed(const uint8_t *in, size_t n, unsigned width, uint16_t *index)
{
    size_t bytes = packed_bytes(n, width), fast = 0;
    uint32_t mask = (1u << width) - 1;
    if (bytes >= 4 && width)
        fast = (bytes - 4) / width * 8;
    fast = fast < n ? fast : n;
    for (size_t i = 0; i < fast; i++) {
        size_t at = i / 8 * width + i % 8 * width / 8;
        index[i] = (uint16_t)((uint32_t)index[i] << width | (load32(in + at) >> (i % 8 * width % 8) & mask));
    }
    bit_buffer b = {.in = in + fast / 8 * width, .end = in + bytes};
    for (size_t i = fast; i < n; i++)
        index[i] = (uint16_t)((uint32_t)index[i] << width | get_bits(&b, width));
}

/* ---- indices by rANS with contexts ---- */

/* The chunk is cut into LANES stretches of equal length. In each, element t has the neighbours t-1 (W), t-2
 * (WW), t-D (N), t-D+1 (NE), t-D-1 (NW) and t-2D (NN), D being the distance, mostly a row. Their weighted sum
 * chooses the context, and, when residuals are coded, is the prediction. */
enum { W, WW, N, NE, NW, NN, NEIGHBOURS };

typedef struct model {
    uint32_t distance; /* 0: neighbours W and WW only */
    uint8_t weight[NEIGHBOURS];
    uint8_t residual;
    unsigned shift;               /* prediction = (sum + 2^shift / 2) >> shift */
    unsigned contexts, symbols;   /* of each, symbols that may occur */
    uint16_t limit[MAX_CONTEXTS]; /* context of a sum: how many limits, from limit[1] on, are <= it */
    uint16_t base[SUMS];          /* context * PROB_ONE for every sum */
    uint16_t frequency[MAX_CONTEXTS][256];
} model;

/* A stretch [at, at + count) of all lanes that is coded with the same weights, and these. Where there is
 * nothing above yet, W stands for all; the row above the row above may be missing alone, then N stands for
 * NN. */
typedef struct piece {
    size_t at, count;
    unsigned w, ww;
    int above, above2;
} piece;

static piece piece_at(const model *m, size_t at, size_t length)
{
    size_t d = m->distance, end = length;
    piece p = {at, 0, m->weight[W], m->weight[WW], d && at > d, d && at >= 2 * d};
    if (d && !p.above) {
        p.w += m->weight[WW] + (unsigned)m->weight[N] + m->weight[NE] + m->weight[NW] + m->weight[NN];
        p.ww = 0;
        end = d + 1;
    } else if (d && !p.above2) {
        end = 2 * d;
    }
    end = end < length ? end : length;
    p.count = end - at < BLOCK ? end - at : BLOCK;
    if (p.above && p.count > d - 1)
        p.count = d - 1; /* NE must be known before the piece begins */
    return p;
}

/* A piece that ends where `left` elements are left to be coded, for going backwards. */
static piece piece_before(const model *m, size_t left)
{
    piece last = piece_at(m, left - 1, left);
    size_t d = m->distance, begin = !last.above ? 0 : !last.above2 ? d + 1 : 2 * d;
    begin = left - begin < BLOCK ? begin : left - BLOCK;
    last.count = left - begin;
    last.at = begin;
    return last;
}

/* The part of the sums that comes from above, for `count` elements from a on. Neighbours in a lane are `step`
 * apart. */
static INLINE void sum_above(const model *m, const piece *p, const uint8_t *a, size_t count,
                             const size_t step, uint16_t *restrict sum)
{
    if (!p->above) {
        memset(sum, 0, count * sizeof *sum);
        return;
    }
    const uint8_t *n = a - m->distance * step, *ne = n + step, *nw = n - step,
                  *nn = p->above2 ? n - m->distance * step : n;
    unsigned wn = m->weight[N], wne = m->weight[NE], wnw = m->weight[NW], wnn = m->weight[NN];
    for (size_t i = 0; i < count; i++)
        sum[i] = (uint16_t)(wn * n[i] + wne * ne[i] + wnw * nw[i] + wnn * nn[i]);
}

static INLINE void sum_all(const model *m, const piece *p, const uint8_t *a, uint16_t *restrict sum)
{
    size_t i = 0;
    sum_above(m, p, a, p->count, 1, sum);
    for (; p->at + i < 2 && i < p->count; i++)
        sum[i] = (uint16_t)(sum[i] + (p->at + i ? p->w * a[(ptrdiff_t)i - 1] : 0));
    for (; i < p->count; i++)
        sum[i] = (uint16_t)(sum[i] + p->w * a[(ptrdiff_t)i - 1] + p->ww * a[(ptrdiff_t)i - 2]);
}

static void set_bases(model *m)
{
    for (unsigned i = 0, context = 0; i < SUMS; i++) {
        while (context + 1 < m->contexts && i >= m->limit[context + 1])
            context++;
        m->base[i] = (uint16_t)(context * PROB_ONE);
    }
}

/* Frequencies that sum up to PROB_ONE, none of them all of it. */
static void normalise(const uint32_t *count, uint16_t *frequency)
{
    uint64_t total = 0;
    uint32_t sum = 0, seen = 0;
    for (int i = 0; i < 256; i++)
        total += count[i];
    for (int i = 0; i < 256; i++) {
        uint64_t share = total ? (count[i] * (uint64_t)PROB_ONE + total / 2) / total : 0;
        share = share < 1 ? count[i] > 0 : share;
        frequency[i] = (uint16_t)(share < PROB_ONE ? share : PROB_ONE - 1);
        sum += frequency[i];
        seen += count[i] > 0;
    }
    for (int i = 0; seen < 2; i++) /* a context that never was, or had one symbol only */
        if (!frequency[i]) {
            frequency[i] = 1;
            sum++;
            seen++;
        }
    while (sum != PROB_ONE) { /* the largest pays, or gets */
        int largest = 0;
        for (int i = 1; i < 256; i++)
            if (frequency[i] > frequency[largest])
                largest = i;
        uint32_t step = sum > PROB_ONE ? sum - PROB_ONE : PROB_ONE - sum, most = frequency[largest] / 8u + 1;
        step = step < most ? step : most;
        frequency[largest] =
            (uint16_t)(sum > PROB_ONE ? frequency[largest] - step : frequency[largest] + step);
        sum = sum > PROB_ONE ? sum - step : sum + step;
    }
}

/* A frequency is its bit length, coded against the one before, and the bits below its top bit:
 * 0 the same length; 10 one less, 11 0 one more, 11 1 any: 4 bits. (From length 0 on: 10 any.) */
static void write_frequencies(bit_buffer *b, const uint16_t *frequency, unsigned symbols)
{
    unsigned last = 0;
    for (unsigned i = 0; i < symbols; i++) {
        unsigned length = bit_length(frequency[i]);
        if (length == last) {
            put_bits(b, 0, 1);
        } else if (length + 1 == last) {
            put_bits(b, 1, 2);
        } else if (length == last + 1) {
            put_bits(b, 3, 3);
        } else {
            put_bits(b, 7, 3);
            put_bits(b, length, 4);
        }
        if (length > 1 && length <= PROB_BITS)
            put_bits(b, frequency[i] & ((1u << (length - 1)) - 1), length - 1);
        last = length;
    }
}

static int read_frequencies(bit_buffer *b, uint16_t *frequency, unsigned symbols)
{
    unsigned length = 0;
    uint32_t sum = 0;
    memset(frequency, 0, 256 * sizeof *frequency);
    for (unsigned i = 0; i < symbols; i++) {
        if (get_bits(b, 1)) {
            if (!get_bits(b, 1))
                length -= length > 0;
            else if (!get_bits(b, 1))
                length++;
            else
                length = get_bits(b, 4);
        }
        if (length > PROB_BITS)
            return 0;
        uint32_t value = length ? 1u << (length - 1) : 0;
        if (length > 1)
            value |= get_bits(b, length - 1);
        frequency[i] = (uint16_t)value;
        sum += value;
    }
    return sum == PROB_ONE && !b->over;
}

typedef struct symbol { /* division by the frequency as a multiplication, exact below 2^31 */
    uint32_t limit, reciprocal, start;
    uint16_t rest, shift;
} symbol;

static void make_symbols(const model *m, symbol *symbols)
{
    for (unsigned c = 0; c < m->contexts; c++) {
        uint32_t start = 0;
        for (unsigned i = 0; i < 256; i++) {
            uint32_t f = m->frequency[c][i];
            symbol *s = &symbols[c * 256 + i];
            unsigned shift = f > 1 ? bit_length(f - 1) : 0;
            if (!f)
                continue;
            s->limit = f << (31 - PROB_BITS);
            s->rest = (uint16_t)(PROB_ONE - f);
            s->reciprocal = f > 1 ? (uint32_t)((((uint64_t)1 << (shift + 31)) + f - 1) / f) : UINT32_MAX;
            s->shift = (uint16_t)(f > 1 ? shift + 31 : 32);
            s->start = f > 1 ? start : start + PROB_ONE - 1;
            start += f;
        }
    }
}

/* What a piece of a lane codes: context * 256 + symbol for every element; codes are `step` apart. */
static INLINE void classify(const model *m, const piece *p, const uint8_t *a, uint16_t *restrict code,
                            const size_t step)
{
    uint16_t sum[BLOCK];
    uint8_t symbol_of[BLOCK];
    sum_all(m, p, a, sum);
    unsigned half = 1u << m->shift >> 1, mask = m->residual ? 255 : 0;
    for (size_t i = 0; i < p->count; i++)
        symbol_of[i] = (uint8_t)(a[i] - ((sum[i] + half) >> m->shift & mask));
    for (size_t i = 0; i < p->count; i++)
        code[i * step] = (uint16_t)(m->base[sum[i]] >> 4 | symbol_of[i]);
}

#ifdef DICTIONARY_AVX512
DICTIONARY_AVX512 static void classify_avx512(const model *m, const piece *p, const uint8_t *a,
                                              uint16_t *code)
{
    classify(m, p, a, code, 1);
}

DICTIONARY_AVX512 static void classify_lanes_avx512(const model *m, const piece *p, const uint8_t *a,
                                                    size_t length, uint16_t *code)
{
    for (size_t lane = 0; lane < LANES; lane++)
        classify(m, p, a + lane * length, code + lane, LANES);
}
#endif

static void classify_piece(const model *m, const piece *p, const uint8_t *a, uint16_t *code)
{
#ifdef DICTIONARY_AVX512
    if (HAS_AVX512) {
        classify_avx512(m, p, a, code);
        return;
    }
#endif
    classify(m, p, a, code, 1);
}

/* A piece of all lanes: the codes of element t of all of them, then of element t + 1. */
static void classify_lanes(const model *m, const piece *p, const uint8_t *a, size_t length, uint16_t *code)
{
#ifdef DICTIONARY_AVX512
    if (HAS_AVX512) {
        classify_lanes_avx512(m, p, a, length, code);
        return;
    }
#endif
    for (size_t lane = 0; lane < LANES; lane++)
        classify(m, p, a + lane * length, code + lane, LANES);
}

static void count_codes(const model *m, const uint8_t *a, size_t length, uint32_t *count)
{
    uint16_t code[BLOCK] = {0};
    memset(count, 0, MAX_CONTEXTS * 256 * sizeof *count);
    for (size_t lane = 0; lane < LANES; lane++)
        for (piece p = {0}; p.at < length; p.at += p.count) {
            p = piece_at(m, p.at, length);
            classify_piece(m, &p, a + lane * length + p.at, code);
            for (size_t i = 0; i < p.count; i++)
                count[code[i]]++;
        }
}

/* One symbol of one lane, backwards. */
static INLINE uint32_t encode_symbol(const symbol *s, uint32_t x, uint8_t **words)
{
    uint32_t full = x >= s->limit;
    store16(*words - 2, x);
    *words -= 2 * full;
    x = x >> (16 * full);
    return x + s->start + (uint32_t)((uint64_t)x * s->reciprocal >> s->shift) * s->rest;
}

static uint8_t *encode_piece(const symbol *symbols, const uint16_t *code, size_t count, uint32_t *x,
                             uint8_t *w)
{
    for (size_t i = count * LANES; i-- > 0;)
        x[i % LANES] = encode_symbol(&symbols[code[i]], x[i % LANES], &w);
    return w;
}

#ifdef DICTIONARY_AVX512
/* floor(x / f) in 8 lanes. A quotient of numbers below 2^31 and 2^12 that is not whole differs from a whole
 * one by more than the rounding of a double. */
DICTIONARY_AVX512 static inline __m256i divide(__m256i x, __m256i f)
{
    return _mm512_cvttpd_epu32(_mm512_div_pd(_mm512_cvtepu32_pd(x), _mm512_cvtepu32_pd(f)));
}

/* The same, 16 lanes in a register; ranges[] holds frequency | first slot << 16 of every code. */
DICTIONARY_AVX512 static uint8_t *encode_piece_avx512(const uint32_t *ranges, const uint16_t *code,
                                                      size_t count, uint32_t *states, uint8_t *w)
{
    const __m512i low_half = _mm512_set1_epi32(65535), one = _mm512_set1_epi32(PROB_ONE);
    __m512i x[2] = {_mm512_loadu_si512(states), _mm512_loadu_si512(states + 16)};
    for (size_t i = 2 * count; i-- > 0;) {
        __m512i v = x[i & 1],
                codes = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)(code + 16 * i)));
        __m512i range = _mm512_i32gather_epi32(codes, ranges, 4);
        __m512i f = _mm512_and_si512(range, low_half), start = _mm512_srli_epi32(range, 16);
        __mmask16 full = _mm512_cmpge_epu32_mask(v, _mm512_slli_epi32(f, 31 - PROB_BITS));
        unsigned words = (unsigned)__builtin_popcount(full);
        w -= 2 * (size_t)words;
        _mm256_mask_storeu_epi16(w, (__mmask16)((1u << words) - 1),
                                 _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(full, v)));
        v = _mm512_mask_srli_epi32(v, full, v, 16);
        __m512i q = _mm512_castsi256_si512(divide(_mm512_castsi512_si256(v), _mm512_castsi512_si256(f)));
        q = _mm512_inserti64x4(q, divide(_mm512_extracti64x4_epi64(v, 1), _mm512_extracti64x4_epi64(f, 1)),
                               1);
        v = _mm512_add_epi32(_mm512_add_epi32(v, start), _mm512_mullo_epi32(q, _mm512_sub_epi32(one, f)));
        x[i & 1] = v;
    }
    _mm512_storeu_si512(states, x[0]);
    _mm512_storeu_si512(states + 16, x[1]);
    return w;
}

static void make_ranges(const model *m, uint32_t *ranges)
{
    for (unsigned c = 0; c < m->contexts; c++)
        for (uint32_t i = 0, start = 0; i < 256; start += m->frequency[c][i++])
            ranges[c * 256 + i] = m->frequency[c][i] | start << 16;
}
#endif

/* Fills the room of symbols with what the version that runs here needs. */
static void make_encoder(const model *m, symbol *symbols)
{
#ifdef DICTIONARY_AVX512
    if (HAS_AVX512) {
        make_ranges(m, (uint32_t *)(void *)symbols);
        return;
    }
#endif
    make_symbols(m, symbols);
}

/* Codes backwards; words go down from *words to `least`. 0 when there is no room. */
static int encode_lanes(const model *m, symbol *symbols, const uint8_t *a, size_t length, uint32_t *x,
                        uint8_t **words, const uint8_t *least)
{
    uint8_t *w = *words;
    uint16_t code[LANES * BLOCK] = {0};
    for (int lane = 0; lane < LANES; lane++)
        x[lane] = STATE_LOW;
    make_encoder(m, symbols);
    for (size_t left = length; left > 0;) {
        piece p = piece_before(m, left);
        if ((size_t)(w - least) < 2 * LANES * p.count)
            return 0;
        classify_lanes(m, &p, a + p.at, length, code);
        left = p.at;
#ifdef DICTIONARY_AVX512
        if (HAS_AVX512) {
            w = encode_piece_avx512((uint32_t *)(void *)symbols, code, p.count, x, w);
            continue;
        }
#endif
        w = encode_piece(symbols, code, p.count, x, w);
    }
    *words = w;
    return 1;
}

/* Entry of a slot: symbol, frequency << 8, slot less the symbol's first slot << 20. */
static void make_slots(const model *m, uint32_t *slots)
{
    for (unsigned c = 0; c < m->contexts; c++)
        for (uint32_t i = 0; i < 256; i++)
            for (uint32_t f = m->frequency[c][i], k = 0; k < f; k++)
                *slots++ = i | f << 8 | k << 20;
}

typedef struct lanes {
    const model *m;
    const uint32_t *slots;
    uint8_t *a; /* element t of all lanes, then element t + 1; two elements of zeros in front */
    size_t length;
    uint32_t x[LANES];
    const uint8_t *in, *end;
    int over;
} lanes;

/* One element of every lane. No branch depends on the data, and the lanes wait for each other only where they
 * take words. `careful` where fewer words may be left than they take. */
static INLINE void decode_step(lanes *l, const piece *p, const uint16_t *above, uint8_t *a, const int careful)
{
    const model *m = l->m;
    const uint8_t *in = l->in;
    unsigned half = 1u << m->shift >> 1, mask = m->residual ? 255 : 0;
    for (int k = 0; k < LANES; k++) {
        unsigned sum = above[k] + p->w * a[k - LANES] + p->ww * a[k - 2 * LANES];
        uint32_t x = l->x[k], e = l->slots[m->base[sum] + (x & (PROB_ONE - 1))];
        x = (e >> 8 & (PROB_ONE - 1)) * (x >> PROB_BITS) + (e >> 20);
        uint32_t low = x < STATE_LOW;
        if (careful && low && l->end - in < 2) {
            l->over = 1;
            return;
        }
        uint32_t more = careful && !low ? 0 : x << 16 | load16(in);
        l->x[k] = x ^ ((x ^ more) & (0u - low));
        in += 2 * (size_t)low;
        a[k] = (uint8_t)(e + ((sum + half) >> m->shift & mask));
    }
    l->in = in;
}

#ifdef DICTIONARY_AVX512
/* The same, 16 lanes in a register. */
DICTIONARY_AVX512 static void decode_piece_avx512(lanes *l, const piece *p, const uint16_t *above, uint8_t *a)
{
    const model *m = l->m;
    const __m512i slot_mask = _mm512_set1_epi32(PROB_ONE - 1), low_end = _mm512_set1_epi32(STATE_LOW);
    const __m512i pw = _mm512_set1_epi16((short)p->w), pww = _mm512_set1_epi16((short)p->ww);
    const __m512i half = _mm512_set1_epi16((short)(1u << m->shift >> 1));
    const __m512i base_step = _mm512_set1_epi16((short)1), predict = _mm512_set1_epi16(m->residual ? -1 : 0);
    const __m128i shift = _mm_cvtsi32_si128((int)m->shift);
    __m512i x[2] = {_mm512_loadu_si512(l->x), _mm512_loadu_si512(l->x + 16)};
    __m512i w = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const void *)(a - LANES)));
    __m512i ww = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const void *)(a - 2 * LANES)));
    const uint8_t *in = l->in;
    for (size_t t = 0; t < p->count; t++, a += LANES, above += LANES) {
        __m512i sum = _mm512_add_epi16(_mm512_loadu_si512(above), _mm512_mullo_epi16(ww, pww));
        sum = _mm512_add_epi16(sum, _mm512_mullo_epi16(w, pw));
        __m512i context = _mm512_setzero_si512(), entries[2];
        for (unsigned c = 1; c < m->contexts; c++) {
            __mmask32 above_limit = _mm512_cmpge_epu16_mask(sum, _mm512_set1_epi16((short)m->limit[c]));
            context = _mm512_mask_add_epi16(context, above_limit, context, base_step);
        }
        for (int h = 0; h < 2; h++) {
            __m512i c = _mm512_cvtepu16_epi32(h ? _mm512_extracti64x4_epi64(context, 1)
                                                : _mm512_castsi512_si256(context));
            __m512i at = _mm512_or_si512(_mm512_slli_epi32(c, PROB_BITS), _mm512_and_si512(x[h], slot_mask));
            __m512i e = _mm512_i32gather_epi32(at, l->slots, 4);
            __m512i f = _mm512_and_si512(_mm512_srli_epi32(e, 8), slot_mask);
            x[h] = _mm512_add_epi32(_mm512_mullo_epi32(f, _mm512_srli_epi32(x[h], PROB_BITS)),
                                    _mm512_srli_epi32(e, 20));
            __mmask16 low = _mm512_cmplt_epu32_mask(x[h], low_end);
            __m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)in));
            words = _mm512_maskz_expand_epi32(low, words);
            x[h] = _mm512_mask_or_epi32(x[h], low, _mm512_slli_epi32(x[h], 16), words);
            in += 2 * (size_t)__builtin_popcount(low);
            entries[h] = e;
        }
        __m256i s = _mm256_set_m128i(_mm512_cvtepi32_epi8(entries[1]), _mm512_cvtepi32_epi8(entries[0]));
        __m512i prediction = _mm512_and_si512(_mm512_srl_epi16(_mm512_add_epi16(sum, half), shift), predict);
        s = _mm256_add_epi8(s, _mm512_cvtepi16_epi8(prediction));
        _mm256_storeu_si256((void *)a, s);
        ww = w;
        w = _mm512_cvtepu8_epi16(s);
    }
    _mm512_storeu_si512(l->x, x[0]);
    _mm512_storeu_si512(l->x + 16, x[1]);
    l->in = in;
}
#endif

#ifdef DICTIONARY_AVX512
DICTIONARY_AVX512 static void sum_above_avx512(const model *m, const piece *p, const uint8_t *a, size_t count,
                                               uint16_t *sum)
{
    sum_above(m, p, a, count, LANES, sum);
}
#endif

static void decode_lanes(lanes *l)
{
    uint16_t above[BLOCK * LANES];
    for (piece p = {0}; p.at < l->length && !l->over; p.at += p.count) {
        uint8_t *a = l->a + p.at * LANES;
        p = piece_at(l->m, p.at, l->length);
        /* 32 bytes more: the vector loads 16 words, whatever it takes of them */
        int plenty = (size_t)(l->end - l->in) >= 2 * LANES * p.count + 32;
#ifdef DICTIONARY_AVX512
        if (plenty && HAS_AVX512) {
            sum_above_avx512(l->m, &p, a, p.count * LANES, above);
            decode_piece_avx512(l, &p, above, a);
            continue;
        }
#endif
        sum_above(l->m, &p, a, p.count * LANES, LANES, above);
        for (size_t t = 0; t < p.count && !l->over; t++)
            if (plenty)
                decode_step(l, &p, above + t * LANES, a + t * LANES, 0);
            else
                decode_step(l, &p, above + t * LANES, a + t * LANES, 1);
    }
}

/* ---- choosing contexts by their cost on a sample ---- */

#define FINE    24 /* bins of sums, before neighbouring bins with like distributions become one context */
#define STRIPES 192
#define STRIPE  256  /* elements */
#define KNOWN   1024 /* counts whose c log2 c is tabulated */

typedef struct sample {
    size_t count, places;
    size_t place[STRIPES]; /* each the begin of STRIPE elements */
    uint32_t cell_cost;    /* of a frequency in the table, in bits << 16 as seen from the sample */
    uint16_t sum[STRIPES * STRIPE];
    uint8_t symbol[STRIPES * STRIPE];
    uint64_t known[KNOWN];
    uint32_t bins[FINE][256];
} sample;

/* log2 << 16, by whole numbers only so that every machine chooses alike; within 0.008 of the truth */
static uint64_t log2_fixed(uint64_t v)
{
    unsigned whole = bit_length(v) - 1;
    uint64_t part = whole > 16 ? (v >> (whole - 16)) & 65535 : (v << (16 - whole)) & 65535;
    return ((uint64_t)whole << 16) + part + ((part * (65536 - part) >> 16) * 22544 >> 16);
}

static void take_sample(sample *s, size_t n, size_t margin)
{
    size_t wanted = n / 16 / STRIPE, room = (n - margin) / STRIPE;
    wanted = wanted < 48 ? 48 : wanted > STRIPES ? STRIPES : wanted;
    wanted = wanted < room ? wanted : room;
    s->places = wanted;
    s->count = wanted * STRIPE;
    for (size_t i = 0; i < wanted; i++)
        s->place[i] = margin + (room * i / wanted) * STRIPE;
    for (uint64_t c = 0; c < KNOWN; c++)
        s->known[c] = c ? c * log2_fixed(c) : 0;
    /* 5 bits in the table; and a sample makes a distribution look 1/2 nat a cell better than it is */
    s->cell_cost = (uint32_t)(((uint64_t)5 << 16) * s->count / (n ? n : 1)) + 47274;
}

/* Bits << 16 that the elements counted in a row (or in two) would take, with their part of the table. */
static uint64_t row_cost(const sample *s, const uint32_t *row, const uint32_t *second)
{
    uint64_t total = 0, sum = 0;
    for (unsigned i = 0; i < 256; i++) {
        uint32_t c = row[i] + (second ? second[i] : 0);
        if (!c)
            continue;
        total += c;
        sum += c < KNOWN ? s->known[c] : c * log2_fixed(c);
        sum -= s->cell_cost;
    }
    return (total ? total * log2_fixed(total) : 0) - sum;
}

/* Up to FINE bins of about as many elements each. */
static unsigned cut_bins(sample *s, uint16_t *limit)
{
    uint32_t count[SUMS] = {0};
    size_t left = s->count, held = 0;
    unsigned bins = 1;
    limit[0] = 0;
    for (size_t i = 0; i < s->count; i++)
        count[s->sum[i]]++;
    for (unsigned i = 0; i < SUMS && bins < FINE; i++) {
        if (held && (held + count[i] / 2) * (FINE - bins + 1) >= left) {
            left -= held;
            held = 0;
            limit[bins++] = (uint16_t)i;
        }
        held += count[i];
    }
    return bins;
}

/* Joins neighbouring bins as long as that costs nothing, or there are too many. Returns the cost. */
static uint64_t join_bins(sample *s, uint16_t *limit, unsigned *bins)
{
    uint64_t cost[FINE] = {0}, pair[FINE] = {0}, all = 0;
    unsigned n = *bins;
    for (unsigned i = 0; i < n; i++)
        cost[i] = row_cost(s, s->bins[i], NULL);
    for (unsigned i = 0; i + 1 < n; i++)
        pair[i] = row_cost(s, s->bins[i], s->bins[i + 1]);
    while (n > 1) {
        unsigned best = 0;
        for (unsigned i = 1; i + 1 < n; i++)
            if ((int64_t)(pair[i] - cost[i] - cost[i + 1]) <
                (int64_t)(pair[best] - cost[best] - cost[best + 1]))
                best = i;
        if (n <= MAX_CONTEXTS && pair[best] > cost[best] + cost[best + 1])
            break;
        for (unsigned k = 0; k < 256; k++)
            s->bins[best][k] += s->bins[best + 1][k];
        cost[best] = pair[best];
        n--;
        for (unsigned i = best + 1; i < n; i++) {
            memcpy(s->bins[i], s->bins[i + 1], sizeof s->bins[i]);
            cost[i] = cost[i + 1];
            pair[i - 1] = pair[i];
            limit[i] = limit[i + 1];
        }
        if (best + 1 < n)
            pair[best] = row_cost(s, s->bins[best], s->bins[best + 1]);
        if (best > 0)
            pair[best - 1] = row_cost(s, s->bins[best - 1], s->bins[best]);
    }
    for (unsigned i = 0; i < n; i++)
        all += cost[i];
    *bins = n;
    return all;
}

/* Fills m's contexts for its weights; returns its cost on the sample. */
static uint64_t try_model(sample *s, const uint8_t *a, model *m)
{
    uint16_t limit[FINE];
    uint8_t bin[SUMS];
    piece p = {2, STRIPE, m->weight[W], m->weight[WW], m->distance > 0, m->distance > 0};
    for (size_t i = 0; i < s->places; i++) {
        sum_all(m, &p, a + s->place[i], s->sum + i * STRIPE);
        memcpy(s->symbol + i * STRIPE, a + s->place[i], STRIPE);
    }
    unsigned bins = cut_bins(s, limit), half = 1u << m->shift >> 1, mask = m->residual ? 255 : 0;
    for (unsigned i = 0, k = 0; i < SUMS; i++) {
        while (k + 1 < bins && i >= limit[k + 1])
            k++;
        bin[i] = (uint8_t)k;
    }
    memset(s->bins, 0, sizeof s->bins);
    for (size_t i = 0; i < s->count; i++)
        s->bins[bin[s->sum[i]]][(s->symbol[i] - ((s->sum[i] + half) >> m->shift & mask)) & 255]++;
    uint64_t cost = join_bins(s, limit, &bins);
    m->contexts = bins;
    memcpy(m->limit, limit, bins * sizeof *limit);
    return cost;
}

/* The best model for the effort; *bits is what its indices would take. 0: no memory. */
static int choose_model(const uint8_t *a, size_t n, size_t row, size_t frame, int effort, model *best,
                        uint64_t *bits)
{
    static const struct {
        uint8_t weight[NEIGHBOURS], shift, least_effort, where; /* where: 0 no distance, 1 a row, 2 a frame */
    } known[] = {
        {{3, 0, 2, 2, 1, 0}, 3, EFFORT_FAST, 1}, {{2, 1, 2, 1, 1, 1}, 3, EFFORT_BALANCED, 1},
        {{5, 3, 0, 0, 0, 0}, 3, EFFORT_FAST, 0}, {{2, 0, 6, 0, 0, 0}, 3, EFFORT_BALANCED, 2},
        {{2, 0, 2, 0, 0, 0}, 2, EFFORT_MAX, 1},  {{3, 0, 3, 1, 1, 0}, 3, EFFORT_MAX, 1},
        {{0, 0, 4, 1, 1, 2}, 3, EFFORT_MAX, 2},
    };
    sample *s = malloc(sizeof *s);
    if (!s)
        return 0;
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t distance = known[i].where == 0 ? 0 : known[i].where == 1 ? row : frame;
        size_t length = (n + LANES - 1) / LANES;
        if (known[i].least_effort > effort || (known[i].where && (distance < 2 || 2 * distance + 2 > length)))
            continue;
        if (!known[i].where && row >= 2 && 2 * row + 2 <= length && effort < EFFORT_MAX)
            continue;
        take_sample(s, n, 2 * distance + 2);
        for (uint8_t residual = 0; residual < 2 && s->count; residual++) {
            model m = {.distance = (uint32_t)distance, .residual = residual, .shift = known[i].shift};
            memcpy(m.weight, known[i].weight, NEIGHBOURS);
            uint64_t cost = try_model(s, a, &m) / s->count;
            if (cost < least) {
                least = cost;
                *best = m;
            }
        }
    }
    free(s);
    if (least == UINT64_MAX) { /* too few elements for a sample */
        *best = (model){.contexts = 1, .weight = {1}};
        least = 0;
    }
    *bits = least >> 8 ? (least >> 8) * n >> 8 : 0;
    return 1;
}

/* Header, tables, states, words and low bits; NULL when they do not fit or memory is short. */
static uint8_t *write_context(model *m, const dictionary *d, unsigned low, uint8_t *out, uint8_t *end)
{
    size_t length = (d->n + LANES - 1) / LANES;
    uint32_t state[LANES], (*count)[256] = malloc(MAX_CONTEXTS * sizeof *count);
    symbol *symbols = calloc((size_t)MAX_CONTEXTS * 256, sizeof *symbols);
    uint8_t *done = NULL, *words = end, *start;
    if (!count || !symbols || end - out < 16 + 2 * MAX_CONTEXTS)
        goto finish;
    memset(d->upper + d->n, 0, LANES); /* the last lane is filled up */
    set_bases(m);
    count_codes(m, d->upper, length, *count);
    m->symbols = 2;
    for (unsigned c = 0; c < m->contexts; c++) {
        normalise(count[c], m->frequency[c]);
        for (unsigned i = m->symbols; i < 256; i++)
            if (m->frequency[c][i])
                m->symbols = i + 1;
    }
    store32(out, m->distance);
    memcpy(out + 4, m->weight, NEIGHBOURS);
    out[10] = (uint8_t)(m->shift | (unsigned)m->residual << 7);
    out[11] = (uint8_t)m->contexts;
    out[12] = (uint8_t)(m->symbols - 1);
    out += 13;
    for (unsigned c = 1; c < m->contexts; c++, out += 2)
        store16(out, m->limit[c]);
    bit_buffer b = {.out = out, .end = end};
    for (unsigned c = 0; c < m->contexts; c++)
        write_frequencies(&b, m->frequency[c], m->symbols);
    end_bits(&b);
    start = b.out;
    if (b.over || end - start < 4 * LANES + 8 ||
        !encode_lanes(m, symbols, d->upper, length, state, &words, start + 4 * LANES + 8))
        goto finish;
    for (int i = 0; i < LANES; i++)
        store32(start + 4 * i, state[i]);
    store64(start + 4 * LANES, (uint64_t)(end - words));
    memmove(start + 4 * LANES + 8, words, (size_t)(end - words));
    done = start + 4 * LANES + 8 + (end - words);
    if (low)
        done = write_packed(d, low, done, end);
finish:
    free(count);
    free(symbols);
    return done;
}

static int read_model(model *m, const uint8_t **in, const uint8_t *end, size_t n)
{
    const uint8_t *p = *in;
    unsigned weights = 0;
    if (end - p < 13)
        return 0;
    m->distance = load32(p);
    memcpy(m->weight, p + 4, NEIGHBOURS);
    m->shift = p[10] & 127;
    m->residual = p[10] >> 7;
    m->contexts = p[11];
    m->symbols = p[12] + 1u;
    for (int i = 0; i < NEIGHBOURS; i++)
        weights += m->weight[i];
    p += 13;
    if (weights > WEIGHT_SUM || m->shift > 3 || weights > 1u << m->shift || m->distance == 1 ||
        m->distance > n || m->contexts < 1 || m->contexts > MAX_CONTEXTS ||
        (size_t)(end - p) < 2 * (size_t)(m->contexts - 1))
        return 0;
    for (unsigned c = 1; c < m->contexts; c++, p += 2) {
        m->limit[c] = (uint16_t)load16(p);
        if (c > 1 && m->limit[c] <= m->limit[c - 1])
            return 0;
    }
    set_bases(m);
    bit_buffer b = {.in = p, .end = end};
    for (unsigned c = 0; c < m->contexts; c++)
        if (!read_frequencies(&b, m->frequency[c], m->symbols))
            return 0;
    *in = b.in;
    return 1;
}

/* a[], with 2 * LANES zeros in front, gets the upper parts of the indices, element by element of all lanes.
 * Returns what follows (the low bits), NULL when damaged. */
static const uint8_t *read_context(model *m, uint32_t *slots, const uint8_t *in, const uint8_t *end,
                                   uint8_t *a, size_t n)
{
    if (!read_model(m, &in, end, n) || end - in < 4 * LANES + 8)
        return NULL;
    lanes l = {.m = m, .slots = slots, .a = a, .length = (n + LANES - 1) / LANES};
    for (int i = 0; i < LANES; i++)
        l.x[i] = load32(in + 4 * i);
    uint64_t words = load64(in + 4 * LANES);
    l.in = in + 4 * LANES + 8;
    if (words > (size_t)(end - l.in) || words % 2)
        return NULL;
    l.end = l.in + words;
    make_slots(m, slots);
    decode_lanes(&l);
    for (int i = 0; i < LANES; i++)
        l.over |= l.x[i] != STATE_LOW;
    return l.over || l.in != l.end ? NULL : l.end;
}

/* ---- indices as labels: runs of what the row above has, and the places where that ends ---- */

typedef struct coder { /* binary arithmetic coder, carry-less, 32 bits */
    uint32_t low, high, value;
    uint8_t *out, *out_end;
    const uint8_t *in, *in_end;
    int over;
    uint16_t rate[64]; /* 65536 / (seen + 1.5): how far a probability moves */
} coder;

#define SHAPES  512
#define UNKNOWN (32768u << 16) /* a probability << 16 and how often it was asked */

typedef struct label_model {
    uint32_t first[SHAPES], second[SHAPES], third[SHAPES], fourth[SHAPES];
    uint32_t guess, full[34], left[34][64];
    uint32_t tree[]; /* 2 to the power of the width */
} label_model;

static INLINE int code_bit(coder *c, uint32_t *state, int bit, const int decoding)
{
    uint32_t p = *state >> 16, seen = *state & 63, mid;
    mid = c->low + (uint32_t)((uint64_t)(c->high - c->low) * p >> 16);
    if (decoding)
        bit = c->value <= mid;
    if (bit) {
        c->high = mid;
        p += (65536 - p) * c->rate[seen] >> 16;
    } else {
        c->low = mid + 1;
        p -= p * c->rate[seen] >> 16;
    }
    p = p < 24 ? 24 : p > 65536 - 24 ? 65536 - 24 : p;
    *state = p << 16 | (seen + (seen < 63));
    while (!((c->low ^ c->high) >> 24)) {
        if (decoding) {
            c->over |= c->in >= c->in_end;
            c->value = c->value << 8 | (c->in < c->in_end ? *c->in++ : 0u);
        } else if (c->out < c->out_end) {
            *c->out++ = (uint8_t)(c->low >> 24);
        } else {
            c->over = 1;
        }
        c->low <<= 8;
        c->high = c->high << 8 | 255;
    }
    return bit;
}

static INLINE uint32_t code_tree(coder *c, uint32_t *tree, unsigned bits, uint32_t value, const int decoding)
{
    uint32_t node = 1;
    while (bits--)
        node = 2 * node + (uint32_t)code_bit(c, &tree[node], (int)(value >> bits & 1), decoding);
    return node;
}

/* A number by its bit length and its bits. */
static INLINE size_t code_number(coder *c, uint32_t *tree, size_t value, const int decoding)
{
    unsigned length = code_tree(c, tree, 5, bit_length(value), decoding) - 32;
    size_t known = length ? 1 : 0;
    for (unsigned i = length; i-- > 1;) {
        uint32_t plain = UNKNOWN;
        known = 2 * known + (size_t)code_bit(c, i + 1 == length ? &tree[32 + length] : &plain,
                                             (int)(value >> (i - 1) & 1), decoding);
    }
    return known;
}

/* Labels and where we are among them. In front of a[] are 2 * d + 2 zeros. `wide` below: of 16 bits, not 8.
 */
typedef struct labels {
    coder c;
    label_model *m;
    void *a;
    size_t n, d, p;  /* d, the length of a row: 0 (no rows), or 3 and more */
    size_t flat_end; /* up to here the row above is `flat` */
    uint32_t flat, last;
    unsigned width;
} labels;

static INLINE uint32_t label_at(const labels *l, size_t i, const int wide)
{
    return wide ? ((const uint16_t *)l->a)[(ptrdiff_t)i] : ((const uint8_t *)l->a)[(ptrdiff_t)i];
}

static INLINE void set_label(labels *l, uint32_t value, const int wide)
{
    if (wide)
        ((uint16_t *)l->a)[l->p++] = (uint16_t)value;
    else
        ((uint8_t *)l->a)[l->p++] = (uint8_t)value;
}

/* The first place in [from, to) that is not `value`, else `to`. */
static INLINE size_t same_until(const labels *l, size_t from, size_t to, uint32_t value, const int wide)
{
    const uint64_t pattern = value * (wide ? 0x0001000100010001ull : 0x0101010101010101ull);
    const uint8_t *bytes = l->a;
    for (const size_t step = wide ? 4 : 8; (ptrdiff_t)(to - from) >= (ptrdiff_t)step; from += step) {
        uint64_t word;
        memcpy(&word, bytes + (ptrdiff_t)from * (wide ? 2 : 1), sizeof word);
        if (word != pattern)
            break;
    }
    while (from != to && label_at(l, from, wide) == value)
        from++;
    return from;
}

/* Flat is where W, N, NE and NW are alike: all up to the place where NE changes is then one run, mostly.
 * Returns 1 when the label at p is coded, 0 when it has to be spelt out, -1 for nonsense. */
static INLINE int code_run(labels *l, uint32_t w, const int wide, const int decoding)
{
    size_t p = l->p, d = l->d;
    if (!d) {
        l->flat_end = l->n - p < 1u << 30 ? l->n : p + (1u << 30);
    } else if (l->flat_end <= p || l->flat != w) {
        size_t most = l->n - p < d - 2 ? l->n : p + d - 2;
        l->flat = w;
        l->flat_end = most > p + 1 ? same_until(l, p + 2 - d, most + 1 - d, w, wide) + d - 1 : p + 1;
    }
    size_t most = l->flat_end - p, run = decoding ? 0 : same_until(l, p, l->flat_end, w, wide) - p;
    uint32_t expected = d ? label_at(l, l->flat_end + 1 - d, wide) : l->last;
    unsigned context = bit_length(most);
    int full = code_bit(&l->c, &l->m->full[context], run == most, decoding);
    run = full ? most : most - 1 - code_number(&l->c, l->m->left[context], most - 1 - run, decoding);
    if (run > most)
        return -1;
    if (decoding && wide)
        for (size_t i = 0; i < run; i++)
            ((uint16_t *)l->a)[p + i] = (uint16_t)w;
    else if (decoding)
        memset((uint8_t *)l->a + p, (int)w, run);
    l->p += run;
    if (full)
        return 1;
    if (!code_bit(&l->c, &l->m->guess, label_at(l, l->p, wide) == expected, decoding))
        return 0;
    set_label(l, expected, wide);
    l->last = w;
    return 1;
}

/* Elsewhere the shape of the neighbourhood says which neighbour to expect. */
static INLINE int code_shape(labels *l, uint32_t w, uint32_t above, uint32_t ne, uint32_t nw, const int wide,
                             const int decoding)
{
    size_t p = l->p, up = p - l->d;
    uint32_t ww = label_at(l, p - 2, wide), nn = label_at(l, up - l->d, wide),
             nee = label_at(l, up + 2, wide);
    uint32_t nww = label_at(l, up - 2, wide), value = label_at(l, p, wide);
    uint32_t shape = (uint32_t)(above == w) | (uint32_t)(nw == above) << 1 | (uint32_t)(ne == above) << 2 |
                     (uint32_t)(nw == w) << 3 | (uint32_t)(ne == w) << 4 | (uint32_t)(ww == w) << 5 |
                     (uint32_t)(nn == above) << 6 | (uint32_t)(nee == ne) << 7 | (uint32_t)(nww == nw) << 8;
    l->last = w;
    if (code_bit(&l->c, &l->m->first[shape], value == w, decoding))
        set_label(l, w, wide);
    else if (above != w && code_bit(&l->c, &l->m->second[shape], value == above, decoding))
        set_label(l, above, wide);
    else if (ne != w && ne != above && code_bit(&l->c, &l->m->third[shape], value == ne, decoding))
        set_label(l, ne, wide);
    else if (nw != w && nw != above && nw != ne &&
             code_bit(&l->c, &l->m->fourth[shape], value == nw, decoding))
        set_label(l, nw, wide);
    else
        return 0;
    return 1;
}

/* Both directions are this one function. 0: nonsense. */
static INLINE int code_labels(labels *all, const int wide, const int decoding)
{
    labels copy = *all, *l = &copy; /* whose address nobody knows, so that it can stay in registers */
    int known = 1;
    while (l->p < l->n && !l->c.over && known >= 0) {
        size_t p = l->p, d = l->d;
        uint32_t w = label_at(l, p - 1, wide), above = d ? label_at(l, p - d, wide) : w;
        uint32_t ne = d ? label_at(l, p - d + 1, wide) : w, nw = d ? label_at(l, p - d - 1, wide) : w;
        if (w == above && w == ne && w == nw)
            known = code_run(l, w, wide, decoding);
        else
            known = code_shape(l, w, above, ne, nw, wide, decoding);
        if (known)
            continue;
        uint32_t value = label_at(l, l->p, wide);
        set_label(l, code_tree(&l->c, l->m->tree, l->width, value, decoding) - (1u << l->width), wide);
        l->last = w;
    }
    *all = copy;
    return known >= 0 && !l->c.over;
}

/* Memory for n labels, and the model at its start. */
static int start_labels(labels *l, void **room)
{
    const size_t words = sizeof(label_model) / 4 + ((size_t)1 << l->width), front = 2 * l->d + 2;
    const size_t size = l->width > 8 ? 2 : 1;
    *room = NULL;
    l->m = malloc(words * 4);
    if (l->n < SIZE_MAX / 16)
        *room = malloc((l->n + front + SLACK) * size);
    if (!l->m || !*room) {
        free(l->m);
        free(*room);
        l->m = NULL;
        *room = NULL;
        return DICTIONARY_NO_MEMORY;
    }
    memset(*room, 0, front * size);
    memset((uint8_t *)*room + (front + l->n) * size, 0, SLACK * size);
    l->a = (uint8_t *)*room + front * size;
    uint32_t *p = (uint32_t *)(void *)l->m;
    for (size_t i = 0; i < words; i++)
        p[i] = UNKNOWN;
    for (unsigned i = 0; i < 64; i++)
        l->c.rate[i] = (uint16_t)(131072 / (2 * i + 3));
    l->c.low = 0;
    l->c.high = UINT32_MAX;
    return DICTIONARY_OK;
}

static uint8_t *write_labels(const dictionary *dict, size_t d, unsigned width, uint8_t *out, uint8_t *end)
{
    void *room;
    int good = 0;
    labels l = {.n = dict->n, .width = width, .d = d < 3 || d > UINT32_MAX || 2 * d > dict->n ? 0 : d};
    if (end - out >= 8 && start_labels(&l, &room) == DICTIONARY_OK) {
        store32(out, (uint32_t)l.d);
        l.c.out = out + 4;
        l.c.out_end = end - 4;
        memcpy(l.a, dict->wide ? (const void *)dict->wide : dict->upper, l.n * (dict->wide ? 2 : 1));
        good = width > 8 ? code_labels(&l, 1, 0) : code_labels(&l, 0, 0);
        for (int i = 0; good && i < 4; i++, l.c.low <<= 8)
            *l.c.out++ = (uint8_t)(l.c.low >> 24);
        free(room);
        free(l.m);
    }
    return good ? l.c.out : NULL;
}

/* *room holds the labels at *a, of 8 bits or 16, and is the caller's to free. */
static int read_labels(const uint8_t *in, const uint8_t *end, size_t n, unsigned width, void **room, void **a)
{
    labels l = {.c = {.in = in + 8, .in_end = end}, .n = n, .width = width};
    *room = NULL;
    if (end - in < 8)
        return DICTIONARY_DAMAGED;
    l.d = load32(in);
    if (l.d == 1 || l.d == 2 || l.d > n)
        return DICTIONARY_DAMAGED;
    int status = start_labels(&l, room);
    if (status == DICTIONARY_OK) {
        for (int i = 4; i < 8; i++)
            l.c.value = l.c.value << 8 | in[i];
        int good = width > 8 ? code_labels(&l, 1, 1) : code_labels(&l, 0, 1);
        status = good && l.c.in == l.c.in_end ? DICTIONARY_OK : DICTIONARY_DAMAGED;
        *a = l.a;
    }
    free(l.m);
    return status;
}

/* ---- chunks ---- */

typedef struct task { /* what is to be encoded, and the best so far */
    dictionary d;
    size_t row, frame;
    int effort;
    unsigned width, low;      /* bits of an index, and how many of them are coded as they are */
    uint8_t *best, *best_end; /* coded indices, in out or in a buffer of their own */
    uint8_t *payload, *end;   /* where they go */
    int mode;
} task;

/* Is `done` (made at `at`) better than the best so far? Then it is moved to its place. */
static void keep_better(task *t, uint8_t *at, const uint8_t *done, int mode)
{
    if (!done || (t->mode != MODE_STORED && done - at >= t->best_end - t->payload))
        return;
    if (at != t->payload)
        memcpy(t->payload, at, (size_t)(done - at));
    t->best_end = t->payload + (done - at);
    t->mode = mode;
}

/* How many of 256 elements have W, N, NE and NW alike. */
static unsigned flatness(const task *t)
{
    const dictionary *d = &t->d;
    size_t n = d->n, row = t->row >= 3 && t->row < n / 4 ? t->row : 0, flat = 0, seen = 0;
    for (size_t p = row + 2; p < n; p += 1 + n / 16384, seen++) {
        uint32_t w = index_at(d, p - 1), above = index_at(d, row ? p - row : p - 2);
        flat += w == above && w == index_at(d, p - row - 1) && w == index_at(d, row ? p - row + 1 : p - 1);
    }
    return seen ? (unsigned)(flat * 256 / seen) : 0;
}

#ifdef H5Z_DICTIONARY_ZSTD
/* Low bytes of all indices, then the high bytes where there are any. */
static size_t make_planes(const task *t, size_t begin, size_t count, uint8_t *planes)
{
    for (size_t i = 0; i < count; i++)
        planes[i] = (uint8_t)index_at(&t->d, begin + i);
    for (size_t i = 0; t->width > 8 && i < count; i++)
        planes[count + i] = (uint8_t)(index_at(&t->d, begin + i) >> 8);
    return t->width > 8 ? 2 * count : count;
}

/* Only where a sample says that repeated patterns make it much smaller than what we have. */
static void try_zstd(task *t, uint8_t *room, size_t room_bytes)
{
    enum { PART = 65536 };
    size_t n = t->d.n, count = n < PART ? n : PART, bound = ZSTD_compressBound(2 * (size_t)PART);
    uint8_t *planes = malloc(2 * n), *trial = malloc(bound);
    if (planes && trial && t->effort > EFFORT_FAST) {
        size_t bytes = make_planes(t, (n - count) / 2, count, planes);
        size_t got = ZSTD_compress(trial, bound, planes, bytes, t->effort == EFFORT_MAX ? 19 : 3);
        size_t limit = (size_t)(t->best_end - t->payload), share = (size_t)((uint64_t)limit * count / n);
        if (!ZSTD_isError(got) && (t->effort == EFFORT_MAX || got < share - share / 8)) {
            bytes = make_planes(t, 0, n, planes);
            got = ZSTD_compress(room, room_bytes, planes, bytes, t->effort == EFFORT_MAX ? 19 : 3);
            if (!ZSTD_isError(got))
                keep_better(t, room, room + got, MODE_ZSTD);
        }
    }
    free(planes);
    free(trial);
}
#else
static void try_zstd(task *t, uint8_t *room, size_t room_bytes)
{
    (void)t;
    (void)room;
    (void)room_bytes;
}
#endif

/* The indices at t->payload; t->mode stays MODE_STORED when they do not fit. */
static int write_indices(task *t)
{
    dictionary *d = &t->d;
    size_t room_bytes = (size_t)(t->end - t->payload), packed = packed_bytes(d->n, t->width);
    model *m = malloc(sizeof *m);
    uint8_t *room = malloc(room_bytes + 1);
    uint64_t cost = 0;
    int status = m && room ? DICTIONARY_OK : DICTIONARY_NO_MEMORY, thorough = t->effort == EFFORT_MAX;
    t->best_end = t->end;
    if (packed <= room_bytes) {
        t->mode = MODE_PACKED;
        t->best_end = t->payload + packed;
    }
    if (status == DICTIONARY_OK && t->effort > EFFORT_FAST && flatness(t) > (thorough ? 64 : 192))
        keep_better(t, t->payload, write_labels(d, t->row, t->width, t->payload, t->best_end), MODE_LABELS);
    /* below half a bit an element nothing else comes near */
    int good_labels = !thorough && t->mode == MODE_LABELS && (size_t)(t->best_end - t->payload) < d->n / 16;
    if (status == DICTIONARY_OK && !good_labels) {
        if (!choose_model(d->upper, d->n, t->row, t->frame, t->effort, m, &cost))
            status = DICTIONARY_NO_MEMORY;
        cost += (uint64_t)d->n * t->low;
        uint8_t *at = t->mode == MODE_LABELS ? room : t->payload;
        if (status == DICTIONARY_OK && cost / 8 < (uint64_t)(t->best_end - t->payload))
            keep_better(t, at, write_context(m, d, t->low, at, at + (t->best_end - t->payload)),
                        MODE_CONTEXT);
        if (status == DICTIONARY_OK)
            try_zstd(t, room, room_bytes);
    }
    if (t->mode == MODE_PACKED)
        write_packed(d, t->width, t->payload, t->end);
    free(m);
    free(room);
    return status;
}

static void write_header(uint8_t *out, size_t size, int mode, unsigned kind, uint64_t bytes, size_t element,
                         uint32_t count)
{
    out[0] = MARK;
    out[1] = FORMAT;
    out[2] = (uint8_t)mode;
    out[3] = (uint8_t)kind;
    store64(out + 8, bytes);
    store32(out + 16, (uint32_t)element);
    store32(out + 20, count);
    store32(out + 4, checksum(out + 8, size - 8, load32(out)));
}

/* Largest size of a chunk. */
DICTIONARY_API size_t H5Zdictionary_bound(size_t bytes)
{
    return bytes + HEADER;
}

static int all_alike(const uint8_t *in, size_t bytes, size_t element)
{
    return memcmp(in, in + element, bytes - element) == 0;
}

/* The upper parts of wide indices. */
static int split_indices(dictionary *d, unsigned low)
{
    d->upper = malloc(d->n + LANES);
    if (!d->upper)
        return DICTIONARY_NO_MEMORY;
    for (size_t i = 0; i < d->n; i++)
        d->upper[i] = (uint8_t)(d->wide[i] >> low);
    return DICTIONARY_OK;
}

/* Table and indices; *end stays NULL when they take as much as the elements. */
static int write_values(task *t, const uint8_t *in, size_t bytes, uint8_t *out, const uint8_t **end)
{
    dictionary *d = &t->d;
    size_t rest = bytes % d->element;
    d->room = malloc(d->n * sizeof *d->wide + 2 * LANES);
    d->upper = d->room;
    d->keys = malloc((d->n < MAX_VALUES ? d->n : MAX_VALUES) * sizeof *d->keys);
    int status = d->room && d->keys ? DICTIONARY_OK : DICTIONARY_NO_MEMORY;
    if (status == DICTIONARY_OK && all_alike(in, bytes - rest, d->element)) {
        d->keys[0] = is_number(d->element) ? key_of(load_element(in, d->element), d->element, d->kind) : 0;
        d->count = 1;
    } else if (status == DICTIONARY_OK) {
        status = number_values(d, in);
    }
    if (status != DICTIONARY_OK || d->count == 0)
        return status;
    t->end = out + HEADER + bytes;
    t->payload = write_table(d, in, out + HEADER, t->end);
    if (!t->payload || (size_t)(t->end - t->payload) <= rest)
        return status;
    memcpy(t->payload, in + bytes - rest, rest);
    t->payload += rest;
    t->width = bit_length(d->count - 1);
    t->low = t->width > 8 ? t->width - 8 : 0;
    t->best_end = t->payload;
    if (d->wide)
        status = split_indices(d, t->low);
    if (d->count == 1)
        t->mode = MODE_CONSTANT;
    else if (status == DICTIONARY_OK)
        status = write_indices(t);
    *end = t->mode == MODE_STORED ? NULL : t->best_end;
    return status;
}

/* Encodes by cd_values (any that are missing count as 0). `out` has H5Zdictionary_bound(bytes). Returns the
 * size of the chunk, 0 when memory is short. */
DICTIONARY_API size_t H5Zdictionary_encode(const unsigned *words, size_t count, const void *values,
                                           size_t bytes, void *chunk)
{
    unsigned cd[CD_COUNT] = {0};
    uint8_t *out = chunk;
    const uint8_t *in = values, *end = NULL;
    for (size_t i = 0; i < count && i < CD_COUNT; i++)
        cd[i] = words[i];
    size_t element = cd[CD_ELEMENT] >= 1 && cd[CD_ELEMENT] <= MAX_ELEMENT ? cd[CD_ELEMENT] : 1;
    unsigned kind = cd[CD_KIND] & (3 | KIND_BIG_ENDIAN);
    kind = !is_number(element) ? KIND_BYTES : kind;
    task t = {.d = {.element = element, .n = bytes / element, .kind = kind},
              .row = cd[CD_ROW],
              .frame = cd[CD_FRAME]};
    t.effort =
        cd[CD_EFFORT] >= EFFORT_FAST && cd[CD_EFFORT] <= EFFORT_MAX ? (int)cd[CD_EFFORT] : EFFORT_BALANCED;
    int status = t.d.n ? write_values(&t, in, bytes, out, &end) : DICTIONARY_OK;
    size_t size = end ? (size_t)(end - out) : 0;
    if (status == DICTIONARY_OK && !end) {
        if (bytes)
            memcpy(out + HEADER, in, bytes);
        t.d.count = 0;
        size = HEADER + bytes;
    }
    if (status == DICTIONARY_OK)
        write_header(out, size, end ? t.mode : MODE_STORED, kind, bytes, element, t.d.count);
    if (t.d.upper != t.d.room)
        free(t.d.upper);
    free(t.d.room);
    free(t.d.keys);
    return status == DICTIONARY_OK ? size : 0;
}

/* Decoded bytes of a chunk, after the checksum was compared. */
DICTIONARY_API int H5Zdictionary_decoded_size(const void *chunk, size_t size, uint64_t *bytes)
{
    const uint8_t *in = chunk;
    *bytes = 0;
    if (size < HEADER || in[0] != MARK || in[1] != FORMAT ||
        load32(in + 4) != checksum(in + 8, size - 8, load32(in)))
        return DICTIONARY_DAMAGED;
    *bytes = load64(in + 8);
    return DICTIONARY_OK;
}

/* Indices on their way to values: 8 bits or 16 (NULL: the other), in their order, or as lanes are coded. */
typedef struct indices {
    size_t n, length;       /* of elements; of a lane, 0: in order */
    void *room, *wide_room; /* to be freed */
    uint8_t *narrow;
    uint16_t *wide;
} indices;

/* narrow[], coded by lanes, in order into wide[]. */
static void widen(const indices *x)
{
    for (size_t lane = 0; lane < LANES; lane++)
        for (size_t t = 0; t < x->length && lane * x->length + t < x->n; t++)
            x->wide[lane * x->length + t] = x->narrow[t * LANES + lane];
}

static INLINE void look_up(uint8_t *out, const uint8_t *values, const size_t element, const indices *x)
{
    enum { TILE = 64 };
    if (x->wide)
        for (size_t i = 0; i < x->n; i++)
            memcpy(out + i * element, values + x->wide[i] * element, element);
    else if (!x->length)
        for (size_t i = 0; i < x->n; i++)
            memcpy(out + i * element, values + x->narrow[i] * element, element);
    else
        for (size_t t = 0; t < x->length; t += TILE)
            for (size_t lane = 0; lane < LANES && lane * x->length + t < x->n; lane++) {
                size_t at = lane * x->length + t, count = x->length - t < TILE ? x->length - t : TILE;
                const uint8_t *from = x->narrow + t * LANES + lane;
                count = count < x->n - at ? count : x->n - at;
                for (size_t i = 0; i < count; i++)
                    memcpy(out + (at + i) * element, values + from[i * LANES] * element, element);
            }
}

/* The table of numbers is long enough for any index; others are checked. */
static int put_values(uint8_t *out, const uint8_t *values, size_t element, uint32_t count, const indices *x)
{
    if (element == 1)
        look_up(out, values, 1, x);
    else if (element == 2)
        look_up(out, values, 2, x);
    else if (element == 4)
        look_up(out, values, 4, x);
    else if (element == 8)
        look_up(out, values, 8, x);
    else
        for (size_t i = 0; i < x->n; i++) {
            size_t lane = x->length ? i / x->length : 0;
            uint32_t k = x->wide     ? x->wide[i]
                         : x->length ? x->narrow[(i - lane * x->length) * LANES + lane]
                                     : x->narrow[i];
            if (k >= count)
                return DICTIONARY_DAMAGED;
            memcpy(out + i * element, values + k * element, element);
        }
    return DICTIONARY_OK;
}

static int read_zstd(const uint8_t *in, size_t size, unsigned width, indices *x)
{
#ifdef H5Z_DICTIONARY_ZSTD
    size_t bytes = x->wide ? 2 * x->n : x->n, got = 0;
    x->narrow = x->room = malloc(bytes);
    if (!x->narrow)
        return DICTIONARY_NO_MEMORY;
    if (size >= 4 && load32(in) == 0xfd2fb528u) /* not the formats of its first versions */
        got = ZSTD_decompress(x->narrow, bytes, in, size);
    if (got != bytes)
        return DICTIONARY_DAMAGED;
    unsigned any = 0;
    for (size_t i = 0; x->wide && i < x->n; i++)
        any |= x->wide[i] = (uint16_t)(x->narrow[i] | x->narrow[x->n + i] << 8);
    return any >> width ? DICTIONARY_DAMAGED : DICTIONARY_OK;
#else
    (void)in, (void)size, (void)width, (void)x;
    return DICTIONARY_NO_ZSTD;
#endif
}

static int read_lanes(const uint8_t *in, const uint8_t *end, indices *x, unsigned low)
{
    x->length = (x->n + LANES - 1) / LANES;
    x->room = malloc((x->length + 2) * LANES);
    model *m = malloc(sizeof *m);
    uint32_t *slots = malloc((size_t)MAX_CONTEXTS * PROB_ONE * sizeof *slots);
    int status = DICTIONARY_NO_MEMORY;
    if (m && slots && x->room) {
        memset(x->room, 0, 2 * LANES);
        x->narrow = (uint8_t *)x->room + 2 * LANES;
        in = read_context(m, slots, in, end, x->narrow, x->n);
        status = in && (size_t)(end - in) == packed_bytes(x->n, low) ? DICTIONARY_OK : DICTIONARY_DAMAGED;
    }
    if (status == DICTIONARY_OK && x->wide) {
        widen(x);
        read_packed(in, x->n, low, x->wide);
    }
    free(m);
    free(slots);
    return status;
}

static int read_indices(int mode, unsigned width, const uint8_t *in, const uint8_t *end, indices *x)
{
    if (mode == MODE_CONSTANT) {
        x->narrow = x->room = calloc(x->n, 1);
        return !x->narrow ? DICTIONARY_NO_MEMORY : in == end ? DICTIONARY_OK : DICTIONARY_DAMAGED;
    }
    if (mode == MODE_LABELS) {
        void *labels_read = NULL;
        int status = read_labels(in, end, x->n, width, &x->room, &labels_read);
        x->narrow = width > 8 ? NULL : labels_read;
        x->wide = width > 8 ? labels_read : NULL;
        return status;
    }
    if (width > 8 || mode == MODE_PACKED) {
        x->wide = x->wide_room = malloc(x->n * sizeof *x->wide);
        if (!x->wide)
            return DICTIONARY_NO_MEMORY;
    }
    if (mode == MODE_CONTEXT)
        return read_lanes(in, end, x, width > 8 ? width - 8 : 0);
    if (mode == MODE_ZSTD)
        return read_zstd(in, (size_t)(end - in), width, x);
    if (mode != MODE_PACKED || !x->wide || (size_t)(end - in) != packed_bytes(x->n, width))
        return DICTIONARY_DAMAGED;
    memset(x->wide, 0, x->n * sizeof *x->wide);
    read_packed(in, x->n, width, x->wide);
    return DICTIONARY_OK;
}

static int read_values(const uint8_t *chunk, const uint8_t *end, uint8_t *out, size_t bytes)
{
    size_t element = load32(chunk + 16), rest;
    uint32_t count = load32(chunk + 20);
    int mode = chunk[2], status = DICTIONARY_DAMAGED;
    if (element < 1 || element > MAX_ELEMENT || count < 1 || count > MAX_VALUES ||
        (count == 1) != (mode == MODE_CONSTANT))
        return DICTIONARY_DAMAGED;
    indices x = {.n = bytes / element};
    rest = bytes % element;
    unsigned width = bit_length(count - 1), wide = width > 8 ? width : 8;
    size_t room = is_number(element) ? element << wide : element * (size_t)count;
    if (count > x.n || (!is_number(element) && room > (size_t)(end - chunk)))
        return DICTIONARY_DAMAGED;
    uint8_t *values = calloc(room, 1);
    if (!values)
        return DICTIONARY_NO_MEMORY;
    const uint8_t *in = read_table(chunk + HEADER, end, element, chunk[3], count, values);
    if (in && (size_t)(end - in) >= rest) {
        memcpy(out + x.n * element, in, rest);
        status = read_indices(mode, width, in + rest, end, &x);
        if (status == DICTIONARY_OK)
            status = put_values(out, values, element, count, &x);
    }
    free(values);
    free(x.room);
    free(x.wide_room);
    return status;
}

/* Decodes a chunk of `size` bytes into exactly `bytes` bytes, which are what H5Zdictionary_decoded_size says.
 */
DICTIONARY_API int H5Zdictionary_decode(const void *chunk, size_t size, void *values, size_t bytes)
{
    const uint8_t *in = chunk;
    uint64_t stated;
    int status = H5Zdictionary_decoded_size(chunk, size, &stated);
    if (status != DICTIONARY_OK || stated != bytes)
        return DICTIONARY_DAMAGED;
    if (in[2] != MODE_STORED)
        return read_values(in, in + size, values, bytes);
    if (size - HEADER != bytes)
        return DICTIONARY_DAMAGED;
    if (bytes)
        memcpy(values, in + HEADER, bytes);
    return DICTIONARY_OK;
}

#ifndef H5Z_DICTIONARY_CODER_ONLY

/* ---- the HDF5 filter ---- */

#include <H5PLextern.h>

/* In HDF5's range for private use (32768 to 65535); see "Registration" in docs/dictionary.md. */
#ifndef H5Z_DICTIONARY_FILTER_ID
#define H5Z_DICTIONARY_FILTER_ID 47105
#endif

#define WORDS_FORMAT 1
#define MOST_RANK    32

/* HDF5 functions that set_local needs: all since 1.8 and unchanged up to 2.x. */
#define HDF5_CALLS(X)                                                                                        \
    X(H5Tget_class, H5T_class_t, (hid_t))                                                                    \
    X(H5Tget_size, size_t, (hid_t))                                                                          \
    X(H5Tget_order, H5T_order_t, (hid_t))                                                                    \
    X(H5Tget_sign, H5T_sign_t, (hid_t))                                                                      \
    X(H5Pget_chunk, int, (hid_t, int, hsize_t[]))                                                            \
    X(H5Pget_filter2, H5Z_filter_t,                                                                          \
      (hid_t, unsigned, unsigned *, size_t *, unsigned[], size_t, char[], unsigned *))                       \
    X(H5Pget_filter_by_id2, herr_t,                                                                          \
      (hid_t, H5Z_filter_t, unsigned *, size_t *, unsigned[], size_t, char[], unsigned *))                   \
    X(H5Pmodify_filter, herr_t, (hid_t, H5Z_filter_t, unsigned, size_t, const unsigned[]))

typedef struct hdf5_calls {
#define MEMBER(name, result, arguments) result(*name##_) arguments;
    HDF5_CALLS(MEMBER)
#undef MEMBER
} hdf5_calls;

#ifdef H5Z_DICTIONARY_LINK_HDF5
static int find_hdf5(const void *caller, hdf5_calls *h5)
{
    (void)caller;
#define FIND(name, result, arguments) h5->name##_ = name;
    HDF5_CALLS(FIND)
#undef FIND
    return 1;
}
#define CALLER() NULL
#else
#include <dlfcn.h>

/* The functions of the very HDF5 that called us. A plug-in that is linked to a library of its own meets two
 * in one process (Debian's, a Python wheel's, an MPI flavour's), and one with unresolved names does not load
 * where Python keeps its HDF5 private. The address we return to is in the right one. */
static int find_hdf5(const void *caller, hdf5_calls *h5)
{
    Dl_info place, found;
    int all = dladdr(caller, &place) != 0;
    void *handle = all && place.dli_fname ? dlopen(place.dli_fname, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    handle = handle ? handle : dlopen(NULL, RTLD_LAZY); /* a program that holds HDF5 itself */
    void *address;
    if (!handle)
        return 0;
#define FIND(name, result, arguments)                                                                        \
    address = dlsym(handle, #name);                                                                          \
    all = all && address && dladdr(address, &found) && found.dli_fbase == place.dli_fbase;                   \
    memcpy(&h5->name##_, &address, sizeof address);
    HDF5_CALLS(FIND)
#undef FIND
    dlclose(handle);
    return all;
}
#define CALLER() __builtin_return_address(0)
#endif

#if defined(__GNUC__)
#define NOT_INLINED __attribute__((noinline))
#define EXPORTED    __attribute__((visibility("default")))
#else
#define NOT_INLINED
#define EXPORTED
#endif

static unsigned kind_of(const hdf5_calls *h5, hid_t type)
{
    unsigned order = h5->H5Tget_order_(type) == H5T_ORDER_BE ? KIND_BIG_ENDIAN : 0;
    switch (h5->H5Tget_class_(type)) {
    case H5T_INTEGER:
        return order | (h5->H5Tget_sign_(type) == H5T_SGN_2 ? KIND_SIGNED : KIND_UNSIGNED);
    case H5T_FLOAT:
        return order | KIND_FLOAT;
    default:
        return KIND_BYTES;
    }
}

/* Writes what the dataset is over what the user gave; the effort stays. */
static int complete_words(const hdf5_calls *h5, hid_t dcpl, hid_t type)
{
    unsigned flags, words[CD_COUNT] = {0};
    size_t count = CD_COUNT, none = 0;
    hsize_t shape[MOST_RANK];
    int rank = h5->H5Pget_chunk_(dcpl, MOST_RANK, shape);
    if (h5->H5Pget_filter_by_id2_(dcpl, H5Z_DICTIONARY_FILTER_ID, &flags, &count, words, 0, NULL, NULL) < 0 ||
        rank < 1 || rank > MOST_RANK || words[CD_EFFORT] > EFFORT_MAX)
        return 0;
    memset(words + 1, 0, sizeof words - sizeof words[0]);
    words[CD_VERSION] = WORDS_FORMAT;
    /* behind another filter what we get may be anything: then nothing but bytes is known */
    size_t size = h5->H5Tget_size_(type);
    if (size >= 1 && size <= MAX_ELEMENT &&
        h5->H5Pget_filter2_(dcpl, 0, &flags, &none, NULL, 0, NULL, NULL) == H5Z_DICTIONARY_FILTER_ID) {
        hsize_t bytes = size, row = 0, frame = 0; /* along the last axes that are longer than 1 */
        for (int i = rank; i-- > 0; bytes *= shape[i])
            if (shape[i] > 1) {
                frame = row && !frame ? row * shape[i] : frame;
                row = row ? row : shape[i];
            }
        words[CD_ELEMENT] = (unsigned)size;
        words[CD_KIND] = kind_of(h5, type);
        words[CD_ROW] = row <= UINT32_MAX ? (unsigned)row : 0;
        words[CD_FRAME] = frame <= UINT32_MAX ? (unsigned)frame : 0;
        words[CD_BYTES] = (unsigned)(bytes & UINT32_MAX);
        words[CD_BYTES_HIGH] = (unsigned)(bytes >> 32);
    }
    count = CD_COUNT;
    none = 0;
    if (h5->H5Pget_filter_by_id2_(dcpl, H5Z_DICTIONARY_FILTER_ID, &flags, &none, NULL, 0, NULL, NULL) < 0)
        return 0;
    return h5->H5Pmodify_filter_(dcpl, H5Z_DICTIONARY_FILTER_ID, flags, count, words) >= 0;
}

/* HDF5 calls this before it creates a dataset. Where its functions cannot be found the words stay as they
 * are; the filter then takes elements of single bytes, unless the user gave all words. */
static NOT_INLINED herr_t set_local(hid_t dcpl, hid_t type, hid_t space)
{
    hdf5_calls h5;
    (void)space;
    if (!find_hdf5(CALLER(), &h5))
        return 1;
    return complete_words(&h5, dcpl, type) ? 1 : -1;
}

/* Nothing comes out (0) when memory is short or a chunk is damaged; then HDF5 keeps its buffer. */
static size_t filter(unsigned flags, size_t count, const unsigned words[], size_t bytes, size_t *buf_size,
                     void **buf)
{
    uint64_t decoded = bytes, stated = 0;
    size_t size = 0, capacity;
    if (flags & H5Z_FLAG_REVERSE) {
        if (H5Zdictionary_decoded_size(*buf, bytes, &decoded) != DICTIONARY_OK)
            return 0;
        if (count > CD_BYTES_HIGH)
            stated = words[CD_BYTES] | (uint64_t)words[CD_BYTES_HIGH] << 32;
        if (decoded == 0 || decoded > SIZE_MAX || (stated && stated != decoded))
            return 0;
    }
    capacity = flags & H5Z_FLAG_REVERSE ? (size_t)decoded : H5Zdictionary_bound(bytes);
    void *out = capacity >= bytes || (flags & H5Z_FLAG_REVERSE) ? malloc(capacity) : NULL;
    if (!out)
        return 0;
    if (!(flags & H5Z_FLAG_REVERSE))
        size = H5Zdictionary_encode(words, count, *buf, bytes, out);
    else if (H5Zdictionary_decode(*buf, bytes, out, capacity) == DICTIONARY_OK)
        size = capacity;
    if (!size) {
        free(out);
        return 0;
    }
    free(*buf);
    *buf = out;
    *buf_size = capacity;
    return size;
}

static const H5Z_class2_t description = {
    .version = H5Z_CLASS_T_VERS,
    .id = H5Z_DICTIONARY_FILTER_ID,
    .encoder_present = 1,
    .decoder_present = 1,
    .name = "dictionary",
    .can_apply = NULL,
    .set_local = set_local,
    .filter = filter,
};

EXPORTED H5PL_type_t H5PLget_plugin_type(void)
{
    return H5PL_TYPE_FILTER;
}

EXPORTED const void *H5PLget_plugin_info(void)
{
    return &description;
}

#endif
