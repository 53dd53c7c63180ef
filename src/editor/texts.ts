// The keys of the texts, from the English catalogs: a key without a text does not compile.

import type connection from '../../locales/en-US/dlms-connection.json';
import type getObject from '../../locales/en-US/dlms-get-object.json';
import type iecReadout from '../../locales/en-US/dlms-iec-readout.json';
import type obisFilter from '../../locales/en-US/dlms-obis-filter.json';
import type pushDecoder from '../../locales/en-US/dlms-push-decoder.json';
import type readLoadProfile from '../../locales/en-US/dlms-read-load-profile.json';
import type setObject from '../../locales/en-US/dlms-set-object.json';
import type shared from '../../locales/en-US/_shared.json';
import type simulator from '../../locales/en-US/dlms-simulator.json';

/** A catalog has one key, the type of its node. */
type Catalogs = typeof connection &
  typeof getObject &
  typeof iecReadout &
  typeof obisFilter &
  typeof pushDecoder &
  typeof readLoadProfile &
  typeof setObject &
  typeof simulator;

export type NodeType = keyof Catalogs;
/** "label.host": the way to a text in the catalog of a node. */
export type TextKey<T extends NodeType> = PathsIn<Catalogs[T]>;
export type SharedKey = PathsIn<typeof shared>;
/** What stands in a text as __name__. */
export type Facts = Readonly<Record<string, unknown>>;
export type Say<T extends NodeType> = (key: TextKey<T>, facts?: Facts) => string;

type PathsIn<C> = { [K in keyof C & string]: C[K] extends string ? K : `${K}.${PathsIn<C[K]>}` }[keyof C & string];
