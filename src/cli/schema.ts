// SPDX-License-Identifier: BSD-3-Clause
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { jsonSchema } from '../compiler/json-schema.js';

/** Where the generated JSON Schema of rule files lies, from the root of the project. */
export const SCHEMA_FILE = 'rules/sluice.schema.json';

/** Text of the generated file. */
export function schemaText(): string {
  return `${JSON.stringify(jsonSchema(), null, 2)}\n`;
}

// A tool of the project, run as a program of its own: `npx tsx src/cli/schema.ts`.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(SCHEMA_FILE, schemaText());
}
