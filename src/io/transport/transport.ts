// Carries bytes, knows nothing of meters. Each implementation passes test/io/transport.test.ts.

export interface SerialFormat {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}

export interface Transport {
  /** For errors and status: "192.168.1.5:4059", "/dev/ttyUSB0 9600 8N1". */
  readonly where: string;
  /** The physical line: sessions with the same key queue behind each other. */
  readonly lineKey: string;
  /** Rejects with a DlmsError (CONNECT_*, SERIAL_*, ABORTED). */
  open(signal?: AbortSignal): Promise<void>;
  /** Resolves when the bytes have left (drained). */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the connection and frees the port; never rejects; may be called twice. */
  close(): Promise<void>;
  /** Where close() keeps something for the next open() (a port that meters call): frees that too. Never rejects. */
  dispose?(): Promise<void>;
  onBytes: (chunk: Uint8Array) => void;
  /** The other side or the system closed it; not called for our own close(). */
  onClose: (cause?: Error) => void;
  /** Serial (and RFC 2217) only: change speed and format after what was written has left. */
  setFormat?(format: Partial<SerialFormat>): Promise<void>;
}

/** Frees all that a transport holds, also for the next open(). Never rejects. */
export function freed(transport: Transport): Promise<void> {
  return transport.dispose?.() ?? transport.close();
}
