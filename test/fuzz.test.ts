// The fuzzers' own ground: the same inputs for the same seed, and inputs that survive being written down.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';

import { Dice, edited, edits } from '../fuzz/dice';
import { inputToText, textToInput } from '../fuzz/fuzzer';
import { FUZZERS } from '../fuzz/list';
import { PROJECT } from './node-red-process';

describe('fuzzing', () => {
  it('makes the same changes for the same seed and number, and others for another', () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => i);
    const made = (seed: number, n: number): string => inputToText(edits(new Dice(seed, n), 8));
    assert.equal(new Set([made(1, 2), made(1, 2), made(1, 3), made(2, 2)]).size, 3);
    assert.deepEqual(edited(bytes, edits(new Dice(1, 2), 8)), edited(bytes, edits(new Dice(1, 2), 8)));
  });

  it('writes inputs down as they were, with octets, big numbers and names that are dangerous', () => {
    const input = { bytes: Uint8Array.of(0, 255), n: 2n ** 70n, no: [NaN, -0, undefined], ['__proto__']: { a: 1 } };
    const again = textToInput(inputToText(input));
    assert.deepEqual(again, input);
    assert.ok(Object.hasOwn(again as object, '__proto__'));
    assert.equal(({} as { a?: number }).a, undefined);
  });

  it('keeps only inputs that one of its fuzzers takes', () => {
    const folder = join(PROJECT, 'fuzz', 'found');
    for (const file of readdirSync(folder).filter(name => name.endsWith('.json'))) {
      const kept = textToInput(readFileSync(join(folder, file), 'utf8')) as {
        fuzzer: string;
        input: { foreign?: boolean };
      };
      assert.ok(
        FUZZERS.some(f => f.name === kept.fuzzer),
        file,
      );
      assert.notEqual(kept.input.foreign, true, `${file} is made of the corpus`);
    }
  });
});
