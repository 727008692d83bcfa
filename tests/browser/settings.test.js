// Settings: a section is saved in its place, refused at its field, and the colours that come of it.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { HOME, NARROW, close, findings, json, newPage, open, settled } from "./house.js";

const file = path.join(path.dirname(HOME), "codedash/config.toml");
const written = () => (fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "");

let context;
before(async () => {
  await settled();
  context = await open();
});
after(async () => {
  fs.rmSync(file, { force: true });
  await close();
});

test("a section is saved in its place, and the focus stays", async () => {
  const page = await newPage(context);
  await page.goto("/settings");
  await page.locator("#time_format-12h").check();
  await page.locator("#save-time").focus();
  await page.keyboard.press("Enter");
  await page.locator("#time .save .good").waitFor();
  assert.equal(await page.locator(".save .good").count(), 1, "that section alone");
  assert.equal(await page.evaluate(() => document.activeElement.id), "save-time");
  assert.match(written(), /time_format = "12h"/);
  assert.equal((await json("/api/settings")).time_format, "12h");
  await page.goto("/");
  assert.match(await page.locator("time[title]").first().getAttribute("title"), / (AM|PM) /);
  await page.goto("/settings");
  await page.locator("#time_format-24h").check();
  await page.locator("#save-time").click();
  await page.locator("#time .save .good").waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("what is not allowed is said at its field", async () => {
  const page = await newPage(context);
  await page.goto("/settings");
  const before = written();
  await page.locator("#zone").fill("Mars/Olympus");
  await page.locator("#save-time").click();
  await page.locator("#zone-wrong").waitFor();
  assert.equal(await page.locator("#zone").inputValue(), "Mars/Olympus", "what was typed stays");
  assert.equal(await page.locator("#zone").getAttribute("aria-invalid"), "true");
  assert.equal(written(), before);
  assert.deepEqual(await findings(page), []);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("patterns are counted as they are typed", async () => {
  const page = await newPage(context);
  await page.goto("/settings");
  await page.locator("#helper_patterns").pressSequentially("^.", { delay: 20 });
  const own = page.locator("#patterns tbody tr").first();
  await own.locator("code", { hasText: "^." }).waitFor();
  assert.ok(Number((await own.locator("td").innerText()).replaceAll(",", "")) > 0);
  await page.locator("#helper_patterns").pressSequentially("(");
  await page.locator("#patterns .bad").waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("without a script a section is saved all the same", async () => {
  const plain = await open({ javaScriptEnabled: false });
  const page = await newPage(plain);
  await page.goto("/settings");
  await page.locator("#grouping-day").check();
  await page.locator("#save-sessions").click();
  assert.match(page.url(), /\/settings\?saved=sessions#sessions$/);
  assert.equal(await page.locator("#sessions .save .good").count(), 1);
  await page.goto("/");
  assert.ok((await page.locator(".group").count()) > 0, "grouped by day");
  await page.goto("/settings");
  await page.locator("#grouping-none").check();
  await page.locator("#save-sessions").click();
  assert.deepEqual(page.faults, []);
  await plain.close();
});

test("high contrast: chosen here, seven to one, and no finding in either scheme", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const own = await open({ colorScheme });
    const page = await newPage(own);
    await page.goto("/settings");
    await page.locator("#theme-contrast").check();
    await page.locator("#save-appearance").click();
    await page.waitForFunction(() => document.documentElement.dataset.theme === "contrast");
    for (const where of ["/", "/search?q=test", "/settings", "/status", "/analytics"]) {
      await page.goto(where);
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "contrast", where);
      assert.deepEqual(await strong(page), [], `${where} ${colorScheme}`);
      assert.deepEqual(await findings(page), [], `${where} ${colorScheme}`);
    }
    await own.close();
  }
  fs.rmSync(file, { force: true });
});

test("a phone has every field within its width", async () => {
  const phone = await open({ viewport: NARROW });
  const page = await newPage(phone);
  await page.goto("/settings");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= NARROW.width, `${wide}`);
  await phone.close();
});

/** Text of the page that stands out by less than seven to one from the plain ground behind it. */
async function strong(page) {
  return page.evaluate(() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgb = (color) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = ([r, g, b]) => {
      const part = (c) => ((c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
      return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const ground = (node) => {
      for (let at = node; at; at = at.parentElement) {
        const color = rgb(getComputedStyle(at).backgroundColor);
        if (color[3] === 255) return color;
        if (color[3] > 0) return null;
      }
      return [255, 255, 255, 255];
    };
    const weak = new Set();
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest("svg, select, datalist, .hide")) continue;
      const back = ground(node);
      if (!back) continue;
      const [a, b] = [luminance(rgb(getComputedStyle(node).color)), luminance(back)];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < 7) weak.add(`${node.localName}.${node.className}: ${ratio.toFixed(2)}`);
    }
    return [...weak].slice(0, 8);
  });
}
