// SPDX-License-Identifier: Apache-2.0
// What the daemon tells: the map, asked for again and again, and its events as they come.
import type { MapData, OverlayEvent } from "./types";

/** Where the page is served, whatever stands before it. */
const base = location.pathname.replace(/\/+$/, "");

export interface Listener {
  map(data: MapData): void;
  events(news: OverlayEvent[], fromStart: boolean): void;
  /** Nothing is heard, and why; empty: all is well again. */
  trouble(text: string): void;
}

/** Large clusters are asked for less often: what changes in between comes as an event, which asks at once. */
const interval = (peers: number) => (peers <= 200 ? 2000 : 5000);
const soonest = (peers: number) => (peers <= 200 ? 1000 : 2500);

export class Feed {
  private asking = false;
  private asked = 0;
  private timer = 0;
  private peers = 0;
  private started = "";
  private lastEvent = 0;
  private stream: AbortController | null = null;

  constructor(private readonly listener: Listener) {
    document.addEventListener("visibilitychange", () => this.askIn(0));
  }

  start(): void {
    this.askIn(0);
    void this.follow();
  }

  private askIn(wait: number): void {
    clearTimeout(this.timer);
    if (document.hidden && this.asked > 0) return;
    const since = performance.now() - this.asked;
    const least = this.asked > 0 ? Math.max(0, soonest(this.peers) - since) : 0;
    this.timer = window.setTimeout(() => void this.ask(), Math.max(wait, least));
  }

  private async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    this.asked = performance.now();
    try {
      const answer = await fetch(`${base}/data.json`, { signal: AbortSignal.timeout(10_000) });
      if (!answer.ok) throw new Error((await answer.text()).trim());
      this.heard((await answer.json()) as MapData);
    } catch (error) {
      this.listener.trouble(error instanceof Error ? error.message : String(error));
    }
    this.asking = false;
    this.askIn(interval(this.peers));
  }

  private heard(data: MapData): void {
    this.peers = data.peers.length;
    const { started } = data.status.node;
    if (this.started && started !== this.started) {
      // Another life of the daemon counts its events from one again.
      this.lastEvent = 0;
      this.stream?.abort();
    }
    this.started = started;
    this.listener.trouble("");
    this.listener.map(data);
  }

  /** For ever; each end of the stream is followed by another try. */
  private async follow(): Promise<void> {
    for (let wait = 500; ; wait = Math.min(wait * 2, 10_000)) {
      this.stream = new AbortController();
      try {
        const answer = await fetch(`${base}/events?follow=1&after=${this.lastEvent}`, { signal: this.stream.signal });
        if (answer.ok && answer.body) {
          wait = 500;
          await this.read(answer.body);
        }
      } catch {
        // Whether the daemon is there at all shows where the map is asked for.
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  private async read(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      const news = lines.filter(Boolean).map((line) => JSON.parse(line) as OverlayEvent);
      if (news.length === 0) continue;
      const fromStart = this.lastEvent === 0;
      this.lastEvent = news[news.length - 1].id;
      this.listener.events(news, fromStart);
      this.askIn(200);
    }
  }
}
