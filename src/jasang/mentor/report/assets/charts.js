/* Draws the charts of jasang.diagnose.chart with ECharts: in the portal's pages and in the printed report.
 *
 *   <div class="jasang-chart" data-chart="c1" [data-size="small"] [data-renderer="svg"]></div>
 *   <script type="application/json" id="c1">{"title": {"ko": "…", "en": "…"}, "x_kind": "time", …}</script>
 *
 * Language: <html lang>. Time zone: data-timezone on the element or around it. No inline styles or scripts in markup, so a
 * strict content policy may stay strict. jasangCharts.draw(element, chart) draws or redraws one chart.
 */
(function () {
  "use strict";

  // Okabe and Ito's palette: its colours stay apart for colour-blind eyes and in grey print.
  const BLUE = "#0072B2", VERMILION = "#C8451B", GREEN = "#00795A", PURPLE = "#8A4B8F", GREY = "#6B7480", INK = "#28323C";
  const LINE_COLOURS = [BLUE, "#D98A00", GREEN, PURPLE, "#3D8FC4", "#7A6A00", GREY];
  const MARK_LOOKS = {
    limit: { colour: VERMILION, type: [6, 4], width: 1.4 },
    centre: { colour: GREEN, type: "solid", width: 1.2 },
    specification: { colour: PURPLE, type: [2, 3], width: 1.6 },
    event: { colour: INK, type: [3, 3], width: 1.4 },
    good: { colour: GREEN, type: "solid", width: 1.4 },
    bad: { colour: VERMILION, type: "solid", width: 1.4 },
  };
  const FONT = '"Pretendard","Apple SD Gothic Neo","Malgun Gothic","Noto Sans KR","NanumBarunGothic","NanumGothic",sans-serif';
  const WORDS = {
    ko: { none: "값이 없습니다", outside: "그림 밖" },
    en: { none: "No values", outside: "outside the picture" },
  };
  const drawn = new Map();

  const language = () => (document.documentElement.lang === "en" ? "en" : "ko");
  const say = (text) => (text ? text[language()] || text.ko || text.en || "" : "");

  /** A category: a name as it stands in the data, or words in both languages. */
  const named = (x) => (x !== null && typeof x === "object" ? say(x) : String(x));

  /** At most four significant digits (or `digits`), thousands separated. */
  function number(value, digits) {
    if (value === null || value === undefined || !isFinite(value)) return "–";
    const size = Math.abs(value);
    if (size !== 0 && (size >= 1e12 || size < 1e-4)) return value.toExponential(2);
    const decimals = size === 0 ? 0 : Math.max(0, Math.min(6, (digits || 4) - 1 - Math.floor(Math.log10(size))));
    return value.toLocaleString("en-US", { maximumFractionDigits: decimals });
  }

  /** Milliseconds to add to UTC so that UTC fields read as the zone's clock: ECharts knows UTC and the browser's zone only. */
  function clock(zone) {
    const kept = new Map();
    let parts;
    try {
      parts = new Intl.DateTimeFormat("en-US", {
        timeZone: zone || undefined, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
        hour: "numeric", minute: "numeric", second: "numeric",
      });
    } catch (error) {
      return clock("");
    }
    return (moment) => {
      const quarter = Math.floor(moment / 900000);
      if (!kept.has(quarter)) {
        const at = {};
        parts.formatToParts(new Date(quarter * 900000)).forEach((part) => { at[part.type] = Number(part.value); });
        kept.set(quarter, Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second) - quarter * 900000);
      }
      return moment + kept.get(quarter);
    };
  }

  function momentWords(shifted, spanMs) {
    const text = new Date(shifted).toISOString();
    return spanMs < 600000 ? text.slice(11, 21) : spanMs < 864e5 * 3 ? text.slice(5, 19).replace("T", " ") : text.slice(0, 16).replace("T", " ");
  }

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  const zoneOf = (element) => (element.closest("[data-timezone]") || element).dataset.timezone || "";

  /** Where a given x lies on the axis. */
  function placing(chart, zone) {
    if (chart.x_kind !== "time") return (x) => x;
    const shift = clock(zone);
    return (x) => {
      const moment = Date.parse(x);
      return isFinite(moment) ? shift(moment) : null;
    };
  }

  /** Whether the points only mark some values of another line, for example those outside the limits. */
  function marksOut(line, chart) {
    if (line.look !== "points") return false;
    const places = [...line.y.keys()].filter((place) => line.y[place] !== null);
    return chart.lines.some((other) => other !== line && places.length < other.y.filter((y) => y !== null).length
      && places.filter((place) => other.y[place] === line.y[place]).length >= 0.8 * places.length);
  }

  /** Places after which nothing was recorded for long: a line across would tell what nobody knows. */
  function pauses(chart, xs) {
    const found = new Set();
    if (chart.x_kind !== "time" || xs.length < 20) return found;
    const steps = xs.slice(1).map((x, place) => x - xs[place]);
    const usual = [...steps].sort((one, other) => one - other)[steps.length >> 1];
    const long = Math.max(6 * usual, 0.03 * (xs[xs.length - 1] - xs[0]));
    // A single value between two pauses would be a line without length.
    steps.forEach((step, place) => { if (step > long && !found.has(place - 1)) found.add(place); });
    return found;
  }

  function lineSeries(chart, line, position, xs, lying) {
    const share = line.look === "cumulative";
    const most = share ? Math.max(...line.y.filter((y) => y !== null), 0) : 0;
    const scale = share && most <= 1.001 ? 100 : 1;
    const data = [];
    const broken = line.look === "points" || line.look === "bars" ? new Set() : pauses(chart, xs);
    line.y.forEach((y, place) => {
      const value = y === null || y === undefined ? null : y * scale;
      if (chart.x_kind === "category") data.push(value);
      else if (xs[place] !== null && (value !== null || line.look !== "points")) data.push([xs[place], value]);
      if (broken.has(place)) data.push([xs[place] + 1, null]);
    });
    const colour = share ? INK : marksOut(line, chart) ? VERMILION : line.look === "thin" && chart.lines.length > 1 ? GREY : LINE_COLOURS[position % LINE_COLOURS.length];
    const common = { name: say(line.name), data, itemStyle: { color: colour }, animation: false, emphasis: { disabled: true } };
    if (line.look === "band") return chart.x_kind === "category" ? whiskerSeries(line, common, lying) : bandSeries(line, xs, chart, common);
    if (line.look === "waterfall") return waterfallSeries(line, common, lying);
    if (line.look === "bars") return { ...common, type: "bar", barMaxWidth: 56, barCategoryGap: chart.x_kind === "number" ? "4%" : "30%" };
    if (line.look === "points") return { ...common, type: "scatter", symbolSize: data.length > 400 ? 4 : 7, z: 4 };
    return {
      ...common,
      type: "line",
      step: line.look === "step" ? "end" : false,
      showSymbol: share || (line.look !== "thin" && data.length <= 40),
      symbolSize: 5,
      connectNulls: false,
      [lying ? "xAxisIndex" : "yAxisIndex"]: share ? 1 : 0,
      lineStyle: { width: line.look === "thin" ? 1 : 1.8, opacity: line.look === "thin" ? 0.55 : 1, color: colour },
    };
  }

  /** The area between `base` and `y`, drawn as one polygon for each stretch without gaps. */
  function bandSeries(line, xs, chart, common) {
    const stretches = [[]], broken = pauses(chart, xs);
    line.y.forEach((y, place) => {
      const low = line.base[place], x = xs[place];
      if (y === null || low === null || x === null) { if (stretches[stretches.length - 1].length) stretches.push([]); return; }
      stretches[stretches.length - 1].push([x, low, y]);
      if (broken.has(place)) stretches.push([]);
    });
    const shapes = stretches.filter((stretch) => stretch.length);
    return {
      ...common, type: "custom", silent: true, z: 1, encode: { x: 0, y: [1, 2] },
      data: shapes.map((stretch) => [stretch[0][0], Math.min(...stretch.map((point) => point[1])), Math.max(...stretch.map((point) => point[2]))]),
      tooltip: { show: false },
      renderItem: (params, api) => {
        const stretch = shapes[params.dataIndex];
        const upper = stretch.map(([x, , high]) => api.coord([x, high]));
        const lower = stretch.map(([x, low]) => api.coord([x, low])).reverse();
        return { type: "polygon", shape: { points: [...upper, ...lower] }, style: { fill: common.itemStyle.color, opacity: 0.18 } };
      },
    };
  }

  /** The rectangle from `low` to `high` over a category, `width` wide; `lying`: the categories are rows. */
  function block(api, place, low, high, width, lying, style) {
    const coord = (value) => api.coord(lying ? [value, place] : [place, value]);
    const [from, to, across] = lying ? [coord(low)[0], coord(high)[0], coord(low)[1]] : [coord(high)[1], coord(low)[1], coord(low)[0]];
    const length = Math.max(1, to - from);
    const shape = lying ? { x: from, y: across - width / 2, width: length, height: width } : { x: across - width / 2, y: from, width, height: length };
    return { type: "rect", shape, style };
  }

  /** Room of one category across the bars. */
  const roomOf = (api, lying) => Math.abs(lying ? api.size([0, 1])[1] : api.size([1, 0])[0]);

  function blockSeries(line, common, lying, look) {
    const bars = line.y.map((y, place) => [place, line.base[place], y]).filter((bar) => bar[1] !== null && bar[2] !== null);
    return {
      ...common, type: "custom", encode: lying ? { y: 0, x: [1, 2] } : { x: 0, y: [1, 2] }, data: bars,
      renderItem: (params, api) => {
        const [place, base, end] = [0, 1, 2].map((n) => api.value(n));
        const { width, ...style } = look(base, end, roomOf(api, lying));
        return block(api, place, Math.min(base, end), Math.max(base, end), width, lying, style);
      },
    };
  }

  /** Bars from `base` to `y`: what falls is a loss, what stands on zero is a total. */
  function waterfallSeries(line, common, lying) {
    return blockSeries(line, common, lying, (base, end, room) => ({ width: Math.min(56, room * 0.68), fill: base === 0 ? BLUE : end < base ? VERMILION : GREEN }));
  }

  /** An interval over each category: one slim bar each, as nothing lies between two categories. */
  function whiskerSeries(line, common, lying) {
    return { ...blockSeries(line, common, lying, (base, end, room) => ({ width: Math.min(14, room * 0.3), fill: common.itemStyle.color, opacity: 0.35 })), silent: true, tooltip: { show: false } };
  }

  function valueRange(chart) {
    let low = Infinity, high = -Infinity;
    chart.lines.forEach((line) => {
      if (line.look === "cumulative") return;
      [...line.y, ...(line.base || [])].forEach((y) => { if (y !== null && y !== undefined) { low = Math.min(low, y); high = Math.max(high, y); } });
    });
    return low <= high ? { low, high } : null;
  }

  /** A mark so far away that the data would become a flat line is named in the key, not drawn. */
  function isOutside(mark, range) {
    if (mark.axis !== "y" || !range || mark.look === "limit" || mark.look === "centre") return false;
    const room = 1.5 * Math.max(range.high - range.low, Math.abs(range.high) * 1e-6);
    return [mark.at, mark.to].some((edge) => typeof edge === "number" && (edge < range.low - room || edge > range.high + room));
  }

  function markOptions(chart, place, range, lying) {
    const lines = [], areas = [], reach = [];
    chart.marks.forEach((mark) => {
      if (isOutside(mark, range)) return;
      const look = MARK_LOOKS[mark.look] || MARK_LOOKS.limit;
      const key = (mark.axis === "x") !== lying ? "xAxis" : "yAxis";
      const at = (edge) => (mark.axis === "x" ? place(edge) : edge);
      if (mark.to !== null && mark.to !== undefined) {
        areas.push([{ [key]: at(mark.at), itemStyle: { color: look.colour, opacity: 0.13 } }, { [key]: at(mark.to) }]);
      } else {
        lines.push({ [key]: at(mark.at), label: { show: false }, lineStyle: { color: look.colour, type: look.type, width: look.width } });
      }
      if (mark.axis === "y") [mark.at, mark.to].forEach((edge) => { if (typeof edge === "number") reach.push(edge); });
    });
    return { lines, areas, reach };
  }

  /** Pixels that one category has, and whether its name is longer. */
  function roomFor(chart, width) {
    const names = chart.x.map(named);
    const room = (width - 90) / Math.max(1, names.length);
    const longest = Math.max(0, ...names.map(lengthOf));
    return { room, longest, tight: longest > room };
  }

  /** Roughly how wide a text is: a Korean syllable is as wide as two letters. */
  const lengthOf = (text) => [...text].reduce((sum, letter) => sum + (letter.charCodeAt(0) > 0x1100 ? 13 : 7.5), 0);

  /** Whether categories become rows: long names can be read there, also on a phone. */
  function isLying(chart, small, width) {
    if (small || chart.x_kind !== "category" || chart.x.length > 24 || chart.marks.some((mark) => mark.axis === "x")) return false;
    if (!chart.lines.every((line) => ["bars", "points", "waterfall", "cumulative", "band"].includes(line.look))) return false;
    const { tight, longest } = roomFor(chart, width);
    return tight && longest > 40;
  }

  /** The axis of categories as rows, the first on top. */
  function rowsAxis(chart, width) {
    return {
      type: "category", inverse: true, data: chart.x.map(named), axisTick: { show: false }, axisLine: { lineStyle: { color: "#AEB6BF" } },
      axisLabel: { color: INK, fontSize: 12, interval: 0, width: Math.min(190, width * 0.36), overflow: "break", lineHeight: 15 },
    };
  }

  function xAxis(chart, small, width) {
    const axis = {
      axisLine: { lineStyle: { color: "#AEB6BF" } },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: { color: INK, fontSize: small ? 11 : 12, hideOverlap: true, alignMinLabel: "left", alignMaxLabel: "right" },
    };
    if (!small && chart.x_label) Object.assign(axis, { name: say(chart.x_label), nameLocation: "middle", nameGap: 28, nameTextStyle: { color: INK, fontSize: 12 } });
    if (chart.x_kind === "time") {
      axis.type = "time";
      axis.splitNumber = Math.max(2, Math.floor(width / 150));
      axis.axisLabel.formatter = {
        year: "{yyyy}", month: "{yyyy}-{MM}", day: "{MM}-{dd}", hour: "{HH}:{mm}", minute: "{HH}:{mm}", second: "{HH}:{mm}:{ss}", millisecond: "{HH}:{mm}:{ss}", none: "{HH}:{mm}:{ss}",
      };
      axis.min = "dataMin";
      axis.max = "dataMax";
    } else if (chart.x_kind === "category") {
      axis.type = "category";
      axis.data = chart.x.map(named);
      const { room, tight } = roomFor(chart, width);
      delete axis.axisLabel.alignMinLabel;
      delete axis.axisLabel.alignMaxLabel;
      Object.assign(axis.axisLabel, { interval: axis.data.length > 40 ? "auto" : 0, width: tight ? 92 : room, overflow: "truncate", rotate: tight ? 38 : 0 });
      if (axis.name) axis.nameGap = tight ? 72 : 28;
    } else {
      Object.assign(axis, { type: "value", scale: true });
      axis.axisLabel.formatter = (value) => number(value);
    }
    return axis;
  }

  function yAxes(chart, small) {
    const text = { color: INK, fontSize: small ? 11 : 12 };
    const bars = chart.lines.some((line) => line.look === "bars" || line.look === "waterfall");
    const range = valueRange(chart);
    // A value that never changes: ECharts' own choice of an axis would be far too wide.
    const still = !bars && range && range.low === range.high && !chart.marks.some((mark) => mark.axis === "y");
    const room = still ? Math.max(Math.abs(range.low) * 0.02, 1e-6) : 0;
    const axes = [{
      ...(still ? { min: range.low - room, max: range.high + room, interval: room } : {}),
      type: "value", scale: !bars, splitNumber: small ? 2 : 4,
      axisLabel: { ...text, formatter: (value) => number(value), hideOverlap: true }, splitLine: { lineStyle: { color: "#E4E8EC" } },
    }];
    if (chart.lines.some((line) => line.look === "cumulative")) {
      axes.push({ type: "value", min: 0, max: 100, interval: small ? 50 : 25, axisLabel: { ...text, formatter: "{value} %" }, splitLine: { show: false } });
    }
    return axes;
  }

  /** An element, not markup with style attributes: a strict content policy would refuse those. */
  function tooltip(chart, spanMs) {
    return (items) => {
      const list = (Array.isArray(items) ? items : [items]).filter((item) => item.seriesName);
      const box = make("div", "jasang-tip");
      if (!list.length) return box;
      const x = list[0].axisValue;
      box.append(make("p", "", chart.x_kind === "time" ? momentWords(Number(x), spanMs) : chart.x_kind === "number" ? number(Number(x)) : String(x)));
      list.forEach((item) => {
        const line = chart.lines[item.seriesIndex] || {};
        const value = line.look === "waterfall" ? item.value[2] - item.value[1] : Array.isArray(item.value) ? item.value[1] : item.value;
        if (value === null || value === undefined) return;
        const row = make("div");
        const swatch = make("i");
        swatch.style.backgroundColor = item.color;
        const look = line.look;
        const unit = look === "cumulative" ? "%" : chart.y_unit && chart.y_unit !== "share" ? chart.y_unit : "";
        row.append(swatch, make("span", "", item.seriesName), make("b", "", `${number(value)} ${unit}`.trim()));
        box.append(row);
      });
      return box;
    };
  }

  /** Rows of coloured cells, one for each line, the first on top; the darker the more. */
  function heatOptions(chart, element, small) {
    const place = placing(chart, zoneOf(element));
    const spanMs = chart.x_kind === "time" ? Date.parse(chart.x[chart.x.length - 1]) - Date.parse(chart.x[0]) : 0;
    const columns = chart.x.map((x) => (chart.x_kind === "time" ? momentWords(place(x), spanMs) : named(x)));
    const range = valueRange(chart);
    const width = element.clientWidth || 640;
    const cells = [];
    chart.lines.forEach((line, row) => line.y.forEach((y, column) => { if (y !== null && y !== undefined) cells.push([column, row, y]); }));
    const room = (width - 120) / columns.length;
    const label = { color: INK, fontSize: small ? 11 : 12 };
    const tight = chart.x_kind === "category" && Math.max(...columns.map((name) => name.length)) * 9 > room;
    return {
      animation: false, textStyle: { fontFamily: FONT }, aria: { enabled: false },
      grid: { left: 6, right: small ? 8 : 16, top: 8, bottom: small ? 4 : 44, containLabel: true },
      xAxis: { type: "category", data: columns, axisTick: { show: false }, splitArea: { show: false }, axisLabel: { ...label, hideOverlap: true, formatter: (name) => (chart.x_kind === "time" && /^\d{4}-/.test(name) ? name.slice(5) : name), interval: chart.x_kind === "category" && columns.length <= 24 ? 0 : "auto", rotate: tight ? 38 : 0, width: tight ? 92 : undefined, overflow: "truncate" } },
      yAxis: { type: "category", inverse: true, data: chart.lines.map((line) => say(line.name)), axisTick: { show: false }, axisLabel: { ...label, width: Math.min(160, width * 0.3), overflow: "truncate" } },
      visualMap: {
        type: "continuous", show: !small, min: range.low, max: range.high === range.low ? range.low + 1 : range.high, calculable: false, orient: "horizontal", left: "center", bottom: 0, itemHeight: 120, itemWidth: 10,
        precision: 3, text: [number(range.high, 3), number(range.low, 3)], textStyle: label, inRange: { color: ["#EEF3F8", "#8DB9D8", BLUE, "#0B3C5D"] },
      },
      tooltip: small ? { show: false } : {
        confine: true, className: "jasang-tip-frame", transitionDuration: 0,
        formatter: (item) => {
          const box = make("div", "jasang-tip"), row = make("div");
          const unit = chart.y_unit && chart.y_unit !== "share" ? chart.y_unit : "";
          box.append(make("p", "", columns[item.value[0]]));
          row.append(make("span", "", say(chart.lines[item.value[1]].name)), make("b", "", `${number(item.value[2])} ${unit}`.trim()));
          box.append(row);
          return box;
        },
      },
      series: [{
        type: "heatmap", data: cells, animation: false, emphasis: { disabled: true }, itemStyle: { borderColor: "#fff", borderWidth: room > 8 ? 1 : 0 },
        label: { show: room > 34 && chart.lines.length <= 24, formatter: (item) => number(item.value[2], 3), fontSize: 11 },
      }],
    };
  }

  function options(chart, element, small) {
    if (isHeat(chart)) return heatOptions(chart, element, small);
    const place = placing(chart, zoneOf(element));
    const xs = chart.x.map(place);
    const range = valueRange(chart);
    const width = element.clientWidth || 640;
    const lying = isLying(chart, small, width);
    const marks = markOptions(chart, place, range, lying);
    const series = chart.lines.map((line, position) => lineSeries(chart, line, position, xs, lying));
    // Carries the marks, and stretches the y axis so that every drawn limit is in the picture.
    const anchor = chart.x_kind === "category" ? 0 : xs.find((x) => x !== null);
    series.push({
      type: "scatter", name: "", silent: true, symbolSize: 0, data: marks.reach.map((y) => (lying ? [y, anchor] : [anchor, y])), animation: false, tooltip: { show: false },
      markLine: { silent: true, symbol: "none", animation: false, data: marks.lines },
      markArea: { silent: true, animation: false, data: marks.areas },
    });
    const spanMs = chart.x_kind === "time" && xs.length ? xs[xs.length - 1] - xs[0] : 0;
    return {
      useUTC: true,
      animation: false,
      textStyle: { fontFamily: FONT },
      aria: { enabled: false },
      grid: { left: 6, right: small ? 8 : 16, top: small ? 8 : 14, bottom: !small && chart.x_label && chart.x_kind !== "category" ? 24 : 4, containLabel: true },
      xAxis: lying ? yAxes(chart, small).map((axis, n) => ({ ...axis, position: n ? "top" : "bottom" })) : xAxis(chart, small, width),
      yAxis: lying ? rowsAxis(chart, width) : yAxes(chart, small),
      tooltip: small ? { show: false } : {
        trigger: chart.lines.every((line) => line.look === "points") ? "item" : "axis",
        confine: true, className: "jasang-tip-frame", formatter: tooltip(chart, spanMs), axisPointer: { type: "line", animation: false }, transitionDuration: 0,
      },
      series,
    };
  }

  const isHeat = (chart) => chart.lines.some((line) => line.look === "heat");

  function keyEntry(className, colour, words) {
    const entry = make("li");
    const swatch = make("i", className);
    swatch.style.color = colour;
    entry.append(swatch, make("span", "", words));
    return entry;
  }

  /** Names and values of lines and marks as text below the picture: they never overlap, and can be read aloud. */
  function key(chart, series, range, place) {
    const list = make("ul", "jasang-key");
    if (chart.lines.length > 1 || chart.marks.length) {
      chart.lines.forEach((line, position) => {
        list.append(keyEntry(`look-${line.look}`, series[position].itemStyle.color, say(line.name)));
      });
    }
    const seen = new Map();
    const spanMs = chart.x_kind === "time" ? Date.parse(chart.x[chart.x.length - 1]) - Date.parse(chart.x[0]) : 0;
    chart.marks.forEach((mark) => {
      const look = MARK_LOOKS[mark.look] || MARK_LOOKS.limit;
      const band = mark.to !== null && mark.to !== undefined;
      const moments = mark.axis === "x" && chart.x_kind === "time";
      const words = (edge) => (moments ? momentWords(place(edge), spanMs) : typeof edge === "number" ? number(edge) : "");
      const edges = (band ? [mark.at, mark.to] : [mark.at]).map(words).filter(Boolean);
      const id = `${mark.look} ${say(mark.name)} ${band}`;
      if (!seen.has(id)) seen.set(id, { name: say(mark.name), edges: [], band, look: mark.look, colour: look.colour, outside: isOutside(mark, range) });
      if (edges.length) seen.get(id).edges.push(edges.join("–"));
    });
    seen.forEach((mark) => {
      const told = mark.edges.filter((edge) => edge !== mark.name);
      const values = told.length && told.length <= 3 ? ` ${told.join(" / ")}` : "";
      const outside = mark.outside ? ` (${WORDS[language()].outside})` : "";
      list.append(keyEntry(mark.band ? "mark-band" : `mark-${mark.look}`, mark.colour, mark.name + values + outside));
    });
    return list;
  }

  function frame(element, chart, small) {
    const title = make("p", "jasang-title", say(chart.title));
    const unit = chart.y_unit && chart.y_unit !== "share" ? chart.y_unit : "";
    const label = say(chart.y_label);
    const caption = make("p", "jasang-axis", label && unit && !label.includes(unit) ? `${label} (${unit})` : label || unit);
    const plot = make("div", "jasang-plot");
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", say(chart.title));
    element.replaceChildren(title);
    if (!small && caption.textContent) element.append(caption);
    // A heat map is as high as it has rows. (Set by script: a strict content policy refuses it in markup only.)
    if (isHeat(chart) && !small) plot.style.height = `${Math.max(180, Math.min(900, 90 + 26 * chart.lines.length))}px`;
    if (isLying(chart, small, element.clientWidth || 640)) plot.style.height = `${Math.max(150, 70 + 34 * chart.x.length)}px`;
    element.append(plot);
    return plot;
  }

  function draw(element, chart) {
    const small = element.dataset.size === "small";
    const empty = !chart.x.length || !chart.lines.some((line) => line.y.some((y) => y !== null && y !== undefined));
    let kept = drawn.get(element);
    if (empty) {
      if (kept) { kept.instance.dispose(); drawn.delete(element); }
      element.replaceChildren(make("p", "jasang-title", say(chart.title)), make("p", "jasang-none", WORDS[language()].none));
      element.dataset.drawn = "empty";
      return;
    }
    if (!kept) {
      const plot = frame(element, chart, small);
      kept = { instance: window.echarts.init(plot, null, { renderer: element.dataset.renderer || "canvas" }), plot, keyText: "" };
      drawn.set(element, kept);
      watchSize(plot, kept.instance);
    }
    kept.chart = chart;
    const option = options(chart, element, small);
    kept.instance.setOption(option, { notMerge: true });
    if (!small && !isHeat(chart)) {
      const list = key(chart, option.series, valueRange(chart), placing(chart, zoneOf(element)));
      if (list.textContent !== kept.keyText) {
        const before = element.querySelector(".jasang-key");
        if (before) before.remove();
        if (list.children.length) element.append(list);
        kept.keyText = list.textContent;
      }
    }
    element.dataset.drawn = "yes";
  }

  function watchSize(plot, instance) {
    if (!window.ResizeObserver) return;
    let width = plot.clientWidth;
    new ResizeObserver(() => {
      // Only a new width: the browser's own toolbars change the height on a phone while scrolling.
      if (plot.clientWidth && plot.clientWidth !== width && !instance.isDisposed()) { width = plot.clientWidth; instance.resize(); }
    }).observe(plot);
  }

  function drawFromPage(element) {
    const source = document.getElementById(element.dataset.chart);
    if (!source || drawn.has(element)) return;
    draw(element, JSON.parse(source.textContent));
  }

  const waiting = "IntersectionObserver" in window
    ? new IntersectionObserver((entries) => entries.forEach((entry) => {
        if (entry.isIntersecting) { waiting.unobserve(entry.target); drawFromPage(entry.target); }
      }), { rootMargin: "600px" })
    : null;

  /** Draw what is in or near the window now, the rest when it comes near, everything before printing. */
  function drawAll(root) {
    root.querySelectorAll(".jasang-chart[data-chart]").forEach((element) => {
      if (drawn.has(element)) return;
      if (waiting) waiting.observe(element);
      else drawFromPage(element);
    });
    drawn.forEach((kept, element) => {
      if (!element.isConnected) { kept.instance.dispose(); drawn.delete(element); }
    });
  }

  window.jasangCharts = { draw, drawAll, number, say, clock };
  const PAPER = { width: 640, height: 190 }; // what fits between the margins of A4, in CSS pixels
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll(".jasang-chart[data-chart]").forEach(drawFromPage);
    drawn.forEach((kept) => {
      kept.instance.resize({ ...PAPER, animation: { duration: 0 } });
      kept.instance.getZr().refreshImmediately(); // the paper does not wait for the next frame
    });
  });
  window.addEventListener("afterprint", () => drawn.forEach((kept) => kept.instance.resize({ width: "auto", height: "auto" })));
  document.addEventListener("htmx:afterSettle", () => drawAll(document));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => drawAll(document));
  else drawAll(document);
})();
