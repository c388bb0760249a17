/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipsec.h"

#include <arpa/inet.h>

#include <daemon.h>

#include "channel.h"
#include "tables.h"

#define DEFAULT_SOCKET "/run/sluice/" SL_SA_SOCKET

typedef struct {
	kernel_ipsec_t public;
	channel_t *channel;
	tables_t *tables;
} private_t;

METHOD(kernel_ipsec_t, get_features, kernel_feature_t, private_t *this)
{
	kernel_feature_t features = KERNEL_ESP_V3_TFC | KERNEL_NO_POLICY_UPDATES | KERNEL_POLICY_SPI;

#ifdef SLUICE_HAVE_SA_USE_TIME
	features |= KERNEL_SA_USE_TIME;
#endif
	return features;
}

METHOD(kernel_ipsec_t, get_spi, status_t, private_t *this, host_t *src, host_t *dst,
       uint8_t protocol, uint32_t *spi)
{
	struct sl_sa_name name, answer;
	status_t status;

	if (protocol != IPPROTO_ESP) {
		return NOT_SUPPORTED;
	}
	record_name(&name, src, dst, 0, TRUE, FALSE);
	status = channel_ask(this->channel, SL_SA_GET_SPI, &name, sizeof(name), &answer,
			     sizeof(answer));
	if (status == SUCCESS) {
		*spi = htonl(answer.spi);
	}
	return status;
}

METHOD(kernel_ipsec_t, get_cpi, status_t, private_t *this, host_t *src, host_t *dst, uint16_t *cpi)
{
	return NOT_SUPPORTED; /* no IPComp */
}

METHOD(kernel_ipsec_t, add_sa, status_t, private_t *this, kernel_ipsec_sa_id_t *id,
       kernel_ipsec_add_sa_t *data)
{
	struct sl_sa_add record;
	struct sl_sa_head answer;
	status_t status;

	if (!record_sa(&record, id, data)) {
		return NOT_SUPPORTED;
	}
	status = channel_ask(this->channel, SL_SA_ADD, &record, sizeof(record), &answer,
			     sizeof(answer));
	memwipe(&record, sizeof(record));
	if (status == SUCCESS) {
		tables_add_sa(this->tables, id, data, channel_boot(this->channel));
	}
	return status;
}

METHOD(kernel_ipsec_t, update_sa, status_t, private_t *this, kernel_ipsec_sa_id_t *id,
       kernel_ipsec_update_sa_t *data)
{
	struct sl_sa_update record = {.reqid = data->new_reqid,
				      .flags = data->new_encap ? SL_SA_ENCAP : 0};
	struct sl_sa_head answer;
	bool inbound;
	status_t status;

	if (!tables_find_sa(this->tables, id, &inbound, NULL)) {
		return NOT_FOUND;
	}
	record_name(&record.name, id->src, id->dst, id->spi, inbound, data->encap);
	record_endpoint(&record.source, data->new_src, data->new_encap);
	record_endpoint(&record.destination, data->new_dst, data->new_encap);
	status = channel_ask(this->channel, SL_SA_UPDATE, &record, sizeof(record), &answer,
			     sizeof(answer));
	if (status == SUCCESS) {
		tables_move_sa(this->tables, id, data->new_src, data->new_dst);
	}
	return status;
}

METHOD(kernel_ipsec_t, query_sa, status_t, private_t *this, kernel_ipsec_sa_id_t *id,
       kernel_ipsec_query_sa_t *data, uint64_t *bytes, uint64_t *packets, time_t *time)
{
	struct sl_sa_name name;
	struct sl_sa_use use;
	bool inbound;
	status_t status;

	if (!tables_find_sa(this->tables, id, &inbound, NULL)) {
		return NOT_FOUND;
	}
	record_name(&name, id->src, id->dst, id->spi, inbound, FALSE);
	status = channel_ask(this->channel, SL_SA_QUERY, &name, sizeof(name), &use, sizeof(use));
	if (status != SUCCESS) {
		return status;
	}
	*bytes = use.bytes;
	if (packets) {
		*packets = use.packets;
	}
	if (time) {
		*time = tables_used(&use);
	}
	return SUCCESS;
}

