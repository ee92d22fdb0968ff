// Reads a SARIF log on standard input and judges it by the official schema, which the package @microsoft/jest-sarif carries.
// Prints {"ok": true}, or {"ok": false, "errors": […]} with the place of each fault. A text that is no JSON is a fault too.

import { createRequire } from "node:module";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

// The packages are installed outside the source tree, so that a test run leaves the clone as it was.
const installed = process.env.VESTIBULE_NODE_DIR ?? path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(path.join(installed, "package.json"));
const Ajv = require("ajv");

const ajv = new Ajv({ schemaId: "auto", allErrors: true });
ajv.addMetaSchema(require("ajv/lib/refs/json-schema-draft-04.json"));
const judge = ajv.compile(require("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"));

let errors = [];
try {
  if (!judge(JSON.parse(await text(process.stdin)))) {
    errors = judge.errors.map((error) => `${error.dataPath}: ${error.message}`);
  }
} catch (error) {
  errors = [error.message];
}
process.stdout.write(`${JSON.stringify(errors.length === 0 ? { ok: true } : { ok: false, errors })}\n`);
