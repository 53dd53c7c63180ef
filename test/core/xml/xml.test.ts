import assert from 'node:assert/strict';
import { describe, it } from 'mocha';

import { encodeApdu } from '../../../src/core/apdu';
import { u16 } from '../../../src/core/cosem/data';
import { encodeHdlcFrame } from '../../../src/core/framing/hdlc-frame';
import { Key, sealApdu, type KeyRing } from '../../../src/core/security';
import { isDlmsError } from '../../../src/core/wire/errors';
import { concat, hex, unhex } from '../../../src/core/wire/hex';
import { dataToXml, fromXml, toXml, XML_LIMITS, type ToXmlOptions } from '../../../src/core/xml';
import { said } from '../../xml-compare';

/** get-request-normal of the clock's time: tag, form, invoke; class 8, 0-0:1.0.0*255, attribute 2; no selection. */
const GET = 'c001c1 0008 0000010000ff 02 00';
const SIMPLE = `<GetRequest><GetRequestNormal>
  <InvokeIdAndPriority Value="C1" />
  <AttributeDescriptor>
    <ClassId Value="0008" /><InstanceId Value="0000010000FF" /><AttributeId Value="02" />
  </AttributeDescriptor>
</GetRequestNormal></GetRequest>`;
const STANDARD = `<?xml version="1.0" encoding="utf-8"?>
<x:xDLMS-APDU xmlns:x="http://www.dlms.com/COSEMpdu"><x:get-request><x:get-request-normal>
  <x:invoke-id-and-priority>193</x:invoke-id-and-priority>
  <x:cosem-attribute-descriptor>
    <x:class-id>8</x:class-id><x:instance-id>0000010000FF</x:instance-id><x:attribute-id>2</x:attribute-id>
  </x:cosem-attribute-descriptor>
</x:get-request-normal></x:get-request></x:xDLMS-APDU>`;

function xml(bytes: string, options: ToXmlOptions = {}): string {
  const [message] = toXml(unhex(bytes), options);
  return message?.xml ?? '';
}
function data(bytes: string, options: ToXmlOptions = {}): string {
  return dataToXml(unhex(bytes), options).xml.trim();
}
function refused(text: string): string {
  try {
    fromXml(text);
  } catch (error) {
    if (isDlmsError(error)) return `${error.code} ${error.short}`;
    throw error;
  }
  return 'taken';
}

describe('a message as XML', () => {
  it('has the elements of the simple form, and comes back', () => {
    assert.equal(said(xml(GET)), said(SIMPLE));
    assert.equal(hex(fromXml(SIMPLE)), hex(unhex(GET)));
  });

  it('has those of the standard form, with its declaration and the element around', () => {
    assert.equal(said(xml(GET, { form: 'standard' })), said(STANDARD));
    assert.ok(xml(GET, { form: 'standard' }).startsWith('<?xml version="1.0" encoding="utf-8"?>\n<x:xDLMS-APDU '));
    assert.equal(hex(fromXml(STANDARD)), hex(unhex(GET)));
  });

  it('is told in comments where they are asked for', () => {
    const lines = xml(GET, { comments: true, numbers: 'decimal' }).split('\n');
    const comments = lines.filter(line => line.includes('<!--')).map(line => line.trim());
    assert.deepEqual(comments, [
      '<!-- priority high, confirmed, invoke id 1 -->',
      '<!-- Clock -->',
      '<!-- 0-0:1.0.0*255 -->',
    ]);
    assert.equal(said(lines.join('\n')), said(xml(GET, { numbers: 'decimal' })));
  });

  it('has what the translators leave out: a selection in a list, a counter, an invoke of a list', () => {
    const selected = 'c003c1 02 0008 0000010000ff 02 00 0007 0100630100ff 02 01 02 0202 120001 120002';
    for (const form of ['simple', 'standard'] as const) {
      for (const bytes of [
        selected,
        'd80206 00000005',
        'c703c1 02 00 00 03 00',
        'c303c1 01 0046 0000600311ff 01 01 0f00',
      ]) {
        assert.equal(hex(fromXml(xml(bytes, { form }))), hex(unhex(bytes)), `${form} ${bytes}`);
      }
    }
    assert.ok(xml('d80206 00000005').includes('<InvocationCounter Value="00000005" />'));
  });

  it('says where octets do not come back: surplus ones, and true that is no 01', () => {
    assert.deepEqual(toXml(unhex(`${GET} 0000`), { comments: true })[0]?.exact, false);
    assert.ok(xml(`${GET} 0000`, { comments: true }).includes('2 octets behind the message are left out'));
    assert.equal(dataToXml(unhex('03ff')).exact, false);
    assert.equal(dataToXml(unhex('0301')).exact, true);
  });
});

