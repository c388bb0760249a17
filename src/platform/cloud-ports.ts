// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import type { CloudPort } from './machine.js';

/** `aws ec2 describe-network-interfaces`, as much of it as matters. */
const ec2 = z.object({
  NetworkInterfaces: z.array(
    z.object({
      MacAddress: z.string(),
      SourceDestCheck: z.boolean(),
      Groups: z.array(z.object({ GroupId: z.string() })),
    }),
  ),
});

/** `openstack port list --long -f json` or a list of `openstack port show -f json`. */
const shown = z.object({
  mac_address: z.string(),
  port_security_enabled: z.boolean(),
  security_group_ids: z.array(z.string()).optional(),
});
const openstack = z.union([z.array(shown), shown.transform((one) => [one])]);

/**
 * Ports as the cloud's own tools print them: what a machine cannot see of itself from inside. Throws an
 * Error where it is neither tool's JSON.
 */
export function parseCloudPorts(text: string): CloudPort[] {
  const raw: unknown = JSON.parse(text);
  const amazon = ec2.safeParse(raw);
  if (amazon.success)
    return amazon.data.NetworkInterfaces.map(({ MacAddress, SourceDestCheck, Groups }) => ({
      mac: MacAddress.toLowerCase(),
      security_groups: Groups.map(({ GroupId }) => GroupId),
      port_security: null,
      source_dest_check: SourceDestCheck,
    }));
  const stack = openstack.safeParse(raw);
  if (!stack.success)
    throw new Error(
      'neither what `aws ec2 describe-network-interfaces` nor what `openstack port show -f json` prints',
    );
  return stack.data.map((port) => ({
    mac: port.mac_address.toLowerCase(),
    security_groups: port.security_group_ids ?? [],
    port_security: port.port_security_enabled,
    source_dest_check: null,
  }));
}
