// Which OBIS texts a language tag gets: those of the folder of locales that fits it best, English where none does.
// The rule of the file: the only place that knows which languages there are. It asks the folder, and reads the texts of a
// language when they are first asked for.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { composeTexts, type ObisTexts } from '../../core/obis/obis-texts-compose';
import { ENGLISH, type Translation } from '../../core/obis/obis-texts-en';

/** The texts for a language tag (BCP 47, any case, "_" as well as "-"): "de-AT" is German, "no" and "nn" are bokmål. */
export function obisTexts(language: string): ObisTexts {
  return OURS.texts(language);
}

export class ObisLanguages {
  #folders: readonly string[] | null = null;
  readonly #texts = new Map<string, ObisTexts>();

  /** @param locales a folder for each language, with its obis.json in it */
  constructor(readonly locales: string) {}

  /** The languages that have texts of their own, besides English. */
  get folders(): readonly string[] {
    this.#folders ??= existsSync(this.locales)
      ? readdirSync(this.locales).filter(folder => FORMS.some(form => existsSync(this.#file(folder) + form)))
      : [];
    return this.#folders;
  }

  texts(language: string): ObisTexts {
    const folder = this.#folderOf(language);
    if (folder === null) return ENGLISH;
    let texts = this.#texts.get(folder);
    if (texts === undefined) {
      // A file of our own; scripts/missing-texts.ts compares its ids with the English ones.
      const words = JSON.parse(textIn(this.#file(folder))) as Translation;
      texts = composeTexts(words);
      this.#texts.set(folder, texts);
    }
    return texts;
  }

  /** The whole tag, or as much of its beginning as there is a folder for; at last a folder of the same language. */
  #folderOf(tag: string): string | null {
    // A tag comes from a browser; RFC 5646, 4.4.1 has 35 characters for the longest that is used.
    if (tag.length > LONGEST_TAG) return null;
    const [first = '', ...regions] = tag.trim().toLowerCase().split(/[-_]/);
    const language = CALLED[first] ?? first;
    for (let kept = regions.length; kept >= 0; kept--) {
      const wanted = [language, ...regions.slice(0, kept)].join('-');
      const found = this.folders.find(folder => folder.toLowerCase() === wanted);
      if (found !== undefined) return found;
    }
    return this.folders.find(folder => folder.toLowerCase().startsWith(`${language}-`)) ?? null;
  }

  #file(folder: string): string {
    return join(this.locales, folder, 'obis.json');
  }
}

function textIn(file: string): string {
  const form = FORMS.find(each => existsSync(file + each)) ?? '';
  const bytes = readFileSync(file + form);
  return (form === '' ? bytes : gunzipSync(bytes)).toString('utf8');
}

/** As written, and as packed: what is installed is to be small (scripts/pack.mjs). */
const FORMS = ['', '.gz'];
/** The build puts them there (scripts/obis-texts.mjs). */
const OURS = new ObisLanguages(join(__dirname, 'locales'));
/** Tags of a language that is written like another one, or was called otherwise. */
const CALLED: Readonly<Record<string, string>> = { no: 'nb', nn: 'nb' };

const LONGEST_TAG = 35;
