// The tables of settings by the type of their node, for whoever reads them all: help, pages and tests.

import type { Table } from '../src/nodes/lib/settings-table';
import { CONNECTION } from '../src/nodes/connection/settings';
import { GET_OBJECT } from '../src/nodes/get-object/settings';
import { IEC_READOUT } from '../src/nodes/iec-readout/settings';
import { OBIS_FILTER } from '../src/nodes/obis-filter/settings';
import { PUSH_DECODER } from '../src/nodes/push-decoder/settings';
import { READ_LOAD_PROFILE } from '../src/nodes/read-load-profile/settings';
import { SET_OBJECT } from '../src/nodes/set-object/settings';
import { SIMULATOR } from '../src/nodes/simulator/settings';

export const TABLES: Readonly<Record<string, Table>> = {
  'dlms-connection': CONNECTION,
  'dlms-get-object': GET_OBJECT,
  'dlms-read-load-profile': READ_LOAD_PROFILE,
  'dlms-set-object': SET_OBJECT,
  'dlms-push-decoder': PUSH_DECODER,
  'dlms-iec-readout': IEC_READOUT,
  'dlms-obis-filter': OBIS_FILTER,
  'dlms-simulator': SIMULATOR,
};
