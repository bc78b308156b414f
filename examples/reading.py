# SPDX-License-Identifier: BSD-3-Clause
"""One page on a scan: what was safe, what was not, and where metrics alone would have misled. Every number is the scan's."""


def known(value):
    return isinstance(value, (int, float)) and value == value


def metric(point, name):
    value = (point.get("metrics") or {}).get(name)
    return value if known(value) else None


def worst(point):
    """The quantity that decides: the largest shift over its budget."""
    rows = [q for q in point["quantities"] if known(q.get("systematic")) and q.get("verdict") in ("fail", "undecided", "pass") and q.get("budget")]
    return max(rows, key=lambda q: q["systematic"] / q["budget"], default=None)


def describe(point):
    text = f"`{point['pipeline']}`: ratio {point['ratio']:.2f}"
    for name, words in (("psnr_range", "PSNR {:.1f} dB"), ("ssim", "SSIM {:.4f}")):
        if metric(point, name) is not None:
            text += ", " + words.format(metric(point, name))
    w = worst(point)
    if w:
        text += f"; {w['name']} moves by {w['systematic']:.2g} sigma"
    return text


FINE, POOR = {"ssim": 0.98, "psnr_range": 45}, {"ssim": 0.9, "psnr_range": 40}  # what people call good and bad


def misled(points):
    """Lines on points that a metric puts the wrong way round: one that looks fine and fails, one that looks poor and passes."""
    lines = []
    for name, words in (("ssim", "SSIM"), ("psnr_range", "PSNR")):
        ran = [p for p in points if p.get("ran", True) and metric(p, name) is not None]
        fails = [p for p in ran if p["verdict"] == "fail" and p["quantities"]]
        passes = [p for p in ran if p["verdict"] == "pass"]
        good, bad = max(fails, key=lambda p: metric(p, name), default=None), min(passes, key=lambda p: metric(p, name), default=None)
        if good and metric(good, name) >= FINE[name]:
            lines.append(f"- {words} looks fine and the science fails: {describe(good)}.")
        if bad and metric(bad, name) < POOR[name]:
            lines.append(f"- {words} looks poor and the science passes: {describe(bad)}.")
        if good and bad and metric(good, name) > metric(bad, name):
            lines.append(f"- {words} is better where the science fails ({metric(good, name):.5g}, ratio {good['ratio']:.2f}) than where it passes ({metric(bad, name):.5g}, ratio {bad['ratio']:.2f}).")
        elif good and bad:
            lines.append(f"- {words} puts all that pass above all that fail in this scan; the limit, between {metric(good, name):.5g} and "
                         f"{metric(bad, name):.5g}, is known only because the science was asked.")
    return lines or ["- No point fails, or none passes: there is nothing to be misled about."]


def of(name, question, scan):
    points = scan["points"]
    by_id = {p["id"]: p for p in points}
    source = "SIMULATED data" if scan["input"].get("simulated") else "real data"
    lines = [f"# {name}: {question}", "", f"**{scan['sentence']}**", "",
             f"{scan['input']['file'].split('/')[-1]}, {source}: {scan['input']['dtype']} {'x'.join(map(str, scan['input']['shape']))}; sample: {scan['sample']['how']}", "",
             "## What was safe", ""]
    winner = scan.get("winner")
    if winner and winner["point"] is not None:
        word = {True: "confirmed", False: "NOT confirmed", None: "not confirmed (no data were left for it)"}[winner["confirmed"]]
        lines += [f"- The largest ratio that passes: {describe(by_id[winner['point']])}; {word} on data that took no part in the choice."]
    for best in scan["best"]:
        if best["point"] is not None:
            lines.append(f"- {best['family']}: {describe(by_id[best['point']])}")
    lines += ["", "## What was not", ""]
    for best in scan["best"]:
        failed = [p for p in points if p["family"] == best["family"] and p["verdict"] == "fail" and p["quantities"]]
        if failed:
            gentle = min(failed, key=lambda p: p["ratio"])
            lines.append(f"- {best['family']}, from {describe(gentle)}")
        elif best["point"] is None:
            lines.append(f"- {best['family']}: {best.get('reason') or 'no point passes'}")
    lines += ["", "## What no compression does", ""]
    for band in scan.get("bands", []):
        rows = [row for row in scan["band"] if row.get("kind") == band["kind"] and known(row["systematic"])]
        if rows:
            most = max(rows, key=lambda row: row["systematic"])
            lines.append(f"- {band['kind']} ({band['how']}): {most['name']} moves most, by {most['systematic']:.2g} sigma")
    lines += ["", "## Where metrics alone would have misled", "", *misled(points)]
    if "zip" in scan and winner:
        ratio, zipped = by_id[winner["point"]]["ratio"], scan["zip"]
        lines += ["", "## Against uint8 + zip", "", f"- float32 to uint8 over its range, zipped: ratio {zipped['ratio']:.2f}, Dice {zipped['dice']:.5f}; the winner: {ratio:.2f}, "
                  f"{ratio / zipped['ratio']:.2f} times as much."]
    if "real" in scan:
        real = scan["real"]
        changed = [f"{q['name']} {q['verdict'] if 'verdict' in q else ('pass' if q['pass'] else 'not pass')}" for q in real["quantities"] if q.get("pass") is not None]
        lines += ["", "## On real frames", "", f"- {real['file']}, `{real['pipeline']}`: ratio {real['ratio']:.2f}, verdict {real['verdict']} ({', '.join(changed) or 'nothing to judge'})."]
    lines += ["", f"Sigma: {'; '.join(s['technique'] + ': ' + str(s['sigma']) for s in scan['science'])}. "
              f"Budgets: {scan['budgets']['systematic']} sigma of shift, {scan['budgets']['random']} sigma of scatter. {scan['cost']['seconds']:.0f} s for {len(points)} points.", ""]
    return "\n".join(lines)
