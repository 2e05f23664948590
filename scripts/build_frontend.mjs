// Build what browsers get: static/ (ours) and the npm packages -> build/static/ (git-ignored).
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import * as sass from "sass";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const source = join(root, "static");
const target = join(root, "build", "static");
const BROWSERS = ["chrome100"];
// Newer than the browsers that government offices run.
const TOO_NEW = ["color-mix(", "light-dark(", ":has(", "@layer", "@container"];

function walk(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? walk(path) : [path];
  });
}

async function styles() {
  for (const path of walk(join(source, "scss")).filter((file) => !basename(file).startsWith("_"))) {
    const compiled = sass.compile(path, {
      loadPaths: [join(root, "node_modules")],
      quietDeps: true,
      silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"],
    });
    const { code } = await transform(compiled.css, { loader: "css", minify: true, target: BROWSERS });
    const found = TOO_NEW.filter((word) => code.includes(word));
    if (found.length) throw new Error(`${path}: 基线浏览器不支持 ${found.join("、")}`);
    writeFileSync(join(target, basename(path).replace(/\.scss$/, ".css")), code);
  }
}

async function scripts() {
  const entries = walk(source).filter((file) => /(^|\/)(app|entry-[\w-]+)\.js$/.test(file));
  await build({
    entryPoints: entries,
    outdir: target,
    outbase: source,
    entryNames: "[name]",
    bundle: true,
    minify: true,
    format: "iife",
    target: BROWSERS,
    nodePaths: [join(root, "node_modules")],
    legalComments: "none",
  });
}

function pictures() {
  for (const path of walk(source).filter((file) => [".svg", ".png", ".ico", ".webp"].includes(extname(file)))) {
    const place = join(target, relative(source, path));
    mkdirSync(dirname(place), { recursive: true });
    cpSync(path, place);
  }
  // One sprite of the icons that we use: each a <symbol>.
  const names = JSON.parse(readFileSync(join(source, "icons.json"), "utf8"));
  const symbols = names.map((name) => {
    const file = join(root, "node_modules", "@tabler", "icons", "icons", "outline", `${name}.svg`);
    if (!existsSync(file)) throw new Error(`没有图标 ${name}`);
    const inner = readFileSync(file, "utf8").replace(/<!--[\s\S]*?-->/g, "").replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/<path stroke="none"[^>]*\/>/, "").trim();
    return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">${inner}</symbol>`;
  });
  writeFileSync(join(target, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`);
}

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
await styles();
await scripts();
pictures();
