// How a language's OBIS texts come about: rows as they stand, and rows built from words that recur (power and energy,
// repeated kinds of value, phases, the values of heat and water, the volumes of gas).
// The rule of the file: it knows ids and how they are put together, never a word of a language.

/** Text by id. A missing row falls back to English. A row that goes on after another one begins with its blank or
 * comma; {n} is the number of the code. `search_words` is no row of a name but what people look for instead of a word
 * of a name or of a key: "feed-in=export peak=max". */
export type ObisTexts = Readonly<Record<string, string>>;

/** What a language says; from this `composeTexts` makes all its rows. */
export interface ObisWords {
  /** Rows said as they stand, by id. */
  readonly rows: ObisTexts;
  /** Words of the composed rows; one that follows another begins with its blank or comma. */
  readonly parts: {
    readonly activePower: string;
    readonly activeEnergy: string;
    readonly reactivePower: string;
    readonly reactiveEnergy: string;
    readonly apparentPower: string;
    readonly apparentEnergy: string;
    readonly import: string;
    readonly export: string;
    readonly absolute: string;
    readonly net: string;
    readonly quadrant: string;
    readonly integral: string;
    /** Between the two of a phase angle: " to". */
    readonly to: string;
    readonly powerFailures: string;
    readonly longPowerFailures: string;
    readonly powerFailureTime: string;
    readonly powerFailureDuration: string;
    readonly allPhases: string;
    readonly anyPhase: string;
    readonly periodic: string;
    readonly setDate: string;
    readonly billingDate: string;
    readonly test: string;
    readonly baseValue: string;
    readonly gasVolume: string;
    readonly forward: string;
    readonly reverse: string;
    readonly disturbed: string;
    readonly reverseAbsolute: string;
    readonly converter: string;
    readonly logger: string;
    readonly measured: string;
    readonly corrected: string;
    readonly baseConditions: string;
  };
  /** Names of national standards, in the order of their rows. What is empty is English. */
  readonly national?: Readonly<Record<string, readonly string[]>>;
}

