// The pairs of bytes and XML that translators print: ours says the same, and the bytes come back from either text. Where a
// translator loses a part, prints nothing or what is no XML, ours reads back; docs/xml.md has the reasons.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Key } from '../../src/core/security';
import { hex, unhex } from '../../src/core/wire/hex';
import { dataToXml, fromXml, toXml, type ToXmlOptions, type XmlMessage } from '../../src/core/xml';
import { corpusFile } from '../corpus-files';
import { said } from '../xml-compare';

interface Case {
  readonly id: string;
  readonly pdu_hex: string;
  readonly framing?: 'hdlc' | 'wrapper' | 'data';
  readonly options: {
    readonly output: 'Simple' | 'Standard';
    readonly hex: boolean;
    readonly comments: boolean;
    readonly pduOnly?: boolean;
  };
  readonly keys?: {
    readonly ek: string;
    readonly ak: string;
    readonly systemTitle: string;
    readonly dedicatedKey?: string;
  };
  readonly xml: string | null;
}

const folder = corpusFile('xml');

describe('XML of the translators', () => {
  if (folder === null) return void it.skip('skipped: corpus absent');
  const files = readdirSync(folder).filter(name => name !== 'requests.json');
  for (const file of files) {
    describe(file, () => {
      const { cases } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { cases: readonly Case[] };
      for (const one of cases) it(one.id, () => holds(one));
    });
  }

  it('knows what it deviates in by cases that there are', () => {
    const ids = files.flatMap(file =>
      (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { cases: Case[] }).cases.map(c => c.id),
    );
    for (const row of [...THEIRS_IS_LESS, ...NOT_SAID])
      assert.ok(
        ids.some(id => row.test(id)),
        `${row}`,
      );
  });
});

function holds(one: Case): void {
  const bytes = unhex(one.pdu_hex);
  const made = madeOf(one, bytes);
  const [ours] = made;
  assert.ok(ours !== undefined);
  const less = THEIRS_IS_LESS.some(row => row.test(one.id));
  if (one.xml !== null) {
    if (less) assert.notEqual(said(ours.xml), said(one.xml), 'no deviation any more');
    else assert.equal(said(ours.xml), said(one.xml));
  }
  // Without its frame a frame does not come back.
  if (one.options.pduOnly === true) return;
  if (NOT_SAID.some(row => row.test(one.id))) {
    assert.ok(made.some(m => !m.exact));
    return;
  }
  assert.ok(ours.exact);
  const { output, hex: hexadecimal } = one.options;
  const base = output === 'Simple' && hexadecimal ? 'hexadecimal' : 'decimal';
  const numbers = NO_NUMBERS.test(one.id) ? base : 'auto';
  assert.equal(hex(fromXml(ours.xml, { numbers })), one.pdu_hex);
  if (one.xml !== null && !less) assert.equal(hex(fromXml(one.xml, { numbers })), one.pdu_hex);
}

function madeOf(one: Case, bytes: Uint8Array): XmlMessage[] {
  const { output, hex: hexadecimal, comments, pduOnly } = one.options;
  const options: ToXmlOptions = {
    form: output === 'Simple' ? 'simple' : 'standard',
    numbers: hexadecimal ? 'hexadecimal' : 'decimal',
    comments,
    frames: pduOnly !== true,
    ...(one.keys === undefined ? {} : { keys: ringOf(one.keys) }),
  };
  return /\/data-/.test(one.id) ? [dataToXml(bytes, options)] : toXml(bytes, options);
}

function ringOf(keys: NonNullable<Case['keys']>): NonNullable<ToXmlOptions['keys']> {
  return {
    encryptionKey: Key.parse(keys.ek, 'ek'),
    authenticationKey: Key.parse(keys.ak, 'ak'),
    dedicatedKey: keys.dedicatedKey === undefined ? null : Key.parse(keys.dedicatedKey, 'dedicated key'),
    systemTitle: unhex(keys.systemTitle),
  };
}

/** What the translators print says less than the bytes, or something else; docs/xml.md#deviations. */
const THEIRS_IS_LESS: readonly RegExp[] = [
  /^accessr-spec\/standard/,
  /^initiate-response-qos\/standard/,
  /^actionr-next-pblock\/standard/,
  /^action-(first-)?pblock\//,
  /^general-ciphering-identified\//,
  /^cse-(read|write)-\w+\/standard/,
  /^get-list-sel\//,
  /^set-normal-selection\//,
  /^sn-read-datablock\//,
  /^sn-readr-blocknumber\//,
  /^type-dont-care\//,
  /^type-delta-/,
  /^type-int32\/data-simple$/,
  /^type-uint64\/data-simple$/,
];
/** What no XML of this kind says: which octet means true, and what stood in front of a segment. */
const NOT_SAID: readonly RegExp[] = [/^type-bool-ff\//, /^hdlc-two-segments\//];
/** Frames without information have addresses only, and nothing in them tells 10 from 0x10. */
const NO_NUMBERS = /^hdlc-(rr|disc|dm)\//;
