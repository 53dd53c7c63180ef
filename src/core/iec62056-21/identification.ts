// "/XXXZ\W...ident CR LF": who answers, at which rate and in which mode. IEC 62056-21, 6.3.2.

/** The mode that the character Z announces. Mode D sends a digit too; nothing but its silence to requests tells it from C. */
export type AnnouncedMode = 'A' | 'B' | 'C';

export interface Identification {
  /** The line as sent, from "/" on, without its line end. */
  readonly raw: string;
  /** FLAG id, three letters. */
  readonly manufacturer: string;
  /** Z as sent. */
  readonly baudId: string;
  readonly mode: AnnouncedMode;
  /** What Z stands for; null for the reserved 7, 8, 9, G, H and I, to which nobody may switch. */
  readonly baudRate: number | null;
  /** W of each "\W" pair; "2" announces HDLC (mode E). */
  readonly enhanced: readonly string[];
  readonly hdlc: boolean;
  readonly model: string;
  /** 20 when the third letter is lower case, else 200: how long both sides rest before they answer, in milliseconds. */
  readonly reactionMs: 20 | 200;
}

/** Reads an identification line; null when it is none (too short, an echoed request, not starting with "/"). */
export function parseIdentification(line: string): Identification | null {
  const raw = line.replace(/[\r\n]+$/, '');
  if (raw.length < 5 || raw[0] !== '/' || raw[1] === '?' || (raw.endsWith('!') && !/^\/[A-Za-z]{3}/.test(raw)))
    return null;
  // The maker's letters and Z are seven-bit text; the model may hold anything (Fluvius prints a damaged octal escape).
  for (let i = 1; i < 5; i++) if (raw.charCodeAt(i) < 0x20 || raw.charCodeAt(i) > 0x7e) return null;
  const baudId = raw[4] as string;
  const enhanced: string[] = [];
  let at = 5;
  while (raw[at] === '\\' && at + 1 < raw.length) {
    enhanced.push(raw[at + 1] as string);
    at += 2;
  }
  const mode: AnnouncedMode = /[0-9]/.test(baudId) ? 'C' : /[A-I]/.test(baudId) ? 'B' : 'A';
  return {
    raw,
    manufacturer: raw.slice(1, 4),
    baudId,
    mode,
    baudRate: mode === 'A' ? 300 : rateOf(baudId),
    enhanced,
    hdlc: enhanced.includes('2'),
    model: raw.slice(at),
    reactionMs: /[a-z]/.test(raw[3] as string) ? 20 : 200,
  };
}

/** The rate that a character Z stands for; null for one that stands for none. */
export function rateOf(z: string): number | null {
  return RATES[z] ?? null;
}

/** IEC 62056-21, 6.3.14, identification characters Z. */
const RATES: Readonly<Record<string, number>> = {
  0: 300,
  1: 600,
  2: 1200,
  3: 2400,
  4: 4800,
  5: 9600,
  6: 19200,
  A: 600,
  B: 1200,
  C: 2400,
  D: 4800,
  E: 9600,
  F: 19200,
};
