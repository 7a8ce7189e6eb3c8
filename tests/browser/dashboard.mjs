// Drives the dashboard in a headless Chromium: node dashboard.mjs URL RUNS SCREENSHOTS (a folder of runs, and one for pictures).
// The runs: "…-spike" with one great loss among many, "…-slow", one named like an element, and "…-live", which this script writes on.
// Says "ok" for each and ends with 1 where one failed.
import { appendFileSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';

const [, , url, runs, shots] = process.argv;
mkdirSync(shots, { recursive: true });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });

function check(what, holds) {
  console.log(`${holds ? 'ok' : 'FAILED'}: ${what}`);
  if (!holds) process.exitCode = 1;
}

async function open(width, colorScheme) {
  const page = await (await browser.newContext({ viewport: { width, height: 900 }, colorScheme })).newPage();
  page.setDefaultTimeout(120_000);
  page.on('pageerror', error => check(`no error in the page: ${error.message}`, false));
  page.on('dialog', dialog => { check('nothing in a run is markup', false); dialog.dismiss(); });
  await page.goto(url);
  await page.waitForSelector('tbody tr');
  return page;
}

const screenshot = (page, name) => page.screenshot({ path: path.join(shots, `dashboard-${name}.png`), fullPage: true });
const wide = page => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
// Pixels of a figure that are drawn, by rows: a spike is a line that reaches the top.
const topOfCurve = page => page.evaluate(() => {
  const canvas = document.querySelector('figure canvas'), { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const i = 4 * (y * width + x);
    if (data[i + 3] > 100 && data[i + 2] > 120 && data[i] < 60) return y / height; // the first colour
  }
  return 1;
});
// Asked from here again and again: the page's policy lets nothing be evaluated in it, a waiting function included.
async function until(page, holds) {
  for (let tries = 0; !(await page.evaluate(holds)); tries++) {
    if (tries > 600) throw new Error(`not within a minute: ${holds}`);
    await page.waitForTimeout(100);
  }
}
const drawn = page => until(page, () => document.querySelectorAll('.plot').length > 0 && [...document.querySelectorAll('.plot')].every(plot => plot.querySelector('canvas')));

