// Prints docs/phases.md from the tables of src/core/client/phases.ts: `node dist/scripts/phases.js`; a test compares.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { phasesPage } from '../src/core/client/phases';

writeFileSync(join(process.cwd(), 'docs', 'phases.md'), phasesPage());
