/* SPDX-License-Identifier: BSD-3-Clause */
#include "beampress/status.h"

static const struct {
    int code;
    const char *text;
} entries[] = {
#define ENTRY(name, number, code, text) [number] = {code, text},
    BP_STATUS_LIST(ENTRY)
#undef ENTRY
};

#define ENTRY_COUNT (sizeof entries / sizeof entries[0])

const char *bp_status_text(bp_status status)
{
    return (unsigned)status < ENTRY_COUNT ? entries[status].text : "unknown status";
}

int bp_status_exit_code(bp_status status)
{
    return (unsigned)status < ENTRY_COUNT ? entries[status].code : entries[BP_E_INTERNAL].code;
}
