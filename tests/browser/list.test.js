// The list of sessions: what people do with it, by mouse, by keys alone, and without a script.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { appendPrompt, close, json, newPage, number, open, settled } from "./house.js";

let context;
before(async () => {
  await settled();
  context = await open();
});
after(close);

const shown = (page) => number(page, ".content .tally", /in (\d+) session/);
const hrefs = (page) => page.locator("[data-row] a.open").evaluateAll((all) => all.map((a) => a.getAttribute("href")));

test("several sessions are starred, tagged and untagged at once, whatever is filtered meanwhile", async () => {
  const page = await newPage(context);
  await page.goto("/");
  await page.keyboard.press("s");
  await page.waitForURL(/select=1/);
  const [one, two, three] = await hrefs(page);
  const check = (href) => page.locator(`[data-row]:has(a.open[href="${href}"]) .check`);
  await check(one).click();
  // while selecting, the card is its check box
  await page.locator(`[data-row] a.open[href="${two}"]`).click();
  await page.locator("[data-chosen]", { hasText: "2 selected" }).waitFor();
  await page.locator("#bulk-tag").fill("together");
  await page.locator("#bulk button[value=tag]").click();
  await page.locator(`[data-row]:has(a.open[href="${two}"]) .tag`, { hasText: "together" }).waitFor();
  assert.ok(await check(one).isChecked() && await check(two).isChecked(), "still selected after the redraw");
  assert.ok(!(await check(three).isChecked()));
  const tagged = await json("/api/sessions?tag=together&include_helpers=1");
  assert.deepEqual(tagged.map((s) => `/session/${s.id}`).sort(), [one, two].sort());

  // a filter that hides both is said, and they can be let go
  await page.locator("#q").fill("zzqxnothinglikethis");
  await page.locator(".empty").waitFor();
  await page.locator("[data-hidden-ones]", { hasText: "2 selected are hidden by the filter" }).waitFor();
  await page.locator("#q").fill("");
  await check(one).waitFor();
  assert.ok(await check(one).isChecked(), "the selection outlived the filter");
  await page.locator("[data-hidden-ones]:empty").waitFor({ state: "attached" });
  await page.locator("#q").fill("zzqxnothinglikethis");
  await page.locator("[data-deselect]").click();
  await page.locator("[data-chosen]", { hasText: "Tick" }).waitFor();
  await page.locator("#q").fill("");

  await check(one).click();
  await page.locator("#bulk button[value=star]").click();
  await page.locator(`[data-row]:has(a.open[href="${one}"]) .star[aria-pressed=true]`).waitFor();
  await page.locator("#bulk button[value=unstar]").click();
  await page.locator(`[data-row]:has(a.open[href="${one}"]) .star[aria-pressed=false]`).waitFor();
  await check(two).click();
  await page.locator("#bulk-tag").fill("together");
  await page.locator("#bulk button[value=untag]").click();
  await page.waitForFunction(() => !document.querySelector("[data-row] .tag"));
  assert.equal((await json("/api/sessions?tag=together")).length, 0);
  await page.locator("[data-clear]").click();
  assert.equal(await page.locator(".check:checked").count(), 0);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("two clicks in the calendar are a range, and arrows move in it", async () => {
  const page = await newPage(context);
  await page.goto("/");
  const all = await shown(page);
  await page.locator("#calendar > summary").click();
  const busy = page.locator("#calendar [data-day]:not(.c0)");
  await busy.first().click();
  await page.waitForURL(/pick=/);
  const first = new URL(page.url()).searchParams.get("pick");
  await page.locator("#calendar .hint", { hasText: "choose the last day" }).waitFor();
  assert.ok((await shown(page)) <= all);
  await page.locator("#calendar [data-day]").last().focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.searchParams.has("to") && !url.searchParams.has("pick"));
  const { searchParams } = new URL(page.url());
  assert.equal(searchParams.get("from"), first);
  assert.ok(searchParams.get("to") > first);
  const rows = await json("/api/sessions?" + searchParams);
  assert.equal(await shown(page), rows.length);
  await page.locator("#calendar [data-day]").first().focus();
  const month = await page.locator("#calendar caption b").innerText();
  await page.keyboard.press("PageUp");
  await page.waitForFunction((month) => document.querySelector("#calendar caption b").textContent !== month, month);
  await page.waitForFunction(() => document.activeElement.matches("[data-day]"));
  await page.locator(".presets a", { hasText: "All" }).click();
  await page.waitForURL((url) => !url.searchParams.has("from"));
  await page.locator(".presets a[aria-current]", { hasText: "All" }).waitFor();
  assert.equal(await shown(page), all);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("a search is saved under a name, found again, renamed and deleted", async () => {
  const page = await newPage(context);
  await page.goto("/?sort=costliest&has=errors");
  await page.locator("#save-as").fill("Dear failures");
  await page.locator(".save button").click();
  const link = page.locator("#saved .go", { hasText: "Dear failures" });
  await link.waitFor();
  await page.goto("/search?q=test");
  await link.click();
  assert.match(page.url(), /sort=costliest/);
  assert.equal(await link.getAttribute("aria-current"), "true");
  await page.locator("#saved .edit summary").click();
  await page.locator("#saved .edit .field").fill("Failures");
  await page.keyboard.press("Enter");
  await page.locator("#saved .go", { hasText: /^Failures$/ }).waitFor();
  await page.locator("#saved .edit summary").click();
  await page.locator("#saved .edit .danger").click();
  await page.locator("#saved .go").waitFor({ state: "detached" });
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("a preview opens under the card, and the session is renamed there", async () => {
  const page = await newPage(context);
  await page.goto("/");
  await page.keyboard.press("j");
  await page.keyboard.press("p");
  const card = page.locator(".is-picked");
  await card.locator(".said li").first().waitFor();
  assert.ok((await card.locator(".said li").count()) <= 10);
  const href = await card.locator("a.open").getAttribute("href");
  const before = await card.locator("a.open").innerText();
  const mine = page.locator(`[data-row]:has(a.open[href="${href}"])`);
  await mine.locator(".rename summary").click();
  await mine.locator(".rename .field").fill("My own name for it");
  await page.keyboard.press("Enter");
  await mine.locator("a.open", { hasText: "My own name for it" }).waitFor();
  assert.ok(await mine.locator(".peek").evaluate((peek) => peek.open), "still open after the redraw");
  await page.goto(href);
  await page.locator("h1", { hasText: "My own name for it" }).waitFor();
  await page.locator(".rename summary").click();
  await page.locator(".rename button[name=own]").click();
  await page.locator("h1", { hasText: before.slice(0, 20) }).waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("tags are added and taken on a card, and coloured on their page", async () => {
  const page = await newPage(context);
  await page.goto("/");
  const href = (await hrefs(page))[3];
  const card = page.locator(`[data-row]:has(a.open[href="${href}"])`);
  await card.locator(".plus").click();
  await card.locator(".new-tag").fill("bug");
  await page.keyboard.press("Enter");
  await card.locator(".tag.t-red", { hasText: "bug" }).waitFor();
  await page.goto("/tags");
  await page.locator(".tag-row .edit summary").first().click();
  await page.locator(".tag-row .swatches button[value=teal]").first().click();
  await page.locator(".tag-row > .tag.t-teal", { hasText: "bug" }).click();
  await page.waitForURL(/tag=bug/);
  assert.equal(await page.locator(".card").count(), 1);
  await page.locator(".card .tag button").click();
  await page.locator(".card .tag").waitFor({ state: "detached" });
  await page.goto("/tags");
  await page.locator(".tag-row .edit summary").first().click();
  await page.locator(".tag-row .danger").first().click();
  await page.locator(".tag-row").waitFor({ state: "detached" });
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("folded groups stay folded, over a redraw and another page", async () => {
  const page = await newPage(context);
  await page.goto("/?group=project");
  const groups = page.locator("details[data-group]");
  const many = await groups.count();
  assert.ok(many > 1);
  await groups.first().locator("summary h2").click();
  await page.waitForFunction(() => !document.querySelector("details[data-group]").open);
  await page.keyboard.press("r");
  await page.waitForResponse((answer) => answer.url().includes("/fragments/sessions"));
  assert.equal(await groups.first().evaluate((group) => group.open), false);
  await page.reload();
  await page.waitForFunction(() => !document.querySelector("details[data-group]").open);
  await page.locator("[data-fold=closed]").click();
  assert.equal(await page.locator("details[data-group][open]").count(), 0);
  await page.locator("[data-fold=open]").click();
  assert.equal(await page.locator("details[data-group][open]").count(), many);
  await page.keyboard.press("g");
  await page.waitForURL(/group=repo/);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("the way back leads to the card that was left", async () => {
  const page = await newPage(context);
  await page.goto("/?include_helpers=1&view=list&shown=120");
  const card = page.locator("[data-row]").last();
  await card.scrollIntoViewIfNeeded();
  const link = card.locator("a.open");
  const href = await link.getAttribute("href");
  const before = (await card.boundingBox()).y;
  await link.click();
  await page.waitForURL(/\/session\//);
  await page.goBack();
  await page.waitForURL(/shown=120/);
  await page.waitForFunction(
    ([href, y]) => Math.abs(document.querySelector(`[data-row] a.open[href="${href}"]`).closest("[data-row]").getBoundingClientRect().y - y) < 40,
    [href, before],
  );
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("a live badge comes by itself and goes by itself", async () => {
  const own = await open();
  const page = await newPage(own);
  await page.clock.install();
  await page.goto("/");
  await page.locator(".card").first().waitFor();
  const { id, append } = await appendPrompt("Something for the badge.");
  append();
  const live = page.locator(`.card:has(a.open[href="/session/${id}"]) .live`);
  await page.waitForFunction(
    (id) => document.querySelector(`.card:has(a.open[href="/session/${id}"]) .live`),
    id,
    { timeout: 5_000, polling: 50 },
  );
  await page.clock.fastForward(62_000);
  await live.waitFor({ state: "detached" });
  assert.deepEqual(page.faults, []);
  await own.close();
});

test("everything by keys alone", async () => {
  const page = await newPage(context);
  await page.goto("/?view=list");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  const href = await page.locator(".is-picked a.open").getAttribute("href");
  await page.keyboard.press("x");
  await page.locator(`.row:has(a.open[href="${href}"]) .star[aria-pressed=true]`).waitFor();
  await page.keyboard.press("x");
  await page.locator(`.row:has(a.open[href="${href}"]) .star[aria-pressed=false]`).waitFor();
  await page.keyboard.press("s");
  await page.waitForURL(/select=1/);
  await page.locator(".check").first().waitFor();
  if (!(await page.locator(".is-picked").count())) await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.locator("[data-chosen]", { hasText: "1 selected" }).waitFor();
  assert.ok(page.url().includes("select=1"), "it was ticked, not opened");
  await page.keyboard.press("Enter");
  await page.keyboard.press("s");
  await page.waitForURL((url) => !url.searchParams.has("select"));
  if (!(await page.locator(".is-picked").count())) await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/session\//);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("without a script: groups, calendar, selection, saved searches, tags, titles", async () => {
  const plain = await open({ javaScriptEnabled: false });
  const page = await newPage(plain);
  await page.goto("/?select=1&group=day");
  const href = (await hrefs(page))[0];
  await page.locator(".check").first().check();
  await page.locator("#bulk button[value=star]").click();
  assert.match(page.url(), /select=1/, "back where it was");
  await page.goto("/starred?select=1");
  assert.deepEqual(await hrefs(page), [href]);
  await page.locator("[data-all]").click();
  assert.ok(await page.locator(".check").first().isChecked());
  await page.locator("#bulk button[value=unstar]").click();
  assert.equal(await page.locator("[data-row]").count(), 0);

  await page.goto("/?group=project");
  await page.locator("[data-fold=closed]").click();
  assert.equal(await page.locator("details[data-group][open]").count(), 0);
  await page.goto("/");
  await page.locator("#calendar > summary").click();
  await page.locator("#calendar [data-day]:not(.c0)").first().click();
  assert.match(page.url(), /pick=/);
  await page.locator("#calendar [data-day]").last().click();
  assert.match(page.url(), /from=.*to=/);
  await page.locator("#save-as").fill("A range");
  await page.locator(".save button").click();
  await page.locator("#saved .go", { hasText: "A range" }).click();
  await page.locator("#saved .edit summary").click();
  await page.locator("#saved .edit .danger").click();
  assert.equal(await page.locator("#saved .go").count(), 0);

  await page.goto(href);
  await page.locator(".rename summary").click();
  await page.locator(".rename .field").fill("By a form");
  await page.locator(".rename form button").first().click();
  assert.match(await page.locator("h1").innerText(), /By a form/);
  await page.locator(".rename summary").click();
  await page.locator(".rename button[name=own]").click();
  assert.doesNotMatch(await page.locator("h1").innerText(), /By a form/);
  assert.deepEqual(page.faults, []);
  await plain.close();
});
