// Ciphering of one association: what goes out is protected by the policy, what comes in is opened and checked.
// The rule of the file: in a ciphered association an answer that is not protected as agreed is no answer.

import { decodeApdu, isServiceCiphered, MECHANISM, type Apdu } from '../apdu';
import {
  codedPassword,
  CONTROL,
  hlsNeedsCounter,
  invocationCounter,
  isCiphered,
  keyFingerprint,
  openApdu,
  sealApdu,
  systemTitleText,
  type HlsContext,
  type Key,
  type Opened,
  type Seal,
} from '../security';
import { DlmsError } from '../wire/errors';
import type { Authentication, ClientOptions, SecurityPolicy } from './options';
import { doubtOfSender } from './peer';

export interface OpenedApdu {
  readonly apdu: Apdu;
  /** Octets after the complete APDU; tolerated and counted. */
  readonly surplus: number;
  /** It was protected, but not as agreed; for the trace. */
  readonly note: string | null;
}

export type Refusal = Apdu & { readonly type: 'exception-response' | 'confirmed-service-error' };

/** The two APDUs that refuse a service as a whole; meters send them unprotected where they cannot decipher. */
export function isRefusal(apdu: Apdu): apdu is Refusal {
  return apdu.type === 'exception-response' || apdu.type === 'confirmed-service-error';
}

/** authentication-mechanism-name, last arc; null without authentication. */
export function mechanismOf(authentication: Authentication): number | null {
  return MECHANISMS[authentication];
}

/** High level security: both sides prove that they know the secret. */
export function isHigh(authentication: Authentication): boolean {
  return (mechanismOf(authentication) ?? MECHANISM.lowest) > MECHANISM.low;
}

export class Ciphering {
  /** The meter's system title: configured, until the AARE says it. */
  meterTitle: Uint8Array | null;
  /** The counter used last; for errors about it. */
  lastCounter = 0;
  /** How the last request was protected. */
  #lastForm: Seal['form'] = 'glo';
  /** The counter received last under each key: a meter may count a dedicated key from 0. */
  readonly #received = { global: -1, dedicated: -1 };
  /** What earlier associations had received under each key and title; looked up before the first message of this one. */
  readonly #earlier = new Map<string, number>();
  /** The meter has shown in this association that it speaks now, and does not repeat what it said before. */
  #speaksNow = false;
  readonly #control: number;

  constructor(readonly options: ClientOptions) {
    this.meterTitle = options.meterSystemTitle ?? null;
    this.#control = CONTROLS[options.security];
  }

  /** Are APDUs protected in this association? */
  get active(): boolean {
    return this.#control !== 0;
  }

