// dlms-obis-filter: chooses, converts and guards readings of any decoder, in the form a flow wants.
// The rule of the file: wiring only; what is sent and what is held back is decided in src/filter.

import { join } from 'node:path';
import type { Node, NodeAPI, NodeDef, NodeMessageInFlow } from 'node-red';
import { type FilterResult, ObisFilter } from '../../filter/filter';
import type { OutputMessage } from '../../filter/forms';
import { namedRecent } from '../../filter/recent';
import { filterOptions, outputCount } from './meaning';
import { type Place, KeptState, contextPlace, filePlace } from './kept-state';
import { obisTexts } from '../lib/obis-languages';
import { type Fields, type Task, onInput } from '../lib/on-input';
import type { Said } from '../lib/status-words';
import { text } from '../lib/props';
import type { Values } from '../lib/settings-table';

type FilterDef = NodeDef & Values;

interface FilterNode extends Node {
  filter: ObisFilter | null;
}

export = (RED: NodeAPI): void => {
  function DlmsObisFilter(this: FilterNode, config: FilterDef): void {
    RED.nodes.createNode(this, config);
    this.filter = null;
    const counts = new WeakMap<NodeMessageInFlow, Said>();
    const handle = onInput(
      RED,
      this,
      async (msg, task) => {
        const filter = (this.filter ??= new ObisFilter(filterOptions(config)));
        await state.loaded;
        const command = commandOf(msg, filter);
        if (command !== null) return deliver(msg, { messages: command(), held: [] }, filter, task);
        if (asksForPage(msg, filter)) return { payload: filter.metrics(Date.now()), headers: PAGE_HEADERS };
        const result = filter.process(msg, Date.now());
        state.changed();
        counts.set(msg, summary(result, filter));
        tellLimit(filter);
        return deliver(msg, result, filter, task);
      },
      {
        busy: '',
        connects: false,
        status: (_sent, msg) => counts.get(msg) ?? null,
        onClose: removed => {
          clearInterval(watch);
          return state.close(removed);
        },
      },
    );
    let told = false;
    const tellLimit = ({ forgotten, options }: ObisFilter): void => {
      if (told || forgotten === 0) return;
      told = true;
      this.warn(
        `More than ${options.maxMeters} meters, or more values than are kept for so many: those that were silent longest ` +
          'are forgotten, so that their next values are sent as the first and their counters are not compared. ' +
          'Raise "Remember at most" in the form.',
      );
    };
    try {
      this.filter = new ObisFilter(filterOptions(config));
    } catch (error) {
      // A wrong rule is told now, and again with each message.
      handle.fail(error);
    }
    // A meter that is dead sends nothing that would tell so.
    const watch =
      this.filter?.options.output === 'homeassistant'
        ? setInterval(() => {
            for (const { fields, output } of this.filter?.silent(Date.now()) ?? []) handle.emit(fields, output);
          }, WATCH_MS)
        : undefined;
    watch?.unref();
    const state = new KeptState(
      placeOf(RED, this, text(config['persist'], null)),
      { save: () => this.filter?.save(), load: saved => this.filter?.load(saved) },
      told => this.warn(told),
    );
  }
  RED.nodes.registerType('dlms-obis-filter', DlmsObisFilter);

  // For the form. Routes cannot be taken back, so they are made once, here, and not by a node.
  const mayRead = RED.auth.needsPermission('dlms-obis-filter.read');
  RED.httpAdmin.get('/dlms-obis-filter/:id/recent', mayRead, (request, response) => {
    const node = RED.nodes.getNode(String(request.params['id'])) as Partial<FilterNode> | null | undefined;
    const filter = node?.type === 'dlms-obis-filter' ? node.filter : null;
    if (filter == null) return void response.status(404).json({ code: 'NOT_DEPLOYED' });
    // Asked for twice, it is a list.
    const { lang } = request.query;
    response.json(namedRecent(filter.recent, obisTexts(typeof lang === 'string' ? lang : 'en')));
  });
};

