// SPDX-License-Identifier: Apache-2.0
// What the answer of the daemon means for who looks at it: each host's health, and what is wrong, gathered by cause.
import { natural } from "./text";
import type { MapData, Path, Peer } from "./types";

/** From well to ill; the worst that is true of a host counts. */
export type Health = "self" | "fine" | "unknown" | "lossy" | "narrow" | "relayed" | "silent" | "deaf" | "away";
export type Tone = "good" | "dim" | "warn" | "bad";

export interface Host {
  place: number; // in the answer
  rank: number; // by name, h2 before h10
  peer: Peer;
  health: Health;
  tone: Tone;
  linked: number[]; // places of those it has a session with
  voter: boolean;
  encrypted: boolean; // what is sent there
}

/** A session between two hosts, by their places. */
export interface Edge {
  from: number;
  to: number;
}

/** Something an operator should know, and what can be done about it. */
export interface Issue {
  tone: Tone;
  title: string;
  why: string;
  cure: string;
  hosts: number[]; // places
  since?: string;
}

export interface Model {
  data: MapData;
  hosts: Host[];
  edges: Edge[];
  issues: Issue[];
  self: number; // its place
  byName: Map<string, number>;
}

/** Beyond it a path is called lossy: a probe in a hundred may get lost anywhere. */
const lossyAbove = 0.01;

const tones: Record<Health, Tone> = {
  self: "good",
  fine: "good",
  unknown: "dim",
  lossy: "warn",
  narrow: "warn",
  relayed: "warn",
  silent: "warn",
  deaf: "bad",
  away: "bad",
};

export const severity: Record<Tone, number> = { bad: 0, warn: 1, dim: 2, good: 3 };

export const healthText: Record<Health, string> = {
  self: "this host",
  fine: "reached straight",
  unknown: "not probed yet",
  lossy: "loses packets",
  narrow: "loses large packets",
  relayed: "reached through a relay",
  silent: "daemon away, packets pass",
  deaf: "packets get no answer",
  away: "not reached at all",
};

function healthOf(peer: Peer): Health {
  if (peer.self) return "self";
  const path = peer.path;
  const up = path?.state === "up";
  if (peer.state !== "reachable") return up ? "silent" : "away";
  if (!path || path.state === "unknown") return "unknown";
  if (!up) return "deaf";
  if (path.kind === "relay") return "relayed";
  if (path.reason.includes("nothing larger than")) return "narrow";
  return path.loss > lossyAbove ? "lossy" : "fine";
}

export function pathText(peer: Peer): string {
  if (peer.self) return "this host";
  const path = peer.path;
  if (!path || path.state === "unknown") return "not probed yet";
  return kindText(path) + (path.state === "up" ? "" : " down");
}

export function kindText(path: Path): string {
  return path.kind === "relay" && path.relay ? `relay via ${path.relay}` : path.kind;
}

/** Whether others on the underlay can read the packets to this host; nothing where none go. */
export function secrecyText(data: MapData, peer: Peer): string | null {
  const path = peer.path;
  if (peer.self || !path || path.state !== "up") return null;
  if (!isEncrypted(data)) return "no: the underlay can read them";
  return path.kind === "relay" ? `by WireGuard on each leg; ${path.relay} can read them` : "by WireGuard";
}

export const isEncrypted = (data: MapData) => data.status.cluster.encryption === "wireguard";

/** The places of each host's neighbours, and each session once. As for the daemons, it is there when both ends say so:
 *  what a dead host has said last stays. */
function sessionsOf(data: MapData): { linked: number[][]; edges: Edge[] } {
  const said = data.linked.map(({ to }) => new Set(to));
  const linked = said.map((others, from) => [...others].filter((to) => said[to].has(from)));
  const edges = linked.flatMap((others, from) => others.filter((to) => from < to).map((to) => ({ from, to })));
  return { linked, edges };
}

let ranked = { names: "", ranks: [] as number[] };

/** Comparing names as people do takes long; who is there seldom changes. */
function ranksOf(peers: Peer[]): number[] {
  const names = peers.map((peer) => peer.name).join("\n");
  if (names === ranked.names && ranked.ranks.length === peers.length) return ranked.ranks;
  const order = peers.map((_, place) => place).sort((a, b) => natural(peers[a].name, peers[b].name));
  const ranks = new Array<number>(peers.length);
  order.forEach((place, rank) => (ranks[place] = rank));
  ranked = { names, ranks };
  return ranks;
}

export function makeModel(data: MapData): Model {
  const ranks = ranksOf(data.peers);
  const { linked, edges } = sessionsOf(data);
  const voters = new Set(data.status.cluster.voters);
  const hosts = data.peers.map((peer, place): Host => {
    const health = healthOf(peer);
    return {
      place,
      rank: ranks[place],
      peer,
      health,
      tone: tones[health],
      linked: linked[place],
      voter: voters.has(peer.name),
      encrypted: isEncrypted(data) && peer.path?.state === "up",
    };
  });
  return {
    data,
    hosts,
    edges,
    issues: issuesOf(data, hosts),
    self: hosts.findIndex((host) => host.peer.self),
    byName: new Map(hosts.map((host) => [host.peer.name, host.place])),
  };
}

// ---- what is wrong ----

interface Cause {
  title: (hosts: string) => string;
  cure: string; // PORTS: those that packets take
}

