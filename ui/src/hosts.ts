// SPDX-License-Identifier: Apache-2.0
// The list of hosts: found by what is typed, sorted by trouble, name, round trip or loss. Only rows in sight exist, so
// that thousands cost what thirty do.
import { byId, el, lock, onceAFrame, sign } from "./dom";
import { matches, pathText, severity, type Host, type Model } from "./model";
import { duration, percent } from "./text";

type Order = "trouble" | "name" | "rtt" | "loss";

const orders: Record<Order, { text: string; title: string; compare: (a: Host, b: Host) => number }> = {
  trouble: {
    text: "Trouble",
    title: "What needs attention first",
    compare: (a, b) => severity[a.tone] - severity[b.tone],
  },
  name: { text: "Name", title: "By name", compare: () => 0 },
  rtt: { text: "RTT", title: "The slowest path first", compare: (a, b) => rtt(b) - rtt(a) },
  loss: { text: "Loss", title: "The path that loses most first", compare: (a, b) => loss(b) - loss(a) },
};

const rtt = (host: Host) => host.peer.path?.rtt_seconds ?? 0;
const loss = (host: Host) => host.peer.path?.loss ?? 0;
const rowHeight = 30;

export interface HostsListener {
  select(place: number | null): void;
  /** What was found; null: everything is shown. */
  found(places: Set<number> | null): void;
}

export class Hosts {
  private model: Model | null = null;
  private shown: Host[] = [];
  private order: Order = "trouble";
  private selected: number | null = null;
  private top = 0; // of what is in sight
  private height = 0;
  private only: Set<number> | null = null; // the hosts of one issue
  private readonly rows = byId("rows");
  private readonly search = byId<HTMLInputElement>("search");
  private readonly draw = onceAFrame(() => this.render());
  private readonly inner = el("div", { class: "inner", role: "presentation" });

  constructor(private readonly listener: HostsListener) {
    this.rows.append(this.inner);
    // Asked for at other times, they would cost a layout each.
    this.rows.addEventListener(
      "scroll",
      () => {
        this.top = this.rows.scrollTop;
        this.draw();
      },
      { passive: true },
    );
    new ResizeObserver(() => {
      this.height = this.rows.clientHeight;
      this.draw();
    }).observe(this.rows);
    this.rows.addEventListener("keydown", (event) => this.key(event));
    this.search.addEventListener("input", () => this.typed());
    this.search.addEventListener("keydown", (event) => this.searchKey(event));
    for (const order of Object.keys(orders) as Order[]) {
      const { text, title } = orders[order];
      byId("columns").append(
        el("button", { type: "button", title, "data-order": order, click: () => this.sort(order) }, text),
      );
    }
    this.sort("trouble");
  }

  setModel(model: Model): void {
    this.model = model;
    this.choose();
  }

  setSelected(place: number | null): void {
    this.selected = place;
    const at = this.shown.findIndex((host) => host.place === place);
    if (at >= 0) this.scrollTo(at);
    this.draw();
  }

  /** Shows these alone, whatever is typed; null: all again. */
  setOnly(places: Set<number> | null): void {
    this.only = places;
    this.search.value = "";
    this.choose();
  }

  private sort(order: Order): void {
    this.order = order;
    for (const button of byId("columns").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset["order"] === order));
    }
    this.rows.scrollTop = this.top = 0;
    this.choose();
  }

  private typed(): void {
    this.only = null;
    this.rows.scrollTop = this.top = 0;
    this.choose();
    this.listener.found(this.search.value.trim() ? new Set(this.shown.map((host) => host.place)) : null);
  }

  private choose(): void {
    if (!this.model) return;
    const query = this.search.value.trim();
    const { compare } = orders[this.order];
    this.shown = this.model.hosts
      .filter((host) => (this.only ? this.only.has(host.place) : !query || matches(host, query)))
      .sort((a, b) => compare(a, b) || a.rank - b.rank);
    const all = this.model.hosts.length;
    byId("hosts-count").textContent = this.shown.length === all ? String(all) : `${this.shown.length} of ${all}`;
    this.draw();
  }

  private scrollTo(at: number): void {
    const top = at * rowHeight;
    if (top >= this.top && top + rowHeight <= this.top + this.height) return;
    this.top = top < this.top ? top : top + rowHeight - this.height;
    this.rows.scrollTop = this.top;
  }

  private render(): void {
    const first = Math.max(0, Math.floor(this.top / rowHeight) - 4);
    const last = Math.min(this.shown.length, Math.ceil((this.top + this.height) / rowHeight) + 4);
    this.inner.style.height = `${this.shown.length * rowHeight}px`;
    this.inner.replaceChildren(...this.shown.slice(first, last).map((host, i) => this.row(host, first + i)));
    const active = this.shown.some((host) => host.place === this.selected) ? `row-${this.selected}` : "";
    this.rows.setAttribute("aria-activedescendant", active);
    if (this.shown.length === 0) this.inner.append(el("p", { class: "dim none" }, "No host answers to that."));
  }

  private row(host: Host, at: number): HTMLElement {
    const { peer, tone } = host;
    const path = peer.path;
    const lost = path && path.loss >= 0.001 ? percent(path.loss) : "";
    const figure = path && path.state === "up" && path.rtt_seconds > 0 ? duration(path.rtt_seconds) : "";
    const row = el(
      "div",
      {
        id: `row-${host.place}`,
        class: "row",
        role: "option",
        "aria-selected": String(host.place === this.selected),
        "aria-posinset": at + 1,
        "aria-setsize": this.shown.length,
        click: () => this.listener.select(host.place),
      },
      null,
      el("span", { class: "name" }, peer.name),
      el("span", { class: `way ${tone}` }, peer.state === "reachable" ? pathText(peer) : "unreachable"),
      el("span", { class: "figure warn" }, lost),
      el("span", { class: "figure" }, figure),
    );
    row.prepend(sign(tone));
    if (host.encrypted) row.children[1].after(lock());
    row.style.top = `${at * rowHeight}px`;
    return row;
  }

  private key(event: KeyboardEvent): void {
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: 12,
      PageUp: -12,
      Home: -1e9,
      End: 1e9,
    };
    const step = steps[event.key];
    if (step === undefined || this.shown.length === 0) return;
    event.preventDefault();
    const at = this.shown.findIndex((host) => host.place === this.selected);
    const next = Math.min(this.shown.length - 1, Math.max(0, at < 0 ? 0 : at + step));
    this.listener.select(this.shown[next].place);
  }

  private searchKey(event: KeyboardEvent): void {
    if (event.key === "Enter" && this.shown[0]) this.listener.select(this.shown[0].place);
    if (event.key === "ArrowDown") {
      event.preventDefault();
      this.rows.focus();
      if (this.selected === null && this.shown[0]) this.listener.select(this.shown[0].place);
    }
    if (event.key === "Escape" && this.search.value) {
      event.stopPropagation();
      this.search.value = "";
      this.typed();
    }
  }
}
