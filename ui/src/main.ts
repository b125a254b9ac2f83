// SPDX-License-Identifier: Apache-2.0
// The page: puts what the daemon tells into its parts, and keeps them agreed on which host is looked at.
import { About, tipOf } from "./about";
import { byId, el, say, sign } from "./dom";
import { Events } from "./events";
import { Feed } from "./feed";
import { Hosts } from "./hosts";
import { healthText, isEncrypted, makeModel, type Issue, type Model } from "./model";
import { PoolStrip } from "./pool";
import { Scene } from "./scene";
import { clock, count } from "./text";
import { onThemeChange, theme, type ColourBy } from "./theme";
import type { MapData } from "./types";

let model: Model | null = null;
let selectedId: string | null = null;
let wanted = decodeURIComponent(location.hash.slice(1)); // a host that a link names
let heardAt = 0;

const placeOf = (id: string | null) =>
  id === null ? null : (model?.hosts.find((host) => host.peer.id === id)?.place ?? null);

// ---- one host is looked at ----

function select(place: number | null): void {
  const host = place === null ? null : (model?.hosts[place] ?? null);
  selectedId = host?.peer.id ?? null;
  nameInAddress(host?.peer.name);
  scene.view.selected = place;
  if (place !== null) scene.show(place);
  scene.redraw();
  hosts.setSelected(place);
  pool.setSelected(host?.peer.name ?? null);
  if (model) about.show(model, place);
  byId("scene").setAttribute("aria-label", sceneLabel());
  if (host) say(`${host.peer.name}: ${healthText[host.health]}`);
}

let naming = 0;

/** So that a link leads to this host; not at each of many that are passed on the way, which browsers take for a flood. */
function nameInAddress(name: string | undefined): void {
  clearTimeout(naming);
  naming = window.setTimeout(
    () => history.replaceState(null, "", name ? `#${encodeURIComponent(name)}` : location.pathname),
    150,
  );
}

function light(places: Set<number> | null): void {
  scene.view.lit = places && places.size > 0 ? places : null;
  scene.redraw();
}

function lightIssue(issue: Issue | null): void {
  const places = issue ? new Set(issue.hosts) : null;
  hosts.setOnly(places);
  light(places);
  if (model) about.show(model, placeOf(selectedId));
}

function tip(children: HTMLElement[] | null, x: number, y: number): void {
  const box = byId("tip");
  box.hidden = children === null;
  if (!children) return;
  box.replaceChildren(...children);
  const { offsetWidth: width, offsetHeight: height } = box;
  box.style.left = `${Math.min(x + 14, innerWidth - width - 8)}px`;
  box.style.top = `${y + 18 + height > innerHeight ? y - height - 10 : y + 18}px`;
}

const scene = new Scene(byId<HTMLCanvasElement>("scene"), {
  select,
  hover(place, x, y) {
    const box = byId("scene").getBoundingClientRect();
    tip(place === null || !model ? null : tipOf(model.hosts[place]), box.left + x, box.top + y);
  },
});
const hosts = new Hosts({
  select,
  found(places) {
    about.unlight();
    light(places);
  },
});
const about = new About({ select, light: lightIssue });
const pool = new PoolStrip({ select, tip });
const events = new Events((name) => {
  const place = model?.byName.get(name);
  if (place !== undefined) select(place);
});

// ---- the line above ----

function sceneLabel(): string {
  if (!model) return "The map";
  const ill = model.hosts.filter((host) => host.tone === "bad" || host.tone === "warn").length;
  const chosen = placeOf(selectedId);
  const text = `${model.hosts.length} hosts, ${ill} of them with trouble`;
  return chosen === null
    ? text
    : `${text}; ${model.hosts[chosen].peer.name} is chosen: ${healthText[model.hosts[chosen].health]}`;
}

function figure(name: string, value: string, tone = ""): HTMLElement {
  return el("div", {}, el("dt", {}, name), el("dd", { class: tone }, value));
}

function showHeader(data: MapData): void {
  const { node, cluster, peers, ipam } = data.status;
  byId("who").replaceChildren(
    el("b", {}, node.name),
    el(
      "span",
      { class: "dim" },
      [node.zone, cluster.id ? `cluster ${cluster.id.slice(0, 8)}` : "no cluster yet", node.version]
        .filter(Boolean)
        .join(" · "),
    ),
  );
  const worst = model!.issues[0]?.tone ?? "good";
  const needs = model!.issues.length;
  const text = !node.ready
    ? "not ready"
    : needs === 0
      ? "all well"
      : `${needs} thing${needs === 1 ? "" : "s"} to look at`;
  const health = byId("health");
  if (health.textContent !== text || health.className !== worst) {
    health.className = worst;
    health.replaceChildren(sign(worst), text);
  }
  byId("figures").replaceChildren(
    figure("Peers", `${count(peers.reachable)} / ${count(peers.known)}`, peers.reachable < peers.known ? "bad" : ""),
    figure(
      "Voters",
      `${cluster.voters_reachable} / ${cluster.voters.length}`,
      cluster.voters_reachable < cluster.voters.length ? "warn" : "",
    ),
    figure("Leased here", `${count(ipam.addresses)} / ${count(ipam.capacity)}`),
    figure("Packets", cluster.encryption ? (isEncrypted(data) ? "encrypted" : "not encrypted") : "–"),
    figure("Mesh", cluster.authenticated ? "authenticated" : "open", cluster.authenticated ? "" : "warn"),
  );
  document.title = `${needs > 0 ? `(${needs}) ` : ""}${node.name} · overlay`;
}

