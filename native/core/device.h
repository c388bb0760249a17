/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

/*
 * Takes the device an interface names into DPDK: a PCI address, a MAC (the PCI network devices bound
 * to a userspace driver are looked through) or a virtual device with its arguments. `kind` is
 * SL_PORT_*. 0 or -errno.
 */
int sl_device_attach(uint8_t kind, const char *device, uint16_t *ethdev);

/* Stops, closes and gives it back. */
void sl_device_detach(uint16_t ethdev);
