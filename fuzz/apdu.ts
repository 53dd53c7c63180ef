// APDUs and Data of any bytes: vectors and bodies, damaged, and counts and lengths that lie.
// Rules: nothing is thrown but a DlmsError; what decodes can be encoded, and decodes to the same again.

import { decodeApdu, encodeApdu } from '../src/core/apdu';
import { readObjectList } from '../src/core/client/meter-memory';
import { decodeData, type Data } from '../src/core/cosem/data';
import { STANDARD_CLOCK } from '../src/core/cosem/date-time';
import { readingOf } from '../src/core/cosem/naming';
import { toPlain } from '../src/core/cosem/plain';
import { readCaptureObjects } from '../src/core/cosem/profile-layout';
import { isDlmsError } from '../src/core/wire/errors';
import { concat, unhex } from '../src/core/wire/hex';
import { corpusCases } from '../test/corpus-files';
import { toJson, vectors } from '../test/feed';
import { edited, edits, type Dice } from './dice';
import { Tally, type Fuzzer } from './fuzzer';
import { plainTelegrams } from './telegrams';

export interface ApduInput {
  readonly bytes: Uint8Array;
}

export const apdu: Fuzzer<ApduInput> = {
  name: 'apdu',
  share: 4,
  open() {
    const own = [...vectors('apdu').map(v => unhex(v.hex)), ...plainTelegrams()];
    const foreign = captured();
    const tally = new Tally();
    return {
      counts: tally.counts,
      make(dice) {
        if (dice.chance(0.05)) return { bytes: bomb(dice) };
        const isForeign = foreign.length > 0 && dice.chance(0.3);
        const pool = isForeign ? foreign : own;
        const bytes = edited(dice.pick(pool), edits(dice, 6, pool));
        return isForeign ? { foreign: true, bytes } : { bytes };
      },
      check({ bytes }) {
        const apdu = orRefused(() => decodeApdu(bytes).apdu);
        tally.add(apdu === null ? 'apdu refused' : 'apdu');
        if (apdu !== null) {
          const again = decodeApdu(encodeApdu(apdu)).apdu;
          if (JSON.stringify(toJson(again)) !== JSON.stringify(toJson(apdu)))
            return `${apdu.type} is encoded as another`;
        }
        for (const at of [0, 4, 5, 6, 18]) {
          const data = at < bytes.length ? orRefused(() => decodeData(bytes.subarray(at))) : null;
          if (data === null) continue;
          tally.add('data');
          for (const use of USES) orRefused(() => use(data));
        }
        return null;
      },
    };
  },
};

/** What is done with a value that was read. */
const USES: readonly ((data: Data) => unknown)[] = [
  toPlain,
  readObjectList,
  readCaptureObjects,
  data => readingOf({ obis: null, data, policy: STANDARD_CLOCK }),
];

function orRefused<T>(work: () => T): T | null {
  try {
    return work();
  } catch (e) {
    if (isDlmsError(e)) return null;
    throw e;
  }
}

/** Nesting, counts and lengths that promise more than there is, behind the heads of what carries Data. */
function bomb(dice: Dice): Uint8Array {
  const head = unhex(dice.pick(['', '', '0f0000000100', 'c401c100', 'e0808000010000', 'c40200']));
  const piece = unhex(dice.pick(PROMISES));
  return concat(
    head,
    ...dice.list(1 + dice.below(dice.chance(0.3) ? 3000 : 4), () => piece),
    dice.bytes(dice.below(20)),
  );
}

const PROMISES = [
  '02ff',
  '01820fff',
  '0184ffffffff',
  '0984ffffffff',
  '1384ffffffff',
  '1302ff',
  '0182ffff',
  '0281ff',
].concat(['1301820fff0284ffffffff', '0484ffffffff', '04847fffffff', '84ffffffff', '138180']);

/** Every text of octets in the corpus that is an APDU. */
function captured(): Uint8Array[] {
  const texts = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value === 'string' && value.length < 10_000 && /^([0-9a-f]{2}){4,}$/i.test(value)) texts.add(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(walk);
  };
  corpusCases(() => true).forEach(walk);
  const all = [...texts].map(text => unhex(text));
  return all.flatMap(b => [b, b.subarray(3), b.subarray(8)]).filter(b => orRefused(() => decodeApdu(b)) !== null);
}
