// SPDX-License-Identifier: Apache-2.0
// Hosts and zones of the map. Form says what colour says: disc, ring, triangle and cross for well, not known, so-so, ill.
import { card, spacing, type Layout, type Zone } from "./layout";
import { pathText, type Host, type Model, type Tone } from "./model";
import type { View } from "./scene";
import { duration } from "./text";
import { font, hostColour, theme } from "./theme";

type Context = CanvasRenderingContext2D;

const toScreen = (view: View, place: number): [number, number] => [
  view.x[place] * view.camera.k + view.camera.x,
  view.y[place] * view.camera.k + view.camera.y,
];

export const radiusOf = (view: View) => Math.min(9, Math.max(1.8, spacing * 0.29 * view.camera.k));

export function drawZones(ctx: Context, layout: Layout, view: View): void {
  const { k, x, y } = view.camera;
  for (const zone of layout.zones) {
    ctx.beginPath();
    ctx.arc(zone.x * k + x, zone.y * k + y, zone.r * k, 0, 2 * Math.PI);
    ctx.fillStyle = theme.zone;
    ctx.fill();
  }
}

export function drawZoneNames(ctx: Context, model: Model, layout: Layout, view: View): void {
  for (const zone of layout.zones) zoneName(ctx, model, zone, view);
}

function zoneName(ctx: Context, model: Model, zone: Zone, view: View): void {
  const { k } = view.camera;
  const ill = zone.places.filter((place) => model.hosts[place].tone === "bad").length;
  const x = zone.x * k + view.camera.x;
  const y = (zone.y - zone.r) * k + view.camera.y - 6;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  ctx.font = `600 12px ${font}`;
  const parts = [`${zone.name || "no zone"}  ${zone.places.length}`, ill ? `  ${ill} ill` : ""];
  const widths = parts.map((part) => ctx.measureText(part).width);
  const left = x - (widths[0] + widths[1]) / 2;
  onGround(ctx, parts.join(""), left, y);
  ctx.fillStyle = theme.dim;
  ctx.fillText(parts[0], left, y);
  ctx.fillStyle = theme.bad;
  ctx.fillText(parts[1], left + widths[0], y);
}

/** What is under a text is kept from it by a line of the ground's colour around it. */
function onGround(ctx: Context, text: string, x: number, y: number): void {
  ctx.lineWidth = 3;
  ctx.lineJoin = "round";
  ctx.strokeStyle = theme.bg;
  ctx.strokeText(text, x, y);
}

// ---- forms ----

function form(ctx: Context, tone: Tone, x: number, y: number, r: number): void {
  if (tone === "warn") {
    ctx.moveTo(x, y - r * 1.15);
    ctx.lineTo(x + r * 1.1, y + r * 0.85);
    ctx.lineTo(x - r * 1.1, y + r * 0.85);
    ctx.closePath();
  } else if (tone === "bad") {
    const s = r * 0.85;
    ctx.moveTo(x - s, y - s);
    ctx.lineTo(x + s, y + s);
    ctx.moveTo(x + s, y - s);
    ctx.lineTo(x - s, y + s);
  } else {
    ctx.moveTo(x + r, y);
    ctx.arc(x, y, r, 0, 2 * Math.PI);
  }
}

function paint(ctx: Context, tone: Tone, colour: string, r: number): void {
  if (tone === "bad" || tone === "dim") {
    ctx.strokeStyle = colour;
    ctx.lineWidth = Math.max(1.2, r * (tone === "bad" ? 0.42 : 0.28));
    ctx.stroke();
  } else {
    ctx.fillStyle = colour;
    ctx.fill();
  }
}

function ringAround(ctx: Context, view: View, place: number, r: number, colour: string, width = 2): void {
  const [x, y] = toScreen(view, place);
  ctx.beginPath();
  ctx.arc(x, y, r, 0, 2 * Math.PI);
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke();
}