try {
  const page = await open(1280, 'light');
  const names = () => page.$$eval('tbody td a', links => links.map(a => a.textContent));
  check(`all runs are listed, newest first (${(await names()).length})`, (await names()).length === 4 && (await names())[0].endsWith('live'));
  check('a name that looks like an element is text', (await names()).some(name => name.includes('<img')));
  await page.click('th button:text("test accuracy")');
  await page.click('th button:text("test accuracy")');
  const best = (await names())[0];
  check(`sorted by accuracy, the best first (${best})`, best.endsWith('spike'));
  await page.fill('input[type=search]', 'learning-rate<0.02');
  check(`filtered by an option (${await names()})`, (await names()).length === 1 && (await names())[0].endsWith('slow'));
  await page.reload();
  await page.waitForSelector('tbody tr');
  check('the filter is in the address', (await names()).length === 1);
  await page.fill('input[type=search]', '');
  await screenshot(page, 'runs');

  for (const name of ['spike', 'slow']) await page.check(`tr:has(a:text("${name}")) input`);
  await page.click('button:text("Compare 2 runs")');
  await drawn(page);
  check('two runs are compared', (await page.textContent('h1')).includes('2 runs'));
  check('what differs is told', (await page.textContent('main')).includes('--learning-rate'));
  await screenshot(page, 'compare');

  await page.goto(`${url}#/run/${readdirSync(runs).find(name => name.endsWith('spike'))}`);
  await page.waitForSelector('.tiles');
  await drawn(page);
  await page.waitForTimeout(500);
  const top = await topOfCurve(page);
  check(`one great loss among many is seen (its top at ${top.toFixed(2)} of the figure)`, top < 0.2);
  await screenshot(page, 'run-light');
  const plot = page.locator('.plot').first();
  await plot.focus();
  await page.keyboard.press('+');
  await page.waitForTimeout(800);
  await page.keyboard.press('0');

  // Written by a training, seen in the page.
  const live = readdirSync(runs).find(name => name.endsWith('live'));
  await page.goto(`${url}#/run/${live}`);
  await page.waitForSelector('.tiles');
  await drawn(page);
  const steps = () => page.evaluate(() => [...document.querySelectorAll('.tile')].find(t => t.textContent.includes('steps'))?.textContent ?? '');
  await page.waitForTimeout(1000);
  for (let step = 301; step <= 400; step++)
    appendFileSync(path.join(runs, live, 'metrics.jsonl'), JSON.stringify({ kind: 'train', step, epoch: 0, loss: 5 + step / 100, learningRate: 0.1, samplesPerSecond: 100, liveBytes: 1e6, peakBytes: 2e6, plannedBytes: 2.1e6, seconds: 0.01, dataSeconds: 0.002, communicationSeconds: 0.001 }) + '\n');
  await until(page, () => [...document.querySelectorAll('.tile')].some(t => t.textContent.includes('400')));
  check(`new steps appear by themselves (${await steps()})`, true);

  // What it has besides curves.
  check('ranks by time are drawn, a window a column', await page.evaluate(() => { const { width, height } = document.querySelector('.heat canvas'); return width === 6 && height === 2; }));
  await page.locator('.heat canvas').focus();
  await page.keyboard.press('ArrowRight');
  for (const press of ['ArrowLeft', 'ArrowLeft', 'ArrowDown']) await page.keyboard.press(press);
  const told = await page.textContent('.heat [role=status]');
  check(`the keyboard tells a rank's time (${told})`, told.includes('rank 1, to step 200: 50 ms'));
  await page.selectOption('.heat select', 'data');
  check('and what it waited for', (await page.textContent('.heat [role=status]')).includes('2 ms waiting for data'));
  const log = await page.textContent('.log');
  check('the log is shown to its end, as text', log.includes('step 300 <img src=x'));
  check('its end is in view', await page.evaluate(() => { const log = document.querySelector('.log'); return log.scrollHeight - log.scrollTop - log.clientHeight < 2; }));
  appendFileSync(path.join(runs, live, 'log.txt'), '2026-01-01 00:00:01  a new line\n');
  await until(page, () => document.querySelector('.log').textContent.includes('a new line'));
  check('a new line of it appears by itself', true);
  check('checks of nodes have a place of their own', (await page.textContent('section:has(h2:text("Node checks"))')).includes('n1 disk: <img'));
  const happened = await page.textContent('section:has(h2:text("History"))');
  check('checkpoints in a row are one line of it', happened.includes('100 to 149') && happened.includes('2 times'));
  check('restarts are in the history', (await page.textContent('section:has(h2:text("History"))')).includes('a rank ended <img'));
  await page.click('summary:text("Plan of its memory")');
  await until(page, () => document.querySelector('details canvas'));
  check('the plan of its memory is told and drawn', (await page.textContent('details:has(canvas)')).includes('5 MiB of activations at most, 6 MiB allowed, 9 MiB where nothing is dropped'));
  await page.click('summary:text("Report")');
  const report = await (await page.waitForSelector('.report iframe')).contentFrame();
  await report.waitForSelector('text=and its figures');
  check('the report runs its figures in place, and nothing of ours', !(await page.title()).includes('ours'));
  check('planned, measured and live bytes share a figure', (await page.textContent('figure:has(figcaption:text("Memory of tensors"))')).includes('peak, planned'));
  check('and so do the parts of a step', (await page.textContent('figure:has(figcaption:text("Time of a step"))')).includes('waiting for data'));
  await page.evaluate(() => scrollTo(0, 0));
  await screenshot(page, 'run-parts');

  const dark = await open(420, 'dark');
  check(`the list does not scroll sideways at 420 pixels (${await wide(dark)})`, await wide(dark) <= 0);
  await dark.goto(`${url}#/run/${live}`);
  await dark.waitForSelector('.tiles');
  await drawn(dark);
  await dark.waitForTimeout(500);
  for (const summary of ['Plan of its memory', 'Report']) await dark.click(`summary:text("${summary}")`);
  await until(dark, () => document.querySelector('details canvas'));
  check(`nor does a run, with all its parts (${await wide(dark)})`, await wide(dark) <= 0);
  await screenshot(dark, 'run-dark-420');
} catch (error) {
  check(error.message, false);
} finally {
  await browser.close();
}
