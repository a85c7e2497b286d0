/** All marks as one layer of the map: places are sent once, and a step sends four bytes a place. */

import { ACCESS, mark, SHAPES } from "./marks.js";
import { colourNumber, parts, rgb, themed } from "./colours.js";
import { CROWD_FRAGMENT, CROWD_VERTEX, FRAGMENT, VERTEX } from "./shader.js";
import { world } from "./world.js";

const NONE = 15;

/** From so many marks in view on they are drawn as a crowd. */
const CROWD = 2500;

/** Mercator coordinates of a place, 0 to 1. @param {number} lon  @param {number} lat */
export function mercator(lon, lat) {
  return [(lon + 180) / 360, (180 - (180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360))) / 360];
}

/** The radius of a mark at a zoom, in pixels of the page. @param {number} zoom */
export const radiusAt = (zoom) => Math.min(11, Math.max(3, 3.4 + (zoom - 3.5) * 1.35));

export class MarkLayer {
  id = "marks";
  type = /** @type {const} */ ("custom");
  renderingMode = /** @type {const} */ ("2d");
  /** @type {Uint8Array} four bytes a place, as the shader reads them */
  looks = new Uint8Array(0);
  /** @type {Float64Array} mercator coordinates, two a place; NaN where a place has no geometry */
  at = new Float64Array(0);
  chosen = -1;
  /** Where two states are compared, the places that differ: the others are small dots. @type {Set<number> | null} */
  only = null;
  /** Where the map is narrowed, 1 for each place that is left; the chosen one stays. @type {Uint8Array | null} */
  left = null;
  /** The radius of a mark now, in pixels of the page: what the zoom gives, less where marks crowd. */
  radius = 3;
  crowded = false;
  /** How many places the map shows, known or not. */
  inView = 0;

  /** What an answer looks like: its four bytes as one number, made once for each. */
  #made = new Uint32Array(0);
  /** The same for each corner. */
  #sent = new Uint32Array(0);
  #placed = true;
  #dirty = true;
  /** Programs that are being built. @type {WebGLProgram[] | null} */
  building = null;

  /** Take in the places of a world. */
  place() {
    const { lon, lat, ids } = world.places;
    this.at = new Float64Array(ids.length * 2).fill(NaN);
    ids.forEach((_, number) => {
      if (lon[number] !== null) this.at.set(mercator(lon[number], lat[number]), number * 2);
    });
    this.looks = new Uint8Array(ids.length * 4);
    this.#made = new Uint32Array(0);
    this.#placed = true;
    this.look();
  }

  /** Take in where the map stands: how many marks share it. */
  crowd() {
    const bounds = this.map.getBounds();
    const [west, north] = mercator(bounds.getWest(), Math.min(85, bounds.getNorth()));
    const [east, south] = mercator(bounds.getEast(), Math.max(-85, bounds.getSouth()));
    let [marks, places] = [0, 0];
    for (let number = 0; number < this.at.length / 2; number += 1) {
      const x = this.at[number * 2], y = this.at[number * 2 + 1];
      if (x < west || x > east || y < north || y > south || x !== x) continue;
      places += 1;
      if (world.shown.control[number]) marks += 1;
    }
    this.inView = places;
    const { clientWidth, clientHeight } = this.map.getCanvas();
    const room = Math.sqrt((clientWidth * clientHeight) / Math.max(1, marks)) * 0.3;
    this.crowded = marks > CROWD;
    this.radius = this.crowded ? Math.min(4.5, Math.max(1.6, room)) : Math.min(radiusAt(this.map.getZoom()), Math.max(3, room));
  }

