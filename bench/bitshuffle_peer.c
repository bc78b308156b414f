/* SPDX-License-Identifier: BSD-3-Clause
 * Measures our bslz4 or bszstd against a bitshuffle plug-in of somebody else, in memory, in one thread, in
 * one run.
 *
 *     BEAMPRESS_DATA=folder bitshuffle_peer [-z LEVEL] [-s SECONDS] [-a] PLUGIN.so
 *
 * Every HDF5 file of the folder whose name does not say SIMULATED gives /entry/data/data, one frame (the last
 * two axes) per chunk; each call finds its input in the cache. -z: zstd blocks at that level instead of LZ4.
 * -s: time per measurement (0.3 s). -a: also datasets below 4 MB. Ours and theirs take turns; the best time
 * of each frame counts, for whatever else runs can only add time; time
 * is that of the thread. Two figures are given for theirs: the coder
 * alone (bshuf_compress_lz4 and its like, which the plug-ins export, writing into memory that is there
 * already, as ours does), and the filter function as HDF5 calls it, which allocates its output. The bytes of
 * both are compared, and ours must decode what they encoded. Exit code 1 when anything disagrees. */
#include <dirent.h>
#include <dlfcn.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "beampress/beampress.h"

#define LEAST_BYTES 4e6

/* The coders inside the plug-ins. Sizes are elements, results bytes; negative is an error. */
typedef int64_t (*lz4_coder)(const void *in, void *out, size_t size, size_t itemsize, size_t block);
typedef int64_t (*zstd_encoder)(const void *in, void *out, size_t size, size_t itemsize, size_t block,
                                int level);

typedef struct peer {
    H5Z_func_t filter;
    lz4_coder encode_lz4, decode_lz4, decode_zstd;
    zstd_encoder encode_zstd;
    int level; /* of zstd, -1: LZ4 */
} peer;

/* One dataset in frames, and room for both sides' chunks. */
typedef struct frames {
    bp_dtype dtype;
    size_t itemsize, shape[2], count, frame_bytes, room;
    uint8_t *raw, *back, *ours, *theirs;
    size_t *our_size, *their_size;
} frames;

typedef struct result {
    double our_encode, our_decode, coder_encode, coder_decode, filter_encode, filter_decode; /* seconds */
    double stored, their_stored;                                                             /* bytes */
    bool same_bytes, same_values;
} result;

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Time of this thread: what else runs on the machine does not count. */
static double now(void)
{
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bitshuffle_peer: %s: %s\n", what, why);
    exit(3);
}

static void *get_memory(size_t bytes)
{
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory)
        die("memory", "none left");
    memset(memory, 1, bytes); /* the pages are there before anything is timed */
    return memory;
}

static peer load_peer(const char *path, int level)
{
    union {
        void *address;
        const void *(*info)(void);
        lz4_coder lz4;
        zstd_encoder zstd;
    } symbol;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (!library || !(symbol.address = dlsym(library, "H5PLget_plugin_info")))
        die(path, dlerror());
    peer p = {.level = level};
    p.filter = ((const H5Z_class2_t *)symbol.info())->filter;
    symbol.address = dlsym(library, "bshuf_compress_lz4");
    p.encode_lz4 = symbol.lz4;
    symbol.address = dlsym(library, "bshuf_decompress_lz4");
    p.decode_lz4 = symbol.lz4;
    symbol.address = dlsym(library, "bshuf_compress_zstd");
    p.encode_zstd = symbol.zstd;
    symbol.address = dlsym(library, "bshuf_decompress_zstd");
    p.decode_zstd = symbol.lz4;
    if (level >= 0 ? !p.encode_zstd || !p.decode_zstd : !p.encode_lz4 || !p.decode_lz4)
        die(path, "does not export its coder");
    return p;
}

/* One call of ours or theirs on one frame: returns the bytes that it wrote, 0 when it failed. */
typedef struct job {
    const peer *p;
    const bp_codec_spec *spec;
    bp_context *ctx;
    const frames *f;
    uint8_t *in, *out; /* of one frame, used again for each */
} job;

