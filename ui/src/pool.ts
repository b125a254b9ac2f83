// SPDX-License-Identifier: Apache-2.0
// The address pool as a strip, in the order of its addresses: blocks with their owners where they have room, with what is
// free between them drawn shorter; a cell for each block, or for a few, where there are many.
import { byId, el, onceAFrame, say } from "./dom";
import type { Model } from "./model";
import { contains, parsePrefix, type Prefix } from "./prefix";
import { count } from "./text";
import { font, theme } from "./theme";
import type { Block, Pool } from "./types";

/** A run of the pool: one block with an owner or in quarantine, or blocks that are free. */
interface Run {
  block: Block | null;
  at: number; // the first of its blocks, counted from the pool's first
  blocks: number;
}

interface Cell {
  x: number;
  y: number;
  w: number;
  h: number;
  runs: Run[];
  free: number; // blocks
}

const gap = 2;
/** How high rows may be, and how narrow a block in one of them; the first that holds all is taken. */
const rowSizes = [
  { height: 28, narrowest: 26 },
  { height: 22, narrowest: 15 },
  { height: 15, narrowest: 9 },
  { height: 10, narrowest: 6 },
];

function runsOf(pool: Pool, blocks: Block[], length: number): Run[] {
  const outer = parsePrefix(pool.prefix);
  const size = BigInt(outer.bits - length);
  const place = (inner: Prefix) => Number((inner.base - outer.base) >> size);
  const out: Run[] = [];
  let next = 0;
  const free = (until: number) => {
    if (until > next) out.push({ block: null, at: next, blocks: until - next });
  };
  for (const block of blocks) {
    if (block.state === "free") continue;
    const inner = parsePrefix(block.prefix);
    if (!contains(outer, inner)) continue;
    const at = place(inner);
    free(at);
    const blocksOf = Math.max(1, 2 ** (length - inner.length));
    out.push({ block, at, blocks: blocksOf });
    next = Math.max(next, at + blocksOf);
  }
  free(pool.blocks);
  return out;
}

/** Runs side by side, in rows of one size; null when there is no room to tell one from another. */
function asRows(
  runs: Run[],
  width: number,
  height: number,
  { height: rowHeight, narrowest }: (typeof rowSizes)[number],
): Cell[] | null {
  const rows = Math.max(1, Math.floor((height + gap) / (rowHeight + gap)));
  const owned = runs.filter((run) => run.block);
  const freeWidth = (run: Run) => narrowest + (rowHeight / 4) * Math.log2(run.blocks + 1);
  const freeTotal = runs.reduce((sum, run) => sum + (run.block ? 0 : freeWidth(run) + gap), 0);
  // A row ends before its last run would not fit: some room is lost there.
  const room = rows * width - freeTotal - (rows > 1 ? rows * 70 : 0);
  const each = Math.min(170, Math.floor(room / Math.max(1, owned.length)) - gap);
  if (each < narrowest) return null;
  const cells: Cell[] = [];
  let x = 0;
  let y = 0;
  for (const run of runs) {
    const w = Math.min(width, run.block ? each : freeWidth(run));
    if (x + w > width + 0.5) {
      x = 0;
      y += rowHeight + gap;
    }
    cells.push({ x, y, w, h: rowHeight, runs: run.block ? [run] : [], free: run.block ? 0 : run.blocks });
    x += w + gap;
  }
  return y + rowHeight <= height + gap ? cells : null;
}

function asStrip(runs: Run[], width: number, height: number): Cell[] | null {
  for (const size of rowSizes) {
    const cells = asRows(runs, width, height, size);
    if (cells) return cells;
  }
  return null;
}

/** A cell for each block; for two, four, … where that would make them too small to see. */
function asGrid(pool: Pool, runs: Run[], width: number, height: number): Cell[] {
  let each = 1;
  let size = 0;
  for (; size < 4; each *= 2) {
    const cells = Math.ceil(pool.blocks / each);
    size = Math.min(14, Math.floor(Math.sqrt((width * height) / cells)));
    while (size >= 4 && Math.floor(width / size) * Math.floor(height / size) < cells) size--;
    if (size >= 4) break;
  }
  // As many rows as there is room for; then the cells are as wide as the rows let them.
  const length = Math.ceil(pool.blocks / each);
  const columns = Math.max(1, Math.ceil(length / Math.max(1, Math.floor(height / size))));
  const wide = Math.min(size * 3, width / columns);
  const cells = Array.from(
    { length },
    (_, i): Cell => ({
      x: (i % columns) * wide,
      y: Math.floor(i / columns) * size,
      w: wide - 1,
      h: size - 1,
      runs: [],
      free: each,
    }),
  );
  for (const run of runs) {
    if (!run.block) continue;
    for (let i = Math.floor(run.at / each); i * each < run.at + run.blocks; i++) {
      cells[i].runs.push(run);
      cells[i].free = Math.max(0, cells[i].free - Math.min(run.blocks, each));
    }
  }
  return cells;
}

