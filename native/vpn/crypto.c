/* SPDX-License-Identifier: BSD-3-Clause */
#include "vpn/crypto.h"

#include <errno.h>
#include <rte_cryptodev.h>
#include <rte_dev.h>
#include <stdio.h>
#include <string.h>

/*
 * Engines are used synchronously: a worker hands over a burst and has it back at once. The combined
 * modes of GCM go to the device that does nothing else, all the rest to the multi-buffer one.
 */
#define SESSIONS 8192u

struct engine {
	const char *name;
	int device; /* -1: not asked for yet, below: not there */
	struct rte_mempool *sessions;
};
static struct engine gcm = {"crypto_aesni_gcm", -1, NULL}, mb = {"crypto_aesni_mb", -1, NULL};

static int start(struct engine *e)
{
	/* No queue is used, but a device without one is none. */
	struct rte_cryptodev_config config = {.socket_id = SOCKET_ID_ANY, .nb_queue_pairs = 1};
	struct rte_cryptodev_info info;
	char name[64];
	int device;

	if (e->device != -1)
		return e->device < 0 ? -EOPNOTSUPP : 0;
	e->device = -2;
	device = rte_cryptodev_get_dev_id(e->name);
	if (device < 0 && rte_eal_hotplug_add("vdev", e->name, "") == 0)
		device = rte_cryptodev_get_dev_id(e->name);
	if (device < 0)
		return -EOPNOTSUPP;
	rte_cryptodev_info_get((uint8_t)device, &info);
	if (!(info.feature_flags & RTE_CRYPTODEV_FF_SYM_CPU_CRYPTO))
		return -EOPNOTSUPP;
	if (rte_cryptodev_configure((uint8_t)device, &config) < 0)
		return -ENODEV;
	snprintf(name, sizeof(name), "sa-%s", e->name + strlen("crypto_"));
	e->sessions = rte_cryptodev_sym_session_pool_create(
		name, SESSIONS, rte_cryptodev_sym_get_private_session_size((uint8_t)device), 0, 0,
		SOCKET_ID_ANY);
	if (!e->sessions)
		return -ENOMEM;
	e->device = device;
	return 0;
}

static int make(struct sl_sa *sa, struct engine *e, struct rte_crypto_sym_xform *xform)
{
	int status = start(e);

	if (status)
		return status;
	sa->device = (uint8_t)e->device;
	sa->session = rte_cryptodev_sym_session_create(sa->device, xform, e->sessions);
	return sa->session ? 0 : -EOPNOTSUPP;
}

/* RFC 4106, RFC 7634: the key ends with the salt; what is authenticated beside is SPI and number. */
static int open_aead(struct sl_sa *sa, const struct sl_sa_add *add)
{
	bool aes = add->cipher == SL_SA_AES_GCM_16;
	uint8_t key = (uint8_t)(add->cipher_key_length - 4);
	struct rte_crypto_sym_xform x = {
		.type = RTE_CRYPTO_SYM_XFORM_AEAD,
		.aead = {
			.op = sa->direction == SL_SA_OUT ? RTE_CRYPTO_AEAD_OP_ENCRYPT :
							   RTE_CRYPTO_AEAD_OP_DECRYPT,
			.algo = aes ? RTE_CRYPTO_AEAD_AES_GCM : RTE_CRYPTO_AEAD_CHACHA20_POLY1305,
			.key = {.data = add->cipher_key, .length = key},
			.iv = {.length = 12},
			.digest_length = 16,
			.aad_length = sa->flags & SL_SA_ESN ? 12 : 8,
		},
	};

	if (add->integrity != SL_SA_NONE || add->integrity_key_length != 0)
		return -EINVAL;
	if (aes ? key != 16 && key != 24 && key != 32 : key != 32)
		return -EINVAL;
	memcpy(sa->salt, add->cipher_key + key, 4);
	sa->aead = sa->counter_iv = 1;
	sa->iv = 8;
	sa->icv = 16;
	sa->align = 4;
	return make(sa, aes ? &gcm : &mb, &x);
}

static const struct {
	uint16_t id;
	uint8_t key, icv;
	enum rte_crypto_auth_algorithm algorithm;
} integrities[] = {
	{SL_SA_SHA2_256_128, 32, 16, RTE_CRYPTO_AUTH_SHA256_HMAC},
	{SL_SA_SHA2_384_192, 48, 24, RTE_CRYPTO_AUTH_SHA384_HMAC},
	{SL_SA_SHA2_512_256, 64, 32, RTE_CRYPTO_AUTH_SHA512_HMAC},
	{SL_SA_SHA1_96, 20, 12, RTE_CRYPTO_AUTH_SHA1_HMAC},
};

/* RFC 3602 and RFC 4868: encrypt, then authenticate from the ESP header on. */
static int open_cbc(struct sl_sa *sa, const struct sl_sa_add *add)
{
	bool out = sa->direction == SL_SA_OUT;
	struct rte_crypto_sym_xform cipher = {.type = RTE_CRYPTO_SYM_XFORM_CIPHER},
				    auth = {.type = RTE_CRYPTO_SYM_XFORM_AUTH};
	unsigned int i = 0;

	while (i < RTE_DIM(integrities) && integrities[i].id != add->integrity)
		i++;
	if (i == RTE_DIM(integrities))
		return -EOPNOTSUPP;
	if (add->integrity_key_length != integrities[i].key ||
	    (add->cipher_key_length != 16 && add->cipher_key_length != 24 &&
	     add->cipher_key_length != 32))
		return -EINVAL;
	cipher.cipher.op = out ? RTE_CRYPTO_CIPHER_OP_ENCRYPT : RTE_CRYPTO_CIPHER_OP_DECRYPT;
	cipher.cipher.algo = RTE_CRYPTO_CIPHER_AES_CBC;
	cipher.cipher.key.data = add->cipher_key;
	cipher.cipher.key.length = add->cipher_key_length;
	cipher.cipher.iv.length = 16;
	auth.auth.op = out ? RTE_CRYPTO_AUTH_OP_GENERATE : RTE_CRYPTO_AUTH_OP_VERIFY;
	auth.auth.algo = integrities[i].algorithm;
	auth.auth.key.data = add->integrity_key;
	auth.auth.key.length = add->integrity_key_length;
	auth.auth.digest_length = integrities[i].icv;
	cipher.next = out ? &auth : NULL;
	auth.next = out ? NULL : &cipher;
	sa->iv = 16;
	sa->icv = integrities[i].icv;
	sa->align = 16;
	sa->ofs.ofs.cipher.head = 8 + 16;
	sa->ofs.ofs.cipher.tail = sa->flags & SL_SA_ESN ? 4 : 0;
	return make(sa, &mb, out ? &cipher : &auth);
}

int sl_sa_crypto_open(struct sl_sa *sa, const struct sl_sa_add *add)
{
	if (add->cipher_key_length < 16 || add->cipher_key_length > sizeof(add->cipher_key) ||
	    add->integrity_key_length > sizeof(add->integrity_key))
		return -EINVAL;
	switch (add->cipher) {
	case SL_SA_AES_GCM_16:
	case SL_SA_CHACHA20:
		return open_aead(sa, add);
	case SL_SA_AES_CBC:
		return open_cbc(sa, add);
	default:
		return -EOPNOTSUPP;
	}
}

void sl_sa_crypto_close(struct sl_sa *sa)
{
	if (sa->session)
		rte_cryptodev_sym_session_free(sa->device, sa->session);
	sa->session = NULL;
}
