// Reads JSON lines {headers: {…}, body_base64, secret} on standard input and prints a line {"ok": true|false} for each,
// as the official package judges it. A line that cannot be read ends the run with status 2: it is the test's mistake.

import { createInterface } from "node:readline";
import { accepted } from "./common.mjs";

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (line.trim() === "") continue;
  let request;
  try {
    request = JSON.parse(line);
  } catch {
    console.error("verify.mjs: a line of the input is not JSON");
    process.exit(2);
  }
  process.stdout.write(`${JSON.stringify({ ok: accepted(request) })}\n`);
}
