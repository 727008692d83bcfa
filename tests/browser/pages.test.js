// Each page by itself: a strict policy without errors, and findings of axe in both colours and widths.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { NARROW, WIDE, close, findings, newPage, open, pages, settled } from "./house.js";

let all;
before(async () => {
  await settled();
  all = await pages();
});
after(close);

test("no page breaks its own policy, logs an error or asks elsewhere", async () => {
  const context = await open();
  for (const [name, where] of Object.entries(all)) {
    const page = await newPage(context);
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
    });
    const answer = await page.goto(where);
    const policy = answer.headers()["content-security-policy"] ?? "";
    assert.match(policy, /default-src 'self'/, name);
    assert.doesNotMatch(policy, /unsafe/, name);
    await page.waitForTimeout(300);
    for (const summary of (await page.locator("main summary").all()).slice(0, 3)) {
      if (await summary.isVisible()) await summary.click();
    }
    await page.keyboard.press("j");
    await page.keyboard.press("Escape");
    assert.deepEqual(page.faults, [], name);
    await page.close();
  }
  await context.close();
});

for (const [width, viewport] of [["1440", WIDE], ["390", NARROW]]) {
  for (const colorScheme of ["dark", "light"]) {
    test(`axe finds nothing above minor: ${colorScheme}, ${width} px`, async () => {
      // axe is handed in from outside, which the pages' policy rightly forbids
      const context = await open({ viewport, colorScheme, bypassCSP: true });
      const page = await newPage(context);
      const found = [];
      for (const [name, where] of Object.entries(all)) {
        await page.goto(where);
        await page.waitForTimeout(150);
        for (const finding of await findings(page)) found.push(`${name}: ${finding}`);
      }
      await context.close();
      assert.deepEqual(found, []);
    });
  }

  test(`nothing sticks out sideways at ${width} px`, async () => {
    const context = await open({ viewport });
    const page = await newPage(context);
    const wide = [];
    for (const [name, where] of Object.entries(all)) {
      await page.goto(where);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (over > 0) wide.push(`${name}: ${over} px`);
    }
    await context.close();
    assert.deepEqual(wide, []);
  });
}
