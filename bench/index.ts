// Runs every benchmark of this folder, prints a table and then one line of JSON. `--short` or BENCH_SHORT=1: the smoke run;
// `--only=name`: one of them. Ends with 1 when an exact figure misses its goal.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { table, type Bench, type Figure } from './runner';

async function main(): Promise<void> {
  const short = process.argv.includes('--short') || process.env['BENCH_SHORT'] === '1';
  const only = process.argv.find(a => a.startsWith('--only='))?.slice('--only='.length);
  const figures: Figure[] = [];
  for (const bench of await load()) {
    if (only !== undefined && bench.name !== only) continue;
    process.stderr.write(`${bench.name} ...\n`);
    figures.push(...(await bench.run({ short })));
  }
  process.stdout.write(`${table(figures)}\n\n${JSON.stringify({ short, node: process.version, figures })}\n`);
  if (figures.some(f => f.exact && !f.met)) process.exitCode = 1;
}

/** Each file beside this one exports `benches`. */
async function load(): Promise<Bench[]> {
  const files = readdirSync(__dirname).filter(f => /^[a-z0-9-]+\.(js|ts)$/.test(f) && !NOT_BENCHES.test(f));
  const all: Bench[] = [];
  for (const file of files.sort()) {
    const module = (await import(join(__dirname, file))) as { benches?: readonly Bench[] };
    all.push(...(module.benches ?? []));
  }
  return all;
}

const NOT_BENCHES = /^(index|runner)\./;

void main();
