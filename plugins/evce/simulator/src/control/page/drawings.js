// Pictures as SVG: bars of zones and connectors, the chart of a zone, sockets and cars.

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function picture(width, height, label, ...children) {
  return element("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label }, ...children);
}

// The pattern of each picture has another id: ids are unique in a page.
let patterns = 0;

/** Three bars, one per phase: drawn current, the building's load, and the set point as a line. */
export function phaseBars(zone) {
  const [left, width, right] = [22, 210, 70];
  const scale = width / Math.max(zone.max_current_a, 1);
  const hatch = `hatch-${patterns++}`;
  const lines = [element("defs", {}, element("pattern",
    { id: hatch, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    element("line", { class: "hatch-line", x1: 0, y1: 0, x2: 0, y2: 6 })))];
  zone.current_ca.forEach((current_ca, phase) => {
    const y = 4 + phase * 18;
    const drawn = current_ca / 100;
    // Meters round, and stations without a car draw a little that no set point limits.
    const isOver = drawn > zone.set_point_a * 1.01 + 1;
    const building = Math.min(zone.building_a * scale, width);
    lines.push(
      element("text", { x: 0, y: y + 10 }, `L${phase + 1}`),
      element("rect", { class: "track", x: left, y, width, height: 12, rx: 2 }),
      element("rect", { fill: `url(#${hatch})`, x: left + width - building, y, width: building, height: 12 }),
      element("rect", { class: isOver ? "drawn over" : "drawn", x: left, y, width: Math.min(drawn * scale, width), height: 12, rx: 2 }),
      element("text", { x: left + width + 8, y: y + 10 }, `${drawn.toFixed(1)} A`),
    );
  });
  const x = left + Math.min(zone.set_point_a * scale, width);
  lines.push(element("line", { class: "limit", x1: x, x2: x, y1: 0, y2: 56 }));
  const amperes = zone.current_ca.map((current_ca) => (current_ca / 100).toFixed(1)).join(", ");
  const label = `Current on the phases: ${amperes} A of ${zone.set_point_a} A; at most ${zone.max_current_a} A`;
  return picture(left + width + right, 58, label, ...lines);
}

/** Current of the most loaded phase over the last samples of this page, against the set point. */
export function currentChart(samples) {
  const [width, height] = [302, 44];
  const top = Math.max(1, ...samples.map((sample) => Math.max(sample.drawn_a, sample.limit_a))) * 1.05;
  const points = (key) => samples.map((sample, index) =>
    `${((index / Math.max(samples.length - 1, 1)) * width).toFixed(1)},${(height - (sample[key] / top) * (height - 2) - 1).toFixed(1)}`);
  const last = samples[samples.length - 1];
  return picture(width, height, `Most loaded phase: ${last.drawn_a.toFixed(1)} A of ${last.limit_a} A`,
    element("polyline", { class: "limit-path", points: points("limit_a").join(" ") }),
    element("polyline", { class: "power-path", points: points("drawn_a").join(" ") }));
}

/** The current of a connector against its set point and its rating. */
export function connectorBar(connector) {
  const width = 250;
  const scale = width / Math.max(connector.max_current_a, 1);
  const drawn = Math.max(...connector.current_ca) / 100;
  const x = Math.min(connector.set_point_a * scale, width - 1);
  const label = `${drawn.toFixed(1)} A of a set point of ${connector.set_point_a} A; rating ${connector.max_current_a} A`;
  return picture(width, 14, label,
    element("rect", { class: "track", x: 0, y: 3, width, height: 8, rx: 2 }),
    element("rect", { class: drawn > connector.set_point_a + 0.5 ? "drawn over" : "drawn", x: 0, y: 3, width: Math.min(drawn * scale, width), height: 8, rx: 2 }),
    element("line", { class: "limit", x1: x, x2: x, y1: 0, y2: 14 }));
}

/** A socket, or a car at its place. The word beside it says the same. */
export function plug(hasCar) {
  const drawing = hasCar
    ? [element("path", { class: "car", d: "M2 17 v-5 l4 -1 4 -6 h10 l4 6 6 1 v5 z" }),
       element("circle", { class: "wheel", cx: 9, cy: 18, r: 3 }), element("circle", { class: "wheel", cx: 24, cy: 18, r: 3 })]
    : [element("circle", { class: "socket", cx: 16, cy: 12, r: 9 }), element("circle", { class: "socket-hole", cx: 12.5, cy: 12, r: 1.7 }),
       element("circle", { class: "socket-hole", cx: 19.5, cy: 12, r: 1.7 })];
  const drawn = element("svg", { viewBox: "0 0 32 24", width: 32, height: 24, "aria-hidden": "true" }, ...drawing);
  return drawn;
}
