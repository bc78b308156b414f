/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/verdict.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/jackknife.h"
#include "algo/quantile.h"

#define ROUNDING 1e-12 /* relative: sums in another order */

const char *bp_decision_text(bp_decision decision)
{
    static const char *const texts[] = {"pass", "fail", "undecided", "not judged"};
    return texts[decision];
}

bp_decision bp_decision_worse(bp_decision a, bp_decision b)
{
    static const int badness[] = {1, 3, 2, 0};
    return badness[a] >= badness[b] ? a : b;
}

/* The paired differences of one outcome, bins that can be judged only, in units of sigma. */
typedef struct paired {
    size_t count, units;
    size_t *bins;
    double *d, *sigma;
    double *without;   /* units x count: differences */
    double *reference; /* units x count: the reference itself; these two NULL when there are no units */
    double *work;      /* units */
    bool counts;       /* whole numbers that are sums over units */
} paired;

static void free_paired(paired *p)
{
    free(p->bins);
    free(p->d);
    free(p->without);
}

static double sigma_of(const bp_outcome *o, size_t bin)
{
    return o->sigmas ? o->sigmas[bin] : NAN;
}

static void because(bp_judgement *j, bp_decision decision, const char *format, ...) BP_PRINTF(3, 4);

/* The worse decision stays, and its reason. */
static void because(bp_judgement *j, bp_decision decision, const char *format, ...)
{
    if (j->decision != BP_NOT_JUDGED && bp_decision_worse(decision, j->decision) == j->decision)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(j->reason, sizeof j->reason, format, arguments);
    va_end(arguments);
    j->decision = decision;
}

static bool same_bins(const bp_outcome *a, const bp_outcome *b)
{
    bool same = a->count == b->count && !a->at == !b->at;
    for (size_t i = 0; same && a->at && i < a->count; i++)
        same = a->at[i] == b->at[i] || fabs(a->at[i] - b->at[i]) <= 1e-9 * fabs(a->at[i]);
    return same;
}

/* Is there anything to decide by numbers in this bin? If not, it may have decided something already. */
static bool usable(bp_judgement *j, size_t bin)
{
    const bp_outcome *a = j->reference, *b = j->test;
    double d = b->values[bin] - a->values[bin], sigma = sigma_of(a, bin);
    if (!isfinite(a->values[bin]) || isnan(sigma))
        return false;
    if (!isfinite(b->values[bin]) && fabs(a->values[bin]) < 2 * sigma)
        because(j, BP_UNDECIDED, "hardly defined on the reference, and not on the test");
    else if (!isfinite(b->values[bin]))
        because(j, BP_FAIL, a->count > 1 ? "not defined on the test, bin %zu" : "not defined on the test",
                bin);
    else if (!(sigma > 0) && fabs(d) > ROUNDING * fabs(a->values[bin]))
        because(j, BP_UNDECIDED, "sigma is zero: there is nothing to measure the change by");
    return isfinite(d) && sigma > 0 && isfinite(sigma);
}

static bool make_room(paired *p, size_t bins, size_t units)
{
    p->bins = malloc((bins + 1) * sizeof *p->bins);
    p->d = malloc((2 * bins + 1) * sizeof *p->d);
    if (units)
        p->without = malloc((2 * units * bins + units + 1) * sizeof *p->without);
    if (!p->bins || !p->d || (units && !p->without))
        return false;
    p->sigma = p->d + bins;
    if (units) {
        p->reference = p->without + units * bins;
        p->work = p->reference + units * bins;
    }
    return true;
}

static bool is_whole(double value)
{
    return fabs(value - nearbyint(value)) < 1e-6;
}

/* Such as a number of objects: without a unit it is scaled up by n / (n - 1). */
static bool is_count(const bp_outcome *o)
{
    double n = (double)o->unit_count;
    bool whole = true;
    for (size_t k = 0; whole && k < o->count; k++) {
        double sum = 0;
        for (size_t u = 0; whole && u < o->unit_count; u++) {
            whole = is_whole(o->without[u * o->count + k] * (n - 1) / n);
            sum += o->without[u * o->count + k];
        }
        whole = whole && is_whole(o->values[k]) && fabs(sum / n - o->values[k]) < 1e-6 * (1 + o->values[k]);
    }
    return whole;
}

