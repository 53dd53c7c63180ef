// Goals G4 to G8: a month of load profile, 2,976 rows of 8 columns, against the bare bytes and against the model of the line.

import assert from 'node:assert/strict';

import { Client, type ClientStep } from '../src/core/client/client';
import { MeterMemory } from '../src/core/client/meter-memory';
import { ProfileRead } from '../src/core/client/profile-read';
import { Obis } from '../src/core/obis/obis';
import { HdlcLink } from '../src/core/link/hdlc';
import { hdlcStream } from '../src/core/framing/hdlc';
import {
  meterFor,
  NOW_MS,
  PROFILE,
  readProfile,
  record,
  replayBytes,
  ROWS_31_DAYS,
  SETTINGS,
  type Pair,
  type Setting,
} from './conversation';
import { compare, ratioFigure, round3, type Bench, type Figure, type How } from './runner';

const DEVICE_NAME = { classId: 1, obis: Obis.parse('0-0:42.0.0*255'), attribute: 2 };

export const benches: readonly Bench[] = [{ name: 'profile', run }];

async function run(how: How): Promise<Figure[]> {
  const figures: Figure[] = [];
  const plain = new Map<Setting, Pair[]>();
  for (const setting of [SETTINGS.hdlc128, SETTINGS.hdlc2030, SETTINGS.wrapper]) {
    const { figure, pairs } = await against('G4', setting, setting, 1.5, how);
    plain.set(setting, pairs);
    figures.push(figure);
  }
  for (const [setting, yardstick] of [
    [SETTINGS.hdlc128Ciphered, SETTINGS.hdlc128],
    [SETTINGS.wrapperCiphered, SETTINGS.wrapper],
  ] as const) {
    figures.push((await against('G5', setting, yardstick, 2.5, how)).figure);
  }
  const narrow = plain.get(SETTINGS.hdlc128) as Pair[];
  figures.push(lineUse(narrow, 9600, 99), lineUse(narrow, 115_200, 97));
  for (const [setting, pairs] of plain) figures.push(roundTrips(setting, pairs));
  const wide = await meterFor(SETTINGS.hdlc128w7);
  figures.push(readyReceives(await recorded(wide.port, SETTINGS.hdlc128w7)));
  wide.stop();
  return figures;
}

async function recorded(port: number, setting: Setting): Promise<Pair[]> {
  const { pairs, read } = await record(port, setting);
  assert.equal(read.rows, ROWS_31_DAYS);
  assert.ok(read.sum > 0 && Number.isInteger(read.sum));
  return pairs;
}

/** Ours with rows out against the bare bytes of the same requests, both with the same meter; it takes its time for both. */
async function against(
  goal: string,
  setting: Setting,
  yardstick: Setting,
  limit: number,
  how: How,
): Promise<{ figure: Figure; pairs: Pair[] }> {
  const meter = await meterFor(setting);
  const other = setting === yardstick ? meter : await meterFor(yardstick);
  try {
    const pairs = await recorded(other.port, yardstick);
    const ratio = await compare(
      async () => assert.equal((await readProfile(meter.port, setting)).rows, ROWS_31_DAYS),
      () => replayBytes(other.port, pairs),
      how,
    );
    const what = `profile over loopback, ${setting.name}`;
    const against = goal === 'G5' ? 'the plain byte replay' : `the byte replay (${pairs.length} round trips)`;
    return { figure: ratioFigure(goal, what, ratio, limit, against), pairs };
  } finally {
    meter.stop();
    other.stop();
  }
}

/**
 * The line is busy for 10 bits an octet; the rest of the time is ours, measured for each reply from its last octet to the
 * next request, octets fed in pieces as a serial port delivers them. The meter answers at once.
 */
