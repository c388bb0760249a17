// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectRoot } from '../../../src/datapath/root.js';

const FOLDER = path.join(projectRoot(), 'image');

function text(file: string): string {
  return readFileSync(path.join(FOLDER, file), 'utf8');
}

/** Every `{KEY: NAME}` in a template, at whatever depth; of a list its first item. */
function references(value: unknown, key: string): string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
    if (name !== key) return references(inner, key);
    return [String(Array.isArray(inner) ? inner[0] : inner)];
  });
}

describe('shell recipes', () => {
  const scripts = ['openstack/upload.sh', 'ec2/import.sh', 'ec2/launch.sh'];

  it.each(scripts)('%s parses, and says how it is used', (file) => {
    const parsed = spawnSync('sh', ['-n', path.join(FOLDER, file)], { encoding: 'utf8' });
    expect([parsed.status, parsed.stderr]).toEqual([0, '']);
    const called = spawnSync('sh', [path.join(FOLDER, file)], { encoding: 'utf8' });
    expect(called.status).toBe(2);
    expect(called.stderr).toMatch(/usage: \w+\.sh [a-zA-Z]/);
  });

  it('the OpenStack one sets properties that Glance and Nova know', () => {
    const known = new Set([
      ...['hw_disk_bus', 'hw_vif_model', 'hw_vif_multiqueue_enabled', 'hw_machine_type'],
      ...['hw_viommu_model', 'hw_watchdog_action', 'os_distro'],
      ...['hw:cpu_policy', 'hw:cpu_thread_policy', 'hw:mem_page_size', 'hw:numa_nodes'],
      'hw:pci_numa_affinity_policy',
    ]);
    const set = [...text('openstack/upload.sh').matchAll(/--property ([\w:]+)=/g)].map(
      ([, name]) => name,
    );
    expect(new Set(set)).toEqual(known);
  });

  it('the EC2 one switches the source/destination check off on the ports that forward', () => {
    const launch = text('ec2/launch.sh');
    expect(launch).toContain('for index in 1 2; do');
    expect(launch).toContain('--no-source-dest-check');
    expect(launch).toContain('HttpTokens=required');
    expect(text('ec2/import.sh')).toContain('--ena-support');
  });
});

describe('the Heat template', () => {
  const template = parse(text('openstack/stack.yaml')) as {
    heat_template_version: Date;
    parameters: Record<string, object>;
    resources: Record<string, { type: string; properties: Record<string, unknown> }>;
  };

  it('refers to parameters and resources that it has', () => {
    for (const name of references(template, 'get_param'))
      expect(Object.keys(template.parameters)).toContain(name);
    for (const key of ['get_resource', 'get_attr'])
      for (const name of references(template, key))
        expect(Object.keys(template.resources)).toContain(name);
    expect(references(template, 'get_resource')).toHaveLength(3);
  });

  it('has no port security on ports that forward, one of them a virtual function', () => {
    const { management, inside, outside } = template.resources;
    expect(management?.properties).not.toHaveProperty('port_security_enabled');
    for (const port of [inside, outside])
      expect(port?.properties['port_security_enabled']).toBe(false);
    expect(inside?.properties['binding:vnic_type']).toBe('normal');
    expect(outside?.properties['binding:vnic_type']).toBe('direct');
  });
});

describe('the Terraform file', () => {
  const file = JSON.parse(text('openstack/main.tf.json')) as {
    variable: Record<string, object>;
    resource: Record<string, Record<string, Record<string, unknown>>>;
  };

  it('refers to variables and resources that it has', () => {
    const names = [...JSON.stringify(file).matchAll(/\$\{([\w.]+)[}(]|\(var\.(\w+)\)/g)];
    const found = names.map(([, name, variable]) => variable ?? name ?? '');
    expect(found.length).toBeGreaterThan(6);
    for (const name of found) {
      const [kind = '', one = ''] = name.split('.');
      if (kind === 'var') expect(Object.keys(file.variable)).toContain(one);
      else if (kind.startsWith('openstack_'))
        expect(Object.keys(file.resource[kind] ?? {})).toContain(one);
    }
  });

  it('has the ports of the Heat template', () => {
    const ports = file.resource['openstack_networking_port_v2'];
    expect(ports?.['inside']?.['binding']).toEqual({ vnic_type: 'normal' });
    expect(ports?.['outside']?.['binding']).toEqual({ vnic_type: 'direct' });
    for (const name of ['inside', 'outside'])
      expect(ports?.[name]?.['port_security_enabled']).toBe(false);
  });
});

describe('the libvirt domain', () => {
  /** Elements with their attributes, read by Python's XML parser. */
  const program = `
import json, sys, xml.etree.ElementTree as tree
print(json.dumps([[e.tag, e.attrib, (e.text or '').strip()] for e in tree.parse(sys.argv[1]).iter()]))`;
  const { stdout } = spawnSync(
    'python3',
    ['-c', program, path.join(FOLDER, 'libvirt/sluice.xml')],
    {
      encoding: 'utf8',
    },
  );
  const elements = JSON.parse(stdout) as [string, Record<string, string>, string][];
  const all = (tag: string) => elements.filter(([name]) => name === tag);
  const attributes = (tag: string) => all(tag).map(([, attribute]) => attribute);

  it('pins every vCPU to a CPU of its own', () => {
    const vcpus = Number(all('vcpu')[0]?.[2]);
    const pins = attributes('vcpupin');
    expect(pins.map(({ vcpu }) => Number(vcpu))).toEqual([...Array(vcpus).keys()]);
    expect(new Set(pins.map(({ cpuset }) => cpuset)).size).toBe(vcpus);
    const [{ sockets, cores, threads } = {}] = attributes('topology');
    expect(Number(sockets) * Number(cores) * Number(threads)).toBe(vcpus);
    expect(attributes('cell')[0]).toMatchObject({ cpus: `0-${vcpus - 1}`, memAccess: 'shared' });
  });

  it('has memory, pages and function on one node, a virtual IOMMU and queues for its workers', () => {
    expect(attributes('page')[0]).toMatchObject({ nodeset: '0' });
    expect(attributes('iommu')).toEqual([{ model: 'intel' }]);
    const drivers = attributes('driver');
    expect(drivers).toContainEqual({ queues: '4', iommu: 'on', ats: 'on' });
    expect(drivers).toContainEqual({ intremap: 'on', caching_mode: 'on', iotlb: 'on' });
    expect(attributes('interface').map(({ type }) => type)).toEqual([
      'network',
      'vhostuser',
      'hostdev',
    ]);
  });
});
