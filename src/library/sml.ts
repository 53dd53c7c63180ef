// The face `./sml`: the Smart Message Language of German meters, from the octets of one file to readings. Frames in a stream
// of bytes are found by `./push`.

export { readSml, type SmlContents, type SmlOptions, type SmlTelegram } from '../core/sml/telegram';
/** What some meters send otherwise than they mean it, with its evidence. */
export { SML_QUIRKS, type SmlQuirk } from '../core/sml/quirks';
