// Tables of settings, for the nodes and their forms. They live in io, because the connection's own is read there.

export * from '../../io/settings/table';
