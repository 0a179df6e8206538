// Glue: binds the data of the page to plotly (plots) and DataTables (tables). Text becomes text nodes, never markup.
const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const head = data.rows.length ? data.rows[0].length - data.quantities.length : 0; // columns before the quantities
const shown = (value, digits) => (value == null ? "" : (Number(value.toFixed(digits)) + 0).toFixed(digits).replace("-", "−"));
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
const statusOf = (row) => row[head - 1];

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

const valueOf = (i, q) => data.rows[i][head + q];
function told(name, values) {
  const lines = values.filter(([, text]) => text).map(([q, text]) => `${escaped(data.quantities[q].text)}: ${text}`);
  return [`<b>${escaped(name)}</b>`, ...lines].join("<br>");
}

function plot(group, number) {
  const view = group.views[number];
  const asked = [...new Set([view.cost, view.score, ...group.views.map((v) => v.score)])].filter((q) => data.quantities[q].first || q === view.score);
  const place = new Map(view.front.map((s, i) => [s, view.places[i]])); // of the text of a setting on the front
  const digits = (q) => data.quantities[q].digits;
  const fill = {
    front: () => ({ x: view.front.map((s) => group.settings[s].estimates[view.cost][0]), y: view.front.map((s) => group.settings[s].estimates[view.score][0]) }),
    runs: (t) => ({
      x: t.customdata.map((i) => valueOf(i, view.cost)),
      y: t.customdata.map((i) => valueOf(i, view.score)),
      hovertext: t.customdata.map((i) => told(`${data.names[i]}, seed ${data.rows[i][head - 2]}`, asked.map((q) => [q, shown(valueOf(i, q), digits(q))]))),
    }),
    settings: (t) => {
      const known = t.customdata.map((s) => group.settings[s]).map((s) => [s, s.estimates[view.cost], s.estimates[view.score]]);
      const bars = (at) => ({
        array: known.map((k) => (k[at] && k[at][2] != null ? Math.max(k[at][2] - k[at][0], 0) : 0)),
        arrayminus: known.map((k) => (k[at] && k[at][1] != null ? Math.max(k[at][0] - k[at][1], 0) : 0)),
      });
      return {
        x: known.map((k) => k[1] && k[1][0]),
        y: known.map((k) => k[2] && k[2][0]),
        error_x: { ...t.error_x, ...bars(1) },
        error_y: { ...t.error_y, ...bars(2) },
        text: t.customdata.map((s) => (place.has(s) ? escaped(group.settings[s].strength) : "")),
        textposition: t.customdata.map((s) => place.get(s) ?? "top right"),
        marker: { ...t.marker, symbol: t.customdata.map((s) => t.marker.symbol + (place.has(s) ? "" : "-open")) },
        hovertext: known.map(([s]) => told(`${s.name}: IQM over ${s.n} seeds`, asked.map((q) => [q, s.texts[q]]))),
      };
    },
  };
  const traces = group.traces.map((t) => ({ ...t, ...fill[t.meta](t) }));
  const layout = structuredClone(data.layouts.plot);
  Object.assign(layout.xaxis, { range: view.range, autorange: !view.range });
  layout.xaxis.title.text = view.x;
  layout.yaxis.title.text = view.y;
  if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false; // a finger on the plot scrolls the page
  byId("plot").setAttribute("aria-label", view.alt);
  byId("note").textContent = view.note;
  return Plotly.react("plot", traces, layout, { responsive: true, displaylogo: false, modeBarButtons: [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]] });
}

function show(i, { focus = false } = {}) {
  const [run, row, panel] = [data.behind[i], data.rows[i], byId("panel")];
  panel.replaceChildren();
  element("h3", panel, `${data.names[i]}, seed ${row[head - 2]}`);
  element("p", panel, [`Run ${row[0]}: ${statusOf(row)}`, data.roles[i]].filter(Boolean).join("; ") + ".", { class: "caption" });
  if (run.picture) {
    const box = element("div", panel, "", { class: "traversal" });
    element("img", box, "", { src: run.picture, alt: `Traversal of ${data.names[i]}, seed ${row[head - 2]}: a row for each of ${run.rows.length} latent dimensions, moved from -2.5 to 2.5` });
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
    if (valueOf(i, k) == null) return;
    const line = element("tr", body);
    element("th", line, q.text, { scope: "row", title: q.about });
    element("td", line, shown(valueOf(i, k), q.digits), { class: "number" });
  });
  if (focus) panel.focus();
}

const look = { paging: false, info: false, order: [], autoWidth: false, language: { search: "Filter:" } };
const more = { topStart: { buttons: [{ extend: "colvis", text: "Columns" }] }, topEnd: "search" };

function tables(DataTable) {
  const text = DataTable.render.text();
  const number = (digits) => (value, type) => (type === "display" ? shown(value, digits) : type === "filter" ? value ?? "" : value ?? -Infinity);
  const first = ["run", ...(data.groups.length > 1 ? ["group"] : []), "method", "setting", "seed", "status"];
  const name = (q) => escaped(q.head);
  new DataTable("#table-runs", {
    ...look, paging: true, info: true, pageLength: 25, deferRender: true,
    layout: { ...more, bottomStart: "info", bottomEnd: "paging" },
    data: data.rows.map((row, i) => [...row, i]),
    columns: [
      ...first.map((title) => ({ title, render: title === "seed" ? undefined : text })),
      ...data.quantities.map((q) => ({ title: name(q), render: number(q.digits), type: "num", className: "dt-right", visible: q.first })),
    ],
    columnDefs: [{ targets: 0, createdCell: (td, key, row) => {
      td.replaceChildren();
      element("button", td, key, { type: "button", class: "run", title: "Show traversal and matrices" }).onclick = () => show(row.at(-1), { focus: true });
    } }],
  });
  data.groups.forEach((group, g) => new DataTable(`#settings-${g}`, {
    ...look, layout: more, data: group.settings,
    columns: [
      { title: "setting", data: "name", render: text }, { title: "n", data: "n" },
      ...["diverged", "failed", "collapsed"].map((title) => ({ title, data: title, visible: group.settings.some((s) => s[title]) })),
      ...data.quantities.map((q, k) => ({
        title: name(q), type: "num", className: "dt-right", visible: q.first && group.settings.some((s) => s.texts[k]), data: null,
        render: (s, type) => (type === "sort" || type === "type" ? (s.estimates[k] ? s.estimates[k][0] : -Infinity) : s.texts[k]),
      })),
    ],
  }));
  document.querySelectorAll("table.dataTable thead th").forEach((th) => th.setAttribute("scope", "col"));
}

try {
  const { default: DataTable } = await library("itables");
  tables(DataTable);
  await library("plotly");
  const chosen = () => byId("view").value.split(",").map(Number);
  const draw = () => plot(data.groups[chosen()[0]], chosen()[1]);
  if (byId("view").options.length) {
    byId("view").onchange = draw;
    await draw();
    byId("plot").on("plotly_click", ({ points: [p] }) => {
      const i = p.data.meta === "settings" ? data.groups[chosen()[0]].settings[p.customdata].run : p.customdata;
      if (i != null) show(i);
    });
  } else byId("note").textContent = "No setting has a cost and a score.";
  document.body.dataset.ready = "yes";
} catch (error) {
  byId("trouble").hidden = false;
  byId("trouble").textContent = `The interactive parts of this page did not start (${error.message}); report.md beside it holds the same tables.`;
  throw error;
}