static bp_array frame_at(const frames *f, uint8_t *data)
{
    bp_array array;
    if (bp_array_init(&array, f->dtype, f->itemsize, 2, f->shape, data) != BP_OK)
        die("frame", "has no array");
    return array;
}

static size_t our_encode(job *j, size_t bytes)
{
    (void)bytes;
    size_t size = 0;
    bp_array in = frame_at(j->f, j->in);
    return bp_codec_encode(j->ctx, j->spec, &in, j->out, j->f->room, &size) == BP_OK ? size : 0;
}

static size_t our_decode(job *j, size_t bytes)
{
    bp_array out = frame_at(j->f, j->out);
    return bp_codec_decode(j->ctx, j->spec, j->in, bytes, &out) == BP_OK ? j->f->frame_bytes : 0;
}

/* The 12 bytes in front are the same for every chunk and not timed. */
static size_t coder_encode(job *j, size_t bytes)
{
    size_t n = bytes / j->f->itemsize;
    int64_t got = j->p->level >= 0 ? j->p->encode_zstd(j->in, j->out + 12, n, j->f->itemsize, 0, j->p->level)
                                   : j->p->encode_lz4(j->in, j->out + 12, n, j->f->itemsize, 0);
    return got < 0 ? 0 : (size_t)got + 12;
}

static size_t coder_decode(job *j, size_t bytes)
{
    (void)bytes;
    size_t n = j->f->frame_bytes / j->f->itemsize;
    lz4_coder decode = j->p->level >= 0 ? j->p->decode_zstd : j->p->decode_lz4;
    return decode(j->in + 12, j->out, n, j->f->itemsize, 0) < 0 ? 0 : j->f->frame_bytes;
}

/* Their filter as HDF5 calls it: it frees the buffer that it gets and gives back another. */
static size_t filter_call(job *j, size_t bytes, unsigned flags)
{
    unsigned words[6] = {0, 4, (unsigned)j->f->itemsize, 0, j->p->level >= 0 ? 3 : 2, (unsigned)j->p->level};
    size_t size = bytes;
    void *buffer = j->in;
    size_t got = j->p->filter(flags, j->p->level >= 0 ? 6 : 5, words, bytes, &size, &buffer);
    if (got) {
        j->in = NULL;
        j->out = buffer;
    }
    return got;
}

static size_t filter_encode(job *j, size_t bytes)
{
    return filter_call(j, bytes, 0);
}

static size_t filter_decode(job *j, size_t bytes)
{
    return filter_call(j, bytes, H5Z_FLAG_REVERSE);
}

/* Which bytes go in, and where what comes out is kept; sizes NULL: whole frames. */
typedef struct side {
    uint8_t *data;
    size_t step, *sizes;
} side;

/* Calls a function on every frame and keeps the least seconds that a call ever took for it. Every call finds
 * its input just copied to where it reads it, and the output of the one before where it writes. */
static void pass(const job *common, size_t (*call)(job *, size_t), const side *from, const side *to,
                 double *least)
{
    job j = *common;
    bool filter = call == filter_encode || call == filter_decode;
    uint8_t *in = get_memory(j.f->room), *out = get_memory(j.f->room);
    for (size_t i = 0; i < j.f->count; i++) {
        size_t bytes = from->sizes ? from->sizes[i] : j.f->frame_bytes;
        j.in = filter ? malloc(bytes) : in;
        j.out = out;
        if (!j.in)
            die("memory", "none left");
        memcpy(j.in, from->data + i * from->step, bytes);
        double start = now();
        size_t got = call(&j, bytes);
        double seconds = now() - start;
        if (least[i] == 0 || seconds < least[i])
            least[i] = seconds;
        if (got == 0)
            die("a coder", "refused a frame");
        memcpy(to->data + i * to->step, j.out, got);
        if (to->sizes)
            to->sizes[i] = got;
        if (filter)
            free(j.out);
    }
    free(in);
    free(out);
}

