/* SPDX-License-Identifier: BSD-3-Clause */
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <string.h>

#include "hdf5_calls.h"

/* The object file in memory that an address lies in. */
typedef struct object {
    uintptr_t address;
    const char *name; /* "" for the program itself; NULL while not found */
} object;

static int match_object(struct dl_phdr_info *info, size_t size, void *user)
{
    object *wanted = user;
    (void)size;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        if (info->dlpi_phdr[i].p_type == PT_LOAD && wanted->address >= start &&
            wanted->address - start < info->dlpi_phdr[i].p_memsz) {
            wanted->name = info->dlpi_name ? info->dlpi_name : "";
            return 1;
        }
    }
    return 0;
}

/* A handle of the object, which stays loaded: our caller runs in it. How its file is called does not matter
 * (wheels rename it), and neither do other HDF5 libraries in the process. */
static void *open_object(const void *caller)
{
    object wanted = {(uintptr_t)caller, NULL};
    dl_iterate_phdr(match_object, &wanted);
    if (!wanted.name)
        return NULL;
    return wanted.name[0] ? dlopen(wanted.name, RTLD_LAZY | RTLD_NOLOAD) : dlopen(NULL, RTLD_LAZY);
}

/* A name in the object that `caller` lies in itself: dlsym also looks into what the object depends on. */
static void *find_in(void *handle, const void *caller, const char *name)
{
    Dl_info ours, found;
    void *symbol = dlsym(handle, name);
    if (!symbol || !dladdr(caller, &ours) || !dladdr(symbol, &found) || ours.dli_fbase != found.dli_fbase)
        return NULL;
    return symbol;
}

bool hdf5_calls_find(const void *caller, hdf5_calls *calls)
{
    memset(calls, 0, sizeof *calls);
    void *handle = open_object(caller);
    if (!handle)
        return false;
    bool all = true;
    void *symbol;
    /* POSIX lets the address of a function travel in a void pointer, ISO C does not: hence memcpy */
#define BP_FIND(name, result, arguments)                                                                     \
    symbol = find_in(handle, caller, #name);                                                                 \
    memcpy(&calls->get_##name, &symbol, sizeof symbol);
#define BP_NEED(name, result, arguments)                                                                     \
    BP_FIND(name, result, arguments)                                                                         \
    all = all && symbol;
    BP_HDF5_CALLS(BP_NEED)
    BP_HDF5_OPTIONAL_CALLS(BP_FIND)
#undef BP_NEED
#undef BP_FIND
    dlclose(handle);
    return all;
}

typedef herr_t (*push_function)(hid_t, const char *, const char *, unsigned, hid_t, hid_t, hid_t,
                                const char *, ...);

void hdf5_complain(const void *caller, const char *function, const char *message)
{
    void *handle = open_object(caller);
    if (!handle)
        return;
    /* the ids of error classes are variables of the library */
    void *symbol = find_in(handle, caller, "H5Epush2");
    const hid_t *class_id = find_in(handle, caller, "H5E_ERR_CLS_g");
    const hid_t *major_id = find_in(handle, caller, "H5E_PLINE_g");
    const hid_t *minor_id = find_in(handle, caller, "H5E_CANTFILTER_g");
    if (symbol && class_id && major_id && minor_id) {
        push_function push;
        memcpy(&push, &symbol, sizeof symbol);
        push(H5E_DEFAULT, "beampress", function, 0, *class_id, *major_id, *minor_id, "%s", message);
    }
    dlclose(handle);
}
