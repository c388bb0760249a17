// SPDX-License-Identifier: BSD-3-Clause
import type { Rule, RuleExtra, Schedule } from '../firewall/model.js';
import { isConditional } from '../firewall/model.js';
import type { Rate } from '../rulefile/values.js';
import { CONSTANTS as C, SECTIONS } from '../tables/layout.js';
import { SectionWriter, type StringsWriter } from '../tables/section.js';
import type { Digest } from './digest.js';
import { balancerSlot, forwardSlot } from './image-nat.js';
import { slotOf, type Slots } from './slots.js';
import { timezone } from '../net/timezone.js';

const REJECT = {
  auto: C.REJECT_AUTO,
  'tcp-reset': C.REJECT_TCP_RESET,
  'port-unreachable': C.REJECT_PORT,
  'host-unreachable': C.REJECT_HOST,
  'net-unreachable': C.REJECT_NET,
  'admin-prohibited': C.REJECT_PROHIBITED,
} as const;

const HELPER = { ftp: C.HELPER_FTP, sip: C.HELPER_SIP } as const;

/** RULE_* flags of a rule. */
export function ruleFlags(rule: Rule): number {
  return (
    (rule.log ? C.RULE_LOG : 0) |
    (rule.logEnd ? C.RULE_LOG_END : 0) |
    (rule.stateless ? C.RULE_STATELESS : 0) |
    (rule.midstream ? C.RULE_MIDSTREAM : 0) |
    (isConditional(rule) ? C.RULE_CONDITION : 0)
  );
}

/** Writes what few rules have. */
export class ExtrasWriter {
  readonly extras = new SectionWriter(SECTIONS.rule_extras);
  readonly macs = new SectionWriter(SECTIONS.rule_macs);
  readonly ifaces = new SectionWriter(SECTIONS.rule_ifaces);
  readonly schedules: SchedulesWriter;
  readonly #slots: Slots;

  constructor(slots: Slots, schedules: SchedulesWriter) {
    this.#slots = slots;
    this.schedules = schedules;
  }

  /** The index of a rule's extra; what it means goes into the digest. */
  add(extra: RuleExtra | null, digest: Digest): number {
    if (extra === null) {
      digest.word(0);
      return C.EXTRA_NONE;
    }
    const firstMac = this.macs.count;
    for (const mac of extra.sourceMacs) this.macs.add({ mac: BigInt(mac) });
    const firstIface = this.ifaces.count;
    const slots = [...extra.in, ...extra.out].map((name) => slotOf(this.#slots.interfaces, name));
    this.ifaces.addWords(slots, 2);
    const { limit, tcpFlags, schedule, forward, balancer } = extra;
    const record = {
      rate_ns: every(limit?.rate),
      source_rate_ns: every(limit?.sourceRate),
      log_ns: every(extra.logRate),
      dscp: extra.dscp ?? 0n,
      burst: limit?.rate?.burst ?? 0,
      source_burst: limit?.sourceRate?.burst ?? 0,
      log_burst: extra.logRate?.burst ?? 0,
      sessions: limit?.sessions ?? 0,
      source_sessions: limit?.sourceSessions ?? 0,
      schedule: schedule === null ? C.SCHEDULE_NONE : this.schedules.index(schedule),
      translation:
        forward !== null
          ? forwardSlot(this.#slots, forward)
          : balancer !== null
            ? balancerSlot(this.#slots, balancer)
            : C.TRANSLATION_NONE,
      reserved2: 0,
      first_mac: firstMac,
      first_iface: firstIface,
      macs: extra.sourceMacs.length,
      in: extra.in.length,
      out: extra.out.length,
      set_mss: extra.setMss === 'clamp' ? C.MSS_CLAMP : (extra.setMss ?? C.MSS_NONE),
      tcp_mask: tcpFlags?.mask ?? 0,
      tcp_value: tcpFlags?.value ?? 0,
      set_dscp: extra.setDscp ?? C.DSCP_NONE,
      reject: REJECT[extra.rejectWith],
      source_length4: limit?.sourceLength.v4 ?? 32,
      source_length6: limit?.sourceLength.v6 ?? 128,
      flags:
        (limit?.over === 'next' ? C.EXTRA_OVER_NEXT : 0) |
        (tcpFlags?.not === true ? C.EXTRA_TCP_NOT : 0),
      helper: extra.helper === null ? C.HELPER_NONE : HELPER[extra.helper],
    };
    const index = this.extras.count;
    this.extras.add(record);
    // Its places may differ where its meaning does not.
    digest.word(1);
    for (const [key, value] of Object.entries(record)) {
      if (key === 'first_mac' || key === 'first_iface' || key === 'schedule') continue;
      digest.word(Number(BigInt(value) & 0xffffffffn));
      digest.word(Number(BigInt(value) >> 32n));
    }
    for (const mac of extra.sourceMacs) {
      digest.word(mac >>> 0);
      digest.word(Math.floor(mac / 2 ** 32));
    }
    digest.words(slots);
    if (schedule !== null) this.schedules.digest(schedule, digest);
    return index;
  }
}

/** Writes schedules and their timezones. */
export class SchedulesWriter {
  readonly schedules = new SectionWriter(SECTIONS.schedules);
  readonly windows = new SectionWriter(SECTIONS.schedule_windows);
  readonly timezones = new SectionWriter(SECTIONS.timezones);
  readonly changes = new SectionWriter(SECTIONS.timezone_changes);
  readonly #known = new Map<string, { readonly index: number; readonly schedule: Schedule }>();
  readonly #zones = new Map<string, number>();
  readonly #strings: StringsWriter;

  constructor(schedules: readonly Schedule[], strings: StringsWriter) {
    this.#strings = strings;
    for (const schedule of schedules) this.#add(schedule);
  }

  index(name: string): number {
    return this.#get(name).index;
  }

  digest(name: string, digest: Digest): void {
    const { timezone: zone, windows } = this.#get(name).schedule;
    digest.words(Buffer.from(zone));
    digest.word(windows.length);
    for (const { days, from, to } of windows)
      digest.words([
        days,
        from >>> 0,
        Math.floor(from / 2 ** 32),
        to >>> 0,
        Math.floor(to / 2 ** 32),
      ]);
  }

  #get(name: string) {
    const known = this.#known.get(name);
    if (known === undefined) throw new Error(`no schedule ${name}`);
    return known;
  }

  #add(schedule: Schedule): void {
    const index = this.schedules.count;
    this.#known.set(schedule.name, { index, schedule });
    this.schedules.add({
      name: this.#strings.add(schedule.name),
      first_window: this.windows.count,
      windows: schedule.windows.length,
      timezone: this.#zone(schedule.timezone),
    });
    for (const { days, from, to } of schedule.windows)
      this.windows.add({ from: BigInt(from), to: BigInt(to), days, reserved: 0 });
  }

  #zone(name: string): number {
    const known = this.#zones.get(name);
    if (known !== undefined) return known;
    const index = this.timezones.count;
    const { offset, changes } = timezone(name);
    this.timezones.add({
      name: this.#strings.add(name),
      first: this.changes.count,
      changes: changes.length,
      offset: offset >>> 0,
    });
    for (const change of changes)
      this.changes.add({ at: BigInt(change.at), offset: change.offset >>> 0, reserved: 0 });
    this.#zones.set(name, index);
    return index;
  }
}

function every(rate: Rate | null | undefined): bigint {
  return BigInt(Math.max(1, Math.round(rate?.every ?? 0)) * (rate ? 1 : 0));
}
