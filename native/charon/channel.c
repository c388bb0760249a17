/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channel.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>

/* The datapath answers from memory, but for the first SA, which starts a crypto engine. */
#define ANSWER_MS 10000
#define RECONNECT_MS 500

struct channel_t {
	mutex_t *mutex;
	channel_listener_t listener;
	struct sockaddr_un address;
	int fd;
	bool closing;
	uint32_t sequence;
	uint64_t boot;	/* ours */
	uint64_t theirs;
};

typedef struct {
	channel_t *channel;
	/* sl_sa_head first; length 0: lost */
	uint64_t bytes[SL_SA_MESSAGE_MAX / sizeof(uint64_t)];
} delivery_t;

static job_requeue_t deliver(delivery_t *this)
{
	const struct sl_sa_head *head = (const void *)this->bytes;

	if (head->length) {
		this->channel->listener.event(this->channel->listener.context, head);
	} else {
		this->channel->listener.lost(this->channel->listener.context);
	}
	return JOB_REQUEUE_NONE;
}

/* charon may call back into us from a handler, so none runs under the lock. */
static void queue(channel_t *this, const void *record, size_t size)
{
	delivery_t *delivery = calloc(1, sizeof(*delivery));

	delivery->channel = this;
	if (size) {
		memcpy(delivery->bytes, record, size);
	}
	lib->processor->queue_job(lib->processor,
				  (job_t *)callback_job_create((callback_job_cb_t)deliver, delivery,
							       free, NULL));
}

static job_requeue_t reconnect(channel_t *this);

static void connect_later(channel_t *this)
{
	lib->scheduler->schedule_job_ms(
		lib->scheduler,
		(job_t *)callback_job_create((callback_job_cb_t)reconnect, this, NULL, NULL),
		RECONNECT_MS);
}

static void disconnect(channel_t *this)
{
	int fd = this->fd;

	if (fd < 0) {
		return;
	}
	this->fd = -1;
	/* The watcher sees the end of it and then takes it off its list. */
	shutdown(fd, SHUT_RDWR);
	DBG1(DBG_KNL, "the datapath has closed its socket");
	if (!this->closing) {
		connect_later(this);
	}
}

/* One record into `buffer`. Its size, 0 if none is there, -1 if the connection is of no more use. */
static ssize_t receive(int fd, uint64_t *buffer, int flags)
{
	const struct sl_sa_head *head = (const void *)buffer;
	ssize_t size = recv(fd, buffer, SL_SA_MESSAGE_MAX, flags | MSG_TRUNC);

	if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
		return 0;
	}
	if (size < (ssize_t)sizeof(*head) || size > SL_SA_MESSAGE_MAX ||
	    head->length != (size_t)size || head->version != SL_SA_VERSION) {
		return -1;
	}
	return size;
}

/* Events, and the end of the connection, between requests. */
static bool readable(void *data, int fd, watcher_event_t event)
{
	channel_t *this = data;
	uint64_t buffer[SL_SA_MESSAGE_MAX / sizeof(uint64_t)];
	const struct sl_sa_head *head = (const void *)buffer;
	ssize_t size = 0;
	bool stay;

	this->mutex->lock(this->mutex);
	if (fd == this->fd) {
		size = receive(fd, buffer, MSG_DONTWAIT);
		if (size < 0) {
			disconnect(this);
		} else if (size > 0 && head->sequence == 0) {
			queue(this, buffer, size);
		}
	}
	stay = fd == this->fd;
	this->mutex->unlock(this->mutex);
	if (!stay) {
		close(fd);
	}
	return stay;
}

