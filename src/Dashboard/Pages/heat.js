// Ranks by time: what a step cost each rank, so that one that holds the others up is a row that stands out, and a bad minute a column.
import { ask, element, number } from './text.js';

// Viridis: its lightness grows evenly, in print and for any colour vision too.
const stops = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
function colour(share) {
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1), i = Math.min(stops.length - 2, Math.floor(at));
  return stops[i].map((low, k) => Math.round(low + (at - i) * (stops[i + 1][k] - low)));
}
const what = { own: 'a step of its own', data: 'waiting for data', wait: 'waiting for other ranks' };

export class HeatMap {
  constructor(run) {
    this.run = run;
    this.at = null; // [rank, column] under the cursor
    this.choice = element('select', { 'aria-label': 'what is shown of each rank', onchange: () => this.draw() }, Object.entries(what).map(([key, name]) => element('option', { value: key }, name)));
    this.canvas = element('canvas', { tabindex: 0, role: 'img', 'aria-label': 'ranks by time: arrows move', onkeydown: event => this.key(event), onpointermove: event => this.point(event) });
    this.told = element('span', { role: 'status' });
    this.ranks = element('div', { class: 'ranks' });
    this.ends = element('div', { class: 'ends' });
    this.least = element('span', {});
    this.most = element('span', {});
    const scale = element('span', { class: 'scale' });
    scale.style.background = `linear-gradient(to right, ${stops.map(stop => `rgb(${stop})`).join(', ')})`;
    this.element = element('figure', { class: 'heat', hidden: true }, element('figcaption', {}, 'Ranks by time'), element('div', { class: 'bar' }, this.choice),
      element('div', { class: 'rows' }, this.ranks, this.canvas, element('div', {}), this.ends, element('div', { class: 'key' }, this.least, scale, this.most, this.told)));
  }

  async refresh() {
    this.data = await ask(`runs/${encodeURIComponent(this.run)}/ranks`);
    this.draw();
  }

  draw() {
    const { steps } = this.data, rows = this.data[this.choice.value];
    this.element.hidden = rows.length === 0;
    if (rows.length === 0) return;
    const known = rows.flat().filter(value => value !== null), [low, high] = [Math.min(...known), Math.max(...known)];
    Object.assign(this.canvas, { width: steps.length, height: rows.length });
    this.canvas.style.height = `${Math.min(360, Math.max(rows.length * 4, Math.min(rows.length * 26, 160)))}px`;
    const context = this.canvas.getContext('2d'), picture = context.createImageData(steps.length, rows.length);
    rows.forEach((row, rank) => row.forEach((value, column) => {
      if (value !== null) picture.data.set([...colour(high > low ? (value - low) / (high - low) : 0), 255], 4 * (rank * steps.length + column));
    }));
    context.putImageData(picture, 0, 0);
    this.ranks.replaceChildren(element('span', {}, 'rank 0'), rows.length > 1 ? element('span', {}, `rank ${rows.length - 1}`) : '');
    this.ends.replaceChildren(element('span', {}, `to step ${number(steps[0])}`), element('span', {}, `to step ${number(steps.at(-1))}`));
    this.least.textContent = `${number(1000 * low)} ms`;
    this.most.textContent = `${number(1000 * high)} ms`;
    this.tell();
  }

  tell() {
    if (!this.at) return;
    const rows = this.data[this.choice.value], [rank, column] = this.at = [Math.min(this.at[0], rows.length - 1), Math.min(this.at[1], this.data.steps.length - 1)];
    this.told.textContent = `rank ${rank}, to step ${number(this.data.steps[column])}: ${rows[rank][column] === null ? 'not there' : `${number(1000 * rows[rank][column])} ms ${what[this.choice.value]}`}`;
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect(), { width, height } = this.canvas;
    this.at = [Math.max(0, Math.floor((event.clientY - box.top) / box.height * height)), Math.max(0, Math.floor((event.clientX - box.left) / box.width * width))];
    this.tell();
  }

  key(event) {
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!move) return;
    event.preventDefault();
    const [rank, column] = this.at ?? [0, this.data.steps.length - 1];
    this.at = this.at ? [Math.max(0, rank + move[0]), Math.max(0, column + move[1])] : [rank, column];
    this.tell();
  }
}
