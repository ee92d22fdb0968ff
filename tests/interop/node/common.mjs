// What sign.mjs and verify.mjs share: the official package, and the bodies that are hard to carry unchanged.
// It does not compute or check a signature itself: the `standardwebhooks` package does both.

import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { fileURLToPath } from "node:url";

// The packages are installed outside the source tree, so that a test run leaves the clone as it was.
const installed = process.env.VESTIBULE_NODE_DIR ?? path.dirname(fileURLToPath(import.meta.url));
export const { Webhook } = createRequire(path.join(installed, "package.json"))("standardwebhooks");

const LARGE = 1 << 20;

// Each is valid JSON and an object; the bytes, not the values, are what must survive.
const SHAPES = [
  (mark) => `{"candidate":{"name":"Łukasz Ünal ${mark}","city":"東京","note":"👩🏽‍💻 é vs e\u0301 \u2028"}}`,
  () => "{}",
  (mark) => `{\r\n\t"type": "application.created",\r\n  "id" : "${mark}"\r\n}\r\n`,
  (mark) => `{"note":"quote \\" slash \\/ back \\\\ tab \\t line \\n pair \\ud83d\\ude00 ${mark}","\\u0061":1}`,
  (mark) => `{"id":"${mark}","numbers":[0,-0,1.0,1e3,1E-2,12345678901234567890,0.1000],"flags":[true,false,null]}`,
];

/** The body of message `index`; the fifth of the first six is 1 MiB, once in a run because it is slow to carry. */
export function body(index) {
  const mark = randomUUID();
  if (index === 4) {
    const frame = `{"id":"${mark}","cv":""}`;
    return Buffer.from(`{"id":"${mark}","cv":"${"a".repeat(LARGE - frame.length)}"}`);
  }
  return Buffer.from(SHAPES[index % SHAPES.length](mark));
}

/** One signed message as the Rust tests read it. */
export function signed(index, secret) {
  const bytes = body(index);
  const id = `msg_${randomUUID().replaceAll("-", "")}`;
  const now = new Date();
  const signature = new Webhook(secret).sign(id, now, bytes);
  return { id, timestamp: Math.floor(now.getTime() / 1000), signature, body_base64: bytes.toString("base64") };
}

/** Whether the official package accepts a request. */
export function accepted({ headers, body_base64, secret }) {
  try {
    new Webhook(secret).verify(Buffer.from(body_base64, "base64"), headers);
    return true;
  } catch {
    return false;
  }
}
