// Refreshes the readings on the meters page, and the reports of collectors, from the page itself:
// it is rendered in one place, with and without script.
"use strict";

const PERIOD_MS = 1000;
const HIDDEN_MS = 10000;

function refresh(fresh, row) {
  for (const cell of row.querySelectorAll("[data-field]")) {
    const found = fresh.querySelector(`[data-field="${cell.dataset.field}"]`);
    // What is unchanged stays, and with it what is selected.
    if (found && found.innerHTML !== cell.innerHTML) cell.replaceChildren(...found.childNodes);
  }
}

function show(fresh) {
  for (const part of document.querySelectorAll("[data-part]")) {
    const found = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    if (found && found.innerHTML !== part.innerHTML) part.replaceChildren(...found.childNodes);
  }
  for (const name of ["data-drn", "data-collector"]) {
    for (const row of document.querySelectorAll(`tr[${name}]`)) {
      const value = CSS.escape(row.getAttribute(name));
      const found = fresh.querySelector(`tr[${name}="${value}"]`);
      if (found) refresh(found, row);
    }
  }
}

// The list that is shown: the address of a form that came back is the same.
async function poll() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The station is not reachable; the next round tries again.
  }
  setTimeout(poll, document.hidden ? HIDDEN_MS : PERIOD_MS);
}

setTimeout(poll, PERIOD_MS);
