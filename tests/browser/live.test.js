// What moves by itself: figures that stream in, prompts that are typed elsewhere; and what stays.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { HOME, appendPrompt, close, json, newPage, number, open, settled } from "./house.js";

let context;
before(async () => {
  await settled();
  context = await open();
});
after(close);

test("a prompt typed elsewhere appears on the open session and is found", async () => {
  const word = "quokka" + Math.random().toString(36).slice(2, 8);
  const { id, append } = await appendPrompt(`Please look at the ${word} first.`);
  const page = await newPage(context);
  const { total } = await json(`/api/session/${id}?limit=1`);
  const { messages } = await json(`/api/session/${id}?limit=1&offset=${total - 1}`);
  await page.goto(`/session/${id}?m=${messages[0].seq}`);
  await page.locator("#tail").waitFor();
  append();
  const msg = page.locator(".transcript .msg", { hasText: word });
  await msg.waitFor({ timeout: 5_000 });
  assert.equal(await msg.count(), 1);
  await page.goto(`/search?q=${word}`);
  assert.equal(await page.locator(".hit").count(), 1);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("the open list follows too", async () => {
  const page = await newPage(context);
  await page.goto("/");
  await page.locator(".card").first().waitFor();
  const { id, append } = await appendPrompt("And one more thing for the list.");
  const count = async () => (await page.locator(`.card:has(a.open[href="/session/${id}"]) footer b`).first().innerText());
  const before = await count();
  append();
  await page.waitForFunction(
    ([id, before]) => document.querySelector(`.card:has(a.open[href="/session/${id}"]) footer b`)?.textContent !== before,
    [id, before],
    { timeout: 5_000 },
  );
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("analytics fill in while the job runs, on a server that starts from nothing", async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "codedash-browser-"));
  const server = spawn(process.env.CODEDASH_BIN, ["serve", "--no-browser", "--port", "0"], {
    env: { HOME, CODEDASH_HOME: dir, TZ: "UTC" },
    stdio: "ignore",
  });
  try {
    const file = path.join(dir, "server.json");
    while (!fs.existsSync(file)) {
      assert.equal(server.exitCode, null, "the server has ended");
      await new Promise((done) => setTimeout(done, 2));
    }
    const { address } = JSON.parse(fs.readFileSync(file));
    const own = await open({ baseURL: `http://${address}` });
    const page = await own.newPage();
    await page.goto("/analytics");
    // every state of the sessions tile, from the first
    await page.evaluate(() => {
      window.seen = [];
      const look = () => {
        const tile = [...document.querySelectorAll(".tile")].find((tile) => tile.innerText.includes("token data"));
        const text = tile?.innerText;
        if (text && window.seen.at(-1) !== text) window.seen.push(text);
      };
      look();
      new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
      window.untouched = true;
    });
    const all = (await json("/api/sessions?include_helpers=1")).length;
    await page.waitForFunction(
      (all) => document.querySelector(".asof")?.textContent.includes("As of") && window.seen.at(-1)?.includes(`of ${all}`),
      all,
      { timeout: 60_000 },
    );
    assert.ok(await page.evaluate(() => window.untouched), "without a reload");
    const seen = await page.evaluate(() => window.seen);
    assert.ok(seen.length >= 1, JSON.stringify(seen));
    await own.close();
  } finally {
    server.kill("SIGTERM");
    await new Promise((done) => (server.exitCode === null ? server.once("exit", done) : done()));
    fs.rmSync(dir, { recursive: true, force: true });
  }
});

test("a refresh of analytics streams to its end", async () => {
  const page = await newPage(context);
  await page.goto("/analytics?refresh=1");
  await page.locator(".asof", { hasText: "As of" }).waitFor({ timeout: 30_000 });
  const cost = await page.locator(".tile .big").first().innerText();
  assert.match(cost, /^\$[\d,.]+/);
  assert.ok((await page.locator("svg.bars a").count()) > 0, "a chart with columns");
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("a star stays after a reload, and can be filtered by", async () => {
  const page = await newPage(context);
  await page.goto("/");
  const card = page.locator(".card").nth(2);
  const href = await card.locator("a.open").getAttribute("href");
  const star = () => page.locator(`.card:has(a.open[href="${href}"]) .star`);
  await star().click();
  await page.locator(`.card:has(a.open[href="${href}"]) .star[aria-pressed=true]`).waitFor();
  await page.reload();
  assert.equal(await star().getAttribute("aria-pressed"), "true");
  assert.equal(await page.locator(".card a.open").first().getAttribute("href"), href, "starred first");
  await page.goto("/?starred=1");
  assert.equal(await number(page, ".content .tally", /^(\d+) conversation/), 1);
  await star().click();
  await page.locator(`.card:has(a.open[href="${href}"]) .star[aria-pressed=false]`).waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("shown and hidden are all, on the list and in a search", async () => {
  const page = await newPage(context);
  for (const [where, unit] of [["/", /in (\d+) session/], ["/search?q=test", /(\d+) message/]]) {
    await page.goto(where);
    const shown = await number(page, ".content .tally", unit);
    const hidden = await number(page, ".hiddens", /(\d+)/);
    await page.locator(".hiddens a").click();
    await page.waitForURL(/include_helpers=1/);
    await page.locator(".hiddens", { hasText: "included" }).waitFor();
    assert.equal(await number(page, ".content .tally", unit), shown + hidden, where);
    await page.locator(".hiddens a").click();
    await page.locator(".hiddens", { hasText: /hidden|more in/ }).waitFor();
    assert.equal(await number(page, ".content .tally", unit), shown, where);
  }
  assert.deepEqual(page.faults, []);
  await page.close();
});
