/** The programs that draw marks: each a square whose fragments know how far they are from its middle. */

export const VERTEX = `#version 300 es
precision highp float;
layout(location = 1) in vec4 place;    // mercator, high and low parts: one float is too coarse for a street
layout(location = 2) in uvec4 look;    // nibbles: shape, pending; fills 1, 2; 3, around; access (2 bits), ring (its upper 2), chosen (1), ring (its lower 3)
uniform mat4 matrix;
uniform vec4 middle;
uniform vec2 view;
uniform float radius;
uniform float ratio;
uniform int turn;
out vec2 at;
flat out uvec4 of;
flat out float size;
void main() {
  vec2 corner = vec2((gl_VertexID & 1) == 0 ? -1.0 : 1.0, (gl_VertexID & 2) == 0 ? -1.0 : 1.0);
  uint shape = look.x & 15u;
  bool chosen = ((look.w >> 4u) & 1u) == 1u;
  bool plain = shape == 0u && (look.x >> 4u) == 0u && (look.w & 3u) == 0u;
  int mine = chosen ? 2 : plain ? 0 : 1;
  of = look;
  size = chosen ? radius * 1.25 : radius;
  if (mine != turn || shape == 6u) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); return; }
  bool bare = (look.x >> 4u) == 0u && (look.w & 3u) == 0u; // no ring, no badge: most marks, and a small square each
  float reach = chosen ? size * 1.9 + 8.0 : plain ? 3.6 : bare ? max(size * 1.15 + 2.4, 4.0) : size * 1.9 + 6.0;
  at = corner * reach;
  vec2 from = (place.xy - middle.xy) + (place.zw - middle.zw);
  vec4 there = matrix * vec4(from, 0.0, 1.0);
  gl_Position = vec4(there.xy / there.w + at * ratio * 2.0 / view * vec2(1.0, -1.0), 0.0, 1.0);
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
in vec2 at;
flat in uvec4 of;
flat in float size;
uniform vec3 colours[15];
uniform vec3 ink;
uniform vec3 paper;
uniform vec3 quiet;
uniform float ratio;
out vec4 colour;
const float PI = 3.14159265;
vec3 actor(uint number) { return number < 15u ? colours[number] : paper; }
vec4 over(vec4 under, vec3 paint, float inside) {
  float a = clamp(inside * ratio + 0.5, 0.0, 1.0);
  return vec4(mix(under.rgb, paint, a), max(under.a, a));
}
float dashes(float angle, float count, float share) {
  float part = fract(angle / (2.0 * PI) * count);
  return (share - abs(part - 0.5) * 2.0) * 0.5 / count * 2.0 * PI;
}
void main() {
  uint shape = of.x & 15u, pending = of.x >> 4u;
  uint first = of.y & 15u, second = of.y >> 4u, third = of.z & 15u, around = of.z >> 4u;
  uint access = of.w & 3u, ring = ((of.w >> 5u) & 7u) | ((of.w << 1u) & 24u);
  bool chosen = ((of.w >> 4u) & 1u) == 1u;
  float far = length(at);
  vec4 c = vec4(ink, 0.0);
  float body = shape == 3u ? size * 0.72 : size;
  if (shape == 0u) {
    c = over(c, paper, 3.1 - far);
    c = over(c, quiet, 2.1 - far);
  } else {
    c = over(c, ink, body + 0.7 - far);
    vec3 fill = shape == 5u ? paper : actor(first);
    if (shape == 2u && at.x + at.y > 0.0) fill = actor(second);
    if (shape == 4u) {
      float turn = fract(atan(at.x, -at.y) / (2.0 * PI) + 1.0);
      if (third < 15u) fill = turn < 0.3334 ? actor(second) : turn < 0.6667 ? actor(third) : fill;
      else if (turn < 0.5) fill = actor(second);
    }
    c = over(c, fill, body - 0.7 - far);
    if (shape == 2u && far < body) c = over(c, ink, 0.7 - abs(at.x + at.y) * 0.7071);
    if (shape == 3u) {
      float along = dashes(atan(at.y, at.x) + PI * 1.25, 4.0, 0.72) * far, across = 1.9 - abs(far - size * 1.12);
      c = over(c, ink, min(along + 0.7, across));
      c = over(c, actor(around), min(along, across - 0.7));
    }
  }
  if (pending > 0u) {
    float angle = atan(at.y, at.x) + PI;
    float out_ = max(size, 4.0) * 1.3 + 2.4;
    float count = pending == 2u ? 14.0 : 8.0;
    float along = dashes(angle, count, pending == 2u ? 0.5 : 0.66) * far, across = 1.9 - abs(far - out_);
    if (pending == 2u) { float d = 1.9 - length(vec2(max(0.0, -along + 1.2), far - out_)); along = d; across = d; }
    c = over(c, ink, min(along + 0.6, across));
    c = over(c, actor(ring), min(along - 0.1, across - 0.75));
  }
  if (access > 0u) {
    vec2 b = abs(at - vec2(size * 0.95));
    float side = max(b.x, b.y);
    c = over(c, ink, 4.6 - side);
    c = over(c, paper, 3.4 - side);
    if (access == 2u) c = over(c, ink, min(1.2 - b.y, 3.6 - b.x));
  }
  if (chosen) c = over(c, ink, 1.0 - abs(far - (size * 1.3 + 7.0)));
  colour = vec4(c.rgb * c.a, c.a);
}`;

