import assert from 'node:assert/strict';

import * as core from '../../src/core';

describe('public surface of the core', () => {
  it('has a value behind every name', () => {
    const names = Object.keys(core);
    assert.ok(names.length > 50);
    for (const name of names) assert.notEqual((core as Record<string, unknown>)[name], undefined, name);
  });

  it('decodes, encodes and names with nothing else imported', () => {
    const { apdu, surplus } = core.decodeApdu(core.unhex('c001c1000100002b0100ff0200'));
    assert.equal(surplus, 0);
    assert.equal(core.hex(core.encodeApdu(apdu)), 'c001c1000100002b0100ff0200');
    assert.equal(core.Obis.parse('1.8.0').toString(), '1-0:1.8.0*255');
    assert.ok(new core.HdlcLink({ client: 16, server: { logical: 1, physical: null } }) instanceof core.HdlcLink);
    assert.throws(() => core.Obis.parse('x'), core.isDlmsError);
  });
});
