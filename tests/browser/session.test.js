// The page of a session: outline, strip, jumps, finding inside, folds, copies, files, print.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { NARROW, appendPrompt, close, json, makeSession, newPage, open, settled, watchMoves } from "./house.js";

let context;
let longest;
before(async () => {
  await settled();
  context = await open({ permissions: ["clipboard-read", "clipboard-write"] });
  const sessions = await json("/api/sessions?include_helpers=1");
  longest = sessions.reduce((a, b) => (b.detail_messages > a.detail_messages ? b : a));
});
after(close);

const here = (page) => new URL(page.url());
const target = (page) => page.locator(".msg.is-target");

async function opened(where = "") {
  const page = await newPage(context);
  await page.goto(`/session/${longest.id}${where}`);
  await page.locator("#outline .turns a").first().waitFor();
  return page;
}

test("the outline comes by itself, moves nothing, and follows the reader", async () => {
  const page = await newPage(context);
  const moved = await watchMoves(page);
  await page.goto(`/session/${longest.id}`);
  await page.locator("#outline .turns a").first().waitFor();
  await page.locator("#strip a").first().waitFor({ state: "attached" });
  await page.waitForTimeout(300);
  await moved(0.02, "the page does not move while it loads");
  const prompts = page.locator(".msg.user");
  await prompts.nth(2).evaluate((node) => node.scrollIntoView({ block: "start" }));
  const seq = (await prompts.nth(2).getAttribute("id")).slice(1);
  await page.locator(`#outline a[data-seq="${seq}"][aria-current=true]`).waitFor();
  assert.equal(await page.locator("#outline a[aria-current]").count(), 1);
  assert.notEqual(await page.locator("#strip .here").getAttribute("x"), null);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("the window of the outline goes with the reader over its edge", async () => {
  const { id } = await makeSession(450);
  const page = await newPage(context);
  const moved = await watchMoves(page);
  const seq = (n) => 2 * (n - 1);
  await page.goto(`/session/${id}?m=${seq(299)}`);
  const list = (offset) => page.locator(`#outline .turns[data-offset="${offset}"]`);
  await list(150).waitFor();
  for (const loaded of [325, 350]) {
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.locator(`#m${seq(loaded)}`).waitFor({ state: "attached" });
  }
  assert.equal(await list(150).count(), 1, "its prompts are still those of the reader");
  const to = (n) => page.locator(`#m${seq(n)}`).evaluate((node) => node.scrollIntoView({ block: "start" }));
  const current = (n) => page.locator(`#outline a[data-seq="${seq(n)}"][aria-current=true]`);
  await to(346);
  await list(250).waitFor();
  await current(346).waitFor();
  const [box, link] = [await page.locator(".outline-side").boundingBox(), await current(346).boundingBox()];
  assert.ok(link.y >= box.y && link.y + link.height <= box.y + box.height, "it is in sight");
  assert.equal(await page.locator("#outline .turns a").count(), 200);
  await moved(0.02, "nothing jumps");
  // back over the edge that it came from: the same window still
  await to(328);
  await current(328).waitFor();
  assert.equal(await list(250).count(), 1);
  // by hand to other prompts, they stay until the reader goes on
  await page.locator("#outline .further a").first().click();
  await list(50).waitFor();
  await page.waitForTimeout(300);
  assert.equal(await list(50).count(), 1);
  await to(300);
  await list(150).waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("the live badge goes when its minute is over, and comes back with the next message", async () => {
  const { id, append } = await makeSession(3, 55_000);
  const page = await newPage(context);
  await page.goto(`/session/${id}`);
  const badge = page.locator(".head .live");
  await badge.waitFor();
  await badge.waitFor({ state: "detached", timeout: 10_000 });
  append("And another lamp.");
  await page.locator(".msg", { hasText: "And another lamp." }).waitFor();
  await badge.waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("an entry of the outline leads to its prompt", async () => {
  const page = await opened();
  const entry = page.locator("#outline .turns a").nth(20);
  const seq = await entry.getAttribute("data-seq");
  await entry.click();
  await page.waitForURL(new RegExp(`m=${seq}#m${seq}$`));
  assert.equal(await target(page).getAttribute("id"), `m${seq}`);
  await page.locator(`#outline a[data-seq="${seq}"][aria-current=true]`).waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("keys go from prompt to prompt, to failures and to edits, beyond what is shown too", async () => {
  const page = await opened();
  const ids = await page.locator(".msg[data-kinds~=prompt]").evaluateAll((all) => all.map((node) => node.id));
  await page.keyboard.press("n");
  await page.keyboard.press("n");
  assert.equal(await target(page).getAttribute("id"), ids[1]);
  assert.equal(here(page).hash, `#${ids[1]}`, "the address says so");
  await page.keyboard.press("p");
  assert.equal(await target(page).getAttribute("id"), ids[0]);
  // far more of them than one page of messages holds
  let last = -1;
  for (let n = 0; n < 6; n++) {
    await page.keyboard.press("e");
    await page.waitForFunction((last) => Number(new URL(location.href).searchParams.get("m")) > last, last);
    await target(page).waitFor();
    last = Number(here(page).searchParams.get("m"));
    assert.match(await target(page).getAttribute("data-kinds"), /error/);
  }
  await page.keyboard.press("c");
  await page.waitForFunction((last) => Number(new URL(location.href).searchParams.get("m")) > last, last);
  assert.match(await target(page).getAttribute("data-kinds"), /edit/);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("finding in a session: count, next, previous, marks in place, the address has it", async () => {
  const page = await opened();
  await page.keyboard.press("f");
  await page.keyboard.type("test");
  await page.keyboard.press("Enter");
  await page.waitForURL(/q=test&m=\d+/);
  const finds = async () => (await page.locator(".finds").innerText()).replaceAll(",", "");
  const count = Number((await finds()).match(/^1 of (\d+)/)[1]);
  assert.ok(count > 3, await finds());
  const { total_messages } = await json(`/api/search?q=test&session=${longest.id}&include_helpers=1`);
  assert.equal(count, total_messages, "as many as the search over everything counts here");
  assert.ok((await target(page).locator("mark").count()) > 0, "what was found is marked");
  assert.match(await target(page).locator("mark").first().textContent(), /test/i);
  await page.keyboard.press("]");
  await page.waitForFunction(() => /^2 of/.test(document.querySelector(".finds")?.innerText));
  await page.reload();
  assert.match(await finds(), /^2 of/);
  await page.keyboard.press("[");
  await page.waitForFunction(() => /^1 of/.test(document.querySelector(".finds")?.innerText));
  await page.locator(".inside .clear").click();
  await page.waitForURL((url) => !url.searchParams.has("q"));
  assert.equal(await page.locator(".transcript mark").count(), 0);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("without scripts: jumps, finds, outline and files by links alone", async () => {
  const plain = await open({ javaScriptEnabled: false });
  const page = await newPage(plain);
  await page.goto(`/session/${longest.id}`);
  await page.locator("a[data-jump=error][data-way=next]").click();
  assert.match(page.url(), /m=\d+#m\d+$/);
  const first = here(page).hash;
  assert.equal(`#${await target(page).getAttribute("id")}`, first);
  await page.locator("a[data-jump=error][data-way=next]").click();
  assert.notEqual(here(page).hash, first);
  await page.locator("#within").fill("test");
  await page.locator("#within").press("Enter");
  assert.match(page.url(), /q=test&m=\d+#m\d+$/);
  await page.locator("a[data-jump=hit][data-way=next]").click();
  assert.match(await page.locator(".finds").innerText(), /^2 of/);
  await page.locator("#outline a").click();
  assert.match(page.url(), /\/outline$/);
  await page.locator(".turns a").nth(3).click();
  assert.equal(await target(page).count(), 1);
  await page.locator("#files a").click();
  await page.locator(".touched details").first().locator("summary").click();
  await page.locator(".touched .edits a").first().click();
  assert.match(page.url(), /files\?file=/);
  assert.ok((await page.locator(".touched .diff .add").count()) > 0);
  assert.deepEqual(page.faults, []);
  await plain.close();
});

test("folds are remembered, over a live update and a visit later", async () => {
  const { id, append } = await appendPrompt("One more, please.");
  const page = await newPage(context);
  const { total } = await json(`/api/session/${id}?limit=1`);
  await page.goto(`/session/${id}?offset=${Math.max(0, total - 40)}`);
  const fold = page.locator(".msg:not(.is-target) > details").first();
  await fold.locator("summary").first().click();
  const name = await fold.locator("xpath=..").getAttribute("id");
  await page.waitForFunction((n) => (localStorage.getItem("codedash-folds") ?? "").includes(n), name.slice(1));
  const y = await page.evaluate(() => scrollY);
  append();
  await page.locator(".msg", { hasText: "One more, please." }).last().waitFor({ timeout: 5_000 });
  assert.equal(await page.evaluate(() => scrollY), y, "the reader stays where they are");
  assert.ok(await page.locator(`#${name} > details[open]`).count());
  await page.reload();
  await page.locator(`#${name} > details[open]`).waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("a message is copied as Markdown, a block of code as it is", async () => {
  const page = await opened();
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  const fold = page.locator(".msg.tool > details").first();
  await fold.locator("summary").click();
  await fold.locator("[data-copy-text]").click();
  await fold.locator("[data-copy-text]", { hasText: "Copied" }).waitFor();
  assert.match(await clipboard(), /^\*\*\S+\*\* /);
  const box = fold.locator(".code-box").first();
  const text = await box.locator("pre").textContent();
  await box.hover();
  await box.locator(".copy-code").click();
  await box.locator(".copy-code", { hasText: "Copied" }).waitFor();
  assert.equal((await clipboard()).trim(), text.trim());
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("files open into their diffs", async () => {
  const page = await opened();
  await page.locator("#files .further a").click();
  await page.waitForURL(/\/files$/);
  const file = page.locator(".touched details").first();
  await file.locator("summary").click();
  await file.locator(".edit .diff").first().waitFor();
  const edits = Number((await file.locator("summary .num").innerText()).match(/\d+/)[0]);
  assert.equal(await file.locator(".edit").count(), Math.min(edits, 20));
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("filters by failure, edit and tool show those alone", async () => {
  const page = await opened("?filter=errors");
  const kinds = await page.locator(".transcript > .msg").evaluateAll((all) => all.map((node) => node.dataset.kinds ?? ""));
  assert.ok(kinds.length > 0 && kinds.every((kind) => kind.includes("error")), kinds.join(", "));
  await page.locator(".facts .figures th a").first().click();
  await page.waitForURL(/filter=tools&tool=/);
  const tool = here(page).searchParams.get("tool");
  const names = await page.locator(".transcript > .msg > details").evaluateAll((all) => all.map((node) => node.dataset.tool));
  assert.ok(names.length > 0 && names.every((name) => name === tool), names.join(", "));
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("printed, everything can be read and nothing else is on the paper", async () => {
  const page = await opened();
  const unfolded = await page.locator(".msg > details[open]").count();
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await page.emulateMedia({ media: "print" });
  for (const chrome of [".top", ".outline-side", ".side.facts", ".bar.sticky", ".acts >> nth=0"]) {
    assert.equal(await page.locator(chrome).isVisible(), false, chrome);
  }
  assert.equal(await page.locator(".msg > details:not([open])").count(), 0);
  assert.ok(await page.locator(".msg .io").first().isVisible());
  await page.emulateMedia({ media: "screen" });
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  assert.equal(await page.locator(".msg > details[open]").count(), unfolded, "and shut again");
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("on a phone outline and facts unfold, and nothing covers the text", async () => {
  const phone = await open({ viewport: NARROW });
  const page = await newPage(phone);
  await page.goto(`/session/${longest.id}`);
  assert.equal(await page.locator(".outline-side").isVisible(), false);
  await page.locator("label[for=show-outline]").click();
  await page.locator("#outline .turns a").first().waitFor();
  await page.locator("label[for=show-outline]").click();
  await page.locator("label[for=show-side]").click();
  assert.ok(await page.locator(".side.facts").isVisible());
  assert.deepEqual(page.faults, []);
  await phone.close();
});
