/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_CLI_DOCTOR_H
#define BP_CLI_DOCTOR_H

#include "cli/cli.h"

typedef enum bp_finding { BP_FINDING_OK, BP_FINDING_NOTE, BP_FINDING_TODO } bp_finding;

typedef struct bp_doctor {
    bp_cli *cli;
    bool todo; /* something needs doing */
} bp_doctor;

/* Reports one finding. advice: what to do, or NULL. */
void bp_doctor_say(bp_doctor *doctor, const char *check, bp_finding finding, const char *text,
                   const char *advice);

/* Asks every python3 on the PATH whether its h5py finds our plug-in. */
void bp_doctor_check_python(bp_doctor *doctor);

#endif
