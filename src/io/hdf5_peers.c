/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "beampress/chunk.h"
#include "io/hdf5_environment.h"
#include "io/hdf5_file.h"
#include "io/hdf5_peer_settings.h"
#include "io/hdf5_peers.h"

typedef const void *(*plugin_info)(void);
typedef H5PL_type_t (*plugin_type)(void);

/* One step of the pipeline: a filter and its cd_values for the chunks at hand. */
typedef struct step {
    const H5Z_class2_t *class;
    size_t word_count;
    unsigned words[64];
} step;

struct bp_peer {
    void *handle; /* NULL for filters that are built in */
    const H5Z_class2_t *class;
    char name[64];
    step steps[2];
    size_t step_count;
    bool took_any, common;
};

typedef struct files {
    void (*found)(void *user, const char *file);
    void *user;
    char **seen;
    size_t seen_count;
} files;

static bool is_plugin_name(const char *name)
{
    size_t length = strlen(name);
    const char *so = strstr(name, ".so");
    return length > 6 && strncmp(name, "lib", 3) == 0 && so && (so[3] == 0 || so[3] == '.');
}

static void tell_file(files *f, const char *folder, const char *name)
{
    char path[PATH_MAX], real[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path || !realpath(path, real))
        return;
    for (size_t i = 0; i < f->seen_count; i++)
        if (strcmp(f->seen[i], real) == 0)
            return;
    char **seen = realloc(f->seen, (f->seen_count + 1) * sizeof *seen);
    if (!seen)
        return;
    f->seen = seen;
    if ((seen[f->seen_count] = strdup(real)) != NULL)
        f->seen_count++;
    f->found(f->user, path);
}

static void tell_folder(files *f, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (is_plugin_name(entries[i]->d_name))
            tell_file(f, folder, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

void bp_peer_files(void (*found)(void *user, const char *file), void *user)
{
    files f = {found, user, NULL, 0};
    char folder[PATH_MAX];
    found(user, BP_PEER_BUILT_IN);
    found(user, BP_PEER_SZIP);
    for (unsigned i = 0; bp_h5_plugin_folder(i, folder, sizeof folder); i++)
        tell_folder(&f, folder);
    for (unsigned i = 0; bp_h5_default_plugin_folder(i, folder, sizeof folder); i++)
        tell_folder(&f, folder);
    for (size_t i = 0; i < f.seen_count; i++)
        free(f.seen[i]);
    free(f.seen);
}

/* HDF5 exports the classes of its own filters; a build that hides them has no such row. */
static const H5Z_class2_t *built_in(const char *symbol)
{
    return dlsym(RTLD_DEFAULT, symbol);
}

/* "HDF5 bitshuffle filter; see ..." as one lower-case word, for filters that are not in our list */
static void take_name(bp_peer *peer)
{
    const char *known = bp_peer_registered_name((unsigned)peer->class->id);
    snprintf(peer->name, sizeof peer->name, "%s", known ? known : "filter ");
    size_t used = strlen(peer->name);
    if (!known)
        snprintf(peer->name + used, sizeof peer->name - used, "%d", peer->class->id);
}

static bp_status load(bp_context *ctx, const char *file, bp_peer *peer)
{
    /* a copy of ISO C's missing cast from data to function pointers: POSIX says that it works */
    union {
        void *data;
        plugin_info info;
        plugin_type type;
    } symbol;
    peer->handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!peer->handle)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "%s", dlerror());
    symbol.data = dlsym(peer->handle, "H5PLget_plugin_type");
    if (!symbol.data || symbol.type() != H5PL_TYPE_FILTER)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "is no HDF5 filter plug-in");
    symbol.data = dlsym(peer->handle, "H5PLget_plugin_info");
    peer->class = symbol.data ? symbol.info() : NULL;
    if (!peer->class || peer->class->version != H5Z_CLASS_T_VERS || !peer->class->filter)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "is a plug-in of another version");
    if (H5Zregister(peer->class) < 0)
        return bp_h5_fail(ctx, BP_E_UNSUPPORTED, "HDF5 does not take it");
    return BP_OK;
}

static bp_status take_built_in(bp_context *ctx, bool szip, bp_peer *peer)
{
    peer->class = built_in(szip ? "H5Z_SZIP" : "H5Z_DEFLATE");
    if (!peer->class)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "this HDF5 has no %s that can be called",
                       szip ? "szip" : "deflate");
    return BP_OK;
}

