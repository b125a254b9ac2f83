// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium, and pages in it that keep to themselves.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"], // which root has not
  });

/** The page at `url`, drawn. `page.findings` are what it complained of, and what it asked of other hosts. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 }, ...options });
  const page = await context.newPage();
  const { origin } = new URL(url);
  page.findings = [];
  page.on("console", (message) => message.type() !== "log" && page.findings.push(message.text()));
  page.on("pageerror", (error) => page.findings.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith("data:"))
      page.findings.push(`asks ${request.url()}`);
  });
  await page.goto(url);
  await page.waitForFunction(
    () => document.body.dataset.hosts && performance.getEntriesByName("first picture").length > 0,
  );
  return page;
}

export async function close(page) {
  await page.context().close();
  assert.deepEqual(page.findings, [], "the page complains of nothing and asks nobody else");
}
