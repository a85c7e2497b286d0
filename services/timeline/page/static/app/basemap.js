/** Land and thin borders out of the arcs of `vendor/basemap.json`, and the style that draws them. */

import { themed } from "./colours.js";

/** @param {any} atlas  @returns {{land: any, borders: any}} as GeoJSON */
export function unpacked(atlas) {
  if (atlas.type === "FeatureCollection") return split(atlas.features);
  const lines = atlas.arcs.map((steps) => line(steps, atlas.transform));
  const arc = (number) => (number >= 0 ? lines[number] : lines[~number].slice().reverse());
  const ring = (numbers) => numbers.flatMap((number, at) => (at ? arc(number).slice(1) : arc(number)));
  const polygons = atlas.land.map((polygon) => polygon.map(ring));
  return {
    land: feature({ type: "MultiPolygon", coordinates: polygons }),
    borders: feature({ type: "MultiLineString", coordinates: atlas.borders.map(arc) }),
  };
}

/** GeoJSON: its areas are land, its lines borders. */
function split(features) {
  const of = (...types) => ({ type: "FeatureCollection", features: features.filter((one) => types.includes(one.geometry.type)).map((one) => feature(one.geometry)) });
  return { land: of("Polygon", "MultiPolygon"), borders: of("LineString", "MultiLineString") };
}

function line(steps, { scale, translate }) {
  const points = [];
  for (let at = 0, x = 0, y = 0; at < steps.length; at += 2) {
    x += steps[at];
    y += steps[at + 1];
    points.push([x * scale[0] + translate[0], y * scale[1] + translate[1]]);
  }
  return points;
}

const feature = (geometry) => ({ type: "Feature", properties: {}, geometry });

/** The style of the map in the theme that holds. @param {{land: any, borders: any}} base  @param {any} shapes */
export function style(base, shapes) {
  const holder = ["coalesce", ["feature-state", "colour"], themed("--quiet")];
  return {
    version: 8,
    transition: { duration: 0, delay: 0 },
    sources: {
      land: { type: "geojson", data: base.land, maxzoom: 8, tolerance: 0.3 },
      borders: { type: "geojson", data: base.borders, maxzoom: 8, tolerance: 0.3 },
      shapes: { type: "geojson", data: shapes, maxzoom: 12 },
    },
    layers: [
      { id: "water", type: "background", paint: { "background-color": themed("--water") } },
      { id: "land", type: "fill", source: "land", paint: { "fill-color": themed("--land"), "fill-antialias": false } },
      { id: "coast", type: "line", source: "land", paint: { "line-color": themed("--coast"), "line-width": 0.8 } },
      { id: "borders", type: "line", source: "borders", paint: { "line-color": themed("--border"), "line-width": 1 } },
      {
        id: "areas", type: "fill", source: "shapes", filter: ["==", ["geometry-type"], "Polygon"],
        paint: { "fill-color": holder, "fill-opacity": ["case", ["boolean", ["feature-state", "chosen"], false], 0.3, ["boolean", ["feature-state", "held"], false], 0.13, 0] },
      },
      {
        id: "outlines", type: "line", source: "shapes",
        paint: {
          "line-color": ["case", ["boolean", ["feature-state", "chosen"], false], themed("--ink"), themed("--quiet")],
          "line-width": ["case", ["boolean", ["feature-state", "chosen"], false], 1.6, 0.8],
          "line-opacity": ["case", ["boolean", ["feature-state", "chosen"], false], 1, ["boolean", ["feature-state", "held"], false], 0.7, 0.28],
          "line-dasharray": [3, 2],
        },
      },
    ],
  };
}
