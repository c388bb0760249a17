/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/control.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "balancer/balance.h"
#include "core/control_capture.h"
#include "core/control_message.h"
#include "core/control_show.h"
#include "core/control_survey.h"
#include "core/swap.h"
#include "helpers/helper.h"
#include "nat/blocks.h"
#include "nat/nat.h"
#include "tables/tables.h"
#include "vpn/engine.h"
#include "vpn/sa_serve.h"

#define MOST_PEERS 64
#define MOST_IMAGE (1ull << 30)
#define TICK_MS 100

/* An image being staged: its thread owns it until `done` is written. */
struct staging {
	struct sl_request request;
	int peer; /* -1: went away meanwhile */
	void *image;
	size_t size;
	uint64_t ns;
	struct sl_tables_stats stats;
	int status;
	char error[512];
};

static struct {
	struct sl_datapath *dp;
	const struct sl_control_ops *ops;
	int listener, epoll, signals, done;
	char path[108];
	struct staging *staging;
	pthread_t thread;
} control = {.listener = -1, .epoll = -1, .signals = -1, .done = -1};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void refuse(int peer, const struct sl_request *request, int status, const char *text)
{
	sl_message_answer(peer, request, status, text, strlen(text));
}

static void answer(int peer, const struct sl_request *request, struct sl_json *json)
{
	if (json->text)
		sl_message_answer(peer, request, 0, json->text, json->length);
	else
		refuse(peer, request, ENOMEM, "out of memory");
	sl_json_free(json);
}

/* Why staged tables cannot be touched now. */
static const char *busy(void)
{
	return control.staging ? "another image is being staged" : "a preview is under way";
}

static void *stage_thread(void *argument)
{
	struct staging *s = argument;
	uint64_t start = now_ns(), one = 1;

	s->status = control.ops->stage(s->image, s->size, &s->stats, s->error, sizeof(s->error));
	s->ns = now_ns() - start;
	free(s->image);
	s->image = NULL;
	if (write(control.done, &one, sizeof(one)) < 0)
		abort(); /* an eventfd takes it */
	return NULL;
}

static void stage(int peer, const struct sl_request *request, int body)
{
	struct staging *s;
	int error;

	if (control.staging || sl_control_previews()) {
		refuse(peer, request, EBUSY, busy());
		return;
	}
	s = calloc(1, sizeof(*s));
	error = s ? sl_message_body(body, MOST_IMAGE, &s->image, &s->size) : -ENOMEM;
	if (!error) {
		s->request = *request;
		s->peer = peer;
		control.staging = s;
		error = -pthread_create(&control.thread, NULL, stage_thread, s);
	}
	if (error) {
		refuse(peer, request, -error, "no image came with the request");
		control.staging = NULL;
		if (s)
			free(s->image);
		free(s);
	}
}

static void staged(void)
{
	struct staging *s = control.staging;
	struct sl_json json = {0};
	uint64_t count;

	if (read(control.done, &count, sizeof(count)) < 0 || !s)
		return;
	pthread_join(control.thread, NULL);
	control.staging = NULL;
	if (s->peer >= 0 && s->status) {
		refuse(s->peer, &s->request, -s->status, s->error);
	} else if (s->peer >= 0) {
		sl_json_object(&json, NULL);
		sl_json_number(&json, "built", s->stats.parts_built);
		sl_json_number(&json, "kept", s->stats.parts_kept);
		sl_json_number(&json, "bytes", s->stats.bytes);
		sl_json_ms(&json, "validate_ms", s->stats.validate_ns);
		sl_json_ms(&json, "build_ms", s->stats.build_ns);
		sl_json_ms(&json, "ms", s->ns);
		sl_json_object_end(&json);
		answer(s->peer, &s->request, &json);
	}
	free(s);
}

static void balance(int peer, const struct sl_request *request, int body)
{
	char error[256] = "no table came with the request";
	void *bytes = NULL;
	size_t size = 0;
	int status = sl_message_body(body, sizeof(struct sl_balance) + 2 * SL_MAGLEV_MAX, &bytes,
				     &size);

	if (!status)
		status = sl_balance_set(control.dp, bytes, size, error, sizeof(error));
	free(bytes);
	refuse(peer, request, -status, status ? error : "{}");
}

