/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <daemon.h>
#include <plugins/plugin.h>

#include "ipsec.h"

/* charon looks this up by name; no header of ours is for others. */
plugin_t *sluice_plugin_create(void);

METHOD(plugin_t, get_name, char *, plugin_t *this)
{
	return "sluice";
}

METHOD(plugin_t, get_features, int, plugin_t *this, plugin_feature_t *features[])
{
	static plugin_feature_t f[] = {
		PLUGIN_CALLBACK(kernel_ipsec_register, ipsec_create),
			PLUGIN_PROVIDE(CUSTOM, "kernel-ipsec"),
				PLUGIN_DEPENDS(RNG, RNG_WEAK),
	};
	*features = f;
	return countof(f);
}

METHOD(plugin_t, destroy, void, plugin_t *this)
{
	free(this);
}

plugin_t *sluice_plugin_create(void)
{
	plugin_t *this;

	INIT(this, .get_name = _get_name, .get_features = _get_features, .destroy = _destroy);
	return this;
}
