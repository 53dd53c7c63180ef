// What a client may do when, and what it waits for. These two tables are the only place that decides it;
// `node dist/scripts/phases.js` prints docs/phases.md from them.

import { DlmsError } from '../wire/errors';

/** Where a client stands between "no link" and "reading". */
export type Phase =
  | 'disconnected'
  | 'connecting'
  | 'no-association'
  | 'associating'
  | 'proving'
  | 'ready'
  | 'awaiting'
  | 'releasing'
  | 'disconnecting'
  | 'broken';

/**
 * What happens, and whose doing it is: our caller's, the link's, that of an APDU of the meter, or nobody's (a time limit,
 * an abort, anything that went wrong).
 */
export const INPUTS = {
  connect: 'caller',
  'link-up': 'link',
  associate: 'caller',
  'pre-established': 'caller',
  'aare-accepted': 'apdu',
  'aare-hls': 'apdu',
  'aare-refused': 'apdu',
  'proof-accepted': 'apdu',
  'proof-refused': 'apdu',
  get: 'caller',
  set: 'caller',
  act: 'caller',
  part: 'apdu',
  answered: 'apdu',
  release: 'caller',
  released: 'apdu',
  disconnect: 'caller',
  'link-down': 'link',
  abort: 'nobody',
  fault: 'nobody',
} as const satisfies Record<string, 'caller' | 'link' | 'apdu' | 'nobody'>;

export type Input = keyof typeof INPUTS;

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
    get: 'awaiting',
    set: 'awaiting',
    act: 'awaiting',
    release: 'releasing',
    disconnect: 'disconnecting',
    abort: 'ready',
    fault: 'broken',
  },
  // One request of any service; what it asks and takes is the exchange's.
  awaiting: { part: 'awaiting', answered: 'ready', abort: 'broken', fault: 'broken' },
  // A release that is refused or not answered counts as released: it never fails a read (docs/quirks.md#t4).
  releasing: { released: 'no-association', abort: 'broken', fault: 'broken' },
  disconnecting: { 'link-down': 'disconnected', abort: 'broken', fault: 'broken' },
  // After an abort in mid-exchange nobody knows what the meter still sends; only the way out is left.
  broken: { disconnect: 'disconnecting', abort: 'broken', fault: 'broken' },
} as const satisfies Record<Phase, Partial<Record<Input, Phase>>>;

/** The inputs that begin a request. */
export type Request = {
  [I in keyof (typeof PHASES)['ready']]: (typeof PHASES)['ready'][I] extends 'awaiting' ? I : never;
}[keyof (typeof PHASES)['ready']];

/** The phases that an APDU of the meter ends or carries on. */
export type Waiting = {
  [P in Phase]: ApduInput & keyof (typeof PHASES)[P] extends never ? never : P;
}[Phase];
type ApduInput = { [I in Input]: (typeof INPUTS)[I] extends 'apdu' ? I : never }[Input];

/** Whether an APDU of the meter is waited for. */
export function isWaiting(phase: Phase): phase is Waiting {
  return WAITING.has(phase);
}

/** The phase after an input. Throws BAD_STATE where the table has no cell. */
export function nextPhase(phase: Phase, input: Input): Phase {
  const row: Partial<Record<Input, Phase>> = PHASES[phase];
  const next = row[input];
  if (next === undefined) throw new DlmsError({ code: 'BAD_STATE', input, phase });
  return next;
}

/** docs/phases.md. */
export function phasesPage(): string {
  const waiting = (Object.keys(PHASES) as Phase[]).filter(isWaiting).map(phase => `\`${phase}\``);
  return `# Phases of a client

Printed from \`PHASES\` in \`src/core/client/phases.ts\` by \`node dist/scripts/phases.js\`; a test compares. The table alone decides what is legal when.
An APDU of the meter is waited for in ${waiting.join(', ')}; in any other phase it came unasked.
\`abort\` and \`fault\` in mid-exchange lead to \`broken\`: the session then closes and the next request opens afresh.

\`\`\`mermaid
${phasesDiagram()}
\`\`\`
`;
}

/** The table as a mermaid state diagram; several inputs that lead to the same phase share one arrow. */
function phasesDiagram(): string {
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

const WAITING: ReadonlySet<Phase> = new Set(
  (Object.keys(PHASES) as Phase[]).filter(phase =>
    (Object.keys(PHASES[phase]) as Input[]).some(input => INPUTS[input] === 'apdu'),
  ),
);
