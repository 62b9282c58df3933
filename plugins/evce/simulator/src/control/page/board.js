// The live board. It reads /_sim/state each second and sends events; nothing else.

import { connectorBar, phaseBars, plug, currentChart } from "./drawings.js";

const INTERVAL_MS = 1000;
const STATIONS_AT_ONCE = 60;
const SAMPLES = 180;

// A map keeps this order; an object would put the numbers first.
const FAULT_KINDS = new Map([
  ["down", "Connection refused"], ["latency", "Delay"], ["401", "401, token ended"], ["429", "429, too many requests"],
  ["500", "500, internal error"], ["503", "503, starting"], ["error", "Another error"],
  ["html", "Login page as HTML with 200"], ["truncated_json", "JSON cut in the middle"],
  ["response_lost", "Response lost after the effect"], ["close_on_reuse", "Connection closed on reuse"],
  ["empty_list", "Empty lists"], ["short_list", "Lists of one object"], ["set_field", "Field with another value"],
  ["remove_field", "Field missing"], ["rename_field", "Field renamed"], ["extra_fields", "Unknown fields"],
  ["duplicate_keys", "Fields twice in an object"], ["text_numbers", "Numbers as texts"],
  ["duplicate_object", "An object twice in a list"], ["page_drift", "First object of a list missing"],
  ["write_ignored", "Write accepted, not applied"], ["write_late", "Write applied late"],
  ["overwritten", "Write overwritten by another user"], ["black_hole", "No response ever"],
  ["cut_body", "Connection reset in the body"], ["drip", "Body byte by byte"],
  ["no_keep_alive", "Connection not kept"], ["redirect", "Redirect to HTTP without TLS"], ["empty_body", "Empty body"],
  ["trailing_garbage", "Text after the JSON"], ["invalid_utf8", "A byte that is not UTF-8"],
  ["byte_order_mark", "Byte order mark"], ["wrong_content_type", "JSON as plain text"],
  ["wrong_content_length", "Length too large"], ["broken_gzip", "Broken gzip"], ["gzip_bomb", "100 MiB in gzip"],
  ["huge_body", "100 MiB of spaces"], ["deep_nesting", "A million nested arrays"],
]);

const STATUS = {
  Available: ["available", "idle"], Preparing: ["preparing", "wait"], Charging: ["charging", "good"],
  SuspendedEv: ["car wants no more", "wait"], SuspendedEvse: ["waits for current", "wait"],
  Finishing: ["finishing", "wait"], Unavailable: ["out of service", "bad"], Faulted: ["faulted", "bad"],
};

const byId = (id) => document.getElementById(id);
const zoneCards = new Map();
const stationCards = new Map();
const history = new Map();
let shownStations = STATIONS_AT_ONCE;
let state = null;
let zoneNames = "";

