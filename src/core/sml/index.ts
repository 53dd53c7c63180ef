// SML: what a file of a German meter says.

export { readSml, type SmlContents, type SmlOptions, type SmlTelegram } from './telegram';
