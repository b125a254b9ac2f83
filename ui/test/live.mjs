// SPDX-License-Identifier: Apache-2.0
// node test/live.mjs URL TEXT...: opens the map of a running overlayd and waits until it shows all of these texts; fails
// with what it shows when that takes too long. SCREENSHOT=FILE keeps a picture.
import assert from "node:assert/strict";
import { close, launch, open } from "./browser.mjs";

const [url, ...texts] = process.argv.slice(2);
const browser = await launch();
const page = await open(browser, url, {
  viewport: { width: 1440, height: 900 },
  colorScheme: process.env.SCHEME ?? "dark",
});
try {
  await page.waitForFunction((wanted) => wanted.every((text) => document.body.innerText.includes(text)), texts, {
    timeout: 45_000,
  });
} catch {
  assert.fail(`not shown: ${texts.join(", ")}; but:\n${await page.locator("body").innerText()}`);
}
if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
await close(page);
await browser.close();