/** Neighbours differ; none looks like an alarm; each carries its label with a contrast of 4.5 or more. */
function ownerColour(owner: string, labelled: boolean): string {
  let hash = 2166136261;
  for (let i = 0; i < owner.length; i++) hash = Math.imul(hash ^ owner.charCodeAt(i), 16777619);
  const hue = 170 + ((hash >>> 8) % 120);
  const lightness = (theme.dark ? 60 : labelled ? 76 : 46) + ((hash >>> 20) % 3) * 5;
  return `hsl(${hue} ${theme.dark ? 40 : 48}% ${lightness}%)`;
}

export interface PoolListener {
  select(place: number | null): void;
  tip(children: HTMLElement[] | null, x: number, y: number): void;
}

export class PoolStrip {
  private readonly canvas = byId<HTMLCanvasElement>("strip");
  private readonly ctx = this.canvas.getContext("2d")!;
  private model: Model | null = null;
  private cells: Cell[] = [];
  private grid = false;
  private selected: string | null = null;
  private cursor = -1;
  private made = "";
  private groups: Map<string, Path2D> | null = null; // of cells by colour; null: to be made
  readonly redraw = onceAFrame(() => this.draw());

  constructor(private readonly listener: PoolListener) {
    new ResizeObserver(() => this.lay(true)).observe(this.canvas.parentElement!);
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => this.listener.tip(null, 0, 0));
    this.canvas.addEventListener("click", (event) => this.choose(this.cellAt(event.offsetX, event.offsetY)));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("blur", () => this.moveTo(-1));
    this.legend();
  }

  setModel(model: Model): void {
    this.model = model;
    this.groups = null;
    this.lay(false);
  }

  /** In other colours, or at all. */
  repaint(): void {
    this.groups = null;
    this.redraw();
  }

  setSelected(name: string | null): void {
    this.selected = name;
    this.redraw();
  }

  private legend(): void {
    const entry = (cls: string, text: string) => el("li", { class: cls }, text);
    byId("pool-legend").append(
      entry("own", "this host's"),
      entry("other", "others'"),
      entry("lost", "owner not reached"),
      entry("quarantine", "in quarantine"),
      entry("free", "free"),
    );
  }

  private lay(again: boolean): void {
    if (!this.model) return;
    const { data } = this.model;
    const made = [
      ...data.pools.map((pool) => pool.prefix),
      ...data.blocks.map((block) => `${block.prefix} ${block.owner} ${block.state}`),
    ].join("\n");
    if (!again && made === this.made) return this.redraw();
    this.made = made;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(height * devicePixelRatio);
    this.cells = [];
    this.groups = null;
    this.grid = false;
    const each = Math.floor((height + gap) / Math.max(1, data.pools.length)) - gap;
    data.pools.forEach((pool, i) => this.layPool(pool, i * (each + 2 * gap), width, each));
    this.describe();
    this.draw();
  }

  private layPool(pool: Pool, top: number, width: number, height: number): void {
    const { data } = this.model!;
    const { block_prefix, block_prefix6 } = data.status.cluster;
    const runs = runsOf(pool, data.blocks, pool.prefix.includes(":") ? block_prefix6 : block_prefix);
    const strip = asStrip(runs, width, height);
    if (!strip) this.grid = true;
    for (const cell of strip ?? asGrid(pool, runs, width, height)) this.cells.push({ ...cell, y: cell.y + top });
  }

  private describe(): void {
    const { data } = this.model!;
    const pools = data.pools.map(
      (pool) => `${pool.prefix}: ${count(pool.blocks - pool.free_blocks)} of ${count(pool.blocks)} taken`,
    );
    byId("pool-text").textContent = pools.join("  ·  ");
  }

  // ---- drawing ----

  private draw(): void {
    const { ctx, canvas } = this;
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ctx.clearRect(0, 0, canvas.width, canvas.height);
    this.groups ??= this.group();
    for (const [colour, path] of this.groups) {
      ctx.fillStyle = colour;
      ctx.globalAlpha = colour === theme.faint ? 0.6 : this.selected ? 0.3 : 1;
      ctx.fill(path);
    }
    ctx.globalAlpha = 1;
    if (this.selected) this.drawOwn(this.selected);
    ctx.globalAlpha = 1;
    if (!this.grid) for (const cell of this.cells) this.label(cell);
    const at = this.cells[this.cursor];
    if (!at) return;
    ctx.strokeStyle = theme.text;
    ctx.lineWidth = 2;
    ctx.strokeRect(at.x - 1, at.y - 1, at.w + 2, at.h + 2);
  }

  /** Cells of one colour are one shape: there may be thousands. */
  private group(): Map<string, Path2D> {
    const groups = new Map<string, Path2D>();
    for (const cell of this.cells) {
      const colour = this.colourOf(cell);
      let path = groups.get(colour);
      if (!path) groups.set(colour, (path = new Path2D()));
      this.outline(path, cell);
    }
    return groups;
  }

  private outline(path: Path2D, { x, y, w, h }: Cell): void {
    if (this.grid) path.rect(x, y, w, h);
    else path.roundRect(x, y, w, h, Math.min(4, w / 4));
  }

  /** The blocks of one owner, among the others' that are dimmed. */
  private drawOwn(owner: string): void {
    for (const cell of this.cells) {
      if (!cell.runs.some((run) => run.block?.owner === owner)) continue;
      const path = new Path2D();
      this.outline(path, cell);
      this.ctx.fillStyle = this.colourOf(cell);
      this.ctx.fill(path);
      if (!this.grid) continue;
      this.ctx.strokeStyle = theme.text;
      this.ctx.lineWidth = 1.5;
      this.ctx.strokeRect(cell.x - 1, cell.y - 1, cell.w + 2, cell.h + 2);
    }
  }

  private colourOf(cell: Cell): string {
    const block = cell.runs[0]?.block;
    if (!block) return theme.faint;
    if (block.state === "quarantine") return theme.warn;
    const place = this.model!.byName.get(block.owner);
    const owner = place === undefined ? undefined : this.model!.hosts[place];
    if (owner?.health === "self") return theme.accent;
    if (!owner || owner.peer.state !== "reachable") return theme.bad;
    return ownerColour(block.owner, !this.grid);
  }

  private label(cell: Cell): void {
    const { ctx } = this;
    const block = cell.runs[0]?.block;
    const wide = cell.w > 128;
    if (cell.h < 14) return;
    const text = block
      ? (block.state === "quarantine" ? "quarantine" : block.owner) + (wide ? `  ${block.prefix}` : "")
      : `${count(cell.free)} free`;
    ctx.font = `${block ? 600 : 400} 11px ${font}`;
    if (ctx.measureText(text).width > cell.w - 6) return;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.globalAlpha = this.selected && block && block.owner !== this.selected ? 0.5 : 1;
    ctx.fillStyle = !block ? theme.dim : theme.dark || this.colourOf(cell).startsWith("hsl") ? "#0b0e13" : "#ffffff";
    ctx.fillText(text, cell.x + cell.w / 2, cell.y + cell.h / 2 + 0.5);
    ctx.globalAlpha = 1;
  }

  // ---- hands and keys ----

  private cellAt(x: number, y: number): Cell | undefined {
    return this.cells.find(
      (cell) => x >= cell.x && x <= cell.x + cell.w + 1 && y >= cell.y && y <= cell.y + cell.h + 1,
    );
  }

  private words(cell: Cell): string[] {
    if (cell.runs.length === 0) return [`${count(cell.free)} free block${cell.free === 1 ? "" : "s"}`];
    return cell.runs.map(({ block }) => {
      const used = block!.addresses > 0 ? `, ${count(block!.addresses)} of ${count(block!.capacity)} leased` : "";
      return `${block!.prefix}  ${block!.state === "owned" ? block!.owner : block!.state}${used}`;
    });
  }

  private point(event: PointerEvent): void {
    const cell = this.cellAt(event.offsetX, event.offsetY);
    this.canvas.style.cursor = cell?.runs.length ? "pointer" : "default";
    const children = cell
      ? this.words(cell)
          .slice(0, 8)
          .map((text) => el("span", {}, text))
      : null;
    this.listener.tip(children, event.clientX, event.clientY);
  }

  private choose(cell: Cell | undefined): void {
    const owner = cell?.runs[0]?.block?.owner;
    this.listener.select(owner === undefined ? null : (this.model?.byName.get(owner) ?? null));
  }

  /** From block to block; what is free is passed over. */
  private key(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" && this.cursor >= 0) return this.choose(this.cells[this.cursor]);
    if (!step) return;
    event.preventDefault();
    let at = this.cursor < 0 && step < 0 ? this.cells.length : this.cursor;
    do at += step;
    while (this.cells[at] && this.cells[at].runs.length === 0);
    if (this.cells[at]) this.moveTo(at);
  }

  private moveTo(at: number): void {
    this.cursor = at;
    this.redraw();
    const cell = this.cells[at];
    if (!cell) return this.listener.tip(null, 0, 0);
    const box = this.canvas.getBoundingClientRect();
    this.listener.tip(
      this.words(cell).map((text) => el("span", {}, text)),
      box.left + cell.x,
      box.top + cell.y,
    );
    say(this.words(cell).join("; "));
  }
}
