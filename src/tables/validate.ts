// SPDX-License-Identifier: BSD-3-Clause
import { ImageError, type DecodedImage } from './decode.js';
import { CONSTANTS as C, type SectionName } from './layout.js';

/**
 * What the datapath demands of the records: that every reference is good. Throws ImageError with the
 * section, the record from 0 and what is wrong.
 */
export function validateImage(image: DecodedImage): void {
  new Validator(image).run();
}

class Validator {
  readonly #image: DecodedImage;

  constructor(image: DecodedImage) {
    this.#image = image;
  }

  run(): void {
    if (this.#image.count('settings') !== 1) this.#fail('settings', 0, 'not exactly one');
    this.#network();
    this.#sets();
    this.#schedules();
    this.#extras();
    this.#rules();
    this.#pairs();
    this.#nat();
  }

  #network(): void {
    const zones = new Set<number>([C.ZONE_NONE]);
    let last: number = C.ZONE_LOCAL;
    for (const [i, zone] of this.#image.records('zones').entries()) {
      if (zone.slot <= last || zone.slot >= C.MAX_ZONES)
        this.#fail('zones', i, `slot ${zone.slot}`);
      last = zone.slot;
      zones.add(zone.slot);
    }
    const seen = new Map<number, number>();
    last = C.IFACE_NONE;
    for (const [i, iface] of this.#image.records('interfaces').entries()) {
      const { slot, zone, parent, vlan, flags } = iface;
      if (slot <= last || slot >= C.MAX_IFACES) this.#fail('interfaces', i, `slot ${slot}`);
      last = slot;
      if (!zones.has(zone)) this.#fail('interfaces', i, `zone ${zone} is none`);
      this.#range('interfaces', i, 'addresses', iface.first_address, iface.addresses);
      const child = (flags & C.IFACE_VLAN) !== 0;
      const above = seen.get(parent);
      if (child ? above !== 0 || vlan < 1 || vlan > 4094 : parent !== C.IFACE_NONE || vlan !== 0)
        this.#fail('interfaces', i, `parent ${parent} with VLAN ${vlan}`);
      seen.set(slot, vlan);
    }
    for (const [i, route] of this.#image.records('routes').entries())
      if (!seen.has(route.iface)) this.#fail('routes', i, `interface ${route.iface} is none`);
  }

  #sets(): void {
    for (const [i, set] of this.#image.records('address_sets').entries()) {
      this.#range('address_sets', i, 'ranges4', set.first4, set.count4);
      this.#range('address_sets', i, 'ranges6', set.first6, set.count6);
      const four = this.#image.records('ranges4').slice(set.first4, set.first4 + set.count4);
      for (const [k, { lo, hi }] of four.entries())
        if (lo > hi || (k > 0 && lo <= (four[k - 1]?.hi ?? 0)))
          this.#fail('ranges4', set.first4 + k, `not in order within set ${i}`);
      const six = this.#image.records('ranges6').slice(set.first6, set.first6 + set.count6);
      let end = -1n;
      for (const [k, range] of six.entries()) {
        const low = (range.lo_high << 64n) | range.lo_low;
        const high = (range.hi_high << 64n) | range.hi_low;
        if (low > high || low <= end)
          this.#fail('ranges6', set.first6 + k, `not in order within set ${i}`);
        end = high;
      }
    }
    for (const [i, set] of this.#image.records('service_sets').entries())
      this.#range('service_sets', i, 'services', set.first, set.count);
  }

  #schedules(): void {
    for (const [i, zone] of this.#image.records('timezones').entries())
      this.#range('timezones', i, 'timezone_changes', zone.first, zone.changes);
    for (const [i, { from, to, days }] of this.#image.records('schedule_windows').entries())
      if (from >= to || days > 0x7f || (days !== 0 && to > 86_400n))
        this.#fail('schedule_windows', i, `${from} to ${to} on days ${days}`);
    for (const [i, schedule] of this.#image.records('schedules').entries()) {
      this.#range('schedules', i, 'schedule_windows', schedule.first_window, schedule.windows);
      this.#reference('schedules', i, 'timezones', schedule.timezone);
    }
  }

  #extras(): void {
    for (const [i, extra] of this.#image.records('rule_extras').entries()) {
      this.#range('rule_extras', i, 'rule_macs', extra.first_mac, extra.macs);
      this.#range('rule_extras', i, 'rule_ifaces', extra.first_iface, extra.in + extra.out);
      // SCHEDULE_NONE is SET_ANY.
      this.#reference('rule_extras', i, 'schedules', extra.schedule);
    }
  }

  #rules(): void {
    const slots = new Set<number>();
    const rules = this.#image.records('rules');
    let next = 0;
    for (const [p, policy] of this.#image.records('policies').entries()) {
      if (policy.first_rule !== next) this.#fail('policies', p, `first rule ${policy.first_rule}`);
      this.#range('policies', p, 'rules', policy.first_rule, policy.rules);
      next += policy.rules;
      for (let i = policy.first_rule; i < next; i++) {
        const rule = rules[i];
        if (rule === undefined) continue;
        if (rule.slot < C.RULE_FIRST || rule.slot >= C.MAX_RULES || slots.has(rule.slot))
          this.#fail('rules', i, `slot ${rule.slot}`);
        slots.add(rule.slot);
        if (rule.policy !== p) this.#fail('rules', i, `policy ${rule.policy}`);
        this.#reference('rules', i, 'address_sets', rule.source);
        this.#reference('rules', i, 'address_sets', rule.destination);
        this.#reference('rules', i, 'service_sets', rule.service);
        const translates = rule.action === C.ACTION_TRANSLATE;
        this.#reference('rules', i, translates ? 'translations' : 'rule_extras', rule.extra);
      }
    }
    if (next !== rules.length) this.#fail('rules', next, 'in no policy');
  }

