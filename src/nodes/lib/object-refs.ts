// What the user asks get object for: codes, objects or lists, from the node or from the message.
// The rule of the file: a class that nobody gave follows from the code; it is only a guess and marked as one.

import { Obis } from '../../core/obis/obis';
import { DlmsError } from '../../core/wire/errors';
import { badSetting, knownFields, plainText } from '../../core/wire/foreign';

export interface WantedObject {
  readonly obis: Obis;
  readonly classId: number;
  readonly attribute: number;
  /** The class is a guess; the object list of the meter knows better. */
  readonly guessed: boolean;
}

/** `msg.objects` or `msg.obis`, else the objects of the node. Throws BAD_SETTING; never an empty list. */
export function wantedObjects(
  configured: unknown,
  message: { readonly obis?: unknown; readonly objects?: unknown },
): WantedObject[] {
  if (isGiven(message.objects)) return list(message.objects, 'msg.objects');
  if (isGiven(message.obis)) return list(message.obis, 'msg.obis');
  return list(configured, 'objects');
}

function list(value: unknown, setting: string): WantedObject[] {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  const given = items.filter(isGiven);
  if (given.length === 0) throw badSetting(setting, '(empty)', 'at least one OBIS code');
  if (given.length > LIMIT)
    throw new DlmsError({ code: 'LIMIT_EXCEEDED', what: setting, limit: LIMIT, actual: given.length });
  return given.map(item => one(item, setting));
}

function one(item: unknown, setting: string): WantedObject {
  if (typeof item === 'string') return one({ obis: item }, setting);
  const { obis: code, classId, attribute } = knownFields(item, setting, OBJECT_FIELDS, OBJECT);
  const written = plainText(code, setting, OBJECT);
  const obis = Obis.tryParse(written);
  if (obis === null) throw badSetting(setting, written, 'an OBIS code such as 1.8.0, 1-0:1.8.0*255 or 1.0.1.8.0.255');
  return {
    obis,
    classId: whole(classId, usualClass(obis), 0, 0xffff, `${setting}: class of ${obis}`),
    attribute: whole(attribute, 2, 1, 0xff, `${setting}: attribute of ${obis}`),
    guessed: !isGiven(classId),
  };
}

/** The class that an object with this code usually has. IEC 62056-6-1 and IEC 62056-6-2, tables of the standard objects. */
export function usualClass(obis: Obis): number {
  return USUAL.find(([matches]) => matches(obis))?.[1] ?? REGISTER;
}

function whole(value: unknown, or: number, min: number, max: number, setting: string): number {
  if (!isGiven(value)) return or;
  const n = Number(plainText(value, setting, 'a whole number'));
  if (!Number.isInteger(n) || n < min || n > max)
    throw badSetting(setting, value, `a whole number from ${min} to ${max}`);
  return n;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

/** Those behind the first three come with what the nodes send of an object, a reading or a refusal: they may be sent back. */
export const OBJECT_FIELDS = [
  ...(['obis', 'classId', 'attribute', 'name', 'key', 'unit', 'code', 'message', 'value', 'raw', 'scaler'] as const),
  ...(['scaleSource', 'time', 'status', 'id', 'position', 'text', 'sets'] as const),
] as const;
const OBJECT = 'an OBIS code or { obis, classId, attribute }';
/** Objects in one message; a longer list is more likely a mistake than a wish. */
const LIMIT = 1000;

const DATA = 1;
const REGISTER = 3;
const EXTENDED_REGISTER = 4;
const PROFILE_GENERIC = 7;
const CLOCK = 8;
const within = (value: number, from: number, to: number): boolean => value >= from && value <= to;

// The first that matches decides. A = 0: abstract objects; A = 1 electricity; C, D as in the tables of IEC 62056-6-1.
const USUAL: readonly (readonly [(o: Obis) => boolean, number])[] = [
  [o => o.a === 0 && o.c === 1 && o.d === 0, CLOCK],
  [o => o.a === 0 && o.c === 10, 9],
  [o => o.a === 0 && o.c === 11, 11],
  [o => o.a === 0 && o.c === 12, 18],
  [o => o.a === 0 && o.c === 13, 20],
  [o => o.a === 0 && o.c === 15, 22],
  [o => o.a === 0 && o.c === 17, 71],
  [o => o.a === 0 && o.c === 19, 19],
  [o => o.a === 0 && o.c === 22, 23],
  [o => o.a === 0 && o.c === 24 && o.d === 1, 72],
  [o => o.a === 0 && o.c === 25 && o.d === 0, 41],
  [o => o.a === 0 && o.c === 25 && o.d === 1, 42],
  [o => o.a === 0 && o.c === 25 && o.d === 9, 40],
  [o => o.a === 0 && o.c === 40, 15],
  [o => o.a === 0 && o.c === 41, 17],
  [o => o.a === 0 && o.c === 42, DATA],
  [o => o.a === 0 && o.c === 43 && o.d === 0, 64],
  [o => o.a === 0 && o.c === 43 && o.d === 1, DATA],
  [o => o.a === 0 && o.c === 44, 18],
  [o => o.a === 0 && o.c === 96 && o.d === 3 && o.e === 10, 70],
  [o => o.a === 0 && o.c === 96 && o.d === 8, REGISTER],
  // M-Bus values on channels 1 to 4. IEC 62056-6-1, abstract objects, C = 24.
  [o => o.a === 0 && o.c === 24 && o.d === 2, EXTENDED_REGISTER],
  [o => o.a === 0 && within(o.c, 96, 97), DATA],
  [o => o.c === 98 || o.c === 99, PROFILE_GENERIC],
  [o => o.c === 96 && within(o.d, 0, 10), DATA],
  [o => o.c === 0 && (o.d === 0 || o.d === 1 || o.d === 2), DATA],
  [o => o.c === 0 && o.d === 9, DATA],
  [o => o.a === 1 && within(o.c, 1, 80) && (o.d === 6 || o.d === 16 || o.d === 26), EXTENDED_REGISTER],
  [o => o.a === 1 && within(o.c, 1, 80) && (o.d === 4 || o.d === 5 || o.d === 14 || o.d === 15), 5],
  [o => within(o.a, 4, 9) && within(o.c, 1, 8) && o.d === 2, EXTENDED_REGISTER],
];
