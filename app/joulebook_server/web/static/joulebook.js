// Draws the pictures of a page from the JSON beside each, and draws again after a page was renewed.
// Without this file the page says the same in tables.
(() => {
  "use strict";
  const charts = new Map();
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const base = () => {
    const axis = {
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: css("--ink-3"), fontSize: 11, hideOverlap: true },
      splitLine: { lineStyle: { color: css("--line") } },
      nameTextStyle: { color: css("--ink-2"), fontSize: 11 },
    };
    return {
      axis,
      option: {
        animation: false,
        useUTC: true, // as the tables and headings
        textStyle: { fontFamily: css("--font") },
        grid: { left: 8, right: 16, top: 30, bottom: 8, containLabel: true },
        tooltip: {
          trigger: "axis",
          confine: true,
          backgroundColor: css("--card"),
          borderColor: css("--line-strong"),
          textStyle: { color: css("--ink"), fontSize: 12 },
        },
      },
    };
  };

  // Stretches in which some device was not read: the power drawn there lacks it.
  const unread = (data) => ({
    silent: true,
    itemStyle: { color: css("--warn"), opacity: 0.16 },
    data: data.times
      .map((time, i) => [time, data.unread[i]])
      .filter(([, count]) => count)
      .map(([time]) => [{ xAxis: time }, { xAxis: time + data.step_ms }]),
  });

  // Power over time: stacked steps; null is a gap and stays empty, never 0.
  const power = (data) => {
    const { axis, option } = base();
    const highest = Math.max(1, ...data.times.map((_, i) => data.series.reduce((sum, one) => sum + (one.values[i] || 0), 0)));
    const [unit, size] = highest >= 2e6 ? ["MW", 1e6] : highest >= 2e3 ? ["kW", 1e3] : ["W", 1];
    const told = (value) => (value === null || value === undefined ? "–" : `${+value.toPrecision(3)} ${unit}`);
    const shown = (values) =>
      data.times
        .map((time, i) => [time, values[i] === null ? null : values[i] / size])
        .concat(data.times.length ? [[data.times[data.times.length - 1] + data.step_ms, values[values.length - 1] === null ? null : values[values.length - 1] / size]] : []);
    return {
      ...option,
      tooltip: { ...option.tooltip, valueFormatter: told },
      xAxis: { ...axis, type: "time", splitLine: { show: false } },
      yAxis: { ...axis, type: "value", min: 0, name: unit, nameGap: 12 },
      series: data.series.map((one, number) => ({
        ...(number ? {} : { markArea: unread(data) }),
        name: one.name,
        type: "line",
        step: "end",
        stack: "power",
        symbol: "none",
        connectNulls: false,
        lineStyle: { width: 0 },
        areaStyle: { color: css(one.token), opacity: 0.92 },
        itemStyle: { color: css(one.token) },
        data: shown(one.values),
      })),
    };
  };

  // Dot and whisker: a figure with its uncertainty, the first variant's as a dashed line.
  const whiskers = (data) => {
    const { axis, option } = base();
    const line = (api, x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: css("--ink-3"), lineWidth: 1.5 } });
    return {
      ...option,
      tooltip: { ...option.tooltip, trigger: "item", valueFormatter: undefined, formatter: (point) => {
        const row = data.rows[point.dataIndex];
        const short = (value) => +value.toPrecision(3);
        const box = document.createElement("span");
        box.textContent = `${row.name}: ${short(row.mid)} (${short(row.low)} to ${short(row.high)}) ${data.unit}`;
        return box;
      } },
      grid: { ...option.grid, bottom: 34, top: 6, left: 16 },
      xAxis: { ...axis, type: "value", min: 0, name: data.unit, nameLocation: "middle", nameGap: 26 },
      yAxis: { ...axis, type: "category", inverse: true, data: data.rows.map((row) => row.name), axisLabel: { color: css("--ink"), fontSize: 12 }, splitLine: { show: false } },
      series: [
        {
          type: "custom",
          silent: true,
          encode: { x: [0, 1], y: 2 },
          data: data.rows.map((row, i) => [row.low, row.high, i]),
          renderItem: (_, api) => {
            const low = api.coord([api.value(0), api.value(2)]);
            const high = api.coord([api.value(1), api.value(2)]);
            return {
              type: "group",
              children: [
                line(api, low[0], low[1], high[0], high[1]),
                line(api, low[0], low[1] - 5, low[0], low[1] + 5),
                line(api, high[0], high[1] - 5, high[0], high[1] + 5),
              ],
            };
          },
        },
        {
          type: "scatter",
          symbolSize: 9,
          itemStyle: { color: css("--job") },
          data: data.rows.map((row, i) => [row.mid, i]),
        },
      ],
    };
  };

  const kinds = { power, whiskers };

  const drawOne = (place) => {
    const source = document.getElementById(place.dataset.from);
    if (!source || !window.echarts) return;
    const data = JSON.parse(source.textContent);
    let chart = charts.get(place);
    if (!chart) {
      if (data.kind === "whiskers") place.style.height = `${70 + 34 * data.rows.length}px`;
      chart = echarts.init(place, null, { renderer: "svg" });
      charts.set(place, chart);
      new ResizeObserver(() => chart.resize()).observe(place);
    }
    chart.setOption(kinds[data.kind](data), true);
  };

  const draw = () => {
    for (const [place, chart] of charts) {
      if (!place.isConnected) {
        chart.dispose();
        charts.delete(place);
      }
    }
    document.querySelectorAll(".chart").forEach(drawOne);
  };

  // What a renewed page must not undo: a drawn picture, a form being filled in, an opened table.
  const { callbacks } = Idiomorph.defaults;
  callbacks.beforeNodeMorphed = (old) => !(old instanceof Element && old.matches(".chart, form"));
  callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.localName === "details");

  draw();
  document.body.addEventListener("htmx:afterSettle", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
