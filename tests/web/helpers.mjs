/** What the tests of the engine share: the engine as the site has it, and numbers that Python wrote. */

import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";

const STATIC = process.env.BASSNB_STATIC;
const folder = path.join(STATIC, "bassnb");
const json = (name) => JSON.parse(fs.readFileSync(name, "utf8"));

export const expected = {
  ...json(process.env.BASSNB_EXPECTED),
  about: json(path.join(folder, "classroom", "model.json")),
};

/** A module of the engine. */
export const engine = (name) => import(pathToFileURL(path.join(folder, `${name}.mjs`)).href);

/** Lists of numbers as channels. */
export const stereo = (lists) => lists.map((list) => Float32Array.from(list));

/** Whether an error is one line for a person, with what was refused in it. */
export const isSentence = (text, named) =>
  text.split(" ").length >= 4 && text.length < 700 && !text.includes("\n") && text.includes(named);

/** Two lists of numbers agree, element by element. */
export function close(found, wanted, most, what = "") {
  assert.equal(found.length, wanted.length, what);
  let worst = 0;
  for (let i = 0; i < wanted.length; i++) worst = Math.max(worst, Math.abs(found[i] - wanted[i]));
  assert.ok(worst <= most, `${what}: they differ by ${worst}`);
}

/** The address of the site on this machine; `change` may answer in the place of a file. */
export function serve(change = () => undefined) {
  const asked = [];
  const server = http.createServer((request, reply) => {
    const name = new URL(request.url, "http://site").pathname;
    asked.push(name);
    const file = path.join(STATIC, name);
    const data = change(name) ?? (fs.existsSync(file) ? fs.readFileSync(file) : null);
    reply.writeHead(data === null ? 404 : 200);
    reply.end(data);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({ address: `http://127.0.0.1:${server.address().port}/`, asked, stop: () => server.close() });
    });
  });
}
