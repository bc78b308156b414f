/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "io/output.h"

/* .NAME.beampress-HOST-PID-RANDOM.tmp beside the output; hidden, so that patterns do not match it */
#define TEMPORARY_INFIX  ".beampress-"
#define TEMPORARY_SUFFIX ".tmp"

#define LAST_NAME_BYTES 255 /* of one path component, on every file system that matters */

/* The lock stands on a byte far behind the data, so that it meets no lock of HDF5's. */
#define LOCK_AT ((off_t)1 << 62)

static bp_status fail_errno(bp_context *ctx, const char *path, const char *what)
{
    return bp_fail(ctx, BP_E_OUTPUT, "%s: %s: %s", path, what, strerror(errno));
}

/* Splits a path into its folder (to be freed) and its last name. NULL when there is no memory. */
static char *folder_of(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static int lock_file(int fd, bool wait)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_AT, .l_len = 1};
    int result;
    do
        result = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
    while (result != 0 && errno == EINTR && wait);
    return result;
}

/* Where both kinds of lock are one (NFS), ours would keep HDF5 from opening the file: HDF5's own stands in.
 */
static void unlock_where_locks_are_one(const char *path, int fd)
{
    int other = open(path, O_RDWR | O_CLOEXEC);
    if (other < 0)
        return;
    if (flock(other, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = LOCK_AT, .l_len = 1};
        fcntl(fd, F_OFD_SETLK, &lock);
    }
    close(other);
}

/* Removes a temporary whose writer is gone: whose locks of both kinds can be had. */
static void remove_if_dead(bp_context *ctx, int folder, const char *name)
{
    int fd = openat(folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return;
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && lock_file(fd, false) == 0 &&
        flock(fd, LOCK_EX | LOCK_NB) == 0 && unlinkat(folder, name, 0) == 0)
        bp_log(ctx, BP_LOG_INFO, "removed %s, which a run that was killed left behind", name);
    close(fd);
}

static bool is_temporary_of(const char *entry, const char *prefix)
{
    size_t length = strlen(entry), start = strlen(prefix), end = strlen(TEMPORARY_SUFFIX);
    return length > start + end && strncmp(entry, prefix, start) == 0 &&
           strcmp(entry + length - end, TEMPORARY_SUFFIX) == 0;
}

static void remove_dead_temporaries(bp_context *ctx, const char *folder, const char *prefix)
{
    DIR *entries = opendir(folder);
    if (!entries)
        return;
    for (struct dirent *e; (e = readdir(entries));)
        if (is_temporary_of(e->d_name, prefix))
            remove_if_dead(ctx, dirfd(entries), e->d_name);
    closedir(entries);
}

/* Part of the name of the temporaries of one output. Long names are cut; the whole name then decides no more,
 * but the lock still does. */
static void print_prefix(const char *name, char *prefix, size_t size)
{
    int most = LAST_NAME_BYTES - 100; /* for host, pid and random part */
    snprintf(prefix, size, ".%.*s%s", most, name, TEMPORARY_INFIX);
}

static void print_unique(char *text, size_t size)
{
    char host[33] = "";
    uint64_t number = 0;
    gethostname(host, sizeof host - 1);
    for (char *p = host; *p; p++)
        if (*p == '/' || *p == '-')
            *p = '_';
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        number = (uint64_t)(uintptr_t)text;
    snprintf(text, size, "%s-%ld-%016llx", host[0] ? host : "host", (long)getpid(),
             (unsigned long long)number);
}

/* A later run may take the fresh file for a dead one before it is locked: then it has no name any more. */
static bp_status create_locked(bp_context *ctx, bp_output *output)
{
    struct stat st;
    for (int attempt = 0; attempt < 100; attempt++) {
        output->fd = open(output->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (output->fd < 0)
            return fail_errno(ctx, output->path, "cannot be created");
        int locked = lock_file(output->fd, true);
        if (fstat(output->fd, &st) == 0 && st.st_nlink > 0) {
            if (locked == 0)
                unlock_where_locks_are_one(output->temporary, output->fd);
            return BP_OK;
        }
        close(output->fd);
        output->fd = -1;
    }
    return bp_fail(ctx, BP_E_OUTPUT, "%s: its temporary file disappears", output->path);
}

static bp_status make_temporary(bp_context *ctx, bp_output *output)
{
    char prefix[LAST_NAME_BYTES + 1], unique[96];
    const char *name;
    char *folder = folder_of(output->path, &name);
    if (!folder)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a name");
    print_prefix(name, prefix, sizeof prefix);
    print_unique(unique, sizeof unique);
    remove_dead_temporaries(ctx, folder, prefix);
    int length = asprintf(&output->temporary, "%s/%s%s%s", folder, prefix, unique, TEMPORARY_SUFFIX);
    free(folder);
    if (length < 0) {
        output->temporary = NULL;
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a name");
    }
    bp_status status = create_locked(ctx, output);
    if (status != BP_OK) {
        free(output->temporary);
        output->temporary = NULL;
    }
    return status;
}

static bp_status check_output(bp_context *ctx, const char *path, bool overwrite, const struct stat *input)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        if (errno != ENOENT)
            return fail_errno(ctx, path, "cannot be looked at");
        return BP_OK;
    }
    if (input && st.st_dev == input->st_dev && st.st_ino == input->st_ino)
        return bp_fail(ctx, BP_E_USAGE, "%s: output and input are the same file (see --replace)", path);
    if (S_ISDIR(st.st_mode))
        return bp_fail(ctx, BP_E_OUTPUT, "%s: is a folder", path);
    if (!S_ISREG(st.st_mode))
        return bp_fail(ctx, BP_E_OUTPUT, "%s: exists and is no regular file", path);
    if (!overwrite)
        return bp_fail(ctx, BP_E_OUTPUT, "%s: exists (see --overwrite)", path);
    return BP_OK;
}

