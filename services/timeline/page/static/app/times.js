/** How times are told: those of the place's zone first, UTC beside. */

import { filled, texts } from "./words.js";
import { knownAt } from "./address.js";

const zone = document.documentElement.dataset.zone || "UTC";
const zoneName = zone.slice(zone.lastIndexOf("/") + 1).replaceAll("_", " ");

const fields = new Intl.DateTimeFormat("en-GB", {
  timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit",
});

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** The year, month (from 0), day, and clock of a moment in the place's zone. @param {number} millis */
function local(millis) {
  const found = Object.fromEntries(fields.formatToParts(millis).map((part) => [part.type, part.value]));
  return { day: dayWords(+found.day, +found.month - 1, +found.year), clock: `${found.hour}:${found.minute}` };
}

/** @param {number} millis */
function universal(millis) {
  const when = new Date(millis);
  return { day: dayWords(when.getUTCDate(), when.getUTCMonth(), when.getUTCFullYear()), clock: when.toISOString().slice(11, 16) };
}

const dayWords = (day, month, year) => `${day} ${texts.months[month]} ${year}`;

/** A moment, as `2 Dec 2024, 18:00 Damascus (15:00 UTC)`. @param {number} millis */
export function tell(millis) {
  const there = universal(millis);
  if (zone === "UTC") return filled(texts.when.utc, { utc: `${there.day}, ${there.clock}` });
  const here = local(millis);
  const utc = here.day === there.day ? there.clock : `${there.day}, ${there.clock}`;
  return filled(texts.when.local, { local: `${here.day}, ${here.clock}`, zone: zoneName, utc });
}

/** The same in few characters, in the place's zone. @param {number} millis */
export function brief(millis) {
  const here = zone === "UTC" ? universal(millis) : local(millis);
  return `${here.day.replace(/ \d+$/, "")}, ${here.clock}`;
}

/** Both times as the beginning of a sentence. @param {import("./address.js").State} state  @param {string} clock */
export function when(state, clock) {
  const follow = state.at === null && state.follow === "then" ? "today" : state.follow;
  const known = filled(texts.when[clock][follow], { known: tell(knownAt(state) ?? Date.now()) });
  return `${state.at === null ? texts.when.now : tell(state.at)}, ${known}`;
}

/** How long a time is, roughly. @param {number} millis */
export function age(millis) {
  const minutes = Math.round(millis / 60_000);
  if (minutes < 1) return texts.age.same;
  if (minutes < 120) return filled(texts.age.minutes, { n: minutes });
  if (minutes < 2 * 24 * 60) return filled(texts.age.hours, { n: Math.floor(minutes / 60) });
  return filled(texts.age.days, { n: Math.floor(minutes / (24 * 60)) });
}

/** The begin of a day in the place's zone, at or before a moment. @param {number} millis */
export function midnight(millis) {
  if (zone === "UTC") return millis - (((millis % DAY) + DAY) % DAY);
  const [hours, minutes] = local(millis).clock.split(":").map(Number);
  return Math.floor((millis - hours * HOUR - minutes * 60_000) / 60_000) * 60_000;
}

/** A date in few characters. @param {number} millis */
export const shortDay = (millis) => (zone === "UTC" ? universal(millis) : local(millis)).day.replace(/ \d+$/, "");

/** A day as it is told beside a scale: of one that spans years, the year. @param {number} millis  @param {number} span */
export const dayOf = (millis, span) => (span > 2 * 365 * DAY ? `${new Date(millis).getUTCFullYear()}` : (zone === "UTC" ? universal(millis) : local(millis)).day);
