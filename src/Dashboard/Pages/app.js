// Which page is shown, and that it follows the files. Pages are in the address: a reload, a bookmark and Back work.
import { ask, element } from './text.js';
import { runsPage } from './runs.js';
import { runPage } from './run.js';
import { comparePage } from './compare.js';

const main = document.getElementById('main');
const link = document.getElementById('link');
let page, source, turn = 0;

function place() {
  const [path, query] = (location.hash.slice(1) || '/').split('?');
  return { path: path.split('/').filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query) };
}

async function show() {
  const mine = ++turn;
  page?.close?.();
  page = undefined;
  source?.close();
  const { path, query } = place();
  try {
    const next = path[0] === 'run' ? await runPage(path[1]) : path[0] === 'compare' ? await comparePage(query) : await runsPage(query);
    if (mine !== turn) return next.close?.(); // another was asked for meanwhile
    page = next;
    document.title = `${page.title} – Interactive`;
    main.replaceChildren(page.element);
    page.shown?.();
    follow(page.runs ?? []);
  } catch (error) {
    if (mine === turn) main.replaceChildren(element('p', { class: 'problem' }, error.message, '. ', element('a', { href: '#/' }, 'All runs')));
  }
}

// Changes come close together: what is shown is asked for at most every 300 ms, and never twice at once.
function follow(runs) {
  source = new EventSource(`api/live?${new URLSearchParams(runs.map(run => ['run', run]))}`);
  let waiting, busy;
  const refresh = async () => {
    if (busy) { waiting = true; return; }
    busy = true;
    waiting = false;
    await Promise.all([page?.refresh?.().catch(error => { link.textContent = error.message; }), new Promise(done => setTimeout(done, 300))]);
    busy = false;
    if (waiting) refresh();
  };
  source.addEventListener('changed', refresh);
  source.onopen = () => { link.textContent = ''; };
  source.onerror = () => { link.textContent = 'The dashboard does not answer; trying again…'; };
}

ask('folder').then(answer => { document.getElementById('folder').textContent = answer.folder; }, () => {});
addEventListener('hashchange', show);
addEventListener('keydown', event => {
  if (event.target.matches?.('input, select') || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '/') { document.querySelector('input[type=search]')?.focus(); event.preventDefault(); }
  if (event.key === 'g') location.hash = '#/';
});
show();
