// Everything that can go wrong, in one table: code, facts, blame, sentence, remedy.
// The rule of the file: a code without a sentence does not compile, and a secret is never a fact.

/** Who has to act: `caller` wrong settings or misuse, `meter` broke the protocol or refused, `line` nothing or noise came. */
export type Blame = 'caller' | 'meter' | 'line';

/** The facts that belong to each public error code. Codes are public (docs/messages.md#errors): they are never renamed. */
export interface Facts {
  WIRE_TRUNCATED: { field: string; need: number; have: number; offset: number };
  WIRE_INVALID: { field: string; value: string | number; expected: string; offset: number };
  WIRE_SURPLUS: { field: string; surplus: number };
  LIMIT_EXCEEDED: { what: string; limit: number; actual: number };

  HDLC_FCS: { which: 'FCS' | 'HCS'; got: number; want: number; lengthBytes: number };
  HDLC_FRAME: { reason: string };
  HDLC_REJECTED: { reply: 'DM' | 'FRMR'; reason: string };
  WRAPPER_HEADER: { reason: string };
  MBUS_CHECKSUM: { got: number; want: number };
  MBUS_FRAME: { reason: string };
  SEGMENT_LOST: { layer: 'hdlc' | 'mbus' | 'gbt' | 'block'; expected: number; got: number };
  INCOMPLETE: { what: string; have: number };

  NO_ANSWER: { waitingFor: string; afterMs: number; hint?: string };
  CONNECT_REFUSED: { where: string };
  CONNECT_FAILED: { where: string; reason: string };
  CONNECT_TIMEOUT: { where: string; afterMs: number };
  CONNECTION_LOST: { where: string; reason: string };
  LISTEN_FAILED: { where: string; reason: string };
  SERIAL_BUSY: { path: string };
  SERIAL_DENIED: { path: string };
  SERIAL_MISSING: { path: string; reason: string };
  SERIAL_MODULE: { reason: string };
  ABORTED: { what: string };
  CLOSED: { what: string };
  QUEUE_FULL: { where: string; limit: number };

  ASSOCIATION_REFUSED: { result: number; diagnostic: string };
  WRONG_PASSWORD: { diagnostic: string };
  HLS_FAILED: { mechanism: string; reason: string };
  NOT_THE_METER: { reason: string };
  COUNTER_TOO_LOW: { sent: number; needed: number | null };
  /** `where`: the door it stood at; `value` never holds text from outside. */
  COUNTER_INVALID: { where: string; value: string };
  COUNTER_JUMP: { asked: number; have: number; limit: number };
  KEY_USED_UP: { systemTitle: string | null };
  STATE_NOT_SAVED: { what: string; reason: string };
  /** `keyInfo`: how the message says to get its key, where that is not the one set. `table`: no row of a table of keys is for it. */
  NO_KEY: { systemTitle: string | null; counter: number | null; keyInfo?: string; table?: true };
  /**
   * `untitled`: neither the telegram nor the settings have a system title, which may be what does not fit. `refused`: it is the
   * meter that cannot decipher with this key of ours.
   */
  WRONG_KEY: {
    systemTitle: string | null;
    untitled?: true;
    refused?: 'encryption' | 'encryption-or-authentication' | 'dedicated';
  };
  AUTHENTICATION_FAILED: { systemTitle: string | null };
  /** `unknown`: the message does not say how it was obtained. */
  NOT_AUTHENTICATED: { systemTitle: string | null; encrypted: boolean; unknown?: true };
  NOT_ENCRYPTED: { systemTitle: string | null; unknown?: true };
  REPLAYED: { systemTitle: string | null; counter: number; last: number };
  COMPRESSED: { systemTitle: string | null };
  NO_SYSTEM_TITLE: { where: string };