  /** Take in what the places show. */
  look() {
    const { control, access } = world.shown;
    const answers = world.beliefs?.answers ?? [];
    if (this.#made.length < answers.length) this.#made = Uint32Array.from(answers, (one, number) => this.#made[number] ?? new Uint32Array(bytes(one).buffer)[0]);
    const each = new Uint32Array(this.looks.buffer);
    for (let number = 0; number < control.length; number += 1) {
      each[number] = this.#made[control[number]];
      if (access[number]) this.looks[number * 4 + 3] |= ACCESS[answers[access[number]].mode] ?? 0;
    }
    if (this.only) for (let number = 0; number < control.length; number += 1) if (!this.only.has(number)) this.looks.fill(0, number * 4, number * 4 + 4);
    if (this.left) for (let number = 0; number < control.length; number += 1) if (this.isHidden(number)) each[number] = SHAPES.hidden;
    if (this.chosen >= 0) this.looks[this.chosen * 4 + 3] |= 16;
    this.#dirty = true;
  }

  /** Whether the filter hides a place. @param {number} number */
  isHidden(number) {
    return this.left !== null && !this.left[number] && number !== this.chosen;
  }

  /** Let the programs be built meanwhile: a browser that is asked for them too early makes the page wait. @param {WebGL2RenderingContext} gl */
  prepare(gl) {
    this.building = SOURCES.map(([vertex, fragment]) => linked(gl, vertex, fragment));
  }

  /** @param {any} _map  @param {WebGL2RenderingContext} gl */
  onAdd(_map, gl) {
    if (!this.building) this.prepare(gl);
    this.programs = (this.building ?? []).map((one) => checked(gl, one));
    this.building = null;
    this.array = gl.createVertexArray();
    this.buffers = [gl.createBuffer(), gl.createBuffer(), gl.createBuffer()];
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffers[0]);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[1]);
    gl.enableVertexAttribArray(1);
    gl.vertexAttribPointer(1, 4, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[2]);
    gl.enableVertexAttribArray(2);
    gl.vertexAttribIPointer(2, 4, gl.UNSIGNED_BYTE, 0, 0);
    gl.bindVertexArray(null);
    this.#placed = this.#dirty = true;
    this.themed();
  }

  /** Take in the colours of the theme. */
  themed() {
    this.colours = parts();
    this.theme = Object.fromEntries(["ink", "paper", "quiet"].map((name) => [name, rgb(themed(`--${name}`))]));
  }

  /** @param {WebGL2RenderingContext} gl  @param {any} given */
  render(gl, given) {
    if (!this.looks.length) return;
    gl.bindVertexArray(this.array ?? null);
    this.#send(gl);
    const ratio = devicePixelRatio;
    const { matrix, middle } = around(this.map);
    const { program, where } = this.programs[this.crowded ? 1 : 0];
    gl.useProgram(program);
    gl.uniformMatrix4fv(where.matrix, false, matrix(given.defaultProjectionData.mainMatrix));
    gl.uniform4f(where.middle, ...middle);
    gl.uniform2f(where.view, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.uniform1f(where.radius, this.radius);
    gl.uniform1f(where.ratio, ratio);
    gl.uniform3fv(where.colours, this.colours);
    for (const name of ["ink", "paper", "quiet"]) gl.uniform3fv(where[name], this.theme[name]);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    // What nobody knows lies under what somebody holds, and the chosen place above both; a crowd is drawn in one turn.
    for (const turn of this.crowded ? [1] : [0, 1]) {
      gl.uniform1i(where.turn, turn);
      gl.drawElements(gl.TRIANGLES, (this.looks.length / 4) * 6, gl.UNSIGNED_INT, 0);
    }
    if (this.chosen >= 0) {
      gl.uniform1i(where.turn, 2);
      gl.drawElements(gl.TRIANGLES, 6, gl.UNSIGNED_INT, this.chosen * 24);
    }
    gl.bindVertexArray(null);
  }

  /** Four corners a place, not an instance: drawing software takes instances one by one. @param {WebGL2RenderingContext} gl */
  #send(gl) {
    if (!this.#placed && !this.#dirty) return;
    const count = this.looks.length / 4;
    if (this.#sent.length !== count * 4) this.#sent = new Uint32Array(count * 4);
    const [looks, each] = [this.#sent, new Uint32Array(this.looks.buffer)];
    for (let number = 0, at = 0; number < count; number += 1, at += 4) looks[at] = looks[at + 1] = looks[at + 2] = looks[at + 3] = each[number];
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[2]);
    if (this.#placed) {
      gl.bufferData(gl.ARRAY_BUFFER, looks, gl.DYNAMIC_DRAW);
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[1]);
      gl.bufferData(gl.ARRAY_BUFFER, corners(this.at), gl.STATIC_DRAW);
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, triangles(count), gl.STATIC_DRAW);
    } else gl.bufferSubData(gl.ARRAY_BUFFER, 0, looks);
    this.#placed = this.#dirty = false;
  }
}

/** Where the four corners of each place are: mercator in high and low parts; a place without geometry is off the map. */
function corners(at) {
  const split = new Float32Array(at.length * 8);
  for (let number = 0, to = 0; number < at.length; number += 2) {
    const x = at[number] === at[number] ? at[number] : 9, y = at[number] === at[number] ? at[number + 1] : 9;
    const left = x - Math.fround(x), top = y - Math.fround(y);
    for (let corner = 0; corner < 4; corner += 1) {
      split[to++] = x;
      split[to++] = y;
      split[to++] = left;
      split[to++] = top;
    }
  }
  return split;
}

/** Two triangles a place. @param {number} count */
function triangles(count) {
  const found = new Uint32Array(count * 6);
  for (let number = 0, to = 0; number < count * 4; number += 4)
    for (const corner of CORNERS) found[to++] = number + corner;
  return found;
}

const CORNERS = [0, 1, 2, 2, 1, 3];

/** The middle of the map in two parts, and the matrix as seen from there. */
function around(map) {
  const { lng, lat } = map.getCenter();
  const [x, y] = mercator(lng, lat);
  const moved = (/** @type {ArrayLike<number>} */ m) => {
    const from = Array.from(m);
    for (let row = 0; row < 4; row += 1) from[12 + row] = m[row] * x + m[4 + row] * y + m[12 + row];
    return new Float32Array(from);
  };
  return { matrix: moved, middle: [Math.fround(x), Math.fround(y), x - Math.fround(x), y - Math.fround(y)] };
}

/** @param {import("./words.js").Answer} answer */
function bytes(answer) {
  const { shape, fills, around: by, pending, dotted } = mark(answer);
  const number = (actor) => (actor === undefined || actor === null ? NONE : colourNumber(actor));
  const ring = pending === null ? 0 : colourNumber(pending);
  return new Uint8Array([
    shape | ((pending === null ? 0 : dotted ? 2 : 1) << 4),
    number(fills[0]) | (number(fills[1]) << 4),
    number(fills[2]) | (number(by) << 4),
    ((ring & 7) << 5) | ((ring >> 3) << 2),
  ]);
}

/** Marks by themselves, and in a crowd. */
const SOURCES = [[VERTEX, FRAGMENT], [CROWD_VERTEX, CROWD_FRAGMENT]];

/** A program, being built. @param {WebGL2RenderingContext} gl */
function linked(gl, vertex, fragment) {
  const program = /** @type {WebGLProgram} */ (gl.createProgram());
  for (const [type, source] of /** @type {const} */ ([[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(type));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return program;
}

/** The same once it is built, with where its values go. @param {WebGL2RenderingContext} gl  @param {WebGLProgram} program */
function checked(gl, program) {
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "the marks do not link");
  const names = ["matrix", "middle", "view", "radius", "ratio", "turn", "colours", "ink", "paper", "quiet"];
  return { program, where: Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)])) };
}
