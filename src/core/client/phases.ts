// What a client may do when. This table is the only place that decides it; docs/phases.md is printed from it.

import { DlmsError } from '../wire/errors';

/** Where a client stands between "no link" and "reading". */
export type Phase =
  | 'disconnected'
  | 'connecting'
  | 'no-association'
  | 'associating'
  | 'proving'
  | 'ready'
  | 'awaiting-get'
  | 'awaiting-set'
  | 'awaiting-action'
  | 'releasing'
  | 'disconnecting'
  | 'broken';

/** What happens: the verbs are our caller's, the rest comes from the other side or from the clock. */
export type Input =
  | 'connect'
  | 'link-up'
  | 'associate'
  | 'pre-established'
  | 'aare-accepted'
  | 'aare-hls'
  | 'aare-refused'
  | 'proof-accepted'
  | 'proof-refused'
  | 'get'
  | 'set'
  | 'act'
  | 'part'
  | 'answered'
  | 'release'
  | 'released'
  | 'disconnect'
  | 'link-down'
  | 'abort'
  | 'fault';

export const PHASES = {
  disconnected: { connect: 'connecting' },
  connecting: { 'link-up': 'no-association', abort: 'broken', fault: 'broken' },
  'no-association': {
    associate: 'associating',
    'pre-established': 'ready',
    disconnect: 'disconnecting',
    abort: 'no-association',
    fault: 'broken',
  },
  associating: {
    'aare-accepted': 'ready',
    'aare-hls': 'proving',
    'aare-refused': 'no-association',
    abort: 'broken',
    fault: 'broken',
  },
  // Pass 3 and 4 of high level security: each side shows that it knows the secret. IEC 62056-5-3, 5.7.4.
  proving: { 'proof-accepted': 'ready', 'proof-refused': 'no-association', abort: 'broken', fault: 'broken' },
  ready: {
    get: 'awaiting-get',
    set: 'awaiting-set',
    act: 'awaiting-action',
    release: 'releasing',
    disconnect: 'disconnecting',
    abort: 'ready',
    fault: 'broken',
  },
  'awaiting-get': { part: 'awaiting-get', answered: 'ready', abort: 'broken', fault: 'broken' },
  'awaiting-set': { part: 'awaiting-set', answered: 'ready', abort: 'broken', fault: 'broken' },
  'awaiting-action': { part: 'awaiting-action', answered: 'ready', abort: 'broken', fault: 'broken' },
  // A release that is refused or not answered counts as released: it never fails a read (docs/quirks.md#t4).
  releasing: { released: 'no-association', abort: 'broken', fault: 'broken' },
  disconnecting: { 'link-down': 'disconnected', abort: 'broken', fault: 'broken' },
  // After an abort in mid-exchange nobody knows what the meter still sends; only the way out is left.
  broken: { disconnect: 'disconnecting', abort: 'broken', fault: 'broken' },
} as const satisfies Record<Phase, Partial<Record<Input, Phase>>>;

/** The phase after an input. Throws BAD_STATE where the table has no cell. */
export function nextPhase(phase: Phase, input: Input): Phase {
  const row: Partial<Record<Input, Phase>> = PHASES[phase];
  const next = row[input];
  if (next === undefined) throw new DlmsError({ code: 'BAD_STATE', input, phase });
  return next;
}

/** The table as a mermaid state diagram; several inputs that lead to the same phase share one arrow. */
export function phasesDiagram(): string {
  const lines = ['stateDiagram-v2', '  [*] --> disconnected'];
  for (const [phase, row] of Object.entries<Partial<Record<Input, Phase>>>(PHASES)) {
    const arrows = new Map<Phase, Input[]>();
    for (const [input, next] of Object.entries(row) as [Input, Phase][]) {
      arrows.set(next, [...(arrows.get(next) ?? []), input]);
    }
    for (const [next, inputs] of arrows) lines.push(`  ${phase} --> ${next} : ${inputs.join(', ')}`);
  }
  return lines.join('\n');
}
