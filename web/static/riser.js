// Optional: every page and every form works without this script.
const root = document.documentElement;
// The path of the portal, which a reverse proxy may have changed.
const base = new URL("..", document.currentScript.src).pathname;

// Light or dark: the server reads the cookie and writes the next page in the right colours.
// Copy buttons: the label shows whether copying succeeded.
document.addEventListener("click", async (e) => {
  const b = e.target.closest("[data-copy], [data-theme-toggle], [data-unfold], [data-fill]");
  if (!b) return;
  if (b.dataset.fill !== undefined) {
    // The form keeps its values; without this script, the server fills the field.
    e.preventDefault();
    const field = document.getElementById(b.dataset.fill);
    field.value = b.value;
    field.closest("details")?.setAttribute("open", "");
    document.getElementById("run-test").click();
  } else if (b.dataset.unfold !== undefined) {
    for (const d of b.closest("form").querySelectorAll("details")) d.open = b.dataset.unfold === "true";
  } else if (b.dataset.copy !== undefined) {
    const was = b.getAttribute("aria-label");
    try { await navigator.clipboard.writeText(b.dataset.copy || location.href); b.setAttribute("aria-label", "Copied"); }
    catch { b.setAttribute("aria-label", "Copy failed: select the text"); }
    setTimeout(() => b.setAttribute("aria-label", was), 2000);
  } else {
    e.preventDefault();
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    document.cookie = `riser-theme=${root.dataset.theme}; Path=${base}; SameSite=Strict; Max-Age=31536000`;
  }
});

// Expand all and Collapse all need this script.
for (const p of document.querySelectorAll("[data-fold]")) p.hidden = false;

// A form that was sent after its session had ended gets its input back after the login, except passwords.
const kept = "riser-form", here = location.pathname + location.search, login = `${base}login`;
const inputs = (form) => [...form.elements].filter((f) => f.name && !["hidden", "password", "file", "submit"].includes(f.type));
document.addEventListener("submit", (e) => {
  if (e.target.method !== "post" || location.pathname === login) return;
  const fields = inputs(e.target).map((f) => [f.name, f.value, f.checked]);
  sessionStorage.setItem(kept, JSON.stringify({ here, action: e.target.action, fields }));
});
if (location.pathname !== login) {
  const sent = JSON.parse(sessionStorage.getItem(kept) ?? "{}");
  sessionStorage.removeItem(kept);
  const form = [...document.forms].find((f) => f.method === "post" && f.action === sent.action && inputs(f).length === sent.fields.length);
  if (form && sent.here === here && document.referrer && new URL(document.referrer).pathname === login) {
    for (const [at, f] of inputs(form).entries()) {
      const [name, value, checked] = sent.fields[at];
      if (name !== f.name) continue;
      if (f.type === "checkbox" || f.type === "radio") f.checked = checked && f.value === value;
      else f.value = value;
    }
    const note = document.createElement("p");
    note.setAttribute("role", "status");
    note.textContent = "Your session had ended, so nothing was saved. Your input is back, except passwords: check it and save again.";
    form.prepend(note);
  }
}

// ARIA tree: one tab stop, arrow keys, Home, End, first letter. Branches are links, so opening one loads it.
const branches = () => [...document.querySelectorAll("[role=tree] [role=treeitem]")];
const oneTabStop = () => {
  const all = branches(), stop = all.find((n) => n.getAttribute("aria-selected") === "true") ?? all[0];
  for (const n of all) n.tabIndex = n === stop ? 0 : -1;
};
document.addEventListener("keydown", (e) => {
  const n = e.target.closest?.("[role=treeitem]");
  if (!n || e.ctrlKey || e.metaKey || e.altKey) return;
  const all = branches(), at = all.indexOf(n), level = (m) => +m.getAttribute("aria-level"), isOpen = n.getAttribute("aria-expanded");
  const go = (m) => { if (m) { for (const b of all) b.tabIndex = -1; m.tabIndex = 0; m.focus(); } };
  const above = () => all.slice(0, at).findLast((m) => level(m) < level(n));
  const act = {
    ArrowDown: () => go(all[at + 1]), ArrowUp: () => go(all[at - 1]), Home: () => go(all[0]), End: () => go(all.at(-1)),
    ArrowRight: () => (isOpen === "false" ? n.click() : isOpen && go(all[at + 1])),
    ArrowLeft: () => (isOpen === "true" && n.getAttribute("aria-selected") === "true" ? above()?.click() : go(above())),
  }[e.key];
  if (act) { e.preventDefault(); act(); }
  else if (/^[^\s/]$/.test(e.key)) go([...all.slice(at + 1), ...all.slice(0, at)].find((m) => m.textContent.trim().toLowerCase().startsWith(e.key.toLowerCase())));
});

