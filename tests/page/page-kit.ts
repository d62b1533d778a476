/** A real browser before the page of a real node. */
import fs from 'node:fs';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Ending } from '../cluster/local-cluster.ts';
import { patiently } from '../support/patience.ts';
import { ROOT } from '../support/server.ts';

const CHROMIUM_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser'];
/** Where to keep pictures of the page; '' = none are taken. Those of docs/images come from here. */
const IMAGES = process.env['PAGE_IMAGES'] ?? '';
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 760 };
const STEP_MS = 10_000;

export interface OpenPage {
  readonly page: Page;
  /** What the browser's console called an error, and what no script caught. */
  readonly errors: readonly string[];
}

/** For `{ skip }` of a test: false when there is a browser; under CI=true there must be. */
export function skipWithoutChromium(): string | false {
  if (chromiumPath() !== undefined) return false;
  if (process.env['CI'] === 'true') throw new Error('chromium is not installed');
  return 'chromium is not installed';
}

function chromiumPath(): string | undefined {
  return CHROMIUM_PATHS.find((file) => fs.existsSync(file));
}

export async function openPage(
  t: Ending,
  origin: string,
  options: { isPhone?: boolean; isDark?: boolean } = {},
): Promise<OpenPage> {
  const browser: Browser = await chromium.launch({
    executablePath: chromiumPath()!,
    // Who runs tests as root, as containers do, has no other choice.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  t.after(() => browser.close());
  const page = await browser.newPage({
    viewport: options.isPhone === true ? PHONE : DESKTOP,
    colorScheme: options.isDark === true ? 'dark' : 'light',
  });
  page.setDefaultTimeout(patiently(STEP_MS));
  const errors: string[] = [];
  page.on('console', (line) => {
    if (line.type() === 'error' || line.type() === 'warning') errors.push(line.text());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(origin)) errors.push(`it asked ${request.url()}`);
  });
  await page.goto(origin);
  return { page, errors };
}

/** Goes to a view as a person does. */
export async function visit(page: Page, view: string): Promise<void> {
  await page.getByRole('link', { name: view, exact: true }).first().click();
  await page.getByRole('heading', { level: 1, name: view }).waitFor();
}

/** What axe finds wrong with the page as it stands: rules and the places that break them. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const script = fs.readFileSync(path.join(ROOT, 'node_modules/axe-core/axe.min.js'), 'utf8');
  await page.evaluate(`${script}; undefined`);
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
  };
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ failureSummary, html }) => `${id}: ${html} ${failureSummary}`),
  );
}

/** True when nothing but what scrolls by itself is wider than the window. */
export async function fitsWidth(page: Page): Promise<boolean> {
  const root = 'document.documentElement';
  return (await page.evaluate(`${root}.scrollWidth <= ${root}.clientWidth`)) as boolean;
}

export async function keepImage(page: Page, name: string): Promise<void> {
  if (IMAGES === '') return;
  await page.screenshot({ path: path.join(IMAGES, `page-${name}.png`) });
}