const causes: Partial<Record<Health, Cause>> = {
  away: {
    title: (hosts) => `${hosts} not reached at all`,
    cure: "No chain of daemons leads there and packets get no answer. If the host runs, let TCP 6783 and PORTS pass; if it is gone for good: overlayctl forget NAME.",
  },
  deaf: {
    title: (hosts) => `${hosts}: packets get no answer`,
    cure: "The daemon there is reached, what goes through the overlay is not answered: let PORTS and echo requests pass between the two, then overlayctl doctor on both.",
  },
  silent: {
    title: (hosts) => `${hosts}: daemon away, packets pass`,
    cure: "Traffic goes on and no route is withdrawn. Look at the daemon there: systemctl status overlayd, and TCP 6783 between the hosts.",
  },
  relayed: {
    title: (hosts) => `${hosts} reached through a relay`,
    cure: "Packets sent straight get no answer, so another host passes them on, at its cost: let PORTS pass between the two.",
  },
  narrow: {
    title: (hosts) => `${hosts}: large packets are lost`,
    cure: "Let the underlay carry larger packets, or give all hosts a smaller --mtu; until then what goes there is made smaller.",
  },
  lossy: {
    title: (hosts) => `${hosts} losing packets`,
    cure: "Probes get lost on the way: look at the network between the two hosts, its load and its errors.",
  },
};

const plural = (count: number, one: string, many = one + "s") => `${count} ${count === 1 ? one : many}`;

function namesOf(hosts: Host[]): string {
  if (hosts.length === 1) return hosts[0].peer.name;
  const zones = new Set(hosts.map((host) => host.peer.zone));
  const zone = [...zones][0];
  return plural(hosts.length, "host") + (zones.size === 1 && zone ? ` of ${zone}` : "");
}

/** What is the same for all who suffer from one thing: without their own addresses, names and figures. */
const sameReason = (reason: string) => reason.replace(/\S*\d\S*/g, "…");

function causeOf(host: Host): string {
  const path = host.peer.path;
  if (host.health === "relayed") return `relay ${path?.relay}`;
  return sameReason(path?.reason ?? "");
}

function whyOf(hosts: Host[]): string {
  const reasons = new Set(hosts.map((host) => host.peer.path?.reason ?? ""));
  const [first] = reasons;
  const reason = reasons.size === 1 ? first : sameReason(first);
  const relay = hosts[0].health === "relayed" ? hosts[0].peer.path?.relay : "";
  return [relay ? `via ${relay}` : "", reason].filter(Boolean).join(": ");
}

/** What firewalls have to let pass for packets. */
function portsOf({ status: { cluster } }: MapData): string {
  return cluster.encryption === "wireguard" ? "UDP 51820 (or its --wireguard-port)" : `UDP ${cluster.vxlan_port}`;
}

function hostIssues(data: MapData, hosts: Host[]): Issue[] {
  const groups = new Map<string, Host[]>();
  for (const host of hosts) {
    if (!causes[host.health]) continue;
    const key = `${host.health}\n${causeOf(host)}`;
    const group = groups.get(key);
    if (group) group.push(host);
    else groups.set(key, [host]);
  }
  return [...groups.values()].map((group) => {
    const cause = causes[group[0].health]!;
    const since = group
      .map((host) => host.peer.since ?? "")
      .sort()
      .at(-1);
    return {
      tone: group[0].tone,
      title: cause.title(namesOf(group)),
      why: whyOf(group),
      cure: cause.cure.replace("PORTS", portsOf(data)),
      hosts: group.map((host) => host.place),
      ...(since && group[0].health === "away" ? { since } : {}),
    };
  });
}

function clusterIssues(data: MapData): Issue[] {
  const out: Issue[] = [];
  const { node, cluster, alarms } = data.status;
  if (!node.ready) {
    out.push({
      tone: "bad",
      title: "This host is not ready",
      why: `It waits for: ${node.waiting_for.join("; ")}`,
      cure: "",
      hosts: [],
    });
  }
  for (const alarm of alarms) {
    // An alarm is a sentence: what is wrong, a colon, the cure.
    const cut = alarm.text.indexOf(": ");
    const why = cut < 0 ? alarm.text : alarm.text.slice(0, cut);
    const cure = cut < 0 ? "" : alarm.text.slice(cut + 2);
    out.push({ tone: "bad", title: `Alarm: ${alarm.name}`, why, cure, hosts: [], since: alarm.since });
  }
  const voters = cluster.voters.length;
  if (voters > 0 && cluster.voters_reachable * 2 <= voters) {
    out.push({
      tone: "bad",
      title: `${voters - cluster.voters_reachable} of ${plural(voters, "voter")} away`,
      why: "Without a majority of them nobody gets another address block; all else goes on.",
      cure: "Bring them back. If they are lost for good: overlayctl recover.",
      hosts: [],
    });
  }
  return out;
}

function issuesOf(data: MapData, hosts: Host[]): Issue[] {
  const found = [...clusterIssues(data), ...hostIssues(data, hosts)];
  return found.sort((a, b) => severity[a.tone] - severity[b.tone] || b.hosts.length - a.hosts.length);
}

/** Whether the host answers to every word that was typed. */
export function matches(host: Host, query: string): boolean {
  const { peer } = host;
  const text = [
    peer.name,
    peer.zone,
    peer.id,
    peer.state,
    ...peer.underlay_addresses,
    ...peer.blocks,
    pathText(peer),
    healthText[host.health],
    peer.version,
    host.voter ? "voter" : "",
    host.encrypted ? "encrypted" : "",
  ]
    .join("\n")
    .toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
