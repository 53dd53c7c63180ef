// What the page of Node-RED's editor has beside the browser: RED, and the widgets that it adds to jQuery.
// The rule of the file: only what the types of @types/node-red lack or say otherwise than the editor does.

import type { EditorRED } from 'node-red';

declare global {
  /** The name in package.json, put in by the build. */
  const PACKAGE: string;

  const RED: Omit<EditorRED, '_' | 'tabs' | 'tray' | 'nodes'> & {
    /** The text of a key, or the key again where there is none. */
    _(key: string, facts?: Readonly<Record<string, unknown>>): string;
    readonly nodes: Omit<EditorRED['nodes'], 'registerType'> & {
      registerType(type: string, definition: object): void;
    };
    readonly tabs: {
      create(options: { id: string; onchange(tab: { readonly id: string }): void }): {
        addTab(tab: { id: string; label: string }): void;
        resize(): void;
      };
    };
    readonly tray: Omit<EditorRED['tray'], 'resize'> & { resize(): void };
  };

  interface JQuery {
    autoComplete(options: {
      minLength: number;
      search(typed: string, done: (rows: readonly SuggestionRow[]) => void): void;
    }): this;
    searchBox(options: { delay: number; change(): void }): this;
    treeList(options: { data: readonly TreeItem[] }): this;
    treeList(action: 'data', data: readonly TreeItem[]): void;
  }

  interface SuggestionRow {
    readonly value: string;
    readonly label: JQuery;
  }

  interface TreeItem {
    readonly label?: string;
    readonly element?: JQuery;
    readonly expanded?: boolean;
    readonly children?: readonly TreeItem[];
    checkbox?: boolean;
    selected?: boolean;
  }
}
