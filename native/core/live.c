/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/live.h"

#include <errno.h>
#include <rte_eal.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/capture.h"
#include "core/control.h"
#include "core/file.h"
#include "core/json.h"
#include "core/make.h"
#include "core/port.h"
#include "core/swap.h"
#include "core/worker.h"
#include "host/host.h"
#include "tables/tables.h"
#include "vpn/engine.h"
#include "vpn/sa.h"

/* What a box without any image is sized for. */
static const struct sl_image_settings defaults = {
	.max_sessions = 1u << 20,
	.max_routes = 1u << 16,
	.tcp_opening = 30,
	.tcp_established = 3600,
	.tcp_closing = 30,
	.tcp_closed = 10,
	.udp_opening = 30,
	.udp_established = 120,
	.icmp = 10,
	.other = 60,
	.fragment_timeout = 30,
	.fragment_datagrams = 8192,
	.fragment_source = 256,
};

static struct sl_datapath datapath;
static char image_path[4096];

static int stage(const void *image, size_t size, struct sl_tables_stats *stats, char *error,
		 size_t error_size)
{
	return sl_swap_stage(&datapath, image, size, stats, error, error_size);
}

static int activate(uint64_t generation, struct sl_swap_result *result, char *error,
		    size_t error_size)
{
	return sl_swap_activate(&datapath, generation, image_path, result, error, error_size);
}

static void discard(void)
{
	sl_swap_discard(&datapath);
}

static void tick(void)
{
	sl_port_links(&datapath);
	sl_swap_schedules(&datapath);
	sl_engines_watch(&datapath);
	sl_sad_settle();
	sl_capture_expire(&datapath);
}

/* The settings of the first image, or the defaults: sessions and FIB are sized once. */
static struct sl_image_settings settings_of(const void *bytes, size_t size)
{
	struct sl_image image;
	char error[256];

	if (bytes && sl_image_open(&image, bytes, size, error, sizeof(error)) == 0) {
		struct sl_image_settings settings = *image.settings;

		if (settings.max_sessions < defaults.max_sessions)
			settings.max_sessions = defaults.max_sessions;
		return settings;
	}
	return defaults;
}

static void first_image(const void *image, size_t size, const char *path)
{
	struct sl_swap_result result;
	struct sl_image view;
	char error[512];

	if (sl_swap_stage(&datapath, image, size, NULL, error, sizeof(error)) < 0 ||
	    sl_image_open(&view, image, size, error, sizeof(error)) < 0 ||
	    sl_swap_activate(&datapath, view.header->generation, NULL, &result, error,
			     sizeof(error)) < 0)
		fprintf(stderr, "sluice-datapath: %s: %s; nothing is forwarded\n", path, error);
	else
		fprintf(stderr, "sluice-datapath: %s: generation %llu in force\n", path,
			(unsigned long long)result.generation);
}

int sl_live_main(struct sl_options *options)
{
	const struct sl_control_ops ops = {
		.stage = stage, .activate = activate, .discard = discard, .tick = tick};
	struct sl_image_settings settings;
	const char *first = options->image ? options->image : image_path;
	char counters[4096], error[512] = "";
	void *image = NULL;
	size_t size = 0;
	int status;

	snprintf(image_path, sizeof(image_path), "%s/image", options->run_dir);
	snprintf(counters, sizeof(counters), "%s/counters", options->run_dir);
	if (mkdir(options->run_dir, 0750) < 0 && errno != EEXIST) {
		fprintf(stderr, "sluice-datapath: %s: %s\n", options->run_dir, strerror(errno));
		return 1;
	}
	status = sl_file_read(first, &image, &size);
	if (status && (options->image || status != -ENOENT))
		fprintf(stderr, "sluice-datapath: %s: %s\n", first, strerror(-status));
	settings = settings_of(image, size);

	datapath.workers = options->workers;
	for (unsigned int slot = 0; slot < SL_MAX_IFACES; slot++)
		datapath.port_of_iface[slot] = SL_NO_PORT;
	sl_datapath = &datapath;
	sl_control_signals();
	status = sl_eal_start(options, &datapath);
	if (status)
		snprintf(error, sizeof(error), "DPDK: %s", strerror(-status));
	if (!status && (status = sl_datapath_pool(&datapath, options)))
		snprintf(error, sizeof(error), "packet buffers: %s", strerror(-status));
	if (!status)
		status = sl_datapath_make(&datapath, &settings, 0, counters, error, sizeof(error));
	if (!status)
		status = sl_control_open(&datapath, options->run_dir, &ops, error, sizeof(error));
	if (!status)
		status = sl_host_start(&datapath, error, sizeof(error));
	if (!status && (status = sl_workers_launch(&datapath)))
		snprintf(error, sizeof(error), "workers: %s", strerror(-status));
	if (status) {
		fprintf(stderr, "sluice-datapath: %s\n", error);
		return 1;
	}
	if (options->no_huge)
		fprintf(stderr, "sluice-datapath: no huge pages free: plain memory, which costs "
				"TLB misses (about a fifth of the speed at 10,000 sessions)\n");
	if (image)
		first_image(image, size, first);
	free(image);
	sl_control_run();
	sl_workers_join(&datapath);
	sl_host_stop();
	sl_control_close();
	rte_eal_cleanup();
	return 0;
}