static double sum(const double *values, size_t count)
{
    double total = 0;
    for (size_t i = 0; i < count; i++)
        total += values[i];
    return total;
}

static result measure(const peer *p, const bp_codec_spec *spec, frames *f, double seconds)
{
    job j = {.p = p, .spec = spec, .ctx = bp_context_new(), .f = f};
    side raw = {f->raw, f->frame_bytes, NULL}, back = {f->back, f->frame_bytes, NULL};
    side ours = {f->ours, f->room, f->our_size}, theirs = {f->theirs, f->room, f->their_size};
    result r = {.same_bytes = true};
    double *least = calloc(7 * f->count, sizeof *least), until = seconds_of(CLOCK_MONOTONIC) + 6 * seconds;
    if (!least)
        die("memory", "none left");
    for (int turn = 0; turn < 3 || seconds_of(CLOCK_MONOTONIC) < until; turn++) {
        pass(&j, our_encode, &raw, &ours, least);
        pass(&j, coder_encode, &raw, &theirs, least + f->count);
        pass(&j, filter_encode, &raw, &theirs, least + 2 * f->count);
        pass(&j, our_decode, &ours, &back, least + 3 * f->count);
        pass(&j, coder_decode, &theirs, &back, least + 4 * f->count);
        pass(&j, filter_decode, &theirs, &back, least + 5 * f->count);
    }
    r.our_encode = sum(least, f->count);
    r.coder_encode = sum(least + f->count, f->count);
    r.filter_encode = sum(least + 2 * f->count, f->count);
    r.our_decode = sum(least + 3 * f->count, f->count);
    r.coder_decode = sum(least + 4 * f->count, f->count);
    r.filter_decode = sum(least + 5 * f->count, f->count);
    for (size_t i = 0; i < f->count; i++) {
        r.stored += (double)f->our_size[i];
        r.their_stored += (double)f->their_size[i];
        r.same_bytes = r.same_bytes && f->our_size[i] == f->their_size[i] &&
                       memcmp(f->ours + i * f->room, f->theirs + i * f->room, f->our_size[i]) == 0;
    }
    memset(f->back, 0x5a, f->count * f->frame_bytes);
    pass(&j, our_decode, &theirs, &back, least + 6 * f->count);
    free(least);
    r.same_values = memcmp(f->back, f->raw, f->count * f->frame_bytes) == 0;
    bp_context_free(j.ctx);
    return r;
}

/* Reads /entry/data/data; false when there is none, or it is smaller than least. */
static bool load(const char *path, const bp_codec_spec *spec, double least, frames *f)
{
    hsize_t shape[H5S_MAX_RANK];
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t set = file < 0 ? -1 : H5Dopen2(file, "/entry/data/data", H5P_DEFAULT);
    if (set < 0)
        return false;
    hid_t space = H5Dget_space(set), type = H5Tget_native_type(H5Dget_type(set), H5T_DIR_ASCEND);
    int rank = H5Sget_simple_extent_dims(space, shape, NULL);
    *f = (frames){.dtype = BP_OPAQUE, .itemsize = H5Tget_size(type), .count = 1};
    for (int i = 0; i < rank - 2; i++)
        f->count *= (size_t)shape[i];
    f->shape[0] = rank >= 2 ? (size_t)shape[rank - 2] : 1;
    f->shape[1] = (size_t)shape[rank - 1];
    f->frame_bytes = f->shape[0] * f->shape[1] * f->itemsize;
    bool wanted = (double)(f->count * f->frame_bytes) >= least;
    if (wanted) {
        bp_array frame = frame_at(f, NULL);
        f->room = bp_codec_worst_size(spec, &frame) + frame.itemsize * 128;
        f->raw = get_memory(f->count * f->frame_bytes);
        f->back = get_memory(f->count * f->frame_bytes);
        f->ours = get_memory(f->count * f->room);
        f->theirs = get_memory(f->count * f->room);
        f->our_size = get_memory(f->count * sizeof(size_t));
        f->their_size = get_memory(f->count * sizeof(size_t));
        if (H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, f->raw) < 0)
            die(path, "could not be read");
    }
    H5Fclose(file);
    return wanted;
}

