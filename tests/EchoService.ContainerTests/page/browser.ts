import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** What the browser says when a call is refused or the service is away: part of what is tested, and no fault of the page. */
const expected = /^Failed to load resource: /;

let shared: Promise<Browser> | undefined;

/** The one Chromium of a test run. `echo.test` is a name of this machine that is not one of loopback. */
export const browser = (): Promise<Browser> => (shared ??= chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--host-resolver-rules=MAP echo.test 127.0.0.1'],
}));

export const closeBrowser = async (): Promise<void> => (await shared)?.close();

/** A page in a context of its own. Whatever goes wrong in it, a breach of its content security policy among it, is in `faults`. */
export class Tab implements AsyncDisposable {
  readonly faults: string[] = [];

  static async open(url: string, options: BrowserContextOptions = {}, prepare?: (page: Page) => Promise<void>): Promise<Tab> {
    const context = await (await browser()).newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const tab = new Tab(await context.newPage());
    await prepare?.(tab.page);
    await tab.page.goto(url);
    return tab;
  }

  private constructor(readonly page: Page) {
    page.setDefaultTimeout(40_000);
    page.on('pageerror', (error) => this.faults.push(error.message));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()) && !expected.test(message.text())) this.faults.push(message.text());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
  }
}
