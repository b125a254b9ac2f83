// SPDX-License-Identifier: Apache-2.0
// Which part of the map is seen: screen = map * k + (x, y).
import type { Layout } from "./layout";

export class Camera {
  k = 1;
  x = 0;
  y = 0;
  /** The whole map is shown, and goes on to be when it or the window changes. */
  fitted = true;

  constructor(private readonly most = 12) {}

  fit(bounds: Layout["bounds"], width: number, height: number, largest: number): void {
    const room = 28;
    const wide = bounds.x1 - bounds.x0;
    const high = bounds.y1 - bounds.y0;
    this.k = Math.min(largest, (width - 2 * room) / wide, (height - 2 * room - 24) / high);
    this.x = width / 2 - (this.k * (bounds.x0 + bounds.x1)) / 2;
    this.y = height / 2 - (this.k * (bounds.y0 + bounds.y1)) / 2;
    this.fitted = true;
  }

  zoom(factor: number, x: number, y: number): void {
    const k = Math.min(this.most, Math.max(0.1, this.k * factor));
    this.x = x - ((x - this.x) * k) / this.k;
    this.y = y - ((y - this.y) * k) / this.k;
    this.k = k;
    this.fitted = false;
  }

  move(dx: number, dy: number): void {
    this.x += dx;
    this.y += dy;
    this.fitted = false;
  }

  /** Brings a point of the map into sight. */
  show(x: number, y: number, width: number, height: number): void {
    const margin = 60;
    const sx = x * this.k + this.x;
    const sy = y * this.k + this.y;
    if (sx < margin) this.move(margin - sx, 0);
    if (sx > width - margin) this.move(width - margin - sx, 0);
    if (sy < margin) this.move(0, margin - sy);
    if (sy > height - margin) this.move(0, height - margin - sy);
  }
}