/**
 * `msg.reset` forgets what was seen. Home Assistant's birth message, and a status node that sees the node behind connected,
 * ask for what was sent before: core MQTT out drops what comes while it is not connected. null: the message is data.
 */
function commandOf(msg: NodeMessageInFlow & { status?: unknown }, filter: ObisFilter): (() => OutputMessage[]) | null {
  if ('reset' in msg && msg.reset === true) {
    filter.reset();
    return msg.payload === undefined || typeof msg.payload !== 'object' ? () => [] : null;
  }
  if (msg.payload === undefined && typeof msg.status === 'object' && msg.status !== null) {
    return 'fill' in msg.status && msg.status.fill === 'green' ? () => filter.sendAgain() : () => [];
  }
  const born = msg.payload === 'online' && /\/status$/.test(msg.topic ?? '');
  return born && filter.options.output === 'homeassistant' ? () => filter.sendAgain() : null;
}

/** A request of an "http in" node, or the word of an inject node. */
function asksForPage(msg: NodeMessageInFlow & { req?: unknown }, filter: ObisFilter): boolean {
  if (filter.options.output !== 'prometheus') return false;
  const { payload } = msg;
  const empty = typeof payload !== 'object' || payload === null || Object.keys(payload).length === 0;
  return payload === 'metrics' || (msg.req !== undefined && empty);
}

/** What is held back goes first; the last message is the incoming one itself, the others are copies of it. */
function deliver(
  msg: NodeMessageInFlow,
  result: Pick<FilterResult, 'messages' | 'held'>,
  filter: ObisFilter,
  task: Task,
): Fields | null {
  const { messages, held } = result;
  const last = messages.at(-1);
  const only = messages.length === 1 && held.length === 0;
  // Each message has a payload of its own; a copy of a whole profile for each of its values would be thousands.
  if (!only) msg.payload = null;
  // They tell of rows, and these are none any more; the telegram form brings its own.
  dropColumns(msg as { dlms?: unknown });
  const split = filter.options.output === 'readings' || filter.options.output === 'per-rule';
  const fields = (of: Fields): Fields => (split || messages.length > 1 ? { ...of, parts: undefined } : of);
  const heldOutput = outputCount(filter.options) - 1;
  for (const back of held) task.emit({ ...back, parts: undefined }, heldOutput);
  for (const { output, fields: of } of messages.slice(0, -1)) task.emit(fields(of), output);
  if (last === undefined) return null;
  if (last.output === 0) return fields(last.fields);
  task.emit(fields(last.fields), last.output);
  return null;
}

function dropColumns(msg: { dlms?: unknown }): void {
  if (typeof msg.dlms !== 'object' || msg.dlms === null || !('columns' in msg.dlms)) return;
  const { columns: _columns, ...dlms } = msg.dlms;
  msg.dlms = dlms;
}

function summary({ came, sent, held }: FilterResult, { forgotten, options }: ObisFilter): Said {
  const said: Said[] = [{ word: 'of', facts: { sent, came } }];
  if (held.length > 0) said.push({ word: 'held-back', facts: { n: held.length } });
  if (forgotten > 0) said.push({ word: 'too-many-meters', facts: { n: options.maxMeters } });
  return said;
}

/** Empty: nowhere. `file`: beside the flows, for a Node-RED without a context store that lasts; else a context store. */
function placeOf(RED: NodeAPI, node: Node, persist: string | null): Place | null {
  if (persist === null) return null;
  if (persist !== 'file') return contextPlace(node.context(), persist);
  const directory: unknown = RED.settings.userDir;
  if (typeof directory === 'string' && directory !== '') return filePlace(join(directory, 'dlms'), `filter-${node.id}`);
  node.warn('The state is not kept across a restart: there is no user directory');
  return null;
}

const PAGE_HEADERS = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
const WATCH_MS = 1000;
