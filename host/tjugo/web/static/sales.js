// Refreshes the delivery status on the sales page, and adds sales made elsewhere.
"use strict";

const PERIOD_MS = 1000;

function statusOf(delivery) {
  const pill = document.createElement("span");
  const keyed = delivery.channel === "keyed";
  pill.className = "status " + (keyed ? "keyed" : delivery.state);
  pill.textContent = keyed ? "key in" : delivery.state.replace("_", " ");
  const reason = document.createElement("span");
  reason.className = "reason";
  reason.textContent = delivery.reason || "";
  return [pill, " ", reason];
}

function cell(row, text, className) {
  const td = row.insertCell();
  td.textContent = text;
  if (className) td.className = className;
  return td;
}

// A time in the utility's zone, as the page writes it.
function localTime(text) {
  const { zone, language } = document.getElementById("recent").dataset;
  const at = new Date(text);
  const form = (options) => new Intl.DateTimeFormat(language, { timeZone: zone, ...options }).format(at);
  const clock = form({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return form({ dateStyle: "medium" }) + " " + clock;
}

// The link to the receipt, as the page writes it.
function receiptLink(sale) {
  const link = document.createElement("a");
  if (sale.receipt && sale.state !== "not_shown") {
    link.href = "/receipts/" + [sale.client, sale.client_id].map(encodeURIComponent).join("/");
    link.textContent = `${sale.receipt.outlet} ${sale.receipt.number}`;
  } else if (sale.token) {
    link.href = "/sales?" + new URLSearchParams({ id: sale.client_id, client: sale.client });
    link.textContent = "Show";
  }
  return link.href ? [link] : [];
}

function newRow(sale) {
  const row = document.createElement("tr");
  row.dataset.client = sale.client;
  row.dataset.id = sale.client_id;
  cell(row, localTime(sale.issued_at), "time");
  cell(row, sale.drn);
  const { currency } = document.getElementById("recent").dataset;
  cell(row, sale.credit ? `${sale.credit} ${currency}` : sale.kwh, "number");
  if (sale.token) {
    cell(row, sale.token_grouped, "token");
    cell(row, "", "live");
  } else if (sale.state === "not_shown") {
    // The buttons to show and to void it come with the page.
    cell(row, "not shown yet");
    const link = document.createElement("a");
    link.href = "/sales?" + new URLSearchParams({ id: sale.client_id, client: sale.client });
    link.textContent = "Show";
    cell(row, "").append(link);
  } else if (sale.state === "void") {
    cell(row, "none");
    cell(row, "void");
  } else {
    cell(row, "none");
    const refused = { channel: "", state: "refused", reason: sale.refused };
    const parts = statusOf(refused);
    parts[0].textContent = sale.code === "token_damaged" ? "sold, damaged" : "not sold";
    cell(row, "").append(...parts);
  }
  cell(row, "").append(...receiptLink(sale));
  return row;
}

function find(root, sale) {
  for (const element of root.querySelectorAll("[data-id]")) {
    if (element.dataset.id === sale.client_id && element.dataset.client === sale.client) return element;
  }
  return null;
}

function show(sales) {
  const body = document.getElementById("recent");
  let before = body.firstElementChild;
  for (const sale of sales) {
    let row = find(body, sale);
    if (!row) {
      body.querySelector(".empty")?.parentElement.remove();
      row = body.insertBefore(newRow(sale), before && before.isConnected ? before : body.firstElementChild);
    }
    before = row.nextElementSibling;
    if (!sale.delivery) continue;
    row.querySelector(".live")?.replaceChildren(...statusOf(sale.delivery));
    find(document.querySelector(".receipt") || document.createElement("p"), sale)
      ?.replaceChildren(...statusOf(sale.delivery));
  }
}

async function poll() {
  try {
    const answer = await fetch("/api/v1/vends?limit=20");
    if (answer.ok) show((await answer.json()).items);
  } catch {
    // The station is not reachable; the next round tries again.
  }
  setTimeout(poll, PERIOD_MS);
}

if (document.getElementById("recent").hasAttribute("data-newest")) poll();
