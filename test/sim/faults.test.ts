import assert from 'node:assert/strict';

import { decodeApdu, encodeApdu } from '../../src/core/apdu';
import { hdlcStream } from '../../src/core/framing/hdlc';
import { decodeHdlcFrame, encodeHdlcFrame, type Control, type HdlcFrame } from '../../src/core/framing/hdlc-frame';
import { encodeParameters, LARGEST_PARAMETERS } from '../../src/core/link/hdlc-parameters';
import { encodeHdlcAddress } from '../../src/core/framing/hdlc-address';
import { concat } from '../../src/core/wire/hex';
import type { Behaviour } from '../../src/sim/behaviour';
import type { SimulatedMeter } from '../../src/sim/meter';
import { MeterPort } from '../../src/sim/port';
import { AARQ, entries, getRequest, meterAt, NOW, Wire } from './wire';

const REGISTER = getRequest(3, '1.0.1.8.0.255', 2);
const LLC = Uint8Array.of(0xe6, 0xe6, 0x00);

function associated(behaviour: Partial<Behaviour> = {}): Wire {
  const wire = new Wire(meterAt(NOW, { behaviour }));
  wire.associate();
  return wire;
}

/** HDLC by hand: frames out, frames back. */
class Master {
  readonly port: MeterPort;
  ns = 0;
  nr = 0;
  constructor(
    meters: SimulatedMeter | readonly SimulatedMeter[],
    readonly physical: number | null = null,
    readonly client = 16,
  ) {
    this.port = new MeterPort('clock' in meters ? [meters] : meters, { framing: 'hdlc' });
  }
  frame(control: Control, information: Uint8Array = new Uint8Array(0)): Uint8Array {
    const destination = encodeHdlcAddress({ logical: 1, physical: this.physical });
    const source = encodeHdlcAddress({ logical: this.client, physical: null });
    return encodeHdlcFrame({ destination, source, control, information });
  }
  send(bytes: Uint8Array): HdlcFrame[] {
    const deframer = hdlcStream();
    return this.port
      .receive(bytes)
      .write.flatMap(w => deframer.receive(w))
      .flatMap(f => (f.type === 'hdlc' ? [f.frame] : []));
  }
  snrm(information: Uint8Array = new Uint8Array(0)): HdlcFrame[] {
    this.ns = this.nr = 0;
    return this.send(this.frame({ type: 'SNRM', pf: true }, information));
  }
  apdu(bytes: Uint8Array): Uint8Array {
    const information = concat(LLC, bytes);
    const frame = this.frame({ type: 'I', ns: this.ns, nr: this.nr, pf: true }, information);
    this.ns = (this.ns + 1) & 7;
    return frame;
  }
  associate(): HdlcFrame[] {
    const frames = this.send(this.apdu(AARQ));
    this.nr = (this.nr + frames.length) & 7;
    return frames;
  }
}