static void unload(frames *f)
{
    free(f->raw);
    free(f->back);
    free(f->ours);
    free(f->theirs);
    free(f->our_size);
    free(f->their_size);
}

static int wanted_name(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 3 && strcmp(entry->d_name + length - 3, ".h5") == 0 &&
           !strstr(entry->d_name, "SIMULATED");
}

typedef struct means {
    double encode, decode, filter_encode, filter_decode, size; /* sums of logarithms */
    int count;
    bool agree;
} means;

static void report(const char *name, const frames *f, const result *r, bool bytes_matter, means *m)
{
    double raw = (double)(f->count * f->frame_bytes), mega = raw * 1e-6;
    printf("%-44.44s %5.1f %7.2f | %6.0f %6.0f x%4.2f (x%4.2f) | %6.0f %6.0f x%4.2f (x%4.2f) | %s %s\n", name,
           mega, raw / r->stored, mega / r->our_encode, mega / r->coder_encode,
           r->coder_encode / r->our_encode, r->filter_encode / r->our_encode, mega / r->our_decode,
           mega / r->coder_decode, r->coder_decode / r->our_decode, r->filter_decode / r->our_decode,
           r->same_bytes ? "same bytes" : "other bytes", r->same_values ? "" : "OTHER VALUES");
    fflush(stdout);
    m->encode += log(r->coder_encode / r->our_encode);
    m->decode += log(r->coder_decode / r->our_decode);
    m->filter_encode += log(r->filter_encode / r->our_encode);
    m->filter_decode += log(r->filter_decode / r->our_decode);
    m->size += log(r->stored / r->their_stored);
    m->count++;
    m->agree = m->agree && r->same_values && (r->same_bytes || !bytes_matter);
}

int main(int argc, char **argv)
{
    int level = -1, option;
    double seconds = 0.3, least = LEAST_BYTES;
    while ((option = getopt(argc, argv, "z:s:a")) != -1) {
        if (option == 'z')
            level = atoi(optarg);
        else if (option == 's')
            seconds = atof(optarg);
        else if (option == 'a')
            least = 0;
        else
            return 2;
    }
    const char *folder = getenv("BEAMPRESS_DATA");
    if (optind + 1 != argc || !folder) {
        fprintf(stderr,
                "usage: BEAMPRESS_DATA=folder bitshuffle_peer [-z LEVEL] [-s SECONDS] [-a] PLUGIN.so\n");
        return 2;
    }
    peer p = load_peer(argv[optind], level);
    bp_codec_spec spec;
    char text[64], path[4096];
    snprintf(text, sizeof text, level >= 0 ? "bszstd:level=%d" : "bslz4", level);
    if (bp_codec_spec_parse(NULL, text, -1, &spec) != BP_OK)
        die(text, "not in this build");

    struct dirent **entries;
    int count = scandir(folder, &entries, wanted_name, alphasort);
    if (count <= 0)
        die(folder, "no HDF5 files");
    printf("%s, SIMD %s, against %s\n%-44s %5s %7s | encode: ours, theirs (MB/s), gain (over their filter) | "
           "decode\n",
           text, bp_simd_level(), argv[optind], "file", "MB", "ratio");
    means m = {.agree = true};
    for (int i = 0; i < count; i++) {
        frames f;
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (load(path, &spec, least, &f)) {
            result r = measure(&p, &spec, &f, seconds);
            report(entries[i]->d_name, &f, &r, level < 0, &m);
            unload(&f);
        }
        free(entries[i]);
    }
    free(entries);
    double n = m.count ? m.count : 1;
    printf("geometric mean of %d: encode x%.3f, decode x%.3f; over their filter: encode x%.3f, decode x%.3f; "
           "size x%.4f\n",
           m.count, exp(m.encode / n), exp(m.decode / n), exp(m.filter_encode / n), exp(m.filter_decode / n),
           exp(m.size / n));
    return m.count && m.agree ? 0 : 1;
}
