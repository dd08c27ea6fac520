/** Files of the site: from the browser's cache where they are there, in the version that is asked for. */

import { EngineError } from "./errors.mjs";

/**
 * An object in a JSON file, or null if there is none.
 * @param {URL} address
 */
export async function json(address) {
  try {
    const reply = await fetch(address);
    return reply.ok ? await reply.json() : null;
  } catch {
    return null;
  }
}

/**
 * The address of one version of a file: a browser that kept another one asks again.
 * @param {string | URL} folder
 * @param {string} name
 * @param {string} version
 */
export function versioned(folder, name, version) {
  return new URL(`${name}?${version}`, folder);
}

/**
 * A file, from the browser's cache if it is there.
 * @param {URL} address
 * @param {(bytes: number) => void} count called with the bytes of each piece
 */
export async function bytesOf(address, count) {
  const name = address.pathname.split("/").at(-1);
  const reply = await fetch(address, { cache: "force-cache" }).catch(() => null);
  if (!reply?.ok || !reply.body) {
    throw new EngineError(`${name} cannot be fetched; check the connection and try again.`);
  }
  const pieces = [];
  const reader = reply.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    pieces.push(next.value);
    count(next.value.length);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/**
 * The content of a gzip file; some servers have unpacked it already.
 * @param {Uint8Array<ArrayBuffer>} data
 * @returns {Promise<ArrayBuffer>}
 */
export async function unpacked(data) {
  if (data[0] !== 0x1f || data[1] !== 0x8b) return data.buffer;
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}
