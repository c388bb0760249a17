// SPDX-License-Identifier: BSD-3-Clause
import { writeFileSync } from 'node:fs';
import { CONSTANTS, DIRECTORY, HEADER, LAYOUT_VERSION, MAGIC, SECTIONS } from './layout.js';
import { MESSAGES, MESSAGE_CONSTANTS } from './messages.js';
import { FIELD_SIZES, measure } from './records.js';
import type { RecordLayout } from './layout.js';

function struct(name: string, record: RecordLayout): string[] {
  const { offsets, size } = measure(record);
  const lines = [`/* ${record.doc} */`, `struct sl_${name} {`];
  for (const [field, type, doc] of record.fields) {
    const decl = type.startsWith('bytes')
      ? `uint8_t ${field}[${FIELD_SIZES[type][0]}]`
      : `uint${FIELD_SIZES[type][0] * 8}_t ${field}`;
    lines.push(`\t${decl};${doc ? ` /* ${doc} */` : ''}`);
  }
  lines.push('};', `static_assert(sizeof(struct sl_${name}) == ${size}, "${name}");`);
  for (const [field, offset] of offsets)
    lines.push(`static_assert(offsetof(struct sl_${name}, ${field}) == ${offset}, "${field}");`);
  return [...lines, ''];
}

/** The C header of the table image and of the other records both planes read. */
export function cHeader(): string {
  const lines = [
    '/* SPDX-License-Identifier: BSD-3-Clause */',
    '/* Generated from src/tables/layout.ts and messages.ts; do not edit. */',
    '#pragma once',
    '#include <assert.h>',
    '#include <stddef.h>',
    '#include <stdint.h>',
    '',
    `#define SL_IMAGE_MAGIC ${MAGIC}u`,
    `#define SL_IMAGE_LAYOUT ${LAYOUT_VERSION}u`,
    ...Object.entries({ ...CONSTANTS, ...MESSAGE_CONSTANTS }).map(
      ([name, value]) => `#define SL_${name} ${value}u`,
    ),
    '',
    'enum sl_image_section {',
    ...Object.entries(SECTIONS).map(([n, s]) => `\tSL_SECTION_${n.toUpperCase()} = ${s.id},`),
    '};',
    `#define SL_IMAGE_SECTIONS ${Object.keys(SECTIONS).length}u`,
    '',
    ...struct('image_header', HEADER),
    ...struct('image_directory', DIRECTORY),
    ...Object.entries(SECTIONS).flatMap(([name, record]) => struct(`image_${name}`, record)),
    ...Object.entries(MESSAGES).flatMap(([name, record]) => struct(name, record)),
  ];
  return lines.join('\n');
}

const out = process.argv[2];
if (process.argv[1]?.match(/[\\/]header\.[tj]s$/) && out) writeFileSync(out, cHeader());
