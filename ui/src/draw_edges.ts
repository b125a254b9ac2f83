// SPDX-License-Identifier: Apache-2.0
// Lines of the map: sessions between daemons, and the ways that this host's packets go.
import type { Layout } from "./layout";
import type { Host, Model } from "./model";
import type { View } from "./scene";
import { kindColour, theme } from "./theme";

interface Stroke {
  colour: string;
  width: number;
  alpha: number;
  dash?: number[];
}

/** From host to host; between zones by way of their middles, so that what runs alike runs together (Holten,
 *  "Hierarchical edge bundles", 2006). */
function line(path: Path2D, layout: Layout, view: View, from: number, to: number): void {
  const { x, y } = view;
  path.moveTo(x[from], y[from]);
  const a = layout.zoneOf[from];
  const b = layout.zoneOf[to];
  if (layout.cards) path.lineTo(x[to], y[to]);
  else if (a !== b) path.bezierCurveTo(a.x, a.y, b.x, b.y, x[to], y[to]);
  else path.quadraticCurveTo((x[from] + x[to]) / 4 + a.x / 2, (y[from] + y[to]) / 4 + a.y / 2, x[to], y[to]);
}

function draw(ctx: CanvasRenderingContext2D, view: View, path: Path2D, stroke: Stroke): void {
  ctx.strokeStyle = stroke.colour;
  ctx.globalAlpha = stroke.alpha;
  ctx.lineWidth = stroke.width / view.camera.k;
  ctx.setLineDash((stroke.dash ?? []).map((length) => length / view.camera.k));
  ctx.stroke(path);
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

export function drawSessions(ctx: CanvasRenderingContext2D, model: Model, layout: Layout, view: View): void {
  const path = new Path2D();
  for (const { from, to } of model.edges) line(path, layout, view, from, to);
  const many = model.edges.length;
  const alpha = (view.isQuiet ? 0.4 : 1) * (many > 800 ? 0.16 : many > 120 ? 0.4 : 0.9);
  draw(ctx, view, path, { colour: theme.faint, width: 1, alpha });
}

/** The way to one host, which may lead over another. */
function way(path: Path2D, model: Model, layout: Layout, view: View, host: Host): void {
  const relay = host.peer.path?.kind === "relay" ? model.byName.get(host.peer.path.relay) : undefined;
  if (relay === undefined) return line(path, layout, view, model.self, host.place);
  line(path, layout, view, model.self, relay);
  line(path, layout, view, relay, host.place);
}

function strokeOf(host: Host, crowded: boolean): Stroke {
  const path = host.peer.path;
  const kind = path?.kind ?? "";
  if (host.tone === "bad") return { colour: theme.bad, width: 1.2, alpha: crowded ? 0.5 : 0.9, dash: [2, 4] };
  if (host.tone === "dim") return { colour: theme.dim, width: 1, alpha: crowded ? 0.2 : 0.6, dash: [1, 4] };
  if (host.tone === "warn") return { colour: theme.warn, width: 1.4, alpha: crowded ? 0.55 : 0.95, dash: [8, 4] };
  return { colour: kindColour(kind), width: crowded ? 0.8 : 1.6, alpha: crowded ? 0.16 : 0.75 };
}

/** Ways that look alike are one stroke. */
export function drawWays(ctx: CanvasRenderingContext2D, model: Model, layout: Layout, view: View): void {
  if (model.self < 0) return;
  const crowded = model.hosts.length > 60;
  const groups = new Map<string, { path: Path2D; stroke: Stroke }>();
  for (const host of model.hosts) {
    if (host.health === "self" || (view.lit && !view.lit.has(host.place))) continue;
    const key = host.tone + (host.tone === "good" ? host.peer.path?.kind : "");
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { path: new Path2D(), stroke: strokeOf(host, crowded) }));
    way(group.path, model, layout, view, host);
  }
  for (const { path, stroke } of groups.values()) draw(ctx, view, path, stroke);
}

/** What concerns one host: its sessions, and the way that packets go there. */
export function drawOwnEdges(
  ctx: CanvasRenderingContext2D,
  model: Model,
  layout: Layout,
  view: View,
  host: Host,
): void {
  if (view.sessions) {
    const sessions = new Path2D();
    for (const other of host.linked) line(sessions, layout, view, host.place, other);
    draw(ctx, view, sessions, { colour: theme.accent, width: 1.2, alpha: 0.8 });
  }
  if (!view.ways || host.health === "self" || model.self < 0) return;
  const path = new Path2D();
  way(path, model, layout, view, host);
  draw(ctx, view, path, { ...strokeOf(host, false), width: 2.4, alpha: 1 });
}
