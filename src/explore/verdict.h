/* SPDX-License-Identifier: BSD-3-Clause
 * Did a change of the data touch the answer? The decision for the outcomes of a technique on a reference and
 * on a test, from their paired difference: both share their noise, so it is known far better than either.
 * Statistics only; docs/verdict.md says why it is done so. */
#ifndef BP_EXPLORE_VERDICT_H
#define BP_EXPLORE_VERDICT_H

#include "beampress/science.h"

#define BP_BUDGET_SYSTEMATIC 0.2 /* of sigma */
#define BP_BUDGET_RANDOM     0.3
#define BP_VERDICT_ALPHA     0.05

typedef enum bp_decision { BP_PASS, BP_FAIL, BP_UNDECIDED, BP_NOT_JUDGED } bp_decision;

/* "pass", "fail", "undecided", "not judged" */
const char *bp_decision_text(bp_decision decision);

/* What may change, in units of sigma. name NULL: every quantity. Of several that fit the last one counts;
 * NAN: leaves it as it is. */
typedef struct bp_budget {
    const char *name;
    double systematic, random;
} bp_budget;

typedef struct bp_budgets {
    bp_budget *items;
    size_t count;
} bp_budgets;

/* A bin, or a block of neighbouring bins, in units of sigma of its mean. */
typedef struct bp_limits {
    size_t first, length;
    double z;            /* difference */
    double error;        /* its standard error */
    double lower, upper; /* confidence limits of |difference| */
} bp_limits;

typedef struct bp_judgement {
    const bp_outcome *reference, *test; /* test NULL: it has none */
    bp_decision decision;
    char reason[128]; /* "" for a plain decision by the limits */
    size_t bins, blocks, units;
    bool agreement;       /* reference: what a realisation of the noise gives */
    bp_limits bin, block; /* the worst of each; length 0: there is none */
    bp_limits random;     /* the same for the random part of the difference: the worst bin; z is its rms */
    double budget, random_budget;
} bp_judgement;

typedef struct bp_verdict {
    bp_decision decision; /* fail when any quantity fails, else undecided when any is, else pass */
    bp_judgement *items;  /* one for each outcome of the reference, then for each agreement */
    size_t count;
    size_t tests; /* bins and blocks that the limits of a failure are corrected for */
} bp_verdict;

/* The outcomes must outlive the verdict. It is freed with bp_verdict_fini in every case. */
BP_MUST_CHECK bp_status bp_verdict_make(bp_context *ctx, const bp_outcomes *reference,
                                        const bp_outcomes *test, const bp_budgets *budgets,
                                        bp_verdict *verdict);
/* Adds what pairs two stacks, such as Dice or recall (bp_technique.compare): the test must agree with the
 * reference no worse than a noise realisation of the reference does. perfect: the reference with itself. The
 * judgement's reference is what the noise gives, its budget 0. */
BP_MUST_CHECK bp_status bp_verdict_add_agreement(bp_context *ctx, const bp_outcomes *perfect,
                                                 const bp_outcomes *noise, const bp_outcomes *test,
                                                 bp_verdict *verdict);
void bp_verdict_fini(bp_verdict *verdict);
/* Of several. */
bp_decision bp_decision_worse(bp_decision a, bp_decision b);

#endif
