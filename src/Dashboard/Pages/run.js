// One run: what it was asked, how it goes, what happened to it.
import { ask, duration, element, flag, nameOf, number, state, table } from './text.js';
import { askCurves, asking, controls, Figure, settings, showAll, usualColumns } from './curves.js';
import { HeatMap } from './heat.js';
import { frame, LogPart, planPart } from './parts.js';

const memory = ['liveBytes', 'peakBytes', 'plannedBytes'], times = ['seconds', 'dataSeconds', 'communicationSeconds'];
const marked = ['start', 'fail', 'restart', 'stop', 'checkpoint'];

// Loss first, then each metric, then how it ran.
export function groups(keys) {
  const has = key => keys.includes(key), tests = keys.filter(key => key.startsWith('test ') && key !== 'test loss');
  const known = new Set(['loss', 'test loss', ...tests, 'samplesPerSecond', ...memory, 'learningRate', 'gradientNorm', ...times]);
  return [
    ['Loss', ['loss', 'test loss'].filter(has)],
    ...tests.map(key => [nameOf(key).replace(/^test /, 'Test '), [key]]),
    ['Samples / s', ['samplesPerSecond'].filter(has)],
    ['Time of a step', times.filter(has)],
    ['Memory of tensors', memory.filter(has)],
    ['Learning rate', ['learningRate'].filter(has)],
    ['Gradient norm', ['gradientNorm'].filter(has)],
    ...keys.filter(key => !known.has(key)).map(key => [nameOf(key), [key]]),
  ].filter(([, some]) => some.length > 0);
}

// A run saves often: checkpoints between which nothing else happened are one line.
export function gathered(events) {
  const groups = [];
  for (const event of events)
    if (event.kind === 'checkpoint' && groups.at(-1)?.[0].kind === 'checkpoint') groups.at(-1).push(event);
    else groups.push([event]);
  return groups;
}

export async function runPage(id) {
  const shared = settings(), curves = () => askCurves([id], [], shared, usualColumns()), look = () => Promise.all([ask(`runs/${encodeURIComponent(id)}`), curves()]);
  let [run, answer] = await look();
  const head = element('div', {}), history = element('div', {}), figures = element('div', { class: 'figures' });
  const heat = new HeatMap(run.run), log = new LogPart(run.run), parts = element('div', {});
  let drawn = [], plan, grown = {};

  function draw() {
    const tile = (name, value) => element('div', { class: 'tile' }, element('b', { title: value }, value), element('span', {}, name));
    head.replaceChildren(
      element('h1', {}, run.run, ' ', state(run)),
      element('p', { class: 'quiet' }, run.folder),
      element('div', { class: 'tiles' }, run.facts.map(fact => tile(fact.name, fact.value)), run.ettr && [tile('effective training time', `${(100 * run.ettr.ratio).toFixed(1)} %`), tile('since the first start', duration(run.ettr.wallSeconds))]));
    history.replaceChildren(
      happened('Node checks', run.events.filter(event => event.kind === 'node')),
      happened('History', run.events.filter(event => event.kind !== 'node')),
      element('section', {}, element('h2', {}, 'Options'),
        Object.keys(run.chosen).length === 0 ? element('p', { class: 'quiet' }, 'All have their defaults.') : table(['option', 'value'], Object.entries(run.chosen).map(([option, value]) => [flag(option), value])),
        element('details', {}, element('summary', {}, 'All options'), table(['option', 'value'], Object.entries(run.options).map(([option, value]) => [flag(option), value])))));
  }

  function happened(title, events) {
    return events.length === 0 ? '' : element('section', {}, element('h2', {}, title), table(['after', 'event', 'step', ''], gathered(events).map(some => some.length === 1
      ? [duration(some[0].after), some[0].kind, some[0].step || '', some[0].detail]
      : [`${duration(some[0].after)} to ${duration(some.at(-1).after)}`, some[0].kind, `${number(some[0].step)} to ${number(some.at(-1).step)}`, `${some.length} times`])));
  }

  // A plan, a trace or a report may come while the run is looked at; none goes.
  function open() {
    if (run.plan && !plan) parts.append((plan = planPart(run.run)).element);
    for (const [name, page, title] of [['trace', 'trace.html', 'Trace: what each rank did in three steps'], ['report', 'report.html', 'Report']])
      if (run[name] && !parts.querySelector(`.${name}`)) parts.append(element('div', { class: name }, frame(run.run, page, title)));
  }

  // Ranks and log are asked for where they have grown.
  async function follow() {
    const before = grown;
    grown = { ranks: run.ranks, log: run.log };
    await Promise.all([run.ranks !== before.ranks && heat.refresh(), run.log !== before.log && log.refresh()]);
  }

  function plot() {
    const wanted = groups(run.keys), marks = run.events.filter(event => marked.includes(event.kind) && event.at.step > 0);
    if (String(drawn.map(figure => figure.keys)) === String(wanted.map(([, keys]) => keys))) { drawn.forEach(figure => { figure.marks = marks; }); return false; }
    drawn.forEach(figure => figure.close());
    drawn = wanted.map(([title, keys]) => new Figure({ title, keys, runs: [run.run], settings: shared, marks }));
    figures.replaceChildren(...drawn.map(figure => figure.element));
    return true; // what is new has to be watched for its size
  }

  const resized = () => plan?.resize();
  addEventListener('resize', resized);
  draw();
  plot();
  open();
  return {
    title: run.run,
    runs: [run.run],
    element: element('div', {}, head, controls(shared, asking(() => drawn, curves), () => drawn.forEach(figure => figure.draw())), figures, heat.element, log.element, parts, history),
    shown: () => { showAll(drawn, answer); drawn.forEach(figure => figure.shown()); return follow(); },
    close: () => { removeEventListener('resize', resized); drawn.forEach(figure => figure.close()); },
    refresh: async () => {
      [run, answer] = await look();
      const isOpen = history.querySelector('details')?.open;
      draw();
      if (isOpen) history.querySelector('details').open = true;
      open();
      const isNew = plot();
      await Promise.all([showAll(drawn, answer), follow()]);
      if (isNew) drawn.forEach(figure => figure.shown());
    },
  };
}