/** Hosts that look alike are painted as one; the ill ones last, above the others. */
export function drawDots(ctx: Context, model: Model, view: View): void {
  const groups = new Map<string, Host[]>();
  for (const host of model.hosts) {
    const key = `${hostColour(host, view.colourBy)} ${host.tone} ${view.lit && !view.lit.has(host.place) ? "off" : ""}`;
    const group = groups.get(key);
    if (group) group.push(host);
    else groups.set(key, [host]);
  }
  const order: Tone[] = ["good", "dim", "warn", "bad"];
  const r = radiusOf(view);
  for (const hosts of [...groups.values()].sort((a, b) => order.indexOf(a[0].tone) - order.indexOf(b[0].tone))) {
    const { tone, place } = hosts[0];
    ctx.globalAlpha = view.lit && !view.lit.has(place) ? 0.22 : 1;
    ctx.beginPath();
    for (const host of hosts) form(ctx, tone, ...toScreen(view, host.place), tone === "good" ? r : Math.max(2.6, r));
    paint(ctx, tone, hostColour(hosts[0], view.colourBy), r);
  }
  ctx.globalAlpha = 1;
  if (model.self >= 0) ringAround(ctx, view, model.self, r + 3.5, theme.accent, 1.6);
}

/** What has changed lately spreads a ring. */
export function drawPulses(ctx: Context, model: Model, view: View, now: number): void {
  for (const [place, begun] of view.pulses) {
    const part = (now - begun) / 1400;
    ctx.globalAlpha = 1 - part;
    ringAround(ctx, view, place, radiusOf(view) + 4 + part * 26, hostColour(model.hosts[place], "state"), 2);
  }
  ctx.globalAlpha = 1;
}

export function drawMarks(ctx: Context, view: View, r: number): void {
  if (view.hovered !== null) ringAround(ctx, view, view.hovered, r + 3, theme.text, 1.2);
  if (view.selected !== null) ringAround(ctx, view, view.selected, r + 5, theme.text, 2.2);
}

// ---- names ----

