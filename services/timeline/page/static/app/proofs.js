/**
 * Proofs checked in the browser, with nothing but WebCrypto: a leaf, its way to the root (RFC 9162, section 2.1.3), the root
 * under a signed checkpoint (C2SP tlog-checkpoint, signed-note), and that a newer log begins with an older one (2.1.4).
 * What is refused is thrown as `Refused`, with the reason in words.
 */

export class Refused extends Error {}

/** @param {Uint8Array[]} parts */
async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
}

/** @param {Uint8Array[]} parts */
function joined(...parts) {
  const made = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  parts.reduce((at, one) => (made.set(one, at), at + one.length), 0);
  return made;
}

const utf8 = (text) => new TextEncoder().encode(text);
const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);

/** @param {string} text  @param {string} what */
function bytes(text, what) {
  try {
    return Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  } catch {
    throw new Refused(`${what} is no base64`);
  }
}

/** @param {Uint8Array} found */
export const hex = (found) => Array.from(found, (one) => one.toString(16).padStart(2, "0")).join("");

/** @param {Uint8Array} found */
export const base64 = (found) => btoa(String.fromCharCode(...found));

/** @param {Uint8Array} leaf */
export const leafHash = (leaf) => sha256(Uint8Array.of(0), leaf);
const node = (left, right) => sha256(Uint8Array.of(1), left, right);

/** The root that a leaf and its proof lead to. @param {number} index  @param {number} size  @param {Uint8Array[]} proof */
export async function rootFrom(index, size, leaf, proof) {
  if (!(index >= 0 && index < size)) throw new Refused(`leaf ${index} is not within a log of ${size}`);
  let [at, last, found] = [index, size - 1, leaf];
  for (const one of proof) {
    if (last === 0) throw new Refused("the proof is longer than the way to the root");
    if (at % 2 === 1 || at === last) {
      found = await node(one, found);
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else found = await node(found, one);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw new Refused("the proof ends before the root");
  return found;
}

/** Require that a log of one size and root is the beginning of another. @param {Uint8Array[]} proof */
export async function consistent(older, oldRoot, newer, newRoot, proof) {
  if (older > newer) throw new Refused(`the log has ${newer} events, fewer than the ${older} that were seen before`);
  if (older === newer) return require(same(oldRoot, newRoot), "another root for the same size");
  if (older === 0) return;
  const way = Number.isInteger(Math.log2(older)) ? [oldRoot, ...proof] : proof.slice();
  let [at, last] = [older - 1, newer - 1];
  while (at % 2 === 1) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  require(way.length > 0, "no proof of consistency");
  let [old, now] = [way[0], way[0]];
  for (const one of way.slice(1)) {
    require(last !== 0, "the proof of consistency is too long");
    if (at % 2 === 1 || at === last) {
      [old, now] = [await node(one, old), await node(one, now)];
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else now = await node(now, one);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  require(last === 0 && same(old, oldRoot) && same(now, newRoot), "the log does not begin with the one that was seen before");
}

function require(so, reason) {
  if (!so) throw new Refused(reason);
}

/** A public key as Go's `note` writes it. @param {string} line  @returns {Promise<{line: string, name: string, id: string, algorithm: number, key: Uint8Array}>} */
export async function readKey(line) {
  const [, name, id, said] = /^([^\s+]+)\+([0-9a-f]{8})\+(.+)$/.exec(line.trim()) ?? [];
  require(said !== undefined, "the key cannot be read");
  const held = bytes(said, "the key");
  require(hex((await sha256(utf8(`${name}\n`), held)).slice(0, 4)) === id, "the key's id is not that of the key");
  return { line: line.trim(), name, id, algorithm: held[0], key: held.slice(1) };
}

/** The SHA-256 of a key's line: what `timeline audit key | sha256sum` says. @param {string} line */
export const fingerprint = async (line) => hex(await sha256(utf8(`${line}\n`)));

/**
 * A checkpoint that one of these keys has signed.
 * @param {string} text  @param {Awaited<ReturnType<typeof readKey>>[]} keys
 * @returns {Promise<{origin: string, size: number, root: Uint8Array, signer: string}>}
 */
export async function readCheckpoint(text, keys) {
  const cut = text.lastIndexOf("\n\n");
  require(cut > 0, "the checkpoint is no signed note");
  const [body, signatures] = [text.slice(0, cut + 1), text.slice(cut + 2).split("\n").filter(Boolean)];
  const [origin, size, root] = body.split("\n");
  require(/^[0-9]+$/.test(size ?? "") && Boolean(root), "the checkpoint is not written as one");
  for (const line of signatures) {
    const [, name, said] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? [];
    const held = said ? bytes(said, "a signature") : new Uint8Array();
    const key = keys.find((one) => one.algorithm === 1 && one.name === name && one.id === hex(held.slice(0, 4)));
    if (!key) continue;
    require(await signedBy(key.key, held.slice(4), utf8(body)), `the checkpoint bears a signature of ${key.name} that is not its own`);
    return { origin, size: Number(size), root: bytes(root, "the root"), signer: key.line };
  }
  throw new Refused("no key that is pinned here has signed the checkpoint");
}

async function signedBy(raw, signature, text) {
  const key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, key, signature, text);
}

/**
 * A receipt (C2SP tlog-proof) of the event at a position: checked to the root of its checkpoint.
 * @param {string} text  @param {number} position  @param {Awaited<ReturnType<typeof readKey>>[]} keys
 */
export async function checkReceipt(text, position, keys) {
  const cut = text.indexOf("\n\n");
  const [first, ...lines] = text.slice(0, cut).split("\n");
  require(first === "c2sp.org/tlog-proof@v1", "the receipt is not written as one");
  const extra = lines.find((one) => one.startsWith("extra "));
  const index = Number(lines.find((one) => one.startsWith("index "))?.slice(6));
  require(index === position - 1, `the receipt is of another event than that at ${position}`);
  const leaf = bytes(extra?.slice(6) ?? "", "the leaf");
  const proof = lines.filter((one) => !/^(extra|index) /.test(one)).map((one) => bytes(one, "a hash"));
  const checkpoint = await readCheckpoint(text.slice(cut + 2), keys);
  const hash = await leafHash(leaf);
  const root = await rootFrom(index, checkpoint.size, hash, proof);
  require(same(root, checkpoint.root), `the event at ${position} leads to another root than the signed one`);
  return { leaf: JSON.parse(new TextDecoder().decode(leaf)), hash, checkpoint };
}
