// xDLMS initiate, in A-XDR: 01 request, 08 response, and 0E confirmed-service-error. They travel in the user-information
// of AARQ and AARE. IEC 62056-5-3, xDLMS InitiateRequest and InitiateResponse.

import { alternative, optional, readOctets, writeOptional } from './codec';
import { readConformance, writeConformance, type Conformance } from './conformance';

export interface InitiateRequest {
  readonly type: 'initiate-request';
  readonly dedicatedKey: Uint8Array | null;
  /** DEFAULT TRUE. */
  readonly responseAllowed: boolean;
  readonly qualityOfService: number | null;
  /** 6 everywhere. */
  readonly version: number;
  readonly conformance: Conformance;
  /** Largest APDU the client takes, in octets; 0 means no limit. */
  readonly maxPduSize: number;
}

/** initiate-request, 01. */
export const initiateRequest = alternative<InitiateRequest>('initiate-request', [0x01], {
  read: r => ({
    dedicatedKey: optional(r, 'dedicated-key', r => readOctets(r, 'dedicated-key')),
    responseAllowed: optional(r, 'response-allowed', r => r.u8('response-allowed') !== 0) ?? true,
    qualityOfService: optional(r, QOS, r => r.i8(QOS)),
    version: r.u8('proposed-dlms-version-number'),
    conformance: readConformance(r),
    maxPduSize: r.u16('client-max-receive-pdu-size'),
  }),
  write: (w, v) => {
    writeOptional(w, v.dedicatedKey, (w, key) => void w.octets(key));
    if (v.responseAllowed) w.u8(0);
    else w.u8(1).u8(0);
    writeOptional(w, v.qualityOfService, (w, qos) => void w.i8(qos));
    writeConformance(w.u8(v.version), v.conformance);
    w.u16(v.maxPduSize);
  },
});

export interface InitiateResponse {
  readonly type: 'initiate-response';
  readonly qualityOfService: number | null;
  readonly version: number;
  readonly conformance: Conformance;
  /** Largest APDU the server takes, in octets; 0 means no limit. */
  readonly maxPduSize: number;
  /** 0x0007 with logical names; with short names 0xFA00, the base name of the association. */
  readonly vaaName: number;
}

/**
 * initiate-response, 08. A response that ends after the conformance (seen on releases, malformed by two octets) is completed:
 * the missing vaa-name counts as 0x0007.
 */
export const initiateResponse = alternative<InitiateResponse>('initiate-response', [0x08], {
  read: r => ({
    qualityOfService: optional(r, QOS, r => r.i8(QOS)),
    version: r.u8('negotiated-dlms-version-number'),
    conformance: readConformance(r),
    maxPduSize: r.u16('server-max-receive-pdu-size'),
    vaaName: r.remaining === 0 ? 0x0007 : r.u16('vaa-name'),
  }),
  write: (w, v) => {
    writeOptional(w, v.qualityOfService, (w, qos) => void w.i8(qos));
    writeConformance(w.u8(v.version), v.conformance);
    w.u16(v.maxPduSize).u16(v.vaaName);
  },
});

export interface ConfirmedServiceError {
  readonly type: 'confirmed-service-error';
  /** 1 initiate, 5 read, 6 write. */
  readonly service: number;
  /** Which list the error is from: 0 application-reference … 6 initiate …; words: result-words.ts. */
  readonly kind: number;
  readonly error: number;
}

/** confirmed-service-error, 0E. */
export const confirmedServiceError = alternative<ConfirmedServiceError>('confirmed-service-error', [0x0e], {
  read: r => ({ service: r.u8('service'), kind: r.u8('service-error'), error: r.u8('error') }),
  write: (w, v) => void w.u8(v.service).u8(v.kind).u8(v.error),
});

const QOS = 'quality-of-service';
