// What a connection allows to be written: the text of its form as patterns.
// The rule of the file: what would match nothing is an error, because a list that matches nothing looks like one that allows it.

import { ObisPattern } from '../../core/obis/pattern';
import { badSetting } from '../../core/wire/foreign';

/** What a connection allows. */
export interface WriteGuard {
  readonly allowed: boolean;
  /** Empty: all that the meter lets be written. */
  readonly only: readonly Writable[];
}

/** One of what a connection allows: an object, perhaps one attribute or method of it, or all objects of a class. */
export interface Writable {
  readonly classId: number | null;
  readonly pattern: ObisPattern | null;
  readonly attribute: number | null;
  readonly method: number | null;
}

/** "0-0:1.0.0*255/2, 0-0:96.3.10*255/m1, class 22": each an OBIS pattern with attribute or method, or a class. Throws BAD_SETTING. */
export function parseWritable(text: string, setting: string): Writable[] {
  return text
    .split(/[,;\n]/)
    .map(part => part.trim())
    .filter(part => part !== '')
    .map(part => {
      const within = (digits: string, most: number): number => {
        const number = Number(digits);
        if (number < 1 || number > most) throw badSetting(setting, part, `a number from 1 to ${most}`);
        return number;
      };
      const ofClass = /^class\s*(\d+)$/i.exec(part);
      if (ofClass !== null)
        return { classId: within(ofClass[1] as string, 0xffff), pattern: null, attribute: null, method: null };
      const m = /^(.*?)(?:\/(m?)(\d+))?$/i.exec(part) as RegExpExecArray;
      const pattern = ObisPattern.parse(m[1] ?? '');
      // A word would match no object at all, in silence.
      if (pattern.words !== null && pattern.text !== '*')
        throw badSetting(setting, part, 'OBIS codes as 0-0:1.0.0*255/2 or 0-0:96.3.10*255/m1, or class 22');
      const index = m[3] === undefined ? null : within(m[3], 0xff);
      const isMethod = m[2] !== undefined && m[2] !== '';
      return { classId: null, pattern, attribute: isMethod ? null : index, method: isMethod ? index : null };
    });
}
