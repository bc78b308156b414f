/* SPDX-License-Identifier: BSD-3-Clause
 * The Python side of doctor: h5py has its own HDF5, and its own idea of where plug-ins are. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beampress/chunk.h"
#include "cli/child.h"
#include "cli/doctor.h"
#include "report/json.h"

#define PATIENCE    60 /* seconds; the first import from a network share takes its time */
#define MAX_PYTHONS 16

/* Prints five lines: Python, h5py ("-" without), its HDF5, does it find our filter, hdf5plugin. The HDF5 of a
 * wheel is asked first, as it finds plug-ins by itself; hdf5plugin only adds its own. */
static const char script[] = "import sys\n"
                             "print(sys.version.split()[0])\n"
                             "try:\n"
                             "    import h5py\n"
                             "    print(h5py.__version__)\n"
                             "    print(h5py.version.hdf5_version)\n"
                             "    print(int(bool(h5py.h5z.filter_avail(int(sys.argv[1])))))\n"
                             "except ImportError:\n"
                             "    print('-\\n-\\n0')\n"
                             "try:\n"
                             "    import importlib.metadata as m\n"
                             "    print(m.version('hdf5plugin'))\n"
                             "except Exception:\n"
                             "    print('-')\n";

enum { LINE_PYTHON, LINE_H5PY, LINE_HDF5, LINE_FOUND, LINE_HDF5PLUGIN, LINE_COUNT };

static void report(bp_doctor *doctor, const char *path, char *lines[LINE_COUNT])
{
    char text[PATH_MAX + 512];
    bool has_h5py = strcmp(lines[LINE_H5PY], "-") != 0, found = strcmp(lines[LINE_FOUND], "1") == 0;
    json_t *row = json_object();
    bp_json_set_text(row, "path", path);
    bp_json_set_text(row, "version", lines[LINE_PYTHON]);
    bp_json_set_text(row, "h5py", has_h5py ? lines[LINE_H5PY] : NULL);
    bp_json_set_text(row, "hdf5", has_h5py ? lines[LINE_HDF5] : NULL);
    bp_json_set_bool(row, "plugin_found", found);
    bp_json_set_text(row, "hdf5plugin",
                     strcmp(lines[LINE_HDF5PLUGIN], "-") != 0 ? lines[LINE_HDF5PLUGIN] : NULL);
    bp_json_append(doctor->cli->result, "python", row);
    if (!has_h5py) {
        snprintf(text, sizeof text, "%s (%s) has no h5py", path, lines[LINE_PYTHON]);
        bp_doctor_say(doctor, "Python", BP_FINDING_NOTE, text, NULL);
        return;
    }
    snprintf(text, sizeof text, "%s: h5py %s with HDF5 %s %s the beampress plug-in", path, lines[LINE_H5PY],
             lines[LINE_HDF5], found ? "finds" : "does not find");
    bp_doctor_say(
        doctor, "Python", found ? BP_FINDING_OK : BP_FINDING_TODO, text,
        found ? NULL
              : "set HDF5_PLUGIN_PATH to the folder of the beampress plug-in (and the others you use, "
                "with colons) before Python starts");
}

static void ask(bp_doctor *doctor, const char *path)
{
    char text[1024], id[16], *lines[LINE_COUNT], *rest = text;
    snprintf(id, sizeof id, "%d", BP_HDF5_FILTER_ID);
    const char *const arguments[] = {path, "-c", script, id, NULL};
    int code = bp_child_run(arguments, PATIENCE, text, sizeof text);
    for (int i = 0; i < LINE_COUNT; i++) {
        lines[i] = strsep(&rest, "\n");
        if (!lines[i] || code != 0) {
            char problem[PATH_MAX + 64];
            snprintf(problem, sizeof problem, "%s does not answer (exit code %d)", path, code);
            bp_doctor_say(doctor, "Python", BP_FINDING_NOTE, problem, NULL);
            return;
        }
    }
    report(doctor, path, lines);
}

void bp_doctor_check_python(bp_doctor *doctor)
{
    const char *folders = getenv("PATH");
    char seen[MAX_PYTHONS][PATH_MAX], path[PATH_MAX];
    size_t count = 0;
    bp_json_set(doctor->cli->result, "python", json_array());
    while (folders && *folders && count < MAX_PYTHONS) {
        int length = (int)strcspn(folders, ":");
        bool fits = (size_t)snprintf(path, sizeof path, "%.*s/python3", length, folders) < sizeof path;
        folders += length;
        folders += *folders == ':';
        /* a virtual environment is a link to the same program, but another Python: its own path counts */
        bool known = !fits || length == 0 || access(path, X_OK) != 0;
        char folder[PATH_MAX], *slash;
        snprintf(folder, sizeof folder, "%s", path);
        if ((slash = strrchr(folder, '/')) != NULL)
            *slash = 0;
        if (!known && !realpath(folder, seen[count]))
            known = true;
        for (size_t i = 0; i < count && !known; i++)
            known = strcmp(seen[i], seen[count]) == 0;
        if (known)
            continue;
        count++;
        ask(doctor, path);
    }
    if (count == 0)
        bp_doctor_say(doctor, "Python", BP_FINDING_NOTE, "there is no python3 on the PATH", NULL);
}