/* The body is an engine's name. */
static void engine(int peer, const struct sl_request *request, int body)
{
	char name[sizeof(sl_engines[0].name)] = "";
	const char *text = "no name came with the request";
	bool enable = request->argument != 0;
	void *bytes = NULL;
	size_t size = 0;
	int status = sl_message_body(body, sizeof(name) - 1, &bytes, &size);

	if (!status) {
		memcpy(name, bytes, size);
		status = enable || sl_engine_spare(control.dp, name) ? 0 : -EBUSY;
		text = "no other engine that is ready does all that it does";
	}
	if (!status) {
		status = sl_engine_switch(control.dp, name, enable);
		text = status == -ENOENT ? "there is no such engine" : strerror(-status);
	}
	free(bytes);
	refuse(peer, request, -status, status ? text : "{}");
}

static void activate(int peer, const struct sl_request *request)
{
	struct sl_swap_result result = {0};
	struct sl_json json = {0};
	uint64_t start = now_ns();
	char error[512] = "";
	int status;

	if (control.staging || sl_control_previews()) {
		refuse(peer, request, EBUSY, busy());
		return;
	}
	status = control.ops->activate(request->argument, &result, error, sizeof(error));
	if (status) {
		refuse(peer, request, -status, error);
		return;
	}
	sl_json_object(&json, NULL);
	sl_json_number(&json, "generation", result.generation);
	sl_json_number(&json, "kept", result.kept);
	sl_json_number(&json, "ended", result.ended);
	sl_json_ms(&json, "ms", now_ns() - start);
	sl_json_object_end(&json);
	answer(peer, request, &json);
}

static void preview(int peer, const struct sl_request *request)
{
	const struct sl_tables *tables =
		control.staging ? NULL : sl_swap_staged(request->argument);

	if (tables)
		sl_control_survey(peer, request, sl_survey_preview(control.dp, tables));
	else
		refuse(peer, request, ENOENT, "this generation is not staged");
}

static void show(int peer, const struct sl_request *request, int body)
{
	struct sl_session_filter filter = {.rule = SL_RULE_NOT_ASKED, .protocol = SL_PROTO_ANY};
	struct sl_json json = {0};
	void *bytes = NULL;
	size_t size = 0;

	if (body >= 0 && sl_message_body(body, sizeof(filter), &bytes, &size) == 0 &&
	    size == sizeof(filter))
		memcpy(&filter, bytes, size);
	else if (body >= 0) {
		free(bytes);
		refuse(peer, request, EINVAL, "not a session filter");
		return;
	}
	free(bytes);
	switch (request->op) {
	case SL_OP_VERSION: sl_show_version(control.dp, &json); break;
	case SL_OP_STATUS: sl_show_status(control.dp, &json); break;
	case SL_OP_SESSIONS: sl_show_sessions(control.dp, &filter, &json); break;
	case SL_OP_CLEAR_SESSIONS: 
		sl_clear_sessions(control.dp, &filter, request->argument != 0, &json);
		break;
	case SL_OP_ROUTES: sl_show_routes(&json, request->argument); break;
	case SL_OP_NEIGHBORS: sl_show_neighbors(&json); break;
	case SL_OP_GRAPH: sl_show_graph(control.dp, &json); break;
	case SL_OP_HELPERS: sl_helper_show(control.dp, &json); break;
	case SL_OP_BACKENDS: sl_balance_show(control.dp, &json); break;
	case SL_OP_NAT_BLOCKS: sl_blocks_show(control.dp, &json); break;
	case SL_OP_SAS: sl_sa_show(control.dp, &json); break;
	case SL_OP_INTERFACES: sl_show_interfaces(control.dp, &json); break;
	default: refuse(peer, request, ENOSYS, "unknown operation"); return;
	}
	answer(peer, request, &json);
}

