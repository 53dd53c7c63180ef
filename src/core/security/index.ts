// What the layers above use of security. Only this folder may import node:crypto.

export * from './agreement';
export * from './counter';
export * from './envelope';
export * from './gcm';
export * from './hls';
export * from './hls-challenge';
export * from './key-fingerprint';
export * from './key-rows';
export * from './key-table';
export * from './keys';
export * from './landis-gyr';
export * from './plausible';
