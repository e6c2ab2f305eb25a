// The Token lab. The station computes; this page sends requests, shows answers, and keeps the flipped bits.
"use strict";

const ADDRESS = "/api/v1/lab/explain";
const $ = (id) => document.getElementById(id);
const form = $("ask");
const examples = JSON.parse($("lab").dataset.examples);
const FIELDS = ["bits", "field", "value", "meaning"];
const HINT = "Click a bit to flip it and see the effect.";

// The present question: the digits before any flip, the key, and the flips.
const now = { base: "", question: {}, token: new Set(), clear: new Set() };
let asked = 0;

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// The form

function chosen(name) {
  return form.elements[name].value;
}

function showParts() {
  for (const part of form.querySelectorAll("[data-for]")) {
    const whens = part.dataset.for.split(" ").map((when) => when.split(":"));
    part.hidden = !whens.some(([name, value]) => chosen(name) === value);
  }
}

function register() {
  const key = { ea: chosen("ea"), bdt: chosen("bdt") };
  for (const name of ["kt", "krn", "sgc", "ti", "ken"]) key[name] = chosen(name);
  return key;
}

function keyOf() {
  const how = chosen("how");
  if (how === "meter") return { meter: chosen("meter") };
  if (how === "key") return { key: { ...register(), key: chosen("key") } };
  if (how !== "vk") return {};
  const number = chosen("pan").replace(/[\s-]/g, "");
  const whose = number.length === 18 ? { pan: number } : { drn: number };
  const more = { vk: chosen("vk"), dkga: chosen("dkga"), variant: chosen("variant") || null };
  return { key: { ...register(), ...more, ...whose } };
}

function questionOf() {
  const question = { ...keyOf(), rounds: form.elements.rounds.checked };
  if (chosen("what") === "token") {
    return { ...question, token: chosen("token"), mfr: chosen("mfr") };
  }
  const rnd = chosen("rnd").trim();
  const sale = { amount: chosen("amount"), subclass: chosen("subclass"), time: chosen("time") };
  return { ...question, sale: { ...sale, rnd: rnd === "" ? null : rnd } };
}

function fill(example) {
  form.elements.what.value = example.sale ? "sale" : "token";
  form.elements.how.value = example.key.vk ? "vk" : "none";
  const values = { ...example.key, ...(example.sale || { token: example.token }) };
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
  showParts();
}

// Asking

async function ask(question) {
  const number = ++asked;
  let answer;
  try {
    const reply = await fetch(ADDRESS, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(question),
    });
    answer = await reply.json();
  } catch {
    answer = { error: "The station does not answer." };
  }
  return number === asked ? answer : null; // a later request has been sent meanwhile
}

function complain(sentence) {
  $("error").textContent = sentence || "";
  $("error").hidden = !sentence;
  if (sentence) $("error").focus(); // it may be out of sight
}

async function begin() {
  const question = questionOf();
  const answer = await ask(question);
  if (!answer) return;
  complain(answer.error);
  // The earlier explanation does not belong to this question.
  $("token-card").hidden = Boolean(answer.error);
  $("steps").hidden = Boolean(answer.error);
  if (answer.error) return;
  const { sale, ...rest } = question;
  now.base = answer.base;
  now.question = { mfr: 0, ...rest };
  forgetFlips();
  show(answer);
}

function forgetFlips() {
  now.token.clear();
  now.clear.clear();
  $("repair").checked = false;
}

async function experiment() {
  const answer = await ask({
    ...now.question,
    token: now.base,
    token_bits: [...now.token],
    clear_bits: [...now.clear],
    repair: $("repair").checked,
  });
  if (!answer) return;
  complain(answer.error);
  if (!answer.error) return show(answer);
  // The page returns to the state before the refused flip.
  forgetFlips();
  const before = await ask({ ...now.question, token: now.base });
  if (before && !before.error) show(before);
}

function flip(which, bit) {
  const flips = now[which];
  if (!flips.delete(bit)) flips.add(bit);
  experiment();
}

// Showing

function colours(fields) {
  const narrowLast = fields.map((field, index) => ({ field, index }));
  const size = ({ field }) => field.pieces.reduce((sum, [high, low]) => sum + high - low + 1, 0);
  narrowLast.sort((a, b) => size(b) - size(a));
  const of = new Map();
  for (const { field, index } of narrowLast) {
    for (const [high, low] of field.pieces) {
      for (let bit = low; bit <= high; bit++) of.set(bit, { name: field.name, colour: colour(field, index) });
    }
  }
  return of;
}

function colour(field, index) {
  return field.name === "block" ? "same" : `c${index % 8}`;
}

function grid(root, which, step, changed, locked) {
  const bits = step.bits.bits;
  const fields = colours(step.bits.fields);
  const focused = document.activeElement?.dataset?.bit;
  const hadFocus = root.contains(document.activeElement);
  root.replaceChildren();
  for (let high = bits.length - 1; high >= 0; ) {
    const low = high > 63 ? 64 : high - 15;
    const row = root.appendChild(make("div", "row"));
    row.append(make("span", "place", `${high}..${low}`));
    for (let bit = high; bit >= low; bit--) {
      row.append(cell(which, bit, bits[bits.length - 1 - bit], fields.get(bit), changed, locked));
    }
    high = low - 1;
  }
  if (hadFocus) root.querySelector(`[data-bit="${focused}"]`)?.focus();
}

