// Drives Jupyter Notebook in a headless Chromium: node notebook.mjs URL NOTEBOOK SCREENSHOTS (two folders)
// A training cell must update its progress and its figure while it runs; a figure must answer the mouse; the same
// notebook reopened without trust must still show its pictures. Says "ok" for each and ends with 1 at the first that fails.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';

const [, , url, folder, shots] = process.argv;
mkdirSync(shots, { recursive: true });
const origin = new URL(url).origin;
const token = new URL(url).searchParams.get('token');

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const context = await browser.newContext({ viewport: { width: 1200, height: 1000 } });

async function open(name) {
  const page = await context.newPage();
  page.setDefaultTimeout(600_000); // on a loaded machine a step takes a quarter of a second
  await page.goto(`${origin}/notebooks/${name}?token=${token}`);
  await page.waitForFunction(() => window.Jupyter?.notebook?._fully_loaded);
  return page;
}

function check(what, holds) {
  console.log(`${holds ? 'ok' : 'FAILED'}: ${what}`);
  if (!holds) process.exitCode = 1;
}

const screenshot = (page, name) => page.screenshot({ path: path.join(shots, name) });

try {
  const page = await open('training.ipynb');
  await page.waitForFunction(() => Jupyter.notebook.kernel?.is_connected());
  await page.evaluate(() => Jupyter.notebook.execute_all_cells());

  // The output of the training cell, each time it is another one while the cell still runs.
  const states = await page.evaluate(async () => {
    const cell = Jupyter.notebook.get_cell(1), seen = [];
    const busy = () => cell.element.hasClass('running') || cell.input_prompt_number === '*';
    const end = Date.now() + 600_000;
    while (Date.now() < end) {
      const bar = cell.element.find('progress').attr('value'), picture = cell.element.find('img').attr('src');
      const state = `${bar} ${picture?.length} ${picture?.slice(-40)}`;
      if (busy() && bar !== undefined && seen.at(-1)?.state !== state) seen.push({ state, bar: Number(bar), picture });
      if (!busy() && seen.length > 0) break;
      await new Promise(done => setTimeout(done, 50));
    }
    return seen;
  });
  const bars = states.map(s => s.bar), pictures = new Set(states.map(s => s.picture).filter(Boolean));
  check(`the progress bar grew while the cell ran (${bars.join(', ')})`, bars.length >= 3 && bars.every((b, i) => i === 0 || b >= bars[i - 1]) && bars.at(-1) > bars[0]);
  check(`the loss figure was redrawn while the cell ran (${pictures.size} pictures)`, pictures.size >= 3);
  await page.waitForFunction(() => !Jupyter.notebook.kernel_busy);
  await page.evaluate(() => Jupyter.notebook.get_cell(1).element[0].scrollIntoView());
  await screenshot(page, 'trained.png');

  // The figure of the last cell is alive: its points tell their values.
  const plot = page.locator('.cell').nth(2).locator('.js-plotly-plot').first();
  await plot.waitFor();
  await plot.scrollIntoViewIfNeeded();
  const point = await plot.locator('.points path').nth(20).boundingBox();
  await page.mouse.move(point.x - 30, point.y - 30);
  await page.mouse.move(point.x + point.width / 2, point.y + point.height / 2, { steps: 5 });
  const hovered = await plot.locator('.hoverlayer text', { hasText: '400' }).first().waitFor({ timeout: 60_000 }).then(() => true, () => false);
  check('the figure tells the value 400 at 20', hovered);
  await screenshot(page, 'hovered.png');
  await page.evaluate(() => Jupyter.notebook.save_notebook());
  await page.close();

  // Jupyter trusts what it has saved itself; a file that was changed elsewhere it does not.
  const file = JSON.parse(readFileSync(path.join(folder, 'training.ipynb'), 'utf8'));
  file.cells[0].source = ['// received by mail\n', file.cells[0].source].flat();
  writeFileSync(path.join(folder, 'received.ipynb'), JSON.stringify(file));
  const copy = await open('received.ipynb');
  check('the changed file is not trusted', !(await copy.evaluate(() => Jupyter.notebook.trusted)));
  const shown = await copy.evaluate(() => [1, 2].map(i => Jupyter.notebook.get_cell(i).element.find('.output img').toArray().filter(img => img.naturalWidth > 100).length));
  check(`untrusted cells still show pictures (${shown.join(', ')})`, shown.every(n => n >= 1));
  await copy.evaluate(() => Jupyter.notebook.get_cell(1).element[0].scrollIntoView());
  await screenshot(copy, 'untrusted.png');
} finally {
  await browser.close();
}
