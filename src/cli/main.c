/* SPDX-License-Identifier: BSD-3-Clause
 * beampress: the command. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "io/hdf5_environment.h"
#include "report/json.h"

/* What a signal handler can reach: the one context of this program. */
static bp_context *running;

static void stop(int signal)
{
    (void)signal;
    bp_context_cancel(running);
}

/* The first signal asks for an orderly end, a second one ends the program at once. */
static void catch_signals(bp_context *ctx)
{
    running = ctx;
    struct sigaction action = {.sa_handler = stop, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    struct sigaction fault = {.sa_handler = bp_input_fault};
    sigaction(SIGBUS, &fault, NULL);
    /* a closed pipe is a write error like any other */
    signal(SIGPIPE, SIG_IGN);
}

static void print_log(void *user, bp_log_level level, const char *text)
{
    const bp_cli *cli = user;
    if (cli->quiet || (int)level > cli->verbose)
        return;
    fprintf(stderr, "beampress: %s%s\n", level == BP_LOG_WARNING ? "warning: " : "", text);
}

static bp_status run(bp_cli *cli, int argc, char **argv)
{
    /* for the build only, so in no table */
    if (argc == 4 && strcmp(argv[1], "generate") == 0)
        return bp_cli_generate(cli, argv[2], argv[3]);
    bp_status status = bp_cli_parse(cli, argc, argv);
    if (status != BP_OK)
        return status;
    if (bp_cli_has(cli, OPTION_HELP)) {
        if (cli->command)
            bp_cli_print_help(cli->command);
        else
            bp_cli_print_overview();
        cli->json = false;
        return BP_OK;
    }
    if (bp_cli_has(cli, OPTION_VERSION)) {
        bp_cli_print_version(cli);
        cli->json = false;
        return BP_OK;
    }
    return cli->command->run(cli);
}

/* Standard output can be a full disk or a closed pipe. */
static bp_status finish_output(bp_cli *cli, bp_status status)
{
    bool failed = cli->json && bp_json_print(cli->result, stdout) != BP_OK;
    failed |= fflush(stdout) != 0 || ferror(stdout);
    failed |= fclose(stdout) != 0;
    if (!failed || bp_status_exit_code(status) > bp_status_exit_code(BP_E_DIFFERS))
        return status;
    bp_status written = bp_fail(cli->ctx, BP_E_OUTPUT, "standard output could not be written");
    bp_cli_print_error(cli, written);
    return written;
}

int main(int argc, char **argv)
{
    bp_cli cli = {.ctx = bp_context_new(), .result = json_object()};
    if (!cli.ctx || !cli.result) {
        fprintf(stderr, "beampress: no memory\n");
        return bp_status_exit_code(BP_E_MEMORY);
    }
    catch_signals(cli.ctx);
    bp_h5_skip_cleanup_at_exit();
    bp_context_set_log(cli.ctx, print_log, &cli);
    bp_status status = run(&cli, argc, argv);
    if (bp_context_cancelled(cli.ctx) && status != BP_OK)
        status = BP_E_INTERRUPTED;
    if (status != BP_OK && status != BP_E_DIFFERS) {
        bp_cli_print_error(&cli, status);
        const char *message = bp_context_message(cli.ctx);
        bp_json_set_text(cli.result, "error", *message ? message : bp_status_text(status));
    }
    bp_json_set_count(cli.result, "exit_code", (uint64_t)bp_status_exit_code(status));
    status = finish_output(&cli, status);
    bp_cli_fini(&cli);
    return bp_status_exit_code(status);
}
