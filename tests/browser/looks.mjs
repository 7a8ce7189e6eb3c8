// Pages as a reader sees them: node looks.mjs SCREENSHOTS NAME=FILE.html …
// Each page in light and dark, 1280 and 420 pixels wide: nothing to scroll sideways, no two texts of a figure over each other, every text
// readable on what is behind it (contrast 4.5:1). Leaves a screenshot of each. Says "ok" for each and ends with 1 where one failed.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';

const [, , shots, ...pages] = process.argv;
mkdirSync(shots, { recursive: true });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });

function check(what, holds) {
  console.log(`${holds ? 'ok' : 'FAILED'}: ${what}`);
  if (!holds) process.exitCode = 1;
}

// Runs in the page. Texts that cover each other by more than a hair, and texts that are too pale.
function measure() {
  const number = text => text.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)]; return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05); };
  function behind(element) {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a = 1] = number(getComputedStyle(at).backgroundColor);
      if (a > 0.9) return [r, g, b];
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
  }
  const over = [], cut = [], pale = [];
  for (const figure of document.querySelectorAll('svg, .js-plotly-plot')) {
    if (figure.parentElement.closest('.js-plotly-plot') || figure.closest('.modebar')) continue;
    const texts = [...figure.querySelectorAll('text')].filter(t => t.textContent.trim() && getComputedStyle(t).visibility !== 'hidden' && getComputedStyle(t).opacity > 0 && !t.closest('.hoverlayer'))
      .map(t => ({ t, box: t.getBoundingClientRect() })).filter(({ box }) => box.width > 0);
    texts.forEach(({ t, box }) => { const frame = t.closest('.main-svg, svg').getBoundingClientRect(); if (box.left < frame.left - 1 || box.right > frame.right + 1) cut.push(`"${t.textContent}"`); });
    texts.forEach((a, i) => texts.slice(i + 1).forEach(b => {
      const width = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left), height = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      if (width > 2 && height > 4) over.push(`"${a.t.textContent}" and "${b.t.textContent}"`);
    }));
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, style = getComputedStyle(element);
    if (!walker.currentNode.textContent.trim() || ['SCRIPT', 'STYLE'].includes(element.tagName) || element.closest('.hoverlayer, .modebar') || style.visibility === 'hidden' || element.getBoundingClientRect().width === 0) continue;
    const ratio = contrast(number(element instanceof SVGElement ? style.fill : style.color), behind(element));
    if (ratio < 4.5) pale.push(`"${walker.currentNode.textContent.trim().slice(0, 40)}" ${ratio.toFixed(1)}`);
  }
  return { wide: document.documentElement.scrollWidth - document.documentElement.clientWidth, over, cut, pale, plots: document.querySelectorAll('.js-plotly-plot .main-svg').length };
}

try {
  for (const [name, file] of pages.map(page => page.split('=')))
    for (const theme of ['light', 'dark'])
      for (const width of [1280, 420]) {
        const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: theme });
        await page.goto(`file://${path.resolve(file)}`);
        await page.waitForFunction(() => [...document.querySelectorAll('.js-plotly-plot')].every(plot => plot.querySelector('.main-svg')));
        await page.waitForTimeout(300); // figures fit themselves to the page
        const { wide, over, cut, pale, plots } = await page.evaluate(measure);
        const as = `${name}, ${theme}, ${width} pixels`;
        check(`${as}: figures are drawn (${plots})`, plots > 0);
        check(`${as}: nothing to scroll sideways (${wide})`, wide <= 0);
        check(`${as}: no text over another${over.length ? ': ' + [...new Set(over)].slice(0, 6).join(', ') : ''}`, over.length === 0);
        check(`${as}: no text cut off${cut.length ? ': ' + [...new Set(cut)].slice(0, 6).join(', ') : ''}`, cut.length === 0);
        check(`${as}: every text is readable${pale.length ? ': ' + [...new Set(pale)].slice(0, 6).join(', ') : ''}`, pale.length === 0);
        await page.screenshot({ path: path.join(shots, `${name}-${theme}-${width}.png`), fullPage: true });
        await page.close();
      }
} finally {
  await browser.close();
}