bp_status bp_peer_open(bp_context *ctx, const char *file, bool common, bp_peer **result)
{
    *result = NULL;
    bp_peer *peer = calloc(1, sizeof *peer);
    if (!peer)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    peer->common = common;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    bool deflate = strcmp(file, BP_PEER_BUILT_IN) == 0, szip = strcmp(file, BP_PEER_SZIP) == 0;
    bp_status status = deflate || szip ? take_built_in(ctx, szip, peer) : load(ctx, file, peer);
    if (status != BP_OK) {
        bp_peer_close(peer);
        return status;
    }
    take_name(peer);
    *result = peer;
    return BP_OK;
}

void bp_peer_close(bp_peer *peer)
{
    /* the plug-in stays loaded: HDF5 knows its functions now */
    free(peer);
}

unsigned bp_peer_id(const bp_peer *peer)
{
    return (unsigned)peer->class->id;
}

const char *bp_peer_name(const bp_peer *peer)
{
    return peer->name;
}

size_t bp_peer_setting_count(const bp_peer *peer, bp_dtype dtype)
{
    size_t count = 0;
    while (bp_peer_setting_at(bp_peer_id(peer), dtype, peer->common, count))
        count++;
    return count || peer->common ? count : 1;
}

const char *bp_peer_setting_name(const bp_peer *peer, bp_dtype dtype, size_t index)
{
    const bp_peer_setting *setting = bp_peer_setting_at(bp_peer_id(peer), dtype, peer->common, index);
    return setting ? setting->name : "";
}

static hid_t native_type(bp_dtype dtype)
{
    hid_t types[BP_DTYPE_COUNT] = {
        [BP_U8] = H5T_NATIVE_UINT8,   [BP_U16] = H5T_NATIVE_UINT16, [BP_U32] = H5T_NATIVE_UINT32,
        [BP_U64] = H5T_NATIVE_UINT64, [BP_I8] = H5T_NATIVE_INT8,    [BP_I16] = H5T_NATIVE_INT16,
        [BP_I32] = H5T_NATIVE_INT32,  [BP_I64] = H5T_NATIVE_INT64,  [BP_F16] = H5T_NATIVE_FLOAT,
        [BP_F32] = H5T_NATIVE_FLOAT,  [BP_F64] = H5T_NATIVE_DOUBLE};
    hid_t type = H5Tcopy(types[dtype]);
    if (type >= 0 && dtype == BP_F16) {
        H5Tset_fields(type, 15, 10, 5, 0, 10);
        H5Tset_size(type, 2);
        H5Tset_ebias(type, 15);
    }
    return type;
}

/* What HDF5 does when a dataset is created: asks whether the filter can, then lets it complete its cd_values.
 */
static bp_status prepare_step(bp_context *ctx, step *s, const H5Z_class2_t *class, size_t word_count,
                              const unsigned *words, hid_t dcpl, hid_t type, hid_t space)
{
    unsigned flags, config;
    s->class = class;
    if (H5Pset_filter(dcpl, class->id, H5Z_FLAG_OPTIONAL, word_count, words) < 0)
        return bp_h5_fail(ctx, BP_E_UNSUPPORTED, "the filter is refused");
    if (class->can_apply && class->can_apply(dcpl, type, space) <= 0)
        return bp_h5_fail(ctx, BP_E_UNSUPPORTED, "it does not take this type and shape");
    if (class->set_local && class->set_local(dcpl, type, space) < 0)
        return bp_h5_fail(ctx, BP_E_UNSUPPORTED, "it does not take these parameters for this type and shape");
    s->word_count = sizeof s->words / sizeof s->words[0];
    if (H5Pget_filter_by_id2(dcpl, class->id, &flags, &s->word_count, s->words, 0, NULL, &config) < 0)
        return bp_h5_fail(ctx, BP_E_UNSUPPORTED, "its parameters are lost");
    if (s->word_count > sizeof s->words / sizeof s->words[0])
        return bp_fail(ctx, BP_E_UNSUPPORTED, "it has %zu parameters", s->word_count);
    return BP_OK;
}