bp_status bp_output_begin(bp_context *ctx, const char *input, const char *path, bool overwrite, bool replace,
                          bp_output *output)
{
    memset(output, 0, sizeof *output);
    output->fd = -1;
    output->overwrite = overwrite;
    output->replace = replace;
    if (input && stat(input, &output->input) != 0)
        return bp_fail(ctx, BP_E_INPUT, "%s: %s", input, strerror(errno));
    if (!replace) {
        bp_status status = check_output(ctx, path, overwrite, input ? &output->input : NULL);
        if (status != BP_OK)
            return status;
    }
    if (replace && output->input.st_nlink > 1)
        bp_log(ctx, BP_LOG_WARNING, "%s: has %lu names; the others keep the file as it is", path,
               (unsigned long)output->input.st_nlink);
    /* a link keeps pointing to what it points to */
    output->path = replace ? realpath(input, NULL) : strdup(path);
    if (!output->path)
        return fail_errno(ctx, path, "cannot be resolved");
    return make_temporary(ctx, output);
}

/* Extended attributes (access control lists are among them) as far as the file system takes them. */
static void copy_extended(int from, int to)
{
    char names[4096], value[4096];
    ssize_t length = flistxattr(from, names, sizeof names);
    for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
        ssize_t size = fgetxattr(from, names + at, value, sizeof value);
        if (size >= 0 && fsetxattr(to, names + at, value, (size_t)size, 0) != 0)
            continue;
    }
}

/* The file that takes the place of the input belongs to whom the input belonged. */
static bp_status keep_mode_and_owner(bp_context *ctx, const bp_output *output)
{
    const struct stat *st = &output->input;
    if (fchown(output->fd, st->st_uid, st->st_gid) != 0 && fchown(output->fd, (uid_t)-1, st->st_gid) != 0)
        bp_log(ctx, BP_LOG_WARNING, "%s: its owner could not be kept: %s", output->path, strerror(errno));
    int from = open(output->path, O_RDONLY | O_CLOEXEC);
    if (from >= 0) {
        copy_extended(from, output->fd);
        close(from);
    }
    if (fchmod(output->fd, st->st_mode & 07777) != 0)
        return fail_errno(ctx, output->path, "its mode cannot be kept");
    return BP_OK;
}

static bp_status sync_folder(bp_context *ctx, const char *path)
{
    const char *name;
    char *folder = folder_of(path, &name);
    if (!folder)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a name");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    /* a folder that may be written but not read cannot be synced */
    if (fd < 0)
        return BP_OK;
    int failed = fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP;
    int number = errno;
    close(fd);
    errno = number;
    return failed ? fail_errno(ctx, path, "its folder cannot be synced") : BP_OK;
}

/* An output that somebody else made in the meantime is not overwritten unless that was allowed. */
static int give_name(const bp_output *output)
{
    if (!output->overwrite && !output->replace) {
        if (renameat2(AT_FDCWD, output->temporary, AT_FDCWD, output->path, RENAME_NOREPLACE) == 0)
            return 0;
        if (errno != EINVAL && errno != ENOSYS)
            return -1;
    }
    return rename(output->temporary, output->path);
}

bp_status bp_output_commit(bp_context *ctx, bp_output *output)
{
    bp_status status = output->replace ? keep_mode_and_owner(ctx, output) : BP_OK;
    if (status == BP_OK && fsync(output->fd) != 0)
        status = fail_errno(ctx, output->path, "cannot be synced");
    if (status == BP_OK)
        status = sync_folder(ctx, output->path);
    if (status == BP_OK && give_name(output) != 0)
        status = fail_errno(ctx, output->path, "cannot be given its name");
    if (status != BP_OK)
        return status;
    free(output->temporary);
    output->temporary = NULL;
    return sync_folder(ctx, output->path);
}

void bp_output_end(bp_output *output)
{
    if (output->temporary)
        unlink(output->temporary);
    if (output->fd >= 0)
        close(output->fd);
    free(output->temporary);
    free(output->path);
    *output = (bp_output){.fd = -1};
}

bp_status bp_file_stamp_take(bp_context *ctx, const char *path, bp_file_stamp *stamp)
{
    if (stat(path, &stamp->st) != 0)
        return bp_fail(ctx, BP_E_INPUT, "%s: %s", path, strerror(errno));
    return BP_OK;
}

bp_status bp_file_stamp_check(bp_context *ctx, const char *path, const bp_file_stamp *stamp)
{
    bp_file_stamp now;
    bp_status status = bp_file_stamp_take(ctx, path, &now);
    if (status != BP_OK)
        return status;
    const struct stat *a = &stamp->st, *b = &now.st;
    if (a->st_dev != b->st_dev || a->st_ino != b->st_ino || a->st_size != b->st_size ||
        a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec)
        return bp_fail(ctx, BP_E_INPUT, "%s: the file changed while it was read", path);
    return BP_OK;
}
