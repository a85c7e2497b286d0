/**
 * The belief maps of all places, as columns of numbers: asked at any moment of both axes without a request.
 * The bytes are told in `page/columns.py`.
 *
 * @typedef {import("./words.js").Answer} Answer
 * @typedef {{offsets: Uint32Array, valid_from: Uint32Array, valid_until: Uint32Array, known_from: Uint32Array,
 *            known_until: Uint32Array, answer: Uint32Array}} Facet
 */

const ARRAYS = { uint32: Uint32Array, float64: Float64Array };

/** @param {ArrayBuffer} data */
export function decode(data) {
  const begin = new DataView(data);
  if (begin.getUint32(0, false) !== 0x544c4231) throw new Error("not the columns of this page");
  const length = begin.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 8, length)));
  let at = 8 * Math.ceil((8 + length) / 8);
  /** @type {Record<string, any>} */
  const found = {};
  for (const [name, type, count] of header.columns) {
    const kind = ARRAYS[type];
    found[name] = at % kind.BYTES_PER_ELEMENT ? new kind(data.slice(at, at + count * kind.BYTES_PER_ELEMENT)) : new kind(data, at, count);
    at += count * kind.BYTES_PER_ELEMENT;
  }
  return new Beliefs(header, found);
}

export class Beliefs {
  /** @param {any} header  @param {Record<string, any>} columns */
  constructor(header, columns) {
    this.header = header;
    /** @type {Float64Array} sorted moments */
    this.times = columns.times;
    /** @type {Answer[]} what is said of places; 0 is that nobody says anything */
    this.answers = [{ mode: "unknown", holders: [], challengers: [], standing: null, pending: [] }, ...header.answers.map(answer)];
    /** @type {Record<'control' | 'access', Facet>} */
    this.facets = { control: facet("control", columns), access: facet("access", columns) };
  }

  /** The last moment at or before a time, as a number of the column of times; -1 before all. @param {number} millis */
  before(millis) {
    let [low, high] = [0, this.times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] <= millis) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /**
   * What every place shows: the number of its answer.
   * @param {'control' | 'access'} of  @param {number} at  @param {number} known  @param {Uint32Array} into
   */
  pick(of, at, known, into) {
    const { offsets, valid_from, valid_until, known_from, known_until, answer } = this.facets[of];
    const [a, k] = [this.before(at), this.before(known)];
    const places = offsets.length - 1;
    for (let place = 0, row = 0; place < places; place += 1) {
      const end = offsets[place + 1];
      let found = 0;
      for (; row < end; row += 1) {
        if (valid_from[row] <= a && a < valid_until[row] && known_from[row] <= k && k < known_until[row]) {
          found = answer[row] + 1;
          break;
        }
      }
      into[place] = found;
      row = end;
    }
  }

  /** The rectangles of one place. @param {'control' | 'access'} of  @param {number} place */
  rectangles(of, place) {
    const { offsets, valid_from, valid_until, known_from, known_until, answer } = this.facets[of];
    const rows = [];
    for (let row = offsets[place]; row < offsets[place + 1]; row += 1) {
      rows.push({
        from: this.times[valid_from[row]], until: this.times[valid_until[row]],
        knownFrom: this.times[known_from[row]], knownUntil: this.times[known_until[row]],
        number: answer[row] + 1, answer: this.answers[answer[row] + 1],
      });
    }
    return rows;
  }

  /**
   * From when to when things are told of. Some claims reach back for years before the record: what begins earlier than
   * nearly all others does not stretch the scale.
   * @returns {[number, number] | null}
   */
  extent() {
    this.#extent ??= extentOf(this);
    return this.#extent;
  }

  /** @type {[number, number] | null | undefined} */
  #extent;
}

/** @param {Beliefs} beliefs  @returns {[number, number] | null} */
function extentOf({ facets, times, header }) {
  const { valid_from, known_from } = facets.control;
  const begins = valid_from.slice().sort();
  const known = known_from.slice().sort();
  const finite = [...[begins, known].map((one) => one[one.length - 1])].filter((one) => Number.isFinite(times[one]));
  if (!finite.length) return null;
  const early = times[begins[Math.floor(begins.length * 0.03)]];
  const first = header.clock === "reported" ? times[known.find((one) => Number.isFinite(times[one])) ?? 0] : early;
  const from = Number.isFinite(early) ? Math.max(early, first - 7 * 86_400_000) : first;
  return [from, Math.max(...finite.map((one) => times[one]))];
}

/** @returns {Facet} */
function facet(name, columns) {
  const names = ["offsets", "valid_from", "valid_until", "known_from", "known_until", "answer"];
  return /** @type {Facet} */ (Object.fromEntries(names.map((one) => [one, columns[`${name}.${one}`]])));
}

/** @returns {Answer} */
function answer([mode, holders, challengers, standing, pending]) {
  const groups = pending.map(([mode, holders, challengers, standing]) => ({ mode, holders, challengers, standing }));
  return { mode, holders, challengers, standing, pending: groups };
}