METHOD(kernel_ipsec_t, del_sa, status_t, private_t *this, kernel_ipsec_sa_id_t *id,
       kernel_ipsec_del_sa_t *data)
{
	struct sl_sa_name name;
	struct sl_sa_head answer;
	uint64_t boot = 0;
	bool inbound;
	status_t status;

	if (!tables_find_sa(this->tables, id, &inbound, &boot)) {
		/* An SPI that was allocated and came to nothing: ours are the inbound ones. */
		inbound = TRUE;
	}
	record_name(&name, id->src, id->dst, id->spi, inbound, FALSE);
	status = channel_ask(this->channel, SL_SA_DELETE, &name, sizeof(name), &answer,
			     sizeof(answer));
	tables_remove_sa(this->tables, id);
	/* What went with another process of the datapath is gone as wished. */
	if (status == NOT_FOUND && boot != channel_boot(this->channel)) {
		return SUCCESS;
	}
	return status;
}

static status_t flush(private_t *this, enum sl_sa_type type)
{
	struct sl_sa_head record, answer;

	return channel_ask(this->channel, type, &record, sizeof(record), &answer, sizeof(answer));
}

METHOD(kernel_ipsec_t, flush_sas, status_t, private_t *this)
{
	tables_flush_sas(this->tables);
	return flush(this, SL_SA_FLUSH);
}

METHOD(kernel_ipsec_t, add_policy, status_t, private_t *this, kernel_ipsec_policy_id_t *id,
       kernel_ipsec_manage_policy_t *data)
{
	struct sl_sa_policy record;
	struct sl_sa_head answer;
	status_t status;

	/* What comes out of an SA is forwarded by the firewall's leave. */
	if (id->dir == POLICY_FWD) {
		return SUCCESS;
	}
	if (!record_policy(&record, id, data)) {
		return NOT_SUPPORTED;
	}
	if (tables_add_policy(this->tables, &record)) {
		return SUCCESS;
	}
	status = channel_ask(this->channel, SL_SA_ADD_POLICY, &record, sizeof(record), &answer,
			     sizeof(answer));
	if (status != SUCCESS) {
		tables_remove_policy(this->tables, &record);
	}
	return status;
}

METHOD(kernel_ipsec_t, query_policy, status_t, private_t *this, kernel_ipsec_policy_id_t *id,
       kernel_ipsec_query_policy_t *data, time_t *use_time)
{
	struct sl_sa_policy record;
	struct sl_sa_use use;
	status_t status;

	if (id->dir == POLICY_FWD || !tables_find_policy(this->tables, id, &record)) {
		return NOT_FOUND;
	}
	status = channel_ask(this->channel, SL_SA_QUERY_POLICY, &record, sizeof(record), &use,
			     sizeof(use));
	if (status == SUCCESS) {
		*use_time = tables_used(&use);
	}
	return status;
}

METHOD(kernel_ipsec_t, del_policy, status_t, private_t *this, kernel_ipsec_policy_id_t *id,
       kernel_ipsec_manage_policy_t *data)
{
	struct sl_sa_policy record;
	struct sl_sa_head answer;

	if (id->dir == POLICY_FWD) {
		return SUCCESS;
	}
	if (!record_policy(&record, id, data)) {
		return NOT_SUPPORTED;
	}
	switch (tables_remove_policy(this->tables, &record)) {
	case SUCCESS:
		return channel_ask(this->channel, SL_SA_DELETE_POLICY, &record, sizeof(record),
				   &answer, sizeof(answer));
	case NEED_MORE: /* others hold it too */
		return SUCCESS;
	default:
		return NOT_FOUND;
	}
}

METHOD(kernel_ipsec_t, flush_policies, status_t, private_t *this)
{
	tables_flush_policies(this->tables);
	return flush(this, SL_SA_FLUSH_POLICIES);
}

