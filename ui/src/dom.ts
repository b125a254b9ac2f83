// SPDX-License-Identifier: Apache-2.0
// Elements, made in one expression. Text is always set as text: names come from other hosts.

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | null | ((event: never) => void)>;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const out = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") out.addEventListener(name, value as EventListener);
    else if (value === true) out.setAttribute(name, "");
    else if (value !== false && value !== null) out.setAttribute(name, String(value));
  }
  for (const child of children) if (child) out.append(child);
  return out;
}

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** A sign for a tone that does not need colour to be told: disc, ring, triangle, cross. */
export function sign(tone: string): SVGElement {
  const shapes: Record<string, string> = {
    good: "M8 4.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7z",
    dim: "M8 4.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7zm0 1.6a1.9 1.9 0 1 0 0 3.8a1.9 1.9 0 1 0 0-3.8z",
    warn: "M8 3.2 13 12.4H3z",
    bad: "M4.6 3.4 8 6.8l3.4-3.4 1.2 1.2L9.2 8l3.4 3.4-1.2 1.2L8 9.2l-3.4 3.4-1.2-1.2L6.8 8 3.4 4.6z",
  };
  const out = icon(shapes[tone] ?? shapes.dim, `sign ${tone}`);
  out.setAttribute("aria-hidden", "true");
  return out;
}

/** A lock: what goes there is encrypted. */
export function lock(): SVGElement {
  const out = icon(
    "M5 7V5.2a3 3 0 0 1 6 0V7h.6c.5 0 .9.4.9.9v4.7c0 .5-.4.9-.9.9H4.4a.9.9 0 0 1-.9-.9V7.9c0-.5.4-.9.9-.9zm1.5 0h3V5.2a1.5 1.5 0 0 0-3 0z",
    "sign dim lock",
  );
  out.setAttribute("role", "img");
  out.setAttribute("aria-label", "encrypted");
  return out;
}

function icon(shape: string, cls: string): SVGElement {
  const out = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  out.setAttribute("viewBox", "0 0 16 16");
  out.setAttribute("class", cls);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", shape);
  out.append(path);
  return out;
}

/** Calls of one frame are one call, at its time. */
export function onceAFrame(draw: (now: number) => void): () => void {
  let waits = false;
  return () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame((now) => {
      waits = false;
      draw(now);
    });
  };
}

/** Told to who cannot see what changed. */
export function say(text: string): void {
  byId("said").textContent = text;
}
