// Draws the histories of a page. The table of samples below a chart needs no script.
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
// Resolves light-dark() to the colour of the theme.
const colour = (name) => {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
};

// Columns for the chart: times in seconds, then values, lowest and highest. A null breaks the line at a gap.
const columns = ({ points, gaps }) => {
  const out = [[], [], [], []], add = (t, ...v) => { out[0].push(t / 1000); v.forEach((x, i) => out[i + 1].push(x)); };
  let next = 0;
  for (const p of points) {
    while (next < gaps.length && gaps[next].to_ms <= p.at_ms) {
      const g = gaps[next++];
      if (out[0].length) add((g.from_ms + g.to_ms) / 2, null, null, null);
    }
    add(p.at_ms, p.value, p.low, p.high);
  }
  return out;
};

// The columns of all lines over the same times. Each further line has one column.
const table = (chart) => {
  const others = (chart.others ?? []).map((line) => columns(line).slice(0, 2));
  return others.length ? uPlot.join([columns(chart), ...others]) : columns(chart);
};
// Strokes of the further lines. They differ by their dashes, too.
const strokes = [["--c2", [6, 4]], ["--c3", [2, 3]], ["--ink-3", [6, 4]]];

const number = new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 6 });

// Gaps as grey areas below the series, and set points as marks on the top edge.
const marks = (chart) => ({
  hooks: {
    drawClear: (u) => {
      const { ctx, bbox } = u;
      ctx.save();
      ctx.fillStyle = colour("--idle-soft");
      for (const gap of chart.gaps) {
        const from = Math.max(u.valToPos(gap.from_ms / 1000, "x", true), bbox.left);
        const to = Math.min(u.valToPos(gap.to_ms / 1000, "x", true), bbox.left + bbox.width);
        if (to > from) ctx.fillRect(from, bbox.top, to - from, bbox.height);
      }
      ctx.restore();
    },
    draw: (u) => {
      const { ctx, bbox } = u, size = 5 * devicePixelRatio;
      ctx.save();
      ctx.fillStyle = colour("--c3");
      for (const write of chart.writes) {
        const x = u.valToPos(write.at_ms / 1000, "x", true);
        if (x < bbox.left || x > bbox.left + bbox.width) continue;
        ctx.beginPath();
        ctx.moveTo(x - size, bbox.top);
        ctx.lineTo(x + size, bbox.top);
        ctx.lineTo(x, bbox.top + 2 * size);
        ctx.fill();
      }
      ctx.restore();
    },
  },
});

