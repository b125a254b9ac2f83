// SPDX-License-Identifier: Apache-2.0
// The map on its canvas: drawn when something has changed, never otherwise; moved by mouse, touch and keys.
import { Camera } from "./camera";
import { onceAFrame } from "./dom";
import { drawOwnEdges, drawSessions, drawWays } from "./draw_edges";
import {
  drawCards,
  drawDots,
  drawMarks,
  drawNames,
  drawPulses,
  drawWayNames,
  drawZoneNames,
  drawZones,
  radiusOf,
} from "./draw_hosts";
import { card, layOut, type Layout } from "./layout";
import type { Model } from "./model";
import { motion, type ColourBy } from "./theme";

/** What of the model is seen, and how. */
export interface View {
  camera: Camera;
  width: number;
  height: number;
  x: Float64Array; // where hosts are just now, on their way to where the layout has them
  y: Float64Array;
  selected: number | null;
  hovered: number | null;
  lit: Set<number> | null; // the others are dimmed; null: none is
  sessions: boolean;
  ways: boolean;
  colourBy: ColourBy;
  isQuiet: boolean; // one host is looked at: the rest steps back
  pulses: Map<number, number>; // places, and since when
}

export interface SceneListener {
  select(place: number | null): void;
  hover(place: number | null, x: number, y: number): void;
}

const firstPicture = "first picture"; // for the performance tools
const moveTime = 500;
const pulseTime = 1400;