function cell(which, bit, value, field, changed, locked) {
  const button = make("button", `bit ${field ? field.colour : "same"}`, value);
  button.type = "button";
  button.dataset.bit = bit;
  if (bit % 4 === 0) button.classList.add("fourth");
  if (changed.includes(bit)) button.classList.add("changed");
  button.disabled = locked;
  button.title = `bit ${bit}${field ? `, ${field.name}` : ""}`;
  button.setAttribute("aria-label", `${button.title}: ${value}`);
  button.setAttribute("aria-pressed", now[which].has(bit));
  button.addEventListener("click", () => flip(which, bit));
  return button;
}

function legend(root, step) {
  root.replaceChildren();
  step.bits.fields.forEach((field, index) => {
    const item = root.appendChild(make("li"));
    const words = make("span");
    if (field.value) words.append(make("b", "", field.value), " ");
    words.append(make("em", "", field.meaning));
    item.append(make("i", colour(field, index)), make("b", "", field.name), words);
  });
}

function digits(token, before) {
  const root = $("digits");
  root.replaceChildren();
  for (let at = 0; at < 20; at += 4) {
    const group = root.appendChild(make("span"));
    for (let i = at; i < at + 4; i++) {
      group.append(make("b", token[i] === before[i] ? "" : "changed", token[i]));
    }
  }
}

function verdict(found) {
  const taken = found.result === "Accept" || /KCT$/.test(found.result || "");
  $("result").textContent = found.result || "no key";
  $("result").className = `status ${found.result === null ? "" : taken ? "accepted" : "refused"}`;
  $("why").textContent = found.why;
}

function show({ now: found, effect }) {
  const changed = effect || { token_bits: [], clear_bits: [], sentences: [] };
  const step = (id) => found.steps.find((one) => one.id === id);
  const clear = step("fields");
  const hidden = Boolean(now.question.meter);
  $("token-card").hidden = false;
  verdict(found);
  digits(found.token, now.base);
  grid($("grid66"), "token", step("bits66"), changed.token_bits, false);
  legend($("legend66"), step("bits66"));
  $("clear-figure").hidden = !clear;
  if (clear) {
    const noise = found.result === "CRCError";
    grid($("grid64"), "clear", clear, changed.clear_bits, hidden && found.cls !== 1);
    $("grid64").classList.toggle("noise", noise);
    legend($("legend64"), clear);
    $("note64").textContent = noise ? "noise: the check field disagrees" : "";
  }
  $("repair").disabled = !clear || hidden;
  $("undo").disabled = !effect;
  const sentences = effect ? effect.sentences : [HINT];
  $("effect").className = effect ? "effect" : "effect hint-only";
  $("effect").replaceChildren(...sentences.map((sentence) => make("p", "", sentence)));
  $("steps").replaceChildren(...found.steps.map(stepCard));
}

function stepCard(step, index) {
  const card = make("section", "card step");
  const title = card.appendChild(make("h3"));
  title.append(make("span", "", index + 1), step.title);
  for (const sentence of step.say) card.append(make("p", "", sentence));
  if (step.facts.length) card.append(facts(step.facts));
  if (step.bits) card.append(table(FIELDS, step.bits.fields.map(fieldRow), "fields"));
  if (step.table) card.append(table(step.table.head, step.table.rows));
  return card;
}

function facts(list) {
  const root = make("dl");
  for (const fact of list) {
    const value = make("dd", "", fact.value);
    if (fact.note) value.append(make("small", "", fact.note));
    root.append(make("dt", "", fact.name), value);
  }
  return root;
}

function fieldRow(field) {
  const places = field.pieces.map(([high, low]) => (high === low ? `${high}` : `${high}..${low}`));
  return [places.join(" and "), field.name, field.value, field.meaning];
}

function table(head, rows, className) {
  const root = make("table", className);
  const top = root.createTHead().insertRow();
  for (const name of head) top.append(make("th", "", name));
  const body = root.createTBody();
  for (const cells of rows) {
    const row = body.insertRow();
    for (const text of cells) row.append(make("td", "", text));
  }
  const scroll = make("div", "scroll");
  scroll.append(root);
  return scroll;
}

$("needs-script").remove();
form.addEventListener("submit", (event) => {
  event.preventDefault();
  begin();
});
form.addEventListener("input", (event) => {
  showParts();
  if (event.target.id !== "f-example" && event.target.id !== "f-rounds") $("f-example").value = "";
});
$("f-example").addEventListener("change", (event) => {
  if (event.target.value === "") return;
  fill(examples[event.target.value]);
  begin();
});
$("f-rounds").addEventListener("change", begin);
$("repair").addEventListener("change", experiment);
$("undo").addEventListener("click", () => {
  forgetFlips();
  experiment();
});
fill(examples[0]);
begin();
