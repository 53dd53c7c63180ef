// A telegram as a meter in Vienna pushes it, encrypted, becomes readings. The key is that of the simulated meter.
import { Key, unhex } from '@meterflow/node-red-dlms';
import { PushDecoder } from '@meterflow/node-red-dlms/push';

const bytes = unhex(
  [
    '7ea067ce9503130fcbe6e700db0853494d00000000014f2000000001b0f15536',
    '3863465c582e28c4597bd3e4f0bbdfb401a52431363e7b434df7470586bbc699',
    '2dd44c3f8bb8fae9f96145a42b7bfb7525d1346e99ffe2b2b0f65cbd67a938ab',
    'f39685763075ff5c7e',
  ].join(''),
);

const decoder = new PushDecoder({
  encryptionKey: Key.parse('5a4d6e2f19c0b3a7e8d1f40526379c8b', 'encryption key'),
  policy: { zone: 'Europe/Vienna' },
});

// As it comes: in pieces of any size. When the line is silent for step.waitMs, call decoder.timeout().
for (const chunk of [bytes.subarray(0, 40), bytes.subarray(40)]) {
  for (const event of decoder.receive(chunk).events) {
    if (event.type === 'problem') console.error(event.error.message);
    else for (const { obis, value, unit } of event.telegram.readings) console.log(obis, value, unit ?? '');
  }
}
