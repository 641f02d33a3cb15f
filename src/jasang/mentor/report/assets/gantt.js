// Draws the plan in #plan (jasang.schedule/1) into #gantt: rows are machines, colours orders, grey what is closed.
(function () {
  "use strict";
  const plan = JSON.parse(document.getElementById("plan").textContent);
  const box = document.getElementById("gantt");
  const korean = document.documentElement.lang === "ko";
  const narrow = window.innerWidth < 600;
  const machines = plan.machines.map((one) => one.name);
  const row = new Map(machines.map((name, place) => [name, place]));
  const orders = new Map(plan.orders.map((one, place) => [one.order, Object.assign({ place }, one)]));
  const moved = new Set((plan.replan ? plan.replan.moved : []).map((one) => one.order + "\n" + one.step));
  // The factory's clock, wherever the reader is: the offset is cut off and the rest read as UTC.
  const time = (text) => Date.parse(text.slice(0, 19) + "Z");
  const two = (number) => String(number).padStart(2, "0");
  const clock = (ms) => {
    const at = new Date(ms);
    return `${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  };
  const colour = (order) => `hsl(${(orders.get(order).place * 137.5) % 360}, 52%, ${42 + (orders.get(order).place % 3) * 8}%)`;
  const safe = (text) => echarts.format.encodeHTML(String(text));

  const closed = [];
  for (const machine of plan.machines) {
    for (const one of machine.closed.slice().sort((a, b) => (b.label === "근무 외") - (a.label === "근무 외"))) closed.push([row.get(machine.name), time(one.start), time(one.end), one.label]);
  }
  const setups = plan.operations.filter((one) => one.setup_minutes)
    .map((one) => [row.get(one.machine), time(one.setup_start), time(one.setup_end), one]);
  const work = plan.operations.map((one) => [row.get(one.machine), time(one.start), time(one.end), one]);
  const starts = work.map((one) => one[1]).concat(setups.map((one) => one[1]));
  const first = starts.length ? starts.reduce((a, b) => Math.min(a, b)) : time(plan.origin);
  const last = work.length ? work.map((one) => one[2]).reduce((a, b) => Math.max(a, b)) : first + 864e5;

  const rect = (api, params, share) => {
    const from = api.coord([api.value(1), api.value(0)]);
    const to = api.coord([api.value(2), api.value(0)]);
    const height = api.size([0, 1])[1] * share;
    return echarts.graphic.clipRectByRect(
      { x: from[0], y: from[1] - height / 2, width: Math.max(1, to[0] - from[0]), height },
      { x: params.coordSys.x, y: params.coordSys.y, width: params.coordSys.width, height: params.coordSys.height });
  };
  const drawClosed = (params, api) => {
    const shape = rect(api, params, 1);
    // Nights and breaks are grey, what was stopped for a reason of its own (repair, breakdown) is orange.
    const usual = closed[params.dataIndex][3] === "근무 외";
    return shape && { type: "rect", shape, style: { fill: usual ? "#e9ecf1" : "#f6d7bf" } };
  };
  const drawSetup = (params, api) => {
    const shape = rect(api, params, 0.3);
    return shape && { type: "rect", shape, style: { fill: "#6b7480" } };
  };
  const drawWork = (params, api) => {
    const shape = rect(api, params, 0.66);
    if (!shape) return null;
    const one = work[params.dataIndex][3];
    const late = orders.get(one.order).late_minutes > 0;
    const key = one.order + "\n" + one.step;
    const label = one.order + "-" + one.step + (one.locked ? " ◆" : "");
    const children = [{ type: "rect", shape, style: {
      fill: colour(one.order), stroke: late ? "#c8102e" : moved.has(key) ? "#000" : "#fff",
      lineWidth: late || moved.has(key) ? 2.5 : 1, lineDash: moved.has(key) ? [4, 3] : null } }];
    if (shape.width > 26) {
      children.push({ type: "text", style: { text: label, x: shape.x + 4, y: shape.y + shape.height / 2, fill: "#fff",
        font: "600 11px sans-serif", verticalAlign: "middle", width: shape.width - 6, overflow: "truncate" } });
    }
    return { type: "group", children };
  };
  const tip = (params) => {
    if (params.seriesName === "closed") return `${safe(machines[params.value[0]])}<br>${clock(params.value[1])} ~ ${clock(params.value[2])}<br>${safe(closed[params.dataIndex][3] === "근무 외" && !korean ? "closed" : closed[params.dataIndex][3])}`;
    const one = (params.seriesName === "setup" ? setups : work)[params.dataIndex][3];
    if (params.seriesName === "setup") return `${safe(one.machine)} · ${korean ? "교체" : "set-up"} ${one.setup_minutes}${korean ? "분" : " min"} → ${safe(one.family)}<br>${clock(params.value[1])} ~ ${clock(params.value[2])}`;
    const order = orders.get(one.order);
    const lines = [`<b>${safe(one.order)}</b> ${safe(order.product)} × ${order.quantity.toLocaleString()}`,
      `${one.step}. ${safe(one.operation)} · ${safe(one.machine)}`, `${clock(params.value[1])} ~ ${clock(params.value[2])}`];
    if (order.due) lines.push((korean ? "납기 " : "due ") + clock(time(order.due)));
    if (order.late_minutes) lines.push(`<span style="color:#c8102e">${korean ? "늦음" : "late"} ${order.late_minutes.toLocaleString()}${korean ? "분" : " min"}</span>`);
    const needs = Object.keys(one.needs);
    if (needs.length) lines.push(safe(needs.map((name) => one.needs[name] > 1 ? `${name} ×${one.needs[name]}` : name).join(", ")));
    if (one.locked) lines.push(korean ? "고정" : "locked");
    return lines.join("<br>");
  };
  // A phone begins with the first days; the slider leads on.
  const shown = narrow && last - first > 3 * 864e5 ? Math.max(5, 100 * 2 * 864e5 / (last - first)) : 100;
  box.style.height = `${Math.max(260, machines.length * (narrow ? 40 : 46) + 110)}px`;
  const chart = echarts.init(box, null, { renderer: "canvas" });
  const series = (name, data, renderItem, z) => ({ type: "custom", name, data: data.map((one) => one.slice(0, 3)), renderItem, z,
    encode: { x: [1, 2], y: 0 }, clip: true });
  chart.setOption({
    animation: false,
    tooltip: { confine: true, formatter: tip },
    grid: { left: 8, right: 16, top: 12, bottom: 56, containLabel: true },
    xAxis: { type: "time", useUTC: true, min: first - 18e5, max: last + 18e5, splitLine: { show: true, lineStyle: { color: "#eef1f5" } },
      axisLabel: { hideOverlap: true, formatter: (at) => { const text = clock(at); return text.endsWith("00:00") ? text.slice(0, 5) : narrow ? text.slice(6) : text; } } },
    yAxis: { type: "category", data: machines, inverse: true, axisTick: { show: false }, splitLine: { show: true, lineStyle: { color: "#eef1f5" } },
      axisLabel: { width: narrow ? 70 : 160, overflow: "truncate", color: "#1b2430" } },
    dataZoom: [{ type: "inside", filterMode: "weakFilter", end: shown },
      { type: "slider", filterMode: "weakFilter", height: narrow ? 28 : 18, bottom: 8, labelFormatter: (at) => clock(at), end: shown }],
    useUTC: true,
    series: [series("closed", closed, drawClosed, 1), series("setup", setups, drawSetup, 2), series("work", work, drawWork, 3)],
  });
  window.addEventListener("resize", () => chart.resize());
})();
