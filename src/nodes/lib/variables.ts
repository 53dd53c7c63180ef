// `${NAME}` in what a message or a form says: resolved for one request, as a deploy resolves it in a node.
// The rule of the file: the value of a variable is used and never told; whatever goes out says `${NAME}` instead.

import type { Node, NodeAPI } from 'node-red';
import { DlmsError, isDlmsError } from '../../core/wire/errors';
import { plainText } from '../../core/wire/foreign';

export class Variables {
  /** What came from variables, and what was written instead of it. */
  readonly #resolved: (readonly [value: string, written: string])[] = [];

  constructor(
    private readonly RED: NodeAPI,
    /** In whose group, subflow and flow a variable may be; null: only those of the process. */
    private readonly node: Node | null,
  ) {}

  /** Text with its variables replaced; anything else as it is. Throws BAD_SETTING that names one that is not set. */
  resolve(value: unknown, setting: string): unknown {
    if (typeof value !== 'string' || !value.includes('${')) return value;
    const written = value.trim();
    const resolved = written.replace(/\$\{([^}]+)\}/g, (variable, name: string) =>
      this.#valueOf(variable, name, setting),
    );
    if (resolved !== written) this.#resolved.push([resolved, written]);
    return resolved;
  }

  /** The longest first, so that a part of it is not taken for the whole. */
  hide(text: string): string {
    let shown = text;
    for (const [value, written] of [...this.#resolved].sort(([a], [b]) => b.length - a.length)) {
      // "1" stands in every OBIS code, and tells nobody anything.
      if (value.length < LEAST_PART) continue;
      const exact = value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
      shown = shown.replace(new RegExp(exact, 'gi'), () => written);
    }
    return shown;
  }

  /** Every text in an answer. */
  hideDeep<T>(answer: T): T {
    if (this.#resolved.length === 0) return answer;
    // Only texts change, so it keeps its type.
    const hide = (value: unknown): unknown => {
      if (typeof value === 'string') return this.hide(value);
      if (Array.isArray(value)) return value.map(hide);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, OURS.has(name) ? of : hide(of)]));
    };
    return hide(answer) as T;
  }

  /** An error whose facts, and so its sentence, do not tell what came from variables. */
  hideIn(error: unknown): unknown {
    if (this.#resolved.length === 0 || !isDlmsError(error)) return error;
    const detail = { ...this.hideDeep(error.detail), code: error.code } as DlmsError['detail'];
    return new DlmsError(detail, { cause: error.cause, blame: error.blame });
  }

  #valueOf(variable: string, name: string, setting: string): string {
    // Without a node only the process is asked. The types know neither that, nor that a variable may be unset.
    const value = this.RED.util.getSetting(this.node as never, name) as unknown;
    if (value === undefined || value === null) {
      const expected = 'set: neither the flow nor the process has a variable of this name';
      throw new DlmsError({ code: 'BAD_SETTING', setting, value: variable, expected });
    }
    const text = plainText(value, `the variable ${variable}`);
    this.#resolved.push([text, variable]);
    return text;
  }
}

const LEAST_PART = 4;
/** Our own words, not the meter's or the user's. */
const OURS: ReadonlySet<string> = new Set(['obis', 'key', 'name', 'unit', 'code']);
