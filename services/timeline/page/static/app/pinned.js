/** The log's key, pinned at first use in this browser; and the largest checkpoint that was seen under it. */

import { Refused, consistent, fingerprint, hex, readCheckpoint, readKey } from "./proofs.js";
import { address, ask, json } from "./service.js";

const KEYS = "timeline-log-keys";
const SEEN = "timeline-log-seen";

/** The keys that are pinned, and whether this is their first use. */
export async function pinnedKeys() {
  const held = localStorage.getItem(KEYS);
  if (held) return { keys: await Promise.all(JSON.parse(held).map(readKey)), first: false };
  const lines = (await (await ask("/v1/log/keys")).text()).split("\n").filter(Boolean);
  const keys = (await Promise.all(lines.map(readKey))).filter((one) => one.algorithm === 1);
  if (!keys.length) throw new Refused("the service names no key that a browser can check");
  localStorage.setItem(KEYS, JSON.stringify(keys.map((one) => one.line)));
  return { keys, first: true };
}

/** Forget the pinned keys, and what was seen under them. */
export function forgetKeys() {
  localStorage.removeItem(KEYS);
  localStorage.removeItem(SEEN);
}

/** Require that the newest checkpoint continues the one that was seen last, and remember it. */
export async function newestCheckpoint(keys) {
  const text = await (await ask("/v1/log/checkpoint")).text();
  const now = await readCheckpoint(text, keys);
  const seen = localStorage.getItem(SEEN);
  if (seen) {
    const before = await readCheckpoint(seen, keys);
    const path = address("/v1/log/proofs/consistency", { from: before.size, to: now.size });
    const proof = before.size < now.size ? (await json(path)).proof : [];
    await consistent(before.size, before.root, now.size, now.root, proof.map((one) => Uint8Array.from(atob(one), (each) => each.charCodeAt(0))));
  }
  localStorage.setItem(SEEN, text);
  return { ...now, before: seen ? (await readCheckpoint(seen, keys)).size : null };
}

/** What a person compares: the name of the signer and the fingerprint of its key. */
export async function signerWords(line) {
  return `${line.slice(0, line.indexOf("+"))}, SHA-256 ${await fingerprint(line)}`;
}

export const short = (root) => hex(root).slice(0, 8);