/** All rows of a language. */
export function composeTexts(words: ObisWords): ObisTexts {
  const { rows, parts: w, national = {} } = words;
  const texts: Record<string, string> = { ...rows };
  for (const [standard, names] of Object.entries(national)) {
    for (const [row, text] of names.entries()) if (text !== '') texts[`${standard}.${row}`] = text;
  }

  directions('active', 'A', w.activePower, w.activeEnergy);
  directions('reactive', 'R', w.reactivePower, w.reactiveEnergy);
  directions('apparent', 'S', w.apparentPower, w.apparentEnergy);
  for (const [unit, text] of [['power', w.activePower] as const, ['energy', w.activeEnergy] as const]) {
    texts[`active_${unit}_absolute`] = `${text}${w.absolute} (|+A|+|-A|)`;
    texts[`active_${unit}_net`] = `${text}${w.net} (|+A|-|-A|)`;
  }
  ['I', 'II', 'III', 'IV'].forEach((roman, i) => {
    texts[`active_power_q${i + 1}`] = `${w.activePower}${w.quadrant} ${roman}`;
    texts[`active_energy_q${i + 1}`] = `${w.activeEnergy}${w.quadrant} ${roman}`;
    texts[`reactive_power_q${i + 1}`] = `${w.reactivePower}${w.quadrant} ${roman}`;
    texts[`reactive_energy_q${i + 1}`] = `${w.reactiveEnergy}${w.quadrant} ${roman}`;
  });

  for (const kind of REPEATED_KINDS) for (const n of [2, 3]) texts[`${kind}_${n}`] = `${row(kind)} ${n}`;
  for (const n of [5, 6]) texts[`avg_running_${n}`] = `${row('avg_running')} ${n}`;
  for (const n of [3, 4, 6, 7, 8, 9, 10]) texts[`integral_${n}`] = `${w.integral} ${n}`;

  for (const [id, symbol] of Object.entries(ANGLE_ENDS)) {
    texts[id] = symbol;
    texts[`to_${id}`] = w.to + symbol;
  }

  phases('power_failures', w.powerFailures);
  phases('long_power_failures', w.longPowerFailures);
  phases('power_failure_time', w.powerFailureTime);
  phases('power_failure_duration', w.powerFailureDuration);

  for (const quantity of MEDIA_QUANTITIES) {
    texts[`${quantity}_periodic`] = row(quantity) + w.periodic;
    texts[`${quantity}_set_date`] = row(quantity) + w.setDate;
    texts[`${quantity}_billing_date`] = row(quantity) + w.billingDate;
    texts[`${quantity}_min`] = row(quantity) + row('min');
    texts[`${quantity}_max`] = row(quantity) + row('max');
    texts[`${quantity}_test`] = row(quantity) + w.test;
  }

  for (const quantity of GAS_QUANTITIES) texts[`${quantity}_base`] = row(quantity) + w.baseValue;
  gasVolumes('', '');
  gasVolumes('_forward', w.forward);
  gasVolumes('_forward_disturbed', w.forward + w.disturbed);
  gasVolumes('_reverse', w.reverse);
  gasVolumes('_reverse_disturbed', w.reverse + w.disturbed);
  gasVolumes('_reverse_absolute', w.reverse + w.reverseAbsolute);
  return texts;

  function row(id: string): string {
    return rows[id] ?? id;
  }

  function directions(id: string, letter: string, power: string, energy: string): void {
    texts[`${id}_power_import`] = `${power}${w.import} (+${letter})`;
    texts[`${id}_energy_import`] = `${energy}${w.import} (+${letter})`;
    texts[`${id}_power_export`] = `${power}${w.export} (-${letter})`;
    texts[`${id}_energy_export`] = `${energy}${w.export} (-${letter})`;
  }

  function phases(id: string, text: string): void {
    texts[id] = text + w.allPhases;
    for (const n of [1, 2, 3]) texts[`${id}_l${n}`] = `${text} L${n}`;
    texts[`${id}_any`] = text + w.anyPhase;
  }

  function gasVolumes(id: string, text: string): void {
    for (const [source, by] of [
      ['', ''] as const,
      ['_converter', w.converter] as const,
      ['_logger', w.logger] as const,
    ]) {
      texts[`gas_volume${id}${source}_measured`] = w.gasVolume + text + by + w.measured;
      texts[`gas_volume${id}${source}_corrected`] = w.gasVolume + text + by + w.corrected;
      texts[`gas_volume${id}${source}_base`] = w.gasVolume + text + by + w.baseConditions;
    }
  }
}

const REPEATED_KINDS = ['min_cumulative', 'max_cumulative', 'min', 'avg_running', 'avg_last', 'max'];

/** Symbols, the same in every language. */
const ANGLE_ENDS: ObisTexts = {
  u1: ' U L1',
  u2: ' U L2',
  u3: ' U L3',
  i1: ' I L1',
  i2: ' I L2',
  i3: ' I L3',
  in: ' I N',
};

const THERMAL_QUANTITIES = [
  'energy',
  'volume',
  'mass',
  'flow_volume',
  'flow_mass',
  'return_volume',
  'return_mass',
  'power',
  'flow_rate',
  'flow_temperature',
  'return_temperature',
  'temperature_difference',
  'pressure',
];

const WATER_QUANTITIES = ['volume', 'flow_rate', 'temperature'];

/** Rows that have a value of the period, of the set date, of the billing date, a minimum, a maximum and a test value. */
const MEDIA_QUANTITIES = [
  'hca_unrated',
  'hca_rated',
  'hca_radiator_temperature',
  'hca_medium_temperature',
  'hca_flow_temperature',
  'hca_return_temperature',
  'hca_room_temperature',
  ...THERMAL_QUANTITIES.map(quantity => `cooling_${quantity}`),
  ...THERMAL_QUANTITIES.map(quantity => `heat_${quantity}`),
  ...WATER_QUANTITIES.map(quantity => `cold_water_${quantity}`),
  ...WATER_QUANTITIES.map(quantity => `hot_water_${quantity}`),
];

/** Rows that have a base value beside the current one. */
const GAS_QUANTITIES = [
  'gas_temperature',
  'gas_pressure',
  'gas_flow_rate',
  'gas_sound_velocity',
  'gas_density',
  'gas_relative_density',
  'gas_gauge_pressure',
  'gas_differential_pressure',
  'gas_correction_factor',
  'gas_conversion_factor',
  'gas_compressibility',
  'gas_calorific_value',
];
