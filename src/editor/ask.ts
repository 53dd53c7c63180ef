// Requests of the forms to the routes of our nodes. The rule of the file: they go through jQuery, to which Node-RED gives the
// token of the user, and what is sent says in which language the answer is wanted.

import { LinesTaken } from './stages';
import { language, say } from './words';

export type Failed = Pick<JQuery.jqXHR, 'status' | 'responseJSON'>;

export function ask(path: string, query: object = {}): JQuery.jqXHR {
  return $.getJSON(path, query);
}

export function post(path: string, body: object): JQuery.jqXHR {
  return $.ajax({ ...request(path, body), dataType: 'json' });
}

/** Hands over each line of an answer, parsed, as soon as it is there; `ended` gets null, or the failed request. */
export function postForLines(
  path: string,
  body: object,
  onLine: (line: unknown) => void,
  ended: (failed: Failed | null) => void,
): () => void {
  const lines = new LinesTaken();
  let stopped = false;
  const take = (text: string): void => {
    for (const line of lines.take(text)) if (!stopped) onLine(JSON.parse(line));
  };
  // jQuery sets whatever a request has; its types name two of the fields.
  const watched: object = {
    onprogress: ({ target }: ProgressEvent) => {
      if (target instanceof XMLHttpRequest && target.status === 200) take(target.responseText);
    },
  };
  const running = $.ajax({ ...request(path, body), dataType: 'text', xhrFields: watched });
  running
    .done((text: string) => {
      take(text);
      if (!stopped) ended(null);
    })
    .fail(({ status, responseText }: JQuery.jqXHR) => {
      if (!stopped) ended({ status, responseJSON: parsed(responseText) });
    });
  return () => {
    stopped = true;
    running.abort();
  };
}

/** What the server says of a request that failed, or what may be the reason where it says nothing. */
export function messageOf(failed: Failed): string {
  return saidBy(failed) ?? say(failed.status === 401 || failed.status === 403 ? 'browse.forbidden' : 'browse.failed');
}

/** The sentence of the server, null where there is none. */
export function saidBy({ responseJSON }: Failed): string | null {
  const message: unknown = (responseJSON as { message?: unknown } | undefined)?.message;
  return typeof message === 'string' && message !== '' ? message : null;
}

function request(url: string, body: object): JQuery.AjaxSettings {
  const data = JSON.stringify({ lang: language(), ...body });
  return { url, type: 'POST', contentType: 'application/json', data };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
