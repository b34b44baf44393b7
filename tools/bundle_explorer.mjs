// Bundles the explorer's modules into the one file that notebook and HTML page load: `npm run build`.
// With a path it writes there instead, for the test that says when the shipped file is stale.

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const WIDGET = join(ROOT, "gateviz", "widget");

/** A style sheet is a text to the module that asks for it. */
const styles = {
  name: "styles",
  setup(bundler) {
    bundler.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

/** Preact is in the file, so its license must be, too. */
async function banner() {
  const license = await readFile(join(ROOT, "node_modules", "preact", "LICENSE"), "utf8");
  const lines = license.trim().split("\n");
  return [
    "// The explorer of gateviz. Made by `npm run build` from the modules in gateviz/widget/explorer: change those, not this.",
    "// It holds Preact, under this license:",
    "//",
    ...lines.map((line) => `// ${line}`.trimEnd()),
  ].join("\n");
}

await build({
  entryPoints: [join(WIDGET, "explorer", "index.js")],
  outfile: process.argv[2] ?? join(WIDGET, "static", "explorer.js"),
  bundle: true,
  minify: true,
  lineLimit: 500,
  charset: "utf8",
  target: "es2022",
  format: "iife",
  globalName: "gatevizExplorer",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  plugins: [styles],
  banner: { js: await banner() },
  footer: {
    js: "function render(context) { return gatevizExplorer.render(context); }\nexport default { render };",
  },
});