static bool pair(bp_judgement *j, paired *p)
{
    const bp_outcome *a = j->reference, *b = j->test;
    size_t n = a->count;
    bool paired_units = a->unit_count > 1 && a->unit_count == b->unit_count && a->without && b->without;
    p->units = paired_units ? a->unit_count : 0;
    if (!make_room(p, n, p->units))
        return false;
    for (size_t i = 0; i < n; i++)
        if (usable(j, i)) {
            p->bins[p->count] = i;
            p->sigma[p->count] = a->sigmas[i];
            p->d[p->count++] = (b->values[i] - a->values[i]) / a->sigmas[i];
        }
    for (size_t u = 0; u < p->units; u++)
        for (size_t k = 0; k < p->count; k++) {
            size_t from = u * n + p->bins[k], to = u * p->count + k;
            p->without[to] = (b->without[from] - a->without[from]) / p->sigma[k];
            p->reference[to] = a->without[from] / p->sigma[k];
        }
    p->counts = p->units && is_count(a) && is_count(b);
    j->units = p->units;
    return true;
}

/* Jackknife error of the mean over bins first ... first + length - 1. */
static double error_of(const paired *p, const double *without, size_t first, size_t length)
{
    for (size_t u = 0; u < p->units; u++) {
        double sum = 0;
        for (size_t k = first; k < first + length; k++)
            sum += without[u * p->count + k];
        p->work[u] = sum / (double)length;
    }
    return bp_jackknife_sigma(p->work, p->units);
}

/* Degrees of freedom of an error, from how its units scatter (their fourth moment): units - 1 for
 * a normal distribution, about 2 when a single unit changed. */
static double freedom_of(const double *work, size_t units)
{
    double n = (double)units, mean = 0, second = 0, fourth = 0;
    for (size_t u = 0; u < units; u++)
        mean += work[u] / n;
    for (size_t u = 0; u < units; u++) {
        double d = (work[u] - mean) * (work[u] - mean);
        second += d / n;
        fourth += d * d / n;
    }
    double spread = (fourth - (n - 3) / (n - 1) * second * second) / n; /* variance of the second moment */
    double freedom = spread > 0 ? 2 * second * second / spread : n - 1;
    return fmin(fmax(freedom, 1), n - 1);
}

/* Factors from a standard error to limits. */
typedef struct factors {
    double pass, fail;               /* of the mean, above and below */
    double random_pass, random_fail; /* of the scatter */
} factors;

/* They depend on the degrees of freedom, which are rounded to halves. */
typedef struct factor_table {
    size_t units, tests;
    factors *rows;
} factor_table;

static const factors *factors_of(const factor_table *table, double freedom)
{
    factors *f = &table->rows[(size_t)(2 * freedom)];
    double each = BP_VERDICT_ALPHA / (double)table->tests, all = (double)table->units - 1;
    freedom = floor(2 * freedom) / 2;
    if (f->pass > 0)
        return f;
    /* sigma is known from the units too, and no better than that */
    *f = (factors){bp_student_above(freedom, BP_VERDICT_ALPHA), bp_student_above(freedom, each),
                   1 / sqrt(bp_variance_ratio_below(freedom, all, BP_VERDICT_ALPHA)),
                   1 / sqrt(bp_variance_ratio_below(freedom, all, 1 - each))};
    return f;
}

/* Keeps the worse one: the surest failure, else the one that is furthest from passing. */
static void keep_worse(bp_limits *kept, bp_limits found, double budget)
{
    bool fails = found.lower > budget, failed = kept->length && kept->lower > budget;
    bool worse = fails != failed ? fails : fails ? found.lower > kept->lower : found.upper > kept->upper;
    if (kept->length == 0 || worse)
        *kept = found;
}

static void decide(bp_judgement *j, const bp_limits *limits, double budget, const char *what)
{
    if (limits->lower > budget)
        because(j, BP_FAIL, "%s", what);
    else if (!isfinite(limits->upper))
        because(j, BP_UNDECIDED, "%s", "its change has no known uncertainty");
    else if (!(limits->upper <= budget) && limits->upper - fabs(limits->z) > budget)
        because(j, BP_UNDECIDED, "it scatters by %.2g sigma: more than %g could hide in that",
                isnan(limits->error) ? limits->z : limits->error, budget);
    else if (!(limits->upper <= budget))
        because(j, BP_UNDECIDED, "%s", "not enough data to tell");
}

