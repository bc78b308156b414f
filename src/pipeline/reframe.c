/* SPDX-License-Identifier: BSD-3-Clause
 * What all stages together do to frames and pixels. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/plan.h"
#include "pipeline/run.h"

/* Frames of level 0 that frame `index` of `level` is made of; returns how many. members NULL: only counts. */
static uint64_t members_of(const bp_plan *plan, size_t level, uint64_t index, uint64_t *members)
{
    if (level == 0) {
        if (members)
            *members = index;
        return 1;
    }
    const bp_plan_level *below = &plan->levels[level - 1];
    const bp_carry *carry = &plan->runs[level - 1].out.carry;
    uint64_t first = below->kept ? below->kept[index] : index * carry->group, count = 0;
    for (uint64_t i = 0; i < carry->group; i++)
        count += members_of(plan, level - 1, first + i, members ? members + count : NULL);
    return count;
}

static bool resized(const bp_stage_run *run)
{
    return run->out.carry.group > 1 || run->in.rows != run->out.rows || run->in.columns != run->out.columns;
}

static void compose(const bp_plan *plan, bp_reframe *f, bool *moves)
{
    f->row_step = f->column_step = 1;
    f->group = 1;
    for (size_t i = 0; i < plan->count; i++) {
        const bp_stage_run *run = &plan->runs[i];
        const bp_carry *c = &run->out.carry;
        bool drops = (run->stage->traits & BP_STAGE_DROPS) && !run->marks_only;
        /* behind sinograms, rows are frames: what lies along them could be told apart no more */
        f->other |= c->axes == BP_AXES_OTHER || (f->turned && (drops || resized(run)));
        f->turned |= c->axes == BP_AXES_SINOGRAMS;
        f->row += c->row * f->row_step;
        f->column += c->column * f->column_step;
        f->row_step *= c->row_step;
        f->column_step *= c->column_step;
        f->group *= c->group;
        f->pixels_sum |= c->pixels_sum;
        f->frames_sum |= c->frames_sum;
        *moves |= c->group > 1 || drops;
        if (!f->turned && !f->other) {
            f->out_rows = run->out.rows;
            f->out_columns = run->out.columns;
        }
    }
}

/* Shape of the dataset behind the pipeline. */
static void set_shape(const bp_run *run, bp_reframe *f, bool moves)
{
    const bp_stack_facts *facts = bp_stack_get_facts(run->input.stack);
    const bp_flow *out = bp_plan_out(run->plan);
    bool keep = !moves && !f->turned && !f->other && facts->rank != 3 && facts->rank > 1;
    f->rank = keep ? facts->rank : 3;
    for (size_t i = 0; keep && i + 2 < facts->rank; i++)
        f->shape[i] = facts->shape[i];
    if (!keep)
        f->shape[0] = out->frames;
    f->shape[f->rank - 2] = out->rows;
    f->shape[f->rank - 1] = out->columns;
    if (facts->rank == 1 && out->rows == 1 && out->frames == 1) {
        f->rank = 1;
        f->shape[0] = out->columns;
    }
}

bp_status bp_run_reframe(bp_context *ctx, bp_run *run)
{
    const bp_plan *plan = run->plan;
    const bp_flow *out = bp_plan_out(plan);
    bp_reframe *f = &run->reframe;
    bool moves = false;
    free(run->starts);
    free(run->members);
    run->starts = run->members = NULL;
    *f = (bp_reframe){.dataset = bp_stack_get_facts(run->input.stack)->path,
                      .frames = plan->in.frames,
                      .rows = plan->in.rows,
                      .columns = plan->in.columns,
                      .dtype = out->dtype,
                      .out_rows = plan->in.rows,
                      .out_columns = plan->in.columns,
                      .drop = run->options->drop,
                      .drop_count = run->options->drop_count};
    compose(plan, f, &moves);
    set_shape(run, f, moves);
    size_t level = 0;
    while (level < plan->count && plan->runs[level].out.carry.axes == BP_AXES_FRAMES)
        level++;
    f->out_frames = bp_plan_flow(plan, level)->frames;
    if (!moves || f->other)
        return BP_OK;
    size_t frames = (size_t)f->out_frames;
    run->starts = malloc((frames + 1) * sizeof *run->starts);
    run->members = malloc((frames * (size_t)f->group + 1) * sizeof *run->members);
    if (!run->starts || !run->members)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for frame numbers");
    uint64_t count = 0;
    for (size_t i = 0; i < frames; i++) {
        run->starts[i] = count;
        count += members_of(plan, level, i, run->members + count);
    }
    run->starts[frames] = count;
    f->starts = run->starts;
    f->members = run->members;
    return BP_OK;
}
