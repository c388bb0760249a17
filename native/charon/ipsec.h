/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <kernel/kernel_ipsec.h>

/* charon's IPsec stack, which here is the datapath at `charon.plugins.sluice.socket`. */
kernel_ipsec_t *ipsec_create(void);
