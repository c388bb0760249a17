/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The datapath's end of vpn/sa_message.h without a datapath: takes what the plugin sends, checks each
 * record as the protocol demands and prints a line of JSON about it. On standard input:
 * `expire SPI in|out soft|hard` and `acquire REQID SOURCE DESTINATION` (IPv4).
 * Usage: sa_peer SOCKET
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vpn/sa_message.h"

#define MOST 4096

static struct sl_sa_name sas[MOST];
static uint32_t n_sas;
static struct sl_sa_policy policies[MOST];
static uint32_t n_policies;
static uint64_t boot;
static uint64_t plugin;
static uint32_t next_spi = 0xc0000000;

static const size_t sizes[] = {
	[SL_SA_HELLO] = sizeof(struct sl_sa_hello),
	[SL_SA_GET_SPI] = sizeof(struct sl_sa_name),
	[SL_SA_ADD] = sizeof(struct sl_sa_add),
	[SL_SA_UPDATE] = sizeof(struct sl_sa_update),
	[SL_SA_DELETE] = sizeof(struct sl_sa_name),
	[SL_SA_QUERY] = sizeof(struct sl_sa_name),
	[SL_SA_FLUSH] = sizeof(struct sl_sa_head),
	[SL_SA_ADD_POLICY] = sizeof(struct sl_sa_policy),
	[SL_SA_DELETE_POLICY] = sizeof(struct sl_sa_policy),
	[SL_SA_QUERY_POLICY] = sizeof(struct sl_sa_policy),
	[SL_SA_FLUSH_POLICIES] = sizeof(struct sl_sa_head),
};

static const char *const names[] = {
	[SL_SA_HELLO] = "hello",
	[SL_SA_GET_SPI] = "get-spi",
	[SL_SA_ADD] = "add",
	[SL_SA_UPDATE] = "update",
	[SL_SA_DELETE] = "delete",
	[SL_SA_QUERY] = "query",
	[SL_SA_FLUSH] = "flush",
	[SL_SA_ADD_POLICY] = "add-policy",
	[SL_SA_DELETE_POLICY] = "delete-policy",
	[SL_SA_QUERY_POLICY] = "query-policy",
	[SL_SA_FLUSH_POLICIES] = "flush-policies",
};

static const char *address(const uint8_t *bytes, uint8_t family)
{
	static char texts[8][INET6_ADDRSTRLEN];
	static unsigned int turn;
	char *text = texts[turn++ % 8];

	inet_ntop(family == 4 ? AF_INET : AF_INET6, bytes, text, INET6_ADDRSTRLEN);
	return text;
}

static void print_name(const struct sl_sa_name *name)
{
	printf(",\"spi\":%u,\"direction\":\"%s\",\"source\":\"%s\",\"destination\":\"%s\","
	       "\"ports\":[%u,%u]",
	       name->spi, name->direction == SL_SA_IN ? "in" : "out",
	       address(name->source.address, name->source.family),
	       address(name->destination.address, name->destination.family), name->source.port,
	       name->destination.port);
}

static void print_hex(const char *key, const uint8_t *bytes, size_t length)
{
	printf(",\"%s\":\"", key);
	for (size_t i = 0; i < length; i++)
		printf("%02x", bytes[i]);
	printf("\"");
}

static void print_add(const struct sl_sa_add *add)
{
	print_name(&add->name);
	printf(",\"reqid\":%u,\"cipher\":%u,\"integrity\":%u,\"flags\":%u,\"window\":%u,"
	       "\"mode\":%u,\"ifId\":%u,\"softBytes\":%lu,\"hardBytes\":%lu",
	       add->reqid, add->cipher, add->integrity, add->flags, add->replay_window, add->mode,
	       add->if_id, add->limit.soft_bytes, add->limit.hard_bytes);
	print_hex("cipherKey", add->cipher_key, add->cipher_key_length);
	print_hex("integrityKey", add->integrity_key, add->integrity_key_length);
}