/* IKE never passes the datapath's policies: its sockets are the host's. */
METHOD(kernel_ipsec_t, bypass_socket, bool, private_t *this, int fd, int family)
{
	return TRUE;
}

/* The datapath takes ESP in UDP/4500 before the host sees it. */
METHOD(kernel_ipsec_t, enable_udp_decap, bool, private_t *this, int fd, int family, uint16_t port)
{
	return TRUE;
}

static void acquire(const struct sl_sa_acquire *event)
{
	kernel_acquire_data_t data = {.src = selector_of(&event->source),
				      .dst = selector_of(&event->destination)};

	charon->kernel->acquire(charon->kernel, event->reqid, &data);
	DESTROY_IF(data.src);
	DESTROY_IF(data.dst);
}

static void expire(const struct sl_sa_expire *event)
{
	host_t *destination = host_of_endpoint(&event->name.destination);

	if (destination) {
		charon->kernel->expire(charon->kernel, IPPROTO_ESP, htonl(event->name.spi),
				       destination, event->hard);
		destination->destroy(destination);
	}
}

static void mapping(const struct sl_sa_mapping *event)
{
	host_t *destination = host_of_endpoint(&event->name.destination);
	host_t *remote = host_of_endpoint(&event->remote);

	if (destination && remote) {
		charon->kernel->mapping(charon->kernel, IPPROTO_ESP, htonl(event->name.spi),
					destination, remote);
	}
	DESTROY_IF(destination);
	DESTROY_IF(remote);
}

static void on_event(void *context, const struct sl_sa_head *head)
{
	if (head->type == SL_SA_ACQUIRE && head->length == sizeof(struct sl_sa_acquire)) {
		acquire((const void *)head);
	} else if (head->type == SL_SA_EXPIRE && head->length == sizeof(struct sl_sa_expire)) {
		expire((const void *)head);
	} else if (head->type == SL_SA_MAPPING && head->length == sizeof(struct sl_sa_mapping)) {
		mapping((const void *)head);
	} else {
		DBG1(DBG_KNL, "the datapath sent an event %u of %u bytes", head->type, head->length);
	}
}

/* The datapath began anew: policies again, so that nothing leaves in clear; keys never again. */
static void on_lost(void *context)
{
	private_t *this = context;
	struct sl_sa_policy *policies;
	struct sl_sa_head answer;
	int count = tables_policies(this->tables, &policies);

	DBG1(DBG_KNL, "the datapath has restarted: %d policies again, all CHILD_SAs are rekeyed",
	     count);
	for (int i = 0; i < count; i++) {
		channel_ask(this->channel, SL_SA_ADD_POLICY, &policies[i], sizeof(policies[i]),
			    &answer, sizeof(answer));
	}
	free(policies);
	tables_rekey_lost(this->tables, channel_boot(this->channel));
}

METHOD(kernel_ipsec_t, destroy, void, private_t *this)
{
	if (this->channel) {
		channel_destroy(this->channel);
	}
	tables_destroy(this->tables);
	free(this);
}

kernel_ipsec_t *ipsec_create(void)
{
	private_t *this;

	INIT(this,
	     .public = {
		     .get_features = _get_features,
		     .get_spi = _get_spi,
		     .get_cpi = _get_cpi,
		     .add_sa = _add_sa,
		     .update_sa = _update_sa,
		     .query_sa = _query_sa,
		     .del_sa = _del_sa,
		     .flush_sas = _flush_sas,
		     .add_policy = _add_policy,
		     .query_policy = _query_policy,
		     .del_policy = _del_policy,
		     .flush_policies = _flush_policies,
		     .bypass_socket = _bypass_socket,
		     .enable_udp_decap = _enable_udp_decap,
		     .destroy = _destroy,
	     });
	this->tables = tables_create();
	this->channel = channel_create(
		lib->settings->get_str(lib->settings, "%s.plugins.sluice.socket", DEFAULT_SOCKET,
				       lib->ns),
		(channel_listener_t){.context = this, .event = on_event, .lost = on_lost});
	if (!this->channel) {
		destroy(this);
		return NULL;
	}
	return &this->public;
}