void sl_control_handle(int peer, const void *bytes, size_t size, int body)
{
	struct sl_request request = {0};

	memcpy(&request, bytes, size < sizeof(request) ? size : sizeof(request));
	if (size != sizeof(request) || request.version != SL_PROTOCOL_VERSION) {
		refuse(peer, &request, EPROTO, "not a request of this version");
		return;
	}
	switch (request.op) {
	case SL_OP_STAGE: stage(peer, &request, body); break;
	case SL_OP_ACTIVATE: activate(peer, &request); break;
	case SL_OP_DISCARD:
		if (control.staging || sl_control_previews()) {
			refuse(peer, &request, EBUSY, busy());
			break;
		}
		control.ops->discard();
		refuse(peer, &request, 0, "{}");
		break;
	case SL_OP_PREVIEW: preview(peer, &request); break;
	case SL_OP_NAT: sl_control_survey(peer, &request, sl_survey_nat(control.dp)); break;
	case SL_OP_BALANCE: balance(peer, &request, body); break;
	case SL_OP_ENGINE: engine(peer, &request, body); break;
	case SL_OP_RULES: sl_control_survey(peer, &request, sl_survey_rules()); break;
	case SL_OP_CAPTURE_START:
	case SL_OP_CAPTURE_TAKE:
	case SL_OP_CAPTURE_STOP: sl_control_capture(control.dp, peer, &request, body); break;
	default: show(peer, &request, body); break;
	}
}

static void hang_up(int peer)
{
	if (control.staging && control.staging->peer == peer)
		control.staging->peer = -1;
	sl_control_survey_drop(peer);
	close(peer);
}

static void serve(int peer)
{
	uint8_t bytes[SL_MESSAGE_MAX];
	int body;
	ssize_t n = sl_message_receive(peer, bytes, sizeof(bytes), &body);

	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0)
		hang_up(peer);
	else
		sl_control_handle(peer, bytes, (size_t)n, body);
	if (body >= 0)
		close(body);
}

static int watch(int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(control.epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static void stop_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
}

void sl_control_signals(void)
{
	sigset_t set;

	stop_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int sl_control_open(struct sl_datapath *dp, const char *run_dir, const struct sl_control_ops *ops,
		    char *error, size_t error_size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	sigset_t set;
	int status;

	control.dp = dp;
	control.ops = ops;
	if (snprintf(control.path, sizeof(control.path), "%s/control.sock", run_dir) >=
	    (int)sizeof(control.path)) {
		snprintf(error, error_size, "%s: too long for a socket's path", run_dir);
		return -ENAMETOOLONG;
	}
	memcpy(address.sun_path, control.path, sizeof(address.sun_path));
	unlink(control.path);
	stop_signals(&set);
	control.signals = signalfd(-1, &set, SFD_CLOEXEC);
	control.done = eventfd(0, EFD_CLOEXEC);
	control.epoll = epoll_create1(EPOLL_CLOEXEC);
	control.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control.listener < 0 || control.signals < 0 || control.done < 0 || control.epoll < 0 ||
	    bind(control.listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(control.path, 0660) < 0 || listen(control.listener, MOST_PEERS) < 0 ||
	    watch(control.listener) || watch(control.signals) || watch(control.done)) {
		status = -errno;
		snprintf(error, error_size, "%s: %s", control.path, strerror(-status));
		return status;
	}
	status = sl_sa_socket_open(dp, run_dir, control.epoll);
	if (status)
		snprintf(error, error_size, "%s/%s: %s", run_dir, SL_SA_SOCKET, strerror(-status));
	return status;
}

void sl_control_run(void)
{
	uint64_t ticked = now_ns();

	while (!atomic_load(&control.dp->stop)) {
		struct epoll_event event[16];
		int n = epoll_wait(control.epoll, event, RTE_DIM(event),
				   sl_control_surveys() ? 0 : TICK_MS);

		for (int i = 0; i < n; i++) {
			int fd = event[i].data.fd, peer;

			if (fd == control.signals) {
				return;
			} else if (fd == control.done) {
				staged();
			} else if (fd == control.listener) {
				peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
				if (peer >= 0 && watch(peer) < 0)
					close(peer);
			} else if (!sl_sa_socket_ready(fd)) {
				serve(fd);
			}
		}
		sl_sa_socket_step();
		sl_control_survey_step(control.dp);
		if (now_ns() - ticked > TICK_MS * 1000000ull) {
			ticked = now_ns();
			control.ops->tick();
		}
	}
}

void sl_control_close(void)
{
	if (control.staging)
		pthread_join(control.thread, NULL);
	sl_sa_socket_close();
	unlink(control.path);
	close(control.listener);
}
