#!/usr/bin/env node
// SPDX-License-Identifier: BSD-3-Clause
// The login shell: sshd and login start it without arguments, or with `-c COMMAND`.
import { run } from './main.js';

process.stdout.on('error', () => process.exit(0));
process.exitCode = await run(process.argv.slice(2));
