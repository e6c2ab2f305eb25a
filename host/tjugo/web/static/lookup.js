// Shows meters and customers below an input with data-lookup while one types: name, place and
// number, before anything is done with them. Arrow keys choose, Enter takes, Escape closes.
"use strict";

const WAIT_MS = 150;

function lookup(input, number) {
  const list = document.createElement("ul");
  list.id = `lookup-${number}`;
  list.className = "lookup-list";
  list.setAttribute("role", "listbox");
  list.hidden = true;
  input.parentElement.append(list);
  for (const [name, value] of [["role", "combobox"], ["aria-controls", list.id],
    ["aria-expanded", "false"], ["aria-autocomplete", "list"]]) input.setAttribute(name, value);
  const key = input.dataset.lookup === "account" ? "account_no" : "drn";
  let timer = 0;
  let asked = 0;
  let chosen = -1;

  function close() {
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(place) {
    const rows = list.querySelectorAll("[role=option]");
    if (!rows.length) return;
    chosen = (place + rows.length) % rows.length;
    rows.forEach((row, at) => row.setAttribute("aria-selected", String(at === chosen)));
    rows[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", rows[chosen].id);
  }

  function take(row) {
    input.value = row.dataset.value;
    close();
    input.dispatchEvent(new Event("change", { bubbles: true }));
    if (input.dataset.lookupSubmit !== undefined) input.form.requestSubmit();
  }

  function line(text, className) {
    const element = document.createElement(className ? "span" : "strong");
    if (className) element.className = className;
    element.textContent = text;
    return element;
  }

  function show(items) {
    const seen = new Set();
    const rows = [];
    for (const item of items) {
      if (!item[key] || seen.has(item[key])) continue;
      seen.add(item[key]);
      const row = document.createElement("li");
      row.id = `${list.id}-${rows.length}`;
      row.setAttribute("role", "option");
      row.dataset.value = item[key];
      const place = [item.service_point, item.address].filter(Boolean).join(", ");
      const numbers = [item.drn, item.account_no, item.phone].filter(Boolean).join(" · ");
      row.append(line(item.name || "No customer"), line(place, "place"), line(numbers, "numbers"));
      if (item.status && item.status !== "installed") row.append(line(item.status, "status refused"));
      row.addEventListener("mousedown", (event) => { event.preventDefault(); take(row); });
      rows.push(row);
    }
    if (!rows.length) rows.push(line("Nothing is found.", "empty"));
    list.replaceChildren(...rows);
    list.hidden = false;
    chosen = -1;
    input.setAttribute("aria-expanded", "true");
  }

  async function ask() {
    const text = input.value.trim();
    const turn = ++asked;
    if (!text) return close();
    try {
      const answer = await fetch(`/api/v1/lookup?${new URLSearchParams({ q: text, limit: 10 })}`);
      if (answer.ok && turn === asked) show((await answer.json()).items);
    } catch {
      // The station is not reachable; the form still works.
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) ask();
      else mark(chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      take(list.querySelectorAll("[role=option]")[chosen]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    }
  });
}

document.querySelectorAll("input[data-lookup]").forEach(lookup);
