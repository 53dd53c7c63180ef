// ExceptionResponse, D8: the server could not even look at the request. IEC 62056-5-3, exception-response.

import { alternative } from './codec';

export interface ExceptionResponse {
  readonly type: 'exception-response';
  /** 1 service-not-allowed, 2 service-unknown. */
  readonly state: number;
  /** 1 operation-not-possible … 6 invocation-counter-error; words: result-words.ts. */
  readonly service: number;
  /** With 6: the invocation counter the server wants, 0..2^32-1. */
  readonly counter: number | null;
}

/** exception-response, D8. The counter belongs to service-error 6 only, and not every server sends it. */
export const exceptionResponse = alternative<ExceptionResponse>('exception-response', [0xd8], {
  read: r => {
    const state = r.u8('state-error');
    const service = r.u8('service-error');
    return { state, service, counter: service === 6 && r.remaining > 0 ? r.u32('invocation-counter') : null };
  },
  write: (w, v) => {
    w.u8(v.state).u8(v.service);
    if (v.counter !== null) w.u32(v.counter);
  },
});
