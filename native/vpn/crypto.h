/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "vpn/sa.h"

/*
 * The device's session for the keys of `add`, and what follows from the algorithm: IV, ICV and AAD
 * lengths. -EINVAL for a key of another length, -EOPNOTSUPP for what no engine here does. Control
 * thread.
 */
int sl_sa_crypto_open(struct sl_sa *sa, const struct sl_sa_add *add);
void sl_sa_crypto_close(struct sl_sa *sa);
