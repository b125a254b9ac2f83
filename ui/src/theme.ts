// SPDX-License-Identifier: Apache-2.0
// The style sheet's colours, for what is drawn on a canvas. style.css is where they are chosen.
import type { Host, Tone } from "./model";

const names = [
  "bg",
  "panel",
  "line",
  "text",
  "dim",
  "accent",
  "good",
  "info",
  "warn",
  "bad",
  "faint",
  "zone",
  "near",
  "mid",
  "far",
] as const;
export type Theme = Record<(typeof names)[number], string> & { dark: boolean };

const dark = matchMedia("(prefers-color-scheme: dark)");

function read(): Theme {
  const style = getComputedStyle(document.documentElement);
  const colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  return { ...(colours as Record<(typeof names)[number], string>), dark: dark.matches };
}

export let theme: Theme = read();

export function onThemeChange(changed: () => void): void {
  dark.addEventListener("change", () => {
    theme = read();
    changed();
  });
}

export const motion = !matchMedia("(prefers-reduced-motion: reduce)").matches;

export const font =
  '"Inter", "Inter Variable", system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';

/** Of a way that packets go. */
export function kindColour(kind: string): string {
  return kind === "direct" ? theme.good : kind === "relay" ? theme.warn : theme.info;
}

function mixed(a: string, b: string, part: number): string {
  const channel = (text: string, at: number) => parseInt(text.slice(at, at + 2), 16);
  const mix = [1, 3, 5].map((at) => Math.round(channel(a, at) + (channel(b, at) - channel(a, at)) * part));
  return `rgb(${mix.join(" ")})`;
}

/** From 0.1 ms to 300 ms, by powers of ten. */
export function rttColour(seconds: number): string {
  const part = Math.min(1, Math.max(0, Math.log10(seconds / 1e-4) / Math.log10(3000)));
  // A few steps are enough to see, and let hosts of one colour be drawn as one.
  const step = Math.round(part * 10) / 10;
  return step < 0.5 ? mixed(theme.near, theme.mid, step * 2) : mixed(theme.mid, theme.far, step * 2 - 1);
}

export type ColourBy = "state" | "rtt";

const toneColours: Record<Tone, "info" | "dim" | "warn" | "bad"> = {
  good: "info",
  dim: "dim",
  warn: "warn",
  bad: "bad",
};

export function hostColour(host: Host, by: ColourBy): string {
  if (host.health === "self") return theme.accent;
  if (host.tone === "bad") return theme.bad;
  const path = host.peer.path;
  if (by === "rtt" && path && path.rtt_seconds > 0) return rttColour(path.rtt_seconds);
  if (host.tone === "good") return kindColour(path?.kind ?? "");
  return theme[toneColours[host.tone]];
}
