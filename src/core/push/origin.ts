// How a telegram was obtained, put together layer by layer.
// The rule of the file: what is not known is absent, and `authenticated` is true only where a tag was verified.

import type { Origin } from '../cosem/reading';

/** Written out, not spread: these run for each telegram. */
export function originOf(origin: Origin, service: string, layout?: string, itsZone = false, told: Told = {}): Origin {
  const whole = copyOf(origin);
  whole.service = service;
  if (layout !== undefined) whole.layout = layout;
  if (itsZone) whole.zone = 'layout';
  if (told.guessed !== undefined) whole.guessed = told.guessed;
  if (told.layoutBy !== undefined) whole.layoutBy = told.layoutBy;
  if (told.conventionBy !== undefined) whole.conventionBy = told.conventionBy;
  if (told.conventions !== undefined) whole.conventions = told.conventions;
  return whole;
}

/** What is told of the layout and of the scales. */
export type Told = Pick<Writable<Origin>, 'guessed' | 'layoutBy' | 'conventionBy' | 'conventions'>;

export function securedOrigin(
  origin: Origin,
  encrypted: boolean,
  authenticated: boolean,
  systemTitle: string | undefined,
  counter: number | null,
): Origin {
  const whole = copyOf(origin);
  whole.encrypted = encrypted;
  whole.authenticated = authenticated;
  if (systemTitle !== undefined) whole.systemTitle = systemTitle;
  if (counter !== null) whole.invocationCounter = counter;
  return whole;
}

function copyOf(origin: Origin): Writable<Origin> {
  const copy: Writable<Origin> = { source: origin.source };
  if (origin.framing !== undefined) copy.framing = origin.framing;
  if (origin.clock !== undefined) copy.clock = origin.clock;
  if (origin.checksum !== undefined) copy.checksum = origin.checksum;
  if (origin.encrypted !== undefined) copy.encrypted = origin.encrypted;
  if (origin.authenticated !== undefined) copy.authenticated = origin.authenticated;
  if (origin.systemTitle !== undefined) copy.systemTitle = origin.systemTitle;
  if (origin.invocationCounter !== undefined) copy.invocationCounter = origin.invocationCounter;
  if (origin.replayed !== undefined) copy.replayed = origin.replayed;
  if (origin.skipped !== undefined) copy.skipped = origin.skipped;
  if (origin.hex !== undefined) copy.hex = origin.hex;
  return copy;
}

/** How a file came, and what it says of itself. */
export function smlOrigin(file: Origin, said: Partial<Origin>): Origin {
  const whole = copyOf(file);
  if (file.check !== undefined) whole.check = file.check;
  if (said.service !== undefined) whole.service = said.service;
  if (said.serverId !== undefined) whole.serverId = said.serverId;
  if (said.secIndex !== undefined) whole.secIndex = said.secIndex;
  if (said.gatewayTime !== undefined) whole.gatewayTime = said.gatewayTime;
  if (said.gatewaySecIndex !== undefined) whole.gatewaySecIndex = said.gatewaySecIndex;
  if (said.listName !== undefined) whole.listName = said.listName;
  if (said.listSignature !== undefined) whole.listSignature = said.listSignature;
  if (said.signature !== undefined) whole.signature = said.signature;
  if (said.parameters !== undefined) whole.parameters = said.parameters;
  if (said.messageCheck !== undefined) whole.messageCheck = said.messageCheck;
  return whole;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What is inside of two layers: encrypted or verified where one of them was; title and counter are the inner one's. */
export function withInner(outer: Origin, inner: Partial<Origin>): Origin {
  if (inner.encrypted === undefined && inner.authenticated === undefined) return outer;
  const encrypted = inner.encrypted === true || outer.encrypted === true;
  const authenticated = inner.authenticated === true || outer.authenticated === true;
  return securedOrigin(outer, encrypted, authenticated, inner.systemTitle, inner.invocationCounter ?? null);
}

/** How it came, without what its sender proved by it: inside is what another one says. */
export function withoutProof(origin: Origin): Origin {
  const whole = copyOf(origin);
  delete whole.encrypted;
  delete whole.authenticated;
  delete whole.systemTitle;
  delete whole.invocationCounter;
  return whole;
}

/** What was put together from parts is proven only as far as each of them. `before`: of the parts so far. */
export function withPart(before: Origin | null, part: Origin): Origin {
  if (before === null) return part;
  const whole = copyOf(part);
  if (part.encrypted !== undefined) whole.encrypted = part.encrypted && before.encrypted === true;
  if (part.authenticated !== undefined) whole.authenticated = part.authenticated && before.authenticated === true;
  if (before.replayed === true) whole.replayed = true;
  return whole;
}
