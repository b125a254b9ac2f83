// SPDX-License-Identifier: Apache-2.0
// The built page in Chromium with made-up clusters behind it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { close, launch, open } from "./browser.mjs";
import { serve } from "./serve.mjs";
import { cluster } from "./synthetic.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const text = (page, selector) => page.locator(selector).innerText();

async function withCluster(data, options, body) {
  const served = await serve(data);
  const page = await open(browser, served.url, options);
  try {
    await body(page, served);
    await close(page);
  } finally {
    served.close();
  }
}

test("a cluster that is well says so, at a glance", () =>
  withCluster(cluster(3, { well: true }), {}, async (page) => {
    assert.equal(await text(page, "#health"), "all well");
    assert.match(await text(page, "#details"), /Nothing needs you/);
    await page.locator("#rows [role=option]").nth(2).waitFor();
    assert.match(await text(page, "#pool-text"), /10\.32\.0\.0\/12: 4 of 4,096 taken/);
  }));

test("what is wrong is told by cause, the worst first, each with its cure", () =>
  withCluster(cluster(1000), {}, async (page) => {
    const titles = await page.locator(".issue h3").allInnerTexts();
    assert.match(titles[0], /15 hosts of sgp1 not reached at all/);
    assert.ok(
      titles.some((title) => /40 hosts of nyc2 reached through a relay/.test(title)),
      titles.join("; "),
    );
    assert.ok(titles.some((title) => /Alarm: black-hole/.test(title)));
    for (const issue of await page.locator(".issue").all()) {
      assert.equal(await issue.locator(".cure").count(), 1, await issue.innerText());
    }
    assert.match(await page.title(), /^\(7\) h1/);
  }));

test("a cause shows its hosts alone, and Escape all again", () =>
  withCluster(cluster(1000), {}, async (page) => {
    await page.getByRole("button", { name: "15 hosts of sgp1" }).click();
    assert.equal(await text(page, "#hosts-count"), "15 of 1000");
    await page.keyboard.press("Escape");
    assert.equal(await text(page, "#hosts-count"), "1000");
  }));

test("a host is found by part of its name, address, block, zone or state", () =>
  withCluster(cluster(50), {}, async (page) => {
    for (const [query, found] of [
      ["h17", "h17"],
      ["192.0.2.16", "h17"],
      ["10.32.16.0", "h17"],
      ["sgp1 unreachable", "h48"],
      ["not reached", "h48"],
      ["relay via h36", "h43"],
    ]) {
      await page.locator("#search").fill(query);
      await page.locator("#rows .row:first-child .name").getByText(found, { exact: true }).waitFor({ timeout: 5000 });
    }
    await page.locator("#search").fill("nobody");
    await page.getByText("No host answers to that").waitFor({ timeout: 5000 });
  }));

test("the chosen host's addresses, block, path, reason and sessions are told", () =>
  withCluster(cluster(50), {}, async (page, served) => {
    await page.goto(`${served.url}#h43`);
    await page.reload();
    await page.locator("#details .facts").waitFor();
    const details = await text(page, "#details");
    for (const part of [
      "h43",
      "Reached through a relay",
      "no answer straight",
      "UDP 4789",
      "relay via h36",
      "192.0.2.42",
      "nyc2",
      "Its daemon talks to",
    ]) {
      assert.ok(details.includes(part), `${part} in: ${details}`);
    }
  }));

test("of an encrypted cluster it tells which packets are, and who can read them", () =>
  withCluster(cluster(50, { encrypted: true }), {}, async (page) => {
    assert.match(await text(page, "#figures"), /Packets\s+encrypted/);
    assert.match(await text(page, "#legend"), /WireGuard, encrypted/);
    const row = (name) => page.locator(".row", { has: page.getByText(name, { exact: true }) });
    const details = async (name) => {
      await page.locator("#search").fill(name);
      await row(name).click();
      return text(page, "#details .facts");
    };
    assert.match(await details("h12"), /Encrypted\s+by WireGuard\n/);
    assert.equal(await row("h12").getByRole("img", { name: "encrypted" }).count(), 1);
    assert.match(await details("h43"), /Encrypted\s+by WireGuard on each leg; h36 can read them/);
    assert.match(await text(page, "#details"), /let UDP 51820/);
    assert.doesNotMatch(await details("h48"), /Encrypted/, "nothing goes there");
    assert.equal(await row("h48").getByRole("img", { name: "encrypted" }).count(), 0);
  }));

