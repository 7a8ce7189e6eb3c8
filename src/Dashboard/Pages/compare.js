// Several runs: their curves over each other, and what differs between them.
import { ask, element, flag, number, state, table, unlike } from './text.js';
import { askCurves, asking, controls, Figure, settings, showAll, usualColumns } from './curves.js';
import { groups } from './run.js';

export async function comparePage(query) {
  const asked = query.getAll('run');
  const shared = settings();
  const these = asked.map(run => ['run', run]);
  const curves = keys => askCurves(asked, keys, shared, usualColumns());
  let [all, answer] = await Promise.all([ask('runs', these), curves([])]);
  const keys = [...new Set([...answer.values()].flatMap(run => [...run.keys()]))];
  let runs = pick(all.runs);
  if (runs.length === 0) throw new Error('None of these runs is there');
  const differences = element('div', {}), figures = element('div', { class: 'figures' });

  function pick(rows) { return asked.map(id => rows.find(run => run.run === id)).filter(Boolean); }

  function draw() {
    const options = [...new Set(runs.flatMap(run => Object.keys(run.chosen)))].filter(o => !unlike.has(o) && new Set(runs.map(run => run.chosen[o] ?? '')).size > 1);
    const metrics = [...new Set(runs.flatMap(run => Object.keys(run.metrics)))];
    differences.replaceChildren(table(['', ...runs.map(run => run.run)], [
      ['state', ...runs.map(state)],
      ['steps', ...runs.map(run => number(run.steps))],
      ...metrics.map(key => [`test ${key.replaceAll('_', ' ')}`, ...runs.map(run => key in run.metrics ? number(run.metrics[key]) : '')]),
      ...options.map(option => [flag(option), ...runs.map(run => run.chosen[option] ?? all.defaults[option] ?? '')]),
    ]));
  }

  // Training and test loss in figures of their own: with several runs, colours tell the runs apart.
  const drawn = groups(keys).flatMap(([title, some]) => title === 'Loss' ? some.map(key => [key === 'loss' ? 'Training loss' : 'Test loss', key]) : title === 'Memory of tensors' ? [['Peak memory of tensors', 'peakBytes']] : [[title, some[0]]])
    .map(([title, key]) => new Figure({ title, keys: [key], runs: runs.map(run => run.run), settings: shared }));
  const again = asking(() => drawn, () => curves(drawn.flatMap(figure => figure.keys)));
  figures.append(...drawn.map(figure => figure.element));
  draw();
  return {
    title: `${runs.length} runs`,
    runs: runs.map(run => run.run),
    element: element('div', {}, element('h1', {}, `${runs.length} runs compared`), controls(shared, again, () => drawn.forEach(figure => figure.draw())), figures, element('h2', {}, 'What differs'), differences),
    shown: () => { showAll(drawn, answer); drawn.forEach(figure => figure.shown()); },
    close: () => drawn.forEach(figure => figure.close()),
    refresh: async () => {
      [all] = await Promise.all([ask('runs', these), again()]);
      runs = pick(all.runs);
      draw();
    },
  };
}
