// SPDX-License-Identifier: Apache-2.0
// A made-up cluster of any size as the daemon would answer it, the same each time but for its clock, with every kind of trouble in it.

/** Numbers from 0 to 1 in an order that a seed fixes (mulberry32). */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
const started = ago(3000);
const zones = [
  { name: "fra1", share: 0.3, rtt: 0.0003 },
  { name: "fra2", share: 0.22, rtt: 0.0008 },
  { name: "ams1", share: 0.18, rtt: 0.007 },
  { name: "nyc1", share: 0.14, rtt: 0.082 },
  { name: "nyc2", share: 0.1, rtt: 0.084 },
  { name: "sgp1", share: 0.06, rtt: 0.168 },
];

function zoneOf(i, count) {
  let part = (i + 0.5) / count;
  return zones.find((zone) => (part -= zone.share) < 0) ?? zones[zones.length - 1];
}

function pathTo(i, zone, chance) {
  const direct = zone.name === "fra1";
  return {
    kind: direct ? "direct" : "vxlan",
    state: "up",
    reason: direct ? "" : "on another subnet",
    rtt_seconds: zone.rtt * (0.9 + 0.4 * chance() + (chance() < 0.03 ? 1.5 : 0)),
    loss: 0,
    mtu: direct ? 1500 : 1450,
    relay: "",
  };
}

/** Some of everything that can be wrong; few hosts of a small cluster, whole groups of a large one. */
function spoil(peers) {
  const of = (zone) => peers.filter((peer) => peer.zone === zone && !peer.self);
  const some = (list, part) => list.slice(0, Math.max(1, Math.round(list.length * part)));
  const relay = of("nyc1")[0].name;
  for (const peer of some(of("nyc2"), 0.4))
    Object.assign(peer.path, { kind: "relay", relay, reason: "no answer straight" });
  for (const peer of some(of("sgp1"), 0.25)) {
    peer.state = "unreachable";
    Object.assign(peer.path, {
      state: "down",
      reason: "no answer, and no relay was found; no path of links leads to it",
      loss: 1,
      rtt_seconds: 0,
    });
  }
  Object.assign(of("ams1").at(-1).path, {
    reason: "on another subnet; nothing larger than 1380 bytes passes",
    mtu: 1380,
  });
  for (const peer of some(of("ams1"), 0.03)) peer.path.loss = 0.042;
  const silent = of("fra2").at(-1);
  silent.state = "unreachable";
  silent.path.reason = `its link at ${silent.underlay_addresses[0]}:6783 is retrying`;
  Object.assign(of("fra2")[0].path, { state: "down", reason: "no answer", rtt_seconds: 0, loss: 1 });
}

function peersOf(count, chance) {
  return Array.from({ length: count }, (_, i) => {
    const zone = zoneOf(i, count);
    const name = `h${i + 1}`;
    return {
      name,
      id: ((BigInt(i + 1) * 0x9e3779b97f4a7c15f39cc0605cedc834n) & ((1n << 128n) - 1n))
        .toString(16)
        .padStart(32, "0"),
      self: i === 0,
      state: "reachable",
      underlay_addresses: [`192.0.${(i >> 8) + 2}.${i & 255}`],
      zone: zone.name,
      blocks: [],
      ...(i === 0 ? {} : { path: pathTo(i, zone, chance) }),
      version: "0.1.0",
      ...(i === 0 ? {} : { since: ago(i === count - 1 ? 12 : 1440) }),
    };
  });
}

/** All with all up to sixteen; above, two successors on a ring and six others each. */
function linkedOf(peers, chance) {
  const count = peers.length;
  const linked = peers.map(() => new Set());
  const join = (a, b) => a !== b && (linked[a].add(b), linked[b].add(a));
  for (let i = 0; i < count; i++) {
    if (count <= 16) for (let j = 0; j < i; j++) join(i, j);
    else {
      for (const step of [1, 2]) join(i, (i + step) % count);
      for (let n = 0; n < 2; n++) join(i, Math.floor(chance() * count));
    }
  }
  // Who is not reached has said nothing lately; what others said of links with it is gone.
  peers.forEach((peer, i) => {
    if (peer.state === "reachable") return;
    for (const other of linked[i]) linked[other].delete(i);
  });
  return linked.map((set) => ({ to: [...set].sort((a, b) => a - b) }));
}

