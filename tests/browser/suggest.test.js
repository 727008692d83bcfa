// Suggestions: a combobox by the book, in every search box; recent searches; hits opened in their place.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { URL_, close, findings, json, newPage, open, searchable, settled } from "./house.js";

let context;
before(async () => {
  await settled();
  context = await open();
});
after(close);

const state = (page) =>
  page.locator("#find").evaluate((input) => ({
    open: input.getAttribute("aria-expanded") === "true",
    active: document.getElementById(input.getAttribute("aria-activedescendant"))?.querySelector(".label").textContent,
    value: input.value,
    focused: document.activeElement === input,
  }));

test("a field and then its value, by keys alone", async () => {
  const page = await newPage(context);
  await page.goto("/search");
  const box = page.locator("#find");
  const word = await searchable();
  await box.pressSequentially(`${word} ag`, { delay: 20 });
  await page.locator(".offers [role=option]", { hasText: "agent:" }).first().waitFor();
  await page.keyboard.press("ArrowDown");
  assert.equal((await state(page)).active, "agent:");
  await page.keyboard.press("Tab");
  await page.locator(".offers .over", { hasText: "Values" }).waitFor();
  assert.equal((await state(page)).value, `${word} agent:`);
  await page.keyboard.press("ArrowUp");
  const last = await page.locator(".offers [role=option] .label").last().innerText();
  assert.equal((await state(page)).active, last, "up from the box is the last one");
  await page.keyboard.press("ArrowDown");
  assert.equal((await state(page)).active, undefined, "and down from that the box again");
  await page.keyboard.press("ArrowDown");
  const { active } = await state(page);
  await page.keyboard.press("Enter");
  const now = await state(page);
  assert.equal(now.value, `${word} ${active} `);
  assert.ok(now.focused && !now.open);
  // the results follow what was taken over
  await page.waitForURL((url) => url.searchParams.get("q")?.trim() === `${word} ${active}`);
  const { total_messages } = await json(`/api/search?q=${encodeURIComponent(`${word} ${active}`)}`);
  await page.waitForFunction((n) => document.querySelector(".tally b")?.textContent.replaceAll(",", "") === String(n), total_messages);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("Escape closes the list first, Enter without a choice searches, a click takes", async () => {
  const page = await newPage(context);
  await page.goto("/");
  const box = page.locator("#find");
  await box.pressSequentially("ro", { delay: 20 });
  await page.locator(".offers [role=option]").first().waitFor();
  assert.deepEqual(await findings(page), [], "with the list open");
  await page.keyboard.press("Escape");
  const closed = await state(page);
  assert.ok(!closed.open && closed.focused && closed.value === "ro", JSON.stringify(closed));
  await page.keyboard.press("ArrowDown");
  await page.locator(".offers [role=option]", { hasText: "role:" }).first().click();
  await page.locator(".offers [role=option]", { hasText: "role:user" }).click();
  assert.equal((await state(page)).value, "role:user ");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/search\?q=role/);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("searches that were made are remembered, offered and forgotten", async () => {
  const page = await newPage(context);
  const word = await searchable();
  await page.goto("/");
  await page.locator("#find").fill(`${word} zebra-of-this-test`);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/search/);
  // typed and then opened, without ever being sent
  await page.goto("/search");
  await page.locator("#find").pressSequentially(word, { delay: 20 });
  await page.locator(".hit").first().waitFor();
  await page.waitForURL((url) => url.searchParams.get("q") === word);
  const noted = page.waitForResponse((answer) => answer.url().endsWith("/search/recent"));
  await page.locator(".hit a.open").first().click();
  await noted.catch(() => {});
  await page.waitForURL(/\/session\//);
  await page.goto("/search");
  const listed = await page.locator(".recents li a").allInnerTexts();
  assert.deepEqual(listed.slice(0, 2), [word, `${word} zebra-of-this-test`]);
  await page.locator("#find").click();
  await page.locator(".offers .over", { hasText: "Recent" }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.searchParams.get("q") === word);
  await page.goto("/search");
  await page.locator(".recents li", { hasText: "zebra" }).locator("button").click();
  await page.waitForURL(/\/search$/);
  assert.equal(await page.locator(".recents li", { hasText: "zebra" }).count(), 0);
  await page.locator(".recents button", { hasText: "Forget all" }).click();
  await page.locator(".grammar").waitFor();
  assert.equal(await page.locator(".recents").count(), 0);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("a hit opens in its place, with its neighbours", async () => {
  const page = await newPage(context);
  await page.goto(`/search?q=${await searchable()}`);
  const hit = page.locator(".snippets li").first();
  const seq = (await hit.locator("a").first().getAttribute("href")).match(/m=(\d+)/)[1];
  await hit.locator(".inplace summary").click();
  await hit.locator(".around .msg.is-target").waitFor();
  assert.ok((await hit.locator(".around .msg").count()) > 1, "with what is around it");
  const target = await hit.locator(".around .is-target").evaluate((msg, id) => msg.id === id || !!msg.querySelector("#" + id), `m${seq}`);
  assert.ok(target, "the message itself is marked");
  assert.deepEqual(await findings(page), []);
  assert.match(page.url(), /\/search/, "the page stays");
  assert.equal(await hit.locator('.around a[href^="#"]').count(), 0, "no link that leads astray");
  await hit.locator(".around > p a").click();
  await page.waitForURL(/\/session\/.*m=/);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("without a script the box is a form and a hit a link", async () => {
  const plain = await open({ javaScriptEnabled: false });
  const page = await newPage(plain);
  await page.goto("/search");
  assert.equal(await page.locator("#find").getAttribute("role"), null, "no promise that nobody keeps");
  await page.locator("#find").fill(await searchable());
  await page.locator("#find").press("Enter");
  assert.ok((await page.locator(".hit").count()) > 0);
  assert.equal(await page.locator(".inplace:visible").count(), 0);
  await plain.close();
  const answer = await fetch(URL_ + "/fragments/search/suggest?q=mod");
  assert.match(await answer.text(), /data-text="model:"/);
});