  ACCESS_DENIED: { object: string; result: string };
  /** By the connection's form, by its list of what may be written, or by the rights in the object list of the meter. */
  WRITE_NOT_ALLOWED: { object: string; by: 'connection' | 'list' | 'rights' };
  WRITE_DIFFERS: { object: string };
  OBJECT_UNDEFINED: { object: string; result: string };
  ACCESS_RESULT: { object: string; result: number; words: string };
  EXCEPTION_RESPONSE: { state: string; service: string };
  SERVICE_ERROR: { service: string; error: string };
  UNEXPECTED_RESPONSE: { got: string; waitingFor: string };
  NOT_SUPPORTED: { what: string };

  UNKNOWN_LAYOUT: { what: string; elements: number };
  SCALE_DOUBTED: { convention: string; meter: string };
  NO_FRAME: { bytes: number };
  NO_BYTES: { afterMs: number };

  BCC_MISMATCH: { got: number; want: number };
  CRC_MISMATCH: { got: string; want: string };
  IEC_ERROR: { text: string };
  IEC_REFUSED: { what: string };
  IEC_IDENTIFICATION: { line: string };
  IEC_BREAK: { during: string };
  READOUT_RUNNING: { where: string; forMs: number };
  TELEGRAM_INCOMPLETE: { have: number; waitingFor: string };
  WRONG_PARITY: { reason: string };

  SML_FRAME: { reason: string };
  SML_CHECK: { got: number; want: number; lengthBytes: number };
  /** `number`: six octets in hex. */
  SML_ATTENTION: { server: string | null; number: string; text: string | null };
  SML_NO_VALUES: { what: string };
  OTHER_PROTOCOL: { what: string };
  /** `reason` names elements, never what a value says: it may be a password or a key. */
  XML_INVALID: { line: number; column: number; reason: string };

  BAD_SETTING: { setting: string; value: string; expected: string };
  HOST_NOT_ALLOWED: { host: string };
  BAD_STATE: { input: string; phase: string };
  INTERNAL: { reason: string };
}

export type Code = keyof Facts;
/** One error's code with its facts; `switch (detail.code)` narrows. */
export type Detail = { [C in Code]: { readonly code: C } & Readonly<Facts[C]> }[Code];

interface Entry<F> {
  readonly blame: Blame;
  /** What failed, with the numbers; one clause without a full stop. */
  readonly say: (facts: F) => string;
  /** Likely cause and what to try, as one sentence. Also in docs/errors.md. */
  readonly remedy: string;
}

/** The error with its sentence: `message` is what failed, the likely cause and what to try. */
export class DlmsError extends Error {
  override readonly name = 'DlmsError';
  constructor(
    readonly detail: Detail,
    options?: ErrorOptions & { blame?: Blame },
  ) {
    super(describe(detail), options);
    this.blame = options?.blame ?? ERRORS[detail.code].blame;
  }
  readonly blame: Blame;
  get code(): Code {
    return this.detail.code;
  }
  /** What failed, without the remedy; for a status line. */
  get short(): string {
    return clause(this.detail);
  }
}

/**
 * An error that is told and never thrown: without a stack, which costs ten times the rest and would only name the place in
 * here where noise was seen.
 */
