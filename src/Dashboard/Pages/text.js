// Elements and numbers. What comes from a run is set as text, never as markup.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false || value === null) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked') made[name] = value;
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.flat().filter(c => c !== undefined && c !== null && c !== false).map(c => c instanceof Node ? c : String(c)));
  return made;
}

const units = { liveBytes: 'MiB', peakBytes: 'MiB', plannedBytes: 'MiB', seconds: 'ms', dataSeconds: 'ms', communicationSeconds: 'ms' };
const scales = { MiB: 1 / 1048576, ms: 1000 };
const names = { loss: 'training loss', learningRate: 'learning rate', samplesPerSecond: 'samples / s', liveBytes: 'live tensors', peakBytes: 'peak, measured', plannedBytes: 'peak, planned', gradientNorm: 'gradient norm', seconds: 'whole step', dataSeconds: 'waiting for data', communicationSeconds: 'waiting for other ranks' };

export const nameOf = key => names[key] ?? key.replaceAll('_', ' ');
export const unitOf = key => units[key] ?? '';
export const scaleOf = key => scales[unitOf(key)] ?? 1;

// Four digits; powers of ten where digits would not do.
export function number(value) {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string') return value; // NaN and the infinite ones
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(2).replace('e+', 'e');
  return Number(value.toPrecision(4)).toLocaleString('en', { maximumFractionDigits: 6 });
}

export function duration(seconds) {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds % 60)];
  return h > 0 ? `${h} h ${m} min` : `${m} min ${s} s`;
}

// Where and how a run was made, not what was trained.
export const unlike = new Set(['name', 'out', 'resume', 'progress', 'trace', 'maxSteps']);

// --learning-rate is written learningRate in a run's files.
export const flag = option => '--' + option.replace(/[A-Z]/g, letter => '-' + letter.toLowerCase());

export async function ask(path, parameters = []) {
  const query = new URLSearchParams(parameters);
  const response = await fetch(`api/${path}${query.size > 0 ? `?${query}` : ''}`);
  const answer = await response.json().catch(() => ({ error: response.statusText }));
  if (!response.ok) throw new Error(answer.error ?? response.statusText);
  return answer;
}

export const state = run => element('span', { class: `state ${run.state}`, title: { live: 'a process trains in it', finished: 'it came to its end', cut: 'it ended before its end' }[run.state] }, run.state);

export const table = (heads, rows) => element('div', { class: 'scroll' }, element('table', {}, element('thead', {}, element('tr', {}, heads.map(head => element('th', { scope: 'col' }, head)))),
  element('tbody', {}, rows.map(cells => element('tr', {}, cells.map(cell => element('td', { class: typeof cell === 'number' ? 'number' : '' }, cell instanceof Node ? cell : typeof cell === 'number' ? number(cell) : cell)))))));