bp_status bp_peer_prepare(bp_context *ctx, bp_peer *peer, size_t index, const bp_array *chunk)
{
    const bp_peer_setting *setting = bp_peer_setting_at(bp_peer_id(peer), chunk->dtype, peer->common, index);
    hsize_t dims[BP_MAX_RANK];
    for (size_t i = 0; i < chunk->rank; i++)
        dims[i] = chunk->shape[i];
    hid_t dcpl = H5Pcreate(H5P_DATASET_CREATE), type = native_type(chunk->dtype);
    hid_t space = H5Screate_simple((int)chunk->rank, dims, NULL);
    bp_status status = BP_OK;
    peer->step_count = 0;
    peer->took_any = false;
    if (dcpl < 0 || type < 0 || space < 0 || H5Pset_chunk(dcpl, (int)chunk->rank, dims) < 0)
        status = bp_h5_fail(ctx, BP_E_UNSUPPORTED, "HDF5 refuses such chunks");
    if (status == BP_OK && setting && setting->shuffle) {
        const H5Z_class2_t *shuffle = built_in("H5Z_SHUFFLE");
        status =
            shuffle ? prepare_step(ctx, &peer->steps[peer->step_count++], shuffle, 0, NULL, dcpl, type, space)
                    : bp_fail(ctx, BP_E_UNSUPPORTED, "this HDF5 has no shuffle that can be called");
    }
    if (status == BP_OK)
        status = prepare_step(ctx, &peer->steps[peer->step_count++], peer->class,
                              setting ? setting->word_count : 0, setting ? setting->words : NULL, dcpl, type,
                              space);
    bp_h5_release(&space);
    bp_h5_release(&type);
    bp_h5_release(&dcpl);
    return status;
}

size_t bp_peer_worst_size(const bp_array *chunk)
{
    size_t bytes = bp_array_bytes(chunk);
    return bytes + bytes / 4 + 65536; /* what grows by more is a failure */
}

/* Processor time of the process, which counts the threads of a plug-in as well. */
static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Calls one filter on a buffer from malloc, which it may replace. false: it gave up, the buffer is as it was.
 */
static bool call(const step *s, unsigned flags, size_t *size, size_t *room, void **buffer, double *seconds)
{
    double start = seconds_now();
    size_t result = s->class->filter(flags, s->word_count, s->words, *size, room, buffer);
    *seconds += seconds_now() - start;
    if (result == 0)
        return false;
    *size = result; /* some filters do not keep *room up to date, and HDF5 before 2.2 does not mind */
    return true;
}

bp_status bp_peer_encode(bp_context *ctx, bp_peer *peer, const bp_array *chunk, uint8_t *out, size_t capacity,
                         size_t *size, double *seconds)
{
    size_t bytes = bp_array_bytes(chunk), room = bytes;
    unsigned skipped = 0;
    *seconds = 0;
    void *buffer = malloc(bytes ? bytes : 1);
    if (!buffer)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", bytes);
    memcpy(buffer, chunk->data, bytes);
    for (size_t i = 0; i < peer->step_count; i++) {
        if (!call(&peer->steps[i], 0, &bytes, &room, &buffer, seconds))
            skipped |= 1u << i;
        else
            peer->took_any |= i + 1 == peer->step_count;
    }
    bp_status status = BP_OK;
    if (!buffer || bytes >= capacity) {
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "it makes %zu bytes of %zu", bytes, bp_array_bytes(chunk));
    } else {
        memcpy(out, buffer, bytes);
        out[bytes] = (uint8_t)skipped;
        *size = bytes;
    }
    free(buffer);
    return status;
}

bp_status bp_peer_decode(bp_context *ctx, bp_peer *peer, const uint8_t *in, size_t size,
                         const bp_array *chunk, double *seconds)
{
    size_t room = size, bytes = bp_array_bytes(chunk);
    unsigned skipped = in[size];
    *seconds = 0;
    void *buffer = malloc(size ? size : 1);
    if (!buffer)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", size);
    memcpy(buffer, in, size);
    bp_status status = BP_OK;
    for (size_t i = peer->step_count; i-- > 0 && status == BP_OK;)
        if (!(skipped & 1u << i) && !call(&peer->steps[i], H5Z_FLAG_REVERSE, &size, &room, &buffer, seconds))
            status = bp_fail(ctx, BP_E_DAMAGED, "it does not decode what it encoded");
    if (status == BP_OK && size < bytes)
        status = bp_fail(ctx, BP_E_DAMAGED, "it gives %zu of %zu bytes back", size, bytes);
    if (status == BP_OK)
        memcpy(chunk->data, buffer, bytes);
    free(buffer);
    return status;
}

bool bp_peer_took_any(const bp_peer *peer)
{
    return peer->took_any;
}