static void print_policy(const struct sl_sa_policy *policy)
{
	printf(",\"direction\":\"%s\",\"kind\":%u,\"priority\":%u,\"reqid\":%u,\"spi\":%u,"
	       "\"from\":\"%s-%s\",\"to\":\"%s-%s\"",
	       policy->direction == SL_SA_IN ? "in" : "out", policy->type, policy->priority,
	       policy->reqid, policy->spi, address(policy->source.from, policy->source.family),
	       address(policy->source.to, policy->source.family),
	       address(policy->destination.from, policy->destination.family),
	       address(policy->destination.to, policy->destination.family));
}

static int find_sa(const struct sl_sa_name *name)
{
	for (uint32_t i = 0; i < n_sas; i++)
		if (sas[i].spi == name->spi && sas[i].direction == name->direction &&
		    (name->direction == SL_SA_IN ||
		     memcmp(sas[i].destination.address, name->destination.address, 16) == 0))
			return (int)i;
	return -ENOENT;
}

static int find_policy(const struct sl_sa_policy *policy)
{
	const size_t from = sizeof(policy->head);

	for (uint32_t i = 0; i < n_policies; i++)
		if (memcmp((char *)&policies[i] + from, (const char *)policy + from,
			   sizeof(*policy) - from) == 0)
			return (int)i;
	return -ENOENT;
}

/* Changes the tables; 0 or -errno. `answer` holds the head and whatever belongs to it. */
static int take(const struct sl_sa_head *head, void *answer)
{
	const struct sl_sa_hello *hello = (const void *)head;
	const struct sl_sa_add *add = (const void *)head;
	const struct sl_sa_update *update = (const void *)head;
	const struct sl_sa_name *name = (const void *)head;
	const struct sl_sa_policy *policy = (const void *)head;
	int at;

	switch (head->type) {
	case SL_SA_HELLO:
		if (plugin != hello->boot)
			n_sas = n_policies = 0;
		plugin = hello->boot;
		*(struct sl_sa_hello *)answer = (struct sl_sa_hello){
			.boot = boot, .sas = n_sas, .policies = n_policies};
		return 0;
	case SL_SA_GET_SPI:
		*(struct sl_sa_name *)answer = *name;
		((struct sl_sa_name *)answer)->spi = ++next_spi;
		return 0;
	case SL_SA_ADD:
		if (find_sa(name) >= 0)
			return -EEXIST;
		if (n_sas == MOST)
			return -ENOSPC;
		sas[n_sas++] = add->name;
		return 0;
	case SL_SA_UPDATE:
		at = find_sa(name);
		if (at < 0)
			return at;
		sas[at].source = update->source;
		sas[at].destination = update->destination;
		return 0;
	case SL_SA_DELETE:
		at = find_sa(name);
		if (at >= 0)
			sas[at] = sas[--n_sas];
		return at < 0 ? at : 0;
	case SL_SA_QUERY:
		*(struct sl_sa_use *)answer =
			(struct sl_sa_use){.bytes = 1234, .packets = 5, .idle = 0};
		at = find_sa(name);
		return at < 0 ? at : 0;
	case SL_SA_FLUSH:
		n_sas = 0;
		return 0;
	case SL_SA_ADD_POLICY:
		if (find_policy(policy) >= 0)
			return -EEXIST;
		if (n_policies == MOST)
			return -ENOSPC;
		policies[n_policies++] = *policy;
		return 0;
	case SL_SA_DELETE_POLICY:
		at = find_policy(policy);
		if (at >= 0)
			policies[at] = policies[--n_policies];
		return at < 0 ? at : 0;
	case SL_SA_QUERY_POLICY:
		*(struct sl_sa_use *)answer = (struct sl_sa_use){.idle = 0};
		at = find_policy(policy);
		return at < 0 ? at : 0;
	default:
		n_policies = 0;
		return 0;
	}
}

static size_t answer_size(uint16_t type)
{
	switch (type) {
	case SL_SA_HELLO:
		return sizeof(struct sl_sa_hello);
	case SL_SA_GET_SPI:
		return sizeof(struct sl_sa_name);
	case SL_SA_QUERY:
	case SL_SA_QUERY_POLICY:
		return sizeof(struct sl_sa_use);
	default:
		return sizeof(struct sl_sa_head);
	}
}

