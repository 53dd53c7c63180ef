// What the sockets of the system say, in the words of this project.

import { DlmsError, isDlmsError } from '../../core/wire/errors';

/** The error of opening a connection: CONNECT_REFUSED when somebody said no, else CONNECT_FAILED with the reason. */
export function connectError(cause: unknown, where: string): DlmsError {
  if (codeOf(cause) === 'ECONNREFUSED') return new DlmsError({ code: 'CONNECT_REFUSED', where }, { cause });
  return new DlmsError({ code: 'CONNECT_FAILED', where, reason: reasonOf(cause) }, { cause });
}

/** An error of ours has said it already, and is not wrapped in the same words. */
export function lostError(cause: unknown, where: string): DlmsError {
  if (isDlmsError(cause)) return cause;
  return new DlmsError({ code: 'CONNECTION_LOST', where, reason: reasonOf(cause) }, { cause });
}

export function listenError(cause: unknown, where: string): DlmsError {
  return new DlmsError({ code: 'LISTEN_FAILED', where, reason: reasonOf(cause) }, { cause });
}

export function abortedError(where: string): DlmsError {
  return new DlmsError({ code: 'ABORTED', what: `opening ${where}` });
}

export function closedError(where: string): DlmsError {
  return new DlmsError({ code: 'CLOSED', what: where });
}

export function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

export function reasonOf(cause: unknown): string {
  const code = codeOf(cause);
  const words = code === undefined ? undefined : REASONS[code];
  if (words !== undefined) return words;
  return cause instanceof Error ? cause.message : 'closed by the other side';
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name is not known (ENOTFOUND)',
  EAI_AGAIN: 'the name server does not answer (EAI_AGAIN)',
  EHOSTUNREACH: 'the host cannot be reached (EHOSTUNREACH)',
  ENETUNREACH: 'the network cannot be reached (ENETUNREACH)',
  EHOSTDOWN: 'the host is down (EHOSTDOWN)',
  ECONNRESET: 'the other side broke it off (ECONNRESET)',
  EPIPE: 'the other side has closed it (EPIPE)',
  ETIMEDOUT: 'the other side no longer answers (ETIMEDOUT)',
  EADDRINUSE: 'the port is in use (EADDRINUSE)',
  EACCES: 'this port needs more rights (EACCES)',
  EADDRNOTAVAIL: 'this machine has no such address (EADDRNOTAVAIL)',
};
