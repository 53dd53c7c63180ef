// The interface classes: what attributes and methods are called, and what their structures hold.
// IEC 62056-6-2, clause 5 (Blue Book, 4). One row a class; a class not listed is read all the same, without names.

/** How a Data is to be shown: names for the elements of structures, kinds for octet-strings. */
export type Shape =
  | 'logical-name'
  | 'date-time'
  | 'date'
  | 'time'
  | { readonly array: Shape }
  | { readonly structure: readonly (string | readonly [name: string, shape: Shape])[] };

export interface Attribute {
  readonly name: string;
  readonly shape?: Shape;
}

export interface InterfaceClass {
  readonly name: string;
  /** From attribute 2 on; attribute 1 is the logical name of every class. */
  readonly attributes: readonly (string | readonly [name: string, shape: Shape])[];
  /** From method 1 on. */
  readonly methods: readonly string[];
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

/** The attribute with scaler and unit for a value attribute; null where none belongs to it. */
export function scalerAttribute(classId: number, attribute: number): number | null {
  if ((classId === 3 || classId === 4) && attribute === 2) return 3;
  return classId === 5 && (attribute === 2 || attribute === 3) ? 4 : null;
}

/** The attributes that tell more of a value attribute: scale and unit, status, time of capture; null where it is no value. */
export function companionsOf(
  classId: number,
  attribute: number,
): { readonly scale: number; readonly status: number | null; readonly capture: number | null } | null {
  const scale = scalerAttribute(classId, attribute);
  if (scale === null) return null;
  if (classId === 4) return { scale, status: 4, capture: 5 };
  // Those of a demand register belong to its last average, not to the running one. IEC 62056-6-2, 4.3.4.
  return classId === 5 && attribute === 3 ? { scale, status: 5, capture: 6 } : { scale, status: null, capture: null };
}

const LOGICAL_NAME: Attribute = { name: 'logical_name', shape: 'logical-name' };

const ln = (name = 'logical_name'): readonly [string, Shape] => [name, 'logical-name'];
const at = (name: string): readonly [string, Shape] => [name, 'date-time'];
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
const WINDOW = [at('start_time'), at('end_time')] as const;
const ACCESS_RIGHTS = group(
  'access_rights',
  list('attributes', 'attribute_id', 'access_mode', 'access_selectors'),
  list('methods', 'method_id', 'access_mode'),
);

/** By class id. */
export const CLASSES: Readonly<Record<number, InterfaceClass>> = {
  1: { name: 'Data', attributes: ['value'], methods: [] },
  3: { name: 'Register', attributes: ['value', SCALER_UNIT], methods: ['reset'] },
  4: {
    name: 'Extended register',
    attributes: ['value', SCALER_UNIT, 'status', at('capture_time')],
    methods: ['reset'],
  },
  5: {
    name: 'Demand register',
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
  },
  6: {
    name: 'Register activation',
    attributes: [
      list('register_assignment', 'class_id', ln()),
      list('mask_list', 'mask_name', 'index_list'),
      'active_mask',
    ],
    methods: ['add_register', 'add_mask', 'delete_mask'],
  },
  7: {
    name: 'Profile generic',
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
  },
  8: {
    name: 'Clock',
    attributes: [
      at('time'),
      'time_zone',
      'status',
      at('daylight_savings_begin'),
      at('daylight_savings_end'),
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
  },
  9: {
    name: 'Script table',
    attributes: [list('scripts', 'script_identifier', list('actions', ...ACTION_SET))],
    methods: ['execute'],
  },
  10: {
    name: 'Schedule',
    attributes: [
      list(
        'entries',
        'index',
        'enable',
        ...SCRIPT,
        ['switch_time', 'time'],
        'validity_window',
        'exec_weekdays',
        'exec_specdays',
        ['begin_date', 'date'],
        ['end_date', 'date'],
      ),
    ],
    methods: ['enable_disable', 'insert', 'delete'],
  },
  11: {
    name: 'Special days table',
    attributes: [list('entries', 'index', ['specialday_date', 'date'], 'day_id')],
    methods: ['insert', 'delete'],
  },
  12: {
    name: 'Association SN',
    attributes: [
      list('object_list', 'base_name', 'class_id', 'version', ln()),
      'access_rights_list',
      'security_setup_reference',
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
  },
  15: {
    name: 'Association LN',
    attributes: [
      list('object_list', 'class_id', 'version', ln(), ACCESS_RIGHTS),
      group('associated_partners_id', 'client_sap', 'server_sap'),
      'application_context_name',
      group(
        'xdlms_context_info',
        'conformance',
        'max_receive_pdu_size',
        'max_send_pdu_size',
        'dlms_version_number',
        'quality_of_service',
        'cyphering_info',
      ),
      'authentication_mechanism_name',
      'secret',
      'association_status',
      ln('security_setup_reference'),
      'user_list',
      'current_user',
    ],
    methods: [
      'reply_to_hls_authentication',
      'change_hls_secret',
      'add_object',
      'remove_object',
      'add_user',
      'remove_user',
    ],
  },
  17: {
    name: 'SAP assignment',
    attributes: [list('sap_assignment_list', 'sap', 'logical_device_name')],
    methods: ['connect_logical_device'],
  },
  18: {
    name: 'Image transfer',
    attributes: [
      'image_block_size',
      'image_transferred_blocks_status',
      'image_first_not_transferred_block_number',
      'image_transfer_enabled',
      'image_transfer_status',
      list('image_to_activate_info', 'size', 'identification', 'signature'),
    ],
    methods: ['image_transfer_initiate', 'image_block_transfer', 'image_verify', 'image_activate'],
  },
  19: {
    name: 'IEC local port setup',
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
  },
  20: {
    name: 'Activity calendar',
    attributes: [
      'calendar_name_active',
      list('season_profile_active', 'season_profile_name', at('season_start'), 'week_name'),
      list(
        'week_profile_table_active',
        'week_profile_name',
        'monday',
        'tuesday',
        'wednesday',
        'thursday',
        'friday',
        'saturday',
        'sunday',
      ),
      list('day_profile_table_active', 'day_id', list('day_schedule', ['start_time', 'time'], ...SCRIPT)),
      'calendar_name_passive',
      list('season_profile_passive', 'season_profile_name', at('season_start'), 'week_name'),
      list(
        'week_profile_table_passive',
        'week_profile_name',
        'monday',
        'tuesday',
        'wednesday',
        'thursday',
        'friday',
        'saturday',
        'sunday',
      ),
      list('day_profile_table_passive', 'day_id', list('day_schedule', ['start_time', 'time'], ...SCRIPT)),
      at('activate_passive_calendar_time'),
    ],
    methods: ['activate_passive_calendar'],
  },
  21: {
    name: 'Register monitor',
    attributes: [
      'thresholds',
      group('monitored_value', ...VALUE_DEFINITION),
      list('actions', group('action_up', ...SCRIPT), group('action_down', ...SCRIPT)),
    ],
    methods: [],
  },
  22: {
    name: 'Single action schedule',
    attributes: [
      group('executed_script', ...SCRIPT),
      'type',
      list('execution_time', ['time', 'time'], ['date', 'date']),
    ],
    methods: [],
  },
  23: {
    name: 'IEC HDLC setup',
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
  },
  24: {
    name: 'IEC twisted pair setup',
    attributes: ['mode', 'speed', 'primary_address_list', 'tabi_list'],
    methods: [],
  },
  25: {
    name: 'M-Bus slave port setup',
    attributes: ['default_baud', 'avail_baud', 'addr_state', 'bus_address'],
    methods: [],
  },
  26: { name: 'Utility tables', attributes: ['table_id', 'length', 'buffer'], methods: [] },
  27: {
    name: 'Modem configuration',
    attributes: ['comm_speed', 'initialization_string', 'modem_profile'],
    methods: [],
  },
  28: {
    name: 'Auto answer',
    attributes: [
      'mode',
      list('listening_window', ...WINDOW),
      'status',
      'number_of_calls',
      'number_of_rings',
      'list_of_allowed_callers',
    ],
    methods: [],
  },
  29: {
    name: 'Auto connect',
    attributes: ['mode', 'repetitions', 'repetition_delay', list('calling_window', ...WINDOW), 'destination_list'],
    methods: ['connect'],
  },
  30: {
    name: 'Data protection',
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
    attributes: [
      list('push_object_list', ...OBJECT),
      group('send_destination_and_method', 'transport_service', 'destination', 'message'),
      list('communication_window', ...WINDOW),
      'randomisation_start_interval',
      'number_of_retries',
      'repetition_delay',
    ],
    methods: ['push'],
  },
  41: {
    name: 'TCP-UDP setup',
    attributes: ['port', ln('ip_reference'), 'mss', 'nb_of_sim_conn', 'inactivity_time_out'],
    methods: [],
  },
  42: {
    name: 'IPv4 setup',
    attributes: [
      ln('dl_reference'),
      'ip_address',
      'multicast_ip_address',
      'ip_options',
      'subnet_mask',
      'gateway_ip_address',
      'use_dhcp_flag',
      'primary_dns_address',
      'secondary_dns_address',
    ],
    methods: ['add_mc_ip_address', 'delete_mc_ip_address', 'get_nbof_mc_ip_addresses'],
  },
  43: { name: 'MAC address setup', attributes: ['mac_address'], methods: [] },
  44: {
    name: 'PPP setup',
    attributes: [ln('phy_reference'), 'lcp_options', 'ipcp_options', 'ppp_authentication'],
    methods: [],
  },
  45: {
    name: 'GPRS modem setup',
    attributes: ['apn', 'pin_code', group('quality_of_service', 'default', 'requested')],
    methods: [],
  },
  46: {
    name: 'SMTP setup',
    attributes: ['server_port', 'user_name', 'login_password', 'server_address', 'sender_address'],
    methods: [],
  },
  47: {
    name: 'GSM diagnostic',
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
  61: {
    name: 'Register table',
    attributes: [
      'table_cell_values',
      group('table_cell_definition', 'class_id', ln(), 'group_e_values', 'attribute_index'),
      SCALER_UNIT,
    ],
    methods: ['reset', 'capture'],
  },
  62: {
    name: 'Compact data',
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
    attributes: ['status_word', group('mapping_table', 'ref_table_id', 'ref_table_mapping')],
    methods: [],
  },
  64: {
    name: 'Security setup',
    attributes: ['security_policy', 'security_suite', 'client_system_title', 'server_system_title', 'certificates'],
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
  },
  65: {
    name: 'Parameter monitor',
    attributes: [
      group('changed_parameter', ...VALUE_DEFINITION, 'attribute_value'),
      at('capture_time'),
      list('parameter_list', ...VALUE_DEFINITION),
    ],
    methods: ['add_parameter', 'delete_parameter'],
  },
  67: {
    name: 'Sensor manager',
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
  },
  68: {
    name: 'Arbitrator',
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
    attributes: ['output_state', 'control_state', 'control_mode'],
    methods: ['remote_disconnect', 'remote_reconnect'],
  },
  71: {
    name: 'Limiter',
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
  },
  72: {
    name: 'M-Bus client',
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
  },
  73: { name: 'Wireless mode Q channel', attributes: ['addr_state', 'device_address', 'address_mask'], methods: [] },
  74: { name: 'M-Bus master port setup', attributes: ['comm_speed'], methods: [] },
  77: {
    name: 'M-Bus diagnostic',
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
  100: {
    name: 'NTP setup',
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
  111: { name: 'Account', attributes: [], methods: ['activate_account', 'close_account', 'reset_account'] },
  112: {
    name: 'Credit',
    attributes: [
      'current_credit_amount',
      'credit_type',
      'priority',
      'warning_threshold',
      'limit',
      'credit_configuration',
      'credit_status',
    ],
    methods: ['update_amount', 'set_amount_to_value', 'invoke_credit'],
  },
  113: {
    name: 'Charge',
    attributes: [],
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
    attributes: ['token', at('token_time'), 'token_description', 'token_delivery_method', 'token_status'],
    methods: ['enter'],
  },
  122: {
    name: 'Function control',
    attributes: ['activation_status', 'function_list'],
    methods: ['set_function_status', 'add_function', 'remove_function'],
  },
};
