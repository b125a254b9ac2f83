// SPDX-License-Identifier: Apache-2.0
// What changed, newest first.
import { byId, el, sign } from "./dom";
import type { Tone } from "./model";
import { clock } from "./text";
import type { OverlayEvent } from "./types";

const kept = 300;
const tones: Record<string, Tone> = { info: "dim", warning: "warn", error: "bad" };

export class Events {
  private readonly rows = byId("event-rows");
  private total = 0;

  constructor(private readonly select: (name: string) => void) {}

  add(news: OverlayEvent[], fromStart: boolean): void {
    if (fromStart) this.rows.replaceChildren();
    this.total = fromStart ? news.length : this.total + news.length;
    const fresh = news
      .slice(-kept)
      .reverse()
      .map((event) => this.row(event, !fromStart));
    this.rows.prepend(...fresh);
    while (this.rows.childElementCount > kept) this.rows.lastElementChild?.remove();
    byId("events-count").textContent = this.total > kept ? `the last ${kept}` : String(this.total);
  }

  private row(event: OverlayEvent, fresh: boolean): HTMLElement {
    const change =
      event.from && event.to ? `${event.from} → ${event.to}` : event.to || (event.from ? `${event.from} →` : "");
    const subject = event.subject
      ? el("button", { type: "button", tabindex: -1, click: () => this.select(event.subject) }, event.subject)
      : null;
    const row = el(
      "li",
      { class: fresh ? "fresh" : "" },
      el("time", { datetime: event.time }, clock(event.time)),
      el(
        "span",
        { class: "what" },
        el("span", { class: "kind" }, event.kind),
        " ",
        subject,
        subject ? " " : "",
        el("span", { class: "change" }, change),
        event.text ? el("span", { class: "dim" }, ` ${event.text}`) : null,
      ),
    );
    row.prepend(sign(tones[event.level] ?? "dim"));
    return row;
  }
}