  /**
   * The key that a meter cannot decipher with, as far as it can be told; null: nothing was ciphered. A tag is made with both
   * keys, so either may be wrong, unless the meter has shown that it has them and it is the dedicated one.
   */
  get keyInDoubt(): 'encryption' | 'encryption-or-authentication' | 'dedicated' | null {
    if (!this.active) return null;
    if (this.#lastForm.endsWith('ded')) return 'dedicated';
    return (this.#control & CONTROL.authentication) === 0 ? 'encryption' : 'encryption-or-authentication';
  }

  /** What the initiate-request carries; null without a dedicated key or without ciphering. */
  dedicatedKeyOctets(): Uint8Array | null {
    return this.active && this.options.dedicatedKey !== undefined ? this.options.dedicatedKey.octets() : null;
  }

  /** The initiate-request goes under the global key, whatever the rest uses. */
  protectInitiate(apdu: Uint8Array): Uint8Array {
    return this.active ? this.#seal(apdu, 'glo') : apdu;
  }

  /** An APDU as it goes out. */
  protect(apdu: Uint8Array, form?: 'service-specific'): Uint8Array {
    if (!this.active) return apdu;
    const key = this.options.dedicatedKey === undefined ? 'glo' : 'ded';
    const general = this.options.generalProtection === true && form === undefined;
    return this.#seal(apdu, general ? `general-${key}` : key);
  }

  /**
   * An APDU as it came in. Throws NO_KEY, WRONG_KEY, AUTHENTICATION_FAILED, NO_SYSTEM_TITLE, REPLAYED, WIRE_*;
   * UNEXPECTED_RESPONSE for an answer that nothing protects.
   * Less than agreed: without the tag that the policy asks for it is refused, because anybody could have written it; with a
   * verified tag but in clear it is the meter's own word, so it is taken, with a note that it could be read on the way.
   */
  open(bytes: Uint8Array): OpenedApdu {
    const outer = decodeApdu(bytes);
    if (!isCiphered(outer.apdu)) {
      if (this.active && !MAY_BE_PLAIN.has(outer.apdu.type)) {
        throw unprotected(outer.apdu);
      }
      return { ...outer, note: null };
    }
    const opened = openApdu(outer.apdu, {
      encryptionKey: this.options.encryptionKey ?? null,
      authenticationKey: this.options.authenticationKey ?? null,
      dedicatedKey: this.options.dedicatedKey ?? null,
      systemTitle: this.meterTitle,
    });
    const inner = decodeApdu(opened.plaintext);
    const note = this.active ? this.#protection(opened, inner.apdu) : null;
    // What comes unasked is set aside, and may be another device's, with a counter of its own (broadcast and push keys).
    if (UNASKED.has(inner.apdu.type)) return { apdu: inner.apdu, surplus: outer.surplus + inner.surplus, note };
    if (this.active) this.#sender(opened);
    this.#count(opened, outer.apdu.type.includes('ded-') ? 'dedicated' : 'global');
    return { apdu: inner.apdu, surplus: outer.surplus + inner.surplus, note };
  }

  /**
   * A ciphered APDU that cannot be opened here and is no answer to us either: one whose tag says that it comes unasked, or
   * one in a general form, which an association without general protection has no answers in. null: anything else.
   */
  unaskedFor(bytes: Uint8Array): Apdu | null {
    const { apdu } = decodeApdu(bytes);
    if (!isCiphered(apdu)) return null;
    if (isServiceCiphered(apdu)) return UNASKED.has(apdu.type.replace(/^(glo|ded)-/, '')) ? apdu : null;
    return this.active && this.options.generalProtection === true ? null : apdu;
  }

  /** Is the proof a coded password? A challenge of octets shows that a meter of that maker has the common form. */
  isCoded(challenge: Uint8Array): boolean {
    const { authentication, landisGyr, secret } = this.options;
    if (authentication !== 'high' || landisGyr !== true) return authentication === 'high-lgz';
    return codedPassword(secret ?? new Uint8Array(0), challenge) !== null;
  }

  /** For pass 3 and 4 of high level security. */
  hlsContext(coded = false): HlsContext {
    return {
      mechanism: mechanismOf(this.options.authentication) ?? MECHANISM.lowest,
      secret: this.options.secret ?? new Uint8Array(0),
      coded,
      ownTitle: this.options.systemTitle ?? null,
      peerTitle: this.meterTitle,
      encryptionKey: this.options.encryptionKey ?? null,
      authenticationKey: this.options.authenticationKey ?? null,
    };
  }

  /** The counter f(StoC) uses up, 0 where the mechanism has none. */
  hlsCounter(): number {
    return hlsNeedsCounter(this.hlsContext().mechanism) ? this.#next() : 0;
  }

  #seal(apdu: Uint8Array, form: Seal['form']): Uint8Array {
    const { systemTitle, encryptionKey, authenticationKey, dedicatedKey } = this.options;
    this.#lastForm = form;
    const key: Key | undefined = form.endsWith('ded') ? dedicatedKey : encryptionKey;
    if (systemTitle === undefined) throw new DlmsError({ code: 'NO_SYSTEM_TITLE', where: 'our side' });
    if (key === undefined)
      throw new DlmsError({ code: 'NO_KEY', systemTitle: systemTitleText(systemTitle), counter: null });
    return sealApdu(apdu, {
      form,
      systemTitle,
      key,
      authenticationKey: authenticationKey ?? null,
      control: this.#control,
      counter: this.#next(),
    });
  }

  #next(): number {
    const { counter } = this.options;
    if (counter === undefined) {
      throw new DlmsError({ code: 'BAD_SETTING', setting: 'invocation counter', value: '(none)', expected: 'given' });
    }
    this.lastCounter = invocationCounter(counter.next(), 'our own count');
    return this.lastCounter;
  }

