// The interface classes: all that is known of each. What its attributes and methods are called and what their structures
// hold, which attribute tells the unit of which, where its methods stand, what it is for, which codes usually have it.
// IEC 62056-6-2, clause 5 (Blue Book, 4). One row a class; a class not listed is read all the same, without names.

/**
 * How a Data is to be shown: names for the elements of structures, kinds for octet-strings. A `pattern` is a date-time, date
 * or time that may leave fields open on purpose ("each year", "the last Sunday").
 */
export type Shape =
  | 'logical-name'
  | 'date-time'
  | 'pattern'
  | 'object-identifier'
  | 'ipv4'
  | { readonly array: Shape }
  | { readonly structure: readonly (string | readonly [name: string, shape: Shape])[] };

export interface Attribute {
  readonly name: string;
  readonly shape?: Shape;
}

/** What a class is for; the `value` of a code is told further by the code itself (energy, demand …). */
export type ClassKind = 'value' | 'profile' | 'clock' | 'access' | 'control' | 'communication' | 'other';

/** The attributes that tell more of a value attribute: its scaler and unit, its status, its time of capture. */
export interface Companions {
  readonly scale: number;
  readonly status: number | null;
  readonly capture: number | null;
}

export interface InterfaceClass {
  readonly name: string;
  readonly kind: ClassKind;
  /** From attribute 2 on; attribute 1 is the logical name of every class. */
  readonly attributes: readonly (string | readonly [name: string, shape: Shape])[];
  /** Value attribute -> what belongs to it. */
  readonly values?: Readonly<Record<number, Companions>>;
  /** From method 1 on. */
  readonly methods: readonly string[];
  /** Short name of method 1 above the base name; each further one stands 8 higher. Absent: not known to us. */
  readonly methodsAt?: number;
  /**
   * Codes whose objects are usually of this class (IEC 62056-6-1, and IEC 62056-6-2 for the standard objects): "A:C.D.E", of
   * which the tail may be left out; each group a number, a range, a list or *, as in an OBIS pattern. Where the codes of two
   * classes match, the one that names more groups goes before.
   */
  readonly codes?: readonly string[];
}

/** undefined for classes and attributes the table does not have. Manufacturer attributes (negative) have no name. */
export function attributeOf(classId: number, attribute: number): Attribute | undefined {
  if (attribute === 1) return LOGICAL_NAME;
  const row = CLASSES[classId]?.attributes[attribute - 2];
  if (row === undefined) return undefined;
  return typeof row === 'string' ? { name: row } : { name: row[0], shape: row[1] };
}

export function methodName(classId: number, method: number): string | undefined {
  return CLASSES[classId]?.methods[method - 1];
}

export function className(classId: number): string | undefined {
  return CLASSES[classId]?.name;
}

export function classKind(classId: number): ClassKind {
  return CLASSES[classId]?.kind ?? 'other';
}

/** The attribute with scaler and unit for a value attribute; null where none belongs to it. */
export function scalerAttribute(classId: number, attribute: number): number | null {
  return companionsOf(classId, attribute)?.scale ?? null;
}

/** null where the attribute is no value that has companions. */
export function companionsOf(classId: number, attribute: number): Companions | null {
  return CLASSES[classId]?.values?.[attribute] ?? null;
}

/** Whether an attribute holds a moment of the clock; a pattern of moments ("each year") does not. */
export function isClock(classId: number, attribute: number): boolean {
  return attributeOf(classId, attribute)?.shape === 'date-time';
}

/** Short name of a method above the base name of its object; null where it is not known. */
export function methodOffset(classId: number, method: number): number | null {
  const first = CLASSES[classId]?.methodsAt;
  return first === undefined ? null : first + 8 * (method - 1);
}

const LOGICAL_NAME: Attribute = { name: 'logical_name', shape: 'logical-name' };

const ln = (name = 'logical_name'): readonly [string, Shape] => [name, 'logical-name'];
const at = (name: string): readonly [string, Shape] => [name, 'date-time'];
const when = (name: string): readonly [string, Shape] => [name, 'pattern'];
const ipv4 = (name: string): readonly [string, Shape] => [name, 'ipv4'];
const list = (name: string, ...structure: readonly (string | readonly [string, Shape])[]): readonly [string, Shape] => [
  name,
  { array: { structure } },
];
const group = (
  name: string,
  ...structure: readonly (string | readonly [string, Shape])[]
): readonly [string, Shape] => [name, { structure }];

