// Protected messages in XML: as they are, with their ciphertext; what is in them is told in a comment.

import { CIPHERED_SERVICES, type Apdu, type ApduType, type KeyInfo, type ServiceCiphered } from '../apdu';
import { timeText } from './comment';
import { fields, inside, mapped, name, number, octets, oneOf, optional, typed, type Member, type Part } from './part';
import { camel } from './words';

const ciphered = octets(name('CipheredService', 'ciphered-content'));
const systemTitle = octets(name('SystemTitle', 'system-title'));
const header = {
  transactionId: octets(name('TransactionId', 'transaction-id')),
  originatorSystemTitle: octets(name('OriginatorSystemTitle', 'originator-system-title')),
  recipientSystemTitle: octets(name('RecipientSystemTitle', 'recipient-system-title')),
  dateTime: octets(name('DateTime', 'date-time'), timeText),
  otherInformation: octets(name('OtherInformation', 'other-information')),
};
const keyCiphered = octets(name('KeyCipheredData', 'key-ciphered-data'));
const keyInfo: Part<KeyInfo> = inside(
  name('KeyInfo', 'key-info'),
  oneOf<KeyInfo>(
    typed<KeyInfo, 'identified-key'>(
      'identified-key',
      inside(name('IdentifiedKey', 'identified-key'), fields({ keyId: number(name('KeyId', 'key-id'), 1) })),
    ),
    typed<KeyInfo, 'wrapped-key'>(
      'wrapped-key',
      inside(name('WrappedKey', 'wrapped-key'), fields({ kekId: number(name('KekId', 'kek-id'), 1), keyCiphered })),
    ),
    typed<KeyInfo, 'agreed-key'>(
      'agreed-key',
      inside(
        name('AgreedKey', 'agreed-key'),
        fields({ keyParameters: octets(name('KeyParameters', 'key-parameters')), keyCiphered }),
      ),
    ),
  ),
);

/** What is in it is told in front of it, where somebody knows. */
function explained<K extends ApduType>(type: K, part: Part<Omit<Member<Apdu, K>, 'type'>>): typeof part {
  return {
    ...part,
    write(to, value) {
      // Omit<Member, 'type'> & { type } is the member.
      to.style.explain?.(to, { type, ...value } as unknown as Apdu);
      part.write(to, value);
    },
  };
}

/** With their outermost elements. */
export const GENERAL = {
  'general-glo-ciphering': explained(
    'general-glo-ciphering',
    inside(name('GeneralGloCiphering', 'general-glo-ciphering'), fields({ systemTitle, ciphered })),
  ),
  'general-ded-ciphering': explained(
    'general-ded-ciphering',
    inside(name('GeneralDedCiphering', 'general-ded-ciphering'), fields({ systemTitle, ciphered })),
  ),
  'general-ciphering': explained(
    'general-ciphering',
    inside(
      name('GeneralCiphering', 'general-ciphering'),
      fields({
        ...header,
        keyInfo: optional(keyInfo),
        ciphered: octets(name('CipheredContent', 'ciphered-content')),
      }),
    ),
  ),
  'general-signing': inside(
    name('GeneralSigning', 'general-signing'),
    fields({
      ...header,
      content: octets(name('Content', 'content')),
      signature: octets(name('Signature', 'signature')),
    }),
  ),
};

/** glo- and ded- of each service: one element, whose value is the ciphertext. */
export const CIPHERED: readonly (readonly [ServiceCiphered['type'], Part<Omit<ServiceCiphered, 'type'>>])[] = (
  ['glo', 'ded'] as const
).flatMap(key =>
  CIPHERED_SERVICES.map(row => {
    const type = `${key}-${row.name}` as const;
    const called = name(`${key}_${camel(row.name)}`, type, `${key}_Glo${camel(row.name)}`);
    const part = mapped<Omit<ServiceCiphered, 'type'>, Uint8Array>(
      octets(called),
      v => v.ciphered,
      content => ({ ciphered: content }),
    );
    return [type, explained(type, part)] as const;
  }),
);
