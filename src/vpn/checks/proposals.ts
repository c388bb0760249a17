// SPDX-License-Identifier: BSD-3-Clause
import type { Context } from '../../rulefile/context.js';
import { itemsOf } from '../../rulefile/schema.js';
import { judgeProposal } from '../proposals.js';
import type { VpnPart } from '../schema.js';

/** Proposals can be negotiated, and are weak only where that is said. */
export function checkProposals({ vpn }: VpnPart, context: Context): void {
  for (const config of vpn?.tunnels?.values() ?? []) {
    const allowed = new Set<string>([config['allow-weak'] ?? []].flat());
    for (const protocol of ['ike', 'esp'] as const) {
      const key = `${protocol}-proposals` as const;
      for (const item of itemsOf(config, key, config[key] ?? [])) {
        const span = context.at(item.owner, item.key);
        const { problem, weak } = judgeProposal(item.text, protocol);
        if (problem !== null)
          context.report(
            'vpn-proposal',
            span,
            `no proposal of ${protocol.toUpperCase()}: ${problem}`,
          );
        const missing = weak.filter((name) => !allowed.has(name));
        if (missing.length > 0)
          context.report('vpn-weak', span, `${missing.join(' and ')} can be broken`, {
            hint: `allow-weak: [${[...allowed, ...missing].join(', ')}] lets it be all the same`,
          });
      }
    }
  }
}
