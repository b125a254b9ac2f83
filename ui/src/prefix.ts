// SPDX-License-Identifier: Apache-2.0
// Addresses as numbers, to know where in its pool a block lies.

export interface Prefix {
  base: bigint;
  length: number;
  bits: number; // 32 or 128
}

function v4(text: string): bigint {
  return text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function v6(text: string): bigint {
  const [head, tail] = text.split("::");
  const words = (part: string | undefined) => (part ? part.split(":") : []);
  const left = words(head);
  const right = words(tail);
  const middle = tail === undefined ? [] : new Array<string>(8 - left.length - right.length).fill("0");
  return [...left, ...middle, ...right].reduce((sum, word) => sum * 65536n + BigInt(`0x${word}`), 0n);
}

export function parsePrefix(text: string): Prefix {
  const [address, length] = text.split("/");
  const six = address.includes(":");
  return { base: six ? v6(address) : v4(address), length: Number(length), bits: six ? 128 : 32 };
}

export function contains(outer: Prefix, inner: Prefix): boolean {
  const shift = BigInt(outer.bits - outer.length);
  return outer.bits === inner.bits && outer.length <= inner.length && inner.base >> shift === outer.base >> shift;
}
