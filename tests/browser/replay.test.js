// Replay and records: as they are used, with a script and without one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { close, json, makeSession, newPage, open, settled } from "./house.js";

let session;
before(async () => {
  await settled();
  const sessions = await json("/api/sessions?include_helpers=1");
  session = sessions.reduce((a, b) => (b.messages > a.messages ? b : a));
});
after(close);

const counter = (page) => page.locator("[data-counter]").innerText();
const until = (page, text) => page.waitForFunction((text) => document.querySelector("[data-counter]").textContent.startsWith(text), text);

test("steps forward and back, by links, keys and the slider; the address has the state", async () => {
  const context = await open();
  const page = await newPage(context);
  await page.goto(`/session/${session.id}/replay?speed=5`);
  const total = Number((await counter(page)).split(" of ")[1].replaceAll(",", ""));
  assert.ok(total > 60, `the longest session of the demo has ${total} steps`);
  await page.locator("[data-next]").click();
  await until(page, "2 of");
  assert.match(page.url(), /at=1&speed=5/);
  await page.locator(".raw-head h1").click();
  await page.keyboard.press("ArrowRight");
  await until(page, "3 of");
  await page.keyboard.press("ArrowLeft");
  await until(page, "2 of");
  await page.locator("[data-position]").fill("57");
  await until(page, "58 of");
  // the whole of this chunk and of the one before, no more
  assert.equal(await page.locator(".replay-step").count(), 58);
  assert.equal(await page.locator(".replay-step").last().getAttribute("data-step"), "57");
  await page.locator("[data-last]").click();
  await until(page, `${total.toLocaleString("en")} of`);
  assert.ok((await page.locator(".replay-step").count()) <= 100);
  assert.equal(await page.locator("[data-next]").getAttribute("href"), null);
  await page.goto(page.url());
  await until(page, `${total.toLocaleString("en")} of`);
  assert.deepEqual(page.faults, []);
  await context.close();
});

test("plays at the speed that is chosen, and space stops it", async () => {
  const context = await open();
  const page = await newPage(context);
  await page.goto(`/session/${session.id}/replay?at=48`);
  await page.locator("[data-speed]").selectOption("20");
  await page.locator(".raw-head h1").click();
  await page.keyboard.press("Space");
  // over the end of a chunk
  await page.waitForFunction(() => Number(document.querySelector("[data-position]").value) >= 54);
  assert.equal(await page.locator("[data-play]").innerText(), "Pause");
  await page.keyboard.press("Space");
  assert.equal(await page.locator("[data-play]").innerText(), "Play");
  const stopped = await counter(page);
  await page.waitForTimeout(400);
  assert.equal(await counter(page), stopped);
  const at = Number(stopped.split(" of ")[0].replaceAll(",", "")) - 1;
  assert.match(page.url(), new RegExp(`at=${at}&speed=20`));
  assert.deepEqual(page.faults, []);
  await context.close();
});

test("a session that goes on makes it longer", async () => {
  const { id, append } = await makeSession(30, 5_000);
  const context = await open();
  const page = await newPage(context);
  await page.goto(`/session/${id}/replay?at=59`);
  await until(page, "60 of 60");
  assert.equal(await page.locator("[data-next]").getAttribute("href"), null);
  append("One more lamp.");
  await page.waitForFunction(() => document.querySelector("[data-position]").max === "60");
  await until(page, "60 of 61");
  await page.locator("[data-next]").click();
  await until(page, "61 of 61");
  assert.match(await page.locator(".replay-step").last().innerText(), /One more lamp/);
  assert.deepEqual(page.faults, []);
  await context.close();
});

test("without a script: links, and a form for a place and a speed", async () => {
  const context = await open({ javaScriptEnabled: false });
  const page = await newPage(context);
  await page.goto(`/session/${session.id}/replay`);
  assert.ok(!(await page.locator("[data-play]").isVisible()));
  await page.locator("[data-next]").click();
  assert.match(page.url(), /at=1/);
  await page.locator("[data-speed]").selectOption("2");
  await page.locator(".player button.apply").click();
  assert.match(page.url(), /at=1&speed=2/);
  await page.locator("[data-last]").click();
  assert.match(page.url(), /speed=2&at=\d+/);
  assert.deepEqual(page.faults, []);
  await context.close();
});

test("a record leads to the next one and back into the transcript", async () => {
  const context = await open();
  const page = await newPage(context);
  await page.goto(`/session/${session.id}/raw/0`);
  assert.match(await page.locator(".record").first().innerText(), /line \d+, from byte/);
  await page.locator("a[rel=next]").click();
  assert.match(page.url(), /raw\/1$/);
  await page.getByRole("link", { name: "In the transcript" }).click();
  assert.match(page.url(), /m=1/);
  assert.deepEqual(page.faults, []);
  await context.close();
});
