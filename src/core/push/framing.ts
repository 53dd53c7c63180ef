// The framings that meters push in: one row each. Found by itself, or the one that is set.
// The rule of the file: a new framing is its file in core/framing and a row here; the decoder's switch then does not compile
// until it takes what the row gives.

import { BareFraming } from '../framing/bare-apdu';
import { HdlcFraming } from '../framing/hdlc';
import { MbusFraming } from '../framing/mbus';
import type { Dropped } from '../framing/noise';
import { p1 } from '../framing/p1';
import type { Recogniser } from '../framing/recogniser';
import { smlFiles } from '../framing/sml';
import { FrameStream } from '../framing/stream';
import { WrapperFraming } from '../framing/wrapper';

/** By their names in settings and messages. `amongOthers`: other framings may come, too. */
const ROWS = {
  hdlc: (amongOthers: boolean) => new HdlcFraming({ amongOthers }),
  mbus: () => new MbusFraming(),
  wrapper: (amongOthers: boolean) => new WrapperFraming({ amongOthers }),
  raw: (amongOthers: boolean) => new BareFraming(amongOthers),
  p1: () => p1,
  sml: () => smlFiles,
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
