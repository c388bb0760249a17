/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "vpn/engine.h"
#include "vpn/sa.h"

/* What a device is asked for: one transform, or a cipher and a hash in their order. */
struct sl_sa_xforms {
	struct rte_crypto_sym_xform first, second;
	enum sl_suite suite;
};

/*
 * The transforms for the keys of `add`, and what follows for `sa` from the algorithm: IV, ICV and
 * AAD lengths. -EINVAL for a key of another length, -EOPNOTSUPP for another algorithm. The transforms
 * point into themselves and `add`.
 */
int sl_sa_transforms(struct sl_sa *sa, const struct sl_sa_add *add, struct sl_sa_xforms *x);
