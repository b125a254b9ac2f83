// SPDX-License-Identifier: Apache-2.0
// node build.mjs: makes dist/index.html of src/, one page with everything in it. --check: says whether it is as
// committed, byte for byte, and writes nothing.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const page = here("dist/index.html");

async function bundle(entry) {
  const made = await build({
    entryPoints: [here(entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: ["es2022", "chrome105", "firefox110", "safari16"],
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
  });
  return made.outputFiles[0].text.trim();
}

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Nothing but the page's own script and style runs, nothing but its own server is asked. */
function policy(script, style) {
  return [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

const [template, script, style] = await Promise.all([
  readFile(here("src/page.html"), "utf8"),
  bundle("src/main.ts"),
  bundle("src/style.css"),
]);
// A function, because "$&" in a replacement text would mean something.
const made = template
  .replace("POLICY", () => policy(script, style))
  .replace("STYLE", () => style)
  .replace("SCRIPT", () => script);

if (!process.argv.includes("--check")) {
  await mkdir(here("dist"), { recursive: true });
  await writeFile(page, made);
  console.log(`dist/index.html: ${Buffer.byteLength(made)} bytes`);
} else if (made !== (await readFile(page, "utf8"))) {
  console.error("ui/dist/index.html is not what ui/src makes: run `npm ci && npm run build` in ui/ and commit it");
  process.exit(1);
}
