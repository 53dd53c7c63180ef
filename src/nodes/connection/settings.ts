// The properties of dlms-connection. The table lives in io, which reads it without a node, too.

export { CONNECTION } from '../../io/settings/connection-table';
