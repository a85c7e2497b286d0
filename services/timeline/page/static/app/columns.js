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

/** The rectangles of a place that changed since the columns were fetched: moments themselves, and the numbers of answers. */
class Own {
  /** @param {Facet} facet  @param {Float64Array} times  @param {number} place  @param {(answer: number) => number} numbered */
  constructor(facet, times, place, numbered) {
    const [first, last] = [facet.offsets[place], facet.offsets[place + 1]];
    const moments = (/** @type {Uint32Array} */ column) => Float64Array.from(column.subarray(first, last), (one) => times[one]);
    this.from = moments(facet.valid_from);
    this.until = moments(facet.valid_until);
    this.knownFrom = moments(facet.known_from);
    this.knownUntil = moments(facet.known_until);
    this.number = Uint32Array.from(facet.answer.subarray(first, last), numbered);
  }

  /** @param {number} at  @param {number} known */
  pick(at, known) {
    for (let row = 0; row < this.number.length; row += 1)
      if (this.from[row] <= at && at < this.until[row] && this.knownFrom[row] <= known && known < this.knownUntil[row]) return this.number[row];
    return 0;
  }
}

export class Beliefs {
  /** By what may be asked for the changes since these were told. @type {string | null} */
  mark = null;

  /** What changed since, by the number of the place. @type {Map<number, Record<'control' | 'access', Own>>} */
  #changed = new Map();

  /** The number of each answer by its words, made where changes come. @type {Map<string, number> | null} */
  #numbers = null;

  /** @type {{from: number, until: number, earliest: number, known: number} | null | undefined} */
  #extent;

  #held = new Uint8Array(0);

  /** @param {any} header  @param {Record<string, any>} columns */
  constructor(header, columns) {
    this.header = header;
    /** @type {Float64Array} sorted moments */
    this.times = columns.times;
    /** @type {Answer[]} what is said of places; 0 is that nobody says anything */
    this.answers = [{ mode: "unknown", holders: [], challengers: [], standing: null, pending: [] }, ...header.answers.map(answer)];
    /** @type {Record<'control' | 'access', Facet>} */
    this.facets = { control: facet("control", columns), access: facet("access", columns) };
    /** How many places there are. */
    this.count = this.facets.control.offsets.length - 1;
  }

