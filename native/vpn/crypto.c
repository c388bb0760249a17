/* SPDX-License-Identifier: BSD-3-Clause */
#include "vpn/crypto.h"

#include <errno.h>
#include <rte_cryptodev.h>
#include <string.h>

#include "vpn/flight.h"

/* RFC 4106, RFC 7634: the key ends with the salt; what is authenticated beside is SPI and number. */
static int aead(struct sl_sa *sa, const struct sl_sa_add *add, struct sl_sa_xforms *x)
{
	bool aes = add->cipher == SL_SA_AES_GCM_16;
	uint8_t key = (uint8_t)(add->cipher_key_length - 4);

	x->suite = aes ? SL_SUITE_GCM : SL_SUITE_CHACHA;
	x->first = (struct rte_crypto_sym_xform){
		.type = RTE_CRYPTO_SYM_XFORM_AEAD,
		.aead = {
			.op = sa->direction == SL_SA_OUT ? RTE_CRYPTO_AEAD_OP_ENCRYPT :
							   RTE_CRYPTO_AEAD_OP_DECRYPT,
			.algo = aes ? RTE_CRYPTO_AEAD_AES_GCM : RTE_CRYPTO_AEAD_CHACHA20_POLY1305,
			.key = {.data = add->cipher_key, .length = key},
			.iv = {.offset = SL_FLIGHT_NONCE, .length = 12},
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
	return 0;
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
static int cbc(struct sl_sa *sa, const struct sl_sa_add *add, struct sl_sa_xforms *x)
{
	bool out = sa->direction == SL_SA_OUT;
	struct rte_crypto_sym_xform *cipher = out ? &x->first : &x->second;
	struct rte_crypto_sym_xform *auth = out ? &x->second : &x->first;
	unsigned int i = 0;

	while (i < RTE_DIM(integrities) && integrities[i].id != add->integrity)
		i++;
	if (i == RTE_DIM(integrities))
		return -EOPNOTSUPP;
	if (add->integrity_key_length != integrities[i].key ||
	    (add->cipher_key_length != 16 && add->cipher_key_length != 24 &&
	     add->cipher_key_length != 32))
		return -EINVAL;
	cipher->cipher.op = out ? RTE_CRYPTO_CIPHER_OP_ENCRYPT : RTE_CRYPTO_CIPHER_OP_DECRYPT;
	cipher->cipher.algo = RTE_CRYPTO_CIPHER_AES_CBC;
	cipher->cipher.key.data = add->cipher_key;
	cipher->cipher.key.length = add->cipher_key_length;
	cipher->cipher.iv.offset = SL_FLIGHT_NONCE;
	cipher->cipher.iv.length = 16;
	auth->auth.op = out ? RTE_CRYPTO_AUTH_OP_GENERATE : RTE_CRYPTO_AUTH_OP_VERIFY;
	auth->auth.algo = integrities[i].algorithm;
	auth->auth.key.data = add->integrity_key;
	auth->auth.key.length = add->integrity_key_length;
	auth->auth.digest_length = integrities[i].icv;
	cipher->type = RTE_CRYPTO_SYM_XFORM_CIPHER;
	auth->type = RTE_CRYPTO_SYM_XFORM_AUTH;
	x->first.next = &x->second;
	x->suite = SL_SUITE_CBC;
	sa->iv = 16;
	sa->icv = integrities[i].icv;
	sa->align = 16;
	sa->ofs.ofs.cipher.head = 8 + 16;
	sa->ofs.ofs.cipher.tail = sa->flags & SL_SA_ESN ? 4 : 0;
	return 0;
}

int sl_sa_transforms(struct sl_sa *sa, const struct sl_sa_add *add, struct sl_sa_xforms *x)
{
	memset(x, 0, sizeof(*x));
	if (add->cipher_key_length < 16 || add->cipher_key_length > sizeof(add->cipher_key) ||
	    add->integrity_key_length > sizeof(add->integrity_key))
		return -EINVAL;
	switch (add->cipher) {
	case SL_SA_AES_GCM_16:
	case SL_SA_CHACHA20:
		return aead(sa, add, x);
	case SL_SA_AES_CBC:
		return cbc(sa, add, x);
	default:
		return -EOPNOTSUPP;
	}
}
