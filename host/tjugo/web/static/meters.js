// Refreshes the readings on the meters page, and the reports of collectors.
"use strict";

const PERIOD_MS = 1000;
const HIDDEN_MS = 10000;
const SUPPLY = { 0: ["off", "disconnected"], 1: ["on", "connected"], 2: ["off", "ready to reconnect"] };

function put(row, field, text) {
  row.querySelector(`[data-field="${field}"]`).textContent = text;
}

function pill(kind, text) {
  const made = document.createElement("span");
  made.className = "status " + kind;
  made.textContent = text;
  return made;
}

function crashed(report) {
  if (!report) return [];
  const line = document.createElement("p");
  line.className = "hint";
  line.append(pill("refused", "crashed"), " " + report);
  return [line];
}

// Lines below the pill of the supply: open reasons, the contact, faults, power failures.
function details(reading) {
  const words = (reading.open_reasons || []).map((name) => name.replaceAll("_", " "));
  if (reading.relay_closed !== null) words.push(reading.relay_closed ? "contact closed" : "contact open");
  if (reading.power_fail_count !== null) words.push(`power failures: ${reading.power_fail_count}`);
  if (reading.power_limit_w) words.push(`limit ${reading.power_limit_w} W`);
  const line = document.createElement("p");
  line.className = "hint";
  // The contact, the crash and the fault that the reading names are shown elsewhere.
  const elsewhere = ["relay_closed", "crashed", (reading.fault || "").replaceAll(" ", "_")];
  const faults = (reading.status || []).filter((name) => !elsewhere.includes(name));
  for (const name of faults) line.append(pill("refused", name.replaceAll("_", " ")), " ");
  line.append(words.join(" · "));
  return line.textContent ? [line] : [];
}

function keyInMeter(reading) {
  if (reading.krn === null) return "";
  const { sgc, krn, kt, ti, ken } = reading;
  return `in the meter: SGC ${String(sgc).padStart(6, "0")} · KRN ${krn} · KT ${kt} · TI ${String(ti).padStart(2, "0")} · KEN ${ken}`;
}

function known(value, shown) {
  return value === null ? "unknown" : shown(value);
}

function showMeter(meter) {
  const row = document.querySelector(`tr[data-drn="${meter.drn}"]`);
  const reading = meter.reading;
  if (!row || !reading) return;
  put(row, "credit", known(reading.credit_wh, (wh) => (wh / 1000).toFixed(2)));
  put(row, "power", known(reading.power_w, String));
  put(row, "key", keyInMeter(reading));
  const away = ["", reading.fault || "no answer"];
  const [kind, text] = reading.online ? SUPPLY[reading.control_state] || ["", "unknown"] : away;
  const cell = row.querySelector('[data-field="supply"]');
  const fault = reading.online && reading.fault ? [" ", pill("refused", reading.fault)] : [];
  const report = reading.crash || (reading.crashed ? "unknown" : null);
  cell.replaceChildren(pill(kind, text), ...fault, ...details(reading), ...crashed(report));
}

function showCollector(collector) {
  const row = document.querySelector(`tr[data-collector="${collector.collector}"]`);
  if (!row) return;
  const [kind, text] = collector.online ? ["on", "online"] : ["off", "offline"];
  const known = collector.online === null ? ["nothing received yet"] : [pill(kind, text)];
  row.querySelector('[data-field="state"]').replaceChildren(...known, ...crashed(collector.crash));
  put(row, "version", collector.version || "");
}

async function fetchEach(path, show) {
  const answer = await fetch(path);
  if (answer.ok) (await answer.json()).items.forEach(show);
}

// The page of the list that is shown.
function shown() {
  const asked = new URLSearchParams(location.search);
  const part = new URLSearchParams({ search: asked.get("search") || "" });
  if (asked.get("after")) part.set("after", asked.get("after"));
  return part;
}

// The station's own result about a collector, which is more reliable than its last report.
function showReach({ collector, reachable, sentence }) {
  const row = document.querySelector(`tr[data-collector="${CSS.escape(collector)}"]`);
  if (!row) return;
  const [kind, text] = reachable ? ["on", "answers"] : ["off", "no answer"];
  const line = document.createElement("p");
  line.className = "hint";
  line.textContent = sentence;
  const shown = reachable === null ? [] : [pill(kind, text)];
  row.querySelector('[data-field="reach"]').replaceChildren(...shown, line);
}

async function showLink() {
  const answer = await fetch("/api/v1/link");
  if (answer.ok) (await answer.json()).collectors.forEach(showReach);
}

async function poll() {
  try {
    await fetchEach(`/api/v1/meters?${shown()}`, showMeter);
    await fetchEach("/api/v1/collectors", showCollector);
    await showLink();
  } catch {
    // The station is not reachable; the next round tries again.
  }
  setTimeout(poll, document.hidden ? HIDDEN_MS : PERIOD_MS);
}

poll();
