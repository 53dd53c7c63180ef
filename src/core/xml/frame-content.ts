// What a frame carries, in XML.

import { LARGEST_PARAMETERS, type HdlcParameters } from '../link/hdlc-parameters';
import { xmlInvalid } from './parse';
import { bare, fields, inside, leaf, name, octets, oneOf, when, type Part } from './part';
import { root, type Root } from './root';
import type { Name } from './writer';

export type Command = keyof typeof COMMANDS;

export type Content =
  | { readonly type: 'message'; readonly root: Root }
  /** SNRM and UA may say what the link can do. */
  | { readonly type: 'command'; readonly command: Command; readonly parameters: HdlcParameters | null }
  | { readonly type: 'supervisory' }
  /** A part of a message, without the octets of the logical link in front of it. */
  | { readonly type: 'segment'; readonly octets: Uint8Array }
  /** Anything else, as it is. */
  | { readonly type: 'information'; readonly octets: Uint8Array };

const COMMANDS = {
  SNRM: name('Snrm', 'Snrm'),
  UA: name('Ua', 'Ua'),
  DISC: name('DisconnectRequest', 'Disc'),
  DM: name('DisconnectMode', 'DisconnectMode'),
  FRMR: name('UnacceptableFrame', 'UnacceptableFrame'),
} as const satisfies Record<string, Name>;

/** Decimal in both forms. */
function decimal(called: string, most: number): Part<number> {
  return leaf<number>(
    bare(called),
    (_, value) => String(value),
    (from, element) => {
      const text = from.value(element).trim();
      if (!/^\d{1,4}$/.test(text) || Number(text) > most) {
        throw xmlInvalid(element, `${element.name} is no number from 0 to ${most}`);
      }
      return Number(text);
    },
  );
}

const parameters: Part<HdlcParameters> = fields({
  maxInformationTransmit: decimal('MaxInfoTX', LARGEST_PARAMETERS.maxInformationTransmit),
  maxInformationReceive: decimal('MaxInfoRX', LARGEST_PARAMETERS.maxInformationReceive),
  windowTransmit: decimal('WindowSizeTX', LARGEST_PARAMETERS.windowTransmit),
  windowReceive: decimal('WindowSizeRX', LARGEST_PARAMETERS.windowReceive),
});

/** Without parameters the element stays, empty. */
const offered: Part<HdlcParameters | null> = {
  write(to, value) {
    if (value !== null) parameters.write(to, value);
  },
  read: from => (from.next === undefined ? null : parameters.read(from)),
  begins: () => true,
};

export const content: Part<Content> = oneOf<Content>(
  when<Content, Root>(
    root,
    c => (c.type === 'message' ? c.root : undefined),
    value => ({ type: 'message', root: value }),
  ),
  ...(Object.keys(COMMANDS) as Command[]).map(command =>
    when<Content, HdlcParameters | null>(
      inside(COMMANDS[command], offered),
      c => (c.type === 'command' && c.command === command ? c.parameters : undefined),
      value => ({ type: 'command', command, parameters: value }),
    ),
  ),
  when<Content, string>(
    leaf<string>(
      bare('Command'),
      (_, value) => value,
      (from, element) => from.value(element),
    ),
    c => (c.type === 'supervisory' ? 'NextFrame' : undefined),
    () => ({ type: 'supervisory' }),
  ),
  when<Content, Uint8Array>(
    octets(bare('NextFrame')),
    c => (c.type === 'segment' ? c.octets : undefined),
    value => ({ type: 'segment', octets: value }),
  ),
  when<Content, Uint8Array>(
    octets(bare('Information')),
    c => (c.type === 'information' ? c.octets : undefined),
    value => ({ type: 'information', octets: value }),
  ),
);
