/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST (1ll << 30)

int sl_file_read(const char *path, void **bytes, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
	uint8_t *at = NULL;
	struct stat st;
	size_t have = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		error = -errno;
	else if (st.st_size > MOST)
		error = -EFBIG;
	else if (!(at = malloc((size_t)st.st_size + 1)))
		error = -ENOMEM;
	while (!error && have < (size_t)st.st_size) {
		ssize_t n = read(fd, at + have, (size_t)st.st_size - have);

		if (n < 0)
			error = -errno;
		else if (n == 0)
			break;
		else
			have += (size_t)n;
	}
	close(fd);
	if (error) {
		free(at);
		return error;
	}
	*bytes = at;
	*size = have;
	return 0;
}

int sl_file_replace(const char *path, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	char next[4096];
	int fd, error = 0;

	if (snprintf(next, sizeof(next), "%s.new", path) >= (int)sizeof(next))
		return -ENAMETOOLONG;
	fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	while (size > 0 && !error) {
		ssize_t n = write(fd, at, size);

		if (n < 0)
			error = -errno;
		else
			at += n, size -= (size_t)n;
	}
	if (!error && fsync(fd) < 0)
		error = -errno;
	close(fd);
	if (!error && rename(next, path) < 0)
		error = -errno;
	return error;
}