  /** For each answer 1, or 0 where it is that nobody is known to hold the place. */
  get held() {
    if (this.#held.length < this.answers.length) this.#held = Uint8Array.from(this.answers, (one) => Number(one.mode !== "unknown"));
    return this.#held;
  }

  /** How many places lie beside the columns, since they changed. */
  get beside() {
    return this.#changed.size;
  }

  /** The last moment at or before a time, as a number of the column of times; -1 before all. @param {number} millis */
  before(millis) {
    return upTo(this.times, millis) - 1;
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
    for (const [place, own] of this.#changed) into[place] = own[of].pick(at, known);
  }

  /** The rectangles of one place. @param {'control' | 'access'} of  @param {number} place */
  rectangles(of, place) {
    const own = this.#changed.get(place)?.[of] ?? (place < this.facets[of].offsets.length - 1 ? new Own(this.facets[of], this.times, place, (one) => one + 1) : null);
    return Array.from(own?.number ?? [], (number, row) => ({
      from: own.from[row], until: own.until[row], knownFrom: own.knownFrom[row], knownUntil: own.knownUntil[row], number, answer: this.answers[number],
    }));
  }

  /**
   * Lay what changed over the columns, place by place; nothing of them is copied.
   * @param {Beliefs} changes  of some places alone  @param {number[]} places  the number of each of them here
   */
  lay(changes, places) {
    this.#numbers ??= new Map(this.answers.map((one, number) => [JSON.stringify(one), number]));
    const renumbered = changes.answers.slice(1).map((one) => this.#numbered(one));
    places.forEach((number, place) => {
      const own = (/** @type {'control' | 'access'} */ of) => new Own(changes.facets[of], changes.times, place, (one) => renumbered[one]);
      const both = { control: own("control"), access: own("access") };
      this.#changed.set(number, both);
      this.count = Math.max(this.count, number + 1);
      if (this.#extent !== undefined) this.#extent = stretched(this.#extent, both.control);
    });
    this.header = { ...this.header, known_position: changes.header.known_position, known_at: changes.header.known_at };
    this.mark = changes.mark;
  }

  /** @param {Answer} one */
  #numbered(one) {
    const words = JSON.stringify(one);
    const found = this.#numbers?.get(words);
    if (found !== undefined) return found;
    this.#numbers?.set(words, this.answers.length);
    return this.answers.push(one) - 1;
  }

  /** The next moment at which anything changes anywhere, or the one before. @param {number} at  @param {1 | -1} direction */
  next(at, direction) {
    const here = direction > 0 ? upTo(this.times, at) : upTo(this.times, at, true) - 1;
    let found = this.times[here] ?? direction * Infinity;
    for (const { control, access } of this.#changed.values())
      for (const own of [control, access])
        for (const column of [own.from, own.until, own.knownFrom, own.knownUntil])
          for (const one of column) if (direction * (one - at) > 0 && direction * (found - one) > 0) found = one;
    return Number.isFinite(found) ? found : null;
  }

  /**
   * From when to when things are told of. Some claims reach back for years before the record: what begins earlier than
   * nearly all others does not stretch the scale.
   * @returns {[number, number] | null}
   */
  extent() {
    const found = this.#reach();
    return found && [found.from, found.until];
  }

  /** When the earliest claim begins to hold, which may be long before the record. @returns {number | null} */
  earliest() {
    return this.#reach()?.earliest ?? null;
  }

  /** When it was first known of any place who holds it. @returns {number | null} */
  begun() {
    return this.#reach()?.known ?? null;
  }

  #reach() {
    if (this.#extent === undefined) {
      this.#extent = reach(this);
      for (const { control } of this.#changed.values()) this.#extent = stretched(this.#extent, control);
    }
    return this.#extent;
  }
}

/** How many of some sorted numbers are at most as large as another (or smaller). */
function upTo(sorted, millis, below = false) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (below ? sorted[middle] < millis : sorted[middle] <= millis) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Counted, not sorted: the moments are in order already. @param {Beliefs} beliefs */
function reach({ facets, times, header }) {
  const { valid_from, known_from } = facets.control;
  const [valid, known] = [counted(valid_from, times.length), counted(known_from, times.length)];
  const finite = (/** @type {number} */ number) => Number.isFinite(times[number]);
  const last = Math.max(...[valid, known].map((counts) => times[counts.findLastIndex((count) => count > 0)] ?? -Infinity).filter(Number.isFinite));
  if (!Number.isFinite(last)) return null;
  const early = times[quantile(valid, valid_from.length * 0.03)];
  const begun = times[known.findIndex((count, number) => count > 0 && finite(number))] ?? early;
  const first = header.clock === "reported" ? begun : early;
  const earliest = times[valid.findIndex((count, number) => count > 0 && finite(number))] ?? first;
  const from = Number.isFinite(early) ? Math.max(early, first - 7 * 86_400_000) : first;
  return { from, until: last, earliest: Math.min(earliest, from), known: begun };
}

/** @param {Uint32Array} numbers  @param {number} length */
function counted(numbers, length) {
  const counts = new Uint32Array(length);
  for (let row = 0; row < numbers.length; row += 1) counts[numbers[row]] += 1;
  return counts;
}

/** The number that stands in a place when all are sorted. */
function quantile(counts, place) {
  let sum = 0;
  return counts.findIndex((count) => (sum += count) > Math.floor(place));
}

/** A reach with what a place has beside it. @param {Own} own */
function stretched(found, own) {
  const finite = [...own.from, ...own.knownFrom].filter(Number.isFinite);
  if (!finite.length) return found;
  const [low, high] = [Math.min(...own.from, Infinity), Math.max(...finite)];
  const known = Math.min(...own.knownFrom.filter(Number.isFinite));
  if (!found) return { from: Math.min(...finite), until: high, earliest: Math.min(...finite), known };
  const earliest = Number.isFinite(low) ? Math.min(found.earliest, low) : found.earliest;
  return { from: found.from, until: Math.max(found.until, high), earliest, known: Math.min(found.known, known) };
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