describe('characters in XML', () => {
  it('are escaped, and read as they were', () => {
    // visible-string <&">, tab, line ends
    assert.equal(data('0a04 3c26223e'), '<String Value="&lt;&amp;&quot;&gt;" />');
    assert.equal(data('0a04 3c26223e', { form: 'standard' }), '<x:visible-string>&lt;&amp;"&gt;</x:visible-string>');
    for (const bytes of ['0a04 3c26223e', '0a05 20090a0d20', '0c05 c3a9200a0d', '0a02 e985']) {
      for (const form of ['simple', 'standard'] as const) {
        assert.equal(hex(fromXml(data(bytes, { form }))), hex(unhex(bytes)), `${form} ${bytes}`);
      }
    }
  });

  it('that no document can hold stand as octets', () => {
    assert.equal(data('0a03 410001'), '<String Value="410001" Encoding="hex" />');
    assert.equal(data('0c02 c328', { form: 'standard' }), '<x:utf8-string Encoding="hex">C328</x:utf8-string>');
    assert.equal(hex(fromXml('<String Value="410001" Encoding="hex" />')), '0a03410001');
  });

  it('in a comment end no comment', () => {
    const hidden = data('0906 2d2d3e3c213e', { comments: true });
    assert.equal(hex(fromXml(hidden)), '09062d2d3e3c213e');
  });
});

describe('numbers in XML', () => {
  const set = (value: string, id = '0001'): string =>
    `<SetRequest><SetRequestNormal><InvokeIdAndPriority Value="${id === '0001' ? '41' : '65'}" />
    <AttributeDescriptor><ClassId Value="${id}" /><InstanceId Value="0000600100FF" /><AttributeId Value="${id === '0001' ? '02' : '2'}" />
    </AttributeDescriptor><Value>${value}</Value></SetRequestNormal></SetRequest>`;

  it('are hexadecimal where all have the width of their type', () => {
    assert.equal(hex(fromXml(set('<UInt16 Value="0010" />'))).slice(-6), '120010');
  });

  it('are decimal where one has not, and no letter or zero in front speaks against it', () => {
    assert.equal(hex(fromXml(set('<UInt16 Value="10" />', '1'))).slice(-6), '12000a');
    assert.equal(hex(fromXml(set('<UInt16 Value="10" />', '1'))).slice(4, 6), '41');
  });

  it('are what the caller says', () => {
    assert.equal(hex(fromXml('<UInt8 Value="10" />')), '1110');
    assert.equal(hex(fromXml('<UInt8 Value="10" />', { numbers: 'decimal' })), '110a');
    assert.equal(hex(fromXml('<x:unsigned>10</x:unsigned>')), '110a');
  });

  it('are taken with a minus sign and as two halves of the circle', () => {
    assert.equal(hex(fromXml('<Int16 Value="FFF6" />')), '10fff6');
    assert.equal(hex(fromXml('<Int16 Value="0-0A" />')), '10fff6');
    assert.equal(hex(fromXml('<Int16 Value="-10" />')), '10fff6');
    assert.equal(data('10fff6', { numbers: 'decimal' }), '<Int16 Value="-10" />');
  });

  it('that do not fit are refused', () => {
    assert.match(
      refused('<UInt8 Value="1FF" />'),
      /^XML_INVALID xml line 1, column \d+: UInt8 is no whole number of 1 octet$/,
    );
    assert.match(refused('<x:unsigned>256</x:unsigned>'), /no whole number/);
    assert.match(refused('<x:unsigned>1.5</x:unsigned>'), /no whole number/);
    assert.match(refused('<x:unsigned></x:unsigned>'), /no whole number/);
  });
});

