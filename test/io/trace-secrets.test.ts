import assert from 'node:assert/strict';

import { encodeApdu } from '../../src/core/apdu';
import { encodeHdlcFrame } from '../../src/core/framing/hdlc-frame';
import { cutSegments, LLC_COMMAND } from '../../src/core/framing/hdlc-segments';
import { encodeWrapper } from '../../src/core/framing/wrapper';
import { fromLatin1, hex } from '../../src/core/wire/hex';
import { Lines } from '../../src/io/line/line';
import { LineQueues } from '../../src/io/line/line-queue';
import { Session } from '../../src/io/session/session';
import { parseSettings } from '../../src/io/settings/settings';
import { maskSecrets, type TraceLine } from '../../src/io/transport/trace';
import { serveTcp, simulatedMeter } from '../../src/sim/server';

const PASSWORD = 'Sup3rS3cretPassw0rd-0123456789';
const SECRET = fromLatin1(PASSWORD);

const AARQ = encodeApdu({
  type: 'aarq',
  protocolVersion: null,
  applicationContext: 1,
  callingApTitle: null,
  callingAeQualifier: null,
  callingAeInvocationId: null,
  mechanism: 1,
  callingAuthenticationValue: SECRET,
  userInformation: null,
});
const GET = encodeApdu({ type: 'get-request-next', invoke: 0xc1, block: 1 });

/** The frames that carry an APDU over HDLC with so many octets of information. */
function framesOf(apdu: Uint8Array, size: number): Uint8Array[] {
  const [destination, source] = [Uint8Array.of(0x03), Uint8Array.of(0x23)];
  const parts = cutSegments(LLC_COMMAND, apdu, size);
  return parts.map((information, ns) =>
    encodeHdlcFrame({
      destination,
      source,
      control: { type: 'I', ns: ns % 8, nr: 0, pf: true },
      segmented: ns < parts.length - 1,
      information,
    }),
  );
}

/** Two octets of the password in a row, anywhere in what came out. */
function leaks(lines: readonly TraceLine[]): string[] {
  const all = lines.map(l => hex(l.bytes));
  const pairs = Array.from(SECRET.subarray(1), (_, i) => hex(SECRET.subarray(i, i + 2)));
  return pairs.filter(pair => all.some(octets => new RegExp(`^(..)*${pair}`).test(octets)));
}

function traced(
  work: (put: (dir: '>' | '<', layer: TraceLine['layer'], bytes: Uint8Array) => void) => void,
): TraceLine[] {
  const lines: TraceLine[] = [];
  const sink = maskSecrets(line => lines.push(line), [SECRET]);
  work((dir, layer, bytes) => sink({ at: 0, dir, layer, bytes }));
  return lines;
}

describe('a password in a trace', () => {
  for (const size of [16, 32, 128]) {
    it(`is hidden in HDLC frames of ${size} octets with their check sequences, also repeated and as echo`, () => {
      const frames = framesOf(AARQ, size);
      for (const chunk of [1, 2, 3, 7, 1000]) {
        const lines = traced(put => {
          put('>', 'apdu', AARQ);
          for (const frame of [...frames, ...frames.slice(-1)]) {
            put('>', 'bytes', frame);
            for (let at = 0; at < frame.length; at += chunk) put('<', 'bytes', frame.subarray(at, at + chunk));
          }
          put('<', 'bytes', framesOf(GET, size)[0] as Uint8Array);
          put('>', 'apdu', GET);
          put('>', 'bytes', framesOf(GET, size)[0] as Uint8Array);
        });
        assert.deepEqual(leaks(lines), [], `pieces of ${chunk}`);
        const [apdu, first] = lines;
        assert.equal(hex(apdu?.bytes ?? SECRET).replace(/(2a)+/, hex(SECRET)), hex(AARQ), 'the rest of the APDU stays');
        // Flag, format, addresses, control and HCS are there to be read; all behind them but the flag is not.
        assert.equal(hex(first?.bytes.subarray(0, 8) ?? SECRET), hex(frames[0]?.subarray(0, 8) ?? AARQ));
        assert.match(hex(first?.bytes.subarray(8) ?? SECRET), /^(2a)+7e$/);
        assert.match(first?.note ?? '', /secret masked/);
        assert.equal(hex(lines.at(-1)?.bytes ?? SECRET), hex(framesOf(GET, size)[0] ?? AARQ), 'what follows is shown');
      }
    });
  }

  it('is hidden in the echo also where an octet of it is damaged', () => {
    const frame = framesOf(AARQ, 16)[2] as Uint8Array;
    for (let bad = 10; bad < frame.length - 3; bad++) {
      const echo = frame.slice();
      echo[bad]! ^= 1;
      const lines = traced(put => {
        put('>', 'apdu', AARQ);
        put('>', 'bytes', frame);
        for (const octet of echo) put('<', 'bytes', Uint8Array.of(octet));
      });
      assert.match(
        lines
          .map(l => hex(l.bytes))
          .slice(2)
          .join(''),
        /^.{16}(2a)+7e$/,
      );
    }
  });

  it('is hidden in wrapper messages, whole, sent again and coming back in pieces', () => {
    const message = encodeWrapper(17, 1, AARQ);
    const lines = traced(put => {
      put('>', 'apdu', AARQ);
      put('>', 'bytes', message);
      put('>', 'bytes', message);
      for (const octet of message) put('<', 'bytes', Uint8Array.of(octet));
      for (let at = 0; at < message.length; at += 5) put('>', 'bytes', message.subarray(at, at + 5));
    });
    assert.deepEqual(leaks(lines), []);
    assert.match(hex(lines[1]?.bytes ?? SECRET), /^0001001100010.*?(2a)+$/);
  });

  it('hides nothing of what the meter answers', () => {
    const answer = encodeHdlcFrame({
      destination: Uint8Array.of(0x23),
      source: Uint8Array.of(0x03),
      control: { type: 'I', ns: 0, nr: 1, pf: true },
      information: AARQ.subarray(0, 12),
    });
    const lines = traced(put => {
      put('>', 'apdu', AARQ);
      for (const frame of framesOf(AARQ, 16)) put('>', 'bytes', frame);
      put('<', 'bytes', answer);
    });
    assert.equal(hex(lines.at(-1)?.bytes ?? SECRET), hex(answer));
  });

  for (const [framing, frameSize] of [
    ['hdlc', 16],
    ['hdlc', 32],
    ['hdlc', 128],
    ['wrapper', 128],
  ] as const) {
    it(`is nowhere in that of a session over ${framing} with frames of ${frameSize} octets`, async () => {
      const secret = { client: 17, authentication: 'low', secret: SECRET, security: 'none' } as const;
      const server = await serveTcp(simulatedMeter({ accounts: [secret] }), { framing });
      const lines: TraceLine[] = [];
      const fields = {
        host: '127.0.0.1',
        port: server.port,
        interface: framing,
        clientAddress: 17,
        authentication: 'low',
        frameSize,
        answerTimeout: 2000,
      };
      const environment = { lines: new Lines(new LineQueues()), trace: (line: TraceLine) => lines.push(line) };
      const session = new Session(parseSettings(fields, { password: PASSWORD }), environment);
      try {
        await session.connect();
      } finally {
        await session.close();
        await server.close();
      }
      assert.deepEqual(leaks(lines), []);
      assert.ok(lines.filter(l => /masked/.test(l.note ?? '')).length >= 2);
    });
  }
});
