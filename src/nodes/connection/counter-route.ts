// The invocation counter of the connection in a form: where it stands, the user's word to raise it, and to forget what was
// received. The rules of the file: who asks needs the permission to write, because the keys of the form come along; the
// counter goes up only; no key is in any answer.

import type { NodeAPI } from 'node-red';
import { invocationCounter } from '../../core/security';
import { DlmsError } from '../../core/wire/errors';
import { OwnSide } from '../../io/session/own-side';
import { answer } from './routes';
import { fieldsOf, formConnection } from '../lib/form-connection';

/**
 * POST, since a GET carries no keys: the form as with the other routes, `set` with a number, `forget` true.
 * Answers `{ counter }`, null where nothing was ever sent or the connection needs none.
 */
export function counterRoute(RED: NodeAPI): void {
  const mayTalk = RED.auth.needsPermission('dlms-connection.write');
  RED.httpAdmin.post('/dlms-connection/counter', mayTalk, (request, response) => {
    answer(RED, response, ANSWER_MS, async (_signal, variables) => {
      const { set, forget } = fieldsOf(request.body);
      const { settings, installation } = formConnection(RED, request.body, variables);
      const own = new OwnSide(settings, installation, n => crypto.getRandomValues(new Uint8Array(n)));
      if (!own.counts) return void response.json({ counter: null });
      await own.load();
      if (set !== undefined) await own.counter.raise(numberOf(set));
      if (forget === true) {
        const { encryption, dedicated } = settings.keys;
        for (const key of [encryption, dedicated]) {
          if (key !== null) installation.received.forget(key, settings.meterSystemTitle);
        }
        await installation.received.flush();
      }
      response.json({ counter: own.counter.known ? own.counter.position : null });
    });
  });
}

function numberOf(typed: unknown): ReturnType<typeof invocationCounter> {
  const digits = typeof typed === 'string' && /^\s*\d{1,10}\s*$/.test(typed) ? Number(typed) : typed;
  try {
    return invocationCounter(digits, 'the form');
  } catch (error) {
    if (!(error instanceof DlmsError)) throw error;
    const expected = 'a whole number from 0 to 4294967294';
    throw new DlmsError({ code: 'BAD_SETTING', setting: 'invocation counter', value: shown(typed), expected });
  }
}

function shown(typed: unknown): string {
  return typeof typed === 'string' || typeof typed === 'number' ? String(typed).slice(0, 20) : typeof typed;
}

const ANSWER_MS = 15_000;
