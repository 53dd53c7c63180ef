// The energies of the simulated household: they never fall, whatever the clock of the meter is set to.

import assert from 'node:assert/strict';
import { energiesAt } from '../../src/sim/objects/household-load';

describe('a simulated household', () => {
  it('counts on over a hundred years and to the end of all calendars', () => {
    const years = [2020, 2021, 2119, 2120, 2121, 2319, 2320, 2321, 5000, 9999];
    const counted = years.map(year => energiesAt(Date.UTC(year, 0, 1, 12)));
    for (const name of ['import', 'export', 'importDay', 'importNight'] as const) {
      for (let i = 1; i < counted.length; i++)
        assert.ok((counted[i]?.[name] ?? 0) > (counted[i - 1]?.[name] ?? 0), `${name} ${years[i]}`);
    }
    const before = energiesAt(Date.UTC(2120, 0, 1) - 1).import;
    const behind = energiesAt(Date.UTC(2120, 0, 1)).import;
    assert.ok(behind - before >= 0 && behind - before <= 1);
  });
});