static bp_limits limits_of(const paired *p, size_t first, size_t length, double sigma,
                           const factor_table *table, bp_limits *random)
{
    bp_limits l = {.first = p->bins[first], .length = p->bins[first + length - 1] - p->bins[first] + 1};
    for (size_t k = first; k < first + length; k++)
        l.z += p->d[k];
    l.z /= (double)length * sigma;
    l.error = error_of(p, p->without, first, length) / sigma;
    const factors *f = factors_of(table, freedom_of(p->work, p->units));
    if (random) { /* results that jump, such as fits over a range, scatter less than the jackknife says: the
                     change itself is a witness */
        *random = l;
        random->z = l.error;
        random->error = NAN;
        random->lower = isfinite(l.error) ? fmin(l.error * f->random_fail, fabs(l.z)) : 0;
        random->upper = isfinite(l.error) ? l.error * f->random_pass : INFINITY;
    }
    double rounding = 0; /* units that all changed by the same whole number may do so by chance */
    for (size_t k = first; p->counts && k < first + length; k++)
        if (p->d[k] != 0)
            rounding += (double)p->units / 12 / (p->sigma[k] * p->sigma[k]);
    if (rounding > 0)
        l.error = hypot(l.error, sqrt(rounding) / ((double)length * sigma));
    l.lower = isfinite(l.error) ? fmax(0, fabs(l.z) - f->fail * l.error) : 0;
    l.upper = isfinite(l.error) ? fabs(l.z) + f->pass * l.error : INFINITY;
    return l;
}

static void judge_bins(bp_judgement *j, const paired *p, const factor_table *table)
{
    for (size_t k = 0; k < p->count; k++) {
        bp_limits random, mean = limits_of(p, k, 1, 1, table, &random);
        keep_worse(&j->bin, mean, j->budget);
        keep_worse(&j->random, random, j->random_budget);
    }
    j->bins = p->count;
    decide(j, &j->bin, j->budget, "the answer is shifted");
    decide(j, &j->random, j->random_budget, "the answer scatters");
}

/* Blocks of 2, 4, 8 ... bins, each half over the last one, up to all of them. */
typedef struct block_walk {
    size_t first, length, count;
} block_walk;

static bool next_block(block_walk *w)
{
    size_t step = w->length / 2;
    w->first += step;
    if (w->length == w->count || w->first + w->length > w->count) {
        if (w->length == w->count)
            return false;
        w->first = 0;
        w->length = w->length * 2 < w->count ? w->length * 2 : w->count;
    }
    return true;
}

static void judge_blocks(bp_judgement *j, const paired *p, const factor_table *table)
{
    block_walk w = {0, 2, p->count};
    if (p->count < 2)
        return;
    do {
        double sigma = error_of(p, p->reference, w.first, w.length);
        bp_limits found = limits_of(p, w.first, w.length, sigma > 0 ? sigma : 1, table, NULL);
        if (!(sigma > 0) && found.z == 0)
            continue; /* nothing is there and nothing happened, such as empty bins */
        keep_worse(&j->block, found, j->budget);
        j->blocks++;
    } while (next_block(&w));
    if (j->block.length)
        decide(j, &j->block, j->budget, "the answer is shifted over neighbouring bins");
}

/* Without units the random part of the difference is not known. No change at all passes. What is further away
 * than a change within both budgets can be fails; anything else cannot be told. */
static void judge_plain(bp_judgement *j, const paired *p, size_t tests)
{
    double normal = bp_student_above(1e6, BP_VERDICT_ALPHA / (double)tests);
    double far = j->budget + normal * j->random_budget;
    for (size_t k = 0; k < p->count; k++) {
        double size = fabs(p->d[k]);
        bp_limits l = {p->bins[k], 1, p->d[k], NAN, size > far ? size : 0, size > 0 ? INFINITY : 0};
        keep_worse(&j->bin, l, j->budget);
    }
    j->bins = p->count;
    if (p->count && j->bin.lower > 0)
        because(j, BP_FAIL, "changed by more than both budgets allow");
    else if (p->count && j->bin.upper > 0)
        because(j, BP_UNDECIDED, "no independent units: the uncertainty of its change is not known");
}

