// Keeps the readings on the meters page fresh.
"use strict";

const PERIOD_MS = 1000;
const SUPPLY = { 0: ["off", "disconnected"], 1: ["on", "connected"], 2: ["off", "ready to reconnect"] };

function put(row, field, text) {
  row.querySelector(`[data-field="${field}"]`).textContent = text;
}

function show(meter) {
  const row = document.querySelector(`tr[data-drn="${meter.drn}"]`);
  const reading = meter.reading;
  if (!row || !reading) return;
  put(row, "credit", reading.credit_wh === null ? "" : (reading.credit_wh / 1000).toFixed(2));
  put(row, "power", reading.power_w === null ? "" : String(reading.power_w));
  const pill = document.createElement("span");
  const [kind, text] = reading.online ? SUPPLY[reading.control_state] || ["", "unknown"] : ["", "no answer"];
  pill.className = "status " + kind;
  pill.textContent = text;
  row.querySelector('[data-field="supply"]').replaceChildren(pill);
}

async function poll() {
  try {
    const answer = await fetch("/api/v1/meters");
    if (answer.ok) (await answer.json()).forEach(show);
  } catch {
    // The station is away for the moment; the next round asks again.
  }
  setTimeout(poll, PERIOD_MS);
}

poll();
