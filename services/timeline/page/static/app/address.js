/**
 * The one state of the page, and the address that keeps it (pure): what `page/state.py` says on the server.
 *
 * @typedef {'then' | 'today' | 'free'} Follow
 * @typedef {{zoom: number, lat: number, lon: number}} Camera
 * @typedef {object} State
 * @property {string | null} place  the chosen place
 * @property {string | null} development  the development whose trail the audit page shows; null for the status of the place
 * @property {number | null} at  the moment in the world, in milliseconds; null for now
 * @property {number | null} known  as known by then, where `follow` is free; null for now
 * @property {Follow} follow  how the known time moves
 * @property {string} view  a view's name or id
 * @property {number | null} position  the log position that pins a shared link
 * @property {Camera | null} camera
 * @property {'map' | 'table' | 'audit' | 'desk'} as
 * @property {string | null} compare  a moment, or another view, that the state is laid beside
 * @property {string} filter  what the table is narrowed to
 * @property {string} sort  the column by which the table is sorted, led by `-` where backwards; empty for the name
 */

/** @type {State} */
const NOTHING = {
  place: null, development: null, at: null, known: null, follow: "then", view: "current", position: null, camera: null, as: "map", compare: null, filter: "", sort: "",
};

/** @param {URLSearchParams} query  @returns {State} */
export function read(query) {
  const follow = query.get("follow");
  const position = query.get("position");
  return {
    ...NOTHING,
    place: query.get("place") || null,
    development: query.get("development") || null,
    at: moment(query.get("at")),
    known: moment(query.get("known")),
    follow: follow === "today" || follow === "free" ? follow : "then",
    view: query.get("view") || NOTHING.view,
    position: position && /^[0-9]{1,15}$/.test(position) ? Number(position) : null,
    camera: camera(query.get("map")),
    as: ["table", "audit", "desk"].includes(query.get("as") ?? "") ? query.get("as") : "map",
    compare: query.get("compare") || null,
    filter: query.get("filter") || "",
    sort: query.get("sort") || "",
  };
}

/** What follows `?` in the address of a state. @param {State} state */
export function write(state) {
  const parts = [];
  const add = (name, value) => parts.push(`${name}=${encodeURIComponent(value).replaceAll("%3A", ":").replaceAll("%2F", "/")}`);
  if (state.place) add("place", state.place);
  if (state.development) add("development", state.development);
  if (state.at !== null) add("at", stamp(state.at));
  if (state.follow === "free" && state.known !== null) add("known", stamp(state.known));
  add("follow", state.follow);
  add("view", state.view);
  if (state.position !== null) add("position", state.position);
  if (state.as !== "map") add("as", state.as);
  if (state.compare) add("compare", state.compare);
  if (state.filter) add("filter", state.filter);
  if (state.sort) add("sort", state.sort);
  if (state.camera) add("map", [state.camera.zoom.toFixed(2), state.camera.lat.toFixed(4), state.camera.lon.toFixed(4)].join("/"));
  return parts.join("&");
}

/** The known time that the switch makes of both, null for all that is known today. @param {State} state */
export function knownAt(state) {
  return { then: state.at, today: null, free: state.known }[state.follow];
}

/** A moment as addresses write it: to the second, without what is zero anyway. @param {number} millis */
export function stamp(millis) {
  return new Date(millis).toISOString().replace(/\.000Z$/, "Z");
}

/** @param {string | null} said */
function moment(said) {
  if (!said || !/(Z|[+ -]\d\d:\d\d)$/.test(said)) return null;
  const found = Date.parse(said.replace(/ (\d\d:\d\d)$/, "+$1"));
  return Number.isNaN(found) ? null : found;
}

/** @param {string | null} said  @returns {Camera | null} */
function camera(said) {
  const [zoom, lat, lon] = (said ?? "").split("/").map(Number);
  const good = zoom >= 0 && zoom <= 24 && Math.abs(lat) <= 85 && Math.abs(lon) <= 180;
  return good ? { zoom, lat, lon } : null;
}
