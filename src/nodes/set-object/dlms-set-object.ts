// dlms-set-object: orders to a meter, and an account of each on the second output.
// The rule of the file: wiring only; what an order is stands in orders, how it is given in io/session/writing.

import type { Node, NodeAPI, NodeDef } from 'node-red';
import { DlmsError } from '../../core/wire/errors';
import { epochOf, type ClockPolicy } from '../../core/cosem/date-time';
import { giveOrders, guard, type Account } from '../../io/session/writing';
import { parse } from '../../io/settings/parse';
import { connectionOf } from '../lib/connection-api';
import { meterOf, originOf } from '../lib/meter-identity';
import { onInput } from '../lib/on-input';
import type { Values } from '../lib/settings-table';
import { counted } from '../lib/status-words';
import { hasSecret, planOf } from './orders';
import { SET_OBJECT } from './settings';

type SetObjectDef = NodeDef & Values;

export = (RED: NodeAPI): void => {
  function SetObject(this: Node, config: SetObjectDef): void {
    RED.nodes.createNode(this, config);
    onInput(
      RED,
      this,
      async (msg, task) => {
        const wanted = parse(SET_OBJECT, config);
        const { objects } = msg as { objects?: unknown };
        const plan = planOf(wanted, { payload: msg.payload, objects });
        if (hasSecret(wanted, { objects })) {
          // The plan has it; the audit, a Catch and what comes behind need not.
          msg.payload = null;
          delete (msg as { objects?: unknown }).objects;
        }
        const connection = connectionOf(RED, wanted.connection);
        return connection.withSession(
          async session => {
            const { writing } = session.settings;
            // Before anything goes to the meter.
            if (!writing.allowed && !wanted.dryRun)
              throw new DlmsError({ code: 'WRITE_NOT_ALLOWED', object: wanted.command, by: 'connection' });
            return session.ordering(async turn => {
              const { orders, drift } = await plan(turn, Date.now);
              if (!wanted.dryRun) guard(orders, writing);
              const { name, title } = await turn.identity();
              const meter = meterOf({ name, title }, session.settings);
              const by = { node: this.id, ...(this.name && { name: this.name }), flow: this.z };
              const accounts: object[] = [];
              const account = (told: Account): void => {
                const whole = { ...told, ...driftOf(told, drift, session.settings.clock) };
                accounts.push(whole);
                task.emit({ payload: { ...whole, by, connection: connection.where, meter }, topic: 'audit' }, 1);
              };
              const { dryRun, readBack } = wanted;
              await giveOrders(turn, orders, { dryRun, readBack, account, now: Date.now });
              const payload = orders.length === 0 ? { outcome: 'not-needed', driftBefore: drift } : accounts;
              return { payload, dlms: { ...originOf(session.settings, title, 'set') } };
            }, task.signal);
          },
          {
            signal: task.signal,
            meter: task.meter,
            onState: state => task.progress(state.phase === 'connected' ? 'writing' : state.says),
          },
        );
      },
      {
        busy: 'writing',
        status: sent => {
          const payload = sent?.['payload'];
          return Array.isArray(payload) ? counted(payload.length, 'single-order', 'orders') : 'ok';
        },
      },
    );
  }
  RED.nodes.registerType('dlms-set-object', SetObject);
};

/** Of set-clock: seconds that the meter was and is ahead of this computer. */
function driftOf({ after }: Account, before: number | undefined, policy: ClockPolicy): object {
  if (before === undefined) return {};
  const ms = typeof after === 'string' ? epochOf(after, policy) : null;
  return { driftBefore: before, ...(ms !== null && { driftAfter: Math.round((ms - Date.now()) / 1000) }) };
}