const show = async (figure) => {
  const area = figure.querySelector(".plot-area"), readout = figure.querySelector(".readout"), list = figure.querySelector(".marks");
  let plot, chart, at = null;
  const zone = () => { try { new Intl.DateTimeFormat("en", { timeZone: chart.time_zone }); return chart.time_zone; } catch { return undefined; } };
  const words = (ms) => new Date(ms).toLocaleString("en-GB", { timeZone: zone(), day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const read = () => {
    if (at === null) { readout.textContent = chart.points.length ? "" : "No samples in this span."; return; }
    const seconds = plot.data[0][at], point = chart.points.find((p) => p.at_ms === Math.round(seconds * 1000));
    if (!point) {
      const gap = chart.gaps.find((g) => g.from_ms <= seconds * 1000 && seconds * 1000 <= g.to_ms);
      readout.textContent = gap ? `${words(gap.from_ms)} to ${words(gap.to_ms)}: ${gap.reason}` : "";
      return;
    }
    const span = point.low === point.high ? "" : `, ${number.format(point.low)} to ${number.format(point.high)}`;
    const value = (name, v) => `${name ? `${name} ` : ""}${number.format(v)} ${chart.unit}`;
    const others = (chart.others ?? []).map((line, i) => [line.name, plot.data[4 + i][at]]).filter(([, v]) => v != null);
    readout.textContent = `${words(point.at_ms)}: ${value(chart.name, point.value)}${span}${others.map(([name, v]) => `, ${value(name, v)}`).join("")}`;
  };
  // 14:00, and the date at midnight and for longer spans.
  const ticks = (_, splits, axis, space, step) => {
    const timeZone = zone(), time = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
    const date = new Intl.DateTimeFormat("en-GB", { timeZone, day: "numeric", month: "short" });
    return splits.map((s) => { const at = new Date(s * 1000), clock = time.format(at); return step >= 86400 || clock === "00:00" ? date.format(at) : clock; });
  };
  const draw = () => {
    plot?.destroy();
    const line = { stroke: colour("--c1"), width: 1.75, points: { show: chart.points.length < 60 }, spanGaps: false };
    const stepped = uPlot.paths.stepped({ align: 1 });
    if (chart.is_stepped) line.paths = stepped;
    const others = (chart.others ?? []).map((other, i) => {
      const [ink, dash] = strokes[i % strokes.length];
      return { stroke: colour(ink), width: 1.5, dash, points: { show: other.points.length < 60 }, spanGaps: false, ...(other.is_stepped && { paths: stepped }) };
    });
    const edge = { stroke: "transparent", width: 0, points: { show: false } };
    const axis = { stroke: colour("--ink-3"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { show: false }, font: `12px ${style("--sans")}` };
    plot = new uPlot({
      width: area.clientWidth, height: Math.max(220, Math.min(360, area.clientWidth / 2)),
      tzDate: (seconds) => { const named = zone(); return named ? uPlot.tzDate(new Date(seconds * 1000), named) : new Date(seconds * 1000); },
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: { range: () => [chart.from_ms / 1000, chart.to_ms / 1000] }, ...(chart.is_from_zero && { y: { range: (_, low, high) => uPlot.rangeNum(Math.min(0, low ?? 0), high || 1, 0.1, true) } }) },
      axes: [{ ...axis, space: 70, values: ticks }, { ...axis, size: 62, values: (_, splits) => splits.map((v) => number.format(v)) }],
      series: [{}, line, edge, edge, ...others],
      bands: [{ series: [3, 2], fill: colour("--c1-area") }],
      plugins: [marks(chart)],
      hooks: { setCursor: [(u) => { if (u.cursor.idx !== at) { at = u.cursor.idx ?? null; read(); } }] },
    }, table(chart), area);
    area.dataset.drawn = chart.points.length;
    read();
  };
  const load = async () => {
    const response = await fetch(figure.dataset.chart).catch(() => null);
    if (!response?.ok) { readout.textContent = "The samples could not be loaded. The page tries again in a minute."; return; }
    chart = await response.json();
    const notes = (chart.notes ?? []).map((note) => { const li = document.createElement("li"); li.textContent = note; return li; });
    list.replaceChildren(...notes, ...chart.gaps.filter((g) => g.reason).slice(-20).map((g) => {
      const li = document.createElement("li");
      li.textContent = `No data ${words(g.from_ms)} to ${words(g.to_ms)}: ${g.reason}`;
      return li;
    }), ...chart.writes.slice(0, 20).map((w) => {
      const li = document.createElement("li");
      li.textContent = `Set point ${words(w.at_ms)}: ${w.text}`;
      return li;
    }));
    draw();
  };
  area.addEventListener("keydown", (e) => {
    const last = plot ? plot.data[0].length - 1 : -1;
    const to = { ArrowLeft: Math.max(0, (at ?? last + 1) - 1), ArrowRight: Math.min(last, (at ?? -1) + 1), Home: 0, End: last }[e.key];
    if (to === undefined || last < 0) return;
    e.preventDefault();
    at = to;
    const value = plot.data[1][to];
    plot.setCursor({ left: plot.valToPos(plot.data[0][to], "x"), top: value === null ? 0 : plot.valToPos(value, "y") }, false);
    read();
  });
  new ResizeObserver(() => { if (plot && plot.width !== area.clientWidth) plot.setSize({ width: area.clientWidth, height: plot.height }); }).observe(area);
  new MutationObserver(() => chart && draw()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart && draw());
  setInterval(() => { if (!document.hidden) load(); }, 60000);
  await load();
};
for (const figure of document.querySelectorAll("[data-chart]")) show(figure);