describe('a document that is none', () => {
  const nested = (depth: number): string => '<Array>'.repeat(depth) + '</Array>'.repeat(depth);

  it('is refused with its place', () => {
    assert.match(
      refused('<GetRequest>\n  <GetRequestNormal>\n    <Wrong />\n  </GetRequestNormal></GetRequest>'),
      /^XML_INVALID xml line 3, column 5: Wrong stands where InvokeIdAndPriority is expected$/,
    );
    assert.match(
      refused('<Array>\n   <Wrong\n Value="1" />\n</Array>'),
      /line 2, column 4: Wrong is not expected in Array$/,
    );
    assert.match(refused('<GetRequest>\n</Other>'), /^XML_INVALID xml line 2, /);
    assert.match(refused('<Nothing />'), /Nothing is no message, frame or value$/);
    assert.match(refused(''), /^XML_INVALID /);
    assert.match(refused('<Array><UInt8 Value="01" />text</Array>'), /text between the elements/);
    assert.match(refused('<UInt8 Value="01" Other="1" />'), /attribute Other is unknown/);
    assert.match(refused('<UInt8 Value="01" /><UInt8 Value="02" />'), /^XML_INVALID /);
    assert.match(refused('<x:xDLMS-APDU></x:xDLMS-APDU>'), /is empty$/);
  });

  it('has no document type and no entities of its own', () => {
    assert.match(refused('<!DOCTYPE a [<!ENTITY b "c">]><UInt8 Value="01" />'), /a document type is not taken$/);
    assert.match(refused('<String Value="&b;" />'), /^XML_INVALID .*undefined entity/);
    assert.equal(hex(fromXml('<String Value="&amp;&#65;" />')), '0a022641');
  });

  it('is bounded in depth and size', () => {
    assert.match(refused(nested(XML_LIMITS.depth + 1)), /^LIMIT_EXCEEDED xml depth/);
    assert.equal(refused(nested(XML_LIMITS.depth)), 'taken');
    assert.match(refused(' '.repeat(XML_LIMITS.characters + 1)), /^LIMIT_EXCEEDED xml text/);
    assert.match(refused(`<Array>${'<None/>'.repeat(XML_LIMITS.elements)}</Array>`), /^LIMIT_EXCEEDED xml elements/);
  }).timeout(60_000);

  it('shows no value in its errors: it may be a password or a key', () => {
    const secret = 'SECRET-000102';
    for (const text of [
      `<InitiateRequest><DedicatedKey Value="${secret}" /></InitiateRequest>`,
      `<AssociationRequest><MechanismName Value="${secret}" /></AssociationRequest>`,
      `<UInt8 Value="${secret}" />`,
      `<Boolean Value="${secret}" />`,
    ]) {
      assert.match(refused(text), /^XML_INVALID /);
      assert.ok(!refused(text).includes(secret), refused(text));
    }
  });
});

describe('a frame as XML', () => {
  const frame = (information: string, segmented = false, ns = 0): Uint8Array =>
    encodeHdlcFrame({
      destination: Uint8Array.of(0x03),
      source: Uint8Array.of(0x21),
      control: { type: 'I', ns, nr: 0, pf: true },
      segmented,
      information: unhex(information),
    });

  it('has an element for each frame, and the message in the last of its segments', () => {
    const whole = hex(unhex(`e6e600 ${GET}`));
    const both = concat(frame(whole.slice(0, 16), true), frame(whole.slice(16), false, 1));
    const [first, last] = toXml(both);
    assert.match(first?.xml ?? '', /<NextFrame Value="C001C10008" \/>/);
    assert.deepEqual([first?.exact, toXml(both).length], [false, 2]);
    assert.match(last?.xml ?? '', /<PDU>[\s\S]*<GetRequestNormal>/);
    assert.match(refused(first?.xml ?? ''), /cannot be made again/);
    assert.equal(said(toXml(both, { frames: false })[1]?.xml ?? ''), said(SIMPLE));
  });

  it('is found by its first octets, or asked for', () => {
    const hdlc = frame(`e6e600 ${GET}`);
    assert.match(toXml(hdlc)[0]?.xml ?? '', /^<HDLC len="18" >/);
    assert.match(xml(`0001 0010 0001 000d ${GET}`), /^<WRAPPER len="15" >/);
    assert.throws(() => toXml(hdlc, { framing: 'wrapper' }), { code: 'WRAPPER_HEADER' });
    assert.throws(() => toXml(hdlc.subarray(0, 20)), { code: 'HDLC_FRAME' });
    assert.throws(() => toXml(hdlc.map((octet, i) => (i === 15 ? octet ^ 1 : octet))), { code: 'HDLC_FCS' });
  });

  it('comes back with addresses of one, two and four octets', () => {
    for (const destination of ['03', '0223', '00020023']) {
      const bytes = encodeHdlcFrame({
        destination: unhex(destination),
        source: Uint8Array.of(0x21),
        control: { type: 'SNRM', pf: true },
      });
      const [message] = toXml(bytes);
      assert.deepEqual([hex(fromXml(message?.xml ?? '')), message?.exact], [hex(bytes), true]);
    }
  });
});

