// Plays the meter's side of a scripted dialogue against our reader; time passes whenever both wait.
// The script is what the meter sees and says: what we send beside it (a break at the end) is taken, what we leave out that
// only some readers send (a break in front) is skipped.

import { strict as assert } from 'node:assert';

import { IecReader } from '../../src/core/iec62056-21/reader';
import type { ReaderEvent, ReaderOptions } from '../../src/core/iec62056-21/reader-options';
import { parseIdentification } from '../../src/core/iec62056-21/identification';
import { fromLatin1, hex, latin1, unhex } from '../../src/core/wire/hex';
import { garbled } from '../../src/sim/iec-meter';
import type { DecoderEvent } from '../../src/core/iec62056-21/decoder';
import type { IecReading } from '../../src/core/iec62056-21/typing';
import { optionsOf, outcomeOf, type Case, type Outcome, type Turn } from './iec.test';

export function playDialogue(c: Case, bytewise: boolean): Outcome {
  const script = readOnly((c.dialogue ?? []).flatMap(wakeUpApart));
  const reader = new IecReader({ ...optionsOf(c), ...readerOptions(script) });
  const events: ReaderEvent[] = [];
  let at = 0;
  let baud = 300;
  let format = '7E1';
  let repeats = 0;
  let identified = false;
  let again = false;
  const chunks: Uint8Array[] = [];

  const wrote = (bytes: Uint8Array): void => {
    const message = hex(bytes).replace(/0d0a$/, '');
    if (message === '15') repeats++;
    assert.ok(!/^01(57|45)/.test(message), 'nothing that writes or executes is sent');
    for (let i = at; i < script.length && script[i]?.dir === 'tx'; i++) {
      if (script[i]?.hex.replace(/0d0a$/, '') === message) {
        at = i + 1;
        // A request that the script repeats into silence needs no second one from us.
        while (message.startsWith('2f') && script[at]?.hex === script[i]?.hex && script[at]?.dir === 'tx') at++;
        return;
      }
    }
    // A repetition: the meter of the script answers as it did before, whatever rate is agreed now.
    const first = script.findIndex(turn => turn.dir === 'tx' && turn.hex.startsWith('2f'));
    if (message.startsWith('2f') && at > first && first !== -1 && script[first]?.hex.replace(/0d0a$/, '') === message) {
      at = first + 1;
      again = true;
    } else if (again && message.startsWith('06') && script[at]?.dir === 'tx' && script[at]?.hex.startsWith('06')) {
      at++;
    }
  };
  const carryOut = (step: ReturnType<IecReader['start']>): void => {
    for (const bytes of step.write) wrote(bytes);
    for (const event of step.events) {
      events.push(event);
      if (event.type === 'format') {
        baud = event.format.baudRate;
        format = `${event.format.dataBits}${event.format.parity === 'none' ? 'N' : 'E'}${event.format.stopBits}`;
      }
    }
  };
  const ended = (): boolean => reader.phase === 'done' || reader.phase === 'handed-over';

  carryOut(reader.start());
  for (let rounds = 0; rounds < 100_000 && !ended(); rounds++) {
    const turn = script[at];
    const chunk = chunks.shift();
    if (chunk !== undefined) {
      carryOut(reader.receive(chunk));
    } else if (turn?.dir === 'rx' && reader.phase !== 'resting') {
      at++;
      // At another rate than ours its characters are no characters.
      const bytes = turn.baud === undefined || turn.baud === baud ? unhex(turn.hex) : garbled(unhex(turn.hex));
      identified ||= bytes[0] === 0x2f;
      chunks.push(...(bytewise ? Array.from(bytes, byte => Uint8Array.of(byte)) : [bytes]));
    } else if (turn?.dir === 'tx' && turn.hex.startsWith('06') && reader.phase === 'identifying' && !identified) {
      // The dialogue was published without the meter's identification.
      identified = true;
      chunks.push(fromLatin1(`/ABC${latin1(unhex(turn.hex))[2] ?? '0'}\r\n`));
    } else {
      carryOut(reader.timeout());
    }
  }
  assert.ok(ended(), 'the reader comes to an end');

  const decoded = events.filter(
    (e): e is DecoderEvent => e.type === 'telegram' || e.type === 'profile' || e.type === 'problem',
  );
  const faults = events.flatMap(e => (e.type === 'fault' ? [{ code: e.error.code, text: e.error.message }] : []));
  const outcome = outcomeOf(decoded, { parityStripped: reader.parityStripped, discardedBytes: 0 });
  const byCommand = outcome.telegrams.find(t => t.origin.service === 'registers');
  const identification = events.find(e => e.type === 'identification')?.identification ?? null;
  const lists = new Map<string, readonly IecReading[]>();
  for (const e of events) if (e.type === 'register') lists.set(e.register.split(' ').pop() ?? '', e.readings);
  const handover = events.find(e => e.type === 'hdlc');
  const challenge = events.find(e => e.type === 'challenge')?.operand;
  return {
    ...outcome,
    problems: [...outcome.problems, ...faults],
    readings: byCommand === undefined ? outcome.readings : byCommand.telegram.readings,
    identification,
    baudUsed: usedRate(events),
    lists,
    retries: repeats,
    ...(challenge === undefined ? {} : { challenge }),
    ...(handover === undefined ? {} : { handover: { baud: handover.baudRate, format } }),
  };
}

