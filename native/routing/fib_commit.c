/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "routing/fib_family.h"

/* The step between the sorted arrays and the full size: entries of two bytes, 150 MB less. */
#define MIDDLE_CAPACITY 16384u

/* What is left to do for a family once no reader sees its old side any more. */
struct after {
	struct sl_fib_side *update;  /* has yet to take the changes; becomes the idle side */
	struct sl_fib_side *dead[2]; /* to free */
};

/* Applies the changes, takings before givings so that a full side has room. */
static int apply(struct sl_fib_side *side, struct sl_rib *rib)
{
	int rc = 0;

	for (int giving = 0; giving < 2; giving++)
		for (uint32_t n = 0; n < rib->changes; n++) {
			struct sl_rib_entry *e = &rib->entry[rib->changed[n]];

			if (e->want == e->have || !!e->want != giving)
				continue;
			e->left_out = sl_fib_side_set(side, e, e->want) < 0 && giving;
			if (e->left_out)
				rc = -ENOSPC;
		}
	return rc;
}

/* A big side with everything that is wanted; NULL when memory is short. */
static struct sl_fib_side *build(struct sl_rib *rib, uint32_t capacity, int *rc)
{
	struct sl_fib_side *side = sl_fib_big(rib, capacity);

	*rc = side ? 0 : -ENOMEM;
	for (uint32_t i = 0; side && i < rib->used; i++) {
		struct sl_rib_entry *e = &rib->entry[i];

		e->left_out = e->want && sl_fib_side_set(side, e, e->want) < 0;
		if (e->left_out)
			*rc = -ENOSPC;
	}
	return side;
}

static int rebuild(struct sl_fib *fib, struct sl_fib_family *f, uint32_t capacity,
		   struct after *after)
{
	struct sl_fib_side *side, *other = NULL;
	int rc;

	side = build(&f->rib, capacity, &rc);
	if (side && fib->qsbr)
		other = build(&f->rib, capacity, &rc);
	if (!side || (fib->qsbr && !other)) {
		sl_fib_side_free(side);
		return -ENOMEM;
	}
	after->dead[0] = f->active;
	after->dead[1] = f->idle;
	f->idle = other;
	atomic_store_explicit(&f->active, side, memory_order_release);
	return rc;
}

/* Puts the changes in force for readers from now on; 1 when there were any. */
static int advance(struct sl_fib *fib, struct sl_fib_family *f, struct after *after)
{
	struct sl_fib_side *active = f->active, *side;
	struct sl_rib *rib = &f->rib;
	bool changed = false, big = active->fib4 || active->fib6;
	uint32_t middle = RTE_MIN(MIDDLE_CAPACITY, fib->max_routes);
	int rc = 0;

	for (uint32_t n = 0; n < rib->changes && !changed; n++)
		changed = rib->entry[rib->changed[n]].want != rib->entry[rib->changed[n]].have;
	if (!changed)
		return 0;
	if (!big && rib->live <= SL_FIB_SMALL) {
		side = sl_fib_small(rib);
		if (!side)
			return -ENOMEM;
		after->dead[0] = active;
		atomic_store_explicit(&f->active, side, memory_order_release);
		return 1;
	}
	if (big && rib->live <= active->capacity) {
		side = fib->qsbr ? f->idle : active;
		rc = apply(side, rib);
		/* A bigger size if there is one and memory for it; else without what had no room. */
		if (rc && active->capacity < fib->max_routes && fib->qsbr) {
			int bigger = rebuild(fib, f, fib->max_routes, after);

			if (bigger != -ENOMEM)
				return bigger ? bigger : 1;
		}
		after->update = fib->qsbr ? active : NULL;
		atomic_store_explicit(&f->active, side, memory_order_release);
		return rc ? rc : 1;
	}
	rc = rebuild(fib, f, rib->live <= middle ? middle : fib->max_routes, after);
	return rc ? rc : 1;
}

static void finish(struct sl_fib *fib, struct sl_fib_family *f, const struct after *after)
{
	struct sl_rib *rib = &f->rib;

	if (after->update) {
		apply(after->update, rib);
		f->idle = after->update;
	}
	sl_fib_side_free(after->dead[0]);
	sl_fib_side_free(after->dead[1]);
	for (uint32_t n = 0; n < rib->changes; n++) {
		struct sl_rib_entry *e = &rib->entry[rib->changed[n]];

		if (e->left_out || e->want == e->have)
			continue;
		sl_next_hops_use(fib->next_hops, e->want);
		sl_next_hops_put(fib->next_hops, e->have);
		e->have = e->want;
	}
	sl_rib_settle(rib);
}

int sl_fib_commit(struct sl_fib *fib)
{
	struct after after4 = {0}, after6 = {0};
	int rc4 = advance(fib, &fib->v4, &after4);
	int rc6 = advance(fib, &fib->v6, &after6);

	if (fib->qsbr && (rc4 || rc6))
		rte_rcu_qsbr_synchronize(fib->qsbr, RTE_QSBR_THRID_INVALID);
	if (rc4 != -ENOMEM)
		finish(fib, &fib->v4, &after4);
	if (rc6 != -ENOMEM)
		finish(fib, &fib->v6, &after6);
	if (rc4 < 0 || rc6 < 0)
		return rc4 < 0 ? rc4 : rc6;
	return rc4 || rc6;
}