describe('a protected message as XML', () => {
  const keys: KeyRing = {
    encryptionKey: Key.parse('000102030405060708090a0b0c0d0e0f', 'key'),
    authenticationKey: Key.parse('d0d1d2d3d4d5d6d7d8d9dadbdcdddedf', 'key'),
    systemTitle: unhex('4d4d4d0000000001'),
  };
  const seal = (plain: Uint8Array): string =>
    hex(
      sealApdu(plain, {
        form: 'glo',
        systemTitle: unhex('4d4d4d0000000001'),
        key: keys.encryptionKey as Key,
        authenticationKey: keys.authenticationKey,
        control: 0x30,
        counter: 7,
      }),
    );

  it('has its ciphertext, and with keys what is in it as a comment', () => {
    const bytes = seal(unhex(GET));
    const told = xml(bytes, { comments: true, keys });
    assert.match(told, /<!-- Deciphered: C0 01 C1[\s\S]*# Clock[\s\S]*-->\n<glo_GetRequest Value="30/);
    assert.equal(hex(fromXml(told)), bytes);
    assert.ok(!xml(bytes, { keys }).includes('<!--'));
  });

  it('says that its tag is wrong, or that the key is', () => {
    const bytes = seal(unhex(GET));
    const damaged = bytes.slice(0, -2) + (bytes.endsWith('00') ? '01' : '00');
    assert.match(xml(damaged, { comments: true, keys }), /<!-- The authentication tag is wrong\. -->\n<!-- Deciphered/);
    const wrong = { ...keys, encryptionKey: Key.parse('ff'.repeat(16), 'key') };
    const told = xml(bytes, { comments: true, keys: wrong });
    assert.match(told, /<!-- Not deciphered: /);
    assert.ok(!/ffff|d0d1/i.test(told));
  });

  it('never shows the dedicated key that was sent under protection', () => {
    const dedicatedKey = unhex('00112233445566778899aabbccddeeff');
    const initiate = encodeApdu({
      type: 'initiate-request',
      dedicatedKey,
      responseAllowed: true,
      qualityOfService: null,
      version: 6,
      conformance: ['get'],
      maxPduSize: 1200,
    });
    for (const form of ['simple', 'standard'] as const) {
      const told = xml(seal(initiate), { form, comments: true, keys });
      assert.match(told, /Deciphered, without the dedicated key in it/);
      assert.ok(!/0011 ?2233|00 11 22/.test(told));
    }
  });
});

describe('a compact array as XML', () => {
  it('has rows of text where they come back, and octets where not', () => {
    assert.match(
      data('13020206120c00000001000a00000002000b'),
      /<ArrayContents>\n\s+1;10\n\s+2;11\n\s+<\/ArrayContents>/,
    );
    assert.match(data('130302ff00'), /<ArrayContents Encoding="hex">FF00<\/ArrayContents>/);
    assert.match(data('130a0302413b'), /Encoding="hex"/);
  });

  it('is refused where contents and types do not fit', () => {
    const compact = (types: string, contents: string): string =>
      `<CompactArray><ContentsDescription>${types}</ContentsDescription><ArrayContents>${contents}</ArrayContents></CompactArray>`;
    assert.equal(hex(fromXml(compact('<UInt16/>', '1;2'))), '13120400010002');
    assert.match(refused(compact('<UInt16/>', '1;x')), /the rows do not fit/);
    assert.match(refused(compact('<UInt16/><UInt8/>', '1;2;3')), /the rows do not fit/);
    assert.match(
      refused(compact('<Array><NumberOfElements Value="0002" /><UInt16/></Array>', '1')),
      /the rows do not fit/,
    );
    assert.match(refused(compact('<Wrong/>', '1')), /Wrong is no type/);
    assert.match(refused(compact('<None/>', '')), /taken|fit/);
  });
});

it('the value of a set stands in its element', () => {
  const bytes = encodeApdu({
    type: 'set-request-normal',
    invoke: 0xc1,
    attribute: { classId: 1, instance: unhex('0000600100ff'), attribute: 2 },
    access: null,
    value: u16(5),
  });
  assert.match(toXml(bytes)[0]?.xml ?? '', /<Value>\s*<UInt16 Value="0005" \/>\s*<\/Value>/);
});
