// Keeps the readings on the meters page fresh, and what collectors say of themselves.
"use strict";

const PERIOD_MS = 1000;
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

function showMeter(meter) {
  const row = document.querySelector(`tr[data-drn="${meter.drn}"]`);
  const reading = meter.reading;
  if (!row || !reading) return;
  put(row, "credit", reading.credit_wh === null ? "" : (reading.credit_wh / 1000).toFixed(2));
  put(row, "power", reading.power_w === null ? "" : String(reading.power_w));
  const away = ["", reading.fault || "no answer"];
  const [kind, text] = reading.online ? SUPPLY[reading.control_state] || ["", "unknown"] : away;
  const cell = row.querySelector('[data-field="supply"]');
  cell.replaceChildren(pill(kind, text), ...crashed(reading.crash));
}

function showCollector(collector) {
  const row = document.querySelector(`tr[data-collector="${collector.collector}"]`);
  if (!row) return;
  const [kind, text] = collector.online ? ["on", "online"] : ["off", "offline"];
  const known = collector.online === null ? ["never heard of"] : [pill(kind, text)];
  row.querySelector('[data-field="state"]').replaceChildren(...known, ...crashed(collector.crash));
  put(row, "version", collector.version || "");
}

async function fetchEach(path, show) {
  const answer = await fetch(path);
  if (answer.ok) (await answer.json()).forEach(show);
}

async function poll() {
  try {
    await fetchEach("/api/v1/meters", showMeter);
    await fetchEach("/api/v1/collectors", showCollector);
  } catch {
    // The station is away for the moment; the next round asks again.
  }
  setTimeout(poll, PERIOD_MS);
}

poll();
