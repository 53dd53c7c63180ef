import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  INPUTS,
  isWaiting,
  nextPhase,
  PHASES,
  phasesPage,
  type Input,
  type Phase,
} from '../../../src/core/client/phases';
import { isDlmsError } from '../../../src/core/wire/errors';

const phases = Object.keys(PHASES) as Phase[];
const inputs = Object.keys(INPUTS) as Input[];

describe('phases of a client', () => {
  for (const phase of phases) {
    for (const input of inputs) {
      const next = (PHASES[phase] as Partial<Record<Input, Phase>>)[input];
      if (next === undefined) {
        it(`refuses "${input}" while ${phase}, naming both`, () => {
          assert.throws(
            () => nextPhase(phase, input),
            e =>
              isDlmsError(e) && e.detail.code === 'BAD_STATE' && e.detail.input === input && e.detail.phase === phase,
          );
        });
      } else {
        it(`goes from ${phase} by "${input}" to ${next}`, () => assert.equal(nextPhase(phase, input), next));
      }
    }
  }

  it('reaches every phase from disconnected and leads back to it from every one', () => {
    const reach = (from: Phase): Set<Phase> => {
      const seen = new Set<Phase>([from]);
      for (const p of seen) for (const n of Object.values(PHASES[p]) as Phase[]) seen.add(n);
      return seen;
    };
    assert.deepEqual([...reach('disconnected')].sort(), [...phases].sort());
    for (const p of phases) assert.ok(reach(p).has('disconnected'), `${p} is a dead end`);
  });

  it('has a cell for every input', () => {
    for (const input of inputs)
      assert.ok(
        phases.some(phase => input in PHASES[phase]),
        input,
      );
  });

  it('waits for an APDU where one leads on, and nowhere else', () => {
    assert.deepEqual(phases.filter(isWaiting), ['associating', 'proving', 'awaiting', 'releasing']);
  });

  it('is printed in docs/phases.md as the table stands', () => {
    // Compiled tests run from dist/test; the document lies at the project root either way.
    const text = readFileSync(join(process.cwd(), 'docs', 'phases.md'), 'utf8');
    assert.equal(text, phasesPage(), 'run node dist/scripts/phases.js');
  });
});
