// SPDX-License-Identifier: Apache-2.0
// The right-hand side: what needs somebody, or all that is known of the chosen host.
import { byId, el, lock, sign } from "./dom";
import { healthText, kindText, pathText, secrecyText, type Host, type Issue, type Model } from "./model";
import { ago, bytes, duration, percent } from "./text";

export interface AboutListener {
  select(place: number | null): void;
  /** Shows the hosts of an issue alone; null: all again. */
  light(issue: Issue | null): void;
}

/** The same issue in the next answer. */
const keyOf = (issue: Issue) => `${issue.title.replace(/\d+/g, "")} ${issue.why}`;

export class About {
  private readonly box = byId("details");
  private lit: string | null = null;
  private drawn = "";

  constructor(private readonly listener: AboutListener) {}

  show(model: Model, selected: number | null): void {
    const made = selected === null ? this.issues(model) : this.host(model, model.hosts[selected]);
    // What has not changed is left alone: it may be read, selected or focused.
    const text = made.map((node) => node.outerHTML).join("");
    if (text === this.drawn) return;
    this.drawn = text;
    const focused = this.box.contains(document.activeElement)
      ? document.activeElement?.getAttribute("data-key")
      : null;
    this.box.replaceChildren(...made);
    if (focused) this.box.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  /** The issue whose hosts are shown alone, as it is now; null when there is none any more. */
  litIssue(model: Model): Issue | null {
    return model.issues.find((issue) => keyOf(issue) === this.lit) ?? null;
  }

  unlight(): void {
    this.lit = null;
    this.drawn = "";
  }

  // ---- what is wrong ----

  private issues(model: Model): HTMLElement[] {
    const { known, reachable } = model.data.status.peers;
    if (model.issues.length === 0) {
      const text =
        known === 0
          ? "This host is alone: it knows of no other."
          : `All ${known} other hosts are reached, none through a relay, and no alarm stands.`;
      return [el("h2", {}, "Nothing needs you"), calm(text), this.waysSummary(model)];
    }
    const head = el("h2", {}, "Needs you");
    const list = el("ul", { class: "issues" }, ...model.issues.map((issue) => this.issue(issue)));
    const rest = reachable > 0 ? [this.waysSummary(model)] : [];
    return [head, list, ...rest];
  }

  private issue(issue: Issue): HTMLElement {
    const key = keyOf(issue);
    const pressed = this.lit === key;
    const toggle = () => {
      this.lit = pressed ? null : key;
      this.listener.light(pressed ? null : issue);
    };
    const single = issue.hosts.length === 1 ? () => this.listener.select(issue.hosts[0]) : toggle;
    const title =
      issue.hosts.length === 0
        ? el("h3", {}, issue.title)
        : el(
            "h3",
            {},
            el(
              "button",
              {
                type: "button",
                "data-key": key,
                "aria-pressed": issue.hosts.length > 1 ? String(pressed) : null,
                click: single,
              },
              issue.title,
            ),
          );
    if (issue.since) title.append(el("span", { class: "dim since" }, ago(issue.since)));
    const out = el(
      "li",
      { class: `issue ${issue.tone}` },
      title,
      issue.why ? el("p", {}, issue.why) : null,
      issue.cure ? el("p", { class: "cure" }, issue.cure) : null,
    );
    out.prepend(sign(issue.tone));
    return out;
  }

  /** How packets go, all hosts together. */
  private waysSummary(model: Model): HTMLElement {
    const kinds = new Map<string, number>();
    const trips: number[] = [];
    for (const { peer, health } of model.hosts) {
      if (health === "self") continue;
      const up = peer.path?.state === "up";
      const kind = up ? peer.path!.kind : peer.path?.state === "down" ? "down" : "not probed yet";
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      if (up && peer.path!.rtt_seconds > 0) trips.push(peer.path!.rtt_seconds);
    }
    const total = model.hosts.length - 1;
    const order = ["direct", "vxlan", "wireguard", "relay", "not probed yet", "down"];
    const parts = order.filter((kind) => kinds.has(kind));
    const bar = el("div", { class: "bar", role: "presentation" });
    for (const kind of parts) {
      const piece = el("i", { class: kind.replace(/ .*/, "") });
      piece.style.flexGrow = String(kinds.get(kind));
      bar.append(piece);
    }
    trips.sort((a, b) => a - b);
    const rank = (part: number) => duration(trips[Math.min(trips.length - 1, Math.floor(part * trips.length))]);
    return el(
      "section",
      { class: "ways" },
      el("h3", {}, "How packets go from here"),
      total > 0 ? bar : null,
      el(
        "ul",
        {},
        ...parts.map((kind) =>
          el("li", { class: kind.replace(/ .*/, "") }, el("b", {}, String(kinds.get(kind))), ` ${kind}`),
        ),
      ),
      trips.length > 1
        ? el("p", { class: "dim" }, `Round trips: half within ${rank(0.5)}, 99 % within ${rank(0.99)}.`)
        : null,
    );
  }

  // ---- one host ----

  private host(model: Model, host: Host): HTMLElement[] {
    const { peer } = host;
    const close = el(
      "button",
      {
        type: "button",
        class: "close",
        "data-key": "close",
        "aria-label": "Let go of this host",
        title: "Let go (Esc)",
        click: () => this.listener.select(null),
      },
      "×",
    );
    const head = el(
      "h2",
      {},
      sign(host.tone),
      peer.name,
      host.voter ? el("span", { class: "badge" }, "voter") : null,
      close,
    );
    const state = el(
      "p",
      { class: `state ${host.tone}` },
      healthText[host.health][0].toUpperCase() +
        healthText[host.health].slice(1) +
        (peer.since && !peer.self ? `, ${peer.state} for ${ago(peer.since)}` : ""),
    );
    return [head, state, ...this.trouble(model, host), this.facts(model, host), this.sessions(model, host)];
  }

  private trouble(model: Model, host: Host): HTMLElement[] {
    return model.issues
      .filter((issue) => issue.hosts.includes(host.place))
      .map((issue) =>
        el(
          "div",
          { class: `trouble ${issue.tone}` },
          el("p", {}, host.peer.path?.reason || issue.why),
          el("p", { class: "cure" }, issue.cure),
        ),
      );
  }

  private facts(model: Model, host: Host): HTMLElement {
    const { peer } = host;
    const path = peer.path;
    const rows: [string, string | HTMLElement | null][] = [
      ["Packets", path ? pathText(peer) : null],
      ["Encrypted", secrecyText(model.data, peer)],
      ["Why so", path && host.tone === "good" ? path.reason : null],
      ["Round trip", path && path.rtt_seconds > 0 ? duration(path.rtt_seconds) : null],
      ["Loss", path && path.state !== "unknown" ? percent(path.loss) : null],
      ["Carries", path && path.mtu > 0 ? `${path.mtu} bytes` : null],
      ["Underlay", peer.underlay_addresses.join(", ")],
      ["Blocks", this.blocks(model, peer.blocks)],
      ["Leased", peer.self ? `${model.data.status.ipam.addresses} of ${model.data.status.ipam.capacity}` : null],
      ["Zone", peer.zone],
      ["Version", peer.version],
      ["Id", peer.id],
    ];
    const list = el("dl", { class: "facts" });
    for (const [name, value] of rows) if (value) list.append(el("dt", {}, name), el("dd", {}, value));
    return list;
  }

  private blocks(model: Model, prefixes: string[]): HTMLElement | null {
    if (prefixes.length === 0) return null;
    const known = new Map(model.data.blocks.map((block) => [block.prefix, block]));
    return el(
      "ul",
      {},
      ...prefixes.map((prefix) => {
        const block = known.get(prefix);
        const epoch = block?.epoch
          ? el("span", { class: "dim" }, ` epoch ${block.epoch.term}.${block.epoch.seq}`)
          : null;
        return el("li", {}, prefix, epoch);
      }),
    );
  }

  /** With whom its daemon talks; for this host also how that goes. */
  private sessions(model: Model, host: Host): HTMLElement {
    const others = host.linked.map((place) => model.hosts[place]).sort((a, b) => a.rank - b.rank);
    const links = new Map(
      model.data.links.filter((link) => link.state === "established").map((link) => [link.peer, link]),
    );
    const rows = others.map((other) => {
      const link = host.peer.self ? links.get(other.peer.name) : undefined;
      const figures = link
        ? `${link.rtt_seconds > 0 ? duration(link.rtt_seconds) + ", " : ""}${bytes(link.rx_bytes)} in, ${bytes(link.tx_bytes)} out`
        : "";
      return el(
        "li",
        { class: figures ? "full" : "" },
        el(
          "button",
          { type: "button", "data-key": `to ${other.peer.id}`, click: () => this.listener.select(other.place) },
          other.peer.name,
        ),
        el("span", { class: "dim" }, figures),
      );
    });
    const failing = host.peer.self
      ? model.data.links.filter((link) => link.state !== "established" && link.error)
      : [];
    const failures = failing.map((link) =>
      el(
        "li",
        { class: "failing full" },
        el("span", {}, link.peer || link.address),
        el("span", { class: "warn" }, link.error),
      ),
    );
    return el(
      "section",
      { class: "sessions" },
      el("h3", {}, `Its daemon talks to ${others.length === 0 ? "nobody" : others.length}`),
      el("ul", {}, ...rows, ...failures),
    );
  }
}

function calm(text: string): HTMLElement {
  const out = el("p", { class: "calm" }, text);
  out.prepend(sign("good"));
  return out;
}

/** One line for a pointer that rests on a host. */
export function tipOf(host: Host): HTMLElement[] {
  const { peer } = host;
  const path = peer.path;
  const way =
    path && host.health !== "self"
      ? [
          path.state === "up" ? kindText(path) : pathText(peer),
          path.state === "up" && path.rtt_seconds > 0 ? duration(path.rtt_seconds) : "",
          path.loss >= 0.001 ? `${percent(path.loss)} lost` : "",
        ]
          .filter(Boolean)
          .join(" · ")
      : "this host";
  const name = el("b", {}, peer.name);
  name.prepend(sign(host.tone));
  if (host.encrypted) name.append(lock());
  return [
    name,
    el("span", {}, way),
    el("span", { class: "dim" }, [peer.zone, peer.underlay_addresses[0], peer.blocks[0]].filter(Boolean).join(" · ")),
    ...(host.tone === "warn" || host.tone === "bad"
      ? [el("span", { class: host.tone }, path?.reason || healthText[host.health])]
      : []),
  ];
}