export function told(detail: Detail): DlmsError {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return new DlmsError(detail);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

export function isDlmsError(e: unknown): e is DlmsError {
  return e instanceof DlmsError;
}

export function describe(detail: Detail): string {
  return `${clause(detail)}. ${ERRORS[detail.code].remedy}`;
}

function clause(detail: Detail): string {
  // The table pairs each code with its own facts; TypeScript cannot follow that through an index.
  return (ERRORS[detail.code] as Entry<never>).say(detail as never);
}

const hex4 = (n: number): string => `0x${n.toString(16).padStart(4, '0')}`;
const by = (title: string | null): string => (title === null ? '' : ` from system title ${title}`);
/** The key that is missing, by the key-info of general-ciphering. */
const NOT_ALLOWED = {
  connection: 'the connection does not allow writing',
  list: 'it is not among what the connection allows to be written',
  rights: 'the object list of the meter gives no right to it',
} as const;
const KEY_FOR: Readonly<Record<string, string>> = {
  'wrapped-key': 'master key (KEK) for its wrapped key',
  'agreed-key': 'private key for its key agreement',
};

export const ERRORS: { readonly [C in Code]: Entry<Facts[C]> } = {
  WIRE_TRUNCATED: {
    blame: 'meter',
    say: f => `${f.field}: need ${f.need} byte(s) at offset ${f.offset}, have ${f.have}`,
    remedy: 'The message ends too early; bytes were lost on the line or the framing setting is wrong',
  },
  WIRE_INVALID: {
    blame: 'meter',
    say: f => `${f.field}: ${f.value} at offset ${f.offset} is not ${f.expected}`,
    remedy:
      'The message is damaged or of a form that is not known here; its bytes are in the trace or on the second output',
  },
  WIRE_SURPLUS: {
    blame: 'meter',
    say: f => `${f.field}: ${f.surplus} byte(s) too many`,
    remedy: 'The message is longer than it says; its bytes are in the trace or on the second output',
  },
  LIMIT_EXCEEDED: {
    blame: 'meter',
    say: f => `${f.what}: ${f.actual} is more than the limit of ${f.limit}`,
    remedy: 'The message is damaged, or more came than this project accepts',
  },
  HDLC_FCS: {
    blame: 'line',
    say: f => `hdlc frame: ${f.which} ${hex4(f.got)} does not match ${hex4(f.want)} over ${f.lengthBytes} bytes`,
    remedy: 'Bytes were changed on the line: check parity (8N1 or 8E1), baud rate and cabling',
  },
  HDLC_FRAME: {
    blame: 'line',
    say: f => `hdlc frame: ${f.reason}`,
    remedy: 'Bytes were lost or added on the line: check baud rate, parity and what else talks on it',
  },
  HDLC_REJECTED: {
    blame: 'meter',
    say: f => `the meter answered ${f.reply}: ${f.reason}`,
    remedy: 'Another session may still be open in the meter; wait for its time-out or check the client address',
  },
  WRAPPER_HEADER: {
    blame: 'line',
    say: f => `wrapper header: ${f.reason}`,
    remedy: 'The other side may not speak the COSEM wrapper; try the HDLC interface',
  },
  MBUS_CHECKSUM: {
    blame: 'line',
    say: f => `m-bus frame: checksum 0x${f.got.toString(16)} does not match 0x${f.want.toString(16)}`,
    remedy: 'Bytes were changed on the line: check parity, baud rate and the M-Bus adapter',
  },
  MBUS_FRAME: {
    blame: 'line',
    say: f => `m-bus frame: ${f.reason}`,
    remedy: 'Bytes were lost or added on the line: check baud rate, parity and the M-Bus adapter',
  },
  SEGMENT_LOST: {
    blame: 'line',
    say: f => `${f.layer}: part ${f.got} came where part ${f.expected} was expected`,
    remedy: 'A part of the message was lost on the line; the rest is dropped',
  },
  INCOMPLETE: {
    blame: 'line',
    say: f => `${f.what} is incomplete after ${f.have} bytes`,
    remedy: 'The rest never came: check the cable, the buffer of the gateway and the idle time setting',
  },
  NO_ANSWER: {
    blame: 'line',
    say: f => `no ${f.waitingFor} within ${f.afterMs} ms${f.hint === undefined ? '' : ` (${f.hint})`}`,
    remedy:
      'Wrong address, speed, parity or interface (HDLC or wrapper), or nobody there; "Test connection" in the form of the connection finds out which',
  },
  CONNECT_REFUSED: {
    blame: 'line',
    say: f => `${f.where} refused the connection`,
    remedy: 'Check host and port; the gateway may allow one connection only',
  },
  CONNECT_FAILED: {
    blame: 'line',
    say: f => `cannot connect to ${f.where}: ${f.reason}`,
    remedy: 'Check host name, network and power of the gateway',
  },
  CONNECT_TIMEOUT: {
    blame: 'line',
    say: f => `${f.where} did not answer the connection attempt within ${f.afterMs} ms`,
    remedy: 'Check host, port and firewall; a gateway with one open connection may also stay silent',
  },
  CONNECTION_LOST: {
    blame: 'line',
    say: f => `the connection to ${f.where} was lost: ${f.reason}`,
    remedy: 'It is opened again with the next request',
  },
  LISTEN_FAILED: {
    blame: 'caller',
    say: f => `cannot listen on ${f.where}: ${f.reason}`,
    remedy: 'Choose another port or stop the program that uses it',
  },
  SERIAL_BUSY: {
    blame: 'caller',
    say: f => `the serial port ${f.path} is in use`,
    remedy: 'Another program or node holds it; give all nodes the same connection or stop the other program',
  },
  SERIAL_DENIED: {
    blame: 'caller',
    say: f => `no permission for the serial port ${f.path}`,
    remedy: 'Add the user that runs Node-RED to the group dialout (in Docker pass the device and the group)',
  },
  SERIAL_MISSING: {
    blame: 'caller',
    say: f => `the serial port ${f.path} cannot be opened: ${f.reason}`,
    remedy:
      'Check the plug, and choose from the ports that the form of the connection lists; names below /dev/serial/by-id stay the same after a restart',
  },
  SERIAL_MODULE: {
    blame: 'caller',
    say: f => `the package serialport is not installed: ${f.reason}`,
    remedy: 'Run "npm install serialport" in the Node-RED user directory and restart; TCP and UDP work without it',
  },
  ABORTED: {
    blame: 'caller',
    say: f => `${f.what} was stopped`,
    remedy: 'A deploy or the caller stopped it; send the message again',
  },
  CLOSED: { blame: 'caller', say: f => `${f.what} is closed`, remedy: 'A deploy closed it; send the message again' },
  QUEUE_FULL: {
    blame: 'caller',
    say: f => `${f.limit} requests already wait for ${f.where}`,
    remedy: 'Requests come faster than the line can carry them: poll less often',
  },
  ASSOCIATION_REFUSED: {
    blame: 'meter',
    say: f => `the meter refused the association: ${f.diagnostic}`,
    remedy: 'Check client address, authentication, security setting and referencing (LN or SN)',
  },
  WRONG_PASSWORD: {
    blame: 'caller',
    say: f => `the meter refused the password: ${f.diagnostic}`,
    remedy: 'Check the password and the client address it belongs to; some meters lock after a few wrong tries',
  },
  HLS_FAILED: {
    blame: 'meter',
    say: f => `high level security (${f.mechanism}) failed: ${f.reason}`,
    remedy: 'Check the authentication mechanism, the secret or keys, and both system titles',
  },
  NOT_THE_METER: {
    blame: 'meter',
    say: f => `this may be somebody else and not the meter: ${f.reason}`,
    remedy:
      'Nothing more is asked of it. Check the address, the system titles and the security setting in the connection, and who else is on that line or network; a new meter has a new system title',
  },
  COUNTER_TOO_LOW: {
    blame: 'meter',
    say: f =>
      `the meter refused invocation counter ${f.sent}` + (f.needed === null ? '' : `, it wants at least ${f.needed}`),
    remedy: 'Set the object that holds the counter, or let the connection read it again',
  },
  COUNTER_INVALID: {
    blame: 'meter',
    say: f => `${f.where}: ${f.value} is no invocation counter`,
    remedy: 'A counter is a whole number from 0 to 4294967295; check the counter object in the form of the connection',
  },
  COUNTER_JUMP: {
    blame: 'meter',
    say: f =>
      `the invocation counter was to go from ${f.have} to ${f.asked} at once, on the word of a message that nothing proves`,
    remedy:
      'Anybody could have sent it to use up the key; if the meter really counts there, set this number in the form of the connection (Security, invocation counter)',
  },
  KEY_USED_UP: {
    blame: 'caller',
    say: f =>
      `the invocation counter of our system title ${f.systemTitle ?? ''} has reached its end: this key is used up`,
    remedy:
      'Nothing more can be sent safely with it: have the keys of the meter changed, or set another client system title in the connection; the number is kept in dlms/counters in the Node-RED user directory',
  },
  STATE_NOT_SAVED: {
    blame: 'caller',
    say: f => `${f.what} could not be saved: ${f.reason}`,
    remedy:
      'Make room on the disk, or let the user that runs Node-RED write to the directory dlms in its user directory; until then requests that need it send nothing, and what was received is remembered until the next restart',
  },
  NO_KEY: {
    blame: 'caller',
    say: f =>
      `the telegram${by(f.systemTitle)} is encrypted` +
      (f.counter === null ? '' : ` (counter ${f.counter})`) +
      (f.table === true
        ? ' and no row of the table of keys is for this meter'
        : ` and no ${KEY_FOR[f.keyInfo ?? ''] ?? 'encryption key'} is set`),
    remedy:
      'Ask the grid operator for the key (GUEK, EK) of this meter and enter it in the node, or in a row of its table of keys',
  },
  WRONG_KEY: {
    blame: 'caller',
    say: f =>
      f.refused === undefined
        ? `the encryption key does not fit the telegram${by(f.systemTitle)}` +
          (f.untitled === true ? ', which carries no system title; where its meter has one, it has to be set, too' : '')
        : `the meter cannot decipher the request: the ${f.refused.replaceAll('-', ' ')} key does not fit`,
    remedy:
      'Check that it is the encryption key (GUEK, EK), not the authentication key (GAK, AK), and that it belongs to this meter',
  },
  AUTHENTICATION_FAILED: {
    blame: 'caller',
    say: f => `the telegram${by(f.systemTitle)} decrypts, but its authentication tag does not verify`,
    remedy: 'Check the authentication key (GAK, AK), or leave it empty to decrypt without verification',
  },
  NOT_AUTHENTICATED: {
    blame: 'meter',
    say: f => {
      if (f.unknown === true) return 'nothing in the message says that its values were authenticated';
      const telegram = `the telegram${by(f.systemTitle)}`;
      return f.encrypted
        ? `${telegram} is encrypted, but no authentication tag shows that nobody changed it`
        : `${telegram} came in plain and without authentication: anybody on the line could have sent it`;
    },
    remedy:
      'Its values are not used; if this meter sends without a tag, leave the authentication key empty or set "Require" to encrypted (bits can then be changed on the way unnoticed), and if it sends in plain, take the keys out or set "Require" to nothing',
  },
  NOT_ENCRYPTED: {
    blame: 'meter',
    say: f =>
      f.unknown === true
        ? 'nothing in the message says that its values came encrypted'
        : `the telegram${by(f.systemTitle)} came in plain: anybody on the line could have sent it`,
    remedy: 'Its values are not used; if this meter does send in plain, take the keys out or set "Require" to nothing',
  },
  REPLAYED: {
    blame: 'meter',
    say: f => `invocation counter ${f.counter}${by(f.systemTitle)} is not above ${f.last}: a repeated telegram`,
    remedy:
      'It was recorded and sent again, or the meter counts anew because it was exchanged or reset: then let the connection forget what was received (in its form), or the decoder accept repetitions',
  },
  COMPRESSED: {
    blame: 'meter',
    say: f => `the telegram${by(f.systemTitle)} is compressed (security control bit 7)`,
    remedy: 'Compression is not supported; ask the operator to switch it off',
  },
  NO_SYSTEM_TITLE: {
    blame: 'caller',
    say: f => `${f.where} carries no system title`,
    remedy: 'Enter the system title of the meter (16 hex digits) in the settings',
  },
  ACCESS_DENIED: {
    blame: 'meter',
    say: f => `${f.object}: ${f.result}`,
    remedy: 'The client address lacks the right to read it; try another client or authentication',
  },
  WRITE_NOT_ALLOWED: {
    blame: 'caller',
    say: f => `${f.object} was not written: ${NOT_ALLOWED[f.by]}`,
    remedy: 'Nothing was sent. Allow it in the form of the connection, or use a client of the meter that has the right',
  },
  WRITE_DIFFERS: {
    blame: 'meter',
    say: f => `${f.object}: the meter accepted it, but what stands there now is something else`,
    remedy: 'Nothing is sent again by itself. Read the object, and check type, scaler and the state of the meter',
  },
  OBJECT_UNDEFINED: {
    blame: 'meter',
    say: f => `${f.object}: ${f.result}`,
    remedy: 'This meter has no such object or class; "Browse meter" in the form of the node lists what it has',
  },
  ACCESS_RESULT: {
    blame: 'meter',
    say: f => `${f.object}: ${f.words} (data-access-result ${f.result})`,
    remedy: 'Ask again later where the meter says it is busy; otherwise check object, attribute and range',
  },
  EXCEPTION_RESPONSE: {
    blame: 'meter',
    say: f => `the meter answered with an exception: ${f.state}, ${f.service}`,
    remedy: 'The service is not allowed in this association or the security setting does not fit',
  },
  SERVICE_ERROR: {
    blame: 'meter',
    say: f => `the meter refused ${f.service}: ${f.error}`,
    remedy: 'Check the referencing (LN or SN), the address of the object and the client address',
  },
  UNEXPECTED_RESPONSE: {
    blame: 'meter',
    say: f => `${f.got} came where ${f.waitingFor} was expected`,
    remedy: 'The meter may still be in an older conversation: try again, and report it with the trace if it stays',
  },
  NOT_SUPPORTED: {
    blame: 'caller',
    say: f => `${f.what} is not supported`,
    remedy: 'Choose another setting; what is not covered stands in the README',
  },
  UNKNOWN_LAYOUT: {
    blame: 'caller',
    say: f => `the telegram has no known layout: ${f.what}, ${f.elements} element(s)`,
    remedy:
      'Describe it once under "Own layouts" in the push decoder: a button there makes the rows from this telegram',
  },
  SCALE_DOUBTED: {
    blame: 'caller',
    say: f =>
      `powers and currents of meter ${f.meter === '' ? '(without id)' : f.meter} cannot be what the convention ${f.convention} makes of them: they leave unscaled from now on`,
    remedy: 'Choose the convention of the meter in the push decoder, or give the powers of ten by OBIS code there',
  },
  NO_FRAME: {
    blame: 'line',
    say: f => `${f.bytes} bytes came, but no frame in them`,
    remedy: 'Check baud rate and parity; the meter may also speak another protocol',
  },
  NO_BYTES: {
    blame: 'line',
    say: f => `no bytes for ${Math.round(f.afterMs / 1000)} s`,
    remedy: 'Check the cable, the adapter and that the port of the meter is switched on',
  },
  BCC_MISMATCH: {
    blame: 'line',
    say: f => `block check character 0x${f.got.toString(16)} does not match 0x${f.want.toString(16)}`,
    remedy: 'A character was changed on the line; align the optical head, or set the check to warn',
  },
  CRC_MISMATCH: {
    blame: 'line',
    say: f =>
      `P1 telegram: CRC ${f.got} does not match ${f.want}${f.got === '0000' ? '; a meter that always sends 0000 has none, and the setting "P1 without CRC" takes it' : ''}`,
    remedy: 'A character was changed on the line: check the cable, its length and the level inverter',
  },
  IEC_ERROR: {
    blame: 'meter',
    say: f => `the meter answered with the error message "${f.text}"`,
    remedy: 'The meter does not know the register or wants a password first',
  },
  IEC_REFUSED: {
    blame: 'meter',
    say: f => `the meter refused ${f.what}`,
    remedy: 'Check the code, the password and whether the meter allows it; a password is not repeated by itself',
  },
  IEC_IDENTIFICATION: {
    blame: 'line',
    say: f => `"${f.line}" is no identification line`,
    remedy: 'Characters were lost or changed: align the optical head, check speed and parity',
  },
  IEC_BREAK: {
    blame: 'meter',
    say: f => `the meter broke off ${f.during} (B0)`,
    remedy: 'It may want a password first, or lock after wrong ones; wait a minute and try again',
  },
  READOUT_RUNNING: {
    blame: 'caller',
    say: f => `${f.where} is still being read, for ${Math.round(f.forMs / 1000)} s; this trigger was skipped`,
    remedy: 'Trigger less often than a readout takes, or read only the registers you need',
  },
  TELEGRAM_INCOMPLETE: {
    blame: 'line',
    say: f => `the telegram broke off after ${f.have} characters while waiting for ${f.waitingFor}`,
    remedy: 'Characters were lost: align the optical head, or lower the speed',
  },
  WRONG_PARITY: {
    blame: 'line',
    say: f => `characters have the wrong parity: ${f.reason}`,
    remedy: 'Set the port to 7E1, or to 8N1 with parity stripped; for pushed frames (HDLC, M-Bus) to 8E1',
  },
  SML_FRAME: {
    blame: 'line',
    say: f => `SML file: ${f.reason}`,
    remedy:
      'Bytes were lost or changed on the line: align the optical head, set 9600 8N1; once, at the start, it is only that listening began in the middle of a file',
  },
  SML_CHECK: {
    blame: 'line',
    say: f => `SML file: check ${hex4(f.got)} does not match ${hex4(f.want)} over ${f.lengthBytes} bytes`,
    remedy:
      'Bytes were lost or changed on the line: align the optical head, keep light away from it, set 9600 8N1; a gateway that cuts files needs a larger buffer',
  },
  SML_ATTENTION: {
    blame: 'meter',
    say: f =>
      `SML: the meter${f.server === null ? '' : ` ${f.server}`} answered with attention ${f.number}` +
      (f.text === null ? '' : ` "${f.text}"`),
    remedy: 'It refuses what somebody on this line asked of it; what it sends by itself is read all the same',
  },
  SML_NO_VALUES: {
    blame: 'meter',
    say: f => `SML file without values: ${f.what}`,
    remedy: 'Nothing is wrong on the line; the meter may have to be unlocked with its PIN before it sends values',
  },
  OTHER_PROTOCOL: {
    blame: 'caller',
    say: f => `${f.what} came, which this node does not read`,
    remedy:
      'Give the connection, or the messages, to a push decoder: it reads this when its framing is found by itself',
  },
  XML_INVALID: {
    blame: 'caller',
    say: f => `xml line ${f.line}, column ${f.column}: ${f.reason}`,
    remedy: 'Compare the document with one that was made from bytes; docs/xml.md names the elements',
  },

  BAD_SETTING: {
    blame: 'caller',
    say: f => `${f.setting} "${f.value}" is not ${f.expected}`,
    remedy: 'Correct it in the node or on the message',
  },
  HOST_NOT_ALLOWED: {
    blame: 'caller',
    say: f => `the saved password and keys are not sent to ${f.host}, because they were saved for another host`,
    remedy:
      'Give the password and keys of this meter with its address, or enter the host under "Also for hosts" in the form of the connection',
  },
  BAD_STATE: {
    blame: 'caller',
    say: f => `${f.input} is not possible while ${f.phase}`,
    remedy: 'This is a wrong order of calls in the program that uses the core',
  },
  INTERNAL: {
    blame: 'caller',
    say: f => `internal error: ${f.reason}`,
    remedy: 'This is a fault of the nodes, not of the meter: please report it with the lines around it in the log',
  },
};