test("of any other cluster it says that packets can be read", () =>
  withCluster(cluster(3, { well: true }), {}, async (page) => {
    assert.match(await text(page, "#figures"), /Packets\s+not encrypted/);
    assert.equal(await page.locator(".row .lock").count(), 0);
    await page.locator(".row").nth(1).click();
    assert.match(await text(page, "#details .facts"), /Encrypted\s+no: the underlay can read them/);
  }));

test("all can be reached by keys alone", () =>
  withCluster(cluster(50), {}, async (page) => {
    const chosen = (name) =>
      page.waitForFunction((wanted) => decodeURIComponent(location.hash.slice(1)) === wanted, name, {
        timeout: 5000,
      });
    const focused = () => page.evaluate(() => document.activeElement?.id ?? "");
    await page.keyboard.press("/");
    assert.equal(await focused(), "search");
    await page.keyboard.type("h17");
    await page.keyboard.press("Enter");
    await chosen("h17");
    await page.keyboard.press("Escape"); // the search
    await page.keyboard.press("Escape"); // the search's focus
    await page.keyboard.press("Escape"); // the host
    await chosen("");
    const reached = new Set();
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press("Tab");
      reached.add(await focused());
    }
    for (const id of ["rows", "scene", "strip", "event-rows"]) assert.ok(reached.has(id), `Tab reaches ${id}`);
    await page.locator("#rows").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await chosen("h48"); // the second in trouble
    await page.locator("#scene").focus();
    await page.keyboard.press("ArrowLeft");
    await page.waitForFunction(() => !["", "#h48"].includes(location.hash));
    await page.locator("#strip").focus();
    await page.keyboard.press("ArrowRight");
    assert.match(await text(page, "#tip"), /10\.32\.0\.0\/24 +h1, 41 of 255 leased/);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await chosen("h2");
    await page.keyboard.press("?");
    assert.ok(await page.locator("#keys").isVisible());
    await page.keyboard.press("Escape");
    await chosen("h2");
  }));

test("what changes is shown without a reload", () =>
  withCluster(cluster(3, { well: true }), {}, async (page, served) => {
    const { peers, status } = served.data;
    Object.assign(peers[1], { state: "unreachable" });
    Object.assign(peers[1].path, { state: "down", reason: "no answer, and no relay was found" });
    status.peers.reachable = 1;
    served.tell();
    await page.getByText("h2 not reached at all").waitFor();
    assert.match(await text(page, "#event-rows li:first-child"), /path h3/);
    served.data = cluster(4, { well: true });
    served.tell();
    await page.locator("#rows [role=option]").nth(3).waitFor();
    assert.equal(await text(page, "#health"), "all well");
  }));

test("a daemon that does not answer is said, and that the picture is old", async () => {
  const served = await serve(cluster(3, { well: true }));
  const page = await open(browser, served.url);
  served.close();
  await page.getByText("The daemon does not answer").waitFor();
  assert.match(await text(page, "#live"), /What you see is from/);
  assert.equal(await page.locator("#rows [role=option]").count(), 3);
  await page.context().close();
});

test("names are text, whatever is in them", () => {
  const data = cluster(3, { well: true });
  data.peers[2].name = '<img src=x onerror="document.title=1">';
  return withCluster(data, {}, async (page) => {
    await page.locator("#rows").getByText("<img src=x").waitFor();
    assert.equal(await page.locator("img").count(), 0);
  });
});

// ---- colours ----

const luminance = (hex) =>
  [1, 3, 5]
    .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);

function contrast(a, b) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

for (const colorScheme of ["dark", "light"]) {
  test(`text stands out by 4.5 to 1 or more where it is ${colorScheme}`, () =>
    withCluster(cluster(3, { well: true }), { colorScheme }, async (page) => {
      const colour = (name) =>
        page.evaluate((n) => getComputedStyle(document.documentElement).getPropertyValue(`--${n}`).trim(), name);
      const dark = luminance(await colour("bg")) < 0.2;
      assert.equal(dark, colorScheme === "dark");
      for (const ground of ["bg", "panel", "raised"]) {
        for (const name of ["text", "dim", "good", "info", "warn", "bad"]) {
          const ratio = contrast(await colour(name), await colour(ground));
          assert.ok(ratio >= 4.5, `${name} on ${ground}: ${ratio.toFixed(2)}`);
        }
      }
    }));
}

for (const [width, height] of [
  [1280, 720],
  [800, 900],
  [390, 844],
]) {
  test(`nothing runs out of a window of ${width} by ${height}`, () =>
    withCluster(cluster(50), { viewport: { width, height } }, async (page) => {
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${over} pixels too wide`);
      const box = await page.locator("#scene").boundingBox();
      assert.ok(box.width > 300 && box.height > 250, JSON.stringify(box));
    }));
}