/** Makes an element. A key that begins with "on" is a listener, another one a property or an attribute. */
function make(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** Changes a text only if it differs, so that a screen reader is not disturbed. */
function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

function show(text, isRefused = false) {
  const message = byId("message");
  message.className = isRefused ? "refused" : "";
  message.textContent = text;
}

async function call(method, path, body) {
  const response = await fetch(path, {
    method, headers: body ? { "content-type": "application/json" } : {}, body: body ? JSON.stringify(body) : undefined,
  });
  const text = await response.text();
  const reply = text ? JSON.parse(text) : {};
  if (!response.ok) throw new Error(reply.error ?? `status ${response.status}`);
  return reply;
}

/** Sends an order, says what came of it, and shows the new state. */
async function order(done, method, path, body) {
  try {
    await call(method, path, body);
    show(done);
  } catch (error) {
    show(`Refused: ${error.message}`, true);
  }
  await refresh();
}

const event = (done, kind, rest) => order(done, "POST", "/_sim/event", { kind, ...rest });

// Zones

function zoneCard(zone) {
  const percent = make("input", { type: "number", min: "0", max: "100", step: "0.1", value: "25", required: true });
  const parts = {
    name: make("h3"), kind: make("span", { className: "badge" }), sub: make("p", { className: "sub" }),
    bars: make("div"), chart: make("div"), reduction: make("p", { className: "sub" }),
    end: make("button", { type: "button", onclick: () => event(`Reduction of zone ${zone.id} removed`, "reduce", { zone: zone.id }) }, "Remove"),
  };
  const form = make("form", {
    className: "actions", "aria-label": `Reduction of zone ${zone.id}`,
    onsubmit: (submitted) => {
      submitted.preventDefault();
      event(`Another user reduces zone ${zone.id} by ${percent.value} %`, "reduce", { zone: zone.id, percent: Number(percent.value) });
    },
  }, make("label", {}, "Reduce by, %", percent), make("button", { type: "submit" }, "Reduce"), parts.end,
  make("button", { type: "button", onclick: () => { byId("zone-filter").value = zone.id; shownStations = STATIONS_AT_ONCE; refresh(); byId("stations").focus(); } }, "Show stations"));
  const card = make("li", { className: "card", id: `zone-${zone.id}` },
    make("header", {}, parts.name, parts.kind), parts.sub, parts.bars, parts.chart, parts.reduction, form);
  byId("zones").append(card);
  return { card, parts };
}

function showZone(zone) {
  if (!zoneCards.has(zone.id)) zoneCards.set(zone.id, zoneCard(zone));
  const { card, parts } = zoneCards.get(zone.id);
  setText(parts.name, `${zone.name}`);
  setText(parts.kind, `zone ${zone.id}, ${zone.type}`);
  setText(parts.sub, `${kw(zone.power_w)} · set point ${zone.set_point_a} of ${zone.max_current_a} A (${zone.set_point_kw} kW in the API) · `
    + `${zone.transactions} charging · ${zone.stations} stations`
    + (zone.without_link ? ` · ${zone.without_link} without link` : "") + (zone.faulted ? ` · ${zone.faulted} faulted` : ""));
  card.classList.toggle("faulted", zone.faulted > 0 || zone.without_link > 0);
  parts.bars.replaceChildren(phaseBars(zone));
  const samples = history.get(zone.id) ?? [];
  samples.push({ drawn_a: Math.max(...zone.current_ca) / 100, limit_a: zone.set_point_a });
  if (samples.length > SAMPLES) samples.shift();
  history.set(zone.id, samples);
  parts.chart.replaceChildren(currentChart(samples));
  const reduction = zone.reduction;
  setText(parts.reduction, reduction
    ? `Reduced by ${reduction.percent} % until ${reduction.until.replace("T", " ").replace("Z", " UTC")} (${reduction.description})`
    : "No reduction");
  parts.end.disabled = !reduction;
}

// Stations

function stationCard(station) {
  const id = station.id;
  const zone = make("select", { "aria-label": `New zone of station ${id}` });
  const parts = {
    name: make("h3"), link: make("span", { className: "badge" }), sub: make("p", { className: "sub" }),
    outlets: make("div"), zone,
    phases: make("select", { "aria-label": `Phases that station ${id} sends`, onchange: () => event(
      `Meters of station ${id} changed`, "report_phases", { station: id, phases: parts.phases.value }) },
    make("option", { value: "all" }, "all phases"), make("option", { value: "connected" }, "own phases"), make("option", { value: "total" }, "a total")),
    linkButton: make("button", { type: "button", onclick: () => {
      const lost = parts.linkButton.dataset.next;
      event(lost === "link_loss" ? `Link of station ${id} broken` : `Link of station ${id} is back`, lost, { station: id });
    } }),
    rejects: make("button", { type: "button", onclick: () => event(`Station ${id} changed`, "reject_availability",
      { station: id, rejects: parts.rejects.getAttribute("aria-pressed") !== "true" }) }, "Rejects availability"),
  };
  const more = make("details", {}, make("summary", {}, "More", make("span", { className: "badge" }, ` of station ${id}`)), make("div", { className: "actions" },
    make("label", {}, "Zone", zone),
    make("button", { type: "button", onclick: () => event(`Station ${id} moved to zone ${zone.value}`, "move_station", { station: id, zone: Number(zone.value) }) }, "Move"),
    make("label", {}, "Meters send", parts.phases),
    parts.rejects,
    make("button", { type: "button", onclick: () => event(`Station ${id} starts again`, "reboot_station", { station: id }) }, "Restart"),
    make("button", { type: "button", onclick: () => event(`Station ${id} removed`, "remove_station", { station: id }) }, "Remove station")));
  const card = make("li", { className: "card", id: `station-${id}` },
    make("header", {}, parts.name, parts.link), parts.sub, parts.outlets,
    make("div", { className: "actions" }, parts.linkButton), more);
  return { card, parts, outlets: new Map() };
}

function outletRow(station, connector) {
  const at = { station: station.id, connector: connector.number };
  const name = `connector ${connector.number} of station ${station.id}`;
  const parts = {
    picture: make("span"), word: make("span", { className: "word" }), bar: make("div"), numbers: make("p", { className: "numbers sub" }),
    plug: make("button", { type: "button", onclick: () => {
      const next = parts.plug.dataset.next;
      event(next === "plug_in" ? `Car plugged in at ${name}` : `Car unplugged at ${name}`, next, at);
    } }),
    fault: make("button", { type: "button", onclick: () => {
      const next = parts.fault.dataset.next;
      event(next === "fault" ? `Fault at ${name}` : `Fault at ${name} cleared`, next, at);
    } }),
    meter: make("button", { type: "button", "aria-label": `Swap the meter of ${name}`, onclick: () => event(`Meter of ${name} swapped`, "swap_meter", at) }, "Swap meter"),
  };
  const row = make("div", { className: "outlet" },
    make("div", { className: "line" }, parts.picture, parts.word), parts.bar, parts.numbers,
    make("div", { className: "actions" }, parts.plug, parts.fault, parts.meter));
  return { row, parts, name };
}

function showOutlet(station, connector, { parts, name }) {
  const [word, tone] = STATUS[connector.status];
  setText(parts.word, `${connector.number}: ${word}${connector.status === "Faulted" ? ` (${connector.error_code})` : ""}`);
  parts.word.className = `word is-${tone}`;
  const hasCar = connector.session !== null;
  const look = `${hasCar} ${tone}`;
  if (parts.picture.dataset.look !== look) {
    parts.picture.dataset.look = look;
    parts.picture.className = `is-${tone}`;
    parts.picture.replaceChildren(plug(hasCar));
  }
  parts.bar.replaceChildren(connectorBar(connector));
  const power = connector.power_w.reduce((sum, phase) => sum + phase, 0);
  const charged = hasCar ? ` · ${(connector.session.delivered_wh / 1000).toFixed(1)} of ${(connector.session.need_wh / 1000).toFixed(1)} kWh` : "";
  const kind = connector.is_dc ? `DC ${connector.max_current_or_power} kW` : `${connector.phases} ${connector.max_current_or_power} A`;
  setText(parts.numbers, `${kw(power)} · set point ${connector.set_point_a} A${charged} · meter ${(connector.energy_wh / 1000).toFixed(1)} kWh · ${kind}`
    + (connector.operative ? "" : " · inoperative") + (connector.inoperative_scheduled ? " · inoperative when the car leaves" : ""));
  setButton(parts.plug, hasCar ? "unplug" : "plug_in", hasCar ? "Unplug" : "Plug in", name);
  parts.plug.disabled = !hasCar && connector.status !== "Available";
  const isFaulted = connector.status === "Faulted";
  setButton(parts.fault, isFaulted ? "clear_fault" : "fault", isFaulted ? "Clear fault" : "Fault", name);
}

function setButton(button, next, text, name) {
  if (button.dataset.next === next) return;
  button.dataset.next = next;
  button.textContent = text;
  button.setAttribute("aria-label", `${text}: ${name}`);
}

function showStation(station, zones) {
  if (!stationCards.has(station.id)) stationCards.set(station.id, stationCard(station));
  const held = stationCards.get(station.id);
  const { card, parts } = held;
  setText(parts.name, station.name);
  setText(parts.sub, `${station.ocpp_identifier} · ${station.model} · ${station.ip_address}`);
  setText(parts.link, station.connected ? "linked" : "no link");
  parts.link.classList.toggle("bad", !station.connected);
  card.classList.toggle("offline", !station.connected);
  card.classList.toggle("faulted", station.connectors.some((connector) => connector.status === "Faulted"));
  setButton(parts.linkButton, station.connected ? "link_loss" : "link_back", station.connected ? "Break link" : "Restore link", `station ${station.id}`);
  if (document.activeElement !== parts.phases) parts.phases.value = station.reported_phases;
  parts.rejects.setAttribute("aria-pressed", String(station.rejects_availability));
  if (parts.zone.dataset.names !== zoneNames) {
    parts.zone.dataset.names = zoneNames;
    parts.zone.replaceChildren(...zones.map((zone) => make("option", { value: zone.id }, zone.name)));
    parts.zone.value = station.zone;
  }
  const numbers = new Set(station.connectors.map((connector) => connector.number));
  for (const [number, { row }] of held.outlets) {
    if (!numbers.has(number)) { row.remove(); held.outlets.delete(number); }
  }
  for (const connector of station.connectors) {
    if (!held.outlets.has(connector.number)) {
      const made = outletRow(station, connector);
      held.outlets.set(connector.number, made);
      parts.outlets.append(made.row);
    }
    showOutlet(station, connector, held.outlets.get(connector.number));
  }
  return card;
}

/** Puts the cards into the list in order, without moving those that are in place: focus stays. */
function arrange(list, cards) {
  cards.forEach((card, index) => {
    if (list.children[index] !== card) list.insertBefore(card, list.children[index] ?? null);
  });
  while (list.children.length > cards.length) list.lastChild.remove();
}

function meetsFilter(station) {
  const filter = byId("state-filter").value;
  if (filter === "car") return station.connectors.some((connector) => connector.session !== null);
  if (filter === "trouble") return !station.connected || station.connectors.some((connector) => connector.status === "Faulted");
  return true;
}

function showSite() {
  const clock = state.clock;
  setText(byId("controller-clock"), clock.controller.replace("T", " ").replace("Z", " UTC") + offsetText(clock.offset_ms));
  setText(byId("speed"), clock.speed_milli === 0 ? "paused" : `${clock.speed_milli / 1000}× · ${Math.floor(clock.cars_ms / 60000)} min since the start`);
  for (const button of document.querySelectorAll("[data-speed]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.speed) * 1000 === clock.speed_milli));
  }
  setText(byId("site-power"), kw(state.zones.reduce((sum, zone) => sum + zone.power_w, 0)));
  setText(byId("transactions"), String(state.transactions));
  setText(byId("request-count"), String(state.requests));
  setText(byId("api-facts"), `Version ${state.api_version ?? "none"} · ${state.api_sessions} logins · certificate ${state.certificate_sha256.slice(0, 16)}… · `
    + `${state.scheduled_events} events to come`);
  const ids = new Set(state.zones.map((zone) => zone.id));
  for (const [id, { card }] of zoneCards) {
    if (!ids.has(id)) { card.remove(); zoneCards.delete(id); }
  }
  byId("zones").classList.toggle("many", state.zones.length > 8);
  state.zones.forEach(showZone);
  showZoneFilter(state.zones);

  const wanted = state.stations.filter(meetsFilter);
  const ofSite = new Set(state.stations.map((station) => station.id));
  for (const id of [...stationCards.keys()]) if (!ofSite.has(id)) stationCards.delete(id);
  const cards = wanted.slice(0, shownStations).map((station) => showStation(station, state.zones));
  arrange(byId("stations"), cards);
  const hidden = wanted.length - cards.length;
  byId("more-stations").hidden = hidden === 0;
  setText(byId("more-stations"), `Show more stations (${hidden} hidden)`);
  document.body.dataset.ready = "true";
}

function showZoneFilter(zones) {
  const names = JSON.stringify(zones.map((zone) => [zone.id, zone.name]));
  if (names === zoneNames) return;
  zoneNames = names;
  const filter = byId("zone-filter");
  const chosen = filter.value;
  const options = zones.map((zone) => make("option", { value: zone.id }, `${zone.id} · ${zone.name}`));
  filter.replaceChildren(...(zones.length > 4 ? [] : [make("option", { value: "" }, "all")]), ...options);
  filter.value = [...filter.options].some((option) => option.value === chosen) ? chosen : filter.options[0]?.value ?? "";
}

function offsetText(offset_ms) {
  const minutes = Math.round(offset_ms / 60000);
  return minutes === 0 ? "" : ` (${minutes > 0 ? "+" : "−"}${Math.abs(minutes)} min)`;
}

const kw = (watts) => `${(watts / 1000).toFixed(1)} kW`;

// Faults and requests

function showFaults(faults) {
  const list = byId("faults");
  const key = JSON.stringify(faults);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(...faults.map((fault) => make("li", {},
    make("strong", {}, FAULT_KINDS.get(fault.kind) ?? fault.kind.replaceAll("_", " ")),
    make("span", {}, `${fault.method ?? "all methods"}, ${fault.path || "all paths"}`),
    make("span", {}, fault.left === null ? "" : `${fault.left} requests left`),
    make("span", {}, `met ${fault.met} times`),
    make("button", { type: "button", "aria-label": `End fault ${fault.id}`, onclick: () => order(`Fault ${fault.id} ended`, "DELETE", `/_sim/faults/${fault.id}`) }, "End"))));
}

function showRequests(requests) {
  const body = byId("requests");
  const key = `${requests.at(-1)?.sequence} ${requests.at(-1)?.status}`;
  if (body.dataset.key === key) return;
  body.dataset.key = key;
  body.replaceChildren(...requests.reverse().map((request) => make("tr", {},
    make("td", {}, String(request.sequence)), make("td", {}, new Date(request.unix_ms).toISOString().slice(11, 19)),
    make("td", {}, make("code", {}, `${request.method} ${request.path}${request.query ? `?${request.query}` : ""}`)),
    make("td", { className: request.status >= 200 && request.status < 300 ? "" : "bad" }, request.status === null ? "none" : String(request.status)),
    make("td", {}, request.response_bytes === null ? "" : String(request.response_bytes)),
    make("td", {}, request.fault ?? ""))));
}

let isRefreshing = null;

async function read() {
  const zone = byId("zone-filter").value;
  const [newState, faults, requests] = await Promise.all([
    call("GET", zone ? `/_sim/state?zone=${zone}` : `/_sim/state?limit=${state ? 1000 : 0}`),
    call("GET", "/_sim/faults"), call("GET", "/_sim/requests?last=15"),
  ]);
  const isFirst = state === null;
  state = newState;
  showSite();
  // Only now is the zone known whose stations are shown.
  if (isFirst) return read();
  showFaults(faults);
  showRequests(requests);
}

/** Reads and shows the state; a call during another waits for one more. */
async function refresh() {
  while (isRefreshing) await isRefreshing;
  isRefreshing = read().then(
    () => { if (document.body.dataset.lost) { delete document.body.dataset.lost; show("The simulator responds again"); } },
    (error) => { document.body.dataset.lost = "true"; show(`The simulator does not respond: ${error.message}`, true); },
  );
  await isRefreshing;
  isRefreshing = null;
}

async function keepFresh() {
  if (!document.hidden) await refresh();
  setTimeout(keepFresh, INTERVAL_MS);
}

function listen() {
  for (const button of document.querySelectorAll("[data-speed]")) {
    button.addEventListener("click", () => order(`Speed: ${button.textContent}`, "POST", "/_sim/clock", { speed: Number(button.dataset.speed) }));
  }
  for (const button of document.querySelectorAll("[data-advance]")) {
    button.addEventListener("click", () => order(`Clocks moved by ${button.textContent}`, "POST", "/_sim/clock", { advance: button.dataset.advance }));
  }
  byId("clock-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const offset = byId("clock-offset");
    order(`Controller's clock off by ${offset.selectedOptions[0].textContent}`, "POST", "/_sim/clock", { offset: offset.value });
  });
  byId("restart").addEventListener("click", () => event("The controller starts again", "restart", { for: "90s" }));
  byId("certificate-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    event("Certificate changed", "set_certificate", { certificate: byId("certificate").value });
  });
  byId("version-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    event("API version changed", "set_api_version", { version: byId("version").value || null });
  });
  byId("rules-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const rules = {};
    for (const rule of document.querySelectorAll("[data-rule]")) {
      if (rule.value !== "") rules[rule.dataset.rule] = rule.type === "number" ? Number(rule.value) : rule.value;
    }
    event("Rules changed", "set_rules", { rules });
  });
  byId("zone-filter").addEventListener("change", () => { shownStations = STATIONS_AT_ONCE; refresh(); });
  byId("state-filter").addEventListener("change", () => { shownStations = STATIONS_AT_ONCE; showSite(); });
  byId("more-stations").addEventListener("click", () => { shownStations += STATIONS_AT_ONCE; showSite(); });
  byId("plug-everywhere").addEventListener("click", async () => {
    let count = 0;
    for (const station of state.stations) {
      for (const connector of station.connectors.filter((connector) => connector.status === "Available")) {
        await call("POST", "/_sim/event", { kind: "plug_in", station: station.id, connector: connector.number }).then(() => count++, () => {});
      }
    }
    show(`${count} cars plugged in`);
    refresh();
  });
  const kind = byId("fault-kind");
  kind.append(...[...FAULT_KINDS].map(([value, text]) => make("option", { value }, text)));
  const showDetails = () => {
    for (const label of document.querySelectorAll("[data-for]")) label.hidden = !label.dataset.for.split(" ").includes(kind.value);
  };
  kind.addEventListener("input", showDetails);
  showDetails();
  byId("fault-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const fault = { kind: kind.value };
    const inputs = { path: "path", method: "method", window: "for", count: "count", field: "field", raw: "raw", to: "to", latency: "latency", status: "status" };
    for (const [input, name] of Object.entries(inputs)) {
      const field = byId(`fault-${input}`);
      const isMeant = field.value !== "" && !field.closest("[hidden]");
      if (isMeant) fault[name] = field.type === "number" ? Number(field.value) : field.value;
    }
    order("Fault added", "POST", "/_sim/faults", fault);
  });
  byId("end-faults").addEventListener("click", () => order("All faults ended", "DELETE", "/_sim/faults"));
  byId("revoke").addEventListener("click", () => order("All logins ended", "POST", "/_sim/auth/revoke"));
}

listen();
keepFresh();
