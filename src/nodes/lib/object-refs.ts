// What the user asks get object for: codes, objects or lists, from the node or from the message.
// The rule of the file: a class that nobody gave follows from the code; it is only a guess and marked as one.

import { usualClass } from '../../core/cosem/usual-class';
import { Obis } from '../../core/obis/obis';
import { DlmsError } from '../../core/wire/errors';
import { badSetting, knownFields, plainText } from '../../core/wire/foreign';
import { attributeNamed, attributeNames } from './attributes';

export interface WantedObject {
  readonly obis: Obis;
  readonly classId: number;
  /** {@link ALL_ATTRIBUTES}: all that may be read. */
  readonly attribute: number;
  /** It is one of all that may be read: those of one object have one number here. */
  readonly whole?: number;
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
  const ofClass = whole(classId, usualClass(obis), 0, 0xffff, `${setting}: class of ${obis}`);
  return {
    obis,
    classId: ofClass,
    attribute: attributeIn(ofClass, attribute, `${setting}: attribute of ${obis}`),
    guessed: !isGiven(classId),
  };
}

/** A number, the name that the class has for it, or "all". */
function attributeIn(classId: number, attribute: unknown, setting: string): number {
  if (typeof attribute !== 'string' || !isGiven(attribute) || /^\s*[-+.\d]/.test(attribute)) {
    return whole(attribute, 2, 1, 0xff, setting);
  }
  const named = attributeNamed(classId, attribute);
  if (named === null)
    throw badSetting(setting, attribute, `a number from 1 to 255, or one of ${attributeNames(classId)}`);
  return named;
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