static void request(int client, const struct sl_sa_head *head, size_t size)
{
	union {
		struct sl_sa_head head;
		uint64_t bytes[SL_SA_MESSAGE_MAX / 8];
	} answer = {.head = {0}};
	bool known = head->type >= SL_SA_HELLO && head->type <= SL_SA_FLUSH_POLICIES;
	bool good = known && head->length == size && sizes[head->type] == size &&
		    head->version == SL_SA_VERSION && head->sequence != 0 && head->status == 0;
	int status = good ? take(head, &answer) : -EINVAL;
	size_t length = status == 0 ? answer_size(head->type) : sizeof(struct sl_sa_head);

	printf("{\"type\":\"%s\",\"status\":%d", known ? names[head->type] : "?", status);
	if (good && head->type == SL_SA_ADD)
		print_add((const void *)head);
	else if (good && head->type >= SL_SA_GET_SPI && head->type <= SL_SA_QUERY)
		print_name((const void *)head);
	else if (good && size == sizeof(struct sl_sa_policy))
		print_policy((const void *)head);
	printf("}\n");
	answer.head = (struct sl_sa_head){.version = SL_SA_VERSION,
					  .type = head->type,
					  .sequence = head->sequence,
					  .status = status,
					  .length = (uint32_t)length};
	if (send(client, &answer, length, MSG_NOSIGNAL) < 0)
		perror("send");
}

static void expire(int client, uint32_t spi, const char *direction, const char *kind)
{
	struct sl_sa_expire event = {
		.name = {.spi = spi, .direction = direction[0] == 'i' ? SL_SA_IN : SL_SA_OUT},
		.hard = kind[0] == 'h',
	};

	for (uint32_t i = 0; i < n_sas; i++)
		if (sas[i].spi == spi && sas[i].direction == event.name.direction)
			event.name = sas[i];
	event.name.head = (struct sl_sa_head){
		.version = SL_SA_VERSION, .type = SL_SA_EXPIRE, .length = sizeof(event)};
	send(client, &event, sizeof(event), MSG_NOSIGNAL);
}

static void acquire(int client, uint32_t reqid, const char *source, const char *destination)
{
	struct sl_sa_acquire event = {
		.head = {.version = SL_SA_VERSION, .type = SL_SA_ACQUIRE, .length = sizeof(event)},
		.reqid = reqid,
		.source = {.family = 4, .protocol = IPPROTO_UDP, .port_from = 4000, .port_to = 4000},
		.destination = {.family = 4, .protocol = IPPROTO_UDP, .port_from = 7, .port_to = 7},
	};

	inet_pton(AF_INET, source, event.source.from);
	inet_pton(AF_INET, source, event.source.to);
	inet_pton(AF_INET, destination, event.destination.from);
	inet_pton(AF_INET, destination, event.destination.to);
	send(client, &event, sizeof(event), MSG_NOSIGNAL);
}

static void told(int client, const char *line)
{
	char a[64], b[64];
	uint32_t number;

	if (sscanf(line, "expire %u %63s %63s", &number, a, b) == 3)
		expire(client, number, a, b);
	else if (sscanf(line, "acquire %u %63s %63s", &number, a, b) == 3)
		acquire(client, number, a, b);
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int client = -1;

	if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path) || listener < 0 ||
	    getrandom(&boot, sizeof(boot), 0) != sizeof(boot))
		return 2;
	strcpy(address.sun_path, argv[1]);
	unlink(address.sun_path);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 1) < 0) {
		perror(argv[1]);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("{\"type\":\"listening\"}\n");
	for (;;) {
		struct pollfd fds[] = {{.fd = 0, .events = POLLIN},
				       {.fd = client < 0 ? listener : client, .events = POLLIN}};
		uint64_t record[SL_SA_MESSAGE_MAX / 8];
		char line[256];

		if (poll(fds, 2, -1) < 0)
			return 1;
		if (fds[0].revents) {
			ssize_t length = read(0, line, sizeof(line) - 1);

			if (length <= 0)
				return 0;
			line[length] = '\0';
			if (client >= 0)
				told(client, line);
		}
		if (fds[1].revents && client < 0) {
			client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		} else if (fds[1].revents) {
			ssize_t size = recv(client, record, sizeof(record), 0);

			if (size >= (ssize_t)sizeof(struct sl_sa_head)) {
				request(client, (const void *)record, (size_t)size);
			} else {
				close(client);
				client = -1;
			}
		}
	}
}