function showTrouble(text: string): void {
  const live = byId("live");
  if (text) {
    const since = heardAt ? ` What you see is from ${clock(new Date(heardAt).toISOString())}.` : "";
    live.className = "bad";
    live.replaceChildren(sign("bad"), `The daemon does not answer (${text}).${since}`);
  } else {
    heardAt = Date.now();
    live.className = "good";
    live.replaceChildren(sign("good"), "live");
  }
}

// ---- how it is drawn ----

function toggle(text: string, pressed: boolean, changed: (on: boolean) => void): HTMLElement {
  const button = el(
    "button",
    {
      type: "button",
      "aria-pressed": String(pressed),
      click: () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        changed(on);
        scene.redraw();
        showLegend();
      },
    },
    text,
  );
  return button;
}

function makeControls(): void {
  const { view } = scene;
  byId("layers").append(
    toggle("Data paths", true, (on) => (view.ways = on)),
    toggle("Daemon links", true, (on) => (view.sessions = on)),
    toggle("Colour by RTT", false, (on) => (view.colourBy = (on ? "rtt" : "state") as ColourBy)),
  );
  const button = (text: string, label: string, click: () => void) =>
    el("button", { type: "button", "aria-label": label, title: label, click }, text);
  byId("zoom").append(
    button("+", "Zoom in (+)", () => scene.zoom(1.4)),
    button("−", "Zoom out (-)", () => scene.zoom(1 / 1.4)),
    button("⤢", "Show all (0)", () => scene.fit()),
    button("?", "Keys (?)", () => byId<HTMLDialogElement>("keys").showModal()),
  );
}

function showLegend(): void {
  const entry = (cls: string, text: string) => el("li", { class: cls }, text);
  const byRtt = scene.view.colourBy === "rtt";
  const reached = byRtt
    ? [el("li", { class: "ramp" }, "0.1 ms", el("i"), "300 ms")]
    : model && isEncrypted(model.data)
      ? [entry("vxlan", "WireGuard, encrypted")]
      : [entry("direct", "direct"), entry("vxlan", "VXLAN")];
  byId("legend").replaceChildren(
    ...reached,
    entry("relay", "relay or impaired"),
    entry("down", "no way"),
    ...(scene.view.sessions ? [entry("session", "daemons' link")] : []),
  );
}

function makeKeys(): void {
  const keys: [string, string][] = [
    ["/", "find a host"],
    ["Tab", "list, map, addresses, details, events"],
    ["← → ↑ ↓", "from host to host, from block to block"],
    ["Enter", "look at what was found"],
    ["+ − 0", "zoom in, out, show all"],
    ["Esc", "let go"],
    ["?", "this list"],
  ];
  const list = el("dl", {});
  for (const [key, what] of keys)
    list.append(el("dt", {}, ...key.split(" ").map((part) => el("kbd", {}, part))), el("dd", {}, what));
  const dialog = byId<HTMLDialogElement>("keys");
  dialog.append(
    el("h2", { id: "keys-title" }, "Keys"),
    list,
    el("button", { type: "button", autofocus: true, click: () => dialog.close() }, "Close"),
  );
}

function onKey(event: KeyboardEvent): void {
  if (event.target instanceof HTMLInputElement) return void (event.key === "Escape" && event.target.blur());
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    event.preventDefault();
    byId("search").focus();
  } else if (event.key === "?") byId<HTMLDialogElement>("keys").showModal();
  else if (event.key === "Escape" && !byId<HTMLDialogElement>("keys").open) letGo();
}

/** First of the host, then of the issue or of what was found. */
function letGo(): void {
  if (selectedId !== null) return select(null);
  about.unlight();
  lightIssue(null);
}

// ---- what is heard ----

function heard(data: MapData): void {
  model = makeModel(data);
  scene.setModel(model);
  hosts.setModel(model);
  pool.setModel(model);
  showHeader(data);
  showLegend();
  if (scene.view.hovered !== null && scene.view.hovered >= model.hosts.length) scene.view.hovered = null;
  const lit = about.litIssue(model);
  if (lit && scene.view.lit) light(new Set(lit.hosts));
  const named = wanted ? model.byName.get(wanted) : undefined;
  wanted = "";
  if (named !== undefined) return select(named);
  const place = placeOf(selectedId);
  scene.view.selected = place;
  about.show(model, place);
  byId("scene").setAttribute("aria-label", sceneLabel());
  document.body.dataset["hosts"] = String(model.hosts.length);
}

makeControls();
makeKeys();
showLegend();
document.addEventListener("keydown", onKey);
onThemeChange(() => {
  scene.redraw();
  pool.repaint();
});
addEventListener("hashchange", () => {
  const place = model?.byName.get(decodeURIComponent(location.hash.slice(1)));
  if (place !== undefined) select(place);
});
document.documentElement.dataset["theme"] = theme.dark ? "dark" : "light";
new Feed({ map: heard, events: (news, fromStart) => events.add(news, fromStart), trouble: showTrouble }).start();
