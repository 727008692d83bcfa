// Analytics: charts that filter, figures that lead somewhere, nothing that jumps, plans by forms.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { NARROW, appendPrompt, close, findings, json, newPage, open, settled } from "./house.js";

let context;
before(async () => {
  await settled();
  context = await open();
});
after(close);

const ready = (page) => page.locator(".asof", { hasText: "As of" }).waitFor({ timeout: 30_000 });
const cost = (page) => page.locator(".tile .big a").first().innerText();

test("a click on the tree map shows that share alone, and its chip takes it back", async () => {
  const page = await newPage(context);
  await page.goto("/analytics");
  await ready(page);
  const all = await cost(page);
  const cell = page.locator("svg.on-desk a").first();
  const share = (await cell.locator("title").textContent()).match(/: (\$[\d,.]+),/)[1];
  await cell.click();
  await page.waitForURL(/project=/);
  await ready(page);
  assert.equal(await cost(page), share);
  await page.locator(".chips .tag").first().click();
  await ready(page);
  assert.equal(await cost(page), all);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("charts are drawn as asked, by agent, model or project", async () => {
  const page = await newPage(context);
  await page.goto("/analytics");
  await ready(page);
  const panel = page.locator(".panel", { has: page.locator("svg.plot-time") });
  await panel.getByRole("link", { name: "Areas" }).click();
  await page.waitForURL(/chart=areas/);
  await ready(page);
  assert.ok((await page.locator("path.area").count()) > 0);
  for (const by of ["Model", "Project"]) {
    await panel.getByRole("link", { name: by, exact: true }).click();
    await page.waitForURL(new RegExp(`by=${by.toLowerCase()}`));
    await ready(page);
    assert.match(page.url(), /chart=areas/);
    const label = await page.locator(".legend-line li").first().innerText();
    const lists = await page.locator(".board .panel", { hasText: `${by}s` }).first().innerText();
    assert.ok(lists.includes(label.split(" $")[0].split("\n")[0]), `${label} is in the list of ${by}s`);
  }
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("money leads to the sessions behind it", async () => {
  const page = await newPage(context);
  await page.goto("/analytics");
  await ready(page);
  const row = page.locator(".board .panel").first().locator("tbody tr").first();
  const sessions = Number((await row.locator("td").first().innerText()).replaceAll(",", ""));
  await row.locator("td a").last().click();
  await page.waitForURL(/\/\?agent=.*sort=costliest/);
  const text = await page.locator(".content .tally").innerText();
  const listed = Number(text.replaceAll(",", "").match(/in (\d+) session/)[1]);
  assert.ok(listed >= sessions, `${listed} sessions, helpers included, of ${sessions}`);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("nothing jumps while figures stream in", async () => {
  const page = await newPage(context);
  await page.addInitScript(() => {
    window.shifts = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shifts += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto("/analytics?refresh=1");
  await ready(page);
  await page.waitForTimeout(300);
  assert.ok((await page.evaluate(() => window.shifts)) < 0.01);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("a prompt typed elsewhere is counted on the open page", async () => {
  const page = await newPage(context);
  await page.goto("/analytics");
  await ready(page);
  await page.evaluate(() => { window.untouched = true; });
  const prompts = page.locator(".panel", { hasText: "Work done" }).locator("tr", { hasText: "Prompts" }).locator("td");
  const before = Number((await prompts.innerText()).replaceAll(",", ""));
  const { append } = await appendPrompt("And one more for the figures.");
  append();
  await page.waitForFunction(
    (before) => [...document.querySelectorAll(".lines tr")].some((row) => row.innerText.startsWith("Prompts") && Number(row.querySelector("td").innerText.replaceAll(",", "")) === before + 1),
    before,
    { timeout: 10_000 },
  );
  assert.ok(await page.evaluate(() => window.untouched), "without a reload");
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("a plan is noted and removed without a script", async () => {
  const plain = await open({ javaScriptEnabled: false, viewport: NARROW });
  const page = await newPage(plain);
  await page.goto("/analytics");
  const add = page.locator("#plans form").last();
  await add.locator("input[name=from]").fill("2026-01-15");
  await add.locator("button").click();
  const panel = page.locator(".panel", { hasText: "Subscription against API" });
  assert.match(await panel.innerText(), /Paid/);
  const forms = page.locator("#plans form");
  assert.equal(await forms.count(), 2);
  await forms.first().locator("input[name=dollars]").fill("50");
  await forms.first().getByRole("button", { name: "Save" }).click();
  assert.equal(await forms.first().locator("input[name=dollars]").inputValue(), "50");
  await forms.first().getByRole("button", { name: "Remove" }).click();
  assert.equal(await forms.count(), 1);
  const wide = await page.evaluate("document.documentElement.scrollWidth <= innerWidth");
  assert.ok(wide, "nothing hangs over the edge of a phone");
  assert.deepEqual(page.faults, []);
  await plain.close();
});

test("tables can be taken away, and the filters open, in both colours", async () => {
  for (const colorScheme of ["dark", "light"]) {
    const own = await open({ colorScheme });
    const page = await newPage(own);
    await page.goto("/analytics?by=project&chart=areas&from=2026-01-01");
    await ready(page);
    await page.locator(".sieve > summary").click();
    await page.locator(".sieve .tick").first().waitFor();
    assert.deepEqual(await findings(page), [], colorScheme);
    const hrefs = await page.locator(".take a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
    assert.ok(hrefs.length > 30);
    for (const href of hrefs.filter((href) => href.includes(".json"))) {
      assert.match(href, /from=2026-01-01/);
      assert.ok(Array.isArray(await json(href)), href);
    }
    assert.deepEqual(page.faults, []);
    await own.close();
  }
});