// The slash leads to the search of the page.
document.addEventListener("keydown", (e) => {
  const field = document.querySelector("[data-search]");
  if (!field || e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, select, textarea")) return;
  e.preventDefault();
  field.focus();
  field.select();
});

// Counts ages in the browser, by the host's clock.
let ahead = (+root.dataset.now || Date.now()) - Date.now();
const words = (s) => s < 60 ? `${s} s` : s < 3600 ? `${s / 60 | 0} min` : s < 86400 ? `${s / 3600 | 0} h ${s % 3600 / 60 | 0} min` : `${s / 86400 | 0} d`;
const countAges = () => {
  for (const t of document.querySelectorAll("time[data-age]"))
    t.textContent = words(Math.max(0, Math.floor((Date.now() + ahead - Date.parse(t.dateTime)) / 1000)));
};
if (root.dataset.now) setInterval(countAges, 1000);

// One event stream per window, and none while the window is hidden: browsers allow few connections.
let stream, address, lastEvent = 0;
const badge = (text, kind) => {
  const b = document.getElementById("live");
  if (b && b.textContent !== text) { b.textContent = text; b.className = `live ${kind}`; }
};
const replace = ({ id, html }) => {
  const old = document.getElementById(id);
  if (!old) return;
  const box = document.createElement("template");
  box.innerHTML = html.trim();
  const fresh = box.content.firstElementChild, focused = old.contains(document.activeElement) && document.activeElement.id;
  old.replaceWith(fresh);
  htmx.process(fresh);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
};
// A log stays at its end while nobody has scrolled up.
const append = ({ id, html }) => {
  const list = document.getElementById(id);
  if (!list) return;
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 48, box = document.createElement("template");
  box.innerHTML = html;
  for (const line of [...box.content.children]) if (!document.getElementById(line.id)) list.append(line);
  while (list.children.length > 5000) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
};
const follow = () => {
  // A form without live values needs no badge.
  document.getElementById("live")?.toggleAttribute("hidden", !document.querySelector("[data-events]"));
  const wanted = document.hidden ? undefined : document.querySelector("[data-events]")?.dataset.events;
  if (wanted === address) return;
  stream?.close();
  address = wanted;
  if (!address) return badge("Paused", "off");
  stream = new EventSource(address);
  const alive = () => { lastEvent = Date.now(); badge("Live", ""); };
  stream.onopen = alive;
  stream.onerror = async () => {
    badge("Reconnecting", "wait");
    if (stream.readyState !== EventSource.CLOSED) return; // The browser retries by itself.
    address = undefined;
    setTimeout(follow, 10000);
    // The login page appears only if the session has ended.
    if ((await fetch(`${base}login`, { redirect: "manual" }).catch(() => ({}))).ok) location.reload();
  };
  stream.addEventListener("ping", (e) => { ahead = +e.data - Date.now(); alive(); });
  stream.addEventListener("parts", (e) => { alive(); for (const part of JSON.parse(e.data)) (part.append ? append : replace)(part); countAges(); });
  stream.addEventListener("reset", () => { stream.close(); location.reload(); });
};
setInterval(() => { if (stream && stream.readyState !== EventSource.CLOSED && Date.now() - lastEvent > 40000) badge("Reconnecting", "wait"); }, 5000);
document.addEventListener("visibilitychange", follow);

// After htmx has inserted another view of the items. If the session has ended, the login page appears.
document.addEventListener("htmx:afterSettle", () => { oneTabStop(); follow(); });
// A form keeps what was typed.
document.addEventListener("htmx:responseError", (e) => {
  const form = e.target.closest?.("form[method=post]");
  if (!form) return location.reload();
  const note = form.querySelector("[data-failed]") ?? document.createElement("p");
  note.className = "err";
  note.dataset.failed = "";
  note.setAttribute("role", "alert");
  note.textContent = e.detail.xhr.status === 401 ? "Your session has ended. The form keeps your input: copy it before you sign in again." : "Riser could not do this. The form keeps your input; try again.";
  form.prepend(note);
});
oneTabStop();
for (const log of document.querySelectorAll("[data-follow]")) if (!location.hash) log.scrollTop = log.scrollHeight;
follow();