function blocksOf(peers, chance) {
  const out = [];
  let at = 0;
  for (const peer of peers) {
    const prefix = `10.${32 + (at >> 8)}.${at & 255}.0/24`;
    peer.blocks = [prefix];
    out.push({
      prefix,
      owner: peer.name,
      epoch: { term: 3, seq: at + 1 },
      state: "owned",
      addresses: peer.self ? 41 : 0,
      capacity: 255,
    });
    at += 1 + (chance() < 0.04 ? Math.floor(chance() * 60) : 0);
  }
  out.push({
    prefix: `10.${32 + (at >> 8)}.${at & 255}.0/24`,
    owner: "",
    epoch: { term: 3, seq: at },
    state: "quarantine",
    addresses: 0,
    capacity: 255,
  });
  return out;
}

/** A cluster of `count` hosts in six zones, seen from h1; well, or with troubles; its packets encrypted, or not. */
export function cluster(count, { well = false, encrypted = false } = {}) {
  const chance = random(7);
  const peers = peersOf(count, chance);
  if (encrypted)
    for (const peer of peers.slice(1)) Object.assign(peer.path, { kind: "wireguard", reason: "", mtu: 1420 });
  if (!well) spoil(peers);
  const blocks = blocksOf(peers, chance);
  const others = peers.slice(1);
  const is = (kind) => others.filter((peer) => peer.path.kind === kind && peer.path.state === "up").length;
  const alarms = [
    {
      name: "black-hole",
      text: "packets of more than 1380 bytes are lost on the way to h9, and 1450 should pass; what goes there is made smaller: let the underlay carry 1500 bytes, or give all nodes --mtu 1380",
      since: ago(47),
    },
  ];
  return {
    status: {
      node: {
        name: "h1",
        id: peers[0].id,
        version: "0.1.0",
        ready: true,
        waiting_for: [],
        underlay_address: "192.0.2.0",
        vtep_mac: "02:00:00:00:00:01",
        zone: "fra1",
        mtu: 1450,
        started,
      },
      cluster: {
        id: "8f2c5b1a9d3e4f607182a3b4c5d6e7f8",
        pools: ["10.32.0.0/12"],
        voters: ["h1", "h2", "h3"],
        encryption: encrypted ? "wireguard" : "none",
        authenticated: true,
        vni: 4711,
        vxlan_port: 4789,
        block_prefix: 24,
        block_prefix6: 64,
        feature_level: 1,
        voters_reachable: 3,
      },
      peers: { known: others.length, reachable: others.filter((peer) => peer.state === "reachable").length },
      ipam: { blocks: 1, addresses: 41, capacity: 255 },
      paths: {
        vxlan: is("vxlan"),
        direct: is("direct"),
        wireguard: is("wireguard"),
        relay: is("relay"),
        down: others.filter((peer) => peer.path.state !== "up").length,
      },
      alarms: well ? [] : alarms,
      links: { established: 8, retrying: 0 },
      unreachable: [],
    },
    peers,
    linked: linkedOf(peers, chance),
    links: [
      {
        peer: "h2",
        address: "192.0.2.1:6783",
        outbound: true,
        state: "established",
        since: started,
        error: "",
        rx_bytes: 812345,
        tx_bytes: 702111,
        rtt_seconds: 0.0004,
      },
    ],
    pools: [{ prefix: "10.32.0.0/12", blocks: 4096, free_blocks: 4096 - blocks.length }],
    blocks,
  };
}

/** The next event of the cluster. */
export function event(id) {
  const kinds = [
    { level: "info", kind: "peer", from: "unreachable", to: "reachable", text: "" },
    { level: "warning", kind: "path", from: "direct up", to: "relay via h3 up", text: "no answer straight" },
    { level: "info", kind: "path", from: "relay via h3 up", to: "direct up", text: "" },
    { level: "info", kind: "block", from: "", to: "h7 owned", text: "" },
    { level: "error", kind: "alarm", from: "", to: "black-hole", text: "packets of more than 1380 bytes are lost" },
  ];
  const { kind, ...rest } = kinds[id % kinds.length];
  return {
    id,
    time: new Date(Date.parse(started) + id * 7000).toISOString(),
    kind,
    subject: kind === "block" ? "10.32.6.0/24" : `h${(id % 9) + 2}`,
    ...rest,
  };
}
