// The simple classes: data, register, extended register.

import { enumerated, i8, octets, structure, u8, type Data } from '../../core/cosem/data';
import { attribute, cosemObject, RESULT, type Ask, type CosemObject } from '../cosem-object';

type Source = Data | ((ask: Ask) => Data);

/** Class 1. */
export function dataObject(obis: string, source: Source, more: { readonly restricted?: boolean } = {}): CosemObject {
  return cosemObject(1, obis, { 2: attribute(source, more) });
}

/** Class 3; `unit` is the code of the units table, `scaler` the power of ten. */
export function register(obis: string, source: Source, scaler: number, unit: number): CosemObject {
  return cosemObject(3, obis, { 2: attribute(source), 3: attribute(scalerUnit(scaler, unit)) }, { methods: RESET });
}

/** Class 4; `capturedMs` says when the value was taken. */
export function extendedRegister(
  obis: string,
  source: Source,
  scaler: number,
  unit: number,
  capturedMs: (ask: Ask) => number,
): CosemObject {
  return cosemObject(
    4,
    obis,
    {
      2: attribute(source),
      3: attribute(scalerUnit(scaler, unit)),
      4: attribute(u8(0)),
      5: attribute(ask => octets(ask.clock.octets(capturedMs(ask)))),
    },
    { methods: RESET },
  );
}

function scalerUnit(scaler: number, unit: number): Data {
  return structure(i8(scaler), enumerated(unit));
}

/** A billing meter never resets a register on request. */
const RESET = { 1: () => ({ result: RESULT.readWriteDenied, returned: null }) };
