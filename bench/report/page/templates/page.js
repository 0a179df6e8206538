// Glue: binds the data of the page to plotly (plots) and DataTables (tables). Text becomes text nodes, never markup.
const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const shown = (value, digits) => (value == null ? "" : (Number(value.toFixed(digits)) + 0).toFixed(digits).replace("-", "−"));
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
const runs = new Map(data.runs.map((run) => [run.key, run]));

async function library(id) {
  const packed = Uint8Array.from(atob(byId(id).textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const code = new Blob([await new Response(stream).blob()], { type: "text/javascript" });
  return import(URL.createObjectURL(code));
}

function element(tag, parent, text = "", attributes = {}) {
  const made = parent.appendChild(document.createElement(tag));
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function told(name, values) {
  const lines = values.filter(([, text]) => text).map(([q, text]) => `${escaped(q.text)}: ${text}`);
  return [`<b>${escaped(name)}</b>`, ...lines].join("<br>");
}

// The length of an error bar from an estimate [IQM, lower, upper] to one of its ends.
const bars = (estimates) => ({
  type: "data", symmetric: false, thickness: 1, width: 0,
  array: estimates.map(([iqm, , hi]) => Math.max((hi ?? iqm) - iqm, 0)),
  arrayminus: estimates.map(([iqm, lo]) => Math.max(iqm - (lo ?? iqm), 0)),
});

function seriesTraces(group, view, series, asked) {
  const common = { legendgroup: series.name, name: escaped(series.name), hovertemplate: "%{hovertext}<extra></extra>" };
  const sizes = new Map(series.settings.map((s) => [s.id, s.size]));
  const known = group.settings.filter((s) => sizes.has(s.id) && s.estimates[view.cost] && s.estimates[view.score]);
  const seeds = data.runs.filter((run) => run.done && run.group === group.name && sizes.has(run.id) && run.values[view.score] != null);
  const open = (s) => series.symbol + (view.chosen.includes(s.id) ? "" : "-open");
  return [
    { ...common, meta: "runs", type: "scatter", mode: "markers", showlegend: false, customdata: seeds.map((run) => run.key),
      x: seeds.map((run) => run.values[view.cost]), y: seeds.map((run) => run.values[view.score]),
      marker: { color: series.colour, size: 5, opacity: 0.45, symbol: seeds.map((run) => (run.status === "collapsed" ? "x-thin-open" : "circle")) },
      hovertext: seeds.map((run) => told(`${run.name}, seed ${run.seed}${run.status === "collapsed" ? " (collapsed)" : ""}`, asked.map((q) => [q, shown(run.values[q.index], q.digits)]))) },
    { ...common, meta: "settings", type: "scatter", mode: "lines+markers", customdata: known.map((s) => s.run),
      x: known.map((s) => s.estimates[view.cost][0]), y: known.map((s) => s.estimates[view.score][0]),
      error_x: bars(known.map((s) => s.estimates[view.cost])), error_y: bars(known.map((s) => s.estimates[view.score])),
      line: { color: series.colour, width: 1.3 },
      marker: { color: series.colour, symbol: known.map(open), size: known.map((s) => sizes.get(s.id)), line: { width: 2, color: series.colour } },
      hovertext: known.map((s) => told(`${s.name}: IQM over ${s.n} seeds`, asked.map((q) => [q, s.texts[q.index]]))) },
  ];
}

function plot(group, view) {
  const indexed = data.quantities.map((q, index) => ({ ...q, index }));
  const scores = new Set([view.cost, view.score, ...group.views.map((v) => v.score)]);
  const asked = [...scores].map((index) => indexed[index]).filter((q) => q.first || q.index === view.score);
  const front = view.front.map((id) => group.settings.find((s) => s.id === id).estimates);
  const lines = view.baselines.map((b) => ({
    type: "scatter", mode: "lines", name: escaped(b.name), x: view.range, y: [b.y, b.y], visible: b.hidden ? "legendonly" : true,
    line: { color: "#777", width: 1.2, dash: b.dash }, hovertemplate: `${escaped(b.name)}: %{y}<extra></extra>`,
  }));
  const traces = [
    ...group.series.flatMap((series) => seriesTraces(group, view, series, asked)),
    { type: "scatter", meta: "front", mode: "lines", name: "front", hoverinfo: "skip", line: { shape: "hv", color: "#333", width: 1.5 },
      x: front.map((e) => e[view.cost][0]), y: front.map((e) => e[view.score][0]) },
    ...lines,
  ];
  const layout = structuredClone(data.layouts.plot);
  Object.assign(layout.xaxis, { range: view.range, autorange: false });
  layout.xaxis.title.text = view.x;
  layout.yaxis.title.text = view.y;
  if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false; // a finger on the plot scrolls the page
  byId("plot").setAttribute("aria-label", view.alt);
  byId("note").textContent = view.note;
  return Plotly.react("plot", traces, layout, { responsive: true, displaylogo: false, modeBarButtons: [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]] });
}

function show(run, { focus = false } = {}) {
  const panel = byId("panel");
  panel.replaceChildren();
  location.hash = run.key; // the address then opens the page at this run
  element("h3", panel, `${run.name}, seed ${run.seed}`);
  const about = element("p", panel, [`Run ${run.key}: ${run.status}`, run.role].filter(Boolean).join("; ") + ". ", { class: "caption" });
  element("a", about, "Link to this run", { href: `#${run.key}` });
  if (run.picture) {
    const box = element("div", panel, "", { class: "traversal" });
    element("img", box, "", { src: run.picture, alt: `Traversal of ${run.name}, seed ${run.seed}: a row for each of ${run.rows.length} latent dimensions, moved from -2.5 to 2.5` });
    const list = element("ol", box, "", { "aria-label": "Rows of the traversal" });
    run.rows.forEach((name, r) => element("li", list, [name, run.tracked[r]].filter(Boolean).join("; ")));
    element("p", panel, "A row: one latent dimension from −2.5 to 2.5 prior standard deviations, by falling KL; behind it the factor it says most about (mutual information in nats). Compressed; as decoded in the run's folder.", { class: "caption" });
  } else element("p", panel, "This page has no traversal of this run: it keeps none, or there was no room for it.", { class: "hint" });
  for (const [name, z] of Object.entries(run.matrices)) {
    const text = `${name}: latent dimensions by falling KL, factors across`;
    const div = element("div", panel, "", { class: "matrix", role: "img", "aria-label": text });
    const layout = { ...structuredClone(data.layouts.matrix), title: { text: name, font: { size: 13 }, x: 0, xanchor: "left" } };
    Plotly.newPlot(div, [{ ...data.layouts.heat, z, x: run.factors.map(escaped), y: run.rows }], layout, { responsive: true, displayModeBar: false });
  }
  if (!Object.keys(run.matrices).length) element("p", panel, "No matrices of this run are in this page.", { class: "hint" });
  const body = element("tbody", element("table", panel, "", { class: "plain", "aria-label": "Values of the run" }));
  data.quantities.forEach((q, k) => {
    if (run.values[k] == null) return;
    const line = element("tr", body);
    element("th", line, q.text, { scope: "row", title: q.about });
    element("td", line, shown(run.values[k], q.digits), { class: "number" });
  });
  if (run.command) {
    element("p", panel, "The command that makes it again:", { class: "caption" });
    element("pre", panel, run.command, { tabindex: "0", class: "command" });
  }
  if (focus) panel.focus();
}

const look = { paging: false, info: false, order: [], autoWidth: false, language: { search: "Filter:" } };
const more = { topStart: { buttons: [{ extend: "colvis", text: "Columns" }] }, topEnd: "search" };

// What a filter looks for in a text: the text, and how people type it: "beta" and "betavae" find "β-VAE, β = 4".
function typed(text) {
  const names = Object.entries(data.words).filter(([label]) => text.includes(label)).map(([, name]) => name);
  return [text, ...names].join(" ");
}

function tables(DataTable) {
  const escape = DataTable.render.text().display;
  const text = (value, type) => (type === "filter" ? typed(escape(String(value))) : type === "display" ? escape(String(value)) : value);
  const number = (digits) => (value, type) => (type === "display" ? shown(value, digits) : type === "filter" ? value ?? "" : value ?? -Infinity);
  const estimate = (value) => escaped(value).replace(/ (\[.*\])/, "<br><small>$1</small>"); // an interval below its number
  const first = ["key", ...(data.groups.length > 1 ? ["group"] : []), "method", "setting", "seed", "status"];
  const name = (q) => escaped(q.head);
  new DataTable("#table-runs", {
    ...look, paging: true, info: true, pageLength: 25, deferRender: true,
    layout: { ...more, bottomStart: "info", bottomEnd: "paging" },
    data: data.runs,
    columns: [
      ...first.map((part) => ({ title: part === "key" ? "run" : part, data: part, render: part === "seed" ? undefined : text })),
      ...data.quantities.map((q, k) => ({ title: name(q), data: (run) => run.values[k], render: number(q.digits), type: "num", className: "dt-right", visible: q.first })),
    ],
    columnDefs: [{ targets: 0, createdCell: (td, key, run) => {
      td.replaceChildren();
      element("button", td, key, { type: "button", class: "run", title: "Show traversal and matrices" }).onclick = () => show(run, { focus: true });
    } }],
  });
  data.groups.forEach((group, g) => new DataTable(`#settings-${g}`, {
    ...look, layout: more, data: group.settings,
    columns: [
      { title: "setting", data: "name", render: text }, { title: "n", data: "n" },
      ...data.quantities.map((q, k) => ({
        title: name(q), type: "num", className: "dt-right", visible: q.first && group.settings.some((s) => s.texts[k]), data: null,
        render: (s, type) => (type === "sort" || type === "type" ? (s.estimates[k] ? s.estimates[k][0] : -Infinity) : type === "display" ? estimate(s.texts[k]) : s.texts[k]),
      })),
      ...["diverged", "failed", "collapsed"].map((title) => ({ title, data: title, visible: group.settings.some((s) => s[title]) })),
    ],
  }));
  document.querySelectorAll("table.dataTable thead th").forEach((th) => th.setAttribute("scope", "col"));
}

try {
  const { default: DataTable } = await library("itables");
  tables(DataTable);
  await library("plotly");
  const chosen = () => byId("view").value.split(",").map(Number);
  const draw = () => plot(data.groups[chosen()[0]], data.groups[chosen()[0]].views[chosen()[1]]);
  if (byId("view").options.length) {
    byId("view").onchange = draw;
    await draw();
    byId("plot").on("plotly_click", ({ points: [p] }) => {
      const run = runs.get(p.customdata);
      if (run) show(run);
    });
  } else byId("note").textContent = "No setting has a cost and a score.";
  const linked = () => {
    const run = runs.get(location.hash.slice(1));
    if (run && !byId("panel").textContent.includes(run.key)) show(run, { focus: true });
  };
  window.addEventListener("hashchange", linked);
  linked();
  document.body.dataset.ready = "yes";
} catch (error) {
  byId("trouble").hidden = false;
  byId("trouble").textContent = `The interactive parts of this page did not start (${error.message}); report.md beside it holds the same tables.`;
  throw error;
}
