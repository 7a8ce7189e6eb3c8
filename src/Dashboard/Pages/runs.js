// All runs: sorted, filtered, chosen for comparison.
import { ask, element, flag, number, state, unlike } from './text.js';

export async function runsPage(query) {
  let { runs, damaged, defaults } = await ask('runs');
  let sort = query.get('sort') ?? '', filter = query.get('filter') ?? '';
  const chosen = new Set(query.getAll('run'));
  const table = element('div', { class: 'scroll' });
  const count = element('span', { class: 'quiet', role: 'status' });
  const compare = element('button', { type: 'button', onclick: () => { location.hash = `#/compare?${new URLSearchParams([...chosen].map(run => ['run', run]))}`; } });
  const search = element('input', { type: 'search', placeholder: 'filter: a word, state=live, loss<0.3, batch-size=64', 'aria-label': 'filter', value: filter, oninput: () => { filter = search.value; remember(); draw(); } });

  // In the address, so that Back leads to the same list.
  function remember() {
    const now = new URLSearchParams([...sort ? [['sort', sort]] : [], ...filter ? [['filter', filter]] : []]);
    history.replaceState(null, '', `#/${now.size > 0 ? `?${now}` : ''}`);
  }

  function columns() {
    const metrics = [...new Set(runs.flatMap(run => Object.keys(run.metrics)))];
    const options = [...new Set(runs.flatMap(run => Object.keys(run.chosen)))].filter(o => !unlike.has(o) && new Set(runs.map(run => run.chosen[o] ?? '')).size > 1);
    return [
      { key: 'run', head: 'run', of: run => run.run },
      { key: 'state', head: 'state', of: run => run.state },
      { key: 'model', head: 'model', of: run => run.model },
      { key: 'steps', head: 'steps', of: run => run.steps },
      ...metrics.map(key => ({ key, head: `test ${key.replaceAll('_', ' ')}`, of: run => run.metrics[key] })),
      ...options.map(key => ({ key: flag(key).slice(2), head: flag(key), of: run => run.chosen[key] ?? defaults[key] })),
    ];
  }

  function draw() {
    const all = columns();
    const rows = sorted(runs.filter(run => matches(run, all, filter)), all, sort);
    const header = column => {
      const [down, key] = [sort.startsWith('-'), sort.replace(/^-/, '')];
      const order = key !== column.key ? 'none' : down ? 'descending' : 'ascending';
      return element('th', { scope: 'col', 'aria-sort': order }, element('button', { type: 'button', onclick: () => { sort = order === 'ascending' ? `-${column.key}` : order === 'descending' ? '' : column.key; remember(); draw(); } }, column.head));
    };
    const cell = (run, column) => {
      const value = column.of(run);
      if (column.key === 'run') return element('td', {}, element('a', { href: `#/run/${encodeURIComponent(run.run)}` }, run.run));
      if (column.key === 'state') return element('td', {}, state(run));
      return element('td', { class: typeof value === 'number' ? 'number' : '', title: typeof value === 'number' ? value : undefined }, value === undefined ? '' : typeof value === 'number' && column.key !== 'steps' ? number(value) : value.toLocaleString('en'));
    };
    table.replaceChildren(element('table', {},
      element('thead', {}, element('tr', {}, element('th', {}, element('span', { class: 'hidden' }, 'compare')), all.map(header))),
      element('tbody', {}, rows.map(run => element('tr', {},
        element('td', {}, element('input', { type: 'checkbox', checked: chosen.has(run.run), 'aria-label': `compare ${run.run}`, onchange: event => { event.target.checked ? chosen.add(run.run) : chosen.delete(run.run); told(); } })),
        all.map(column => cell(run, column)))))));
    count.textContent = rows.length === runs.length ? `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}` : `${rows.length} of ${runs.length} runs`;
    told();
  }

  function told() {
    compare.textContent = chosen.size < 2 ? 'Compare: choose two or more' : `Compare ${chosen.size} runs`;
    compare.disabled = chosen.size < 2 || chosen.size > 40;
  }

  draw();
  return {
    title: 'Runs',
    element: element('section', {}, element('div', { class: 'bar' }, search, compare, count), damaged.map(why => element('p', { class: 'problem' }, `Left out: ${why}`)),
      runs.length === 0 ? element('p', { class: 'quiet' }, 'No run has begun in this folder. A training writes one; this page then shows it by itself.') : '', table),
    refresh: async () => { ({ runs, damaged } = await ask('runs')); draw(); },
  };
}

// Every word must hold: COLUMN=VALUE, COLUMN<VALUE, COLUMN>VALUE, or a part of any cell.
export function matches(run, columns, filter) {
  return filter.split(/\s+/).filter(Boolean).every(word => {
    const [, key, sign, value] = word.match(/^(.+?)([=<>])(.*)$/) ?? [];
    const column = columns.find(c => c.key === key);
    if (!column) return columns.some(c => String(c.of(run) ?? '').toLowerCase().includes(word.toLowerCase()));
    const cell = column.of(run);
    if (sign === '=') return String(cell ?? '') === value || cell !== undefined && value !== '' && Number(cell) === Number(value);
    return cell !== undefined && (sign === '<' ? Number(cell) < Number(value) : Number(cell) > Number(value));
  });
}

// Runs without a value come last in either order.
export function sorted(rows, columns, sort) {
  const column = columns.find(c => c.key === sort.replace(/^-/, ''));
  if (!column) return rows;
  const sign = sort.startsWith('-') ? -1 : 1;
  const numeric = value => value !== undefined && value !== '' && !Number.isNaN(Number(value));
  return [...rows].sort((a, b) => {
    const [x, y] = [column.of(a), column.of(b)];
    if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
    return sign * (numeric(x) && numeric(y) ? Number(x) - Number(y) : String(x).localeCompare(String(y)));
  });
}
