// One figure: a measured value, or several, of one run or several. Drag to zoom, double-click for all; on the keyboard the arrows
// move, + and - zoom, 0 shows all. Each zoom asks for the points of just that window, so that no spike is lost.
import { element, nameOf, number, scaleOf, unitOf } from './text.js';

// Colours that people with any colour vision tell apart (Okabe and Ito, 2008); dashes after eight.
const colours = { light: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b37a00', '#3d9bd4', '#7d7d1f', '#8c6bb1'], dark: ['#56b4e9', '#ff8a3d', '#2fc79b', '#e39cc4', '#e6b422', '#8ab4f8', '#c5c54a', '#b79ae0'] };
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const themes = {}; // by darkness: a question about styles may have the whole page laid out again
const theme = dark => themes[dark] ??= { quiet: css('--quiet'), line: css('--line'), bad: css('--bad') };

// Curves by run and key, as Maps: a run may have the name of an object's own property. No keys: all that were measured. The answer's form
// is CurvePoints.Bytes of the server.
export async function askCurves(runs, keys, settings, columns, window) {
  const query = new URLSearchParams([...runs.map(run => ['run', run]), ...keys.map(key => ['key', key]), ['axis', settings.axis], ['columns', columns], ['as', 'bytes'], ...window ? [['from', window[0]], ['to', window[1]]] : []]);
  const response = await fetch(`api/curves?${query}`);
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error ?? response.statusText);
  const bytes = await response.arrayBuffer(), length = new DataView(bytes).getInt32(0, true), head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  const all = head.reduce((sum, [, , count]) => sum + count, 0), answer = new Map();
  let at = 0;
  for (const [run, key, count] of head) {
    if (!answer.has(run)) answer.set(run, new Map());
    answer.get(run).set(key, { x: new Float64Array(bytes, 4 + length + 8 * at, count), y: new Float32Array(bytes, 4 + length + 8 * all + 4 * at, count) });
    at += count;
  }
  return answer;
}

// Columns of pixels of a figure before one has been laid out, and then those of the last one.
let usual = Math.max(100, Math.round(Math.min(innerWidth, 1400) / (innerWidth > 1000 ? 2 : 1)) - 100);
export const usualColumns = () => usual;

// The figures of a page show one answer; one that is zoomed asks for its window.
export function showAll(figures, answer) {
  figures.forEach(figure => figure.measure());
  return Promise.all(figures.map(figure => figure.window ? figure.refresh() : figure.take(answer)));
}

// The same once the answer is there, unless another one has been asked for meanwhile.
export function asking(figures, ask) {
  let turn = 0;
  return async () => {
    const mine = ++turn, answer = await ask();
    if (mine === turn) await showAll(figures(), answer);
  };
}

// Of the axis on the left, as wide as its longest label.
export const roomOf = (_, labels) => Math.max(62, 22 + 7 * Math.max(0, ...(labels ?? []).map(label => label.length)));

export class Figure {
  // runs: [id]; keys: [measured value]; marks: [{ kind, at: { step, time, samples } }], what happened to the run.
  constructor({ title, runs, keys, settings, marks = [] }) {
    Object.assign(this, { runs, keys, settings, marks, window: null });
    this.plot = element('div', { class: 'plot', tabindex: 0, role: 'img', 'aria-label': `${title}: arrows move, plus and minus zoom, 0 shows all`, onkeydown: event => this.key(event) });
    this.element = element('figure', {}, element('figcaption', {}, title), this.plot);
    // Against what was measured before, not the drawn width: a page made narrow and wide again at once waits for the points of the former.
    this.sized = new ResizeObserver(() => { const before = this.room; this.measure(); if (this.chart && this.room !== before) this.refresh(); });
    this.dark = matchMedia('(prefers-color-scheme: dark)');
    this.redraw = () => this.draw();
    this.dark.addEventListener('change', this.redraw);
  }