export class Scene {
  private readonly ctx: CanvasRenderingContext2D;
  private model: Model | null = null;
  private layout: Layout | null = null;
  private from: { x: Float64Array; y: Float64Array; at: number } | null = null;
  private shape = "";
  readonly redraw = onceAFrame((now) => this.draw(now));
  readonly view: View = {
    camera: new Camera(),
    width: 1,
    height: 1,
    x: new Float64Array(),
    y: new Float64Array(),
    selected: null,
    hovered: null,
    lit: null,
    sessions: true,
    ways: true,
    colourBy: "state",
    isQuiet: false,
    pulses: new Map(),
  };

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly listener: SceneListener,
  ) {
    this.ctx = canvas.getContext("2d", { alpha: true })!;
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement!);
    this.resize();
    this.listen();
  }

  // ---- what is shown ----

  setModel(model: Model): void {
    const before = this.model;
    const ids = model.hosts.map((host) => `${host.peer.id} ${host.peer.zone} ${host.peer.name}`).join("\n");
    this.model = model;
    if (ids !== this.shape) this.place(before, model);
    else if (before && motion) this.pulse(before, model);
    this.shape = ids;
    this.redraw();
  }

  /** New places for all; who was there before goes there from where it stood. */
  private place(before: Model | null, model: Model): void {
    const old = new Map(before?.hosts.map((host) => [host.peer.id, host.place]));
    const { x, y } = this.view;
    const layout = layOut(model);
    const from = { x: layout.x.slice(), y: layout.y.slice(), at: performance.now() };
    for (const { place, peer } of model.hosts) {
      const was = old.get(peer.id);
      if (was === undefined) continue;
      from.x[place] = x[was];
      from.y[place] = y[was];
    }
    this.layout = layout;
    this.view.pulses.clear();
    this.from = before && motion ? from : null;
    this.view.x = layout.x.slice();
    this.view.y = layout.y.slice();
    if (this.view.camera.fitted) this.fit();
  }

  private pulse(before: Model, model: Model): void {
    for (const { place, health } of model.hosts) {
      if (before.hosts[place].health !== health) this.view.pulses.set(place, performance.now());
    }
  }

  fit(): void {
    if (!this.layout) return;
    this.view.camera.fit(this.layout.bounds, this.view.width, this.view.height, this.layout.cards ? 1.25 : 3.2);
    this.redraw();
  }

  zoom(factor: number): void {
    this.view.camera.zoom(factor, this.view.width / 2, this.view.height / 2);
    this.redraw();
  }

  /** Brings a host into sight. */
  show(place: number): void {
    this.view.camera.show(this.view.x[place], this.view.y[place], this.view.width, this.view.height);
    this.redraw();
  }

  // ---- drawing ----

  private resize(): void {
    const { clientWidth, clientHeight } = this.canvas.parentElement!;
    this.view.width = clientWidth;
    this.view.height = clientHeight;
    this.canvas.width = Math.round(clientWidth * devicePixelRatio);
    this.canvas.height = Math.round(clientHeight * devicePixelRatio);
    if (this.view.camera.fitted) this.fit();
    // A canvas that has changed its size is empty: not to wait for the next frame avoids a blink.
    if (this.model) this.draw(performance.now());
  }

  private draw(now: number): void {
    const { model, layout, view, ctx } = this;
    if (!model || !layout) return;
    this.move(now);
    for (const [place, begun] of view.pulses) if (now - begun > pulseTime) view.pulses.delete(place);
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ctx.clearRect(0, 0, view.width, view.height);
    if (!layout.cards) drawZones(ctx, layout, view);
    this.drawEdges(model, layout);
    if (!layout.cards) drawZoneNames(ctx, model, layout, view);
    drawPulses(ctx, model, view, now);
    if (this.showsCards()) {
      if (view.ways) drawWayNames(ctx, model, view);
      drawCards(ctx, model, view);
    } else {
      drawDots(ctx, model, view);
      drawMarks(ctx, view, radiusOf(view));
      drawNames(ctx, model, view);
    }
    if (performance.getEntriesByName(firstPicture).length === 0) performance.mark(firstPicture);
    if (this.from || view.pulses.size > 0) this.redraw();
  }

  /** Where there are few hosts, and their cards have room beside each other. */
  private showsCards(): boolean {
    if (!this.layout?.cards) return false;
    const { x, y, camera } = this.view;
    const wide = (card.width + 8) / camera.k;
    const high = (card.height + 8) / camera.k;
    return x.every((xi, i) =>
      x.every((xj, j) => i <= j || Math.abs(xi - xj) >= wide || Math.abs(y[i] - y[j]) >= high),
    );
  }

  private drawEdges(model: Model, layout: Layout): void {
    const { ctx, view } = this;
    const { k, x, y } = view.camera;
    ctx.setTransform(devicePixelRatio * k, 0, 0, devicePixelRatio * k, devicePixelRatio * x, devicePixelRatio * y);
    const chosen = view.selected ?? view.hovered;
    view.isQuiet = view.selected !== null || view.lit !== null;
    if (view.sessions) drawSessions(ctx, model, layout, view);
    if (view.ways && (view.selected === null || view.selected === model.self)) drawWays(ctx, model, layout, view);
    if (chosen !== null) drawOwnEdges(ctx, model, layout, view, model.hosts[chosen]);
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  }

  private move(now: number): void {
    const { from, layout, view } = this;
    if (!from || !layout) return;
    const part = Math.min(1, (now - from.at) / moveTime);
    const eased = 1 - (1 - part) ** 3;
    for (let i = 0; i < view.x.length; i++) {
      view.x[i] = from.x[i] + (layout.x[i] - from.x[i]) * eased;
      view.y[i] = from.y[i] + (layout.y[i] - from.y[i]) * eased;
    }
    if (part === 1) this.from = null;
  }

  // ---- hands and keys ----

  private hostAt(sx: number, sy: number): number | null {
    const { camera, x, y } = this.view;
    const mx = (sx - camera.x) / camera.k;
    const my = (sy - camera.y) / camera.k;
    if (this.showsCards()) return this.cardAt(mx, my);
    let best: number | null = null;
    let nearest = (Math.max(9, radiusOf(this.view) + 3) / camera.k) ** 2;
    for (let i = 0; i < x.length; i++) {
      const distance = (x[i] - mx) ** 2 + (y[i] - my) ** 2;
      if (distance >= nearest) continue;
      nearest = distance;
      best = i;
    }
    return best;
  }

  private cardAt(mx: number, my: number): number | null {
    const { x, y, camera } = this.view;
    const at = x.findLastIndex(
      (_, i) => Math.abs(x[i] - mx) * camera.k < card.width / 2 && Math.abs(y[i] - my) * camera.k < card.height / 2,
    );
    return at < 0 ? null : at;
  }

  private listen(): void {
    const { canvas } = this;
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.view.camera.zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY);
        this.redraw();
      },
      { passive: false },
    );
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons === 0) this.point(event.offsetX, event.offsetY);
    });
    canvas.addEventListener("pointerleave", () => this.hover(null, 0, 0));
    canvas.addEventListener("dblclick", () => this.fit());
    canvas.addEventListener("keydown", (event) => {
      if (this.key(event.key)) event.preventDefault();
    });
  }

  private press(down: PointerEvent): void {
    const { canvas } = this;
    canvas.setPointerCapture(down.pointerId);
    let { offsetX, offsetY } = down;
    let moved = false;
    const drag = (event: PointerEvent) => {
      if (!moved && Math.hypot(event.offsetX - down.offsetX, event.offsetY - down.offsetY) < 4) return;
      moved = true;
      this.view.camera.move(event.offsetX - offsetX, event.offsetY - offsetY);
      ({ offsetX, offsetY } = event);
      this.redraw();
    };
    const release = () => {
      canvas.removeEventListener("pointermove", drag);
      if (!moved) this.listener.select(this.hostAt(down.offsetX, down.offsetY));
    };
    canvas.addEventListener("pointermove", drag);
    canvas.addEventListener("pointerup", release, { once: true });
  }

  private point(x: number, y: number): void {
    const place = this.hostAt(x, y);
    this.canvas.style.cursor = place === null ? "grab" : "pointer";
    this.hover(place, x, y);
  }

  private hover(place: number | null, x: number, y: number): void {
    this.listener.hover(place, x, y);
    if (this.view.hovered === place) return;
    this.view.hovered = place;
    this.redraw();
  }

  private key(key: string): boolean {
    const arrows: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    if (arrows[key]) this.listener.select(this.next(...arrows[key]));
    else if (key === "+" || key === "=") this.zoom(1.3);
    else if (key === "-") this.zoom(1 / 1.3);
    else if (key === "0") this.fit();
    else return false;
    return true;
  }

  /** The nearest host in a direction from the chosen one; from this host when none is. */
  private next(dx: number, dy: number): number | null {
    if (!this.model) return null;
    const { x, y, selected } = this.view;
    const at = selected ?? this.model.self;
    if (selected === null || at < 0) return Math.max(0, at);
    let best = at;
    let least = Infinity;
    for (let i = 0; i < x.length; i++) {
      const ahead = (x[i] - x[at]) * dx + (y[i] - y[at]) * dy;
      const aside = Math.abs((x[i] - x[at]) * dy) + Math.abs((y[i] - y[at]) * dx);
      if (i === at || ahead <= 1e-6 || aside > 2 * ahead) continue;
      if (ahead + 2 * aside >= least) continue;
      least = ahead + 2 * aside;
      best = i;
    }
    return best;
  }
}
