// Seeded numbers for tests: the same every run.

/** A generator of whole numbers below its argument (mulberry32). */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return below => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

export function randomBytes(rnd: (below: number) => number, n: number): Uint8Array {
  return Uint8Array.from({ length: n }, () => rnd(256));
}
