// The bench page: shows what is new on the bench, sends what is clicked. No framework, no state of
// its own but the sales made here.
"use strict";

const STEPS = ["issued", "sent", "at_collector", "accepted"];
const STEP_NAMES = { at_collector: "at collector" };
const TRACE_LINES = 60;
const POLL_MS = 400;
// Short requests and not a stream: a browser keeps six connections to one address, and each page
// with a stream would hold one.
const NEWS_MS = 150;
const HIDDEN_MS = 2000;
const SAME_SALE_MS = 1500;

const page = document.getElementById("bench");

function find(root, name) {
  return root.querySelector(`[data-field="${name}"]`);
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Returns the answer, null where the bench refuses or does not answer: that is shown.
async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const content = await answer.json();
    if (answer.ok) return content;
    announce(content.error || answer.statusText);
  } catch {
    announce("the bench does not answer");
  }
  return null;
}

function announce(text, lost = true) {
  const link = document.getElementById("link");
  setText(link, text);
  link.classList.toggle("lost", lost);
  clearTimeout(announce.timer);
  if (lost && seen.live) announce.timer = setTimeout(announce, 5000, "live", false);
}

// ---- meters ----

function meterCard(state) {
  const id = `meter-${state.drn}`;
  const known = document.getElementById(id);
  if (known) return known;
  const card = document.getElementById("meter-template").content.firstElementChild.cloneNode(true);
  card.id = id;
  card.dataset.testid = id;
  card.dataset.drn = state.drn;
  wireMeter(card, state.drn);
  const meters = document.getElementById("meters");
  card.dataset.address = state.address;
  const after = [...meters.children].find((other) => Number(other.dataset.address) > state.address);
  meters.insertBefore(card, after || null);
  return card;
}

function wireMeter(card, drn) {
  const command = (body) => post(`/bench/meters/${drn}`, body);
  const press = oneAtATime((keys) => command({ keys }), (keys, more) => keys + more);
  const device = card.querySelector(".device");
  card.querySelector(".keys").addEventListener("click", (event) => {
    if (event.target.dataset.key) press(event.target.dataset.key);
  });
  device.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== device) return;
    const key = { Enter: "#", Backspace: "*" }[event.key] || event.key;
    if (!/^[0-9*#]$/.test(key)) return;
    event.preventDefault();
    press(key);
  });
  device.addEventListener("paste", (event) => {
    const digits = event.clipboardData.getData("text").replace(/[^0-9]/g, "").slice(0, 24);
    if (digits) press(digits + "#");
  });
  const load = card.querySelector(".load input");
  load.max = LOADS.length - 1;
  load.addEventListener("input", () => showLoad(card, loadOf(load)));
  const setLoad = oneAtATime((power) => command({ load_w: power }), (_, last) => last);
  load.addEventListener("change", () => moved(card, load, setLoad));
  wireSwitches(card, drn, command);
  const token = find(card, "token");
  token.title = "click to copy; then click a meter's front and paste";
  token.addEventListener("click", () => navigator.clipboard?.writeText(token.textContent));
  const form = card.querySelector(".sell");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!form.querySelector("button").disabled) sell(card, drn, form);
  });
  form.addEventListener("input", () => newSale(form));
}

function isPressed(button) {
  return button.getAttribute("aria-pressed") === "true";
}

function setPressed(button, pressed) {
  button.setAttribute("aria-pressed", String(pressed));
}

function wireSwitches(card, drn, command) {
  const plugs = card.querySelector('[data-testid="appliances"]');
  const plug = oneAtATime((plugged) => command({ plugged }), (_, last) => last);
  card.querySelector(".controls").addEventListener("click", async (event) => {
    const button = event.target;
    const on = button.matches("button") && !isPressed(button);
    if (button.dataset.switch) command({ [button.dataset.switch]: on });
    if (button.dataset.volts) command({ voltage_v: Number(button.dataset.volts) });
    if (button.dataset.option) post(`/bench/meters/${drn}/options`, { [button.dataset.option]: on });
    if (!button.dataset.plug) return;
    setPressed(button, on);
    plugs.isSending = true;
    const answer = await plug([...plugs.querySelectorAll("[data-plug]")].filter(isPressed).map((one) => one.dataset.plug));
    if (answer === undefined) return;
    plugs.isSending = false;
    plugs.shownFrom = answer;
    if (!answer) showPlugs(plugs, plugs.reported);
  });
  card.querySelector("[data-records]").addEventListener("click", () => openRecords(drn));
}