function lineUse(pairs: readonly Pair[], baud: number, wanted: number): Figure {
  const client = new Client(new HdlcLink({ client: 16, server: { logical: 1, physical: null }, parameters: NARROW }), {
    referencing: 'ln',
    authentication: 'none',
    security: 'none',
    invokeIdIncrease: true,
    pduSize: 0xffff,
  });
  const read = new ProfileRead(
    { obis: PROFILE, range: { kind: 'all' }, policy: { mode: 'standard' }, rangeClock: 'auto', nowMs: NOW_MS },
    new MeterMemory(),
  );
  let lineMs = 0;
  let oursMs = 0;
  let rows = 0;
  let at = 0;
  const count = (events: readonly { readonly type: string }[]): void => {
    for (const e of events) if (e.type === 'row') rows++;
  };
  const exchange = (input: () => ClientStep): void => {
    const answers: { index: number; outcome: unknown }[] = [];
    let from = performance.now();
    let step = input();
    for (;;) {
      for (const e of step.events) {
        if (e.type === 'part') count(read.part(e.bytes));
        if (e.type === 'value') answers[e.index] = e;
        assert.ok(e.type !== 'fault' && e.type !== 'failed');
      }
      oursMs += performance.now() - from;
      const written = step.write.reduce((n, w) => n + w.length, 0);
      if (written === 0) break;
      const pair = pairs[at++] as Pair;
      lineMs += ((written + pair.reply.length) * 10_000) / baud;
      // All pieces but the last come while the line is busy with the rest.
      const last = pair.reply.length - 1 - ((pair.reply.length - 1) % PIECE);
      const early: ClientStep[] = [];
      for (let i = 0; i < last; i += PIECE) early.push(client.receive(pair.reply.subarray(i, i + PIECE)));
      for (const s of early) assert.equal(s.write.length, 0);
      from = performance.now();
      step = client.receive(pair.reply.subarray(last));
    }
    turn = read.answer(answers.map(a => a.outcome) as never);
    count(turn.events);
  };
  let turn = read.start();
  let connected = false;
  while (turn.ask !== null) {
    const { refs, stream } = turn.ask;
    if (!connected) {
      connected = true;
      let step = client.connect();
      while (client.phase !== 'ready') step = client.receive((pairs[at++] as Pair).reply);
      assert.ok(step.events.length > 0);
      // A session asks first who answers.
      client.get([DEVICE_NAME]);
      step = client.receive((pairs[at++] as Pair).reply);
      assert.ok(step.events.some(e => e.type === 'answered'));
    }
    exchange(() => client.get(refs, stream));
  }
  assert.equal(rows, ROWS_31_DAYS);
  const use = (100 * lineMs) / (lineMs + oursMs);
  return {
    goal: 'G6',
    what: `line use at ${baud} Bd, hdlc 128, window 1`,
    value: round3(use),
    unit: '%',
    wanted: `>= ${wanted} %`,
    met: use >= wanted,
    exact: false,
    note: `${(lineMs / 1000).toFixed(1)} s on the line, ${oursMs.toFixed(1)} ms ours`,
  };
}

/**
 * The fewest round trips that carry these answers: one request a block, and one RR for each further frame of a window of one.
 * The Gurux client has as many; recorded conversations with it are compared byte by byte in the corpus tests.
 */
function roundTrips(setting: Setting, pairs: readonly Pair[]): Figure {
  let fewest = 0;
  for (const { reply } of pairs) {
    if (setting.framing === 'wrapper') fewest++;
    else
      fewest += hdlcStream()
        .receive(reply)
        .filter(f => f.type === 'hdlc').length;
  }
  return {
    goal: 'G7',
    what: `round trips, ${setting.name}`,
    value: pairs.length,
    unit: '',
    wanted: `<= ${fewest}`,
    met: pairs.length <= fewest,
    exact: true,
  };
}

/** RR frames in excess of one for each full window of the meter. */
function readyReceives(pairs: readonly Pair[]): Figure {
  let excess = 0;
  let sent = 0;
  for (const { request } of pairs) {
    const [frame] = hdlcStream().receive(request);
    if (frame?.type === 'hdlc' && frame.frame.control.type === 'RR') sent++;
  }
  let needed = 0;
  for (const [i, { reply }] of pairs.entries()) {
    const frames = hdlcStream()
      .receive(reply)
      .filter(f => f.type === 'hdlc');
    const last = frames[frames.length - 1];
    const more = last?.type === 'hdlc' && last.frame.segmented;
    if (more && i < pairs.length - 1) needed++;
    if (more && frames.length < WINDOW) excess++;
  }
  return {
    goal: 'G8',
    what: 'RR beyond one for each full window, hdlc 128, window 7',
    value: sent - needed + excess,
    unit: '',
    wanted: '0',
    met: sent - needed + excess === 0,
    exact: true,
    note: `${sent} RR in ${pairs.length} round trips`,
  };
}

const PIECE = 32;
const WINDOW = 7;
const NARROW = { maxInformationTransmit: 128, maxInformationReceive: 128, windowTransmit: 1, windowReceive: 1 };
