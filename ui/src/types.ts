// SPDX-License-Identifier: Apache-2.0
// What the daemon answers at data.json and events: the JSON of Map and Event in proto/overlay/v1/control.proto.

export interface Path {
  kind: string; // vxlan, direct, wireguard, relay
  state: string; // up, down, unknown
  reason: string;
  rtt_seconds: number;
  loss: number;
  mtu: number;
  relay: string;
}

export interface Peer {
  name: string;
  id: string;
  self: boolean;
  state: string; // reachable, unreachable
  underlay_addresses: string[];
  zone: string;
  blocks: string[];
  path?: Path;
  version: string;
  since?: string;
}

export interface Link {
  peer: string;
  address: string;
  outbound: boolean;
  state: string;
  since: string;
  error: string;
  rx_bytes: number;
  tx_bytes: number;
  rtt_seconds: number;
}

export interface Block {
  prefix: string;
  owner: string;
  epoch?: { term: number; seq: number };
  state: string; // free, owned, quarantine
  addresses: number;
  capacity: number;
}

export interface Pool {
  prefix: string;
  free_blocks: number;
  blocks: number;
}

export interface Alarm {
  name: string;
  text: string;
  since: string;
}

export interface Status {
  node: {
    name: string;
    id: string;
    version: string;
    ready: boolean;
    waiting_for: string[];
    underlay_address: string;
    zone: string;
    mtu: number;
    started: string;
  };
  cluster: {
    id: string;
    voters: string[];
    voters_reachable: number;
    encryption: string;
    authenticated: boolean;
    vxlan_port: number;
    block_prefix: number;
    block_prefix6: number;
  };
  peers: { known: number; reachable: number };
  ipam: { blocks: number; addresses: number; capacity: number };
  alarms: Alarm[];
}

export interface MapData {
  status: Status;
  peers: Peer[];
  linked: { to: number[] }[]; // one a peer: whom it has sessions with, as places in `peers`
  links: Link[];
  pools: Pool[];
  blocks: Block[];
}

export interface OverlayEvent {
  id: number;
  time: string;
  level: string;
  kind: string;
  subject: string;
  from: string;
  to: string;
  text: string;
}