/* Sends, then reads to the answer; events on the way are queued. -errno of the answer, or -EIO. */
static int exchange(channel_t *this, int fd, enum sl_sa_type type, void *record, size_t size,
		    void *answer, size_t answer_size)
{
	struct sl_sa_head *head = record;
	uint64_t buffer[SL_SA_MESSAGE_MAX / sizeof(uint64_t)];
	const struct sl_sa_head *got = (const void *)buffer;
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	if (++this->sequence == 0) {
		this->sequence = 1;
	}
	*head = (struct sl_sa_head){.version = SL_SA_VERSION,
				    .type = type,
				    .sequence = this->sequence,
				    .length = size};
	if (send(fd, record, size, MSG_NOSIGNAL) != (ssize_t)size) {
		return -EIO;
	}
	for (;;) {
		int ready = poll(&wait, 1, ANSWER_MS);
		ssize_t length;

		if (ready < 0 && errno == EINTR) {
			continue;
		}
		length = ready > 0 ? receive(fd, buffer, MSG_DONTWAIT) : -1;
		if (length < 0) {
			return -EIO;
		}
		if (length == 0) {
			continue;
		}
		if (got->sequence == 0) {
			queue(this, buffer, length);
			continue;
		}
		if (got->sequence != this->sequence || got->type != type) {
			return -EIO;
		}
		if (got->status != 0) {
			return got->status < 0 ? got->status : -EIO;
		}
		if ((size_t)length != answer_size) {
			return -EIO;
		}
		memcpy(answer, buffer, answer_size);
		return 0;
	}
}

static bool open_channel(channel_t *this)
{
	struct sl_sa_hello hello = {.boot = this->boot};
	struct sl_sa_hello answer;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return FALSE;
	}
	if (connect(fd, (struct sockaddr *)&this->address, sizeof(this->address)) < 0 ||
	    exchange(this, fd, SL_SA_HELLO, &hello, sizeof(hello), &answer, sizeof(answer)) < 0) {
		close(fd);
		return FALSE;
	}
	DBG1(DBG_KNL, "connected to the datapath at '%s', which knows %u SAs and %u policies",
	     this->address.sun_path, answer.sas, answer.policies);
	if (this->theirs != 0 && this->theirs != answer.boot) {
		queue(this, NULL, 0);
	}
	this->theirs = answer.boot;
	this->fd = fd;
	lib->watcher->add(lib->watcher, fd, WATCHER_READ, readable, this);
	return TRUE;
}

static job_requeue_t reconnect(channel_t *this)
{
	this->mutex->lock(this->mutex);
	if (this->fd < 0 && !this->closing && !open_channel(this)) {
		connect_later(this);
	}
	this->mutex->unlock(this->mutex);
	return JOB_REQUEUE_NONE;
}

channel_t *channel_create(const char *path, channel_listener_t listener)
{
	channel_t *this;
	rng_t *rng;

	if (strlen(path) >= sizeof(this->address.sun_path)) {
		return NULL;
	}
	INIT(this, .mutex = mutex_create(MUTEX_TYPE_DEFAULT), .listener = listener, .fd = -1);
	this->address.sun_family = AF_UNIX;
	strcpy(this->address.sun_path, path);
	rng = lib->crypto->create_rng(lib->crypto, RNG_WEAK);
	while (rng && this->boot == 0 &&
	       rng->get_bytes(rng, sizeof(this->boot), (void *)&this->boot)) {
	}
	DESTROY_IF(rng);
	if (this->boot == 0) {
		channel_destroy(this);
		return NULL;
	}
	reconnect(this);
	return this;
}

status_t channel_ask(channel_t *this, enum sl_sa_type type, void *record, size_t size, void *answer,
		     size_t answer_size)
{
	int error = -EIO;

	this->mutex->lock(this->mutex);
	if (this->fd >= 0 || open_channel(this)) {
		error = exchange(this, this->fd, type, record, size, answer, answer_size);
		if (error == -EIO) {
			disconnect(this);
		}
	}
	this->mutex->unlock(this->mutex);
	switch (error) {
	case 0:
		return SUCCESS;
	case -ENOENT:
		return NOT_FOUND;
	case -EEXIST:
		return ALREADY_DONE;
	case -EOPNOTSUPP:
		return NOT_SUPPORTED;
	default:
		DBG1(DBG_KNL, "the datapath did not take request %d: %s", type, strerror(-error));
		return FAILED;
	}
}

uint64_t channel_boot(channel_t *this)
{
	uint64_t boot;

	this->mutex->lock(this->mutex);
	boot = this->theirs;
	this->mutex->unlock(this->mutex);
	return boot;
}

void channel_destroy(channel_t *this)
{
	int fd = this->fd;

	this->closing = TRUE;
	if (fd >= 0) {
		lib->watcher->remove(lib->watcher, fd);
		this->fd = -1;
		close(fd);
	}
	this->mutex->destroy(this->mutex);
	free(this);
}
