import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { root } from '../support/repository.ts';
import { Tab, closeBrowser } from './browser.ts';
import { script, type Scene } from './scripted.ts';

// UPDATE_PICTURE=1 writes docs/status-page.png anew; without it the same is looked at and thrown away, so that a run
// leaves the tree as it was.
const update = process.env['UPDATE_PICTURE'] === '1';
const scene: Scene = { phase: 'serving', clients: 412, rate: 61_000_000 };

afterAll(closeBrowser);

test('the picture for the README', async () => {
  await using service = await script(scene);
  await using tab = await Tab.open(service.url, { viewport: { width: 1360, height: 960 }, deviceScaleFactor: 1.5, colorScheme: 'light', timezoneId: 'UTC' });
  const { page } = tab;
  await page.locator('#link[data-state=live]').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('#clients-rows tr').length === 25 && document.querySelector('#connections-1')!.textContent === '412');
  const picture = await page.screenshot(update ? { path: path.join(root, 'docs/status-page.png') } : {});
  expect(picture.length).toBeGreaterThan(50_000);
  expect(tab.faults).toEqual([]);
});
