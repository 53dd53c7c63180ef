// Where saved secrets may go: the host they were saved for, and what the connection allows beside it.
// The rule of the file: hosts are compared as they are written, never looked up; a pattern of numbers fits numbers only.

import { DlmsError } from '../../core/wire/errors';

/** The other end of a line, as far as secrets are concerned. */
export interface Place {
  readonly kind: string;
  /** Host, or path of a serial port. */
  readonly host: string;
}

/** Names, addresses, patterns with * and IPv4 networks (10.0.0.0/8), by commas, blanks or lines. Throws BAD_SETTING. */
export function parseAllowedHosts(text: string): readonly ((host: string) => boolean)[] {
  return text
    .split(/[\s,;]+/)
    .filter(entry => entry !== '')
    .map(entry => (entry.includes('/') && !entry.startsWith('/') ? network(entry) : pattern(normal(entry))));
}

/** Throws HOST_NOT_ALLOWED where secrets that were saved for one place would go to another. */
export function refuseOtherPlace(saved: Place, target: Place, allowed: string): void {
  // A serial port of this computer is as good as another; the host of a name is who answers.
  const sameKind = target.kind === saved.kind || (DIALLED.has(target.kind) && DIALLED.has(saved.kind));
  if (sameKind && (target.kind === 'serial' || normal(target.host) === normal(saved.host))) return;
  const host = normal(target.host);
  if (parseAllowedHosts(allowed).some(fits => fits(host))) return;
  throw new DlmsError({ code: 'HOST_NOT_ALLOWED', host: target.host === '' ? 'callers' : target.host });
}

/** Both lead to the host that is named. */
const DIALLED: ReadonlySet<string> = new Set(['tcp', 'udp']);

function pattern(entry: string): (host: string) => boolean {
  if (!entry.includes('*')) return host => host === entry;
  const numbers = /^[\d.*]+$/.test(entry) && entry !== '*';
  const [first = '', ...rest] = entry.split('*');
  const last = rest.pop() ?? '';
  return host => {
    if (numbers && addressOf(host) === null) return false;
    if (!host.startsWith(first) || !host.endsWith(last) || host.length < first.length + last.length) return false;
    let at = first.length;
    for (const part of rest) {
      const found = host.indexOf(part, at);
      if (found === -1 || found + part.length > host.length - last.length) return false;
      at = found + part.length;
    }
    return true;
  };
}

function network(entry: string): (host: string) => boolean {
  const [address = '', bits = ''] = entry.split('/');
  const base = addressOf(address);
  const size = /^\d{1,2}$/.test(bits) ? Number(bits) : NaN;
  if (base === null || !(size >= 0 && size <= 32)) {
    const expected = 'a host, a pattern such as meter-*.lan, or a network such as 10.0.0.0/24';
    throw new DlmsError({ code: 'BAD_SETTING', setting: 'allowHosts', value: entry, expected });
  }
  const hosts = 2 ** (32 - size);
  return host => {
    const given = addressOf(host);
    return given !== null && Math.floor(given / hosts) === Math.floor(base / hosts);
  };
}

/** Four decimal numbers; other ways to write an address are no address here. */
function addressOf(host: string): number | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host)?.slice(1).map(Number);
  if (parts === undefined || parts.some(part => part > 255)) return null;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

/** Names know no case, and a dot at their end means nothing. */
function normal(host: string): string {
  return host.trim().toLowerCase().replace(/\.$/, '');
}
