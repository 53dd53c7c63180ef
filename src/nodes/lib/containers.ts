// Batches of records in the bytes of one source, with the zlib of Node.js.
// The rule of the file: never more memory for a record than its limit, whatever it says.

import { constants, inflateRawSync } from 'node:zlib';
import { RecordBatches, type Inflate } from '../../core/push/batch';

export function recordBatches(): RecordBatches {
  return new RecordBatches(inflate);
}

const inflate: Inflate = (part, before, limit) => {
  try {
    // The types do not know that `info` changes what is returned.
    const { buffer, engine } = inflateRawSync(part, {
      info: true,
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: limit,
      ...(before.length > 0 ? { dictionary: before } : {}),
    }) as unknown as { buffer: Uint8Array; engine: { bytesWritten: number } };
    return { output: buffer, used: engine.bytesWritten };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too long' : 'damaged';
  }
};
