// Reassembly above single APDUs, shared by polling, pushes and the simulated meter.

export * from './blocks';
export * from './general-block-transfer';
