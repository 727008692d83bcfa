// What the tests share: one browser, pages that remember their errors, the home that is served.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import axe from "axe-core";
import fs from "node:fs";
import path from "node:path";

export const URL_ = process.env.CODEDASH_URL;
export const HOME = process.env.CODEDASH_DEMO_HOME;
if (!URL_ || !HOME) throw new Error("start the suite with tests/browser/run");

export const WIDE = { width: 1440, height: 900 };
export const NARROW = { width: 390, height: 844 };

let browser;
export async function open(options = {}) {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const context = await browser.newContext({ viewport: WIDE, baseURL: URL_, timezoneId: "UTC", ...options });
  context.setDefaultTimeout(15_000);
  return context;
}
export async function close() {
  await browser?.close();
  browser = undefined;
}

/** A page whose console errors, exceptions, failed and foreign requests are kept in `page.faults`. */
export async function newPage(context) {
  const page = await context.newPage();
  page.faults = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") page.faults.push(message.text());
  });
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("requestfailed", (request) => {
    // a stream or a superseded search that the page itself gives up is no fault
    const given_up = request.failure()?.errorText === "net::ERR_ABORTED";
    if (!given_up) page.faults.push(`${request.url()}: ${request.failure()?.errorText}`);
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(URL_) && !url.startsWith("data:")) page.faults.push(`request to ${url}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) page.faults.push(`${response.status()} ${response.url()}`);
  });
  return page;
}

export async function json(where) {
  const answer = await fetch(URL_ + where);
  if (!answer.ok) throw new Error(`${where}: ${answer.status}`);
  return answer.json();
}

/** Until everything that the home holds can be found. */
export async function settled() {
  for (let n = 0; n < 1200; n++) {
    const state = await json("/api/warming");
    if (state.error) throw new Error(state.error);
    if (state.index_complete && state.phase === "idle") return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("the demo is never indexed");
}

/** All pages, with one session of each kind that matters. */
export async function pages() {
  const sessions = await json("/api/sessions?include_helpers=1");
  const longest = sessions.reduce((a, b) => (b.messages > a.messages ? b : a));
  const words = await searchable();
  return {
    sessions: "/",
    list: "/?view=list&group=project&include_helpers=1",
    search: `/search?q=${encodeURIComponent(words)}`,
    "search-empty": "/search",
    session: `/session/${longest.id}`,
    timeline: "/timeline",
    "session-found": `/session/${longest.id}?q=${encodeURIComponent(words)}&jump=hit`,
    "session-outline": `/session/${longest.id}/outline`,
    "session-files": `/session/${longest.id}/files`,
    replay: `/session/${longest.id}/replay?at=12`,
    raw: `/session/${longest.id}/raw/1`,
    projects: "/projects",
    project: `/project?path=${encodeURIComponent(longest.git_root || longest.project)}`,
    activity: "/activity",
    analytics: "/analytics",
    leaderboard: "/leaderboard",
    status: "/status",
    settings: "/settings",
    select: "/?select=1&group=conversation&length=0-9&length=10-49",
    calendar: "/?from=2026-01-01&month=2026-03",
    starred: "/starred",
    tags: "/tags",
    changelog: "/changelog",
    help: "/help",
    addresses: "/help/fragments",
    tour: "/tour",
  };
}

/** A word that many messages hold. */
export async function searchable() {
  let best = ["cache", 0];
  for (const word of ["cache", "test", "error", "index", "parser"]) {
    const { total } = await json(`/api/search?q=${word}&include_helpers=1`);
    if (total > best[1]) best = [word, total];
  }
  return best[0];
}

/** Appends one typed prompt to the newest transcript of a session that is shown; says which. */
export async function appendPrompt(text) {
  const sessions = await json("/api/sessions");
  const file = transcripts(path.join(HOME, ".claude/projects"));
  // one with calls: those that tests make have prompts alone
  const newest = sessions.find((session) => file.has(session.id) && session.tool_calls > 0);
  const where = file.get(newest.id);
  const last = fs.readFileSync(where, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line)).findLast((record) => record.cwd);
  const record = {
    ...last,
    parentUuid: last.uuid,
    uuid: crypto.randomUUID(),
    type: "user",
    message: { role: "user", content: text },
    timestamp: new Date().toISOString(),
  };
  delete record.requestId;
  delete record.toolUseResult;
  return { id: newest.id, append: () => fs.appendFileSync(where, JSON.stringify(record) + "\n") };
}

/** Adds up how far what is there moves by itself; the answer asserts that it is less than so much, and says what moved. */
export async function watchMoves(page) {
  await page.addInitScript(() => {
    window.moves = { sum: 0, what: [] };
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (entry.hadRecentInput) continue;
        window.moves.sum += entry.value;
        for (const { node, previousRect: from, currentRect: to } of entry.sources) {
          window.moves.what.push(`${(node?.outerHTML ?? node?.textContent ?? "?").slice(0, 120)}: ${from.x},${from.y} to ${to.x},${to.y}`);
        }
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  return async (limit, why) => {
    const { sum, what } = await page.evaluate(() => window.moves);
    assert.ok(sum < limit, `${why}: ${sum} by\n${what.join("\n")}`);
  };
}

/** Writes a session of so many prompts, each answered, the last one `ago` ms ago; says how to go on with it. */
export async function makeSession(prompts, ago = 86_400_000) {
  const id = crypto.randomUUID();
  const folder = path.join(HOME, ".claude/projects/-home-ada-made");
  const where = path.join(folder, id + ".jsonl");
  const line = (role, content, at) => JSON.stringify({
    type: role, uuid: crypto.randomUUID(), sessionId: id, cwd: "/home/ada/made", version: "2.0.0", timestamp: new Date(at).toISOString(),
    message: role === "user" ? { role, content } : { role, model: "claude-sonnet-4-5", content: [{ type: "text", text: content }] },
  }) + "\n";
  const end = Date.now() - ago;
  let text = "";
  for (let n = 1; n <= prompts; n++) {
    const at = end - (prompts - n) * 1000;
    text += line("user", `Lamp number ${n}, please.`, at - 500) + line("assistant", `Lamp ${n} is lit.`, at);
  }
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(where, text);
  for (let n = 0; ; n++) {
    if ((await fetch(`${URL_}/api/session/${id}?limit=1`)).ok) break;
    if (n > 300) throw new Error("the session is never seen");
    await new Promise((done) => setTimeout(done, 100));
  }
  await settled();
  return { id, append: (prompt) => fs.appendFileSync(where, line("user", prompt, Date.now())) };
}

function transcripts(folder) {
  const found = new Map();
  for (const project of fs.readdirSync(folder)) {
    for (const name of fs.readdirSync(path.join(folder, project))) {
      if (name.endsWith(".jsonl")) found.set(name.slice(0, -6), path.join(folder, project, name));
    }
  }
  return found;
}

/** What axe finds on the page as it stands, above minor. */
export async function findings(page) {
  await page.evaluate(axe.source);
  const result = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }),
  );
  return result.violations
    .filter((violation) => violation.impact !== "minor")
    .map((violation) => `${violation.id} (${violation.impact}): ${violation.nodes.slice(0, 3).map((node) => node.target.join(" ") + " " + (node.any[0]?.message ?? "")).join("; ")}`);
}

/** "1,234" in the first match of `selector` that `pattern` finds. */
export async function number(page, selector, pattern) {
  const text = await page.locator(selector).first().innerText();
  const match = text.replaceAll(",", "").replace(/\s+/g, " ").match(pattern);
  if (!match) throw new Error(`${pattern} is not in ${JSON.stringify(text)}`);
  return Number(match[1]);
}