function showPlugs(plugs, plugged) {
  for (const button of plugs.querySelectorAll("[data-plug]")) setPressed(button, plugged.includes(button.dataset.plug));
}

function showSwitches(card, state) {
  for (const button of card.querySelectorAll("[data-switch]")) setPressed(button, state[button.dataset.switch]);
  for (const button of card.querySelectorAll("[data-volts]")) setPressed(button, Number(button.dataset.volts) === state.voltage_v);
  for (const button of card.querySelectorAll("[data-option]")) setPressed(button, state.options[button.dataset.option]);
  const plugs = card.querySelector('[data-testid="appliances"]');
  plugs.reported = state.plugged;
  if (!isOlder(seen, plugs)) showPlugs(plugs, state.plugged);
  setText(find(card, "plugged"), state.plugged_w ? watts(state.plugged_w) : "");
}

// The list is changed only where it differs: a screen reader reads what is new.
function showAlarms(card, state) {
  const open = state.reasons.map((text) => ({ kind: "open", text: `Supply off: ${text}` }));
  const alarms = state.alarms.map((text) => ({ kind: "alarm", text }));
  const rows = open.concat(alarms);
  if (!rows.length) rows.push({ kind: "none", text: state.running ? "No alarm." : "" });
  const list = find(card, "alarms");
  const shown = JSON.stringify(rows);
  if (list.dataset.shown === shown) return;
  list.dataset.shown = shown;
  list.replaceChildren(...rows.map(({ kind, text }) => {
    const node = document.createElement("li");
    node.className = kind;
    node.textContent = text;
    return node;
  }));
}

// Returns a function that sends: one request at a time, so that all arrive in order. What comes
// meanwhile is joined and sent next. It returns the answer to the last request; undefined when a
// call before it is still sending, which then sends this as well.
function oneAtATime(send, join) {
  let waiting = null;
  let busy = false;
  return async (more) => {
    waiting = waiting === null ? more : join(waiting, more);
    if (busy) return undefined;
    busy = true;
    let answer;
    while (waiting !== null) {
      const now = waiting;
      waiting = null;
      answer = await send(now);
    }
    busy = false;
    return answer;
  };
}

// The loads of the slider, one per position, so that a step of an arrow key is a step of the load;
// the steps cover both a lamp and a stove.
const LOADS = [0];
while (LOADS.at(-1) < Number(page.dataset.mostLoad)) {
  const last = LOADS.at(-1);
  LOADS.push(last + (last < 200 ? 10 : last < 2000 ? 50 : 100));
}

// Sends the load of the slider. News from before the bench had it do not move the slider: the next
// key press counts from where this one left it.
async function moved(card, slider, setLoad) {
  slider.isSending = true;
  const answer = await setLoad(loadOf(slider));
  if (answer === undefined) return;
  slider.isSending = false;
  slider.shownFrom = answer;
  if (!answer) showSlider(card, slider.reported);
}

function isOlder(news, slider) {
  const from = slider.shownFrom;
  return slider.isSending || (from && from.run === news.run && from.seen > news.number);
}

function showSlider(card, load) {
  const position = LOADS.findIndex((one) => one >= load);
  card.querySelector(".load input").value = position < 0 ? LOADS.length - 1 : position;
  showLoad(card, load);
}

function loadOf(slider) {
  return LOADS[Number(slider.value)];
}

function showLoad(card, load) {
  card.querySelector(".load input").setAttribute("aria-valuetext", watts(load));
  setText(find(card, "load"), watts(load));
}

function watts(number) {
  return `${number} W`;
}

function kwh(wh) {
  return wh == null ? "unknown" : (wh / 1000).toFixed(2);
}

// Money is in 1e-5 of the currency: cut to two decimals, which a number can hold.
function money(units) {
  return units == null ? "unknown" : (Math.trunc(units / 1000) / 100).toFixed(2);
}

