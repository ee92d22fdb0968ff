// `node sign.mjs N SECRET` prints N JSON lines {id, timestamp, signature, body_base64}, signed by the official package.
// `node sign.mjs --self-test` signs, verifies and alters messages, and prints how many checks passed.
// The secret is a throwaway of the calling test; nothing here is meant for a real one.

import { accepted, body, signed } from "./common.mjs";

const SELF_TEST_SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const OTHER_SECRET = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY=";

function request(message, secret) {
  const headers = {
    "webhook-id": message.id,
    "webhook-timestamp": String(message.timestamp),
    "webhook-signature": message.signature,
  };
  return { headers, body_base64: message.body_base64, secret };
}

function selfTest() {
  let passed = 0;
  let failed = 0;
  const check = (what, ok) => {
    if (ok) passed += 1;
    else {
      failed += 1;
      console.error(`failed: ${what}`);
    }
  };
  for (let index = 0; index < 12; index += 1) {
    const text = body(index).toString();
    const parsed = JSON.parse(text);
    check(`message ${index} is an object`, typeof parsed === "object" && parsed !== null && !Array.isArray(parsed));
    const good = request(signed(index, SELF_TEST_SECRET), SELF_TEST_SECRET);
    check(`message ${index} is accepted`, accepted(good));
    check(`message ${index} under another secret is refused`, !accepted({ ...good, secret: OTHER_SECRET }));
    const altered = Buffer.from(good.body_base64, "base64");
    altered[0] ^= 1;
    check(`message ${index} altered is refused`, !accepted({ ...good, body_base64: altered.toString("base64") }));
    const late = { ...good.headers, "webhook-timestamp": String(Number(good.headers["webhook-timestamp"]) - 3600) };
    check(`message ${index} an hour old is refused`, !accepted({ ...good, headers: late }));
  }
  check("one message is 1 MiB", body(4).length === 1 << 20);
  console.log(`interop self-test (node): ${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

const [first, secret] = process.argv.slice(2);
if (first === "--self-test") {
  process.exitCode = selfTest();
} else if (!/^[0-9]+$/.test(first ?? "") || secret === undefined) {
  console.error("usage: sign.mjs N SECRET | --self-test");
  process.exitCode = 2;
} else {
  for (let index = 0; index < Number(first); index += 1) {
    process.stdout.write(`${JSON.stringify(signed(index, secret))}\n`);
  }
}
