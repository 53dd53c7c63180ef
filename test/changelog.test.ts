// Fragments of the changelog: each is a list of items, and they join into the entry of a version.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { fragmentsIn, withEntry } from '../scripts/changelog';
import { PROJECT } from './node-red-process';

describe('the changelog', () => {
  it('has fragments that are lists of items', () => {
    fragmentsIn(join(PROJECT, 'changes'));
  });

  it('gets the entry of a new version on top', () => {
    const before = '# Changelog\n\n## 0.1.0\n\n- First.\n';
    assert.equal(
      withEntry(before, '0.2.0', ['- Two.\n', '- Three,\n  in two lines.\n']),
      '# Changelog\n\n## 0.2.0\n\n- Two.\n- Three,\n  in two lines.\n\n## 0.1.0\n\n- First.\n',
    );
  });

  it('gets more items of a version that has an entry already, above the version before', () => {
    const before = '# Changelog\n\n## 0.2.0\n\n- Two.\n\n## 0.1.0\n\n- First.\n';
    assert.equal(
      withEntry(before, '0.2.0', ['- Three.']),
      '# Changelog\n\n## 0.2.0\n\n- Two.\n- Three.\n\n## 0.1.0\n\n- First.\n',
    );
    assert.equal(withEntry('# Changelog\n', '0.1.0', ['- First.']), '# Changelog\n\n## 0.1.0\n\n- First.\n');
  });
});
