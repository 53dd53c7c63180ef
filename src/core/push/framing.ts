// The framings that meters push in: one row each. Found by itself, or the one that is set.
// The rule of the file: a new framing is its file in core/framing and a row here; the decoder's switch then does not compile
// until it takes what the row gives.

import { BareFraming } from '../framing/bare-apdu';
import { HdlcFraming } from '../framing/hdlc';
import { MbusFraming } from '../framing/mbus';
import type { Dropped } from '../framing/noise';
import { measureP1 } from '../framing/p1';
import type { Recogniser } from '../framing/recogniser';
import { FrameStream } from '../framing/stream';
import { WrapperFraming } from '../framing/wrapper';

interface P1Framed {
  readonly type: 'p1';
  /** From "/" to the end of the line of "!". */
  readonly telegram: Uint8Array;
}

const P1: Recogniser<P1Framed> = {
  framing: 'p1',
  what: 'P1 telegram',
  starts: [0x2f],
  look(bytes, { searched, final }) {
    const measured = measureP1(bytes, searched, final);
    if (measured === 'no') return 'no';
    if (typeof measured !== 'number') return 'code' in measured ? { damaged: 0, error: measured } : measured;
    return { frame: { type: 'p1', telegram: bytes.view(0, measured).slice() }, octets: measured };
  },
};

/** By their names in settings and messages. `amongOthers`: other framings may come, too. */
const ROWS = {
  hdlc: () => new HdlcFraming(),
  mbus: () => new MbusFraming(),
  wrapper: (amongOthers: boolean) => new WrapperFraming({ amongOthers }),
  raw: (amongOthers: boolean) => new BareFraming(amongOthers),
  p1: () => P1,
};

type FrameOf<R> = R extends Recogniser<infer F> ? F : never;

export type Framing = keyof typeof ROWS;
export type Framed = FrameOf<ReturnType<(typeof ROWS)[Framing]>> | Dropped;
export const FRAMINGS = Object.keys(ROWS) as readonly Framing[];

/** @param only null: any framing, found anew for each frame. */
export function pushStream(only: Framing | null): FrameStream<Exclude<Framed, Dropped>> {
  const framings = only === null ? FRAMINGS : [only];
  const recognisers = framings.map(framing => ROWS[framing](only === null));
  return new FrameStream<Exclude<Framed, Dropped>>(recognisers, { maybeDatagrams: true });
}