/** We never write: what a script writes, and the answer to it, is left out. */
function readOnly(script: readonly Turn[]): Turn[] {
  const writes = (turn: Turn | undefined): boolean => turn?.dir === 'tx' && /^01(57|45)/.test(turn.hex);
  return script.filter((turn, i) => !writes(turn) && !(turn.dir === 'rx' && writes(script[i - 1])));
}

/** NULs and the request are two messages, however the script notes them. */
function wakeUpApart(turn: Turn): Turn[] {
  const nuls = /^(?:00)+/.exec(turn.hex)?.[0] ?? '';
  if (turn.dir !== 'tx' || nuls === '' || nuls === turn.hex) return [turn];
  return [
    { ...turn, hex: nuls },
    { ...turn, hex: turn.hex.slice(nuls.length) },
  ];
}

/** The rate the data came at: the last one set before the reader went back to the start. */
function usedRate(events: readonly ReaderEvent[]): number {
  const rates = events.flatMap(e => (e.type === 'format' ? [e.format.baudRate] : []));
  if (events.some(e => e.type === 'hdlc')) return rates[rates.length - 1] ?? 300;
  return rates[rates.length - 2] ?? rates[0] ?? 300;
}

/** What a user would have set to get these requests. */
function readerOptions(script: readonly Turn[]): ReaderOptions {
  const sent = script.filter(t => t.dir === 'tx').map(t => latin1(unhex(t.hex)));
  const request = sent.find(text => /^\/.*!/.test(text));
  const m = request === undefined ? null : /^\/(.?)(.*)!/.exec(request);
  const ackAt = script.findIndex(t => t.dir === 'tx' && /^06....../.test(t.hex));
  const ack = ackAt === -1 ? undefined : latin1(unhex(script[ackAt]?.hex ?? ''));
  const identAt = script.findIndex(t => t.dir === 'rx' && t.hex.startsWith('2f'));
  const identification = identAt === -1 ? null : parseIdentification(latin1(unhex(script[identAt]?.hex ?? '')));
  const asked = sent.flatMap(text => {
    const r = /^\x01(R\d)\x02([^\x03\x04]*)[\x03\x04]/.exec(text);
    return r === null ? [] : [{ command: r[1] ?? '', data: r[2] ?? '' }];
  });
  // R5 that is refused and then R1 for the same register: the reader's own way when no command is set.
  const byDefault = (i: number): boolean =>
    asked[i]?.command === 'R5' && asked[i + 1]?.command === 'R1' && asked[i]?.data === asked[i + 1]?.data;
  const commands = asked.flatMap(({ command, data }, i) =>
    i > 0 && byDefault(i - 1) ? [] : [byDefault(i) ? data : `${command} ${data}`],
  );
  const password = sent.map(text => /^\x01P([12])\x02\((.*)\)\x03/.exec(text)).find(found => found !== null);
  const wakeUp = sent.find(text => /^\0+$/.test(text));
  const [, v, , y] = ack ?? '';
  const unusual = y !== undefined && !(`${v}${y}` === '00' || `${v}${y}` === '01' || `${v}${y}` === '22');
  const listFollows = ack === undefined && identAt !== -1 && script[identAt + 1]?.dir === 'rx';
  const z = ack?.[2];
  return {
    ...(m === null || m[1] === '' ? {} : { request: m[1] ?? '?', meterAddress: m[2] ?? '' }),
    ...(y === '2' ? { mode: 'e' as const } : listFollows && identification?.mode === 'C' ? { mode: 'a' as const } : {}),
    ...(unusual ? { v: v ?? '0', y: y ?? '0' } : {}),
    ...(z !== undefined && identification !== null && (z !== identification.baudId || identification.baudRate === null)
      ? { z }
      : {}),
    ...(commands.length > 0 || y === '1'
      ? { read: { what: 'registers' as const, registers: commands.length > 0 ? commands : ['0.0.0'] } }
      : {}),
    ...(password === undefined || password === null
      ? {}
      : { password: password[2] ?? '', passwordCommand: password[1] === '2' ? ('P2' as const) : ('P1' as const) }),
    ...(wakeUp === undefined ? {} : { wakeUpCharacters: wakeUp.length }),
  };
}