  // Before anything is drawn: asked between drawings, each question would have the page laid out again.
  measure() {
    this.room = this.plot.clientWidth;
    if (this.room > 0) usual = Math.max(100, this.room - 60);
  }

  shown() { this.sized.observe(this.plot); }

  close() {
    this.sized.disconnect();
    this.dark.removeEventListener('change', this.redraw);
    this.chart?.destroy();
  }

  async refresh() {
    const asked = this.asked = {}, answer = await askCurves(this.runs, this.keys, this.settings, Math.max(100, this.room - 60), this.window);
    if (asked === this.asked) this.take(answer); // else a later question is on its way
  }

  take(answer) {
    this.asked = {};
    this.answer = answer;
    this.draw();
  }

  draw() {
    if (!this.answer) return;
    const lines = this.runs.flatMap((run, i) => this.keys.map((key, j) => ({ run, key, nth: this.runs.length > 1 ? i : j, ...this.answer.get(run)?.get(key) ?? { x: [], y: [] } })));
    const tables = [], series = [{ label: this.settings.axis === 'time' ? 'seconds' : this.settings.axis === 'samples' ? 'samples' : 'step', value: (_, x) => x === null ? '' : number(x) }];
    for (const line of lines) {
      const palette = colours[this.dark.matches ? 'dark' : 'light'], colour = palette[line.nth % palette.length], scale = scaleOf(line.key), unit = unitOf(line.key);
      const y = Array.from(line.y, v => Number.isNaN(v) ? null : v * scale), few = y.length < 60;
      const label = this.runs.length > 1 ? this.keys.length > 1 ? `${line.run} ${nameOf(line.key)}` : line.run : nameOf(line.key);
      const told = (_, v) => v === null || v === undefined ? '–' : `${number(v)}${unit && ` ${unit}`}`;
      const common = { stroke: colour, spanGaps: false, value: told, points: { show: few && y.length < 20, size: 5 }, dash: line.nth >= palette.length || line.key === 'plannedBytes' ? [6, 4] : undefined };
      const smooth = this.settings.smoothing > 0 && y.length > 2;
      if (smooth) {
        tables.push([line.x, y]);
        series.push({ ...common, label: `${label}, as measured`, stroke: colour + '55', width: 1, class: 'raw' });
      }
      tables.push([line.x, smooth ? smoothed(y, this.settings.smoothing) : y]);
      series.push({ ...common, label, width: 1.6 });
    }
    const data = joined(tables);
    const unit = unitOf(this.keys[0]), { quiet: ink, line: grid } = theme(this.dark.matches);
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: '12px system-ui, sans-serif' };
    const isLog = this.settings.log && data.slice(1).some(y => y.some(v => v > 0));
    const options = {
      width: this.room, height: 260, legend: { live: true }, cursor: { drag: { x: true, y: false, setScale: false }, focus: { prox: 24 } }, focus: { alpha: 0.35 },
      scales: { x: { time: false, range: (_, low, high) => this.window ?? (low === high ? [low - 1, high + 1] : [low, high]) }, y: { distr: isLog ? 3 : 1 } },
      axes: [{ ...axis, size: 34, values: (_, ticks) => ticks.map(tick => tick >= 1e4 ? tick.toLocaleString('en', { notation: 'compact' }) : number(tick)) }, { ...axis, size: roomOf, values: (_, ticks) => ticks.map((tick, i) => tick === null ? '' : number(tick) + (unit && i === ticks.length - 1 ? ` ${unit}` : '')) }],
      series,
      hooks: { setSelect: [chart => this.zoom(chart)], draw: [chart => this.mark(chart)], ready: [chart => chart.over.addEventListener('dblclick', () => this.show(null))] },
    };
    // The legend's choices and the cursor outlive a refresh.
    if (this.chart && this.chart.series.length === series.length && this.log === options.scales.y.distr && this.width === options.width && this.wasDark === this.dark.matches && this.chart.series.every((s, i) => i === 0 || s.label === series[i].label)) this.chart.setData(data);
    else {
      this.chart?.destroy();
      this.chart = new uPlot(options, data, this.plot);
    }
    [this.log, this.width, this.wasDark] = [options.scales.y.distr, options.width, this.dark.matches];
  }

  zoom(chart) {
    const { left, width } = chart.select;
    if (width < 4) return;
    const window = [chart.posToVal(left, 'x'), chart.posToVal(left + width, 'x')];
    chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.show(window);
  }

  show(window) {
    this.window = window;
    return this.refresh();
  }

  key(event) {
    if (!this.chart) return;
    const { min, max } = this.chart.scales.x, size = max - min;
    const next = { ArrowLeft: [min - size / 5, max - size / 5], ArrowRight: [min + size / 5, max + size / 5], '+': [min + size / 4, max - size / 4], '-': [min - size / 2, max + size / 2], 0: null }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.show(next);
  }

  // Starts, stops and failures over the whole height; checkpoints, of which there are many, at the axis: a comb where they are dense.
  mark(chart) {
    const { ctx, bbox } = chart, { bad, quiet } = theme(this.dark.matches);
    let last = -Infinity;
    ctx.save();
    const isFault = ({ kind }) => kind === 'fail' || kind === 'restart';
    for (const { kind, at } of [...this.marks].sort((a, b) => isFault(a) - isFault(b))) { // the start after a fault lies on it
      const x = chart.valToPos(at[this.settings.axis], 'x', true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      if (kind === 'checkpoint') {
        if (x - last < 5 * devicePixelRatio) continue;
        last = x;
      }
      ctx.strokeStyle = isFault({ kind }) ? bad : quiet;
      ctx.setLineDash(kind === 'checkpoint' ? [] : [3, 5]);
      ctx.beginPath();
      ctx.moveTo(x, kind === 'checkpoint' ? bbox.top + bbox.height - 8 * devicePixelRatio : bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }
}

// All places of the tables, which are in order, each once; and the values of each table at them, undefined where it has none.
function joined(tables) {
  if (tables.length === 0) return [[]];
  if (tables.every(([x]) => x === tables[0][0])) return [tables[0][0], ...tables.map(([, y]) => y)];
  const all = new Float64Array(tables.reduce((sum, [x]) => sum + x.length, 0));
  let filled = 0, count = 0;
  for (const [x] of tables) { all.set(x, filled); filled += x.length; }
  all.sort();
  for (const x of all) if (count === 0 || x !== all[count - 1]) all[count++] = x;
  const places = all.subarray(0, count);
  return [places, ...tables.map(([x, y]) => {
    const values = new Array(count).fill(undefined);
    for (let i = 0, at = 0; i < x.length; i++) {
      while (places[at] < x[i]) at++;
      values[at] = y[i];
    }
    return values;
  })];
}

// An exponential mean whose start is not drawn to zero, as in Adam. Gaps stay gaps.
function smoothed(values, weight) {
  let sum = 0, seen = 1;
  return values.map(value => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    seen *= weight;
    return sum / (1 - seen);
  });
}

// What all figures of a page share. Another axis has to be asked for; the rest is drawn anew from what is there.
export function controls(settings, ask, draw) {
  const update = (change, then) => () => { change(); then(); };
  const axis = element('select', { 'aria-label': 'axis', onchange: update(() => { settings.axis = axis.value; }, ask) }, ['step', 'time', 'samples'].map(name => element('option', { value: name }, `by ${name}`)));
  const smoothing = element('input', { type: 'range', min: 0, max: 0.99, step: 0.01, value: settings.smoothing, oninput: update(() => { settings.smoothing = Number(smoothing.value); }, draw) });
  const log = element('input', { type: 'checkbox', checked: settings.log, onchange: update(() => { settings.log = log.checked; }, draw) });
  return element('div', { class: 'bar' }, axis, element('label', {}, 'smoothing ', smoothing), element('label', {}, log, ' logarithmic'));
}

export const settings = () => ({ axis: 'step', smoothing: 0, log: false });
