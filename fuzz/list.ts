// Every fuzzer, in the order in which they run.

import { admin } from './admin';
import { apdu } from './apdu';
import { client } from './client';
import { forger } from './forger';
import { counters } from './counters';
import { damage } from './damage';
import type { Fuzzer } from './fuzzer';
import { iec } from './iec';
import { liar } from './liar';
import { nodeRed } from './node-red';
import { once } from './once';
import { pasted } from './pasted';
import { push } from './push';
import { serial } from './serial';
import { soak } from './soak';
import { text } from './text';
import { values } from './values';
import { written } from './written';
import { xml } from './xml';

export const FUZZERS: readonly Fuzzer[] = [
  push,
  apdu,
  iec,
  client,
  once,
  text,
  pasted,
  values,
  written,
  xml,
  damage,
  forger,
  liar,
  counters,
  soak,
  nodeRed,
  admin,
  serial,
];
