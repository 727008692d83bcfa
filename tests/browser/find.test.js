// Finding: search as you type, facets, deep links, the way back, more results.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { URL_, close, json, newPage, number, open, searchable, settled } from "./house.js";

let context;
before(async () => {
  await settled();
  context = await open();
});
after(close);

test("search as you type: results follow the words, and so does the address", async () => {
  const page = await newPage(context);
  await page.goto("/search");
  const word = await searchable();
  await page.locator("#find").pressSequentially(word, { delay: 30 });
  await page.locator(".hit").first().waitFor();
  const { total_messages } = await json(`/api/search?q=${word}`);
  assert.equal(await number(page, ".tally", /(\d+) message/), total_messages);
  const marked = await page.locator(".snippets mark").first().innerText();
  assert.ok(marked.toLowerCase().includes(word.slice(0, 4)), marked);
  await page.waitForURL((url) => url.searchParams.get("q") === word);
  await page.locator("#find").fill("zzqxnothinglikethis");
  await page.locator(".empty").waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("two values of a facet can be ticked, and their counts add up", async () => {
  const page = await newPage(context);
  await page.goto("/");
  const all = await number(page, ".content .tally", /in (\d+) session/);
  const ticks = page.locator("section[aria-labelledby=facet-agent] .tick");
  assert.ok((await ticks.count()) >= 2, "two agents in the demo");
  await ticks.nth(0).click();
  await page.waitForURL((url) => url.searchParams.getAll("agent").length === 1);
  const one = await number(page, ".content .tally", /in (\d+) session/);
  assert.ok(one > 0 && one < all, `${one} of ${all}`);
  await page.locator("section[aria-labelledby=facet-agent] .tick:not([aria-current])").first().click();
  await page.waitForURL((url) => url.searchParams.getAll("agent").length === 2);
  await page.locator("section[aria-labelledby=facet-agent] .tick[aria-current=true]").nth(1).waitFor();
  const two = await number(page, ".content .tally", /in (\d+) session/);
  assert.ok(two > one && two <= all, `${one}, ${two}, ${all}`);
  const sessions = await json("/api/sessions" + new URL(page.url()).search);
  assert.equal(sessions.length, two);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("a hit links to its message", async () => {
  const page = await newPage(context);
  await page.goto(`/search?q=${await searchable()}&include_helpers=1`);
  const links = page.locator(".snippets a");
  // one that is not on a transcript's first page, where there is one
  const hrefs = await links.evaluateAll((all) => all.map((a) => a.getAttribute("href")));
  const seq = (href) => Number(href.match(/#m(\d+)$/)?.[1] ?? 0);
  const far = hrefs.reduce((a, b) => (seq(b) > seq(a) ? b : a));
  await page.goto(far);
  const target = page.locator(`#m${seq(far)}`);
  await target.waitFor();
  const box = await target.boundingBox();
  assert.ok(box && box.y < page.viewportSize().height && box.y + box.height > 0, "the message is in view");
  const picked = page.locator(".msg.is-target");
  assert.equal(await picked.count(), 1);
  assert.ok((await picked.evaluate((msg, id) => msg.id === id || !!msg.querySelector("#" + id), `m${seq(far)}`)), far);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("the way back leads to the same results", async () => {
  const page = await newPage(context);
  const word = await searchable();
  await page.goto("/");
  await page.locator(".find input").first().fill(word);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/search/);
  const before = await page.locator(".hit").count();
  await page.locator(".hit a.open").nth(1).click();
  await page.waitForURL(/\/session\//);
  await page.locator(".transcript .msg").first().waitFor();
  await page.goBack();
  await page.waitForURL(/\/search/);
  await page.locator(".hit").first().waitFor();
  assert.equal(await page.locator("#find").inputValue(), word);
  assert.equal(await page.locator(".hit").count(), before);
  await page.goBack();
  await page.waitForURL((url) => url.pathname === "/");
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("back after a facet undoes the facet", async () => {
  const page = await newPage(context);
  await page.goto("/");
  const all = await number(page, ".content .tally", /in (\d+) session/);
  await page.locator("section[aria-labelledby=facet-agent] .tick").first().click();
  await page.waitForURL(/agent=/);
  await page.goBack();
  await page.waitForURL((url) => !url.search.includes("agent"));
  await page.locator(".content .tally").waitFor();
  assert.equal(await number(page, ".content .tally", /in (\d+) session/), all);
  await page.close();
});

test("more messages come on scroll, and by a link", async () => {
  const page = await newPage(context);
  const sessions = await json("/api/sessions?include_helpers=1");
  const longest = sessions.reduce((a, b) => (b.detail_messages > a.detail_messages ? b : a));
  await page.goto(`/session/${longest.id}`);
  const first = await page.locator(".transcript .msg").count();
  assert.ok(first <= 60, `${first} at once`);
  await page.locator("#later a").first().scrollIntoViewIfNeeded();
  await page.waitForFunction((n) => document.querySelectorAll(".transcript .msg").length > n, first);
  const ids = await page.locator(".transcript .msg").evaluateAll((all) => all.map((msg) => msg.id));
  assert.equal(new Set(ids).size, ids.length, "no message twice");
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("more hits come after the first page", async () => {
  const page = await newPage(context);
  const word = await searchable();
  const { total } = await json(`/api/search?q=${word}&include_helpers=1`);
  await page.goto(`/search?q=${word}&include_helpers=1`);
  const first = await page.locator(".hit").count();
  assert.ok(total > first, `${total} sessions, ${first} on the first page`);
  await page.locator("#more a").first().scrollIntoViewIfNeeded();
  await page.waitForFunction((n) => document.querySelectorAll(".hit").length > n, first);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("the fragments behind Load more hold rows", async () => {
  for (const [where, row] of [
    ["/fragments/sessions/more?offset=5", 'class="card"'],
    [`/fragments/search/more?q=${await searchable()}&offset=2`, 'class="hit"'],
  ]) {
    const answer = await fetch(URL_ + where);
    assert.equal(answer.status, 200);
    const html = await answer.text();
    assert.ok(html.includes(row), `${where}: ${html.length} bytes without ${row}`);
    assert.ok(!html.includes("<html"), "a fragment, no page");
  }
});
