// The script that the forms share, as the page loads it: once for each form, of which the first counts, because it knows
// which forms are open.

import * as shared from './index';

declare global {
  interface Window {
    dlmsEditor?: typeof shared;
  }
}

window.dlmsEditor ??= shared;