describe('faults of the simulated meter, on demand', () => {
  it('silence: one request stays unanswered, the next is served', () => {
    const wire = associated();
    wire.meter.fault({ kind: 'silence' });
    assert.equal(wire.ask(REGISTER), null);
    assert.equal(wire.ask(REGISTER)?.type, 'get-response-normal');
  });

  it('as often as asked for, and until it is cleared', () => {
    const wire = associated();
    wire.meter.fault({ kind: 'silence', times: 2 });
    assert.deepEqual([wire.ask(REGISTER), wire.ask(REGISTER)], [null, null]);
    assert.notEqual(wire.ask(REGISTER), null);
    wire.meter.fault({ kind: 'silence', times: Infinity });
    for (let i = 0; i < 20; i++) assert.equal(wire.ask(REGISTER), null);
    wire.meter.faults.clear();
    assert.notEqual(wire.ask(REGISTER), null);
  });

  it('reset: nothing is written and the line is told to close', () => {
    const wire = associated();
    wire.meter.fault({ kind: 'reset' });
    assert.equal(wire.ask(REGISTER), null);
    assert.deepEqual(wire.last?.events, [{ type: 'reset' }]);
  });

  it('slow: the answer waits for the clock input', () => {
    const wire = associated();
    wire.meter.fault({ kind: 'slow', ms: 700 });
    assert.equal(wire.ask(REGISTER), null);
    assert.equal(wire.last?.waitMs, 700);
    assert.equal(wire.port.timeout().write.length, 1);
    assert.notEqual(wire.ask(REGISTER), null);
  });

  it('refuse and exception: the answer is another', () => {
    const wire = associated();
    wire.meter.fault({ kind: 'refuse', result: 2 });
    assert.equal(wire.get(3, '1.0.1.8.0.255', 2), 2);
    wire.meter.fault({ kind: 'exception', state: 1, service: 3 });
    assert.deepEqual(wire.ask(REGISTER), { type: 'exception-response', state: 1, service: 3, counter: null });
  });

  it('silence and reset in the middle of a long answer', () => {
    for (const kind of ['silence-in-block', 'reset-in-block'] as const) {
      const wire = associated({ pduSize: 200 });
      wire.meter.fault({ kind });
      const first = wire.ask(getRequest(7, '1.0.99.1.0.255', 2, entries(1, 20)));
      assert.equal(first?.type, 'get-response-with-datablock');
      assert.equal(wire.ask({ type: 'get-request-next', invoke: 0xc1, block: 1 }), null);
      assert.equal(wire.last?.events.length, kind === 'reset-in-block' ? 1 : 0);
    }
  });

  it('wrong-block: a number is left out', () => {
    const wire = associated({ pduSize: 200 });
    wire.meter.fault({ kind: 'wrong-block' });
    wire.ask(getRequest(7, '1.0.99.1.0.255', 2, entries(1, 20)));
    const second = wire.ask({ type: 'get-request-next', invoke: 0xc1, block: 1 });
    assert.equal(second?.type === 'get-response-with-datablock' && second.block, 3);
  });

  it('notification: an unasked one comes first, over HDLC in a UI frame', () => {
    const wire = associated();
    wire.meter.fault({ kind: 'notification' });
    assert.deepEqual(
      wire.raw(encodeApdu(REGISTER)).map(a => decodeApdu(a).apdu.type),
      ['data-notification', 'get-response-normal'],
    );
    const meter = meterAt();
    const master = new Master(meter);
    master.snrm();
    master.associate();
    meter.fault({ kind: 'notification' });
    assert.deepEqual(
      master.send(master.apdu(encodeApdu(REGISTER))).map(f => f.control.type),
      ['UI', 'I'],
    );
  });

  it('wrong-fcs, garbage and cuts: the bytes on the line are damaged once', () => {
    const frames = (kind: 'wrong-fcs' | 'garbage-before' | 'garbage-inside' | 'cut'): number => {
      const meter = meterAt();
      const master = new Master(meter);
      master.snrm();
      master.associate();
      meter.fault({ kind });
      return master.send(master.apdu(encodeApdu(REGISTER))).length;
    };
    assert.equal(frames('wrong-fcs'), 0);
    assert.equal(frames('garbage-inside'), 0);
    assert.equal(frames('cut'), 0);
    assert.equal(frames('garbage-before'), 1);
  });
});

