/* Trends from years to a second: what is known is drawn at once, finer values are asked for and replace it. */
(function () {
  "use strict";
  const page = document.getElementById("trends-page");
  if (!page) return;
  const COLOURS = ["#0072B2", "#D98A00", "#00795A", "#8A4B8F", "#3D8FC4", "#7A6A00", "#B0416B", "#4A5663", "#2F6DB5", "#A65300", "#1C8C6E", "#6B5BA8"];
  const BAD = "#A82A12", INK = "#28323C", GREY = "#6B7480";
  const MARKS = { act: ["▲", "#A82A12"], watch: ["◆", "#B98000"], note: ["●", "#35536E"] };
  const LEFT = 62, RIGHT = 14, TOP = 24, GAP = 34, SHORTEST = 500, LONGEST = 3650 * 864e5, FOLLOW_MS = 5000;
  const FONT = getComputedStyle(document.body).fontFamily;
  const { say, number, clock } = window.jasangCharts;
  const shift = clock(document.documentElement.dataset.timezone || "");
  const picture = document.getElementById("picture");
  const readout = document.getElementById("readout");
  const none = document.getElementById("picture-none");
  const address = new URLSearchParams(location.search);
  const plot = make("div"), cursorLine = make("div", "cursor-line");
  cursorLine.hidden = true;
  picture.append(plot, cursorLine);
  const chart = window.echarts.init(plot, null, { renderer: "canvas" });
  let from = Date.parse(address.get("from") || ""), to = Date.parse(address.get("to") || "");
  let chosen = boxes().filter((box) => box.checked).map((box) => box.value);
  let known = null, cursor = null, following = !(from < to), asking = null, timer = 0, follow = 0, height = 0;

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }
  function boxes() { return [...document.querySelectorAll("#choices input")]; }
  const colourOf = (name) => COLOURS[Math.max(0, chosen.indexOf(name)) % COLOURS.length];
  const wide = () => Math.max(60, plot.clientWidth - LEFT - RIGHT);
  const timeAt = (x) => from + ((x - LEFT) / wide()) * (to - from);
  const placeOf = (time) => LEFT + ((time - from) / (to - from)) * wide();

  function momentWords(time, spanMs) {
    const text = new Date(shift(time)).toISOString();
    return spanMs < 12e4 ? text.slice(0, 23).replace("T", " ") : spanMs < 864e5 * 4 ? text.slice(0, 19).replace("T", " ") : text.slice(0, 16).replace("T", " ");
  }

  /** Asks for what is looked at and a quarter more at both sides, so that a move shows something at once. */
  async function ask() {
    clearTimeout(follow);
    if (asking) asking.abort();
    asking = new AbortController();
    const asked = new URLSearchParams();
    if (from < to) {
      const room = (to - from) / 4;
      asked.set("from", new Date(from - room).toISOString());
      asked.set("to", new Date(to + room).toISOString());
    }
    asked.set("points", String(Math.round(wide() * 1.5)));
    chosen.forEach((name) => asked.append("signal", name));
    try {
      const answer = await fetch(`${page.dataset.address}?${asked}`, { headers: { Accept: "application/json" }, signal: asking.signal });
      if (answer.redirected || answer.status === 404) { location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      known = await answer.json();
      if (!(from < to)) { from = known.from; to = known.to; }
      draw();
      tellMarks();
      page.dataset.shown = String(known.step);
    } catch (error) {
      if (error.name === "AbortError") return;
      none.hidden = false;
      none.textContent = page.dataset.lost;
      follow = setTimeout(ask, FOLLOW_MS);
      return;
    }
    if (following && !document.hidden) follow = setTimeout(latest, FOLLOW_MS);
  }

  function latest() {
    const length = to - from;
    const end = known && known.extent ? Math.max(known.extent[1] + 1000, Math.min(Date.now(), known.extent[1] + FOLLOW_MS * 2)) : Date.now();
    to = end; from = end - length;
    ask();
  }

  function look(newFrom, newTo, { followOn = false } = {}) {
    const middle = (newFrom + newTo) / 2, length = Math.min(LONGEST, Math.max(SHORTEST, newTo - newFrom));
    from = middle - length / 2; to = middle + length / 2;
    following = followOn;
    draw();
    clearTimeout(timer);
    timer = setTimeout(() => { keep(); ask(); }, 90);
  }
  const zoom = (factor, at) => {
    const fixed = at === undefined ? (from + to) / 2 : at;
    const length = Math.min(LONGEST, Math.max(SHORTEST, (to - from) * factor)), share = (fixed - from) / (to - from);
    look(fixed - share * length, fixed + (1 - share) * length);
  };

  function keep() {
    const asked = new URLSearchParams();
    if (!following) { asked.set("from", new Date(from).toISOString()); asked.set("to", new Date(to).toISOString()); }
    chosen.forEach((name) => asked.append("signal", name));
    history.replaceState(null, "", `?${asked}`);
  }

  /** Points of a signal as [time, mean, low, high]; null where a gap is. */
  function pointsOf(signal) {
    const points = [];
    const timeOf = (place) => known.start + (place + (signal.low ? 0.5 : 0)) * known.step;
    if (signal.held !== null) points.push([known.start, signal.held, signal.held, signal.held]);
    signal.at.forEach((place, n) => {
      if (n && signal.gap !== null && place - signal.at[n - 1] > signal.gap) points.push(null);
      points.push([timeOf(place), signal.mean[n], signal.low ? signal.low[n] : signal.mean[n], signal.high ? signal.high[n] : signal.mean[n]]);
    });
    const end = Math.min(known.start + known.buckets * known.step, Date.now());
    if (signal.steps && points.length) {
      const last = points[points.length - 1];
      if (last && end > last[0]) points.push([end, last[1], last[1], last[1]]);
    }
    return points;
  }

  function panels() {
    const found = new Map();
    (known ? known.signals : []).forEach((signal) => {
      if (!found.has(signal.unit)) found.set(signal.unit, []);
      found.get(signal.unit).push({ signal, points: pointsOf(signal) });
    });
    return [...found.entries()].map(([unit, members]) => ({ unit, members, range: rangeOf(members) }));
  }

  /** From the least to the greatest value that is in the picture, with a little room. */
  function rangeOf(members) {
    let low = Infinity, high = -Infinity;
    members.forEach(({ points }) => points.forEach((point, n) => {
      if (!point) return;
      const after = points[n + 1], before = points[n - 1];
      const seen = (point[0] >= from && point[0] <= to) || (point[0] < from && after && after[0] > from) || (point[0] > to && before && before[0] < to);
      if (seen) { low = Math.min(low, point[2]); high = Math.max(high, point[3]); }
    }));
    if (low > high) return null;
    const room = high === low ? Math.max(Math.abs(low) * 0.02, 1e-6) : (high - low) * 0.06;
    return { low: low - room, high: high + room };
  }

  /** Spans in which no signal of the panel has a value, wide enough to be seen. */
  function gapsOf(members) {
    const least = (to - from) * 0.012, spans = [];
    members.forEach(({ points }) => {
      let begun = null, last = null;
      points.forEach((point) => {
        if (!point) { if (begun !== null) spans.push([begun, last]); begun = null; return; }
        if (begun === null) begun = point[0];
        last = point[0];
      });
      if (begun !== null) spans.push([begun, last]);
    });
    spans.sort((one, other) => one[0] - other[0]);
    const gaps = [];
    let reached = null;
    spans.forEach(([start, end]) => {
      if (reached !== null && start - reached > least) gaps.push([reached, start]);
      reached = reached === null ? end : Math.max(reached, end);
    });
    return gaps;
  }

  function stretches(points) {
    const found = [[]];
    points.forEach((point) => { if (point) found[found.length - 1].push(point); else found.push([]); });
    return found.filter((stretch) => stretch.length);
  }

  function bandSeries(member, axis) {
    const shapes = stretches(member.points);
    return {
      type: "custom", xAxisIndex: axis, yAxisIndex: axis, silent: true, animation: false, clip: true, z: 1, encode: { x: 0, y: 1 },
      data: shapes.map((stretch) => [shift(stretch[0][0]), stretch[0][1]]),
      renderItem: (params, api) => {
        const stretch = shapes[params.dataIndex];
        const edge = (column) => stretch.map((point) => api.coord([shift(point[0]), point[column]]));
        return { type: "polygon", shape: { points: [...edge(3), ...edge(2).reverse()] }, style: { fill: colourOf(member.signal.name), opacity: 0.2 } };
      },
    };
  }

  function badSeries(member, axis, range) {
    const values = new Map(member.signal.at.map((place, n) => [place, member.signal.mean[n]]));
    return {
      type: "scatter", xAxisIndex: axis, yAxisIndex: axis, silent: true, animation: false, symbol: "triangle", symbolSize: 7, z: 5, itemStyle: { color: BAD },
      data: member.signal.bad.map((place) => [shift(known.start + (place + 0.5) * known.step), values.has(place) ? values.get(place) : range.low]),
    };
  }

  function marksOf(first, gaps) {
    const lines = [], areas = gaps.map(([start, end]) => [{ xAxis: shift(start), itemStyle: { color: GREY, opacity: 0.13 }, label: { show: first && placeOf(end) - placeOf(start) > 60, formatter: page.dataset.gap, color: GREY, position: "insideBottom", fontSize: 11 } }, { xAxis: shift(end) }]);
    const label = (words, colour) => ({ show: first, formatter: words, color: colour, fontWeight: 700, fontSize: 13, position: "end", distance: 4 });
    (known.notes || []).forEach((note, n) => {
      lines.push({ xAxis: shift(note.start), lineStyle: { color: INK, type: "solid", width: 1.4 }, label: label(String(n + 1), INK) });
      if (note.end) areas.push([{ xAxis: shift(note.start), itemStyle: { color: "#0F4C6E", opacity: 0.09 }, label: { show: false } }, { xAxis: shift(note.end) }]);
    });
    (known.findings || []).forEach((finding) => {
      const [sign, colour] = MARKS[finding.severity] || MARKS.note;
      lines.push({ xAxis: shift(finding.start), lineStyle: { color: colour, type: [5, 4], width: 1.4 }, label: label(sign, colour) });
    });
    return { markLine: { silent: true, symbol: "none", animation: false, data: lines }, markArea: { silent: true, animation: false, data: areas } };
  }

  function draw() {
    if (!known || !(from < to)) return;
    const shown = panels();
    const each = shown.length === 1 ? 320 : shown.length === 2 ? 210 : 160;
    const total = shown.length ? TOP + shown.length * each + (shown.length - 1) * GAP + 28 : 60;
    if (total !== height) { height = total; plot.style.height = `${total}px`; chart.resize(); }
    const empty = !shown.some((panel) => panel.range);
    none.hidden = !empty;
    none.textContent = known.error ? say(known.error) : page.dataset.none;
    const option = { useUTC: true, animation: false, textStyle: { fontFamily: FONT }, grid: [], xAxis: [], yAxis: [], series: [] };
    shown.forEach((panel, n) => {
      const range = panel.range || { low: 0, high: 1 };
      const top = TOP + n * (each + GAP), last = n === shown.length - 1;
      option.grid.push({ left: LEFT, right: RIGHT, top, height: each });
      option.xAxis.push({
        type: "time", gridIndex: n, min: shift(from), max: shift(to), axisLine: { onZero: false, lineStyle: { color: "#AEB6BF" } }, axisTick: { show: last }, splitLine: { show: true, lineStyle: { color: "#EEF1F4" } }, splitNumber: Math.max(2, Math.floor(wide() / 130)),
        axisLabel: { show: last, color: INK, fontSize: 12, hideOverlap: true, formatter: { year: "{yyyy}", month: "{yyyy}-{MM}", day: "{MM}-{dd}", hour: "{HH}:{mm}", minute: "{HH}:{mm}", second: "{HH}:{mm}:{ss}", millisecond: "{ss}.{SSS}", none: "{HH}:{mm}:{ss}" } },
      });
      option.yAxis.push({
        type: "value", gridIndex: n, min: range.low, max: range.high, splitNumber: each > 200 ? 5 : 3, name: panel.unit || page.dataset.noUnit, nameLocation: "end", nameGap: 7, nameTextStyle: { color: INK, fontSize: 12, fontWeight: 700, align: "right", padding: [0, 6, 0, 0] },
        axisLabel: { color: INK, fontSize: 12, formatter: (value) => number(value), showMinLabel: false, showMaxLabel: false, hideOverlap: true }, splitLine: { lineStyle: { color: "#E4E8EC" } },
      });
      panel.members.forEach((member, position) => {
        const marks = position ? {} : marksOf(!n, gapsOf(panel.members));
        if (member.signal.low) option.series.push(bandSeries(member, n));
        option.series.push({
          type: "line", name: member.signal.name, xAxisIndex: n, yAxisIndex: n, silent: true, animation: false, connectNulls: false, step: member.signal.steps ? "end" : false, z: 3,
          showSymbol: member.points.length < 60, symbol: "circle", symbolSize: 5, itemStyle: { color: colourOf(member.signal.name) }, lineStyle: { width: 1.7, color: colourOf(member.signal.name) },
          data: member.points.map((point, at) => (point ? [shift(point[0]), point[1]] : [shift((member.points[at - 1] || [0])[0]) + 1, null])), ...marks,
        });
        if (member.signal.bad.length) option.series.push(badSeries(member, n, range));
      });
    });
    chart.setOption(option, { notMerge: true });
    tellSpan();
    read(shown);
    cursorLine.style.top = `${TOP}px`;
    cursorLine.style.height = `${Math.max(0, total - TOP - 28)}px`;
    page.dataset.drawn = empty ? "empty" : "yes";
  }

  function tellSpan() {
    document.getElementById("span-words").textContent = `${momentWords(from, to - from)} – ${momentWords(to, to - from)}`;
    document.querySelectorAll("[data-span]").forEach((button) => button.setAttribute("aria-pressed", String(Math.abs(Number(button.dataset.span) * 1000 / (to - from) - 1) < 0.01)));
  }

  /** The point at or next to a time, unless that lies in a gap. */
  function valueAt(member, time) {
    let best = null;
    const points = member.points.filter(Boolean);
    if (member.signal.steps) { points.forEach((point) => { if (point[0] <= time) best = point; }); return best; }
    points.forEach((point) => { if (!best || Math.abs(point[0] - time) < Math.abs(best[0] - time)) best = point; });
    return best && Math.abs(best[0] - time) <= Math.max(known.step * (member.signal.gap || 3), (to - from) / 100) ? best : null;
  }

  const words = (point) => (point ? (point[2] === point[3] ? number(point[1]) : `${number(point[1])} (${number(point[2])} – ${number(point[3])})`) : "–");

  function read(shown) {
    const rows = shown.flatMap((panel) => panel.members).sort((one, other) => chosen.indexOf(one.signal.name) - chosen.indexOf(other.signal.name)).map((member) => {
      const { signal } = member;
      const row = make("li"), swatch = make("i"), away = make("button", "", "✕");
      swatch.style.color = colourOf(signal.name);
      away.type = "button";
      away.setAttribute("aria-label", `${page.dataset.remove}: ${signal.name}`);
      away.addEventListener("click", () => choose(signal.name, false));
      const inside = member.points.filter((point) => point && point[0] >= from && point[0] <= to);
      const point = cursor === null ? inside[inside.length - 1] || null : valueAt(member, cursor);
      const low = Math.min(...inside.map((one) => one[2])), high = Math.max(...inside.map((one) => one[3]));
      const range = make("span", "range", inside.length ? `${number(low)} – ${number(high)} ${signal.unit}`.trim() : "");
      if (signal.bad.length) range.append(" · ", make("span", "bad", `▲ ${page.dataset.bad}`));
      const name = make("span", "name");
      signal.name.split(/(?<=[._ ])|(?<=[a-z0-9])(?=[A-Z])/).forEach((part) => name.append(part, document.createElement("wbr")));
      row.append(swatch, name, away, make("span", "at", `${words(point)} ${point ? signal.unit : ""}`.trim()), range);
      return row;
    });
    readout.replaceChildren(...rows);
    document.getElementById("cursor-words").textContent = cursor === null ? "" : momentWords(cursor, to - from);
  }

  function setCursor(time) {
    cursor = time;
    cursorLine.hidden = time === null || time < from || time > to;
    if (time !== null) cursorLine.style.left = `${placeOf(time)}px`;
    if (known) read(panels());
  }

  function tellMarks() {
    const list = document.getElementById("told-list"), rows = [];
    (known.notes || []).forEach((note, n) => {
      const row = make("li");
      row.append(make("span", "mark", String(n + 1)), make("time", "", momentWords(note.start, 1e9) + (note.end ? ` – ${momentWords(note.end, 1e9)}` : "")), make("span", "words", note.text), make("span", "soft", [note.by, note.signals.join(", ")].filter(Boolean).join(" · ")));
      if (note.mine) {
        const away = make("button", "", page.dataset.remove);
        away.type = "button";
        away.addEventListener("click", () => removeNote(note.key));
        row.append(away);
      }
      rows.push(row);
    });
    (known.findings || []).forEach((finding) => {
      const row = make("li"), link = make("a", "words", say(finding.text));
      link.href = finding.url;
      row.append(make("span", `mark ${finding.severity}`, (MARKS[finding.severity] || MARKS.note)[0]), make("time", "", momentWords(finding.start, 1e9)), link);
      rows.push(row);
    });
    document.getElementById("told").hidden = !rows.length;
    list.replaceChildren(...rows);
  }

  const token = () => document.querySelector("#note-form [name=csrfmiddlewaretoken]").value;
  async function removeNote(key) {
    await fetch(`${page.dataset.notes}${key}/delete/`, { method: "POST", headers: { "X-CSRFToken": token() } });
    ask();
  }

  function choose(name, on) {
    const enough = document.getElementById("enough");
    const full = on && chosen.length >= Number(page.dataset.most);
    enough.hidden = !full;
    if (full) enough.textContent = page.dataset.enough;
    else chosen = on ? [...chosen, name] : chosen.filter((other) => other !== name);
    boxes().forEach((box) => { box.checked = chosen.includes(box.value); });
    keep();
    ask();
  }

  /* One finger or the mouse moves, two fingers pinch, the wheel zooms; a tap sets the cursor. */
  const fingers = new Map();
  let moved = false;
  picture.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    fingers.set(event.pointerId, event.offsetX);
    moved = fingers.size > 1;
    picture.setPointerCapture(event.pointerId);
  });
  const within = (event) => event.clientX - picture.getBoundingClientRect().left;
  picture.addEventListener("pointermove", (event) => {
    const x = within(event);
    if (!fingers.has(event.pointerId)) { if (event.pointerType === "mouse") setCursor(timeAt(x)); return; }
    const before = [...fingers.values()], old = fingers.get(event.pointerId);
    if (fingers.size === 1 && !moved && Math.abs(x - old) < 4) return;
    fingers.set(event.pointerId, x);
    const after = [...fingers.values()], perPixel = (to - from) / wide();
    moved = true;
    picture.classList.add("dragging");
    if (fingers.size === 1) look(from - (x - old) * perPixel, to - (x - old) * perPixel);
    else if (fingers.size === 2) {
      const apart = Math.abs(before[0] - before[1]), now = Math.max(8, Math.abs(after[0] - after[1]));
      const held = timeAt((before[0] + before[1]) / 2), length = (to - from) * apart / now;
      const share = ((after[0] + after[1]) / 2 - LEFT) / wide();
      look(held - share * length, held + (1 - share) * length);
    }
    if (cursor !== null) setCursor(cursor);
  });
  function lift(event) {
    const was = fingers.delete(event.pointerId);
    picture.classList.remove("dragging");
    if (was && !moved && event.type === "pointerup") setCursor(timeAt(within(event)));
  }
  picture.addEventListener("pointerup", lift);
  picture.addEventListener("pointercancel", lift);
  picture.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const step = (event.deltaX || event.deltaY) * (to - from) / wide();
      look(from + step, to + step);
    } else zoom(Math.exp(Math.max(-120, Math.min(120, event.deltaY)) * 0.003), timeAt(within(event)));
  }, { passive: false });
  picture.addEventListener("dblclick", (event) => zoom(0.25, timeAt(within(event))));
  picture.addEventListener("keydown", (event) => {
    const length = to - from;
    const keys = { ArrowLeft: () => look(from - length / 4, to - length / 4), ArrowRight: () => look(from + length / 4, to + length / 4), "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2) };
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });

  document.querySelectorAll("[data-span]").forEach((button) => button.addEventListener("click", () => {
    const length = Number(button.dataset.span) * 1000;
    const end = following || !(from < to) ? (known && known.extent ? known.extent[1] + 500 : Date.now()) : (cursor !== null && cursor > from && cursor < to ? cursor : (from + to) / 2) + length / 2;
    look(end - length, end, { followOn: following });
  }));
  document.querySelectorAll("[data-move]").forEach((button) => button.addEventListener("click", () => { const step = Number(button.dataset.move) * (to - from); look(from + step, to + step); }));
  document.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () => zoom(Number(button.dataset.zoom), cursor !== null && cursor > from && cursor < to ? cursor : undefined)));
  document.getElementById("latest").addEventListener("click", () => { following = true; keep(); latest(); });
  boxes().forEach((box) => box.addEventListener("change", () => choose(box.value, box.checked)));
  document.getElementById("seek").addEventListener("input", (event) => {
    const typed = event.target.value.trim().toLowerCase();
    document.querySelectorAll("#choices li").forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(typed); });
  });

  const form = document.getElementById("note-form");
  document.getElementById("note-open").addEventListener("click", () => {
    form.hidden = false;
    form.elements.reach.value = cursor === null ? "span" : "moment";
    if (cursor !== null) document.getElementById("note-moment").textContent = momentWords(cursor, to - from);
    form.elements.text.focus();
  });
  document.getElementById("note-close").addEventListener("click", () => { form.hidden = true; });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sent = new FormData(form), wrong = document.getElementById("note-wrong");
    const moment = form.elements.reach.value === "moment" && cursor !== null;
    sent.set("start", String(moment ? cursor : from));
    if (!moment) sent.set("end", String(to));
    if (form.elements.about.value === "signals") chosen.forEach((name) => sent.append("signal", name));
    const answer = await fetch(page.dataset.notes, { method: "POST", body: sent, headers: { "X-CSRFToken": token() } }).catch(() => null);
    wrong.hidden = Boolean(answer && answer.ok);
    if (answer && answer.ok) { form.reset(); form.hidden = true; ask(); }
    else wrong.textContent = answer && answer.status === 400 ? (await answer.json()).error : page.dataset.lost;
  });

  document.addEventListener("visibilitychange", () => { if (!document.hidden && following) ask(); });
  if (window.ResizeObserver) {
    let width = plot.clientWidth;
    new ResizeObserver(() => { if (plot.clientWidth && plot.clientWidth !== width) { width = plot.clientWidth; chart.resize(); draw(); } }).observe(plot);
  }
  ask();
})();
