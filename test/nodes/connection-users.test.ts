// Who uses a line, for the test of a connection: nodes that are there, that use it as they stand, and whatever is wrong with them.

import assert from 'node:assert/strict';
import type { NodeAPI } from 'node-red';
import { usersOf } from '../../src/nodes/connection/listening-test';
import { obisTexts } from '../../src/nodes/lib/obis-languages';
import { Variables } from '../../src/nodes/lib/variables';

/** What Node-RED has of a flow. */
const red = (nodes: readonly object[]): NodeAPI =>
  ({
    util: { getSetting: () => undefined },
    nodes: {
      eachNode: (take: (node: object) => void) => nodes.forEach(take),
      getNode: () => null,
      getCredentials: () => undefined,
    },
  }) as unknown as NodeAPI;
const decoder = { id: 'd', type: 'dlms-push-decoder', source: 'connection', connection: 'c' };
const readout = { id: 'r', type: 'dlms-iec-readout', source: 'connection', connection: 'c' };
const asker = { id: 'g', type: 'dlms-get-object', connection: 'c' };

describe('who uses a line', () => {
  const onlyListens = (...nodes: object[]): boolean => {
    const api = red(nodes);
    return usersOf(api, 'c', undefined, new Variables(api, null)).onlyListens;
  };

  it('is who is there and uses it', () => {
    assert.equal(onlyListens(decoder), true);
    assert.equal(onlyListens(decoder, asker), false);
    assert.equal(onlyListens(decoder, { ...asker, d: true }), true);
    assert.equal(onlyListens({ ...decoder, d: true }), false);
    assert.equal(onlyListens(decoder, readout), false);
    assert.equal(onlyListens(decoder, { ...readout, source: 'message' }), true);
    assert.equal(onlyListens({ ...readout, mode: 'P1' }), true);
  });

  it('does not end the test where a setting of the decoder is wrong or known only to the flow', () => {
    for (const wrong of [{ timezone: 'Nowhere/x' }, { systemTitle: '${TITLE_OF_THE_FLOW}' }]) {
      const api = red([{ ...decoder, ...wrong }, asker]);
      const users = usersOf(api, 'c', undefined, new Variables(api, null));
      assert.deepEqual(users, { listensWith: null, onlyListens: false });
    }
  });
});

describe('the tag of a language', () => {
  it('is looked up at once, whatever a browser sends', () => {
    const before = process.cpuUsage();
    assert.equal(obisTexts(`x${'-y'.repeat(200_000)}`), obisTexts('en'));
    assert.ok(process.cpuUsage(before).user < 1_000_000);
  });
});
