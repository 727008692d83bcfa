// Timeline, projects, activity, leaderboard and tour in a browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { NARROW, appendPrompt, close, json, newPage, open, settled } from "./house.js";

before(settled);
after(close);

async function at(where, options) {
  const context = await open(options);
  const page = await newPage(context);
  await page.goto(where);
  return { context, page };
}

test("the timeline goes on by itself, and jumps to a day", async () => {
  const { context, page } = await at("/timeline");
  const days = () => page.locator(".day").count();
  const before = await days();
  assert.ok(before > 1, `${before} days`);
  await page.locator("#more").scrollIntoViewIfNeeded();
  await page.waitForFunction((before) => document.querySelectorAll(".day").length > before, before);
  const dates = await page.locator(".day").evaluateAll((all) => all.map((day) => day.id));
  assert.deepEqual(dates, [...new Set(dates)].sort().reverse(), "each day once, newest first");

  const wanted = dates.at(-1).slice(2);
  await page.fill(".jump input[type=date]", wanted);
  await page.click(".jump button");
  await page.waitForURL(`**/timeline?until=${wanted}`);
  assert.equal(await page.locator(".day").first().getAttribute("id"), `d-${wanted}`);
  assert.deepEqual(page.faults, []);
  await context.close();
});

test("a ticked agent stays in the address, the days and the way to earlier ones", async () => {
  const { context, page } = await at("/timeline");
  const tick = page.locator("section[aria-labelledby=facet-agent] a.tick").first();
  await tick.click();
  await page.waitForURL(/agent=/);
  const agent = new URL(page.url()).searchParams.get("agent");
  const others = await page.locator(`.stop:not(.a-${agent})`).count();
  assert.equal(others, 0);
  const earlier = page.locator("#more a");
  if (await earlier.count()) assert.match(await earlier.getAttribute("href"), new RegExp(`agent=${agent}`));
  assert.deepEqual(page.faults, []);
  await context.close();
});

test("a prompt that is typed now stands on today within a moment", async () => {
  const prompt = await appendPrompt("what does the heron say about the timeline");
  const { context, page } = await at("/timeline");
  const row = page.locator(`.day:has-text("Today") .stop:has(a[href="/session/${prompt.id}"])`);
  const told = async () => ((await row.count()) ? Number((await row.locator(".num").first().innerText()).match(/\d+/)[0]) : 0);
  const before = await told();
  prompt.append();
  await page.waitForFunction(
    ([id, before]) => {
      const link = document.querySelector(`.stop a[href="/session/${id}"]`);
      const number = link?.closest(".stop").querySelector(".num")?.textContent.match(/\d+/)?.[0];
      return Number(number ?? 0) === before + 1;
    },
    [prompt.id, before],
  );
  assert.deepEqual(page.faults, []);
  await context.close();
});

test("projects are narrowed while typing, and each has its page", async () => {
  const { context, page } = await at("/projects");
  const rows = page.locator("article.proj");
  const all = await rows.count();
  assert.ok(all > 1);
  const name = (await rows.first().locator("h2").innerText()).trim();
  await page.fill("#q", name);
  await page.waitForURL(/q=/);
  assert.ok((await rows.count()) < all || all === 1);
  await rows.first().locator("a.open").click();
  await page.waitForURL(/\/project\?/);
  assert.match(await page.locator("h1").innerText(), new RegExp(name.replace(/[^\w]/g, ".")));
  const file = page.locator("table.paths a").first();
  if (await file.count()) {
    await file.click();
    await page.waitForURL(/\/search\?/);
    assert.doesNotMatch(await page.locator("main").innerText(), /Nothing found/);
  }
  assert.deepEqual(page.faults, []);
  await context.close();
});

test("a day of the map leads to that day", async () => {
  const { context, page } = await at("/activity?of=prompts");
  await page.waitForFunction(() => !document.body.innerText.includes("Adding up"));
  const cells = page.locator(".plot-year a:has(rect:not(.l0))");
  const href = await cells.last().getAttribute("href");
  await page.goto(href);
  const day = new URL(page.url()).searchParams.get("until");
  assert.equal(await page.locator(".day").first().getAttribute("id"), `d-${day}`);
  await page.goBack();
  await page.locator(".switches a", { hasText: "Cost" }).first().click();
  await page.waitForURL(/of=cost/);
  assert.match(await page.locator(".tile .big").first().innerText(), /\$/);
  assert.deepEqual(page.faults, []);
  await context.close();
});

test("on a phone the map scrolls by itself and begins at its end", async () => {
  const { context, page } = await at("/activity", { viewport: NARROW });
  const seen = await page.evaluate(() => {
    const frame = document.querySelector(".year").getBoundingClientRect();
    const last = [...document.querySelectorAll(".plot-year rect")].at(-1).getBoundingClientRect();
    return { inside: last.right <= frame.right + 1 && last.left >= frame.left, wider: document.querySelector(".year").scrollWidth > frame.width };
  });
  assert.deepEqual(seen, { inside: true, wider: true });
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  await context.close();
});

test("the leaderboard shows what its JSON says", async () => {
  let board;
  do board = await json("/api/leaderboard?wait=5"); while (board.status === "running");
  const { context, page } = await at("/leaderboard");
  await page.waitForFunction(() => !document.body.innerText.includes("Adding up"));
  const text = await page.locator("main").innerText();
  const shown = (number) => number.toLocaleString("en-US");
  assert.ok(text.includes(board.anon.name));
  assert.ok(text.includes(shown(board.totals.messages)), "prompts of all time");
  assert.ok(text.includes(`${board.streak} day`));
  assert.equal(await page.locator(".plot-days a").count(), 30);
  assert.equal(board.daily.length, 30);
  assert.deepEqual(page.faults, [], "nobody else was asked");
  await context.close();
});

test("every example of the tour leads somewhere", async () => {
  const { context, page } = await at("/tour");
  const links = await page.locator(".tries a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
  assert.ok(links.length > 12, `${links.length} examples`);
  for (const link of new Set(links)) {
    const answer = await page.goto(link);
    assert.equal(answer.status(), 200, link);
  }
  assert.deepEqual(page.faults, []);
  await context.close();
});

test("without a script there are the same days, years and lists", async () => {
  const { context, page } = await at("/timeline", { javaScriptEnabled: false });
  const first = await page.locator(".day").first().getAttribute("id");
  await page.locator("#more a").click();
  assert.match(page.url(), /until=/);
  assert.notEqual(await page.locator(".day").first().getAttribute("id"), first);
  await page.goto("/activity");
  await page.locator(".switches a", { hasText: "Tokens" }).first().click();
  assert.match(page.url(), /of=tokens/);
  await page.goto("/projects?q=nobody-has-this");
  assert.match(await page.locator("main").innerText(), /No project has these words/);
  await context.close();
});
