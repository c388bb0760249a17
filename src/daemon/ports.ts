// SPDX-License-Identifier: BSD-3-Clause
import type { Model } from '../compiler/model.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { quote } from '../diagnostics/text.js';

/** Interfaces that stand on no device: a file may be checked so, but not applied. */
export function portsMissing(model: Model): Diagnostic[] {
  return model.interfaces
    .filter(({ port, parent, tunnel }) => port === null && parent === null && tunnel === null)
    .map(({ name, at }) => ({
      code: 'port-missing',
      severity: 'error',
      message: `interface ${quote(name)} has no port`,
      ...at,
      hint: 'write port: {pci: …}, {mac: …} or {vdev: …}',
      related: [],
      excerpt: null,
    }));
}
