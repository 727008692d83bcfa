// What a page may weigh: bytes over the wire, requests, elements, and work that blocks the reader.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { URL_, close, newPage, open, pages, settled } from "./house.js";

// A first visit with nothing cached. Times are no budget here: machines are shared. A long task is one
// of more than 50 ms on an idle machine; a page that builds itself in script has them by the dozen.
const ANY = { bytes: 150_000, requests: 18, elements: 6_000, long: 6 };
const BUDGETS = { sessions: { ...ANY, bytes: 60_000, elements: 4_000 } };

let all;
before(async () => {
  await settled();
  all = await pages();
});
after(close);

/** Until the page's figures are all there: what a job streams while it runs is not the page's weight. */
async function whole(where) {
  for (let n = 0; n < 100; n++) {
    const html = await (await fetch(URL_ + where)).text();
    if (!html.includes('http-equiv="refresh"')) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`${where} is never whole`);
}

async function weigh(where) {
  await whole(where);
  const context = await open();
  const page = await newPage(context);
  const wire = await context.newCDPSession(page);
  const seen = { bytes: 0, requests: 0 };
  await wire.send("Network.enable");
  wire.on("Network.responseReceived", ({ type }) => { if (type !== "EventSource") seen.requests += 1; });
  wire.on("Network.loadingFinished", ({ encodedDataLength }) => { seen.bytes += encodedDataLength; });
  await page.addInitScript(() => {
    window.long = 0;
    new PerformanceObserver((list) => { window.long += list.getEntries().length; }).observe({ type: "longtask", buffered: true });
    window.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(where);
  await page.waitForTimeout(600);
  Object.assign(seen, await page.evaluate(() => ({ elements: document.querySelectorAll("*").length, long: window.long, shift: window.shift })));
  assert.deepEqual(page.faults, [], where);
  await context.close();
  return seen;
}

test("each page stays within its budget", async (t) => {
  const over = [];
  for (const [name, where] of Object.entries(all)) {
    const seen = await weigh(where);
    t.diagnostic(`${name}: ${JSON.stringify(seen)}`);
    const budget = BUDGETS[name] ?? ANY;
    for (const [what, most] of Object.entries(budget)) {
      if (seen[what] > most) over.push(`${name}: ${seen[what]} ${what}, at most ${most}`);
    }
    // 0.1 is what the field calls good
    if (seen.shift > 0.1) over.push(`${name}: moves while it loads (${seen.shift})`);
  }
  assert.deepEqual(over, []);
});
