// Which table of OBIS texts a language tag gets: "de-AT" is German, "no" and "nn" are bokmål, an unknown one is English.
// The rule of the file: the only place that knows which languages there are, and it loads none before it is asked for.

import type { ObisTexts } from '../../core/obis/obis-texts-compose';
import { ENGLISH } from '../../core/obis/obis-texts-en';

/** The languages that have their own texts, English first. */
export const OBIS_LANGUAGES = ['en', 'de', 'fr', 'it', 'nb', 'nl'] as const;

/** The texts for a language tag (BCP 47, any case, "_" as well as "-"); English where there are none. */
export function obisTexts(language: string): ObisTexts {
  // Not imported above: all five cost a start of Node-RED 6 to 9 ms, and a flow needs one of them or none.
  // require keeps each loaded, so a table is built once and is the same object every time.
  switch (language.trim().toLowerCase().split(/[-_]/, 1)[0]) {
    case 'de':
      return (require('../../core/obis/obis-texts-de') as { GERMAN: ObisTexts }).GERMAN;
    case 'fr':
      return (require('../../core/obis/obis-texts-fr') as { FRENCH: ObisTexts }).FRENCH;
    case 'it':
      return (require('../../core/obis/obis-texts-it') as { ITALIAN: ObisTexts }).ITALIAN;
    case 'nb':
    case 'nn':
    case 'no':
      return (require('../../core/obis/obis-texts-nb') as { NORWEGIAN: ObisTexts }).NORWEGIAN;
    case 'nl':
      return (require('../../core/obis/obis-texts-nl') as { DUTCH: ObisTexts }).DUTCH;
    default:
      return ENGLISH;
  }
}
