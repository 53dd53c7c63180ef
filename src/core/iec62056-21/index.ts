// What the layers above use of IEC 62056-21.

export * from './characters';
export * from './data-block';
export * from './decoder';
export * from './hand-over';
export * from './identification';
export * from './ids';
export * from './p1-decrypt';
export * from './parity';
export * from './parts';
export * from './profile';
export * from './scanner';
export * from './times';
export * from './typing';
export * from './messages';
export * from './reader';
export * from './reader-options';
