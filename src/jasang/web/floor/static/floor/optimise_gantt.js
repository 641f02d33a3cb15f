/* The schedule in #plan (jasang.schedule/1) drawn into #gantt. Dragging an operation fills the form #move with another machine
 * and start; a tap fills it with where it is. Nothing is sent before somebody presses a button of that form. */
(function () {
  "use strict";
  const SNAP = 5 * 60000;
  const korean = document.documentElement.lang === "ko";
  // The factory's clock, wherever the reader is: the offset is cut off and the rest read as UTC.
  const time = (text) => Date.parse(text.slice(0, 19) + "Z");
  const local = (ms) => new Date(ms).toISOString().slice(0, 16);
  const clock = (ms) => local(ms).slice(5).replace("T", " ");
  const safe = (text) => echarts.format.encodeHTML(String(text));

  function draw() {
    const source = document.getElementById("plan");
    const box = document.getElementById("gantt");
    if (!source || !box || box.dataset.drawn) return;
    box.dataset.drawn = "1";
    const plan = JSON.parse(source.textContent);
    const narrow = window.innerWidth < 600;
    const machines = plan.machines.map((one) => one.name);
    const row = new Map(machines.map((name, place) => [name, place]));
    const orders = new Map(plan.orders.map((one, place) => [one.order, Object.assign({ place }, one)]));
    const colour = (order) => `hsl(${(orders.get(order).place * 137.5) % 360}, 48%, ${40 + (orders.get(order).place % 3) * 7}%)`;
    const work = plan.operations.map((one) => [row.get(one.machine), time(one.start), time(one.end), one]);
    const setups = plan.operations.filter((one) => one.setup_minutes)
      .map((one) => [row.get(one.machine), time(one.setup_start), time(one.setup_end), one]);
    const closed = plan.machines.flatMap((machine) => machine.closed.map((one) => [row.get(machine.name), time(one.start), time(one.end), one]));
    const first = Math.min(...work.map((one) => one[1]), ...setups.map((one) => one[1]));
    const last = Math.max(...work.map((one) => one[2]));

    const rect = (api, params, share) => {
      const from = api.coord([api.value(1), api.value(0)]);
      const to = api.coord([api.value(2), api.value(0)]);
      const height = api.size([0, 1])[1] * share;
      return echarts.graphic.clipRectByRect(
        { x: from[0], y: from[1] - height / 2, width: Math.max(1, to[0] - from[0]), height },
        { x: params.coordSys.x, y: params.coordSys.y, width: params.coordSys.width, height: params.coordSys.height });
    };
    const plain = (share, fill) => (params, api) => {
      const shape = rect(api, params, share);
      return shape && { type: "rect", shape, style: { fill }, silent: true };
    };
    const drawWork = (params, api) => {
      const shape = rect(api, params, 0.7);
      if (!shape) return null;
      const one = work[params.dataIndex][3];
      const late = orders.get(one.order).late_minutes > 0;
      const children = [{ type: "rect", shape: Object.assign({ r: 3 }, shape), style: { fill: colour(one.order), stroke: late ? "#c8102e" : "#fff", lineWidth: late ? 2.5 : 1 } }];
      if (shape.width > 28) {
        children.push({ type: "text", silent: true, style: { text: `${one.locked ? "◆ " : ""}${one.order}-${one.step}`, x: shape.x + 4, y: shape.y + shape.height / 2,
          fill: "#fff", font: "600 11px sans-serif", verticalAlign: "middle", width: shape.width - 6, overflow: "truncate" } });
      }
      return { type: "group", children };
    };
    const tip = (params) => {
      const one = work[params.dataIndex][3];
      const order = orders.get(one.order);
      const lines = [`<b>${safe(one.order)}</b> ${safe(order.product)} × ${order.quantity.toLocaleString()}`, `${one.step}. ${safe(one.operation)} · ${safe(one.machine)}`,
        `${clock(time(one.start))} ~ ${clock(time(one.end))}`];
      if (order.due) lines.push((korean ? "납기 " : "due ") + clock(time(order.due)));
      if (order.late_minutes) lines.push((korean ? "늦음 " : "late ") + order.late_minutes.toLocaleString() + (korean ? "분" : " min"));
      return lines.join("<br>");
    };
    const series = (name, data, renderItem, z) => ({ type: "custom", name, data: data.map((one) => one.slice(0, 3)), renderItem, z, encode: { x: [1, 2], y: 0 }, clip: true,
      tooltip: name === "work" ? { formatter: tip } : { show: false } });
    const shown = narrow && last - first > 3 * 864e5 ? Math.max(5, 100 * 2 * 864e5 / (last - first)) : 100;
    box.style.height = `${Math.max(260, machines.length * (narrow ? 42 : 48) + 110)}px`;
    const chart = echarts.init(box, null, { renderer: "canvas" });
    chart.setOption({
      animation: false,
      tooltip: { confine: true },
      grid: { left: 8, right: 16, top: 12, bottom: 60, containLabel: true },
      xAxis: { type: "time", useUTC: true, min: first - 18e5, max: last + 36e5 * 8, splitLine: { show: true, lineStyle: { color: "#eef1f5" } },
        axisLabel: { hideOverlap: true, formatter: (at) => { const text = clock(at); return text.endsWith("00:00") ? text.slice(0, 5) : narrow ? text.slice(6) : text; } } },
      yAxis: { type: "category", data: machines, inverse: true, axisTick: { show: false }, splitLine: { show: true, lineStyle: { color: "#eef1f5" } },
        axisLabel: { width: narrow ? 70 : 160, overflow: "truncate", color: "#1b2430" } },
      // Dragging moves operations, so the picture itself is moved by its slider and zoomed by the wheel.
      dataZoom: [{ type: "inside", filterMode: "weakFilter", end: shown, moveOnMouseMove: false, zoomOnMouseWheel: true },
        { type: "slider", filterMode: "weakFilter", height: narrow ? 30 : 20, bottom: 8, labelFormatter: (at) => clock(at), end: shown }],
      useUTC: true,
      series: [series("closed", closed, plain(1, "#e9ecf1"), 1), series("setup", setups, plain(0.3, "#6b7480"), 2), series("work", work, drawWork, 3)],
    });
    window.addEventListener("resize", () => chart.resize());
    watch(chart, work, machines);
  }

  /** Follow a drag from an operation to another time or machine. */
  function watch(chart, work, machines) {
    const place = (event) => {
      const pixel = [event.offsetX, event.offsetY];
      if (!chart.containPixel({ gridIndex: 0 }, pixel)) return null;
      const at = chart.convertFromPixel({ gridIndex: 0 }, pixel);
      return { time: at[0], row: Math.round(at[1]), pixel };
    };
    let held = null;
    const ghost = (shape) => chart.setOption({ graphic: [{ id: "ghost", type: "rect", z: 10, silent: true, invisible: !shape, shape: shape || { x: 0, y: 0, width: 0, height: 0 },
      style: { fill: "rgba(15,76,110,.35)", stroke: "#0f4c6e", lineWidth: 2, lineDash: [4, 3] } }] });
    const target = (to) => {
      const one = held.item[3];
      const start = Math.round((held.item[1] + to.time - held.from.time) / SNAP) * SNAP;
      const machine = machines[to.row];
      return { start, machine: one.alternatives.includes(machine) ? machine : one.machine };
    };
    chart.getZr().on("mousedown", (event) => {
      const from = place(event);
      const item = from && work.find((one) => one[0] === from.row && one[1] <= from.time && from.time <= one[2]);
      held = item ? { item, from, moved: false } : null;
    });
    chart.getZr().on("mousemove", (event) => {
      const to = held && place(event);
      if (!to) return;
      if (Math.hypot(to.pixel[0] - held.from.pixel[0], to.pixel[1] - held.from.pixel[1]) > 6) held.moved = true;
      if (!held.moved) return;
      chart.dispatchAction({ type: "hideTip" });
      const aim = target(to);
      const left = chart.convertToPixel({ gridIndex: 0 }, [aim.start, machines.indexOf(aim.machine)]);
      const right = chart.convertToPixel({ gridIndex: 0 }, [aim.start + held.item[2] - held.item[1], machines.indexOf(aim.machine)]);
      ghost({ x: left[0], y: left[1] - 15, width: Math.max(2, right[0] - left[0]), height: 30, r: 3 });
    });
    chart.getZr().on("mouseup", (event) => {
      if (!held) return;
      const to = place(event);
      const one = held.item[3];
      offer(one, held.moved && to ? target(to) : { start: held.item[1], machine: one.machine }, held.moved);
      held = null;
    });
    chart.getZr().on("globalout", () => { if (held) { held = null; ghost(null); } });
  }

  /** Show the form for one operation, with another place where it was dragged. */
  function offer(one, aim, moved) {
    const form = document.getElementById("move");
    form.hidden = false;
    document.getElementById("move-what").textContent = `${one.order}-${one.step} ${one.operation}`;
    form.elements.order.value = one.order;
    form.elements.step.value = one.step;
    form.elements.machine.replaceChildren(...one.alternatives.map((name) => new Option(name, name, false, name === aim.machine)));
    form.elements.start.value = local(aim.start);
    document.getElementById("hold").hidden = moved || one.locked;
    document.getElementById("free").hidden = moved || !one.locked;
    form.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("DOMContentLoaded", draw);
  document.addEventListener("htmx:afterSettle", draw);
})();
