import axe from 'axe-core';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { Tab, closeBrowser } from './browser.ts';
import { Service } from './service.ts';

// Everything that a test has opened, to be closed whatever becomes of the test.
const services: Service[] = [];
const tabs: Tab[] = [];

async function start(...settings: string[]): Promise<Service> {
  const service = await Service.start(...settings);
  services.push(service);
  return service;
}

async function open(...parameters: Parameters<typeof Tab.open>): Promise<Page> {
  const tab = await Tab.open(...parameters);
  tabs.push(tab);
  return tab.page;
}

afterEach(async () => {
  const faults = tabs.flatMap((tab) => tab.faults);
  for (const one of [...tabs.splice(0), ...services.splice(0)]) await one[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});
afterAll(closeBrowser);

const row = (page: Page, text: string): Locator => page.locator('#clients-rows tr', { hasText: text });
const cell = (line: Locator, name: string): Locator => line.locator(`td[data-name="${name}"]`);
const phase = (page: Page): Locator => page.locator('#phase-name');
const toast = (page: Page): Locator => page.locator('#toast');
const dialog = (page: Page, name: string | RegExp): Locator => page.getByRole('dialog', { name });

/** Waits until an element says something, within Playwright's own deadline. */
async function says(locator: Locator, text: string | RegExp): Promise<void> {
  await locator.filter({ hasText: text }).waitFor();
}

describe('clients', () => {
  test('a client appears, and its bytes rise', async () => {
    const service = await start();
    const page = await open(service.url);
    await says(page.locator('#clients-empty'), 'Nobody is connected.');
    await says(phase(page), 'Serving');

    const client = await service.connect();
    await client.echo(1_500);
    const line = row(page, client.endPoint);
    await says(cell(line, 'Received'), '1.50 kB');
    await says(cell(line, 'State'), 'Open');
    await says(page.locator('#connections-1'), /^1$/);
    await client.echo(2_000_000);
    await says(cell(line, 'Received'), '2.00 MB');
    await says(cell(line, 'Sent'), '2.00 MB');
    await says(page.locator('#totals [data-name=Received] dd'), '2.00 MB');

    client.close();
    await line.waitFor({ state: 'detached' });
    await says(page.locator('#clients-count'), '0 connected');
  });

  test('the charts show what happens', async () => {
    const service = await start();
    const page = await open(service.url);
    const client = await service.connect();
    await says(page.locator('#connections-1'), /^1$/);
    for (const chart of ['#throughput', '#connections']) {
      await page.waitForFunction((selector) => (document.querySelector(`${selector} .stroke`)!.getAttribute('d') ?? '').includes('L'), chart);
    }
    const flat = await page.locator('#throughput .stroke').first().getAttribute('d');
    const levels = (path: string) => new Set([...path.matchAll(/[\d.]+ ([\d.]+)/g)].map((match) => match[1])).size;
    expect(levels(flat!)).toBe(1);
    await client.echo(5_000_000);
    await page.waitForFunction(() => {
      const path = document.querySelector('#throughput .stroke')!.getAttribute('d')!;
      return new Set([...path.matchAll(/[\d.]+ ([\d.]+)/g)].map((match) => match[1])).size > 1;
    });
    expect(await page.locator('#connections svg').getAttribute('aria-label')).toContain('Connections over the last five minutes');
  });

  test.each([['graceful', 'fin', 'is being closed'], ['reset', 'reset', 'was reset']])('one is closed from the page: %s', async (mode, end, said) => {
    const service = await start();
    const page = await open(service.url);
    const [client, other] = [await service.connect(), await service.connect()];
    await client.echo(100);
    await row(page, client.endPoint).getByRole('button').click();
    const confirm = dialog(page, /^Close client \d+\?$/);
    await says(confirm, client.endPoint);
    await confirm.locator(`input[value=${mode}]`).check();
    await confirm.locator('[type=submit]').click();

    expect(await client.end).toBe(end);
    await says(toast(page), said);
    client.close();
    await row(page, client.endPoint).waitFor({ state: 'detached' });
    await says(page.locator('#closed [data-name=admin] dd'), /^1$/);
    await other.echo(100);

    await page.locator('#clients-state').selectOption('closed');
    await says(cell(row(page, client.endPoint), 'State'), /Closed.*Admin/);
    expect(await row(page, client.endPoint).getByRole('button').isVisible()).toBe(false);
  });

  test('one whose close is not confirmed stays', async () => {
    const service = await start();
    const page = await open(service.url);
    const client = await service.connect();
    const button = row(page, client.endPoint).getByRole('button');
    for (const leave of [() => page.keyboard.press('Escape'), () => dialog(page, /^Close/).getByRole('button', { name: 'Cancel' }).click()]) {
      await button.click();
      await dialog(page, /^Close/).waitFor();
      await leave();
      await dialog(page, /^Close/).waitFor({ state: 'hidden' });
      expect(await button.evaluate((node) => node === document.activeElement)).toBe(true);
    }
    await client.echo(100);
  });

  test('one is closed with the keyboard alone, and the focus stays in the table', async () => {
    const service = await start();
    const page = await open(service.url);
    const [client, other] = [await service.connect(), await service.connect()];
    await row(page, client.endPoint).waitFor();
    await row(page, other.endPoint).waitFor();

    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement!.textContent)).toBe('Skip to the clients');
    await page.keyboard.press('Enter');
    const focused = () => page.evaluate(() => document.activeElement!.getAttribute('aria-label') ?? '');
    for (let i = 0; i < 30 && !(await focused()).includes(client.endPoint); i++) await page.keyboard.press('Tab');
    expect(await focused()).toContain(client.endPoint);
    await page.keyboard.press('Enter');
    await dialog(page, /^Close client/).waitFor();
    await page.keyboard.press('ArrowDown');
    await says(page.locator('#close-submit'), 'Reset the connection');
    await page.keyboard.press('Enter');

    expect(await client.end).toBe('reset');
    await row(page, client.endPoint).waitFor({ state: 'detached' });
    await page.waitForFunction((label) => document.activeElement!.getAttribute('aria-label')?.includes(label), other.endPoint);
  });

  test('many are shown page by page, sorted, and filtered by address', async () => {
    const service = await start();
    const page = await open(service.url);
    const clients = await Promise.all(Array.from({ length: 60 }, () => service.connect()));
    await clients[41]!.echo(50_000);
    await says(page.locator('#clients-count'), '60 connected');

    const ids = async () => (await page.locator('#clients-rows td.id').allTextContents()).map(Number);
    const seen = await ids();
    for (const range of ['26–50 of 60', '51–60 of 60']) {
      await page.getByRole('button', { name: 'Next' }).click();
      await says(page.locator('#clients-range'), range);
      seen.push(...await ids());
    }
    expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(await page.getByRole('button', { name: 'Next' }).getAttribute('aria-disabled')).toBe('true');
    await page.getByRole('button', { name: 'Previous' }).click();
    await says(page.locator('#clients-range'), '26–50 of 60');
    await page.getByRole('button', { name: 'First' }).click();
    await says(page.locator('#clients-range'), '1–25 of 60');

    await page.getByRole('button', { name: 'Received' }).click();
    await says(page.locator('#clients-rows tr').first(), clients[41]!.endPoint);
    expect(await page.getByRole('columnheader', { name: 'Received' }).getAttribute('aria-sort')).toBe('descending');

    await page.getByLabel('Address').fill('10.0.0.0/8');
    await says(page.locator('#clients-empty'), 'Nobody matches.');
    await page.getByLabel('Address').fill('10.0.0.0/99');
    await says(page.locator('#clients-error'), 'Give an address or a range');
    await page.getByLabel('Address').fill('127.0.0.0/8');
    await says(page.locator('#clients-count'), '60 match');
    expect(await page.locator('#clients-error').textContent()).toBe('');
  });
});

