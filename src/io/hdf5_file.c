/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/hdf5_file.h"

/* H5Pset_file_locking came with 1.10.7 and 1.12.1. */
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 11, 0))
#define CAN_SWITCH_LOCKING 1
#else
#define CAN_SWITCH_LOCKING 0
#endif

void bp_h5_quiet_begin(bp_h5_quiet *quiet)
{
    quiet->function = NULL;
    quiet->data = NULL;
    H5Eget_auto2(H5E_DEFAULT, &quiet->function, &quiet->data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

void bp_h5_quiet_end(const bp_h5_quiet *quiet)
{
    H5Eset_auto2(H5E_DEFAULT, quiet->function, quiet->data);
}

typedef struct reason {
    char text[256]; /* the innermost description that is not empty */
    char all[2048]; /* every description, for a search */
} reason;

static herr_t note_reason(unsigned n, const H5E_error2_t *error, void *user)
{
    reason *r = user;
    (void)n;
    if (error->desc && *error->desc) {
        /* failures of the system: "file write failed: time = ..., error message = 'No space left ...', ..."
         */
        static const char said[] = "error message = '";
        const char *message = strstr(error->desc, said);
        if (message) {
            message += sizeof said - 1;
            snprintf(r->text, sizeof r->text, "%.*s", (int)strcspn(message, "'"), message);
        } else
            snprintf(r->text, sizeof r->text, "%s", error->desc);
        size_t used = strlen(r->all);
        snprintf(r->all + used, sizeof r->all - used, "%s\n", error->desc);
    }
    return 0;
}

static void take_reason(reason *r)
{
    r->text[0] = r->all[0] = 0;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, note_reason, r);
    H5Eclear2(H5E_DEFAULT);
}

bp_status bp_h5_fail(bp_context *ctx, bp_status status, const char *format, ...)
{
    char text[512];
    reason r;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    take_reason(&r);
    return r.text[0] ? bp_fail(ctx, status, "%s: %s", text, r.text) : bp_fail(ctx, status, "%s", text);
}

void bp_h5_release(hid_t *id)
{
    if (*id >= 0 && H5Iis_valid(*id) > 0)
        H5Idec_ref(*id);
    *id = H5I_INVALID_HID;
}

/* What the file system says of the file, before HDF5 is asked. */
static bp_status check_plain_file(bp_context *ctx, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return bp_fail(ctx, BP_E_INPUT, "%s: %s", path, strerror(errno));
    int failed = fstat(fd, &st);
    close(fd);
    if (failed)
        return bp_fail(ctx, BP_E_INPUT, "%s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return bp_fail(ctx, BP_E_INPUT, "%s: is a folder", path);
    if (!S_ISREG(st.st_mode))
        return bp_fail(ctx, BP_E_INPUT, "%s: is no regular file", path);
    if (st.st_size == 0)
        return bp_fail(ctx, BP_E_INPUT, "%s: the file is empty (0 bytes)", path);
    return BP_OK;
}

/* *r gets HDF5's reasons for a failure: the next HDF5 call would empty its stack. */
static hid_t try_open(const char *path, unsigned flags, bool locking, reason *r)
{
    r->text[0] = r->all[0] = 0;
    hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
    if (fapl < 0)
        return H5I_INVALID_HID;
    H5Pset_fclose_degree(fapl, H5F_CLOSE_STRONG);
#if CAN_SWITCH_LOCKING
    if (!locking)
        H5Pset_file_locking(fapl, 0, 1);
#else
    (void)locking;
#endif
    hid_t file = H5Fopen(path, flags, fapl);
    if (file < 0)
        take_reason(r);
    H5Pclose(fapl);
    return file;
}

/* HDF5 1.10 says "unable to lock file, errno = 11, ..."; the number decides whether somebody holds the lock
 * or the file system has none. */
static int lock_errno(const reason *r)
{
    const char *lock = strstr(r->all, "unable to lock file, errno = ");
    int number = 0;
    if (lock && sscanf(lock, "unable to lock file, errno = %d", &number) == 1)
        return number;
    return lock ? EAGAIN : 0;
}

static bp_status explain(bp_context *ctx, const char *path, const reason *r)
{
    if (strstr(r->all, "truncated file"))
        return bp_fail(ctx, BP_E_DAMAGED, "%s: the file is truncated (%s)", path, r->text);
    if (strstr(r->all, "file signature not found"))
        return bp_fail(ctx, BP_E_INPUT, "%s: is not an HDF5 file", path);
    return bp_fail(ctx, BP_E_DAMAGED, "%s: HDF5 cannot open it: %s", path,
                   r->text[0] ? r->text : "no reason given");
}

/* Somebody writes to the file, or did and never closed it. */
static bp_status open_as_swmr(bp_context *ctx, const char *path, bool locking, hid_t *file)
{
    reason r;
    *file = try_open(path, H5F_ACC_RDONLY | H5F_ACC_SWMR_READ, locking, &r);
    if (*file >= 0) {
        bp_log(ctx, BP_LOG_WARNING,
               "%s: is open for writing, or was left open by its writer: what it holds now is read", path);
        return BP_OK;
    }
    return bp_fail(ctx, BP_E_INPUT,
                   "%s: is being written by another program, or was left open by its writer. When nobody "
                   "writes to it any more, `h5clear -s` on a copy of it may help (HDF5: %s)",
                   path, r.text[0] ? r.text : "no reason given");
}

static bp_status open_quietly(bp_context *ctx, const char *path, hid_t *file)
{
    reason r;
    bool locking = true;
    *file = try_open(path, H5F_ACC_RDONLY, true, &r);
    if (*file >= 0)
        return BP_OK;
    int number = lock_errno(&r);
    if (number != 0 && number != EAGAIN && number != EACCES) {
        locking = false;
        *file = try_open(path, H5F_ACC_RDONLY, false, &r);
        if (*file >= 0) {
            bp_log(ctx, BP_LOG_INFO, "%s: the file system does not lock files; opened without a lock", path);
            return BP_OK;
        }
    }
    if (number == EAGAIN || number == EACCES || strstr(r.all, "already open for write") ||
        strstr(r.all, "already open for SWMR"))
        return open_as_swmr(ctx, path, locking, file);
    return explain(ctx, path, &r);
}

bp_status bp_h5_open(bp_context *ctx, const char *path, hid_t *file)
{
    *file = H5I_INVALID_HID;
    bp_status status = check_plain_file(ctx, path);
    if (status != BP_OK)
        return status;
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    status = open_quietly(ctx, path, file);
    bp_h5_quiet_end(&quiet);
    return status;
}