// One switch for each entry of the list of what real servers do.
describe('the bad habits of the simulated meter', () => {
  it('1: sends a clock twice, in a list as an octet-string that holds one', () => {
    const wire = associated({ doubledClock: true });
    const clock = getRequest(8, '0.0.1.0.0.255', 2);
    const [answer] = wire.raw(encodeApdu(clock));
    const { surplus } = decodeApdu(answer as Uint8Array);
    assert.equal(surplus, 14);
    const list = wire.ask({ type: 'get-request-with-list', invoke: 0xc1, attributes: [clock] });
    assert.ok(list?.type === 'get-response-with-list' && list.results[0]?.ok === true);
    assert.ok(list.results[0].data.type === 'octet-string' && list.results[0].data.value.length === 14);
  });

  it('2: ends a selection by an empty block, twice in one frame', () => {
    const wire = associated({ emptyLastBlock: true });
    const first = wire.ask(getRequest(7, '1.0.99.1.0.255', 2, entries(1, 2)));
    assert.ok(
      first?.type === 'get-response-with-datablock' && !first.last && first.result.ok && first.result.raw.length === 98,
    );
    const [second] = wire.raw(encodeApdu({ type: 'get-request-next', invoke: 0xc1, block: 1 }));
    const { apdu, surplus } = decodeApdu(second as Uint8Array);
    assert.ok(
      apdu.type === 'get-response-with-datablock' && apdu.last && apdu.result.ok && apdu.result.raw.length === 0,
    );
    assert.equal(surplus, (second as Uint8Array).length / 2);
  });

  it('3: grants GET and SET only and serves blocks and selections all the same', () => {
    const wire = associated({ grantsLittle: true, pduSize: 200 });
    const first = wire.ask(getRequest(7, '1.0.99.1.0.255', 2, entries(1, 20)));
    assert.equal(first?.type, 'get-response-with-datablock');
  });

  it('5: a station that is not there is silent, the others on the line are not', () => {
    const meters = [meterAt(NOW, { physicalAddress: 17 }), meterAt(NOW, { physicalAddress: 18 })];
    assert.equal(new Master(meters, 17).snrm().length, 1);
    assert.equal(new Master(meters, 18).snrm().length, 1);
    assert.equal(new Master(meters, 19).snrm().length, 0);
    assert.equal(new Master(meters, 17, 99).snrm().length, 0);
  });

  it('6: loses the second of two frames in one piece', () => {
    const frames = (losesSecondFrame: boolean): number => {
      const master = new Master(meterAt(NOW, { behaviour: { losesSecondFrame } }));
      const snrm = master.frame({ type: 'SNRM', pf: true });
      return master.send(concat(snrm, snrm)).length;
    };
    assert.equal(frames(true), 1);
    assert.equal(frames(false), 2);
  });

  it('8: grants a window of seven and waits after each frame', () => {
    const sent = (windowOfOne: boolean): number => {
      const meter = meterAt(NOW, { behaviour: { windowOfOne, hdlcInformation: 128 } });
      const master = new Master(meter);
      assert.match(`${master.snrm(encodeParameters(LARGEST_PARAMETERS))[0]?.control.type}`, /UA/);
      master.associate();
      return master.send(master.apdu(encodeApdu(getRequest(15, '0.0.40.0.0.255', 2)))).length;
    };
    assert.equal(sent(true), 1);
    assert.equal(sent(false), 7);
  });

  it('10: repeats its parameters in the UA to a DISC', () => {
    const disc = (parametersInDisconnect: boolean): number | undefined => {
      const master = new Master(meterAt(NOW, { behaviour: { parametersInDisconnect } }));
      master.snrm();
      return master.send(master.frame({ type: 'DISC', pf: true }))[0]?.information.length;
    };
    assert.ok((disc(true) ?? 0) > 0);
    assert.equal(disc(false), 0);
  });

  it('refuses a SNRM with parameters, or says nothing to it', () => {
    const first = (snrmParameters: 'refused' | 'silent'): string | undefined =>
      new Master(meterAt(NOW, { behaviour: { snrmParameters } })).snrm(encodeParameters(LARGEST_PARAMETERS))[0]?.control
        .type;
    assert.equal(first('refused'), 'DM');
    assert.equal(first('silent'), undefined);
    const bare = new Master(meterAt(NOW, { behaviour: { snrmParameters: 'silent' } }));
    assert.equal(bare.snrm()[0]?.control.type, 'UA');
  });

  it('keeps its send number at 0 when it is told to', () => {
    const master = new Master(meterAt(NOW, { behaviour: { constantSequence: true } }));
    master.snrm();
    master.associate();
    const [answer] = master.send(master.apdu(encodeApdu(REGISTER)));
    assert.equal(answer?.control.type === 'I' && answer.control.ns, 0);
  });

  it('answers from four octets of address when it is told to', () => {
    const master = new Master(meterAt(NOW, { behaviour: { wideAnswers: true } }), 17);
    const bytes = master.port.receive(master.frame({ type: 'SNRM', pf: true })).write[0] as Uint8Array;
    assert.deepEqual(decodeHdlcFrame(bytes.subarray(1, -1)).source, { logical: 1, physical: 17 });
    assert.equal(bytes[7], 0x23, 'the fourth octet of the source ends the address: 17 and the end bit');
  });

  it('numbers blocks from 0 and refuses lists when it is told to', () => {
    const wire = associated({ firstBlock: 0, pduSize: 200, withList: 'refused' });
    const first = wire.ask(getRequest(7, '1.0.99.1.0.255', 2, entries(1, 20)));
    assert.equal(first?.type === 'get-response-with-datablock' && first.block, 0);
    assert.equal(
      wire.ask({ type: 'get-request-with-list', invoke: 1, attributes: [REGISTER] })?.type,
      'exception-response',
    );
  });
});
