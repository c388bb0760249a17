/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/control_show.h"

#include <rte_ethdev.h>
#include <rte_version.h>
#include <stdio.h>
#include <unistd.h>

#include "host/host.h"
#include "tables/tables.h"

void sl_show_version(struct sl_datapath *dp, struct sl_json *json)
{
	sl_json_object(json, NULL);
	sl_json_string(json, "dpdk", rte_version());
	sl_json_number(json, "layout", SL_IMAGE_LAYOUT);
	sl_json_number(json, "protocol", SL_PROTOCOL_VERSION);
	sl_json_number(json, "generation", dp->counters_head->generation);
	sl_json_object_end(json);
}

/* The model hash of the tables in force, for who wants to know what it is that runs. */
static void show_model(struct sl_datapath *dp, struct sl_json *json)
{
	const struct sl_tables *tables = atomic_load(&dp->tables);
	char hex[2 * sizeof(tables->image.header->model_hash) + 1] = "";

	for (unsigned int i = 0; tables && i < sizeof(tables->image.header->model_hash); i++)
		snprintf(hex + 2 * i, 3, "%02x", tables->image.header->model_hash[i]);
	sl_json_string(json, "model", hex);
}

void sl_show_status(struct sl_datapath *dp, struct sl_json *json)
{
	sl_json_object(json, NULL);
	sl_json_number(json, "pid", (uint64_t)getpid());
	sl_json_number(json, "generation", dp->counters_head->generation);
	sl_json_number(json, "workers", dp->workers);
	sl_json_number(json, "boot", dp->counters_head->boot);
	show_model(dp, json);
	sl_json_object_end(json);
}

static void show_node(struct sl_json *json, const struct rte_node *node, unsigned int worker)
{
	if (node->total_calls == 0)
		return;
	sl_json_object(json, NULL);
	sl_json_string(json, "node", node->name);
	sl_json_number(json, "worker", worker);
	sl_json_number(json, "calls", node->total_calls);
	sl_json_number(json, "packets", node->total_objs);
	sl_json_number(json, "cycles", node->total_cycles);
	sl_json_object_end(json);
}

void sl_show_graph(struct sl_datapath *dp, struct sl_json *json)
{
	sl_json_array(json, NULL);
	for (unsigned int i = 0; i < dp->workers; i++) {
		struct rte_graph *graph = dp->worker[i]->graph;
		rte_graph_off_t offset;
		rte_node_t count;
		struct rte_node *node;

		rte_graph_foreach_node(count, offset, graph, node)
			show_node(json, node, i);
	}
	sl_json_array_end(json);
}

static void show_port(struct sl_datapath *dp, const struct sl_port *p, struct sl_json *json)
{
	char mac[18];
	uint16_t mtu = 0;

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", p->mac[0], p->mac[1],
		 p->mac[2], p->mac[3], p->mac[4], p->mac[5]);
	if (p->rx && !dp->offline)
		rte_eth_dev_get_mtu(p->ethdev, &mtu);
	sl_json_object(json, NULL);
	sl_json_number(json, "slot", p->iface);
	sl_json_string(json, "device", p->name);
	sl_json_string(json, "mac", mac);
	sl_json_bool(json, "link", atomic_load(&p->link_up));
	sl_json_number(json, "mtu", mtu);
	sl_json_number(json, "rx_queues", p->rx_queues);
	sl_json_number(json, "tx_queues", p->tx_queues);
	sl_json_object_end(json);
}

void sl_show_interfaces(struct sl_datapath *dp, struct sl_json *json)
{
	sl_json_array(json, NULL);
	for (unsigned int i = 0; i < dp->ports; i++)
		if (dp->port[i])
			show_port(dp, dp->port[i], json);
	sl_json_array_end(json);
}

void sl_show_routes(struct sl_json *json, uint64_t limit)
{
	sl_host_routes_json(json, limit);
}

void sl_show_neighbors(struct sl_json *json)
{
	sl_host_neighbors_json(json);
}