function showMeter(state) {
  const card = meterCard(state);
  card.classList.toggle("away", !state.running);
  setText(find(card, "drn"), state.drn);
  setText(find(card, "customer"), `${state.customer}, bus address ${state.address}`);
  state.display.forEach((line, i) => setText(find(card, `line${i}`), line));
  card.querySelector(".lamp").dataset.lit = String(state.lamp);
  card.classList.toggle("on", state.relay);
  setText(find(card, "relay"), state.relay ? "relay closed" : "relay open");
  const left = state.currency ? state.credit_money : state.credit_wh;
  const credit = state.currency ? money(left) : kwh(left);
  setText(find(card, "credit"), credit);
  setText(find(card, "unit"), left == null ? "" : state.currency || "kWh");
  card.querySelector(".credit").style.setProperty("--characters", credit.length);
  card.querySelector(".credit").classList.toggle("gone", left != null && left <= 0);
  setText(find(card, "power"), state.power_w == null ? "unknown" : String(state.power_w));
  setText(find(card, "watt"), state.power_w == null ? "" : "W");
  card.classList.toggle("safe", state.safe_mode);
  setText(find(card, "safe"), state.safe_mode ? "Safe mode" : "");
  const slider = card.querySelector(".load input");
  slider.reported = state.load_w;
  if (!slider.matches(":active") && !isOlder(seen, slider)) showSlider(card, state.load_w);
  showSwitches(card, state);
  showAlarms(card, state);
  card.classList.toggle("dark", state.voltage_v === 0);
  card.querySelector(".device").classList.toggle("open", state.cover);
  flash(card, "pulse", state.blinks);
  flash(card, "buzzer", state.beeps);
}

// Lets a light flash when its counter has grown: each flash is shorter than the page's requests.
function flash(card, light, count) {
  const known = card.dataset[light];
  card.dataset[light] = count;
  if (known === undefined || Number(known) >= count) return;
  const led = card.querySelector(`.led.${light}`);
  led.classList.add("flash");
  setTimeout(() => led.classList.remove("flash"), 120);
}

// ---- selling: a form has one id, so that what is sent twice is sold once ----

function newSale(form) {
  delete form.dataset.id;
  form.querySelector("button").disabled = false;
}

async function sell(card, drn, form) {
  const id = (form.dataset.id ||= crypto.randomUUID());
  const order = {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ drn, kwh: form.elements.kwh.value.trim() }),
  };
  form.querySelector("button").disabled = true;
  card.dataset.sale = id;
  setText(find(card, "token"), "");
  card.querySelector(".steps").replaceChildren();
  setText(find(card, "why"), "");
  let vend = null;
  while (card.dataset.sale === id) {
    const answer = await ask(id, vend ? undefined : order);
    if (form.dataset.id === id && !answer.again && !vend) {
      // The second click of two is not another sale; one that comes later is.
      if (answer.error) newSale(form);
      else setTimeout(() => form.dataset.id === id && newSale(form), SAME_SALE_MS);
    }
    if (answer.token) vend = answer;
    setText(find(card, "why"), answer.error || vend?.delivery.reason || "");
    if (vend) showVend(card, vend);
    if (answer.error ? !answer.again : isFinal(vend.delivery)) return;
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}

async function ask(id, order) {
  try {
    const answer = await fetch(`/api/v1/vends/${id}`, order);
    const body = await answer.json();
    return answer.status >= 500 ? { ...body, again: true } : body;
  } catch {
    return { error: "The station does not answer; the same sale is requested again.", again: true };
  }
}

function isFinal(delivery) {
  return ["accepted", "refused", "expired"].includes(delivery.state) || delivery.done_at || delivery.channel === "keyed";
}

function showVend(card, vend) {
  const { state, channel } = vend.delivery;
  setText(find(card, "token"), vend.token_grouped);
  card.dataset.status = state;
  const steps = channel === "keyed" ? ["issued", "to be keyed in"] : STEPS;
  const refused = state === "refused" || state === "expired";
  const ended = refused || state === "reported";
  const at = ended ? STEPS.length - 1 : STEPS.indexOf(state);
  card.querySelector(".steps").replaceChildren(...steps.map((step, i) => {
    const node = document.createElement("li");
    node.textContent = ended && i === at ? state : STEP_NAMES[step] || step;
    node.className = i < at ? "done" : i > at ? "" : refused ? "bad" : "now";
    node.dataset.step = step;
    return node;
  }));
}

// ---- what a meter has recorded ----

const records = document.getElementById("records");

function openRecords(drn) {
  records.dataset.drn = drn;
  setText(document.getElementById("records-title"), `Records of meter ${drn}`);
  records.showModal();
  readRecords();
}

async function readRecords() {
  const { drn } = records.dataset;
  const body = find(records, "body");
  const again = records.querySelector("[data-again]");
  again.disabled = true;
  setText(body, "Reading over the bus; this takes a few seconds.");
  let text = "The bench does not answer.";
  try {
    const answer = await fetch(`/bench/meters/${drn}/records`);
    if (answer.ok) text = null;
    const content = await (answer.ok ? answer.text() : answer.json());
    if (records.dataset.drn !== drn) return;
    if (answer.ok) body.innerHTML = content;
    else text = content.error || answer.statusText;
  } catch {
    // the sentence above
  } finally {
    again.disabled = false;
  }
  if (text !== null) setText(body, text);
}