describe('drain', () => {
  test('is started with options, shown, and taken back', async () => {
    const service = await start();
    const page = await open(service.url);
    const client = await service.connect();
    await client.echo(100);
    await page.getByRole('button', { name: 'Drain…' }).click();
    const options = dialog(page, 'Drain this instance');
    await options.getByLabel('Readiness delay').fill('1');
    await options.getByLabel('Timeout').fill('600');
    await options.getByLabel('Spread').fill('-1');
    await options.getByRole('button', { name: 'Start the drain' }).click();

    await says(phase(page), 'Lame duck');
    await says(phase(page), 'Draining');
    await says(page.locator('#phase-live'), 'Phase: Draining.');
    await says(page.locator('#drain-remaining'), '1 of 1');
    await says(page.locator('#drain-deadline'), /in (9|10) m/);
    expect(await page.locator('[aria-current=step]').textContent()).toBe('Draining');
    expect((await service.get<{ phase: string }>('drain')).phase).toBe('draining');
    await client.echo(100);

    const second = await service.connect().catch(() => null);
    expect(second).toBeNull();
    await page.getByRole('button', { name: 'Take the drain back' }).click();
    await says(phase(page), 'Serving');
    await says(toast(page), 'The drain was taken back.');
    expect(await page.locator('#drain').isHidden()).toBe(true);
    await client.echo(100);
    await (await service.connect()).echo(100);
  });

  test('runs to its end, and the bar with it', async () => {
    const service = await start();
    const page = await open(service.url);
    const clients = [await service.connect(), await service.connect(), await service.connect(), await service.connect()];
    await says(page.locator('#connections-1'), /^4$/);
    await page.getByRole('button', { name: 'Drain…' }).click();
    await dialog(page, 'Drain this instance').getByRole('button', { name: 'Start the drain' }).click();
    for (const client of clients) {
      expect(await client.end).toBe('fin');
      client.close();
    }
    await says(phase(page), 'Drained');
    await says(page.locator('#drain-graceful'), /^4$/);
    expect(await page.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('100');
  });

  test('says why it cannot be taken', async () => {
    const service = await start();
    const page = await open(service.url);
    await page.getByRole('button', { name: 'Drain…' }).click();
    const options = dialog(page, 'Drain this instance');
    await options.locator('form').evaluate((form: HTMLFormElement) => (form.noValidate = true));
    await options.getByLabel('Spread').fill('-2');
    await options.getByRole('button', { name: 'Start the drain' }).click();
    await says(options.getByRole('alert'), 'spreadSeconds');
    expect(await phase(page).textContent()).toBe('Serving');
  });
});

describe('who may change something', () => {
  const key = 'a-key-of-the-tests-0123456789';

  test('asks for the key, takes the right one, keeps it in the tab and forgets it', async () => {
    const service = await start(`Management:ApiKey=${key}`);
    const page = await open(service.url);
    const [first, second] = [await service.connect(), await service.connect()];
    const asked = dialog(page, 'API key');
    await row(page, first.endPoint).getByRole('button').click();
    await dialog(page, /^Close client/).locator('[type=submit]').click();
    await asked.getByLabel('Key').fill('another-key-that-is-wrong');
    await asked.getByRole('button', { name: 'Use the key' }).click();
    await says(asked.getByRole('alert'), 'refused');
    await asked.getByLabel('Key').fill(key);
    await asked.getByRole('button', { name: 'Use the key' }).click();
    expect(await first.end).toBe('fin');
    expect(await page.locator('#key-input').inputValue()).toBe('');
    expect(await page.evaluate(() => localStorage.length + document.cookie.length)).toBe(0);
    expect(page.url()).toBe(service.url);

    await row(page, second.endPoint).getByRole('button').click();
    await dialog(page, /^Close client/).locator('[type=submit]').click();
    expect(await second.end).toBe('fin');
    await page.getByRole('button', { name: 'Forget the API key' }).click();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);

    await page.getByRole('button', { name: 'Drain…' }).click();
    await dialog(page, 'Drain this instance').getByRole('button', { name: 'Start the drain' }).click();
    await asked.getByRole('button', { name: 'Cancel' }).click();
    await says(dialog(page, 'Drain this instance').getByRole('alert'), 'was not started');
    expect(await phase(page).textContent()).toBe('Serving');
  });

  test('explains what to do where no key is set and the page is not on loopback', async () => {
    const service = await start();
    const page = await open(`http://echo.test:${service.managementPort}/`);
    const client = await service.connect();
    await row(page, client.endPoint).getByRole('button').click();
    await dialog(page, /^Close client/).locator('[type=submit]').click();
    const explained = dialog(page, 'Not from here');
    await says(explained, 'kubectl --namespace echo port-forward');
    await says(explained, 'Management__ApiKey');
    await says(page.locator('#forbidden-detail'), 'echo.test');
    await explained.getByRole('button', { name: 'Understood' }).click();
    await says(dialog(page, /^Close client/).getByRole('alert'), 'Nothing was closed.');
    await client.echo(100);
  });
});

