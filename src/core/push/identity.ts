// Whose telegram it is where it does not say so itself: what its source sent before, the same way for lists, texts and SML.
// The rule of the file: an id is lent only while all that came of a sender is of one meter; where two come in turn it says none.

import { metersBehind, withMeters } from '../cosem/meters-behind';
import type { Meter, Origin, Reading } from '../cosem/reading';
import type { Decoded } from './telegram';

/** What one source has told of its meters; it lives as long as the source does, and not over a restart. */
export class SourceIdentity {
  /** By system title or server id, '' for neither; in the order of their first telegram. 0 <= size <= LIMIT_SENDERS */
  readonly #senders = new Map<string, Sender>();

  /** The telegram with what is known of its meter and of those behind it. */
  of(telegram: Decoded, { systemTitle, serverId }: Origin): Decoded {
    const name = systemTitle ?? serverId ?? '';
    const sender = this.#senders.get(name) ?? this.#add(name);
    const { readings } = telegram;
    const told = sender.told(telegram.meter, readings);
    const meter = told.id === null ? this.#lent(told, name, sender) : told;
    const behind = sender.behind(metersBehind(readings, meter.id));
    const own = withMeters(readings, behind);
    return meter === telegram.meter && own === readings ? telegram : { ...telegram, meter, readings: own };
  }

  /** The id that a telegram would leave with; nothing is learned of it. */
  idOf(meter: Meter, { systemTitle, serverId }: Origin): string | null {
    const name = systemTitle ?? serverId ?? '';
    const sender = this.#senders.get(name);
    return meter.id ?? (sender === undefined ? null : this.#lent(meter, name, sender).id);
  }

  #lent(meter: Meter, name: string, sender: Sender): Meter {
    let from: Meter | null = sender.lends;
    if (name === '' && this.#senders.size > 1) {
      // Who does not say its name may be any of them.
      for (const other of this.#senders.values()) {
        if (other === sender && !sender.spoke) continue;
        if (other.lends === null || (from !== null && from.id !== other.lends.id)) return meter;
        from = other.lends;
      }
    }
    return from === null ? meter : filled(meter, from);
  }

  #add(name: string): Sender {
    const sender = new Sender();
    if (this.#senders.size >= LIMIT_SENDERS) {
      const [oldest] = this.#senders.keys();
      if (oldest !== undefined) this.#senders.delete(oldest);
    }
    this.#senders.set(name, sender);
    return sender;
  }
}

class Sender {
  #known: Meter | null = null;
  /** Other names that stood in one telegram with its id: logical device name, second device id. */
  #names: ReadonlySet<string> = NO_NAMES;
  /** Names that stood with two ids: models. Few, as long as `several` ends it. */
  #models: ReadonlySet<string> = NO_NAMES;
  /** Telegrams with this id since there was another one. 0 <= times <= SURE */
  #times = 0;
  #before: string | null = null;
  #several = false;
  #behind: ReadonlyMap<string, Meter> = NOTHING_BEHIND;
  /** Those behind it changed, and nothing tells whether it is another meter, too. */
  #anyone = false;

  /** It has told an id. */
  get spoke(): boolean {
    return this.#known !== null;
  }

  /** What a telegram without id may be called; null where that is not sure. */
  get lends(): Meter | null {
    return this.#several || this.#times < SURE ? null : this.#known;
  }

  /** What a telegram says of its meter, with what others said of the same one. */
  told(meter: Meter, readings: readonly Reading[]): Meter {
    const known = this.#known;
    const { id } = meter;
    if (id === null) return meter;
    if (known?.id === id || (known !== null && this.#names.has(id))) {
      if (this.#times < SURE) this.#times++;
      this.#known = filled(known, meter);
      return known.id === id ? filled(meter, this.#known) : { ...filled(meter, this.#known), id: known.id };
    }
    if (this.#models.has(id)) return { ...meter, id: null };
    if (this.#several) return meter;
    const names = namesIn(readings);
    if (known === null) this.#times = SURE;
    // The telegram says both: a better name of the same meter.
    else if (known.id === null || !names.has(known.id)) this.#change(known, id, names);
    this.#known = meter;
    this.#names = new Set([...names].filter(name => !this.#models.has(name)));
    return meter;
  }

  /** Another meter stands here now, or two send in turn: only time tells. */
  #change({ id: before }: Meter, id: string, names: ReadonlySet<string>): void {
    this.#several = id === this.#before;
    this.#before = before;
    this.#times = 1;
    this.#models = new Set([...this.#models, ...[...names].filter(name => this.#names.has(name))]);
    this.#behind = NOTHING_BEHIND;
    this.#anyone = false;
  }

  /** Those behind it by channel: of this telegram, and of earlier ones of the same meter. */
  behind(now: ReadonlyMap<string, Meter>): ReadonlyMap<string, Meter> {
    if (this.#several || this.#anyone) return now;
    if (now.size === 0) return this.#behind;
    if (this.#behind.size === 0) return (this.#behind = now);
    for (const [channel, meter] of now) {
      if (this.#behind.get(channel)?.id === meter.id) continue;
      this.#anyone = this.#known === null;
      this.#behind = new Map([...this.#behind, ...now]);
      break;
    }
    return this.#anyone ? now : this.#behind;
  }
}

/** What the first does not know the second may; the same object where it learns nothing. */
function filled(meter: Meter, from: Meter): Meter {
  const id = meter.id ?? from.id;
  const manufacturer = meter.manufacturer ?? from.manufacturer;
  const model = meter.model ?? from.model;
  if (id === meter.id && manufacturer === meter.manufacturer && model === meter.model) return meter;
  return { ...meter, id, manufacturer, model };
}

/** What stands where meters have their names. */
function namesIn(readings: readonly Reading[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { obis, value } of readings) {
    if (obis !== null && value !== null && value !== '' && NAMES.test(obis)) names.add(String(value));
  }
  return names;
}

const NAMES = /^(0-0|1-\d+):(0\.0\.\d|42\.0\.0|96\.1\.\d)\*255$/;
const NO_NAMES: ReadonlySet<string> = new Set();
const NOTHING_BEHIND: ReadonlyMap<string, Meter> = new Map();
/** A meter that was exchanged goes on alone; of two that send in turn the other one comes before. */
const SURE = 3;
const LIMIT_SENDERS = 10_000;