static bp_status judge_outcome(bp_context *ctx, bp_judgement *j, size_t tests)
{
    paired p = {0};
    if (j->reference->not_judged)
        snprintf(j->reason, sizeof j->reason, "%s", j->reference->not_judged);
    if (j->reference->not_judged)
        return BP_OK;
    if (!j->test)
        because(j, BP_FAIL, "the test has no such result");
    else if (!same_bins(j->reference, j->test))
        because(j, BP_FAIL, "the test has other bins");
    if (j->decision != BP_NOT_JUDGED)
        return BP_OK;
    bp_status status = pair(j, &p) ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a verdict");
    if (status == BP_OK && p.count > 0) {
        because(j, BP_PASS, "%s", "");
        if (p.units) {
            factor_table table = {p.units, tests, calloc(2 * p.units + 1, sizeof *table.rows)};
            if (!table.rows)
                status = bp_fail(ctx, BP_E_MEMORY, "no memory for a verdict");
            if (status == BP_OK)
                judge_bins(j, &p, &table);
            if (status == BP_OK)
                judge_blocks(j, &p, &table);
            free(table.rows);
        } else {
            judge_plain(j, &p, tests);
        }
    } else if (status == BP_OK && j->decision == BP_NOT_JUDGED) {
        snprintf(j->reason, sizeof j->reason, "%s", "its uncertainty is not known");
    }
    free_paired(&p);
    return status;
}

static size_t tests_of(const bp_outcome *o)
{
    block_walk w = {0, 2, o->count};
    size_t tests = 2 * o->count; /* shift and scatter */
    if (o->count >= 2)
        do
            tests++;
        while (next_block(&w));
    return o->sigmas && !o->not_judged ? tests : 0;
}

static const bp_outcome *partner(const bp_outcomes *outcomes, const bp_outcome *of)
{
    for (size_t i = 0; i < outcomes->count; i++)
        if (strcmp(outcomes->items[i].name, of->name) == 0 && outcomes->items[i].part == of->part)
            return &outcomes->items[i];
    return NULL;
}

static void take_budget(const bp_budgets *budgets, bp_judgement *j)
{
    j->budget = BP_BUDGET_SYSTEMATIC;
    j->random_budget = BP_BUDGET_RANDOM;
    for (size_t i = 0; budgets && i < budgets->count; i++) {
        const bp_budget *b = &budgets->items[i];
        if (b->name && strcmp(b->name, j->reference->name) != 0)
            continue;
        j->budget = isnan(b->systematic) ? j->budget : b->systematic;
        j->random_budget = isnan(b->random) ? j->random_budget : b->random;
    }
}

bp_status bp_verdict_make(bp_context *ctx, const bp_outcomes *reference, const bp_outcomes *test,
                          const bp_budgets *budgets, bp_verdict *verdict)
{
    *verdict = (bp_verdict){.decision = BP_NOT_JUDGED, .count = reference->count};
    verdict->items = calloc(reference->count + 1, sizeof *verdict->items);
    if (!verdict->items)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a verdict");
    for (size_t i = 0; i < reference->count; i++)
        verdict->tests += tests_of(&reference->items[i]);
    bp_status status = BP_OK;
    for (size_t i = 0; i < reference->count && status == BP_OK; i++) {
        bp_judgement *j = &verdict->items[i];
        j->decision = BP_NOT_JUDGED;
        j->reference = &reference->items[i];
        j->test = partner(test, j->reference);
        take_budget(budgets, j);
        status = judge_outcome(ctx, j, verdict->tests ? verdict->tests : 1);
        verdict->decision = bp_decision_worse(verdict->decision, j->decision);
    }
    if (verdict->decision == BP_NOT_JUDGED)
        verdict->decision = BP_UNDECIDED; /* silence is no pass */
    return status;
}

/* Jackknife error of the test's distance from perfect (noise NULL), or of what it is more than the noise's.
 */
static double agreement_error(const bp_outcome *perfect, const bp_outcome *noise, const bp_outcome *test,
                              size_t units, double *work)
{
    for (size_t u = 0; u < units; u++) {
        double away = test->without[u] - perfect->without[u];
        work[u] = noise ? fabs(away) - fabs(noise->without[u] - perfect->without[u]) : away;
    }
    return units > 1 ? bp_jackknife_sigma(work, units) : (double)NAN;
}

