// Runs the extension's component in Node, with stand-ins for Zed's side.
//
//   node exports.mjs FOLDER

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";

const folder = path.resolve(process.argv[2]);
const { instantiate } = await import(pathToFileURL(path.join(folder, "extension.js")));

let onPath = "/opt/bin/coworker";
let settings = {};
const asked = [];

class Worktree {
  id() {
    return 1n;
  }
  rootPath() {
    return "/project";
  }
  which(name) {
    return name === "coworker" ? onPath : undefined;
  }
  shellEnv() {
    return [["PATH", "/opt/bin"]];
  }
  readTextFile() {
    throw "not read";
  }
}

const known = {
  worktree: Worktree,
  project: class {},
  "key-value-store": class {},
  "get-settings": (_, category, name) => {
    asked.push([category, name]);
    return JSON.stringify(settings);
  },
};
const missing = (name) => () => {
  throw new Error(`no stand-in for ${String(name)}`);
};
const imports = new Proxy({}, { get: (_, name) => ({ default: known[name] ?? missing(name) }) });
const compile = async (part) => WebAssembly.compile(await readFile(path.join(folder, part)));
const extension = await instantiate(compile, imports);
extension.initExtension();
const command = () => extension.languageServerCommand("coworker", new Worktree());

assert.deepEqual(command(), {
  command: "/opt/bin/coworker",
  args: ["lsp"],
  env: [["PATH", "/opt/bin"]],
});
assert.deepEqual(asked, [["lsp", "coworker"]]);

settings = { binary: { path: "/own/coworker", arguments: ["lsp", "--mode", "plan"], env: { A: "1" } } };
assert.deepEqual(command(), {
  command: "/own/coworker",
  args: ["lsp", "--mode", "plan"],
  env: [
    ["PATH", "/opt/bin"],
    ["A", "1"],
  ],
});

settings = { initialization_options: { mode: "plan" } };
const options = extension.languageServerInitializationOptions("coworker", new Worktree());
assert.deepEqual(JSON.parse(options), { mode: "plan" });

settings = {};
onPath = undefined;
assert.throws(command, (error) => String(error.payload ?? error).includes("not on the path"));

console.log("ok - the extension starts the language server");
