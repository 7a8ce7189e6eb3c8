// One figure: a measured value, or several, of one run or several. Drag to zoom, double-click for all; on the keyboard the arrows
// move, + and - zoom, 0 shows all. Each zoom asks for the points of just that window, so that no spike is lost.
import { ask, element, nameOf, number, scaleOf, unitOf } from './text.js';

// Colours that people with any colour vision tell apart (Okabe and Ito, 2008); dashes after eight.
const colours = { light: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b37a00', '#3d9bd4', '#7d7d1f', '#8c6bb1'], dark: ['#56b4e9', '#ff8a3d', '#2fc79b', '#e39cc4', '#e6b422', '#8ab4f8', '#c5c54a', '#b79ae0'] };
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Figure {
  // runs: [id]; keys: [measured value]; marks: [{ kind, at: { step, time, samples } }], what happened to the run.
  constructor({ title, runs, keys, settings, marks = [] }) {
    Object.assign(this, { runs, keys, settings, marks, window: null });
    this.plot = element('div', { class: 'plot', tabindex: 0, role: 'img', 'aria-label': `${title}: arrows move, plus and minus zoom, 0 shows all`, onkeydown: event => this.key(event) });
    this.element = element('figure', {}, element('figcaption', {}, title), this.plot);
    this.sized = new ResizeObserver(() => this.chart && this.plot.clientWidth !== this.chart.width && this.refresh());
    this.dark = matchMedia('(prefers-color-scheme: dark)');
    this.redraw = () => this.draw();
    this.dark.addEventListener('change', this.redraw);
  }

  shown() { this.sized.observe(this.plot); return this.refresh(); }

  close() {
    this.sized.disconnect();
    this.dark.removeEventListener('change', this.redraw);
    this.chart?.destroy();
  }

  async refresh() {
    const asked = this.asked = {};
    const columns = Math.max(100, this.plot.clientWidth - 60);
    const answer = await ask('curves', [...this.runs.map(run => ['run', run]), ...this.keys.map(key => ['key', key]), ['axis', this.settings.axis], ['columns', columns],
      ...this.window ? [['from', this.window[0]], ['to', this.window[1]]] : []]);
    if (asked !== this.asked) return; // a later question is on its way
    this.answer = answer;
    this.draw();
  }

  draw() {
    if (!this.answer) return;
    const lines = this.runs.flatMap((run, i) => this.keys.map((key, j) => ({ run, key, nth: this.runs.length > 1 ? i : j, ...this.answer[run]?.[key] ?? { x: [], y: [] } })));
    const tables = [], series = [{ label: this.settings.axis === 'time' ? 'seconds' : this.settings.axis === 'samples' ? 'samples' : 'step', value: (_, x) => x === null ? '' : number(x) }];
    for (const line of lines) {
      const palette = colours[this.dark.matches ? 'dark' : 'light'], colour = palette[line.nth % palette.length], scale = scaleOf(line.key), unit = unitOf(line.key);
      const y = line.y.map(v => v === null ? null : v * scale), few = y.length < 60;
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
    const data = tables.length === 0 ? [[]] : uPlot.join(tables);
    const unit = unitOf(this.keys[0]), [ink, grid] = [css('--quiet'), css('--line')];
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: '12px system-ui, sans-serif' };
    const positive = data.slice(1).some(y => y.some(v => v > 0));
    const options = {
      width: this.plot.clientWidth, height: 260, legend: { live: true }, cursor: { drag: { x: true, y: false, setScale: false }, focus: { prox: 24 } }, focus: { alpha: 0.35 },
      scales: { x: { time: false, range: (_, low, high) => this.window ?? (low === high ? [low - 1, high + 1] : [low, high]) }, y: { distr: this.settings.log && positive ? 3 : 1 } },
      axes: [{ ...axis, size: 34, values: (_, ticks) => ticks.map(tick => tick >= 1e4 ? tick.toLocaleString('en', { notation: 'compact' }) : number(tick)) }, { ...axis, size: 62, values: (_, ticks) => ticks.map((tick, i) => tick === null ? '' : number(tick) + (unit && i === ticks.length - 1 ? ` ${unit}` : '')) }],
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

  // Starts, stops and failures over the whole height; checkpoints, of which there are many, at the axis.
  mark(chart) {
    const { ctx, bbox } = chart;
    ctx.save();
    for (const { kind, at } of this.marks) {
      const x = chart.valToPos(at[this.settings.axis], 'x', true), isFault = kind === 'fail' || kind === 'restart';
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = css(isFault ? '--bad' : '--quiet');
      ctx.setLineDash(kind === 'checkpoint' ? [] : [3, 5]);
      ctx.beginPath();
      ctx.moveTo(x, kind === 'checkpoint' ? bbox.top + bbox.height - 8 * devicePixelRatio : bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }
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

// What all figures of a page share.
export function controls(settings, changed) {
  const update = change => () => { change(); changed(); };
  const axis = element('select', { 'aria-label': 'axis', onchange: update(() => { settings.axis = axis.value; }) }, ['step', 'time', 'samples'].map(name => element('option', { value: name }, `by ${name}`)));
  const smoothing = element('input', { type: 'range', min: 0, max: 0.99, step: 0.01, value: settings.smoothing, oninput: update(() => { settings.smoothing = Number(smoothing.value); }) });
  const log = element('input', { type: 'checkbox', checked: settings.log, onchange: update(() => { settings.log = log.checked; }) });
  return element('div', { class: 'bar' }, axis, element('label', {}, 'smoothing ', smoothing), element('label', {}, log, ' logarithmic'));
}

export const settings = () => ({ axis: 'step', smoothing: 0, log: false });
