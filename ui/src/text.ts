// SPDX-License-Identifier: Apache-2.0
// Figures and times as people read them.

export function duration(seconds: number): string {
  if (seconds < 1e-3) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 0.01) return `${(seconds * 1e3).toFixed(2)} ms`;
  if (seconds < 0.1) return `${(seconds * 1e3).toFixed(1)} ms`;
  if (seconds < 1) return `${Math.round(seconds * 1e3)} ms`;
  return `${seconds.toFixed(1)} s`;
}

export const percent = (part: number) => `${(part * 100).toFixed(part > 0 && part < 0.1 ? 1 : 0)} %`;

/** "5 s", "12 min", "3 h", "2 d" since then. */
export function ago(time: string | undefined, now = Date.now()): string {
  if (!time) return "";
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (count >= 1000 && at < units.length - 1) {
    count /= 1000;
    at++;
  }
  return `${at > 0 && count < 10 ? count.toFixed(1) : Math.round(count)} ${units[at]}`;
}

export const count = (value: number) => value.toLocaleString("en");

export const clock = (time: string) => new Date(time).toLocaleTimeString("en", { hour12: false });

/** h2 before h10. */
export const natural = new Intl.Collator("en", { numeric: true }).compare;
