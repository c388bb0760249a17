/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/eal.h"

/* Forwards until SIGTERM or SIGINT. Exit status. */
int sl_live_main(struct sl_options *options);