describe('safety', () => {
  test('strings that others choose stay text', async () => {
    const service = await start();
    const hostile = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>';
    const stats = await service.get<{ instance: { name: string; version: string }; listeners: { endpoint: string }[]; connections: { closed: Record<string, number> } }>('stats');
    stats.instance.name = stats.instance.version = stats.listeners[0]!.endpoint = hostile;
    stats.connections.closed[hostile] = 1;
    const client = { ...{ id: 1, connectedAt: hostile, ageSeconds: 1, idleSeconds: 1, bytesReceived: 1, bytesSent: 1, pendingBytes: 0 }, remoteEndPoint: hostile, peerEndPoint: hostile, proxied: true, state: hostile, closeReason: hostile };
    const page = await open(service.url, {}, async (prepared) => {
      // A stream that stays, with the same figures every second: an answer that Playwright makes would end.
      await prepared.addInitScript((data) => {
        globalThis.EventSource = class extends EventTarget {
          static OPEN = 1;
          readyState = 1;
          timer = setInterval(() => this.dispatchEvent(new MessageEvent('stats', { data })), 1_000);
          close(): void {
            clearInterval(this.timer);
          }
        } as unknown as typeof EventSource;
      }, JSON.stringify(stats));
      await prepared.route('**/clients?*', (route) => route.fulfill({ json: { total: 1, items: [client], next: null } }));
      await prepared.route('**/clients/1?*', (route) => route.fulfill({ status: 409, json: { detail: hostile } }));
    });
    await says(page.locator('#instance-name'), hostile);
    await row(page, hostile).waitFor();
    await row(page, hostile).getByRole('button').click();
    await page.locator('#close-submit').click();
    await says(page.locator('#close-dialog').getByRole('alert'), hostile);
    expect(await page.locator('img').count()).toBe(1);
    expect(await page.locator('script').count()).toBe(1);
    expect(await page.evaluate(() => 'broken' in window)).toBe(false);
  });

  test('the browser itself refuses markup and scripts from strings', async () => {
    const service = await start();
    const page = await open(service.url);
    await says(phase(page), 'Serving');
    expect(await page.evaluate(() => {
      try {
        document.createElement('p').innerHTML = '<b>x</b>';
        return 'taken';
      } catch (error) {
        return (error as Error).name;
      }
    })).toBe('TypeError');
    // What the two attempts above and below made the browser say is no fault of the page.
    await page.evaluate(() => {
      const script = document.createElement('p');
      script.setAttribute('onclick', 'window.broken = 1');
      script.click();
    }).catch(() => undefined);
    expect(await page.evaluate(() => 'broken' in window)).toBe(false);
    const said = tabs[0]!.faults.splice(0);
    expect(said).not.toEqual([]);
    for (const line of said) expect(line).toMatch(/TrustedHTML|TrustedScript|Content Security Policy/);
  });
});

