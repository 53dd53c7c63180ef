// What runs in one turn on the line: on one association, so of one meter.
// The rule of the file: nothing that an earlier association taught is used before the meter that answers was compared.

import type { Association } from '../../core/client/association';
import type { MeterIdentity, MeterMemory, ObjectEntry } from '../../core/client/meter-memory';
import type { AttributeRef, MethodRef, Outcome } from '../../core/client/request';
import { printable } from '../../core/cosem/naming';
import type { Data } from '../../core/cosem/data';
import { Obis } from '../../core/obis/obis';
import { hex } from '../../core/wire/hex';
import { collect, getAttributes, readObjects, single, type OnPart } from './client-requests';
import type { ClientRunner } from './client-runner';
import type { ConnectionSettings } from '../settings/settings';

/** What a turn is given from its session. */
export interface TurnSurroundings {
  readonly runner: ClientRunner;
  readonly memory: MeterMemory;
  readonly settings: ConnectionSettings;
  readonly signal: AbortSignal;
  /** Another meter answers than before. */
  readonly changed: (text: string) => void;
}

export class MeterTurn {
  constructor(private readonly around: TurnSurroundings) {}

  get settings(): ConnectionSettings {
    return this.around.settings;
  }
  get memory(): MeterMemory {
    return this.around.memory;
  }
  get association(): Association | null {
    return this.around.runner.client.association;
  }

  /** Once in each association, before its first request. */
  async begin(): Promise<void> {
    const { memory } = this;
    this.#tell(memory.begin(this.#toldTitle()));
    if (memory.outlived) await this.identity();
  }

  /** Who answers; asked once in an association. Rejects only with what the line does. */
  async identity(): Promise<MeterIdentity> {
    const { memory } = this;
    // Which short name the logical device name has stands in the object list.
    if (memory.identity === null && !memory.outlived) await this.#names();
    if (memory.identity === null) this.#tell(memory.recognise(await this.#deviceName()));
    return { title: this.title, name: memory.identity?.name ?? null };
  }

  /** The system title of who answers: its own word, else that of the settings. */
  get title(): string | null {
    const title = this.association?.systemTitle ?? null;
    return title === null ? null : hex(title);
  }

  /** Several attributes; one refused object does not lose the others. */
  async getAll(refs: readonly AttributeRef[]): Promise<readonly Outcome<Data>[]> {
    const outcomes = await this.getParts(refs, null);
    return outcomes.map(o => (o.ok ? { ok: true, value: o.value ?? NULL_DATA } : o));
  }

  /** The same, with the parts of one long value while they come. */
  async getParts(refs: readonly AttributeRef[], onPart: OnPart | null): Promise<Outcome<Data | null>[]> {
    if (refs.length === 0) return [];
    await this.#names();
    const { runner, memory, signal } = this.around;
    return await getAttributes(runner, memory, refs, onPart, signal);
  }

  async set(ref: AttributeRef, value: Data): Promise<void> {
    await this.#names();
    const { runner, memory, signal } = this.around;
    await single(runner, client => client.set(memory.named(ref), value), signal);
  }

  async act(ref: MethodRef, argument: Data | null): Promise<Data | null> {
    await this.#names();
    const { runner, memory, signal } = this.around;
    return await single(runner, client => client.act(memory.named(ref), argument), signal);
  }

  /** The association list with access rights; read once a meter, then remembered unless `fresh`. */
  async objects(fresh = false): Promise<readonly ObjectEntry[]> {
    const { runner, memory, signal } = this.around;
    if (memory.objects !== null && !fresh) return memory.objects;
    memory.objects = await readObjects(runner, signal);
    // A list without the name of its meter would be worth nothing in the next association.
    await this.identity();
    return memory.objects;
  }

  /** Short names have to be known before anything is asked by them. */
  async #names(): Promise<void> {
    if (this.settings.referencing === 'sn' && this.memory.objects === null) await this.objects();
  }

  /** As the meter says it in the AARE; one that stands in the settings says nothing about who answers. */
  #toldTitle(): string | null {
    const { meterSystemTitle: own } = this.settings;
    return own !== null && hex(own) === this.title ? null : this.title;
  }

  /** null: refused, not there, or no text. */
  async #deviceName(): Promise<string | null> {
    const { runner, memory, signal } = this.around;
    const sn = this.settings.referencing === 'sn';
    const ref = sn
      ? { ...LOGICAL_DEVICE_NAME, baseName: memory.named(LOGICAL_DEVICE_NAME).baseName ?? DEVICE_NAME_SN }
      : LOGICAL_DEVICE_NAME;
    const [outcome] = await collect(runner, [ref], null, signal);
    if (outcome?.ok !== true) return null;
    const data = outcome.value;
    if (data?.type !== 'octet-string' && data?.type !== 'visible-string') return null;
    return data.value.length === 0 ? null : (printable(data.value) ?? hex(data.value));
  }

  #tell(text: string | null): void {
    if (text !== null) this.around.changed(text);
  }
}

const NULL_DATA: Data = { type: 'null-data' };
/** Every logical device has to have it. IEC 62056-6-2, logical device name. */
const LOGICAL_DEVICE_NAME: AttributeRef = { classId: 1, obis: Obis.parse('0-0:42.0.0*255'), attribute: 2 };
/** Its base name where the list has none: reserved for it, IEC 62056-5-3, annex on reserved base names. */
const DEVICE_NAME_SN = 0xfd00;