const SCALER_UNIT = group('scaler_unit', 'scaler', 'unit');
const OBJECT = ['class_id', ln(), 'attribute_index', 'data_index'] as const;
const VALUE_DEFINITION = ['class_id', ln(), 'attribute_index'] as const;
const SCRIPT = [ln('script_logical_name'), 'script_selector'] as const;
const ACTION_SET = ['service_id', 'class_id', ln(), 'index', 'parameter'] as const;
const WINDOW = [when('start_time'), when('end_time')] as const;
const SEASON = ['season_profile_name', when('season_start'), 'week_name'] as const;
const WEEK = [
  'week_profile_name',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const;
const DAY = ['day_id', list('day_schedule', when('start_time'), ...SCRIPT)] as const;
const USER = ['user_id', 'user_name'] as const;
const ACCESS_RIGHTS = group(
  'access_rights',
  list('attributes', 'attribute_id', 'access_mode', 'access_selectors'),
  list('methods', 'method_id', 'access_mode'),
);

const UNIT_CHARGE = [
  group('charge_per_unit_scaling', 'commodity_scale', 'price_scale'),
  group('commodity', ...VALUE_DEFINITION),
  list('charge_table', 'index', 'charge_per_unit'),
] as const;

/** By class id. */
export const CLASSES: Readonly<Record<number, InterfaceClass>> = {
  1: {
    name: 'Data',
    kind: 'value',
    attributes: ['value'],
    methods: [],
    codes: ['0:42', '0:43.1', '0:96-97', '*:96.0-10', '*:0.0-2', '*:0.9'],
  },
  3: {
    name: 'Register',
    kind: 'value',
    attributes: ['value', SCALER_UNIT],
    methods: ['reset'],
    values: { 2: { scale: 3, status: null, capture: null } },
    methodsAt: 0x28,
    codes: ['0:96.8'],
  },
  4: {
    name: 'Extended register',
    kind: 'value',
    attributes: ['value', SCALER_UNIT, 'status', at('capture_time')],
    methods: ['reset'],
    values: { 2: { scale: 3, status: 4, capture: 5 } },
    methodsAt: 0x38,
    // 0:24.2: M-Bus values on channels 1 to 4. IEC 62056-6-1, abstract objects, C = 24.
    codes: ['0:24.2', '1:1-80.[6,16,26]', '[4-9]:1-8.2'],
  },
  5: {
    name: 'Demand register',
    kind: 'value',
    attributes: [
      'current_average_value',
      'last_average_value',
      SCALER_UNIT,
      'status',
      at('capture_time'),
      at('start_time_current'),
      'period',
      'number_of_periods',
    ],
    methods: ['reset', 'next_period'],
    // Status and capture belong to the last average, not to the running one. IEC 62056-6-2, 4.3.4.
    values: {
      2: { scale: 4, status: null, capture: null },
      3: { scale: 4, status: 5, capture: 6 },
    },
    methodsAt: 0x48,
    codes: ['1:1-80.[4,5,14,15]'],
  },
  6: {
    name: 'Register activation',
    kind: 'control',
    attributes: [
      list('register_assignment', 'class_id', ln()),
      list('mask_list', 'mask_name', 'index_list'),
      'active_mask',
    ],
    methods: ['add_register', 'add_mask', 'delete_mask'],
    methodsAt: 0x30,
  },
  7: {
    name: 'Profile generic',
    kind: 'profile',
    attributes: [
      'buffer',
      list('capture_objects', ...OBJECT),
      'capture_period',
      'sort_method',
      group('sort_object', ...OBJECT),
      'entries_in_use',
      'profile_entries',
    ],
    methods: ['reset', 'capture'],
    methodsAt: 0x58,
    codes: ['*:98-99'],
  },
  8: {
    name: 'Clock',
    kind: 'clock',
    attributes: [
      at('time'),
      'time_zone',
      'status',
      when('daylight_savings_begin'),
      when('daylight_savings_end'),
      'daylight_savings_deviation',
      'daylight_savings_enabled',
      'clock_base',
    ],
    methods: [
      'adjust_to_quarter',
      'adjust_to_measuring_period',
      'adjust_to_minute',
      'adjust_to_preset_time',
      'preset_adjusting_time',
      'shift_time',
    ],
    methodsAt: 0x60,
    codes: ['0:1.0'],
  },
  9: {
    name: 'Script table',
    kind: 'control',
    attributes: [list('scripts', 'script_identifier', list('actions', ...ACTION_SET))],
    methods: ['execute'],
    methodsAt: 0x20,
    codes: ['0:10'],
  },
  10: {
    name: 'Schedule',
    kind: 'control',
    attributes: [
      list(
        'entries',
        'index',
        'enable',
        ...SCRIPT,
        when('switch_time'),
        'validity_window',
        'exec_weekdays',
        'exec_specdays',
        when('begin_date'),
        when('end_date'),
      ),
    ],
    methods: ['enable_disable', 'insert', 'delete'],
  },
  11: {
    name: 'Special days table',
    kind: 'control',
    attributes: [list('entries', 'index', when('specialday_date'), 'day_id')],
    methods: ['insert', 'delete'],
    methodsAt: 0x10,
    codes: ['0:11'],
  },
  12: {
    name: 'Association SN',
    kind: 'access',
    attributes: [
      list('object_list', 'base_name', 'class_id', 'version', ln()),
      'access_rights_list',
      ln('security_setup_reference'),
      list('user_list', ...USER),
      group('current_user', ...USER),
    ],
    methods: [
      'reserved_from_previous_versions_1',
      'reserved_from_previous_versions_2',
      'read_by_logicalname',
      'reserved_from_previous_versions_4',
      'change_secret',
      'reserved_from_previous_versions_6',
      'reserved_from_previous_versions_7',
      'reply_to_hls_authentication',
    ],
    methodsAt: 0x20,
  },
  15: {
    name: 'Association LN',
    kind: 'access',
    attributes: [
      list('object_list', 'class_id', 'version', ln(), ACCESS_RIGHTS),
      group('associated_partners_id', 'client_sap', 'server_sap'),
      ['application_context_name', 'object-identifier'],
      group(
        'xdlms_context_info',
        'conformance',
        'max_receive_pdu_size',
        'max_send_pdu_size',
        'dlms_version_number',
        'quality_of_service',
        'cyphering_info',
      ),
      ['authentication_mechanism_name', 'object-identifier'],
      'secret',
      'association_status',
      ln('security_setup_reference'),
      list('user_list', ...USER),
      group('current_user', ...USER),
    ],
    methods: [
      'reply_to_hls_authentication',
      'change_hls_secret',
      'add_object',
      'remove_object',
      'add_user',
      'remove_user',
    ],
    codes: ['0:40'],
  },
  17: {
    name: 'SAP assignment',
    kind: 'access',
    attributes: [list('sap_assignment_list', 'sap', 'logical_device_name')],
    methods: ['connect_logical_device'],
    methodsAt: 0x20,
    codes: ['0:41'],
  },
  18: {
    name: 'Image transfer',
    kind: 'control',
    attributes: [
      'image_block_size',
      'image_transferred_blocks_status',
      'image_first_not_transferred_block_number',
      'image_transfer_enabled',
      'image_transfer_status',
      list('image_to_activate_info', 'size', 'identification', 'signature'),
    ],
    methods: ['image_transfer_initiate', 'image_block_transfer', 'image_verify', 'image_activate'],
    methodsAt: 0x40,
    codes: ['0:12', '0:44'],
  },
  19: {
    name: 'IEC local port setup',
    kind: 'communication',
    attributes: [
      'default_mode',
      'default_baud',
      'prop_baud',
      'response_time',
      'device_addr',
      'pass_p1',
      'pass_p2',
      'pass_w5',
    ],
    methods: [],
    codes: ['0:19'],
  },
  20: {
    name: 'Activity calendar',
    kind: 'control',
    attributes: [
      'calendar_name_active',
      list('season_profile_active', ...SEASON),
      list('week_profile_table_active', ...WEEK),
      list('day_profile_table_active', ...DAY),
      'calendar_name_passive',
      list('season_profile_passive', ...SEASON),
      list('week_profile_table_passive', ...WEEK),
      list('day_profile_table_passive', ...DAY),
      at('activate_passive_calendar_time'),
    ],
    methods: ['activate_passive_calendar'],
    methodsAt: 0x50,
    codes: ['0:13'],
  },
  21: {
    name: 'Register monitor',
    kind: 'control',
    attributes: [
      'thresholds',
      group('monitored_value', ...VALUE_DEFINITION),
      list('actions', group('action_up', ...SCRIPT), group('action_down', ...SCRIPT)),
    ],
    methods: [],
  },
  22: {
    name: 'Single action schedule',
    kind: 'control',
    attributes: [group('executed_script', ...SCRIPT), 'type', list('execution_time', when('time'), when('date'))],
    methods: [],
    codes: ['0:15'],
  },
  23: {
    name: 'IEC HDLC setup',
    kind: 'communication',
    attributes: [
      'comm_speed',
      'window_size_transmit',
      'window_size_receive',
      'max_info_field_length_transmit',
      'max_info_field_length_receive',
      'inter_octet_time_out',
      'inactivity_time_out',
      'device_address',
    ],
    methods: [],
    codes: ['0:22'],
  },
  24: {
    name: 'IEC twisted pair setup',
    kind: 'communication',
    attributes: ['mode', 'speed', 'primary_address_list', 'tabi_list'],
    methods: [],
  },
  25: {
    name: 'M-Bus slave port setup',
    kind: 'communication',
    attributes: ['default_baud', 'avail_baud', 'addr_state', 'bus_address'],
    methods: [],
  },
  26: { name: 'Utility tables', kind: 'control', attributes: ['table_id', 'length', 'buffer'], methods: [] },
  27: {
    name: 'Modem configuration',
    kind: 'communication',
    attributes: ['comm_speed', 'initialization_string', 'modem_profile'],
    methods: [],
  },
  28: {
    name: 'Auto answer',
    kind: 'communication',
    attributes: [
      'mode',
      list('listening_window', ...WINDOW),
      'status',
      'number_of_calls',
      'number_of_rings',
      list('list_of_allowed_callers', 'caller_id', 'call_type'),
    ],
    methods: [],
  },
  29: {
    name: 'Auto connect',
    kind: 'communication',
    attributes: ['mode', 'repetitions', 'repetition_delay', list('calling_window', ...WINDOW), 'destination_list'],
    methods: ['connect'],
  },
  30: {
    name: 'Data protection',
    kind: 'access',
    attributes: [
      'protection_buffer',
      list('protection_object_list', ...OBJECT),
      'protection_parameters_get',
      'protection_parameters_set',
      'required_protection',
    ],
    methods: ['get_protected_attributes', 'set_protected_attributes', 'invoke_protected_method'],
  },
  40: {
    name: 'Push setup',
    kind: 'control',
    attributes: [
      list('push_object_list', ...OBJECT),
      group('send_destination_and_method', 'transport_service', 'destination', 'message'),
      list('communication_window', ...WINDOW),
      'randomisation_start_interval',
      'number_of_retries',
      'repetition_delay',
      ln('port_reference'),
      'push_client_sap',
      'push_protection_parameters',
      'push_operation_method',
      group('confirmation_parameters', 'confirmation_start_date', 'confirmation_interval'),
      at('last_confirmation_date_time'),
    ],
    methods: ['push', 'reset'],
    codes: ['0:25.9'],
  },
  41: {
    name: 'TCP-UDP setup',
    kind: 'communication',
    attributes: ['port', ln('ip_reference'), 'mss', 'nb_of_sim_conn', 'inactivity_time_out'],
    methods: [],
    codes: ['0:25.0'],
  },
  42: {
    name: 'IPv4 setup',
    kind: 'communication',
    attributes: [
      ln('dl_reference'),
      ipv4('ip_address'),
      ['multicast_ip_address', { array: 'ipv4' }],
      list('ip_options', 'ip_option_type', 'ip_option_length', 'ip_option_data'),
      ipv4('subnet_mask'),
      ipv4('gateway_ip_address'),
      'use_dhcp_flag',
      ipv4('primary_dns_address'),
      ipv4('secondary_dns_address'),
    ],
    methods: ['add_mc_ip_address', 'delete_mc_ip_address', 'get_nbof_mc_ip_addresses'],
    methodsAt: 0x60,
    codes: ['0:25.1'],
  },
  43: { name: 'MAC address setup', kind: 'communication', attributes: ['mac_address'], methods: [] },
  44: {
    name: 'PPP setup',
    kind: 'communication',
    attributes: [ln('phy_reference'), 'lcp_options', 'ipcp_options', 'ppp_authentication'],
    methods: [],
  },
  45: {
    name: 'GPRS modem setup',
    kind: 'communication',
    attributes: ['apn', 'pin_code', group('quality_of_service', 'default', 'requested')],
    methods: [],
  },
  46: {
    name: 'SMTP setup',
    kind: 'communication',
    attributes: ['server_port', 'user_name', 'login_password', 'server_address', 'sender_address'],
    methods: [],
  },
  47: {
    name: 'GSM diagnostic',
    kind: 'communication',
    attributes: [
      'operator',
      'status',
      'cs_attachment',
      'ps_status',
      group('cell_info', 'cell_id', 'location_id', 'signal_quality', 'ber', 'mcc', 'mnc', 'channel_number'),
      list('adjacent_cells', 'cell_id', 'signal_quality'),
      at('capture_time'),
    ],
    methods: [],
  },
  48: {
    name: 'IPv6 setup',
    kind: 'communication',
    attributes: [
      ln('dl_reference'),
      'address_config_mode',
      'unicast_ipv6_addresses',
      'multicast_ipv6_addresses',
      'gateway_ipv6_addresses',
      'primary_dns_address',
      'secondary_dns_address',
      'traffic_class',
      'neighbor_discovery_setup',
    ],
    methods: ['add_ipv6_address', 'remove_ipv6_address'],
  },
  50: {
    name: 'S-FSK Phy and MAC setup',
    kind: 'communication',
    attributes: [
      'initiator_electrical_phase',
      'delta_electrical_phase',
      'max_receiving_gain',
      'max_transmitting_gain',
      'search_initiator_threshold',
      'frequencies',
      'mac_address',
      'mac_group_addresses',
      'repeater',
      'repeater_status',
      'min_delta_credit',
      'initiator_mac_address',
      'synchronization_locked',
      'transmission_speed',
    ],
    methods: [],
  },
  51: {
    name: 'S-FSK active initiator',
    kind: 'communication',
    attributes: [group('active_initiator', 'system_title', 'mac_address', 'l_sap_selector')],
    methods: ['reset_new_not_synchronized'],
  },
  52: {
    name: 'S-FSK MAC synchronization timeouts',
    kind: 'communication',
    attributes: [
      'search_initiator_timeout',
      'synchronization_confirmation_timeout',
      'time_out_not_addressed',
      'time_out_frame_not_ok',
    ],
    methods: [],
  },
  53: {
    name: 'S-FSK MAC counters',
    kind: 'communication',
    attributes: [
      list('synchronization_register', 'mac_address', 'synchronizations_counter'),
      'desynchronization_listing',
      'broadcast_frames_counter',
      'repetitions_counter',
      'transmissions_counter',
      'crc_ok_frames_counter',
      'crc_nok_frames_counter',
    ],
    methods: ['reset'],
  },
  55: {
    name: 'IEC 61334-4-32 LLC setup',
    kind: 'communication',
    attributes: ['max_frame_length', 'reply_status_list'],
    methods: [],
  },
  56: {
    name: 'S-FSK reporting system list',
    kind: 'communication',
    attributes: ['reporting_system_list'],
    methods: [],
  },
  57: {
    name: 'ISO/IEC 8802-2 LLC type 1 setup',
    kind: 'communication',
    attributes: ['max_octets_ui_pdu'],
    methods: [],
  },
  58: {
    name: 'ISO/IEC 8802-2 LLC type 2 setup',
    kind: 'communication',
    attributes: [
      'transmit_window_size_k',
      'receive_window_size_rw',
      'max_octets_i_pdu_n1',
      'max_number_transmissions_n2',
      'acknowledgement_timer',
      'p_bit_timer',
      'reject_timer',
      'busy_state_timer',
    ],
    methods: [],
  },
  59: {
    name: 'ISO/IEC 8802-2 LLC type 3 setup',
    kind: 'communication',
    attributes: [
      'max_octets_acn_pdu_n3',
      'max_number_transmissions_n4',
      'acknowledgement_time_t1',
      'receive_lifetime_var_t2',
      'transmit_lifetime_var_t3',
    ],
    methods: [],
  },
  61: {
    name: 'Register table',
    kind: 'other',
    attributes: [
      'table_cell_values',
      group('table_cell_definition', 'class_id', ln(), 'group_e_values', 'attribute_index'),
      SCALER_UNIT,
    ],
    methods: ['reset', 'capture'],
    methodsAt: 0x28,
  },
  62: {
    name: 'Compact data',
    kind: 'control',
    attributes: [
      'compact_buffer',
      list('capture_objects', ...OBJECT),
      'template_id',
      'template_description',
      'capture_method',
    ],
    methods: ['reset', 'capture'],
  },
  63: {
    name: 'Status mapping',
    kind: 'control',
    attributes: ['status_word', group('mapping_table', 'ref_table_id', 'ref_table_mapping')],
    methods: [],
  },
  64: {
    name: 'Security setup',
    kind: 'access',
    attributes: [
      'security_policy',
      'security_suite',
      'client_system_title',
      'server_system_title',
      list(
        'certificates',
        'certificate_entity',
        'certificate_type',
        'serial_number',
        'issuer',
        'subject',
        'subject_alt_name',
      ),
    ],
    methods: [
      'security_activate',
      'key_transfer',
      'key_agreement',
      'generate_key_pair',
      'generate_certificate_request',
      'import_certificate',
      'export_certificate',
      'remove_certificate',
    ],
    methodsAt: 0x30,
    codes: ['0:43.0'],
  },
  65: {
    name: 'Parameter monitor',
    kind: 'control',
    attributes: [
      group('changed_parameter', ...VALUE_DEFINITION, 'attribute_value'),
      at('capture_time'),
      list('parameter_list', ...VALUE_DEFINITION),
    ],
    methods: ['add_parameter', 'delete_parameter'],
  },
  67: {
    name: 'Sensor manager',
    kind: 'control',
    attributes: [
      'serial_number',
      'metrological_identification',
      'output_type',
      'adjustment_method',
      'sealing_method',
      'raw_value',
      SCALER_UNIT,
      'status',
      at('capture_time'),
      'raw_value_thresholds',
      'raw_value_actions',
      'processed_value',
      'processed_value_thresholds',
      'processed_value_actions',
    ],
    methods: ['reset'],
    values: { 7: { scale: 8, status: null, capture: null } },
  },
  68: {
    name: 'Arbitrator',
    kind: 'control',
    attributes: [
      list('actions', ...SCRIPT),
      'permissions_table',
      'weightings_table',
      'most_recent_requests_table',
      'last_outcome',
    ],
    methods: ['request_action', 'reset'],
  },
  70: {
    name: 'Disconnect control',
    kind: 'control',
    attributes: ['output_state', 'control_state', 'control_mode'],
    methods: ['remote_disconnect', 'remote_reconnect'],
    methodsAt: 0x20,
    codes: ['0:96.3.10'],
  },
  71: {
    name: 'Limiter',
    kind: 'control',
    attributes: [
      group('monitored_value', ...VALUE_DEFINITION),
      'threshold_active',
      'threshold_normal',
      'threshold_emergency',
      'min_over_threshold_duration',
      'min_under_threshold_duration',
      group('emergency_profile', 'emergency_profile_id', at('emergency_activation_time'), 'emergency_duration'),
      'emergency_profile_group_id_list',
      'emergency_profile_active',
      group('actions', group('action_over_threshold', ...SCRIPT), group('action_under_threshold', ...SCRIPT)),
    ],
    methods: [],
    codes: ['0:17'],
  },
  72: {
    name: 'M-Bus client',
    kind: 'communication',
    attributes: [
      ln('mbus_port_reference'),
      list('capture_definition', 'data_information_block', 'value_information_block'),
      'capture_period',
      'primary_address',
      'identification_number',
      'manufacturer_id',
      'version',
      'device_type',
      'access_number',
      'status',
      'alarm',
      'configuration',
      'encryption_key_status',
    ],
    methods: [
      'slave_install',
      'slave_deinstall',
      'capture',
      'reset_alarm',
      'synchronize_clock',
      'data_send',
      'set_encryption_key',
      'transfer_key',
    ],
    codes: ['0:24.1'],
  },
  73: {
    name: 'Wireless mode Q channel',
    kind: 'communication',
    attributes: ['addr_state', 'device_address', 'address_mask'],
    methods: [],
  },
  74: { name: 'M-Bus master port setup', kind: 'communication', attributes: ['comm_speed'], methods: [] },
  76: {
    name: 'DLMS/COSEM server M-Bus port setup',
    kind: 'communication',
    attributes: [
      'm_bus_profile_selection',
      'm_bus_port_communication_status',
      'm_bus_data_header_type',
      'primary_address',
      'identification_number',
      'manufacturer_id',
      'version',
      'device_type',
      'max_pdu_size',
      list('listening_window', ...WINDOW),
    ],
    methods: [],
  },
  77: {
    name: 'M-Bus diagnostic',
    kind: 'communication',
    attributes: [
      'received_signal_strength',
      'channel_id',
      'link_status',
      'broadcast_frames_counter',
      'transmissions_counter',
      'fcs_ok_frames_counter',
      'fcs_nok_frames_counter',
      at('capture_time'),
    ],
    methods: ['reset'],
  },
  80: {
    name: 'IEC 61334-4-32 LLC SSCS setup',
    kind: 'communication',
    attributes: ['service_node_address', 'base_node_address'],
    methods: ['reset'],
  },
  81: {
    name: 'PRIME NB OFDM PLC physical layer counters',
    kind: 'communication',
    attributes: [
      'phy_stats_crc_incorrect_count',
      'phy_stats_crc_fail_count',
      'phy_stats_tx_drop_count',
      'phy_stats_rx_drop_count',
    ],
    methods: ['reset'],
  },
  82: {
    name: 'PRIME NB OFDM PLC MAC setup',
    kind: 'communication',
    attributes: [
      'mac_min_switch_search_time',
      'mac_max_promotion_pdu',
      'mac_promotion_pdu_tx_period',
      'mac_beacons_per_frame',
      'mac_scp_max_tx_attempts',
      'mac_ctl_re_tx_timer',
      'mac_max_ctl_re_tx',
    ],
    methods: [],
  },
  83: {
    name: 'PRIME NB OFDM PLC MAC functional parameters',
    kind: 'communication',
    attributes: [
      'mac_lnid',
      'mac_lsid',
      'mac_sid',
      'mac_sna',
      'mac_state',
      'mac_scp_length',
      'mac_node_hierarchy_level',
      'mac_beacon_slot_count',
      'mac_beacon_rx_slot',
      'mac_beacon_tx_slot',
      'mac_beacon_rx_frequency',
      'mac_beacon_tx_frequency',
      'mac_capabilities',
    ],
    methods: [],
  },
  84: {
    name: 'PRIME NB OFDM PLC MAC counters',
    kind: 'communication',
    attributes: [
      'mac_tx_data_pkt_count',
      'mac_rx_data_pkt_count',
      'mac_tx_ctrl_pkt_count',
      'mac_rx_ctrl_pkt_count',
      'mac_csma_fail_count',
      'mac_csma_ch_busy_count',
    ],
    methods: ['reset'],
  },
  85: {
    name: 'PRIME NB OFDM PLC MAC network administration data',
    kind: 'communication',
    attributes: [
      'mac_list_multicast_entries',
      'mac_list_switch_table',
      'mac_list_direct_table',
      'mac_list_available_switches',
      'mac_list_phy_comm',
    ],
    methods: ['reset'],
  },
  86: {
    name: 'PRIME NB OFDM PLC application identification',
    kind: 'communication',
    attributes: ['firmware_version', 'vendor_id', 'product_id'],
    methods: [],
  },
  90: {
    name: 'G3-PLC MAC layer counters',
    kind: 'communication',
    attributes: [
      'mac_tx_data_packet_count',
      'mac_rx_data_packet_count',
      'mac_tx_cmd_packet_count',
      'mac_rx_cmd_packet_count',
      'mac_csma_fail_count',
      'mac_csma_no_ack_count',
      'mac_bad_crc_count',
      'mac_tx_data_broadcast_count',
      'mac_rx_data_broadcast_count',
    ],
    methods: ['reset'],
  },
  91: {
    name: 'G3-PLC MAC setup',
    kind: 'communication',
    attributes: [
      'mac_short_address',
      'mac_rc_coord',
      'mac_pan_id',
      'mac_key_table',
      'mac_frame_counter',
      'mac_tone_mask',
      'mac_tmr_ttl',
      'mac_max_frame_retries',
      'mac_neighbour_table_entry_ttl',
      'mac_neighbour_table',
      'mac_high_priority_window_size',
      'mac_csma_fairness_limit',
      'mac_beacon_randomization_window_length',
      'mac_a',
      'mac_k',
      'mac_min_cw_attempts',
      'mac_cenelec_legacy_mode',
      'mac_fcc_legacy_mode',
      'mac_max_be',
      'mac_max_csma_backoffs',
      'mac_min_be',
    ],
    methods: ['mac_get_neighbour_table_entry'],
  },
  92: {
    name: 'G3-PLC 6LoWPAN adaptation layer setup',
    kind: 'communication',
    attributes: [
      'adp_max_hops',
      'adp_weak_lqi_value',
      'adp_security_level',
      'adp_prefix_table',
      'adp_routing_configuration',
      'adp_broadcast_log_table_entry_ttl',
      'adp_routing_table',
      'adp_context_information_table',
      'adp_blacklist_table',
      'adp_broadcast_log_table',
      'adp_group_table',
      'adp_max_join_wait_time',
      'adp_path_discovery_time',
      'adp_active_key_index',
      'adp_metric_type',
      'adp_coord_short_address',
      'adp_disable_default_routing',
      'adp_device_type',
    ],
    methods: [],
  },
  100: {
    name: 'NTP setup',
    kind: 'communication',
    attributes: [
      'activated',
      'server_address',
      'server_port',
      'authentication_method',
      'authentication_keys',
      'client_key',
    ],
    methods: ['synchronize', 'add_authentication_key', 'delete_authentication_key'],
  },
  101: {
    name: 'ZigBee SAS startup',
    kind: 'communication',
    attributes: [
      'short_address',
      'extended_pan_id',
      'pan_id',
      'channel_mask',
      'protocol_version',
      'stack_profile',
      'start_up_control',
      'trust_centre_address',
      'link_key',
      'network_key',
      'use_insecure_join',
    ],
    methods: [],
  },
  102: {
    name: 'ZigBee SAS join',
    kind: 'communication',
    attributes: ['scan_attempts', 'time_between_scans', 'rejoin_interval', 'rejoin_retry_interval'],
    methods: [],
  },
  103: {
    name: 'ZigBee SAS APS fragmentation',
    kind: 'communication',
    attributes: ['aps_interframe_delay', 'aps_max_window_size'],
    methods: [],
  },
  105: {
    name: 'ZigBee tunnel setup',
    kind: 'communication',
    attributes: [
      'max_incoming_transfer_size',
      'max_outgoing_transfer_size',
      'protocol_address',
      'close_tunnel_timeout',
    ],
    methods: [],
  },
  111: {
    name: 'Account',
    kind: 'other',
    attributes: [
      group('account_mode_and_status', 'account_mode', 'account_status'),
      'current_credit_in_use',
      'current_credit_status',
      'available_credit',
      'amount_to_clear',
      'clearance_threshold',
      'aggregated_debt',
      ['credit_reference_list', { array: 'logical-name' }],
      ['charge_reference_list', { array: 'logical-name' }],
      list('credit_charge_configuration', ln('credit_reference'), ln('charge_reference'), 'collection_configuration'),
      list('token_gateway_configuration', ln('credit_reference'), 'token_proportion'),
      at('account_activation_time'),
      at('account_closure_time'),
      group('currency', 'currency_name', 'currency_scale', 'currency_unit'),
      'low_credit_threshold',
      'next_credit_available_threshold',
      'max_provision',
      'max_provision_period',
    ],
    methods: ['activate_account', 'close_account', 'reset_account'],
  },
  112: {
    name: 'Credit',
    kind: 'other',
    attributes: [
      'current_credit_amount',
      'credit_type',
      'priority',
      'warning_threshold',
      'limit',
      'credit_configuration',
      'credit_status',
      'preset_credit_amount',
      'credit_available_threshold',
      when('period'),
    ],
    methods: ['update_amount', 'set_amount_to_value', 'invoke_credit'],
  },
  113: {
    name: 'Charge',
    kind: 'other',
    attributes: [
      'total_amount_paid',
      'charge_type',
      'priority',
      group('unit_charge_active', ...UNIT_CHARGE),
      group('unit_charge_passive', ...UNIT_CHARGE),
      at('unit_charge_activation_time'),
      'period',
      'charge_configuration',
      at('last_collection_time'),
      'last_collection_amount',
      'total_amount_remaining',
      'proportion',
    ],
    methods: [
      'update_unit_charge',
      'activate_passive_unit_charge',
      'collect',
      'update_total_amount_remaining',
      'set_total_amount_remaining',
    ],
  },
  115: {
    name: 'Token gateway',
    kind: 'other',
    attributes: ['token', at('token_time'), 'token_description', 'token_delivery_method', 'token_status'],
    methods: ['enter'],
  },
  116: {
    name: 'IEC 62055-41 attributes',
    kind: 'other',
    attributes: [
      'meter_pan',
      'commodity',
      'token_carrier_types',
      'encryption_algorithm',
      'supply_group_code',
      'tariff_index',
      'key_revision_number',
      'key_type',
      'key_expiry_number',
      'no_of_kct_supported',
      'sts_certificate_no',
    ],
    methods: [],
  },
  122: {
    name: 'Function control',
    kind: 'control',
    attributes: [list('activation_status', 'function_name', 'function_status'), 'function_list'],
    methods: ['set_function_status', 'add_function', 'remove_function'],
  },
  123: {
    name: 'Array manager',
    kind: 'control',
    attributes: [list('array_object_list', 'array_object_index', group('array_object', ...VALUE_DEFINITION))],
    methods: ['retrieve_number_of_entries', 'retrieve_entries', 'insert_entries', 'update_entries', 'remove_entries'],
  },
  124: {
    name: 'Communication port protection',
    kind: 'access',
    attributes: [
      'protection_mode',
      'allowed_failed_attempts',
      'initial_lockout_time',
      'steepness_factor',
      'max_lockout_time',
      ln('port_reference'),
      'protection_status',
      'failed_attempts',
      'cumulative_failed_attempts',
    ],
    methods: ['reset'],
  },
  151: {
    name: 'LTE monitoring',
    kind: 'communication',
    attributes: ['lte_network_parameters', 'lte_quality_of_service'],
    methods: [],
  },
  152: {
    name: 'CoAP setup',
    kind: 'communication',
    attributes: [
      ln('udp_reference'),
      'ack_timeout',
      'ack_random_factor',
      'max_retransmit',
      'nstart',
      'delay_ack_timeout',
      'exponential_back_off',
      'probing_rate',
      'coap_uri_path',
      'transport_mode',
      'wrapper_version',
      'token_length',
    ],
    methods: [],
  },
  153: {
    name: 'CoAP diagnostic',
    kind: 'communication',
    attributes: ['messages_counter', 'request_response_counter', 'bt_counter', at('capture_time')],
    methods: ['reset'],
  },
};
