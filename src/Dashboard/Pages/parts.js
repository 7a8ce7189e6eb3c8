// What a run's page shows besides curves: the plan of its memory, what its ranks did in a few steps, its log. Each is asked for when
// it is opened, and again only where it has grown.
import { ask, element, number } from './text.js';
import { roomOf } from './curves.js';

const MiB = 1048576;
const colours = { light: ['#d55e00', '#9aa3af'], dark: ['#ff8a3d', '#6b7686'] };
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// A part that is filled when it is first opened.
export function part(title, fill, attributes = {}) {
  const body = element('div', {});
  let filled = false;
  const made = element('details', { ...attributes, ontoggle: () => { if (made.open && !filled) { filled = true; fill(body); } } }, element('summary', {}, title), body);
  return made;
}

// A page that a training wrote, or that is made of its files. The server sandboxes it; so does this.
export const frame = (run, page, title) => part(title, body => body.append(element('iframe', { src: `api/runs/${encodeURIComponent(run)}/${page}`, sandbox: 'allow-scripts', title })));

// The bytes that the plan says are alive in each of its steps, beside the plan that drops nothing.
export function planPart(run) {
  let chart;
  const made = part('Plan of its memory', async body => {
    const plan = await ask(`runs/${encodeURIComponent(run)}/plan`).catch(error => ({ problem: error.message }));
    if (plan.problem) { body.append(element('p', { class: 'problem' }, plan.problem)); return; }
    const size = bytes => `${number(bytes / MiB)} MiB`, plot = element('div', { class: 'plot' });
    body.append(element('p', { class: 'quiet' }, `${plan.planner} for ${plan.batch} samples at once: ${size(plan.peakBytes)} of activations at most, ${size(plan.budgetBytes)} allowed, ${size(plan.keepAllBytes)} where nothing is dropped; ${plan.recomputes} nodes run again, for ${(100 * plan.overhead).toFixed(1)} % more time.`), plot);
    const dark = matchMedia('(prefers-color-scheme: dark)').matches, [own, grey] = colours[dark ? 'dark' : 'light'], [ink, grid] = [css('--quiet'), css('--line')];
    const count = Math.max(plan.peaks.length, plan.keepAll.length), at = list => Array.from({ length: count }, (_, i) => i < list.length ? list[i] / MiB : null);
    const told = (_, value) => value === null || value === undefined ? '–' : `${number(value)} MiB`;
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: '12px system-ui, sans-serif' };
    chart = new uPlot({
      width: plot.clientWidth, height: 260, scales: { x: { time: false } }, cursor: { drag: { x: false, y: false } },
      axes: [{ ...axis, size: 34 }, { ...axis, size: roomOf, values: (_, ticks) => ticks.map(number) }],
      series: [{ label: 'step of the plan', value: (_, i) => i === null ? '' : `${i}: ${plan.steps[i] ?? ''}` },
        { label: 'drops nothing', stroke: grey, value: told }, { label: 'plan', stroke: own, width: 1.6, value: told }, { label: 'allowed', stroke: css('--bad'), dash: [6, 4], value: told }],
    }, [Array.from({ length: count }, (_, i) => i), at(plan.keepAll), at(plan.peaks), Array(count).fill(plan.budgetBytes / MiB)], plot);
  });
  return { element: made, resize: () => { const plot = made.querySelector('.plot'); if (chart && plot.clientWidth > 0) chart.setSize({ width: plot.clientWidth, height: 260 }); } };
}

// The end of each log. It follows, as long as its end is in view.
export class LogPart {
  constructor(run) {
    this.run = run;
    this.logs = element('div', {});
    this.element = element('section', { hidden: true }, element('h2', {}, 'Log'), this.logs);
  }

  async refresh() {
    const logs = await ask(`runs/${encodeURIComponent(this.run)}/log`);
    this.element.hidden = logs.length === 0;
    const before = new Map([...this.logs.querySelectorAll('pre')].map(pre => [pre.dataset.name, pre.scrollHeight - pre.scrollTop - pre.clientHeight < 30 ? null : pre.scrollTop]));
    this.logs.replaceChildren(...logs.flatMap(log => [
      element('h3', {}, log.name, log.before > 0 ? `, the last of ${number((log.before + log.text.length) / 1024)} KiB` : ''),
      element('pre', { class: 'log', tabindex: 0, 'data-name': log.name, 'aria-label': log.name }, log.text)]));
    for (const pre of this.logs.querySelectorAll('pre')) pre.scrollTop = before.get(pre.dataset.name) ?? pre.scrollHeight;
  }
}
