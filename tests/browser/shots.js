// Screenshots of every page: node shots.js <folder>, started by tests/browser/shots.
import fs from "node:fs";
import path from "node:path";
import { NARROW, WIDE, close, newPage, open, pages, settled } from "./house.js";

const folder = path.resolve(process.argv[2]);
fs.mkdirSync(folder, { recursive: true });
await settled();
const all = await pages();
for (const [width, viewport] of [["1440", WIDE], ["390", NARROW]]) {
  for (const colorScheme of ["dark", "light"]) {
    const context = await open({ viewport, colorScheme });
    const page = await newPage(context);
    for (const [name, where] of Object.entries(all)) {
      await page.goto(where);
      await page.waitForTimeout(400);
      await page.screenshot({ path: path.join(folder, `${name}-${colorScheme}-${width}.png`) });
    }
    await context.close();
  }
}
await close();
console.log(folder);