/**
 * Where thousands of marks crowd: a disc each in at most two colours, an empty circle in the claimant's colour where all is
 * pending. What stands around marks would hide them all there, and costs more than the rest of the map.
 */
export const CROWD_VERTEX = `#version 300 es
precision highp float;
layout(location = 1) in vec4 place;
layout(location = 2) in uvec4 look;
uniform mat4 matrix;
uniform vec4 middle;
uniform vec2 view;
uniform float radius;
uniform float ratio;
uniform int turn;
uniform vec3 colours[15];
uniform vec3 ink;
uniform vec3 paper;
uniform vec3 quiet;
out vec2 at;
flat out vec3 fill;
flat out vec3 other;
flat out vec3 edge;
flat out float size;
vec3 actor(uint number) { return number < 15u ? colours[number] : paper; }
void main() {
  vec2 corner = vec2((gl_VertexID & 1) == 0 ? -1.0 : 1.0, (gl_VertexID & 2) == 0 ? -1.0 : 1.0);
  uint shape = look.x & 15u;
  bool pending = (look.x >> 4u) > 0u, chosen = ((look.w >> 4u) & 1u) == 1u, plain = shape == 0u && !pending;
  if ((chosen ? 2 : 1) != turn || shape == 6u) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); return; }
  size = chosen ? radius * 2.4 + 2.0 : plain ? 1.2 : radius;
  fill = shape == 0u ? (pending ? paper : quiet) : shape == 5u ? paper : actor(look.y & 15u);
  other = shape == 2u || shape == 4u ? actor(look.y >> 4u) : fill;
  edge = shape == 0u ? (pending ? actor(((look.w >> 5u) & 7u) | ((look.w << 1u) & 24u)) : paper) : ink;
  at = corner * (size + 1.0);
  vec2 from = (place.xy - middle.xy) + (place.zw - middle.zw);
  vec4 there = matrix * vec4(from, 0.0, 1.0);
  gl_Position = vec4(there.xy / there.w + at * ratio * 2.0 / view * vec2(1.0, -1.0), 0.0, 1.0);
}`;

export const CROWD_FRAGMENT = `#version 300 es
precision highp float;
in vec2 at;
flat in vec3 fill;
flat in vec3 other;
flat in vec3 edge;
flat in float size;
uniform float ratio;
out vec4 colour;
void main() {
  float inside = (size - length(at)) * ratio;
  float a = clamp(inside + 0.5, 0.0, 1.0);
  colour = vec4(mix(edge, at.x + at.y > 0.0 ? other : fill, clamp(inside - 0.2, 0.0, 1.0)) * a, a);
}`;
