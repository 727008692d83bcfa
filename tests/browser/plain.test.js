// Every page without JavaScript: links and forms alone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { close, json, newPage, number, open, pages, searchable, settled } from "./house.js";

let context;
before(async () => {
  await settled();
  context = await open({ javaScriptEnabled: false });
});
after(close);

test("every page has a heading, a title and its content", async () => {
  const page = await newPage(context);
  for (const [name, where] of Object.entries(await pages())) {
    const answer = await page.goto(where);
    assert.equal(answer.status(), 200, name);
    assert.match(await page.title(), /codedash/, name);
    assert.ok((await page.locator("main h1").count()) >= 1, `${name} has no h1`);
    assert.ok((await page.locator("main").innerText()).trim().length > 40, `${name} is empty`);
  }
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("filter, facet, card, message pages", async () => {
  const page = await newPage(context);
  await page.goto("/");
  const all = await number(page, ".content .tally", /in (\d+) session/);
  await page.locator("section[aria-labelledby=facet-agent] .tick").first().click();
  assert.match(page.url(), /agent=/);
  assert.ok((await number(page, ".content .tally", /in (\d+) session/)) < all);
  // a filter keeps the facet
  const name = (await page.locator(".card a.open").first().innerText()).split(/\s+/)[0];
  await page.locator("#q").fill(name);
  await page.locator("#ask button").click();
  assert.match(page.url(), /agent=.*q=|q=.*agent=/);
  await page.locator(".card a.open").first().click();
  assert.match(page.url(), /\/session\//);
  assert.ok((await page.locator(".transcript .msg").count()) > 0);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("search, sort, hit, later messages", async () => {
  const page = await newPage(context);
  const word = await searchable();
  await page.goto("/");
  await page.locator("#find").fill(word);
  await page.locator("#find").press("Enter");
  assert.match(page.url(), new RegExp(`/search\\?.*q=${word}`));
  assert.ok((await page.locator(".hit").count()) > 0);
  await page.locator(".tools a", { hasText: /newest/i }).click();
  assert.match(page.url(), /sort=newest/);
  await page.locator(".snippets a").first().click();
  assert.match(page.url(), /\/session\/.*m=\d+/);
  assert.equal(await page.locator(".msg.is-target").count(), 1);
  const sessions = await json("/api/sessions?include_helpers=1");
  const longest = sessions.reduce((a, b) => (b.detail_messages > a.detail_messages ? b : a));
  await page.goto(`/session/${longest.id}`);
  const first = await page.locator(".transcript .msg").first().getAttribute("id");
  await page.locator("#later a").click();
  assert.notEqual(await page.locator(".transcript .msg").first().getAttribute("id"), first);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("a star and a tag by forms", async () => {
  const page = await newPage(context);
  await page.goto("/");
  const card = page.locator(".card:has(.star[aria-pressed=false])").first();
  const href = await card.locator("a.open").getAttribute("href");
  await card.locator(".star").click();
  assert.equal(new URL(page.url()).pathname, "/", "back on the page it was pressed on");
  const star = page.locator(`.card:has(a.open[href="${href}"]) .star`);
  assert.equal(await star.getAttribute("aria-pressed"), "true");
  await star.click();
  assert.equal(await star.getAttribute("aria-pressed"), "false");
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("the colours change and stay", async () => {
  const page = await newPage(context);
  await page.goto("/help");
  const theme = () => page.locator("html").getAttribute("data-theme");
  const before = await theme();
  await page.locator('form[action="/settings/theme"] button').click();
  const changed = await theme();
  assert.notEqual(changed, before);
  assert.equal(new URL(page.url()).pathname, "/help");
  await page.goto("/");
  assert.equal(await theme(), changed);
  await page.close();
});
