// node dashboard.mjs write FOLDER RUNS STEPS: runs as trainings write them, each with one step whose loss is 50.
// node dashboard.mjs measure URL FOLDER PROCESS: what a person waits for, in a headless Chromium.
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from '../tests/browser/node_modules/playwright-core/index.mjs';

const [, , what, ...given] = process.argv;

function write(folder, runs, steps) {
  for (let run = 0; run < runs; run++) {
    const at = path.join(folder, `20260101-${String(100000 + run)}-run`), lines = [];
    mkdirSync(at, { recursive: true });
    writeFileSync(path.join(at, 'config.json'), JSON.stringify({ model: 'net', parameters: 1e6, ranks: 2, options: { learningRate: (run + 1) / 1000 } }));
    for (let step = 1; step <= steps; step++) {
      const loss = step === Math.floor(steps * 0.77) ? 50 : 2.3 * Math.exp(-3 * step / steps) + 0.1 * Math.abs(Math.sin(step * (run + 1)));
      lines.push(`{"kind":"train","step":${step},"epoch":0,"loss":${loss.toFixed(6)},"learningRate":${(run + 1) / 1000},"samplesPerSecond":1003.25,"liveBytes":100000000,"peakBytes":200000000,"seconds":0.1275926,"dataSeconds":0.000412}`);
      if (step % (steps / 5) === 0) lines.push(`{"kind":"eval","step":${step},"epoch":0,"loss":${loss.toFixed(6)},"accuracy":${(0.5 + step / steps / 3).toFixed(4)}}`);
    }
    writeFileSync(path.join(at, 'metrics.jsonl'), lines.join('\n') + '\n');
  }
}

async function measure(url, folder, server) {
  const names = readdirSync(folder).sort(), browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  page.setDefaultTimeout(60_000);
  const drawn = () => page.evaluate(() => document.querySelectorAll('.plot').length > 0 && [...document.querySelectorAll('.plot')].every(plot => plot.querySelector('canvas')));
  const until = async holds => { while (!await holds()) await page.waitForTimeout(5); };
  const time = async act => { const begun = performance.now(); await act(); return performance.now() - begun; };
  const open = (hash, heading) => time(async () => {
    await page.goto(`${url}#/${hash}`);
    await until(() => page.evaluate(heading => document.querySelector('h1')?.textContent.includes(heading), heading));
    await until(drawn);
  });
  const p95 = times => Math.round(times.sort((a, b) => a - b)[Math.ceil(0.95 * times.length) - 1]);

  // Nothing has been read: neither the page by the browser nor the runs by the server.
  const compared = new URLSearchParams(names.slice(0, 10).map(run => ['run', run]));
  const first = await open(`compare?${compared}`, '10 runs');
  const list = await time(async () => { await page.goto(`${url}#/`); await page.waitForSelector(`tbody tr:nth-child(${names.length})`); });
  const fresh = [], again = [], zooms = [];
  for (const run of names.slice(100, 140)) fresh.push(await open(`run/${run}`, run)); // not read before
  for (const run of names.slice(100, 140)) again.push(await open(`run/${run}`, run));
  await page.locator('.plot').first().focus();
  for (let i = 0; i < 40; i++) {
    const answered = page.waitForResponse(response => response.url().includes('api/curves'));
    zooms.push(await time(async () => { await page.keyboard.press(i % 8 < 4 ? '+' : '-'); await answered; await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))); }));
  }
  // A spike of one step reaches the top of the figure, in each of the runs that was compared.
  const top = await page.evaluate(async run => Math.max(...Object.values(await (await fetch(`api/curves?run=${run}&key=loss&columns=740`)).json())[0].loss.y), names[139]);
  const writes = [];
  const tile = () => page.evaluate(() => [...document.querySelectorAll('.tile')].find(t => t.textContent.includes('steps'))?.textContent ?? '');
  for (let i = 1, last = Number((await tile()).replace(/\D/g, '')); i <= 20; i++) {
    await page.waitForTimeout(1000);
    writes.push(await time(async () => {
      appendFileSync(path.join(folder, names[139], 'metrics.jsonl'), `{"kind":"train","step":${last + i},"epoch":0,"loss":1,"learningRate":0.1,"samplesPerSecond":1000,"liveBytes":1,"peakBytes":2,"seconds":0.1}\n`);
      await until(async () => (await tile()).includes((last + i).toLocaleString('en')));
    }));
  }
  const rss = Number(readFileSync(`/proc/${server}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;
  console.log(JSON.stringify({ runs: names.length, firstCurves: Math.round(first), list: Math.round(list), runNotReadP95: p95(fresh), runP95: p95(again), zoomP95: p95(zooms), writeToPixelP95: p95(writes), writeToPixelMost: Math.round(Math.max(...writes)), spike: top, rssMB: Math.round(rss) }));
  await browser.close();
}

if (what === 'write') write(given[0], Number(given[1]), Number(given[2]));
else await measure(...given);
