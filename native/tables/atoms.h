/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "tables/classifier.h"
#include "tables/mem.h"

/*
 * The rules of a part as the classifier wants them: an atom is a product of one set in each
 * dimension, in priority order. A rule is one atom for each source port range its services have.
 */
enum sl_dimension {
	SL_DIM_SOURCE,
	SL_DIM_DESTINATION,
	SL_DIM_SERVICE, /* protocol and destination port or ICMP type and code */
	SL_DIM_SOURCE_PORT,
	SL_DIMENSIONS,
};

/* Beyond this many atoms a part is refused. */
#define SL_MAX_ATOMS (1u << 22)

/* Services of one set that share their source ports: what SL_DIM_SERVICE calls a set. */
struct sl_spec {
	uint32_t first, count; /* into sl_specs.services */
	uint32_t source_port;  /* index into source_ports or SL_SET_ANY */
	uint32_t service;      /* own index, or SL_SET_ANY if every packet fits */
};

/* The services of an image, cut by source port range. */
struct sl_specs {
	struct sl_buf of_set;	    /* uint32_t per service set + 1: first spec */
	struct sl_buf specs;	    /* struct sl_spec */
	struct sl_buf services;	    /* uint32_t into the image's services */
	struct sl_buf source_ports; /* uint32_t lo << 16 | hi */
	uint32_t spec_count, source_port_count;
};

bool sl_specs_build(struct sl_mem *mem, const struct sl_image *image, struct sl_specs *specs);
void sl_specs_free(struct sl_mem *mem, struct sl_specs *specs);

/* The atoms of one family of one part. */
struct sl_atoms {
	uint32_t count;
	struct sl_buf rules; /* struct sl_rule per atom */
	/* Per dimension: image set or spec number per atom, SL_SET_ANY for any. */
	struct sl_buf sets[SL_DIMENSIONS];
};

/* `family`: 4 or 6. False when memory is out or there are more than SL_MAX_ATOMS. */
bool sl_atoms_build(struct sl_mem *mem, const struct sl_image *image, const struct sl_specs *specs,
		    uint32_t part, uint8_t family, struct sl_atoms *atoms);
void sl_atoms_free(struct sl_mem *mem, struct sl_atoms *atoms);

/* The sets of one dimension numbered from 0, with the atoms that use each. */
struct sl_uses {
	uint32_t sets, base_count;
	struct sl_buf set;   /* uint32_t: number in the image, ascending */
	struct sl_buf first; /* uint32_t: sets + 1 */
	struct sl_buf atoms; /* uint32_t */
	struct sl_buf base;  /* uint32_t: atoms that take any value */
};

/* `limit`: beyond every set number. */
bool sl_uses_build(struct sl_mem *mem, const struct sl_atoms *atoms, enum sl_dimension dimension,
		   uint32_t limit, struct sl_uses *uses);
void sl_uses_free(struct sl_mem *mem, struct sl_uses *uses);
