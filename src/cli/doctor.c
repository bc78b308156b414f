/* SPDX-License-Identifier: BSD-3-Clause
 * beampress doctor: what works on this machine, and what to do about the rest. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "beampress/chunk.h"
#include "cli/doctor.h"
#include "io/hdf5_environment.h"
#include "report/json.h"

void bp_doctor_say(bp_doctor *doctor, const char *check, bp_finding finding, const char *text,
                   const char *advice)
{
    static const char *const words[] = {"ok", "note", "todo"};
    json_t *row = json_object();
    bp_json_set_text(row, "check", check);
    bp_json_set_text(row, "state", words[finding]);
    bp_json_set_text(row, "text", text);
    bp_json_set_text(row, "advice", advice);
    bp_json_append(doctor->cli->result, "checks", row);
    doctor->todo |= finding == BP_FINDING_TODO;
    if (doctor->cli->json || (doctor->cli->quiet && finding != BP_FINDING_TODO))
        return;
    printf("[%-4s] %s: %s\n", words[finding], check, text);
    if (advice)
        printf("       %s\n", advice);
}

static void check_codecs(bp_doctor *doctor)
{
    char built[512] = "", left_out[512] = "";
    const bp_codec *codec;
    bp_json_set(doctor->cli->result, "codecs", json_array());
    bp_json_set(doctor->cli->result, "left_out", json_array());
    for (size_t i = 0, used = 0; (codec = bp_codec_at(i)) != NULL && used < sizeof built; i++) {
        bp_json_append(doctor->cli->result, "codecs", bp_json_text(codec->name));
        used += (size_t)snprintf(built + used, sizeof built - used, "%s%s", i ? " " : "", codec->name);
    }
    size_t used = 0;
    for (unsigned number = 0; number <= UINT16_MAX && used < sizeof left_out; number++) {
        const char *name = bp_codec_reserved_name((uint16_t)number);
        if (!name || bp_codec_by_number((uint16_t)number))
            continue;
        bp_json_append(doctor->cli->result, "left_out", bp_json_text(name));
        used += (size_t)snprintf(left_out + used, sizeof left_out - used, " %s", name);
    }
    bp_doctor_say(doctor, "codecs", BP_FINDING_OK, built, NULL);
    if (*left_out)
        bp_doctor_say(doctor, "codecs left out", BP_FINDING_NOTE, left_out + 1,
                      "install their libraries and build again if you need them");
}

/* Where our plug-in stands as seen from this program: in a build, or in what was installed. */
static bool find_plugin(char *folder, size_t size)
{
    char self[PATH_MAX], path[PATH_MAX + 64];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length > 0) {
        self[length] = 0;
        *strrchr(self, '/') = 0;
        snprintf(path, sizeof path, "%s/plugins", self);
        if (access(path, R_OK | X_OK) == 0)
            return (size_t)snprintf(folder, size, "%s", path) < size;
    }
    for (unsigned i = 0; bp_h5_default_plugin_folder(i, folder, size); i++) {
        snprintf(path, sizeof path, "%s/libh5beampress.so", folder);
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

static void advise_path(const bp_doctor *doctor, char *advice, size_t size)
{
    char folder[PATH_MAX], standard[PATH_MAX] = "";
    (void)doctor;
    (void)bp_h5_default_plugin_folder(0, standard, sizeof standard);
    if (find_plugin(folder, sizeof folder))
        snprintf(advice, size, "export HDF5_PLUGIN_PATH=%s:%s", folder, standard);
    else
        snprintf(advice, size,
                 "install the plug-ins (`make install`), or name their folder in HDF5_PLUGIN_PATH "
                 "together with %s",
                 standard);
}

static void check_hdf5(bp_doctor *doctor)
{
    char version[64], text[PATH_MAX + 128], advice[2 * PATH_MAX + 128];
    json_t *hdf5 = json_object();
    bool found = bp_h5_has_filter(BP_HDF5_FILTER_ID);
    bp_h5_version(version, sizeof version);
    bp_json_set_text(hdf5, "version", version);
    bp_json_set_bool(hdf5, "threadsafe", bp_h5_is_threadsafe());
    bp_json_set_bool(hdf5, "plugin_found", found);
    bp_json_set(hdf5, "plugin_folders", json_array());
    for (unsigned i = 0; bp_h5_plugin_folder(i, text, PATH_MAX); i++)
        bp_json_append(hdf5, "plugin_folders", bp_json_text(text));
    bp_json_set(doctor->cli->result, "hdf5", hdf5);
    advise_path(doctor, advice, sizeof advice);
    snprintf(text, sizeof text, "HDF5 %s %s the beampress plug-in (filter %d)", version,
             found ? "finds" : "does not find", BP_HDF5_FILTER_ID);
    bp_doctor_say(doctor, "HDF5", found ? BP_FINDING_OK : BP_FINDING_TODO, text, found ? NULL : advice);
}

/* HDF5_PLUGIN_PATH replaces the built-in folder. */
static void check_plugin_path(bp_doctor *doctor)
{
    const char *path = getenv("HDF5_PLUGIN_PATH"), *preload = getenv("HDF5_PLUGIN_PRELOAD");
    char standard[PATH_MAX], folder[PATH_MAX], real[PATH_MAX], real_standard[PATH_MAX], text[2 * PATH_MAX];
    if (preload && strcmp(preload, "::") == 0)
        bp_doctor_say(doctor, "HDF5_PLUGIN_PRELOAD", BP_FINDING_TODO,
                      "is ::, which switches all plug-ins off", "unset HDF5_PLUGIN_PRELOAD");
    if (!path)
        return;
    bool has_standard =
        !bp_h5_default_plugin_folder(0, standard, sizeof standard) || !realpath(standard, real_standard);
    for (unsigned i = 0; bp_h5_plugin_folder(i, folder, sizeof folder); i++) {
        if (!realpath(folder, real)) {
            snprintf(text, sizeof text, "names %s, which is not there", folder);
            bp_doctor_say(doctor, "HDF5_PLUGIN_PATH", BP_FINDING_NOTE, text, NULL);
        } else if (!has_standard) {
            has_standard = strcmp(real, real_standard) == 0;
        }
    }
    snprintf(text, sizeof text, "it replaces HDF5's own folder %s, whose plug-ins are not found now",
             standard);
    if (!has_standard)
        bp_doctor_say(doctor, "HDF5_PLUGIN_PATH", BP_FINDING_NOTE, text,
                      "add that folder to it, behind a colon");
    else
        bp_doctor_say(doctor, "HDF5_PLUGIN_PATH", BP_FINDING_OK, path, NULL);
}

/* Debian 12's bitshuffle has no zstd in it and does not say so. */
static void check_bitshuffle(bp_doctor *doctor)
{
    char folder[PATH_MAX], path[PATH_MAX + 32];
    bool found = false;
    for (unsigned i = 0; !found && bp_h5_plugin_folder(i, folder, sizeof folder); i++) {
        snprintf(path, sizeof path, "%s/libh5bshuf.so", folder);
        found = access(path, R_OK) == 0;
    }
    if (found)
        bp_doctor_say(
            doctor, "bitshuffle", BP_FINDING_NOTE,
            "a packaged bitshuffle plug-in is there; Debian 12's cannot read bszstd chunks (bitshuffle "
            "with zstd): h5py crashes and h5dump prints garbage on them",
            "read such files with hdf5plugin, or write them with --codec bslz4 or --own");
}

static void check_locking(bp_doctor *doctor)
{
    const char *setting = getenv("HDF5_USE_FILE_LOCKING");
    int folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool works = folder < 0 || flock(folder, LOCK_SH | LOCK_NB) == 0 || errno == EWOULDBLOCK;
    if (folder >= 0)
        close(folder);
    if (!works)
        bp_doctor_say(
            doctor, "file locking", BP_FINDING_NOTE,
            "the file system of this folder has no locks; beampress reads and writes there, other HDF5 "
            "programs may refuse",
            "export HDF5_USE_FILE_LOCKING=FALSE for them");
    else
        bp_doctor_say(doctor, "file locking", BP_FINDING_OK,
                      setting ? "works in this folder; HDF5_USE_FILE_LOCKING is set" : "works in this folder",
                      NULL);
}

bp_status bp_cli_doctor(bp_cli *cli)
{
    bp_doctor doctor = {cli, false};
    char text[256];
    bp_json_set_text(cli->result, "version", bp_version());
    bp_json_set_text(cli->result, "simd", bp_simd_level());
    bp_json_set(cli->result, "libraries", bp_cli_versions());
    bp_json_set(cli->result, "checks", json_array());
    snprintf(text, sizeof text, "version %s, SIMD level %s", bp_version(), bp_simd_level());
    bp_doctor_say(&doctor, "beampress", BP_FINDING_OK, text, NULL);
    check_codecs(&doctor);
    check_hdf5(&doctor);
    check_plugin_path(&doctor);
    bp_doctor_check_python(&doctor);
    check_bitshuffle(&doctor);
    check_locking(&doctor);
    bp_json_set_bool(cli->result, "healthy", !doctor.todo);
    return doctor.todo ? BP_E_DIFFERS : BP_OK;
}