  /** Compares the protection with the policy; returns what is worth a note. */
  #protection(opened: Opened, apdu: Apdu): string | null {
    const tagged = (opened.control & CONTROL.authentication) !== 0;
    const encrypted = (opened.control & CONTROL.encryption) !== 0;
    if ((this.#control & CONTROL.authentication) !== 0 && !(tagged && opened.authenticated)) {
      throw new DlmsError({ code: 'AUTHENTICATION_FAILED', systemTitle: systemTitleText(opened.systemTitle) });
    }
    if (encrypted || (this.#control & CONTROL.encryption) === 0) return null;
    if (!opened.authenticated) throw unprotected(apdu);
    return `${apdu.type} came authenticated but not encrypted`;
  }

  /** The general forms name their sender. A key of a whole fleet opens what any of its meters said, and what we said. */
  #sender({ systemTitle, authenticated }: Opened): void {
    const doubt = doubtOfSender(systemTitle, this.meterTitle, this.options);
    if (doubt !== null) throw doubt;
    if (authenticated) this.meterTitle ??= systemTitle;
  }

  /**
   * The same title and key never use a counter twice; a lower one is a replay. IEC 62056-5-3, 5.3.7. The same one is taken of
   * a meter that is said to repeat it (docs/quirks.md#t16).
   */
  #count(opened: Opened, key: 'global' | 'dedicated'): void {
    const { counter, systemTitle } = opened;
    const last = Math.max(this.#received[key], this.#earlierThan(opened, key));
    const repeats = counter === last && this.options.counterRepeats === true;
    if (counter <= last && !repeats) {
      throw new DlmsError({ code: 'REPLAYED', systemTitle: systemTitleText(systemTitle), counter, last });
    }
    this.#received[key] = counter;
    if (!opened.authenticated || systemTitle === null) return;
    if (key === 'global') this.#speaksNow = true;
    this.options.received?.verified(this.#fingerprint(key), systemTitle, counter);
  }

  /**
   * What earlier associations received, as it stood before this one: of two that run at a time the answers cross.
   * A dedicated key is compared only where nothing under the global key came: some meters count it from 0 each time.
   */
  #earlierThan(opened: Opened, key: 'global' | 'dedicated'): number {
    const { received } = this.options;
    const { systemTitle } = opened;
    if (received === undefined || systemTitle === null || (key === 'dedicated' && this.#speaksNow)) return -1;
    const sender = `${key} ${systemTitleText(systemTitle) ?? ''}`;
    const known = this.#earlier.get(sender) ?? received.highest(this.#fingerprint(key), systemTitle) ?? -1;
    this.#earlier.set(sender, known);
    return opened.authenticated ? known : -1;
  }

  #fingerprint(key: 'global' | 'dedicated'): string {
    const { encryptionKey, dedicatedKey } = this.options;
    // A message was opened with it.
    return keyFingerprint((key === 'global' ? encryptionKey : dedicatedKey) as Key);
  }
}

function unprotected(apdu: Apdu): DlmsError {
  return new DlmsError({
    code: 'UNEXPECTED_RESPONSE',
    got: `unprotected ${apdu.type}`,
    waitingFor: 'a ciphered APDU',
  });
}

const CONTROLS: Readonly<Record<SecurityPolicy, number>> = {
  none: 0,
  authentication: CONTROL.authentication,
  encryption: CONTROL.encryption,
  'authentication-encryption': CONTROL.authentication | CONTROL.encryption,
};
const MECHANISMS: Readonly<Record<Authentication, number | null>> = {
  none: null,
  low: MECHANISM.low,
  high: MECHANISM.high,
  'high-lgz': MECHANISM.high,
  'high-md5': MECHANISM.highMd5,
  'high-sha1': MECHANISM.highSha1,
  'high-gmac': MECHANISM.highGmac,
  'high-sha256': MECHANISM.highSha256,
  'high-ecdsa': MECHANISM.highEcdsa,
};
/** What a meter sends without being asked. */
export const UNASKED: ReadonlySet<string> = new Set([
  'data-notification',
  'event-notification-request',
  'information-report-request',
]);
const MAY_BE_PLAIN: ReadonlySet<string> = new Set([
  // A part of an APDU; what they become together is opened as a whole.
  'general-block-transfer',
  'aare',
  'rlre',
  'exception-response',
  'confirmed-service-error',
  ...UNASKED,
]);
