// The list of presets in a form.

import { typed } from './fields';
import { grouped, type Preset } from './presets';
import { language, sayIfKnown } from './words';

/** Fills `list` with the presets that say something about this form; `take` gets the one that is chosen. */
export function presetList(list: JQuery, says: (preset: Preset) => boolean, take: (preset: Preset) => void): void {
  void $.getJSON(`resources/${PACKAGE}/presets.json`).done((all: readonly Preset[]) => {
    const known = all.filter(says);
    for (const { country, presets } of grouped(known, language())) {
      const group = country === '' ? list : $('<optgroup>').attr('label', country).appendTo(list);
      for (const { id, label } of presets) {
        $('<option>')
          .val(id)
          .text(sayIfKnown(`preset.${id}`) ?? label)
          .appendTo(group);
      }
    }
    list.on('change', () => {
      const chosen = known.find(preset => preset.id === typed(list));
      if (chosen !== undefined) take(chosen);
    });
  });
}