records.querySelector("[data-close]").addEventListener("click", () => records.close());
records.querySelector("[data-again]").addEventListener("click", readRecords);

// ---- processes, collector, bus ----

function kilobytes(bytes) {
  return bytes == null ? "--" : `${Math.round(bytes / 1024)} K`;
}

function showPart(part) {
  const card = document.getElementById(part.name === "collector" ? "collector" : `meter-${part.name}`);
  if (!card) return;
  const text = [`MicroPython ${part.micropython || "--"}`, `heap ${kilobytes(part.used)}`,
    `lowest free ${kilobytes(part.lowest_free)}`];
  const line = find(card, "process");
  const trouble = document.createElement("span");
  trouble.className = "trouble";
  if (part.state === "off") trouble.textContent = " · without power";
  else if (part.state === "restarting") trouble.textContent = ` · ended (${part.last_exit}), restarting`;
  else if (part.restarts) trouble.textContent = ` · restarted ${part.restarts}x (${part.last_exit})`;
  line.replaceChildren(text.join(" · "), trouble);
  card.dataset.restarts = part.restarts;
}

function showCollector(state) {
  const card = document.getElementById("collector");
  card.classList.toggle("on", state.online);
  setText(find(card, "state"), state.text);
  setText(find(card, "facts"), state.facts);
}

function showBus(bus) {
  setText(document.querySelector('.bus [data-field="bus"]'), `${bus.baudrate} 8E1 · ${bus.path}`);
  for (const button of document.querySelectorAll("[data-bus]")) {
    button.setAttribute("aria-pressed", String(bus[button.dataset.bus] > 0));
  }
}

function showClock(clock) {
  setText(document.querySelector('[data-item="time"]'), clock.text);
  for (const button of document.querySelectorAll("[data-speed]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.speed) === clock.speed));
  }
}

function addFrames(frames) {
  const trace = document.getElementById("trace");
  const follows = trace.scrollHeight - trace.scrollTop - trace.clientHeight < 40;
  for (const frame of frames) {
    const line = document.createElement("li");
    line.className = frame.kind;
    line.title = `${(frame.at_ms / 1000).toFixed(3)} s, ${frame.from}\n${frame.text}\n${frame.hex}`;
    line.textContent = `${{ request: "→", reply: "←" }[frame.kind] || "⚡"} ${frame.text}`;
    trace.append(line);
  }
  while (trace.childElementCount > TRACE_LINES) trace.firstElementChild.remove();
  if (follows) trace.scrollTop = trace.scrollHeight;
}

const SHOW = { meter: showMeter, part: showPart, collector: showCollector, bus: showBus, clock: showClock };

function take(news) {
  const order = Object.keys(news.items || {}).sort(); // meters come before their processes
  for (const name of order) SHOW[name.split(":")[0]](news.items[name]);
  if (news.frames) addFrames(news.frames);
}

document.addEventListener("click", (event) => {
  const data = event.target.dataset;
  if (data.speed) post("/bench/speed", { speed: Number(data.speed) });
  if (data.bus) {
    const on = event.target.getAttribute("aria-pressed") === "true";
    post("/bench/bus", { [data.bus]: on ? 0 : Number(data.value) });
  }
  if (event.target.matches(".kill")) {
    const part = data.kill || event.target.closest("article").dataset.drn;
    const question = `End the process of ${part} at once (kill -9)? It is restarted.`;
    if (confirm(question)) post("/bench/kill", { part });
  }
});

// The state of this page: the bench's run (another one begins anew) and the number in it.
const seen = { run: "", number: 0, live: false };

async function askNews() {
  try {
    const address = `/bench/news?run=${seen.run}&seen=${seen.number}`;
    const answer = await fetch(address, { signal: AbortSignal.timeout(10000) });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

async function news() {
  clearTimeout(news.timer);
  if (news.busy) return;
  news.busy = true;
  const found = await askNews();
  news.busy = false;
  news.timer = setTimeout(news, document.hidden ? HIDDEN_MS : NEWS_MS);
  if (!found) announce("the bench does not answer");
  else if (!seen.live) announce("live", false);
  seen.live = Boolean(found);
  if (!found) return;
  Object.assign(seen, { run: found.run, number: found.seen });
  take(found);
}

document.addEventListener("visibilitychange", () => document.hidden || news());
document.getElementById("needs-script").remove();
announce("connecting", false);
news();
page.style.setProperty("--bench-top", `${document.querySelector(".side").offsetTop + 12}px`);
