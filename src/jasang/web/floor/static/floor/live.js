/* The live page: asks for values every two seconds while somebody looks, and draws what comes. */
(function () {
  "use strict";
  const page = document.getElementById("live");
  if (!page) return;
  const EVERY_MS = 2000;
  const status = document.getElementById("status");
  const trends = document.getElementById("trends");
  const list = document.getElementById("signals");
  const seek = document.getElementById("seek");
  const trouble = document.getElementById("trouble");
  const machines = document.getElementById("machines");
  const address = new URLSearchParams(location.search);
  let window_ = address.get("window") || "600";
  let chosen = address.getAll("signal");
  let timer = 0, asking = false, again = false;

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function question() {
    const asked = new URLSearchParams({ window: window_ });
    chosen.forEach((name) => asked.append("signal", name));
    return asked;
  }

  function tell(state, words) {
    if (status.textContent !== words) status.textContent = words;
    status.dataset.state = state;
  }

  async function ask() {
    if (asking) { again = true; return; }
    asking = true;
    clearTimeout(timer);
    try {
      const answer = await fetch(`${page.dataset.readings}?${question()}`, { headers: { Accept: "application/json" } });
      if (answer.redirected || answer.status === 404) { location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.json());
    } catch (error) {
      tell("away", page.dataset.lost);
    } finally {
      asking = false;
      if (again) { again = false; ask(); }
      else if (!document.hidden) timer = setTimeout(ask, EVERY_MS);
    }
  }

  function show(view) {
    const error = view.status.error ? ` ${window.jasangCharts.say(view.status.error)}` : "";
    tell(view.status.state, view.status.words + error);
    chosen = chosen.length ? chosen : view.chosen;
    showTrouble(view.status.trouble || []);
    showMachines(view.machines);
    showSignals(view.signals);
    showTrends(view.charts);
    document.getElementById("no-signals").hidden = view.signals.length > 0;
    page.dataset.shown = view.clock || "";
  }

  function showTrouble(found) {
    trouble.hidden = !found.length;
    trouble.replaceChildren(...found.map((one) => {
      const item = make("li");
      item.append(make("b", "", one.name), ` ${one.words} (${one.since})`);
      if (one.error) item.append(make("small", "", window.jasangCharts.say(one.error)));
      return item;
    }));
  }

  function showMachines(found) {
    machines.replaceChildren(...found.map((machine) => {
      const item = make("li", `machine ${machine.kind}`);
      item.append(make("b", "", machine.asset), make("span", "state", machine.state), make("span", "soft", machine.since));
      return item;
    }));
  }

  function signalRow(signal) {
    const row = make("li");
    row.dataset.signal = signal.name;
    const label = make("label");
    const box = make("input");
    box.type = "checkbox";
    box.title = page.dataset.show;
    box.addEventListener("change", () => choose(signal.name, box));
    const name = make("span", "name");
    // "Barrel.Zone1.ActualTemperature" may break after a dot or before a capital, nowhere else.
    signal.short.split(/(?<=[._ ])|(?<=[a-z0-9])(?=[A-Z])/).forEach((part) => name.append(part, document.createElement("wbr")));
    name.append(make("small", "soft", signal.asset));
    label.append(box, name);
    row.append(label, make("span", "value"), make("span", "about"));
    return row;
  }

  function showSignals(signals) {
    list.classList.toggle("one-asset", new Set(signals.map((signal) => signal.asset)).size < 2);
    const rows = new Map([...list.children].map((row) => [row.dataset.signal, row]));
    signals.forEach((signal, place) => {
      const row = rows.get(signal.name) || signalRow(signal);
      rows.delete(signal.name);
      const box = row.querySelector("input");
      box.disabled = !signal.chart;
      box.checked = signal.chart && chosen.includes(signal.name);
      row.dataset.quality = signal.quality;
      row.querySelector(".value").textContent = `${signal.value} ${signal.unit}`.trim();
      row.querySelector(".about").textContent = [signal.quality_words, signal.age].filter(Boolean).join(" · ");
      if (list.children[place] !== row) list.insertBefore(row, list.children[place] || null);
    });
    rows.forEach((row) => row.remove());
    seek.hidden = signals.length < 12;
    narrow();
  }

  /** Only the signals whose name has what was typed. */
  function narrow() {
    const typed = seek.value.trim().toLowerCase();
    [...list.children].forEach((row) => { row.hidden = !row.dataset.signal.toLowerCase().includes(typed); });
  }

  function showTrends(charts) {
    const cards = new Map([...trends.children].map((card) => [card.dataset.signal, card]));
    charts.forEach((entry, place) => {
      let card = cards.get(entry.name);
      if (!card) {
        card = make("div", "card");
        card.dataset.signal = entry.name;
        const chart = make("div", "jasang-chart");
        chart.dataset.size = "middle";
        card.append(chart, make("p", "now"));
      }
      cards.delete(entry.name);
      if (trends.children[place] !== card) trends.insertBefore(card, trends.children[place] || null);
      window.jasangCharts.draw(card.firstElementChild, entry.chart);
      const now = list.querySelector(`[data-signal="${CSS.escape(entry.name)}"] .value`);
      card.lastElementChild.textContent = now ? now.textContent : "";
    });
    cards.forEach((card) => card.remove());
  }

  function choose(name, box) {
    if (!box.checked) chosen = chosen.filter((other) => other !== name);
    else if (chosen.length < Number(page.dataset.most)) chosen = [...chosen, name];
    else { box.checked = false; tell("away", page.dataset.enough); return; }
    look();
  }

  function look() {
    history.replaceState(null, "", `?${question()}`);
    document.querySelectorAll("[data-window]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.window === window_)));
    ask();
  }

  document.querySelectorAll("[data-window]").forEach((button) => button.addEventListener("click", () => { window_ = button.dataset.window; look(); }));
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) tell("paused", page.dataset.paused);
    else ask();
  });
  document.querySelectorAll("[data-window]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.window === window_)));
  seek.addEventListener("input", narrow);
  ask();
})();
