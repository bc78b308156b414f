// SPDX-License-Identifier: BSD-3-Clause
// The report of a scan. Everything that is shown comes from the JSON in #data (docs/explore-format.md).
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  // Okabe and Ito's colours, told apart by all eyes; the shapes tell families apart without them.
  const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d1f", "#7f7f7f"];
  const SHAPES = ["circle", "rect", "triangle", "rectRot", "star", "crossRot", "rectRounded", "cross"];
  const PASS_WORD = { pass: "pass", fail: "fail", undecided: "undecided" };
  const winner = data.winner && data.points.find((p) => p.id === data.winner.point);
  const state = { hidden: new Set(), chosen: winner ? winner.id : data.points.length ? data.points[0].id : null,
    sort: { key: "ratio", down: true }, mode: "side", charts: {}, timer: null };
  window.beampress = { data, state };

  const point = (id) => data.points.find((p) => p.id === id);
  const number = (v, digits = 4) => (typeof v === "number" && isFinite(v) ? String(Number(v.toPrecision(digits))) : "–");
  const make = (tag, props = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), props);
    node.append(...children);
    return node;
  };
  const colour = (family) => COLOURS[data.families.findIndex((f) => f.name === family) % COLOURS.length];
  const shape = (family) => SHAPES[data.families.findIndex((f) => f.name === family) % SHAPES.length];
  const shown = (p) => !state.hidden.has(p.family);
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const label = (p) => `${p.family}${p.value === null || p.value === undefined ? "" : " " + number(p.value)}, ratio ${number(p.ratio)}`;

  // ------------------------------------------------------------------ head
  function head() {
    $("kind").textContent = `${data.science.map((s) => s.technique).join(", ")} on ${data.input.file}: ${data.input.dataset}`
      + (data.input.simulated ? " (SIMULATED data)" : "");
    $("sentence").textContent = data.sentence;
    const w = data.winner;
    if (w) {
      const kind = w.confirmed === true ? "pass" : w.confirmed === false ? "fail" : "undecided";
      const words = w.confirmed === true ? "confirmed on data that took no part in the choice" : w.confirmed === false
        ? "NOT confirmed: it fails on data that took no part in the choice" : "not confirmed: there was no data left for it";
      $("confirmed").append(make("span", { className: kind, textContent: words }), " ", w.sentence || "");
      $("winner").hidden = false;
      $("winner").querySelector("code").textContent = winner.pipeline;
    }
    $("facts").textContent = `${data.points.length} working points in ${data.families.length} families; `
      + `${data.points.filter((p) => p.verdict === "pass").length} pass, ${data.points.filter((p) => p.verdict === "fail").length} fail, `
      + `${data.points.filter((p) => p.verdict === "undecided").length} undecided`
      + (data.cost.stopped ? `; stopped early: ${data.cost.stopped}` : "");
    for (const button of document.querySelectorAll(".copy"))
      button.addEventListener("click", () => copy(button.parentNode.querySelector("code").textContent, button));
  }

  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
    } catch (e) { // pages from a disk may not be let near the clipboard
      const area = make("textarea", { value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const before = button.textContent;
    button.textContent = "copied";
    setTimeout(() => (button.textContent = before), 1500);
  }

  function familyBoxes() {
    for (const f of data.families) {
      const box = make("input", { type: "checkbox", checked: true });
      box.dataset.family = f.name;
      box.addEventListener("change", () => {
        box.checked ? state.hidden.delete(f.name) : state.hidden.add(f.name);
        drawPlots();
        drawTable();
      });
      const mark = make("span", { textContent: "■ " });
      mark.style.color = colour(f.name);
      const best = data.best.find((b) => b.family === f.name);
      const words = best && best.point !== null ? ` (best that passes: ${number(point(best.point).ratio)})` : best && best.reason ? ` (${best.reason})` : "";
      $("families").append(make("label", { title: f.help || "" }, box, " ", mark, f.name + words));
    }
  }

  // ------------------------------------------------------------------ plots
  function options(x, y, note) {
    const ink = style("--ink"), line = style("--line");
    const axis = (a) => ({ type: a.log ? "logarithmic" : "linear", title: { display: true, text: a.title, color: ink },
      grid: { color: line }, ticks: { color: ink, maxTicksLimit: 9, callback: (v) => number(v, 3) }, min: a.min, max: a.max });
    return { animation: false, responsive: true, maintainAspectRatio: false, parsing: false, clip: 12, layout: { padding: { top: 6, right: 14 } },
      scales: { x: axis(x), y: axis(y) },
      interaction: { mode: "nearest", intersect: true },
      plugins: { legend: { labels: { color: ink, usePointStyle: true, filter: (i) => !i.text.startsWith("_") } },
        tooltip: { callbacks: { label: (c) => note(c) } } },
      onClick: (event, items, chart) => {
        const hit = items.length && chart.data.datasets[items[0].datasetIndex].data[items[0].index];
        if (hit && hit.id !== undefined) choose(hit.id);
      } };
  }

  function plot(id, datasets, opts) {
    if (state.charts[id]) state.charts[id].destroy();
    if (!window.Chart) return;
    state.charts[id] = new Chart($(id), { type: "scatter", data: { datasets }, options: opts });
    $(id).setAttribute("aria-label", `${opts.scales.y.title.text} against ${opts.scales.x.title.text}; the table below holds the numbers`);
  }

  function familyLines(value) {
    return data.families.filter((f) => !state.hidden.has(f.name)).map((f) => ({
      label: f.name, borderColor: colour(f.name), backgroundColor: colour(f.name), pointStyle: shape(f.name),
      borderWidth: 1.5, showLine: true, pointRadius: (c) => (c.raw && c.raw.id === state.chosen ? 9 : 5), pointHoverRadius: 9,
      data: data.points.filter((p) => p.family === f.name && value(p) !== null && p.ratio > 0)
        .sort((a, b) => a.ratio - b.ratio).map((p) => ({ x: p.ratio, y: value(p), id: p.id })) })).filter((d) => d.data.length);
  }

  function flat(y, name, dash) {
    const ratios = data.points.map((p) => p.ratio).filter((r) => r > 0);
    if (!ratios.length) ratios.push(1, 10);
    return { label: name, data: [{ x: Math.min(...ratios), y }, { x: Math.max(...ratios), y }], showLine: true, pointRadius: 0,
      borderColor: style("--ink"), backgroundColor: style("--ink"), borderWidth: 1.5, borderDash: dash, pointStyle: "line" };
  }

  const tip = (unit) => (c) => {
    const p = c.raw.id === undefined ? null : point(c.raw.id);
    return p ? [`${label(p)}: ${number(c.raw.y)} ${unit}`, p.pipeline, PASS_WORD[p.verdict]] : `${c.dataset.label}: ${number(c.raw.y)}`;
  };

  // The worst over quantities is taken in units of each one's own budget.
  function effectOf(p, quantity, effect) {
    const all = (p.quantities || []).filter((q) => typeof q[effect] === "number" && isFinite(q[effect]));
    const budget = (q) => (effect === "systematic" ? q.budget || data.budgets.systematic : data.budgets.random);
    if (quantity === "worst") return all.length ? Math.max(...all.map((q) => Math.abs(q[effect]) / budget(q))) : null;
    const own = all.filter((q) => q.name === quantity);
    return own.length ? Math.max(...own.map((q) => Math.abs(q[effect]))) : null;
  }

  // What no compression does: each band has a name and a dash of its own.
  const BANDS = { noise: ["no compression: counting noise once more", [2, 3]], "half dose": ["no compression: half the dose", [7, 3, 2, 3]],
    resampled: ["no compression: units drawn again", [1, 5]] };
  const KINDS = Object.keys(BANDS), knownBands = () => (data.bands || []).filter((b) => BANDS[b.kind]);

  function drawScience() {
    const quantity = $("quantity").value, effect = $("effect").value, worst = quantity === "worst";
    const floor = 1e-3;
    const lines = familyLines((p) => { const v = effectOf(p, quantity, effect); return v === null ? null : Math.max(v, floor); });
    const budget = worst ? 1 : effect === "systematic" ? data.budgets.systematic : data.budgets.random;
    lines.push(flat(budget, "budget", [8, 4]));
    for (const kind of KINDS) {
      const size = (data.band || []).filter((b) => (b.kind || "noise") === kind && (worst || b.name === quantity) && typeof b[effect] === "number")
        .map((b) => Math.abs(b[effect]) / (worst ? (effect === "systematic" ? data.budgets.systematic : data.budgets.random) : 1));
      if (size.length) lines.push(flat(Math.max(floor, Math.max(...size)), BANDS[kind][0], BANDS[kind][1]));
    }
    plot("science", lines, options({ title: "ratio (raw / stored)", log: true },
      { title: worst ? `worst ${effect} effect / its budget` : `${effect} effect on ${quantity} (sigma)`, log: true }, tip(worst ? "budgets" : "sigma")));
    $("science-note").textContent = `Below the dashed line the effect is smaller than the budget; the verdict also asks that the data suffice to say so. Effects below ${floor} are drawn there.`;
  }

  function drawDistortion() {
    const metric = $("metric").value;
    const lines = familyLines((p) => { const v = p.metrics && p.metrics[metric]; return typeof v === "number" && isFinite(v) ? v : null; });
    for (const b of knownBands())
      if (b.metrics && typeof b.metrics[metric] === "number") lines.push(flat(b.metrics[metric], BANDS[b.kind][0], BANDS[b.kind][1]));
    plot("distortion", lines,
      options({ title: "ratio (raw / stored)", log: true }, { title: metric, log: false }, tip("")));
  }

  function drawCurve() {
    const index = Number($("curve").value), curve = data.curves[index], p = point(Number($("curve-point").value));
    if (!curve) return;
    const same = (curves) => (curves || []).find((c) => c.name === curve.name && (c.part ?? null) === (curve.part ?? null));
    const own = p && same(p.curves);
    const difference = $("curve-difference").checked, log = (a) => a.every((v) => !(v <= 0)) && Math.max(...a.filter(isFinite)) > 30 * Math.min(...a.filter(isFinite));
    const at = (curve.at || curve.values.map((_, i) => i)).map((v) => v ?? NaN), xs = at[0] === 0 ? at.slice(1) : at, xlog = log(xs);
    const row = (f) => curve.values.map((v, i) => ({ x: at[i], y: f(v, i) })).filter((c) => isFinite(c.y) && (!xlog || c.x > 0));
    const s = (i) => (curve.sigma && isFinite(curve.sigma[i]) ? curve.sigma[i] : 0), ink = style("--ink"), lines = [];
    const line = (name, points, extra) => ({ label: name, data: points, showLine: true, pointRadius: points.length > 80 ? 0 : 2.5, borderWidth: 1.5, ...extra });
    const bands = knownBands().map((b) => ({ ...b, own: same(b.curves) })).filter((b) => b.own);
    const grey = (b) => ({ borderColor: style("--soft"), backgroundColor: style("--soft"), borderDash: BANDS[b.kind][1], pointRadius: 0 });
    if (difference) {
      for (const b of bands) lines.push(line(BANDS[b.kind][0], row((v, i) => (s(i) ? (b.own.values[i] - v) / s(i) : NaN)), grey(b)));
      if (own) lines.push(line(`(compressed - original) / sigma: ${label(p)}`, row((v, i) => (s(i) ? (own.values[i] - v) / s(i) : NaN)), { borderColor: "#d55e00", backgroundColor: "#d55e00" }));
    } else {
      lines.push(line("_low", row((v, i) => (v === null ? NaN : v - s(i))), { borderWidth: 0, pointRadius: 0, fill: false }));
      lines.push(line("original ± sigma", row((v, i) => (v === null ? NaN : v + s(i))), { borderWidth: 0, pointRadius: 0, fill: "-1", backgroundColor: "rgba(0,114,178,0.25)" }));
      lines.push(line("original", row((v) => v ?? NaN), { borderColor: "#0072b2", backgroundColor: "#0072b2" }));
      for (const b of bands) lines.push(line(BANDS[b.kind][0], row((_, i) => b.own.values[i] ?? NaN), grey(b)));
      if (own) lines.push(line(`compressed: ${label(p)}`, row((_, i) => own.values[i] ?? NaN), { borderColor: "#d55e00", backgroundColor: "#d55e00", borderDash: [5, 3] }));
    }
    const ys = curve.values.filter((v) => v !== null);
    plot("curve-plot", lines, options({ title: curve.axis || "index", log: xlog },
      { title: difference ? "difference / sigma" : `${curve.name}${curve.unit && curve.unit !== "value" ? ` (${curve.unit})` : ""}`, log: !difference && log(ys) },
      (c) => `${c.dataset.label}: ${number(c.raw.y, 6)} at ${number(c.raw.x)}`));
    state.charts["curve-plot"] && (state.charts["curve-plot"].canvas.style.color = ink);
  }

  function drawPlots() {
    drawScience();
    drawDistortion();
    drawCurve();
  }

  // Zoom: a rectangle drawn with the mouse, or the buttons; twice clicked, or "whole": everything again.
  function setRange(chart, x0, x1, y0, y1) {
    Object.assign(chart.options.scales.x, { min: x0, max: x1 });
    Object.assign(chart.options.scales.y, { min: y0, max: y1 });
    chart.update("none");
  }

  function zoomBy(chart, factor) {
    const ends = ["x", "y"].flatMap((k) => {
      const s = chart.scales[k], a = s.getPixelForValue(s.min), b = s.getPixelForValue(s.max), m = (a + b) / 2, h = ((b - a) / 2) * factor;
      return [s.getValueForPixel(m - h), s.getValueForPixel(m + h)];
    });
    setRange(chart, ...ends);
  }

  function zoomTools() {
    for (const tools of document.querySelectorAll(".zoom")) {
      const id = tools.dataset.for, canvas = $(id), chart = () => state.charts[id];
      const button = (text, title, act) => {
        const b = make("button", { type: "button", textContent: text, title });
        b.addEventListener("click", () => chart() && act(chart()));
        tools.append(b, " ");
      };
      button("+", "closer", (c) => zoomBy(c, 0.5));
      button("−", "further", (c) => zoomBy(c, 2));
      button("whole", "everything again", (c) => setRange(c));
      let from = null, area = null;
      const inside = (e) => { const r = canvas.getBoundingClientRect(); return [e.clientX - r.left, e.clientY - r.top]; };
      canvas.addEventListener("mousedown", (e) => { from = inside(e); });
      window.addEventListener("mousemove", (e) => {
        if (!from) return;
        const [x, y] = inside(e);
        if (!area) canvas.parentNode.append((area = make("div", { className: "area" })));
        Object.assign(area.style, { left: `${Math.min(x, from[0])}px`, top: `${Math.min(y, from[1])}px`, width: `${Math.abs(x - from[0])}px`, height: `${Math.abs(y - from[1])}px` });
      });
      window.addEventListener("mouseup", (e) => {
        const start = from, c = chart();
        from = null;
        if (area) { area.remove(); area = null; }
        if (!start || !c) return;
        const [x, y] = inside(e);
        if (Math.abs(x - start[0]) < 8 || Math.abs(y - start[1]) < 8) return;
        const v = (k, a, b) => [c.scales[k].getValueForPixel(a), c.scales[k].getValueForPixel(b)];
        setRange(c, ...v("x", Math.min(x, start[0]), Math.max(x, start[0])), ...v("y", Math.max(y, start[1]), Math.min(y, start[1])));
      });
      canvas.addEventListener("dblclick", () => chart() && setRange(chart()));
    }
  }

  // ------------------------------------------------------------------ pictures
  const preview = (id, kind) => data.previews.find((v) => v.point === id && v.kind === kind);
  const image = (v, alt) => make("img", { src: `data:image/png;base64,${v.png}`, alt, width: v.columns, height: v.rows });
  const figure = (node, text) => make("figure", {}, node, make("figcaption", { textContent: text }));

  function drawPictures() {
    clearInterval(state.timer);
    state.timer = null;
    const id = Number($("picture").value), box = $("pictures"), test = preview(id, "test"), residual = preview(id, "residual");
    const reference = preview(null, "reference");
    $("slider-label").hidden = state.mode !== "slide";
    box.replaceChildren();
    if (!reference || !test) return;
    const range = ` (frame ${reference.frame}; black ${number(reference.low)}, white ${number(reference.high)})`;
    if (state.mode === "side") {
      box.append(figure(image(reference, "original"), "original" + range), figure(image(test, "compressed"), `compressed: ${label(point(id))}`));
    } else {
      const below = image(reference, "original"), above = image(test, "compressed");
      const words = state.mode === "flicker" ? "original and compressed in turn" : "left of the slider compressed, right of it the original";
      const shownFigure = figure(make("div", { className: "over" }, below, above), words + range);
      box.append(shownFigure);
      if (state.mode === "slide") {
        const cut = () => (above.style.clipPath = `inset(0 ${100 - $("slider").value}% 0 0)`);
        $("slider").oninput = cut;
        cut();
      } else {
        const caption = shownFigure.querySelector("figcaption");
        state.timer = setInterval(() => {
          above.hidden = !above.hidden;
          above.style.visibility = above.hidden ? "hidden" : "visible";
          caption.textContent = (above.hidden ? "original" : "compressed") + range;
        }, 500);
      }
    }
    if (residual) box.append(figure(image(residual, "difference over sigma"), `(compressed - original) / sigma, black ${number(residual.low)}, white ${number(residual.high)}`));
  }

  // ------------------------------------------------------------------ tables
  const COLUMNS = [["id", "", (p) => p.id], ["family", "text", (p) => p.family], ["value", "", (p) => p.value], ["ratio", "", (p) => p.ratio],
    ["bpp", "", (p) => p.bpp], ["encode MB/s", "", (p) => p.encode_MBps], ["decode MB/s", "", (p) => p.decode_MBps],
    ["verdict", "text", (p) => p.verdict], ["worst effect / budget", "", (p) => effectOf(p, "worst", "systematic")],
    ["psnr_range", "", (p) => (p.metrics || {}).psnr_range], ["ssim", "", (p) => (p.metrics || {}).ssim], ["pipeline", "text long", (p) => p.pipeline]];

  function cell(value, kind, name) {
    const td = make("td", { className: kind, textContent: kind ? value ?? "" : number(value) });
    if (!kind && typeof value === "number") td.dataset.value = String(value);
    if (name === "verdict" && PASS_WORD[value]) td.classList.add(value); // "not judged" has no colour
    return td;
  }

  function tableHead() {
    const row = make("tr");
    for (const [name, kind] of COLUMNS) {
      const button = make("button", { type: "button", textContent: name });
      button.addEventListener("click", () => {
        state.sort = { key: name, down: state.sort.key === name ? !state.sort.down : !kind };
        drawTable();
      });
      row.append(make("th", { className: kind, scope: "col" }, button));
    }
    $("points").tHead.append(row);
  }

  function drawTable() {
    const column = COLUMNS.find((c) => c[0] === state.sort.key) || COLUMNS[0], sign = state.sort.down ? -1 : 1;
    const missing = (v) => v === null || v === undefined || Number.isNaN(v);
    const rows = data.points.filter(shown).sort((a, b) => {
      const x = column[2](a), y = column[2](b);
      if (missing(x) || missing(y)) return missing(x) - missing(y);
      return sign * (typeof x === "string" ? x.localeCompare(y) : x - y);
    });
    [...$("points").tHead.rows[0].cells].forEach((th, i) =>
      th.setAttribute("aria-sort", COLUMNS[i][0] !== state.sort.key ? "none" : state.sort.down ? "descending" : "ascending"));
    $("points").tBodies[0].replaceChildren(...rows.map((p) => {
      const tr = make("tr", { tabIndex: 0, title: p.reason || "" }, ...COLUMNS.map(([name, kind, get]) => cell(get(p), kind, name)));
      tr.dataset.id = p.id;
      tr.setAttribute("aria-selected", String(p.id === state.chosen));
      tr.addEventListener("click", () => choose(p.id));
      tr.addEventListener("keydown", (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); choose(p.id); } });
      return tr;
    }));
  }

  function drawOne() {
    const p = point(state.chosen);
    $("one").hidden = !p;
    if (!p) return;
    $("one-pipeline").querySelector("code").textContent = p.pipeline;
    $("one-reason").replaceChildren(make("span", { className: PASS_WORD[p.verdict] || "", textContent: p.verdict }), ` at ratio ${number(p.ratio)}. ${p.reason || ""}`);
    const truth = Object.fromEntries((p.truth || []).map((t) => [t.name, t]));
    const fields = ["reference", "test", "difference", "sigma", "z", "systematic", "random", "budget"];
    const withTruth = Object.keys(truth).length > 0;
    const heads = ["quantity", ...fields, "verdict", ...(withTruth ? ["original to truth", "compressed to truth"] : [])];
    $("quantities").tHead.replaceChildren(make("tr", {}, ...heads.map((h) => make("th", { textContent: h, scope: "col", className: h === "quantity" || h === "verdict" ? "text" : "" }))));
    $("quantities").tBodies[0].replaceChildren(...(p.quantities || []).map((q) => make("tr", {}, cell(q.name + (q.part === undefined || q.part === null ? "" : ` ${q.part}`), "text"),
      ...fields.map((f) => cell(q[f], "")), cell(q.verdict, "text", "verdict"),
      ...(withTruth ? [cell((truth[q.name] || {}).reference, ""), cell((truth[q.name] || {}).test, "")] : []))));
  }

  function choose(id) {
    state.chosen = id;
    for (const list of [$("picture"), $("curve-point")])
      if ([...list.options].some((o) => Number(o.value) === id)) list.value = id;
    drawTable();
    drawOne();
    drawPictures();
    drawPlots();
  }

  // ------------------------------------------------------------------ how
  function how() {
    const add = (name, text) => text && $("how").append(make("dt", { textContent: name }), make("dd", { textContent: text }));
    add("sample", `${data.sample.frames} frames: ${data.sample.how}`);
    add("independent unit", `${data.sample.unit}: ${data.sample.units}${data.sample.held_out ? `, and ${data.sample.held_out} kept for the confirmation` : ""}`);
    for (const s of data.science) add(`sigma of ${s.technique}`, `${s.sigma} (${s.params})`);
    add("budgets", `systematic ${data.budgets.systematic} sigma, random ${data.budgets.random} sigma, confidence ${data.budgets.confidence}`);
    add("input", `${data.input.file}: ${data.input.dataset}, ${data.input.dtype} ${data.input.shape.join("x")}, ${data.input.raw_bytes} bytes, xxh3 ${data.input.hash}`);
    add("cost", `${number(data.cost.seconds)} s for ${data.points.length} points; their distinct steps take ${number(data.cost.steps)} s; ${data.cost.analyses} analyses; ${data.cost.cached} points from earlier runs`);
    add("command", data.command);
    add("program", `${data.program} ${data.version}; ${Object.entries(data.libraries || {}).map(([k, v]) => `${k} ${v}`).join(", ")}`);
    $("plot-library").textContent = window.Chart ? `Plots: Chart.js ${Chart.version}, its licence:` : "Built without a plotting library: the tables hold the numbers.";
    if (!window.Chart) for (const p of document.querySelectorAll(".plot")) p.replaceChildren(make("p", { textContent: "Built without a plotting library: the table holds the numbers." }));
  }

  function fill() {
    const names = [...new Set(data.points.flatMap((p) => (p.quantities || []).map((q) => q.name)))];
    $("quantity").append(make("option", { value: "worst", textContent: "the worst of all" }), ...names.map((n) => make("option", { value: n, textContent: n })));
    const metrics = [...new Set(data.points.flatMap((p) => Object.keys(p.metrics || {})))];
    $("metric").append(...metrics.map((n) => make("option", { value: n, textContent: n })));
    const pictures = data.points.filter((p) => preview(p.id, "test"));
    $("look").hidden = pictures.length === 0;
    $("picture").append(...pictures.map((p) => make("option", { value: p.id, textContent: label(p) })));
    const like = winner && pictures.find((p) => p.family === winner.family); // the winner may have none of its own
    if (like) $("picture").value = like.id;
    $("curves").hidden = data.curves.length === 0;
    $("curve").append(...data.curves.map((c, i) => make("option", { value: i, textContent: c.name + (c.part === null || c.part === undefined ? "" : ` ${c.part}`) })));
    $("curve-point").append(...data.points.filter((p) => (p.curves || []).length).map((p) => make("option", { value: p.id, textContent: label(p) })));
  }

  function setTheme(dark) {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    $("theme").textContent = dark ? "light" : "dark";
    $("theme").setAttribute("aria-pressed", String(dark));
    drawPlots();
  }

  head();
  familyBoxes();
  fill();
  how();
  tableHead();
  zoomTools();
  for (const id of ["quantity", "effect"]) $(id).addEventListener("change", drawScience);
  $("metric").addEventListener("change", drawDistortion);
  for (const id of ["curve", "curve-point", "curve-difference"]) $(id).addEventListener("change", drawCurve);
  $("picture").addEventListener("change", drawPictures);
  for (const button of $("modes").children)
    button.addEventListener("click", () => {
      state.mode = button.dataset.mode;
      for (const b of $("modes").children) b.setAttribute("aria-pressed", String(b === button));
      drawPictures();
    });
  $("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme !== "dark"));
  setTheme(window.matchMedia("(prefers-color-scheme: dark)").matches);
  if (state.chosen !== null) choose(state.chosen);
})();