/* How much further the test is from perfect than the noise, in units of sigma of the latter. What noise moves
 * to either side, such as a ratio of intensities, may by chance be perfect in the realisation: a test whose
 * distance from perfect is within the budget, as for any other result, agrees as well. */
static void judge_agreement(bp_judgement *j, const bp_outcome *perfect, double *work, size_t tests)
{
    const bp_outcome *n = j->reference, *a = j->test;
    double sigma = sigma_of(n, 0), scale = sigma > 0 ? sigma : 1;
    size_t units = n->without && a->without && perfect->without && n->unit_count == a->unit_count &&
                           n->unit_count == perfect->unit_count
                       ? n->unit_count
                       : 0;
    double away = fabs(a->values[0] - perfect->values[0]);
    double excess = away - fabs(n->values[0] - perfect->values[0]);
    double error = agreement_error(perfect, n, a, units, work);
    bool known = isfinite(error), exact = away == 0;
    double pass = known ? bp_student_above((double)units - 1, BP_VERDICT_ALPHA) : NAN;
    double fail = known ? bp_student_above((double)units - 1, BP_VERDICT_ALPHA / (double)tests) : NAN;
    double upper = exact ? fmin(excess, 0) : known ? excess + pass * error : INFINITY;
    double own = agreement_error(perfect, NULL, a, units, work);
    if (sigma > 0 && isfinite(own) && !exact)
        upper = fmin(upper, away + bp_student_above(freedom_of(work, units), BP_VERDICT_ALPHA) * own -
                                BP_BUDGET_SYSTEMATIC * sigma);
    j->units = units;
    j->bins = 1;
    j->bin = (bp_limits){.length = 1,
                         .z = (a->values[0] - n->values[0]) / scale,
                         .error = known ? error / scale : NAN,
                         .lower = known ? (excess - fail * error) / scale : -INFINITY,
                         .upper = upper / scale};
    because(j, BP_PASS, "%s", "");
    if (j->bin.lower > 0)
        because(j, BP_FAIL, "%s", "agrees less than another realisation of the noise does");
    else if (!(j->bin.upper <= 0))
        because(j, BP_UNDECIDED, "%s", "not enough data to tell");
}

bp_status bp_verdict_add_agreement(bp_context *ctx, const bp_outcomes *perfect, const bp_outcomes *noise,
                                   const bp_outcomes *test, bp_verdict *verdict)
{
    size_t count = verdict->count + noise->count, units = 1;
    bp_judgement *items = realloc(verdict->items, (count + 1) * sizeof *items);
    if (!items)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a verdict");
    verdict->items = items;
    for (size_t i = 0; i < noise->count; i++)
        units = noise->items[i].unit_count > units ? noise->items[i].unit_count : units;
    double *work = malloc(units * sizeof *work);
    if (!work)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a verdict");
    for (size_t i = 0; i < noise->count; i++) {
        bp_judgement *j = &items[verdict->count++];
        const bp_outcome *best = partner(perfect, &noise->items[i]);
        *j = (bp_judgement){.reference = &noise->items[i], .decision = BP_NOT_JUDGED, .agreement = true};
        j->test = partner(test, j->reference);
        bool number = j->reference->count == 1 && best && best->count == 1 && j->test && j->test->count == 1;
        if (j->reference->not_judged)
            snprintf(j->reason, sizeof j->reason, "%s", j->reference->not_judged);
        else if (number && isfinite(best->values[0]) && isfinite(j->reference->values[0]))
            judge_agreement(j, best, work, noise->count);
        else
            snprintf(j->reason, sizeof j->reason, "%s", "no number that noise could be compared with");
        bool lost = number && isfinite(best->values[0]) && !isfinite(j->test->values[0]);
        if (lost)
            because(j, BP_FAIL, "%s", "not defined on the test");
        verdict->decision = bp_decision_worse(verdict->decision, j->decision);
    }
    free(work);
    return BP_OK;
}

void bp_verdict_fini(bp_verdict *verdict)
{
    free(verdict->items);
    *verdict = (bp_verdict){0};
}
