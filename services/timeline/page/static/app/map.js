/** The map: basemap, areas, marks and names, drawn from the state; choosing a place there. */

import * as maplibre from "../vendor/maplibre-gl.mjs";
import { unpacked, style } from "./basemap.js";
import { breath } from "./breath.js";
import { calm } from "./calm.js";
import { colour, forgetTheme, themed } from "./colours.js";
import { h } from "./elements.js";
import { atLeisure } from "./graphics.js";
import { drawLabels, pixelsOf } from "./labels.js";
import { MarkLayer } from "./marklayer.js";
import { left } from "./names.js";
import { fetchBasemap, operator } from "./operator.js";
import { differing } from "./other.js";
import { set, state } from "./store.js";
import { answerOf, numberOf, world } from "./world.js";
import { texts } from "./words.js";

export class Chart {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.layer = new MarkLayer();
    this.hovered = -1;
    this.labels = /** @type {HTMLCanvasElement} */ (h("canvas.labels", { "aria-hidden": "true" }));
    this.tip = h("div.tip", { hidden: true });
    /** What the places that differ show in the other state, where two are compared. @type {Map<number, import("./words.js").Answer> | null} */
    this.others = null;
    this.credit = `${operator.credit ?? texts.legend.credit}.`;
    /** @type {string[]} what each area shows, so that only those that change are told */
    this.painted = [];
  }

  /**
   * Draw it for the first time.
   * @param {boolean} [framed]  in another's page, whose reader scrolls past it
   * @returns {Promise<boolean>} whether this browser draws WebGL at all
   */
  async open(framed = false) {
    const atlas = await fetchBasemap();
    await breath();
    this.base = unpacked(atlas);
    await breath();
    const whole = style(this.base, shapes());
    maplibre.setWorkerUrl(new URL("../vendor/maplibre-gl-worker.mjs", import.meta.url).href);
    await atLeisure();
    this.map = begun({
      container: this.box, style: { ...whole, sources: {}, layers: whole.layers.slice(0, 1) }, ...this.#camera(), maxZoom: 16, minZoom: 1, attributionControl: false,
      renderWorldCopies: false, dragRotate: false, pitchWithRotate: false, touchPitch: false, maxPitch: 0, fadeDuration: 0,
      cooperativeGestures: framed,
    });
    if (!this.map) return false;
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-left");
    this.layer.map = this.map;
    this.box.append(this.labels, this.tip);
    this.map.on("render", () => drawLabels(this.labels, this.map, this.layer, this.hovered, this.others));
    this.map.on("move", () => this.layer.crowd());
    this.map.on("moveend", () => this.#keepCamera());
    this.map.on("mousemove", (event) => this.#hover(event.point));
    this.map.on("mouseout", () => this.#hover(null));
    this.map.on("click", (event) => this.#choose(event.point));
    await new Promise((done) => this.map.once("load", done));
    await this.#build(whole);
    return true;
  }

  /** In parts: each source is copied to a worker, and each layer lets the graphics build a program for which the page has to wait. */
  async #build({ sources, layers }) {
    const { gl } = this.map.painter.context;
    this.layer.prepare(gl);
    for (const [name, source] of Object.entries(sources)) {
      await breath();
      this.map.addSource(name, source);
    }
    for (const one of [NOTHING, ...layers.slice(1)]) {
      await atLeisure();
      this.map.addLayer(one);
      await new Promise((done) => this.map.once("idle", done)); // its program is built when its first tile is drawn
    }
    await atLeisure();
    this.map.removeLayer(NOTHING.id);
    this.map.addLayer(this.layer);
    await breath();
    this.place();
    await new Promise((done) => this.map.once("render", done));
  }

  /** Take in new places. */
  place() {
    this.layer.chosen = numberOf(state.place);
    this.layer.place();
    this.painted = [];
    if (this.map) this.layer.crowd();
    this.map?.getSource("shapes")?.setData(shapes());
    this.look();
  }

  /** Take in what the places show now. */
  look() {
    if (!this.map) return;
    this.layer.chosen = numberOf(state.place);
    this.others = state.compare ? new Map(differing().map((one) => [one.number, one.two])) : null;
    this.layer.only = this.others ? new Set(this.others.keys()) : null;
    this.layer.left = left();
    this.layer.look();
    this.#paintAreas();
    this.map.triggerRepaint();
  }

  /** Take in the colours of the theme in this very turn, for paper; areas follow when their tiles are made anew. */
  recolour() {
    forgetTheme();
    if (!this.map) return;
    for (const { id, paint } of style(this.base, shapes()).layers)
      for (const [name, value] of Object.entries(paint)) if (typeof value === "string") this.map.setPaintProperty(id, name, value);
    this.layer.themed();
    this.painted = [];
    this.look();
  }

  /** The theme has changed. */
  themed() {
    forgetTheme();
    if (!this.map) return;
    this.map.once("styledata", () => {
      if (!this.map.getLayer("marks")) this.map.addLayer(this.layer);
      this.layer.themed();
      this.painted = [];
      this.look();
    });
    this.map.setStyle(style(this.base, shapes()), { diff: false });
  }

  /** Bring a place into view. @param {number} number */
  show(number) {
    const { lon, lat } = world.places;
    if (!this.map || number < 0 || lon[number] === null) return;
    const inside = this.map.getBounds().contains([lon[number], lat[number]]);
    if (!inside) this.map.easeTo({ center: [lon[number], lat[number]], duration: calm() ? 0 : 500 });
  }

  /** Where a place is on the map, as parts of its width and height; null where it is not to be seen. @param {number} number */
  whereIs(number) {
    if (number < 0 || !this.map) return null;
    const { clientWidth, clientHeight } = this.map.getCanvas();
    const [x, y] = pixelsOf(this.map)(this.layer.at, number);
    const [across, down] = [x / clientWidth, y / clientHeight];
    return across > 0 && across < 1 && down > 0 && down < 1 ? [across, down] : null;
  }

  #camera() {
    const chosen = numberOf(state.place);
    if (this.box.clientHeight < 360 && chosen >= 0 && world.places.lon[chosen] !== null)
      return { center: [world.places.lon[chosen], world.places.lat[chosen]], zoom: (state.camera?.zoom ?? 8) - 0.6 };
    if (state.camera) return { center: [state.camera.lon, state.camera.lat], zoom: state.camera.zoom };
    const { lon, lat } = world.places;
    const held = lon.map((_, number) => number).filter((number) => lon[number] !== null);
    if (!held.length) return { center: [20, 25], zoom: 1.6 };
    const [west, east] = ends(held.map((number) => lon[number]));
    const [south, north] = ends(held.map((number) => lat[number]));
    return { bounds: [[west, south], [east, north]], fitBoundsOptions: { padding: 48, maxZoom: 9 } };
  }

  #keepCamera() {
    const { lng, lat } = this.map.getCenter();
    set({ camera: { zoom: this.map.getZoom(), lat, lon: lng } });
  }

  /** The place at a point of the map; the nearest whose mark is there, -1 for none. */
  #at({ x, y }, slack = 4) {
    const pixels = pixelsOf(this.map);
    const reach = this.layer.radius + slack;
    let [found, least] = [-1, reach * reach];
    for (let number = 0; number < this.layer.at.length / 2; number += 1) {
      if (this.layer.isHidden(number)) continue;
      const [px, py] = pixels(this.layer.at, number);
      const far = (px - x) ** 2 + (py - y) ** 2 - (world.shown.control[number] ? 9 : 0);
      if (far < least) [found, least] = [number, far];
    }
    return found;
  }

  #hover(point) {
    const number = point ? this.#at(point) : -1;
    if (number === this.hovered) return;
    this.hovered = number;
    this.map.getCanvas().style.cursor = number >= 0 ? "pointer" : "";
    this.map.triggerRepaint();
  }

  #choose(point) {
    const number = this.#at(point, matchMedia("(pointer: coarse)").matches ? 16 : 5);
    set({ place: number >= 0 ? world.places.ids[number] : null });
  }

  #paintAreas() {
    for (const key of Object.keys(world.places.shapes)) {
      const answer = this.layer.isHidden(+key) ? null : answerOf(+key);
      const holder = answer?.holders[0] ?? answer?.challengers[0];
      const [paint, chosen] = [holder ? colour(holder) : "", +key === this.layer.chosen];
      if (this.painted[+key] === paint + chosen) continue;
      this.painted[+key] = paint + chosen;
      this.map.setFeatureState({ source: "shapes", id: +key }, { colour: paint || themed("--quiet"), held: Boolean(paint), chosen });
    }
  }
}

/** Draws nothing: the first layer of tiles brings the program that cuts them to shape, which is to be built alone. */
const NOTHING = /** @type {const} */ ({ id: "nothing", type: "fill", source: "land", filter: false });

/** A map; null in a browser without WebGL, which is found out by trying: to ask for it beforehand costs as much as the map itself. */
function begun(options) {
  try {
    return new maplibre.Map(options);
  } catch (error) {
    if (document.createElement("canvas").getContext("webgl2")) throw error;
    return null;
  }
}

const ends = (numbers) => numbers.reduce(([low, high], one) => [Math.min(low, one), Math.max(high, one)], [Infinity, -Infinity]);

/** Places whose geometry is an area or a line, as GeoJSON. */
function shapes() {
  const features = Object.entries(world.places.shapes).map(([number, geometry]) => ({ type: "Feature", id: +number, properties: {}, geometry }));
  return { type: "FeatureCollection", features };
}
