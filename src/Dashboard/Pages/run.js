// One run: what it was asked, how it goes, what happened to it.
import { ask, duration, element, flag, nameOf, number, state } from './text.js';
import { controls, Figure, settings } from './curves.js';

const memory = ['liveBytes', 'peakBytes'];

// Loss first, then each metric, then how it ran.
export function groups(keys) {
  const has = key => keys.includes(key), tests = keys.filter(key => key.startsWith('test ') && key !== 'test loss');
  const known = new Set(['loss', 'test loss', ...tests, 'samplesPerSecond', ...memory, 'learningRate', 'gradientNorm', 'seconds']);
  return [
    ['Loss', ['loss', 'test loss'].filter(has)],
    ...tests.map(key => [nameOf(key).replace(/^test /, 'Test '), [key]]),
    ['Samples / s', ['samplesPerSecond'].filter(has)],
    ['Memory of tensors', memory.filter(has)],
    ['Learning rate', ['learningRate'].filter(has)],
    ['Gradient norm', ['gradientNorm'].filter(has)],
    ['Time of a step', ['seconds'].filter(has)],
    ...keys.filter(key => !known.has(key)).map(key => [nameOf(key), [key]]),
  ].filter(([, some]) => some.length > 0);
}

export async function runPage(id) {
  let run = await ask(`runs/${encodeURIComponent(id)}`);
  const shared = settings();
  const head = element('div', {}), history = element('div', {}), figures = element('div', { class: 'figures' });
  let drawn = [];

  function draw() {
    const tile = (name, value) => element('div', { class: 'tile' }, element('b', { title: value }, value), element('span', {}, name));
    head.replaceChildren(
      element('h1', {}, run.run, ' ', state(run)),
      element('p', { class: 'quiet' }, run.folder, run.report && [' · ', element('a', { href: `api/runs/${encodeURIComponent(run.run)}/report.html`, target: '_blank', rel: 'noopener' }, 'report')]),
      element('div', { class: 'tiles' }, run.facts.map(fact => tile(fact.name, fact.value)), run.ettr && [tile('effective training time', `${(100 * run.ettr.ratio).toFixed(1)} %`), tile('since the first start', duration(run.ettr.wallSeconds))]));
    history.replaceChildren(
      run.events.length === 0 ? '' : element('section', {}, element('h2', {}, 'History'), table(['after', 'event', 'step', ''], run.events.map(event => [duration(event.after), event.kind, event.step || '', event.detail]))),
      element('section', {}, element('h2', {}, 'Options'),
        Object.keys(run.chosen).length === 0 ? element('p', { class: 'quiet' }, 'All have their defaults.') : table(['option', 'value'], Object.entries(run.chosen).map(([option, value]) => [flag(option), value])),
        element('details', {}, element('summary', {}, 'All options'), table(['option', 'value'], Object.entries(run.options).map(([option, value]) => [flag(option), value])))));
  }

  function plot() {
    const wanted = groups(run.keys), marks = run.events.filter(event => ['start', 'fail', 'restart', 'stop'].includes(event.kind) && event.step > 0);
    if (drawn.length === wanted.length) { drawn.forEach(figure => { figure.marks = marks; }); return false; }
    drawn.forEach(figure => figure.close());
    drawn = wanted.map(([title, keys]) => new Figure({ title, keys, runs: [run.run], settings: shared, marks }));
    figures.replaceChildren(...drawn.map(figure => figure.element));
    return true;
  }

  draw();
  plot();
  return {
    title: run.run,
    runs: [run.run],
    element: element('div', {}, head, controls(shared, () => drawn.forEach(figure => figure.refresh())), figures, history),
    shown: () => drawn.forEach(figure => figure.shown()),
    close: () => drawn.forEach(figure => figure.close()),
    refresh: async () => {
      run = await ask(`runs/${encodeURIComponent(id)}`);
      const open = history.querySelector('details')?.open;
      draw();
      if (open) history.querySelector('details').open = true;
      await Promise.all(plot() ? drawn.map(figure => figure.shown()) : drawn.map(figure => figure.refresh()));
    },
  };
}

export const table = (heads, rows) => element('div', { class: 'scroll' }, element('table', {}, element('thead', {}, element('tr', {}, heads.map(head => element('th', { scope: 'col' }, head)))),
  element('tbody', {}, rows.map(cells => element('tr', {}, cells.map(cell => element('td', { class: typeof cell === 'number' ? 'number' : '' }, cell instanceof Node ? cell : typeof cell === 'number' ? number(cell) : cell)))))));
