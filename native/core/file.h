/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>

/* A whole file into malloc'ed memory. 0 or -errno; -EFBIG beyond 1 GiB. */
int sl_file_read(const char *path, void **bytes, size_t *size);

/*
 * Writes beside `path` and renames over it, the bytes on disk before the rename: whoever reads sees
 * the old file or the whole new one. 0 or -errno.
 */
int sl_file_replace(const char *path, const void *bytes, size_t size);
