// SPDX-License-Identifier: Apache-2.0
// Where each host stands. Nothing is simulated and nothing drifts: a host's place follows from its zone and name, so
// that tomorrow it is found where it was today.
import { packSiblings } from "d3-hierarchy";
import type { Model } from "./model";
import { natural } from "./text";

export interface Zone {
  name: string;
  x: number;
  y: number;
  r: number;
  places: number[];
}

export interface Layout {
  x: Float64Array;
  y: Float64Array;
  zoneOf: Zone[]; // of each place
  zones: Zone[];
  cards: boolean; // few enough to write what is known beside each
  bounds: { x0: number; y0: number; x1: number; y1: number };
}

/** Between neighbours of one zone, in units of the map. */
export const spacing = 22;
export const card = { width: 188, height: 64 };
const cardsUpTo = 12;
const between = 11; // zones, half of it
const golden = Math.PI * (3 - Math.sqrt(5));

function zonesOf(model: Model): Zone[] {
  const zones = new Map<string, Zone>();
  for (const { place, peer } of model.hosts) {
    let zone = zones.get(peer.zone);
    if (!zone) zones.set(peer.zone, (zone = { name: peer.zone, x: 0, y: 0, r: 0, places: [] }));
    zone.places.push(place);
  }
  const sorted = [...zones.values()].sort((a, b) => natural(a.name, b.name));
  for (const zone of sorted) zone.places.sort((a, b) => model.hosts[a].rank - model.hosts[b].rank);
  return sorted;
}

/** Few hosts stand on an ellipse, wide enough for their cards; those of a zone are neighbours. This host is the first of
 *  them, or in the middle where there are many ways to tell apart. */
function ring(zones: Zone[], self: number, out: Layout): void {
  const all = zones.flatMap((zone) => zone.places);
  const at = Math.max(0, all.indexOf(self));
  const turned = [...all.slice(at), ...all.slice(0, at)];
  const places = turned.length >= 6 && self >= 0 ? turned.slice(1) : turned;
  const width = Math.max(card.width * 1.15, (places.length * card.width) / 4.4);
  const height = Math.max(card.height * 1.9, width * 0.62);
  places.forEach((place, i) => {
    const angle = (2 * Math.PI * i) / places.length - Math.PI / 2;
    out.x[place] = places.length === 1 ? 0 : Math.cos(angle) * width;
    out.y[place] = places.length === 1 ? 0 : Math.sin(angle) * height;
  });
  const x = card.width / 2 + 20;
  const y = card.height / 2 + 20;
  out.bounds = { x0: -width - x, y0: -height - y, x1: width + x, y1: height + y };
}

/** The seeds of a sunflower: as dense in the middle as at the rim (Vogel, "A better way to construct the sunflower
 *  head", 1979). */
function sunflowers(zones: Zone[], out: Layout): void {
  // Packed with room between them for their names; drawn without it.
  for (const zone of zones) zone.r = spacing * (0.56 * Math.sqrt(zone.places.length) + 0.9) + between;
  packSiblings(zones);
  for (const zone of zones) zone.r -= between;
  for (const zone of zones) {
    zone.places.forEach((place, i) => {
      const radius = 0.56 * spacing * Math.sqrt(i + 0.5);
      out.x[place] = zone.x + radius * Math.cos(i * golden);
      out.y[place] = zone.y + radius * Math.sin(i * golden);
    });
  }
  out.bounds = {
    x0: Math.min(...zones.map((zone) => zone.x - zone.r)),
    y0: Math.min(...zones.map((zone) => zone.y - zone.r)) - between,
    x1: Math.max(...zones.map((zone) => zone.x + zone.r)),
    y1: Math.max(...zones.map((zone) => zone.y + zone.r)),
  };
}

export function layOut(model: Model): Layout {
  const zones = zonesOf(model);
  const count = model.hosts.length;
  const out: Layout = {
    x: new Float64Array(count),
    y: new Float64Array(count),
    zoneOf: new Array<Zone>(count),
    zones,
    cards: count <= cardsUpTo,
    bounds: { x0: 0, y0: 0, x1: 1, y1: 1 },
  };
  for (const zone of zones) for (const place of zone.places) out.zoneOf[place] = zone;
  if (out.cards) ring(zones, model.self, out);
  else sunflowers(zones, out);
  return out;
}
