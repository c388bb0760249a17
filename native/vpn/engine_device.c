/* SPDX-License-Identifier: BSD-3-Clause */
#include "vpn/engine_device.h"

#include <rte_cryptodev.h>
#include <rte_dev.h>
#include <stdio.h>
#include <string.h>

#include "core/hugepages.h"
#include "vpn/gcm.h"

/* Without a tunnel nothing of this is made; with one, every SA may be on the same device. */
#define SESSIONS 8192u
#define SESSIONS_OFFLINE 512u
#define QUEUE 2048u

/* Software engines are made; hardware was found at start. */
static const char *const software[] = {"crypto_aesni_gcm", "crypto_aesni_mb", "crypto_openssl"};

static uint8_t suites_of(uint8_t device)
{
	struct rte_cryptodev_sym_capability_idx idx = {.type = RTE_CRYPTO_SYM_XFORM_AEAD};
	const struct rte_cryptodev_symmetric_capability *c;
	uint8_t does = 0;

	idx.algo.aead = RTE_CRYPTO_AEAD_AES_GCM;
	c = rte_cryptodev_sym_capability_get(device, &idx);
	/* 16-byte tags, SPI and a number of either length, nonces of 12 bytes */
	if (c && rte_cryptodev_sym_capability_check_aead(c, 16, 16, 8, 12) == 0 &&
	    rte_cryptodev_sym_capability_check_aead(c, 32, 16, 12, 12) == 0)
		does |= 1u << SL_SUITE_GCM;
	idx.algo.aead = RTE_CRYPTO_AEAD_CHACHA20_POLY1305;
	c = rte_cryptodev_sym_capability_get(device, &idx);
	if (c && rte_cryptodev_sym_capability_check_aead(c, 32, 16, 12, 12) == 0)
		does |= 1u << SL_SUITE_CHACHA;
	idx.type = RTE_CRYPTO_SYM_XFORM_CIPHER;
	idx.algo.cipher = RTE_CRYPTO_CIPHER_AES_CBC;
	c = rte_cryptodev_sym_capability_get(device, &idx);
	if (!c || rte_cryptodev_sym_capability_check_cipher(c, 16, 16) != 0)
		return does;
	idx.type = RTE_CRYPTO_SYM_XFORM_AUTH;
	idx.algo.auth = RTE_CRYPTO_AUTH_SHA256_HMAC;
	c = rte_cryptodev_sym_capability_get(device, &idx);
	if (c && rte_cryptodev_sym_capability_check_auth(c, 32, 16, 0) == 0)
		does |= 1u << SL_SUITE_CBC;
	return does;
}

struct rte_mempool *sl_engine_pool(const struct sl_datapath *dp, uint8_t device)
{
	char name[64];

	if (device == SL_ENGINE_OWN)
		return NULL;
	snprintf(name, sizeof(name), "sa-sessions-%u", device);
	return rte_cryptodev_sym_session_pool_create(
		name, dp->offline ? SESSIONS_OFFLINE : SESSIONS,
		rte_cryptodev_sym_get_private_session_size(device), 0, 0, SOCKET_ID_ANY);
}

void *sl_engine_session(const struct sl_engine *e, const struct sl_sa_xforms *x)
{
	const struct rte_crypto_aead_xform *aead = &x->first.aead;

	if (e->device != SL_ENGINE_OWN)
		return rte_cryptodev_sym_session_create(
			e->device, (struct rte_crypto_sym_xform *)(uintptr_t)&x->first, e->sessions);
	if (x->suite != SL_SUITE_GCM)
		return NULL;
	return sl_gcm_create(aead->key.data, aead->key.length,
			     aead->op == RTE_CRYPTO_AEAD_OP_ENCRYPT);
}

void sl_engine_session_free(uint8_t device, void *session)
{
	if (device == SL_ENGINE_OWN)
		sl_gcm_free(session);
	else
		rte_cryptodev_sym_session_free(device, session);
}

static bool start(const struct sl_datapath *dp, uint8_t device)
{
	struct rte_cryptodev_config config = {.socket_id = sl_socket_with_memory(
						      rte_cryptodev_socket_id(device)),
					      .nb_queue_pairs = (uint16_t)(dp->workers + 1)};
	struct rte_cryptodev_qp_conf queue = {.nb_descriptors = QUEUE};

	if (rte_cryptodev_configure(device, &config) < 0)
		return false;
	for (uint16_t i = 0; i < config.nb_queue_pairs; i++)
		if (rte_cryptodev_queue_pair_setup(device, i, &queue, config.socket_id) < 0)
			return false;
	return rte_cryptodev_start(device) == 0;
}

unsigned int sl_engine_devices(struct sl_datapath *dp, struct sl_engine_device *devices,
			       unsigned int most)
{
	char queues[32];
	unsigned int n = 0;

	snprintf(queues, sizeof(queues), "max_nb_queue_pairs=%u", dp->workers + 1);
	for (unsigned int i = 0; i < RTE_DIM(software); i++)
		if (rte_cryptodev_get_dev_id(software[i]) < 0)
			rte_eal_hotplug_add("vdev", software[i], queues);
	for (unsigned int id = 0; id < RTE_CRYPTO_MAX_DEVS && n < most; id++) {
		struct sl_engine_device *d = &devices[n];
		struct rte_cryptodev_info info;

		if (!rte_cryptodev_is_valid_dev((uint8_t)id))
			continue;
		rte_cryptodev_info_get((uint8_t)id, &info);
		d->driver = info.driver_name;
		d->device = (uint8_t)id;
		d->cpu = info.feature_flags & RTE_CRYPTODEV_FF_SYM_CPU_CRYPTO;
		d->does = suites_of((uint8_t)id);
		if (d->does && start(dp, (uint8_t)id))
			n++;
	}
	if (n < most && sl_gcm_here())
		devices[n++] = (struct sl_engine_device){.driver = "vaes", .device = SL_ENGINE_OWN, .cpu = true,
						       .does = 1u << SL_SUITE_GCM};
	return n;
}
