// Several runs: their curves over each other, and what differs between them.
import { ask, element, flag, number, state, table, unlike } from './text.js';
import { controls, Figure, settings } from './curves.js';
import { groups } from './run.js';

export async function comparePage(query) {
  const asked = query.getAll('run');
  const shared = settings();
  const these = asked.map(run => ['run', run]);
  const [all, keys] = await Promise.all([ask('runs', these), ask('keys', these)]);
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
  figures.append(...drawn.map(figure => figure.element));
  draw();
  return {
    title: `${runs.length} runs`,
    runs: runs.map(run => run.run),
    element: element('div', {}, element('h1', {}, `${runs.length} runs compared`), controls(shared, () => drawn.forEach(figure => figure.refresh())), figures, element('h2', {}, 'What differs'), differences),
    shown: () => drawn.forEach(figure => figure.shown()),
    close: () => drawn.forEach(figure => figure.close()),
    refresh: async () => {
      runs = pick((await ask('runs', these)).runs);
      draw();
      await Promise.all(drawn.map(figure => figure.refresh()));
    },
  };
}