/** Names where there is room; of the chosen, this and the ill hosts even where there is little. */
export function drawNames(ctx: Context, model: Model, view: View): void {
  const room = spacing * view.camera.k;
  const r = radiusOf(view);
  ctx.font = `500 11px ${font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  const taken: [number, number, number, number][] = [];
  const first = [view.selected, view.hovered, model.self].filter(
    (place): place is number => place !== null && place >= 0,
  );
  const ill = model.hosts.filter((host) => host.tone === "bad" || host.tone === "warn").map((host) => host.place);
  const others = room >= 40 || model.hosts.length <= 60 ? model.hosts.map((host) => host.place) : [];
  const named = new Set<number>();
  for (const place of [...first, ...(ill.length <= 40 || room >= 30 ? ill : []), ...others]) {
    if (named.has(place)) continue;
    named.add(place);
    if (view.lit && !view.lit.has(place) && !first.includes(place)) continue;
    const ringed = place === view.selected || place === model.self;
    label(ctx, model, view, place, ringed ? r + 4 : r, taken, first.includes(place));
  }
}

function label(
  ctx: Context,
  model: Model,
  view: View,
  place: number,
  r: number,
  taken: [number, number, number, number][],
  must: boolean,
): void {
  const [x, y] = toScreen(view, place);
  if (x < -50 || y < -20 || x > view.width + 50 || y > view.height + 20) return;
  const name = model.hosts[place].peer.name;
  const half = ctx.measureText(name).width / 2 + 2;
  const top = y + r + 4;
  const box: [number, number, number, number] = [x - half, top, x + half, top + 13];
  const hits = taken.some(
    (other) => other[0] < box[2] && other[2] > box[0] && other[1] < box[3] && other[3] > box[1],
  );
  if (hits && !must) return;
  taken.push(box);
  onGround(ctx, name, x, top);
  ctx.fillStyle = must ? theme.text : theme.dim;
  ctx.fillText(name, x, top);
}

// ---- cards, where there are few hosts ----

function cut(ctx: Context, text: string, width: number): string {
  if (ctx.measureText(text).width <= width) return text;
  while (text.length > 1 && ctx.measureText(text + "…").width > width) text = text.slice(0, -1);
  return text + "…";
}

export function drawCards(ctx: Context, model: Model, view: View): void {
  for (const host of model.hosts) {
    ctx.globalAlpha = view.lit && !view.lit.has(host.place) ? 0.35 : 1;
    drawCard(ctx, host, view);
  }
  ctx.globalAlpha = 1;
}

function drawCard(ctx: Context, host: Host, view: View): void {
  const [x, y] = toScreen(view, host.place);
  const left = x - card.width / 2;
  const top = y - card.height / 2;
  const chosen = view.selected === host.place;
  ctx.beginPath();
  ctx.roundRect(left, top, card.width, card.height, 10);
  ctx.fillStyle = theme.panel;
  ctx.fill();
  const edge =
    chosen || view.hovered === host.place
      ? theme.text
      : host.health === "self"
        ? theme.accent
        : host.tone === "good"
          ? theme.line
          : hostColour(host, "state");
  ctx.strokeStyle = edge;
  ctx.lineWidth = chosen ? 2.2 : 1.3;
  ctx.stroke();
  cardText(ctx, host, view, left + 14, top);
}

function cardText(ctx: Context, host: Host, view: View, left: number, top: number): void {
  const { peer } = host;
  const width = card.width - 28;
  ctx.beginPath();
  form(ctx, host.tone, left + 5, top + 20, 5);
  paint(ctx, host.tone, hostColour(host, view.colourBy), 5);
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.font = `600 14px ${font}`;
  ctx.fillStyle = theme.text;
  const badge = [host.health === "self" ? "this host" : "", host.voter ? "voter" : ""].filter(Boolean).join(" · ");
  ctx.fillText(cut(ctx, peer.name, width - 18 - (badge ? 80 : 0)), left + 18, top + 20);
  ctx.font = `400 11.5px ${font}`;
  ctx.fillStyle = theme.dim;
  ctx.fillText(
    cut(ctx, [peer.underlay_addresses[0], peer.blocks[0]].filter(Boolean).join("  ·  "), width),
    left,
    top + 44,
  );
  ctx.textAlign = "right";
  ctx.font = `500 11px ${font}`;
  ctx.fillText(badge, left + width, top + 20);
}

/** On the way to each card: what kind it is and how long it takes. */
export function drawWayNames(ctx: Context, model: Model, view: View): void {
  if (model.self < 0) return;
  ctx.font = `500 11.5px ${font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  const [sx, sy] = toScreen(view, model.self);
  for (const host of model.hosts) {
    if (host.health === "self" || (view.lit && !view.lit.has(host.place))) continue;
    const relay = host.peer.path?.kind === "relay" ? model.byName.get(host.peer.path.relay) : undefined;
    const [fx, fy] = relay === undefined ? [sx, sy] : toScreen(view, relay);
    const [x, y] = toScreen(view, host.place);
    pill(ctx, wayName(host), fx + (x - fx) * 0.5, fy + (y - fy) * 0.5, hostColour(host, "state"));
  }
}

function wayName(host: Host): string {
  const path = host.peer.path;
  const rtt = path && path.state === "up" && path.rtt_seconds > 0 ? duration(path.rtt_seconds) : "";
  const loss = path && path.loss >= 0.01 ? `${Math.round(path.loss * 100)} % lost` : "";
  return [pathText(host.peer), rtt, loss].filter(Boolean).join(" · ");
}

function pill(ctx: Context, text: string, x: number, y: number, colour: string): void {
  const half = ctx.measureText(text).width / 2 + 9;
  ctx.beginPath();
  ctx.roundRect(x - half, y - 11, half * 2, 22, 11);
  ctx.fillStyle = theme.bg;
  ctx.fill();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.stroke();
  ctx.fillStyle = theme.text;
  ctx.fillText(text, x, y + 0.5);
}