  #pairs(): void {
    for (const [i, { policy }] of this.#image.records('part_policies').entries())
      if (policy >= this.#image.count('policies'))
        this.#fail('part_policies', i, `policy ${policy}`);
    for (const [i, part] of this.#image.records('parts').entries())
      this.#range('parts', i, 'part_policies', part.first_policy, part.policies);
    for (const [i, { part }] of this.#image.records('pair_parts').entries())
      if (part >= this.#image.count('parts')) this.#fail('pair_parts', i, `part ${part}`);
    let last = -1;
    for (const [i, pair] of this.#image.records('pairs').entries()) {
      this.#range('pairs', i, 'pair_parts', pair.first_part, pair.parts);
      this.#range('pairs', i, 'pair_parts', pair.first_nat, pair.nat_parts);
      const order = pair.from * C.MAX_ZONES + pair.to;
      if (order <= last || pair.from === C.ZONE_NONE) this.#fail('pairs', i, 'not in order');
      last = order;
    }
  }

  #nat(): void {
    for (const [i, one] of this.#image.records('translations').entries())
      if (one.kind === C.NAT_POOL || one.pool !== C.SET_ANY)
        this.#reference(
          'translations',
          i,
          one.kind === C.NAT_BALANCER ? 'balancers' : 'address_sets',
          one.pool,
        );
    let zone = -1;
    for (const [i, one] of this.#image.records('arrivals').entries()) {
      this.#range('arrivals', i, 'pair_parts', one.first_part, one.parts);
      if (one.zone <= zone) this.#fail('arrivals', i, 'not in order');
      zone = one.zone;
    }
    for (const [i, { set }] of this.#image.records('proxies').entries())
      this.#reference('proxies', i, 'address_sets', set);
  }

  #reference(section: SectionName, i: number, to: SectionName, id: number): void {
    if (id !== C.SET_ANY && id >= this.#image.count(to)) this.#fail(section, i, `${to} ${id}`);
  }

  #range(section: SectionName, i: number, to: SectionName, first: number, count: number): void {
    const all = this.#image.count(to);
    if (first + count > all) this.#fail(section, i, `${to} ${first}+${count} of ${all}`);
  }

  #fail(section: SectionName, record: number, what: string): never {
    throw new ImageError(`${section} ${record}: ${what}`);
  }
}
