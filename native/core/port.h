/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"

struct sl_tables;

/*
 * Opens the device of an interface record and starts it: a queue for each worker where the device
 * has them. NULL and `error` on failure; nothing is left behind then.
 */
struct sl_port *sl_port_open(struct sl_datapath *dp, const struct sl_image_interfaces *record,
			     const char *device, char *error, unsigned int error_size);

/* Stops and removes a port no worker polls or sends on any more. */
void sl_port_close(struct sl_port *port);

/* Interface slots of a port and its VLAN children, as the tables have them now. */
void sl_port_map(struct sl_port *port, const struct sl_tables *tables);

/* The queues each worker polls and sends on; workers must be parked. */
void sl_port_deal(struct sl_datapath *dp);

/* Sends what other workers left for the queues this one owns. */
void sl_port_drain(struct sl_worker *w);

/* Asks the devices for their link state; true if one changed. */
bool sl_port_links(struct sl_datapath *dp);