describe('connection to the service', () => {
  test('says that it is lost, comes back by itself, and notices that it is another instance', async () => {
    const service = await start();
    const page = await open(service.url);
    await says(page.locator('#link-text'), 'Live');
    await (await service.connect()).echo(100);
    await says(page.locator('#totals [data-name=Accepted] dd'), /^1$/);

    await service.stop('SIGKILL');
    await says(page.getByRole('alert'), 'The connection to the service is lost.');
    await says(page.locator('#link-text'), 'Not connected');
    expect(await page.getByRole('button', { name: 'Drain…' }).isDisabled()).toBe(true);

    await service.restart();
    await says(page.locator('#link-text'), 'Live');
    await says(page.locator('#notice'), 'The service was restarted');
    expect(await page.locator('#lost').isHidden()).toBe(true);
    await says(page.locator('#totals [data-name=Accepted] dd'), /^0$/);
    const client = await service.connect();
    await row(page, client.endPoint).waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).click();
    expect(await page.locator('#notice').isHidden()).toBe(true);
  });

  test('follows a service that stops to its end', async () => {
    const service = await start('Drain:Spread=-1', 'Drain:Timeout=00:01:00');
    const page = await open(service.url);
    const client = await service.connect();
    await client.echo(100);
    await says(page.locator('#connections-1'), /^1$/);
    const stopped = service.stop();
    await says(phase(page), 'Draining');
    await says(page.locator('#phase-text'), 'the process ends');
    await page.getByRole('button', { name: 'Take the drain back' }).waitFor({ state: 'hidden' });
    client.close();
    await stopped;
    await says(page.locator('#link-text'), 'Not connected');
    await says(phase(page), 'Drained');
  });
});

describe('accessibility', () => {
  test.each([
    ['light', 1280], ['dark', 1280], ['light', 390], ['dark', 390],
  ] as const)('axe finds nothing: %s, %d pixels wide', async (colorScheme, width) => {
    const service = await start();
    // axe itself puts markup together, which the page's policy would not let it.
    const page = await open(service.url, { colorScheme, viewport: { width, height: 900 }, bypassCSP: true, reducedMotion: 'reduce' });
    const client = await service.connect();
    await client.echo(100);
    await row(page, client.endPoint).waitFor();
    await page.addScriptTag({ content: axe.source });
    const check = async (): Promise<void> => {
      const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
    };
    await check();
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the screen').toBe(true);

    await row(page, client.endPoint).getByRole('button').click();
    await check();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Drain…' }).click();
    await check();
    const options = dialog(page, 'Drain this instance');
    await options.getByLabel('Spread').fill('-1');
    await options.getByLabel('Timeout').fill('600');
    await options.getByRole('button', { name: 'Start the drain' }).click();
    await says(phase(page), 'Draining');
    await check();

    await service.stop('SIGKILL');
    await page.locator('#lost').waitFor();
    await check();
  });
});
